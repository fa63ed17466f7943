//! The fingerprint: one hash of all that decides what is requested and stored.
//!
//! It is taken over canonical JSON (sorted keys), so the dialect, the order of keys and comments do not enter, and
//! secrets enter by the name they are asked for, never by value. How requests are sent does not enter either: who raises
//! a timeout because a run failed by it keeps the pages of that run.

use serde_json::{Map, Value as Json, json};
use spile_core::{Node, Plan, Reference, Store, Value};

use crate::providers::Providers;
use crate::resolve::Request;

/// Keys of `client` that decide how requests are sent and where a run gives up, never what is stored.
const MANNERS: [&str; 9] = [
    "retry",
    "timeout",
    "total_timeout",
    "concurrency",
    "parallel_pages",
    "rate_limit",
    "limits",
    "proxy",
    "ca_bundle",
];

/// Returns the fingerprint of a plan made from a request.
pub(crate) fn of(plan: &Plan, request: &Request<'_>, providers: &mut Providers) -> String {
    let resources: Vec<Json> = plan
        .resources
        .iter()
        .map(|resource| json!({ "name": resource.name, "url": plan.redactor.redact(resource.url.as_str()) }))
        .collect();
    let options = request.options;
    let mut settings = Map::new();
    for (key, node) in &request.source.settings {
        // What decides by itself, or only where a file is written.
        let names =
            ["pipeline", "destination", "dataset", "name", "import_schema_path", "export_schema_path"];
        if !names.contains(&key.name.as_str()) {
            settings.insert(key.name.clone(), canonical(node, providers));
        }
    }
    if let Some(refresh) = plan.refresh {
        settings.insert("refresh".to_owned(), Json::from(refresh.as_str()));
    }
    let mut whole = json!({
        "config": config(&request.source.config, providers),
        "settings": Json::Object(settings),
        "source": plan.source,
        "dataset": plan.dataset,
        "destination": plan.destination.kind,
        "resources": resources,
        "page_limit": plan.page_limit,
        "since": options.since,
        "until": options.until,
    });
    if let Some(naming) = plan.naming {
        whole["naming"] = naming.name.into();
    }
    blake3::hash(sorted(whole).to_string().as_bytes()).to_hex().to_string()
}

fn config(node: &Node, providers: &mut Providers) -> Json {
    let mut config = canonical(node, providers);
    if let Some(client) = config.get_mut("client").and_then(Json::as_object_mut) {
        client.retain(|key, _| !MANNERS.contains(&key.as_str()));
    }
    config
}

fn canonical(node: &Node, providers: &mut Providers) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(boolean) => Json::from(*boolean),
        Value::Int(number) => Json::from(*number),
        // TOML and YAML write 1.0 where JSON and Python write 1.0 too; a whole float stays a float.
        Value::Float(number) => Json::from(*number),
        Value::String(text) => Json::from(text.as_str()),
        Value::Function(function) => json!({ "$function": function.digest }),
        Value::Reference(reference) => reference_json(reference, providers),
        Value::Concat(parts) => json!({ "$concat": list(parts, providers) }),
        Value::List(items) => Json::Array(list(items, providers)),
        Value::Map(entries) => Json::Object(
            entries.iter().map(|(key, node)| (key.name.clone(), canonical(node, providers))).collect(),
        ),
    }
}

fn list(nodes: &[Node], providers: &mut Providers) -> Vec<Json> {
    nodes.iter().map(|node| canonical(node, providers)).collect()
}

fn reference_json(reference: &Reference, providers: &mut Providers) -> Json {
    match reference.store {
        Store::Secrets => json!({ "$secret": reference.key }),
        Store::Config => match providers.exact(reference) {
            Some(Value::String(text)) => Json::from(text),
            Some(Value::Int(number)) => Json::from(number),
            Some(Value::Float(number)) => Json::from(number),
            Some(Value::Bool(boolean)) => Json::from(boolean),
            _ => json!({ "$config": reference.key }),
        },
    }
}

/// Orders the keys of all objects.
fn sorted(value: Json) -> Json {
    match value {
        Json::Object(entries) => {
            let mut entries: Vec<(String, Json)> = entries.into_iter().collect();
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            Json::Object(entries.into_iter().map(|(key, value)| (key, sorted(value))).collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(sorted).collect()),
        scalar => scalar,
    }
}
