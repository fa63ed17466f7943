//! dlt's pipeline state document. Pure; the destination writes it inside the commit.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};
use spile_core::Plan;

use crate::parent_cursors;

/// What the engine must know of the destination's name in dlt's words.
const STATE_ENGINE_VERSION: u64 = 4;

/// Returns the stored incremental state of a resource's cursor.
pub(crate) fn cursor<'a>(
    state: Option<&'a Value>,
    source: &str,
    resource: &str,
    cursor_path: &str,
) -> Option<&'a Value> {
    state?.get("sources")?.get(source)?.get("resources")?.get(resource)?.get("incremental")?.get(cursor_path)
}

/// What a run has moved, by resource and cursor path.
#[derive(Debug, Default)]
pub(crate) struct Moved<'a> {
    /// Cursor states in dlt's form.
    pub(crate) cursors: BTreeMap<(String, String), Value>,
    /// Cursors of single parent rows.
    pub(crate) parents: BTreeMap<(String, String), &'a BTreeMap<String, Value>>,
}

/// Returns the state after a load, or `None` when nothing in it changed.
///
/// `reset` names resources whose state goes away, as dlt does for `replace`.
pub(crate) fn advance(
    before: Option<&Value>,
    plan: &Plan,
    moved: &Moved<'_>,
    reset: &[String],
) -> Option<Value> {
    let mut state = match before {
        Some(Value::Object(state)) => state.clone(),
        _ => fresh(plan),
    };
    let resources = object_in(object_in(object_in(&mut state, "sources"), &plan.source), "resources");
    for resource in reset {
        resources.remove(resource);
    }
    for ((resource, cursor_path), cursors) in &moved.parents {
        if !cursors.is_empty() {
            parent_cursors::write(object_in(resources, resource), cursor_path, cursors);
        }
    }
    for ((resource, cursor_path), cursor) in &moved.cursors {
        let incremental = object_in(object_in(resources, resource), "incremental");
        incremental.insert(cursor_path.clone(), cursor.clone());
    }
    if resources.is_empty() {
        prune(&mut state, &plan.source);
    }
    versioned(before, state)
}

/// Gives a changed state its version and hash; `None` when it is the state from before.
pub(crate) fn versioned(before: Option<&Value>, mut state: Map<String, Value>) -> Option<Value> {
    let hash = spile_load::state_version_hash(&Value::Object(state.clone()));
    if before.and_then(|before| before.get("_version_hash")).and_then(Value::as_str) == Some(hash.as_str()) {
        return None;
    }
    let version =
        before.and_then(|before| before.get("_state_version")).and_then(Value::as_u64).unwrap_or(0) + 1;
    state.insert("_state_version".to_owned(), json!(version));
    state.insert("_version_hash".to_owned(), json!(hash));
    Some(Value::Object(state))
}

/// One cursor of a state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoredCursor {
    /// The source that it belongs to.
    pub source: String,
    /// The resource.
    pub resource: String,
    /// Where the cursor's value is in a row; then the parent's values, where each row of the parent has its own.
    pub cursor_path: String,
    /// The next run starts from here.
    pub last_value: Value,
}

/// Returns the cursors of a state, in its order.
pub(crate) fn cursors(state: &Value) -> Vec<StoredCursor> {
    let entries = |value: &Value| -> Vec<(String, Value)> {
        value.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let mut cursors = Vec::new();
    for (source, held) in entries(&state["sources"]) {
        for (resource, held) in entries(&held["resources"]) {
            for (cursor_path, cursor) in entries(&held["incremental"]) {
                let last_value = cursor["last_value"].clone();
                cursors.push(StoredCursor {
                    source: source.clone(),
                    resource: resource.clone(),
                    cursor_path,
                    last_value,
                });
            }
            for (cursor_path, kept) in entries(&held["spile"]["per_parent"]) {
                cursors.extend(entries(&kept).into_iter().map(|(key, cursor)| StoredCursor {
                    source: source.clone(),
                    resource: resource.clone(),
                    cursor_path: format!("{cursor_path} {key}"),
                    last_value: cursor[0].clone(),
                }));
            }
        }
    }
    cursors
}

fn fresh(plan: &Plan) -> Map<String, Value> {
    let document = json!({
        "_state_version": 0,
        "_state_engine_version": STATE_ENGINE_VERSION,
        "default_schema_name": plan.source,
        "pipeline_name": plan.pipeline,
        "dataset_name": plan.dataset,
        "schema_names": [plan.source],
        "destination_type": spile_load::dlt_destination_type(&plan.destination.kind),
        "destination_name": null,
    });
    match document {
        Value::Object(map) => map,
        _ => unreachable!("the literal above is an object"),
    }
}

pub(crate) fn object_in<'a>(map: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let entry = map.entry(key.to_owned()).or_insert_with(|| Value::Object(Map::new()));
    if !entry.is_object() {
        *entry = Value::Object(Map::new());
    }
    entry.as_object_mut().expect("made an object just above")
}

/// Leaves out the empty shells that were only made to look inside.
fn prune(state: &mut Map<String, Value>, source: &str) {
    let sources = object_in(state, "sources");
    let shell = object_in(sources, source);
    shell.remove("resources");
    if shell.is_empty() {
        sources.remove(source);
    }
    if sources.is_empty() {
        state.remove("sources");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spile_core::{ClientPlan, DestinationPlan, Limits, Redactor, RetryPlan, Secret};

    fn plan() -> Plan {
        Plan {
            naming: None,
            schema_files: spile_core::SchemaFiles::default(),
            pipeline: "p".into(),
            source: "rest_api".into(),
            dataset: "p_dataset".into(),
            destination: DestinationPlan { kind: "duckdb".into(), location: Secret::new("p.duckdb") },
            client: ClientPlan {
                base_url: "http://127.0.0.1/".parse().unwrap(),
                trusted_origins: vec![],
                headers: vec![],
                manners: spile_core::Manners::default(),
                network: spile_core::NetworkPlan::default(),
                retry: RetryPlan {
                    statuses: vec![],
                    all_server_errors: false,
                    retries_max: 0,
                    backoff_seconds: 0.0,
                    wait_seconds_max: 0.0,
                    jitter: false,
                    rate_limit_wait_seconds_max: 0.0,
                    timeout_seconds: 1.0,
                },
            },
            resources: vec![],
            limits: Limits::default(),
            page_limit: None,
            backfill: false,
            refresh: None,
            dev_mode: false,
            fingerprint: String::new(),
            redactor: Redactor::default(),
            provenance: vec![],
        }
    }

    fn moved<const N: usize>(cursors: [((String, String), Value); N]) -> Moved<'static> {
        Moved { cursors: BTreeMap::from(cursors), ..Moved::default() }
    }

    #[test]
    fn cursors_of_parents_are_kept_beside_dlts_own() {
        let key = ("a".to_owned(), "at".to_owned());
        let of = |pairs: &[(&str, i64)]| -> BTreeMap<String, Value> {
            pairs.iter().map(|(key, last)| ((*key).to_owned(), json!([last, []]))).collect()
        };
        let (first, second) = (of(&[("[1]", 5), ("[2]", 6)]), of(&[("[2]", 7)]));
        let moved = |parents| Moved { parents: BTreeMap::from([(key.clone(), parents)]), ..Moved::default() };
        let before = advance(None, &plan(), &moved(&first), &[]).unwrap();
        let after = advance(Some(&before), &plan(), &moved(&second), &[]).unwrap();
        let kept = &after["sources"]["rest_api"]["resources"]["a"]["spile"]["per_parent"]["at"];
        assert_eq!(*kept, json!({"[1]": [5, []], "[2]": [7, []]}), "who is gone stays");
        let shown: Vec<_> =
            cursors(&after).into_iter().map(|cursor| (cursor.cursor_path, cursor.last_value)).collect();
        assert_eq!(shown, [("at [1]".to_owned(), json!(5)), ("at [2]".to_owned(), json!(7))]);
        let reset = advance(Some(&after), &plan(), &Moved::default(), &["a".to_owned()]).unwrap();
        assert!(reset.get("sources").is_none(), "{reset}");
    }

    #[test]
    fn versions_move_only_with_content() {
        let cursors = moved([(("Users".to_owned(), "at".to_owned()), json!({"last_value": "x"}))]);
        let first = advance(None, &plan(), &cursors, &[]).unwrap();
        assert_eq!(first["_state_version"], 1);
        assert_eq!(cursor(Some(&first), "rest_api", "Users", "at"), Some(&json!({"last_value": "x"})));
        assert_eq!(advance(Some(&first), &plan(), &cursors, &[]), None);
        let later = moved([(("Users".to_owned(), "at".to_owned()), json!({"last_value": "y"}))]);
        assert_eq!(advance(Some(&first), &plan(), &later, &[]).unwrap()["_state_version"], 2);
    }

    #[test]
    fn replaced_resources_lose_their_state_and_others_keep_theirs() {
        let cursors = moved([
            (("a".to_owned(), "at".to_owned()), json!(1)),
            (("b".to_owned(), "at".to_owned()), json!(2)),
        ]);
        let first = advance(None, &plan(), &cursors, &[]).unwrap();
        let second = advance(Some(&first), &plan(), &Moved::default(), &["a".to_owned()]).unwrap();
        assert_eq!(cursor(Some(&second), "rest_api", "a", "at"), None);
        assert_eq!(cursor(Some(&second), "rest_api", "b", "at"), Some(&json!(2)));
        let empty = advance(None, &plan(), &Moved::default(), &[]).unwrap();
        assert!(empty.get("sources").is_none(), "{empty}");
    }
}
