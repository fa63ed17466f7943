//! Reading back from SQL destinations what somebody else may have written.

use serde_json::json;
use spile_core::WriteDisposition::*;

use crate::fixture::{Fixture, Kind, clauses, user, users};

clauses! {
    a_state_of_a_load_that_is_not_done_does_not_count,
    plain_state_is_read,
    system_tables_are_those_of_dlt,
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

fn system_tables_are_those_of_dlt(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    fixture.load("1.0", &schema, &[("users", Append, vec![("users", json!([user(1, "a", "r1")]))])]);
    let columns = match kind {
        Kind::Sqlite => {
            "SELECT sql FROM data.sqlite_master WHERE name LIKE '\\_dlt%' ESCAPE '\\' ORDER BY name"
        }
        _other => {
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable \
         FROM information_schema.columns WHERE table_name LIKE '\\_dlt%' ESCAPE '\\' \
         ORDER BY table_name, ordinal_position"
        }
    };
    let columns = fixture.query(columns);
    insta::assert_snapshot!(format!("system_tables_of_{}", kind.name()), columns.join("\n"));
}
