//! `refresh`: what a run starts from when it is to take away what was loaded before.
//!
//! Pure. The run goes on as if the tables, the rows or the cursors had never been there; the destination takes them away in
//! the commit of the load, so that a run that fails leaves everything as it was.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use spile_core::{Clearing, Plan, Refresh, Schema, Stored, TableSchema};

/// Returns what is stored as the run is to see it, and what the load takes away.
pub(crate) fn apply(plan: &Plan, stored: Stored) -> (Stored, Clearing) {
    // As in dlt there is nothing to refresh before the first load.
    let (Some(refresh), Some(schema)) = (plan.refresh, &stored.schema) else {
        return (stored, Clearing::default());
    };
    let resources: BTreeSet<&str> = plan.resources.iter().map(|resource| resource.name.as_str()).collect();
    let is_meant = |resource: &str| refresh == Refresh::DropSources || resources.contains(resource);
    let tables = tables_of(schema, is_meant);
    let seen: Vec<String> =
        tables.iter().rev().filter(|table| has_data(table)).map(|table| table.name.clone()).collect();
    let names: Vec<String> = tables.iter().map(|table| table.name.clone()).collect();
    let clearing = match refresh {
        Refresh::DropSources | Refresh::DropResources => {
            Clearing { dropped: seen, emptied: Vec::new(), schema_hash: schema.version_hash.clone() }
        }
        Refresh::DropData => {
            Clearing { dropped: Vec::new(), emptied: seen, schema_hash: schema.version_hash.clone() }
        }
    };
    let schema = match refresh {
        // dlt starts the schema anew, its versions included.
        Refresh::DropSources => None,
        Refresh::DropResources => Some(without_tables(schema.clone(), &names)),
        Refresh::DropData => Some(schema.clone()),
    };
    let state = stored.state.map(|state| without_state(state, &plan.source, refresh, is_meant));
    (Stored { schema, state }, clearing)
}

/// Returns the tables of resources with those nested in them, parents first. dlt's own tables belong to no resource.
fn tables_of(schema: &Schema, is_meant: impl Fn(&str) -> bool) -> Vec<&TableSchema> {
    let is_root = |table: &&TableSchema| {
        let resource = table.properties.get("resource").and_then(Value::as_str);
        table.parent.is_none() && !table.name.starts_with("_dlt") && resource.is_some_and(&is_meant)
    };
    schema.tables.values().filter(is_root).flat_map(|root| schema.chain(&root.name)).collect()
}

fn has_data(table: &TableSchema) -> bool {
    table.properties.get("x-normalizer").is_some_and(|marks| marks["seen-data"] == true)
}

/// Takes tables out of a schema, also where the normaliser's settings name them.
fn without_tables(mut schema: Schema, names: &[String]) -> Schema {
    schema.tables.retain(|name, _| !names.contains(name));
    let propagated = schema
        .rest
        .get_mut("normalizers")
        .and_then(|settings| settings.pointer_mut("/json/config/propagation/tables"))
        .and_then(Value::as_object_mut);
    if let Some(propagated) = propagated {
        propagated.retain(|name, _| !names.contains(name));
    }
    schema
}

/// Takes the state of resources away; `drop_sources` takes all of the source's.
fn without_state(mut state: Value, source: &str, refresh: Refresh, is_meant: impl Fn(&str) -> bool) -> Value {
    let Some(sources) = state.get_mut("sources").and_then(Value::as_object_mut) else { return state };
    let Some(own) = sources.get_mut(source).and_then(Value::as_object_mut) else { return state };
    if refresh == Refresh::DropSources {
        own.clear();
    } else if let Some(resources) = own.get_mut("resources").and_then(Value::as_object_mut) {
        resources.retain(|name, _| !is_meant(name));
    }
    if own.get("resources").and_then(Value::as_object).is_some_and(Map::is_empty) {
        own.remove("resources");
    }
    if own.is_empty() {
        sources.remove(source);
    }
    if sources.is_empty()
        && let Some(state) = state.as_object_mut()
    {
        state.remove("sources");
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn state_goes_with_its_resources() {
        let before = json!({"sources": {"s": {"resources": {"a": 1, "b": 2}, "own": 3}, "t": 4}});
        let cases = [
            (Refresh::DropResources, json!({"sources": {"s": {"resources": {"b": 2}, "own": 3}, "t": 4}})),
            (Refresh::DropData, json!({"sources": {"s": {"resources": {"b": 2}, "own": 3}, "t": 4}})),
            (Refresh::DropSources, json!({"sources": {"t": 4}})),
        ];
        for (refresh, after) in cases {
            assert_eq!(without_state(before.clone(), "s", refresh, |name| name == "a"), after, "{refresh:?}");
        }
    }
}
