//! The summary a person reads after a run.

use spile::{RunReport, VerdictStatus};

use super::{bytes, count, print_text, table, thousands};

/// Prints the report.
pub(crate) fn print(report: &RunReport) {
    print_text(&text(report));
}

fn text(report: &RunReport) -> String {
    let mut text = format!("{} → {}, dataset {}\n\n", report.pipeline, report.destination, report.dataset);
    for load_id in &report.recovered_load_ids {
        text.push_str(&format!("finished load {load_id}, which an interrupted run had left\n\n"));
    }
    let rows = report.resources.iter().map(|resource| {
        vec![
            resource.name.clone(),
            thousands(resource.pages),
            thousands(resource.records),
            thousands(resource.records_loaded),
            resource.verdict.status.as_str().replace('_', " "),
        ]
    });
    text.push_str(&table(&["resource", "pages", "records", "loaded", "verdict"], rows));
    text.push('\n');
    for resource in &report.resources {
        let mut notes = Vec::new();
        if let Some(window) = &resource.window {
            notes.push(format!("requested {window}"));
        }
        if resource.pages_resumed > 0 && resource.requests > 0 {
            notes.push(format!("{} kept from the interrupted run", count(resource.pages_resumed, "page")));
        }
        notes.extend(resource.verdict.reasons.iter().cloned());
        if !notes.is_empty() {
            text.push_str(&format!("  {}: {}\n", resource.name, notes.join("; ")));
        }
    }
    for (done, tables) in [("dropped", &report.clearing.dropped), ("emptied", &report.clearing.emptied)] {
        if !tables.is_empty() {
            text.push_str(&format!("\n{done} before loading: {}\n", tables.join(", ")));
        }
    }
    if report.tables.is_empty() {
        text.push_str("\nno rows to load\n");
    } else {
        text.push('\n');
        let rows = report.tables.iter().map(|table| vec![table.name.clone(), thousands(table.rows)]);
        text.push_str(&table(&["table", "rows loaded"], rows));
    }
    for warning in &report.warnings {
        text.push_str(&format!("\nwarning: {warning}"));
    }
    if !report.warnings.is_empty() {
        text.push('\n');
    }
    text.push_str(&format!(
        "\n{}, {}, {} in {:.1} s{}\n",
        count(report.requests, "request"),
        count(report.retries, "retry"),
        bytes(report.bytes),
        report.seconds,
        report.load_ids.last().map(|load_id| format!(" · load {load_id}")).unwrap_or_default()
    ));
    let worst = report.resources.iter().map(|resource| resource.verdict.status).max();
    if let Some(status @ (VerdictStatus::Suspicious | VerdictStatus::Incomplete)) = worst {
        text.push_str(&format!("loaded, but {}: see the verdict above (exit status 3)\n", status.as_str()));
    }
    text
}
