//! Reading back: restore, tables, loads.

use serde_json::json;
use spile_core::{ColumnSchema, DataType, WriteDisposition::*};
use spile_load::finalize_schema;

use crate::fixture::{Fixture, Kind, clauses, user, users};

clauses! {
    reading_creates_nothing,
    schema_and_state_come_back,
    a_state_of_a_load_that_is_not_done_does_not_count,
    plain_state_is_read,
    state_does_not_move_backwards,
    the_schema_does_not_move_backwards,
    system_tables_are_those_of_dlt,
}

fn reading_creates_nothing(kind: Kind) {
    let fixture = Fixture::new(kind);
    let mut destination = fixture.open();
    let stored = destination.restore("pipe", "rest_api").unwrap();
    assert!(stored.schema.is_none() && stored.state.is_none());
    assert!(!destination.committed("1.0").unwrap());
    assert!(destination.tables().unwrap().is_empty());
    assert!(destination.loads().unwrap().is_empty());
    assert!(!fixture.path().exists());
    let schemas = "SELECT 1 FROM information_schema.schemata WHERE schema_name = 'data'";
    assert!(kind == Kind::DuckDb || fixture.query(schemas).is_empty());
}

fn schema_and_state_come_back(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), users());
    finalize_schema(&mut schema);
    let mut destination = fixture.open();
    for (load_id, version) in [("1.0", 1), ("2.0", 2)] {
        let segments = vec![("users", json!([user(version, "a", load_id)]))];
        let mut package = fixture.package(load_id, &schema, &[("users", Append, segments)]);
        package.manifest.state = Some(json!({ "_state_version": version, "sources": { "ü": [1.5, null] } }));
        destination.commit(&package).unwrap();
    }
    let stored = destination.restore("pipe", "rest_api").unwrap();
    assert_eq!(stored.schema.unwrap(), schema);
    assert_eq!(stored.state.unwrap(), json!({ "_state_version": 2, "sources": { "ü": [1.5, null] } }));
    let other = destination.restore("other", "other").unwrap();
    assert!(other.schema.is_none() && other.state.is_none());
    assert_eq!(fixture.query("SELECT count(*) FROM data._dlt_version"), ["1"]);
    let loads = destination.loads().unwrap();
    let ids: Vec<&str> = loads.iter().map(|load| load.load_id.as_str()).collect();
    assert_eq!(ids, ["1.0", "2.0"]);
    assert!(loads[0].inserted_at.starts_with("20") && loads[0].inserted_at.ends_with('Z'));
}

fn a_state_of_a_load_that_is_not_done_does_not_count(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let mut package =
        fixture.package("1.0", &schema, &[("users", Append, vec![("users", json!([user(1, "a", "r1")]))])]);
    package.manifest.state = Some(json!({ "_state_version": 1 }));
    let mut destination = fixture.open();
    destination.commit(&package).unwrap();
    fixture.query("UPDATE data._dlt_loads SET status = 1");
    assert!(destination.restore("pipe", "rest_api").unwrap().state.is_none());
    assert!(!destination.committed("1.0").unwrap());
}

fn plain_state_is_read(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let mut package =
        fixture.package("1.0", &schema, &[("users", Append, vec![("users", json!([user(1, "a", "r1")]))])]);
    package.manifest.state = Some(json!({ "_state_version": 1 }));
    let mut destination = fixture.open();
    destination.commit(&package).unwrap();
    fixture.query("UPDATE data._dlt_pipeline_state SET state = '{\"a\": 1}'");
    assert_eq!(destination.restore("pipe", "rest_api").unwrap().state.unwrap(), json!({ "a": 1 }));
    fixture.query("UPDATE data._dlt_pipeline_state SET state = 'eN?'");
    let error = destination.restore("pipe", "rest_api").unwrap_err();
    assert_eq!(error.code(), "destination/stored-state");
}

/// Another run, of dlt's perhaps, came between a package and its commit.
fn state_does_not_move_backwards(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    for (load_id, version) in [("2.0", 2), ("1.0", 1)] {
        let segments = vec![("users", json!([user(version, "a", load_id)]))];
        let mut package = fixture.package(load_id, &schema, &[("users", Append, segments)]);
        package.manifest.state = Some(json!({ "_state_version": version }));
        fixture.open().commit(&package).unwrap();
    }
    let stored = fixture.open().restore("pipe", "rest_api").unwrap();
    assert_eq!(stored.state.unwrap(), json!({ "_state_version": 2 }));
}

/// A package of before comes late: what a run in between has added stays in the newest schema.
fn the_schema_does_not_move_backwards(kind: Kind) {
    let (fixture, mut base) = (Fixture::new(kind), users());
    finalize_schema(&mut base);
    fixture.load("1.0", &base, &[("users", Append, vec![("users", json!([user(1, "a", "r1")]))])]);
    let grown = |column: &str| {
        let mut schema = base.clone();
        schema.tables["users"].add(ColumnSchema::new(column, DataType::Text));
        finalize_schema(&mut schema);
        schema
    };
    let (early, late) = (grown("early"), grown("late"));
    let row = |column: &str| {
        let mut row = user(2, "b", column);
        row[column] = json!("x");
        row
    };
    fixture.load("3.0", &late, &[("users", Append, vec![("users", json!([row("late")]))])]);
    fixture.load("2.0", &early, &[("users", Append, vec![("users", json!([row("early")]))])]);
    let stored = fixture.open().restore("pipe", "rest_api").unwrap().schema.unwrap();
    let columns: Vec<&str> = stored.tables["users"].columns.keys().map(String::as_str).collect();
    assert_eq!(columns, ["id", "name", "_dlt_load_id", "_dlt_id", "late", "early"]);
    assert_eq!((stored.version, &stored.previous_hashes[0]), (3, &late.version_hash));
    let rows = fixture.query("SELECT late, early FROM data.users ORDER BY _dlt_id");
    assert_eq!(rows, ["-,x", "x,-", "-,-"]);
    // A package that adds nothing stores nothing.
    fixture.load("2.5", &base, &[("users", Append, vec![("users", json!([user(3, "c", "r3")]))])]);
    assert_eq!(fixture.query("SELECT count(*) FROM data._dlt_version"), ["3"]);
}

fn system_tables_are_those_of_dlt(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    fixture.load("1.0", &schema, &[("users", Append, vec![("users", json!([user(1, "a", "r1")]))])]);
    let columns = fixture.query(
        "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable \
         FROM information_schema.columns WHERE table_name LIKE '\\_dlt%' ESCAPE '\\' \
         ORDER BY table_name, ordinal_position",
    );
    insta::assert_snapshot!(format!("system_tables_of_{}", kind.name()), columns.join("\n"));
}
