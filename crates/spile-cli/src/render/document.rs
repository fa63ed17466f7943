//! The JSON documents of `--output json`: one shape for every outcome.

use serde_json::{Value, json};
use spile::{Diagnostic, Error, Plan, RunReport, Severity};

/// The report of a run that loaded.
pub(crate) fn report(report: &RunReport, diagnostics: &[Diagnostic]) -> Value {
    let mut document = serde_json::to_value(report).unwrap_or_default();
    document["diagnostics"] = list(diagnostics);
    document
}

/// The report of a run whose config is wrong.
pub(crate) fn invalid(diagnostics: &[Diagnostic]) -> Value {
    let mut document = empty(None, "invalid");
    document["diagnostics"] = list(diagnostics);
    document
}

/// The part of a report that is known without a run.
pub(crate) fn checked(plan: &Plan, diagnostics: &[Diagnostic]) -> Value {
    let mut document = empty(Some(plan), "done");
    document["resources"] = plan
        .resources
        .iter()
        .map(|resource| {
            json!({
                "name": resource.name, "url": spile::target(resource),
                "rows": resource.rows.as_ref().map(|rows| rows.describe()),
                "paginator": resource.paginator.name(), "table": resource.load.table,
                "write_disposition": resource.load.write_disposition, "primary_key": resource.load.primary_key,
            })
        })
        .collect();
    document["fingerprint"] = json!(plan.fingerprint);
    document["provenance"] = json!(plan.provenance);
    document["diagnostics"] = list(diagnostics);
    document
}

/// The report of a run that failed; nothing of it is visible at the destination.
pub(crate) fn failed(plan: &Plan, error: &Error, diagnostics: &[Diagnostic]) -> Value {
    let mut document = empty(Some(plan), "failed");
    document["diagnostics"] = list(diagnostics);
    let context: serde_json::Map<String, Value> =
        error.context().iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    document["error"] = json!({
        "kind": error.kind().as_str(), "code": error.code(), "message": error.message(),
        "context": context, "hint": error.hint_text(),
    });
    document
}

fn empty(plan: Option<&Plan>, status: &str) -> Value {
    json!({
        "pipeline": plan.map(|plan| &plan.pipeline), "dataset": plan.map(|plan| &plan.dataset),
        "destination": plan.map(|plan| &plan.destination.kind), "status": status, "load_ids": [],
        "requests": 0, "retries": 0, "bytes": 0, "seconds": 0.0, "resources": [], "tables": [],
    })
}

fn list(diagnostics: &[Diagnostic]) -> Value {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let place = diagnostic.span.as_ref().map(|span| (span.file.name.clone(), span.line_column()));
            let severity = match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            json!({
                "severity": severity, "code": diagnostic.code, "message": diagnostic.message,
                "file": place.as_ref().map(|(file, _)| file), "line": place.as_ref().map(|(_, (line, _))| line),
                "column": place.as_ref().map(|(_, (_, column))| column), "hint": diagnostic.hint,
            })
        })
        .collect()
}
