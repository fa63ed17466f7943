//! dlt's documents, held against what dlt 1.31 wrote.

use serde_json::{Value, json};
use spile_load::{
    decode_state, encode_state, finalize_schema, schema_from_json, schema_to_json, schema_version_hash,
    state_version_hash,
};

use crate::fixture::users;

/// Written by dlt 1.31 for a merged table with an incremental cursor and a nested table.
const SCHEMA: &str = include_str!("dlt_schema.json");
/// The state of the same run, as stored.
const STATE: &str = include_str!("dlt_state.txt");
/// The `version_hash` that dlt stored beside it.
const STATE_HASH: &str = "6b4VhV70ntLZmYkAi4JAtvLakjNvCYZq3yDdg4K83Tw=";

#[test]
fn a_stored_schema_keeps_its_hash() {
    let document: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut schema = schema_from_json(&document).unwrap();
    assert_eq!(schema_to_json(&schema), document);
    assert_eq!(schema_version_hash(&schema), schema.version_hash);
    let before = schema.clone();
    finalize_schema(&mut schema);
    assert_eq!(schema, before);
}

#[test]
fn a_stored_state_keeps_its_hash() {
    let state = decode_state(STATE).unwrap();
    assert_eq!(state_version_hash(&state), STATE_HASH);
    assert_eq!(decode_state(&encode_state(&state)).unwrap(), state);
    assert_eq!(decode_state(&state.to_string()).unwrap(), state);
    for broken in ["", "{", "[]", "?", "eJwr"] {
        assert_eq!(decode_state(broken).unwrap_err().code(), "destination/stored-state", "{broken}");
    }
}

#[test]
fn a_new_schema_is_completed() {
    let mut schema = users();
    finalize_schema(&mut schema);
    insta::assert_json_snapshot!(schema_to_json(&schema));
}

#[test]
fn a_changed_schema_counts_up() {
    let mut schema = users();
    finalize_schema(&mut schema);
    let first = schema.version_hash.clone();
    schema.tables["users"].columns.move_index(0, 1);
    finalize_schema(&mut schema);
    assert_eq!((schema.version, schema.previous_hashes.as_slice()), (2, [first].as_slice()));
}

#[test]
fn broken_schemas_are_refused() {
    let table = |columns: Value| json!({ "engine_version": 11, "name": "s", "tables": { "t": columns } });
    for broken in [
        json!(1),
        json!({ "engine_version": 9, "name": "s", "tables": {} }),
        json!({ "engine_version": 11, "tables": {} }),
        json!({ "engine_version": 11, "name": "s" }),
        table(json!(1)),
        table(json!({ "columns": 1 })),
        table(json!({ "columns": { "c": 1 } })),
        table(json!({ "columns": { "c": { "data_type": "wei" } } })),
        table(json!({ "columns": { "c": { "data_type": 1 } } })),
    ] {
        assert_eq!(schema_from_json(&broken).unwrap_err().code(), "destination/stored-schema", "{broken}");
    }
}
