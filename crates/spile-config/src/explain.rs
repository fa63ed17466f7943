//! A plan as a document: what is requested first, what walks the pages, what is loaded where.
//!
//! Nothing is sent. Invariant: no value of a secret and no header value is in the document.

use serde_json::{Value, json};
use spile_core::{
    IncrementalPlan, JsonPath, Method, ParamValue, Plan, Refresh, ResourcePlan, TemplatePart, redact_url,
};

/// Describes a plan.
pub fn explain(plan: &Plan) -> Value {
    let retry = &plan.client.retry;
    json!({
        "pipeline": plan.pipeline,
        "source": plan.source,
        "destination": plan.destination.kind,
        "dataset": plan.dataset,
        "refresh": plan.refresh.map(Refresh::as_str),
        "client": {
            "base_url": redact_url(plan.client.base_url.as_str()),
            "headers": plan.client.headers.iter().map(|header| header.name.as_str()).collect::<Vec<_>>(),
            "retries_max": retry.retries_max,
            "timeout_seconds": retry.timeout_seconds,
        },
        "resources": plan.resources.iter().map(|resource| explain_resource(resource, plan)).collect::<Vec<_>>(),
        "values": plan.provenance,
        "fingerprint": plan.fingerprint,
    })
}

/// Returns what a resource asks for, with placeholders for what is known later and without secrets.
pub fn target(resource: &ResourcePlan) -> String {
    let parent = resource.family.parent.as_ref().map(|parent| parent.resource.as_str());
    match &resource.target {
        // Placeholders are no part of a URL, so redacting encodes their braces.
        Some(target) => redact_url(&text(target, parent)).replace("%7B", "{").replace("%7D", "}"),
        None => redact_url(resource.url.as_str()),
    }
}

fn explain_resource(resource: &ResourcePlan, plan: &Plan) -> Value {
    let parent = resource.family.parent.as_ref();
    let parent_name = parent.map(|parent| parent.resource.as_str());
    let pairs = |pairs: &[(String, ParamValue)]| -> Vec<Value> {
        pairs
            .iter()
            .map(|(name, value)| json!({"name": name, "value": written(value, parent_name)}))
            .collect()
    };
    let load = &resource.load;
    json!({
        "name": resource.name,
        "parent": parent_name,
        "loaded": !resource.family.hidden,
        "method": match resource.method { Method::Get => "GET", Method::Post => "POST" },
        "url": target(resource),
        "params": pairs(&resource.params),
        "headers": resource.headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        "credentials": resource.auth.len(),
        "paginator": resource.paginator.name(),
        "page_size": resource.paginator.page_size(),
        "ends": resource.paginator.ends(),
        "pages_max": plan.page_limit.unwrap_or(plan.limits.pages_max),
        "rows": resource.rows.as_ref().map(|rows| rows.describe()),
        "steps": resource.steps.as_ref().map(|steps| steps.describe()).unwrap_or_default(),
        "records": resource.data_selector.as_ref().map(JsonPath::as_str),
        "incremental": resource.incremental.as_ref().map(explain_incremental),
        "table": match &load.table_choice {
            Some(choice) => choice.describe(),
            None => load.table.clone(),
        },
        "write_disposition": load.write_disposition.as_str(),
        "primary_key": load.primary_key,
        "merge_key": load.merge_key,
        "columns": load.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(),
    })
}

fn explain_incremental(plan: &IncrementalPlan) -> Value {
    json!({
        "cursor_path": plan.cursor_path.as_str(),
        "initial_value": plan.initial_value,
        "end_value": plan.end_value,
        "start_param": plan.start.param,
        "end_param": plan.end.param,
        "per_parent": plan.per_parent,
    })
}

/// Writes a value that is known when the run starts, or for each row of the parent, with its placeholders.
fn written(value: &ParamValue, parent: Option<&str>) -> String {
    match value {
        ParamValue::Literal(text) => text.clone(),
        ParamValue::Template(parts) => text(parts, parent),
    }
}

/// Writes the parts of a template as a config has them.
fn text(parts: &[TemplatePart], parent: Option<&str>) -> String {
    let part = |part: &TemplatePart| match part {
        TemplatePart::Text(text) => text.clone(),
        TemplatePart::IncrementalStart => "{incremental.start_value}".to_owned(),
        TemplatePart::IncrementalLast => "{incremental.last_value}".to_owned(),
        TemplatePart::IncrementalInitial => "{incremental.initial_value}".to_owned(),
        TemplatePart::IncrementalEnd => "{incremental.end_value}".to_owned(),
        TemplatePart::Parent(name) => format!("{{resources.{}.{name}}}", parent.unwrap_or("…")),
    };
    parts.iter().map(part).collect()
}
