//! What SQL destinations promise beyond the promises of all: order, constraints, one transaction.

use serde_json::json;
use spile_core::WriteDisposition::*;

use crate::fixture::{Fixture, Kind, clauses, tag, user, users};

const USERS: &str = "SELECT id, name FROM data.users ORDER BY 1, 2";
const TAGS: &str = "SELECT value FROM data.users__tags ORDER BY 1";

clauses! {
    append_adds,
    what_does_not_fit_is_refused,
    a_failed_commit_leaves_nothing,
    tables_without_data_are_not_created,
}

fn append_adds(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let segments = |first: &str, second: &str| {
        vec![
            ("users", json!([user(1, "a", first)])),
            ("users__tags", json!([tag(first, "x"), tag(first, "y")])),
            ("users", json!([user(2, "b", second)])),
        ]
    };
    let rows = fixture.load("1.0", &schema, &[("users", Append, segments("r1", "r2"))]);
    assert_eq!(rows, [("users".to_owned(), 2), ("users__tags".to_owned(), 2)]);
    fixture.load("2.0", &schema, &[("users", Append, segments("r3", "r4"))]);
    assert_eq!(fixture.query(USERS), ["1,a", "1,a", "2,b", "2,b"]);
    assert_eq!(fixture.query(TAGS), ["x", "x", "y", "y"]);
    // Rows stay in the order of the pages.
    assert_eq!(fixture.query("SELECT id FROM data.users"), ["1", "2", "1", "2"]);
}

#[test]
fn the_first_load_leaves_the_database_and_nothing_else() {
    let (fixture, schema) = (Fixture::duckdb(), users());
    fixture.load("1.0", &schema, &[("users", Append, vec![("users", json!([user(1, "a", "r1")]))])]);
    let folder = std::fs::read_dir(fixture.path().parent().unwrap()).unwrap();
    let files: Vec<_> = folder.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    assert_eq!(files, [fixture.path()]);
}

fn what_does_not_fit_is_refused(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let mut row = user(1, "a", "r1");
    row.as_object_mut().unwrap().remove("_dlt_load_id");
    let error = fixture.try_load("1.0", &schema, &[("users", Append, vec![("users", json!([row]))])]);
    assert_eq!(error.unwrap_err().code(), "destination/null");
    let rows = || vec![("users", json!([user(1, "no number", "r1")]))];
    fixture.load("2.0", &schema, &[("users", Append, vec![])]);
    if kind == Kind::Sqlite {
        // Its columns take any value.
        return;
    }
    fixture.query("ALTER TABLE data.users ALTER COLUMN name TYPE BIGINT USING name::bigint");
    let error = fixture.try_load("3.0", &schema, &[("users", Append, rows())]).unwrap_err();
    assert_eq!(error.code(), "destination/conversion");
    assert!(!format!("{error:?}").contains("no number"), "{error:?}");
}

fn a_failed_commit_leaves_nothing(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let segments = vec![("users", json!([user(1, "a", "r1")])), ("users", json!([user(2, "b", "r2")]))];
    let package = fixture.package("1.0", &schema, &[("users", Append, segments)]);
    let broken = package.folder.join(&package.manifest.tables[0].segments[1].1.file);
    let length = std::fs::metadata(&broken).unwrap().len();
    let bytes = std::fs::read(&broken).unwrap();
    // The footer stays whole, so that the damage shows only when rows are read.
    let mut damaged = bytes.clone();
    damaged[4..usize::try_from(length / 3).unwrap()].fill(0xff);
    std::fs::write(&broken, damaged).unwrap();
    let error = fixture.open().commit(&package).unwrap_err();
    let codes = ["destination/duckdb", "destination/segment"];
    assert!(codes.contains(&error.code()), "{error:?}");
    assert!(error.context().contains(&("table", "users".to_owned())), "{error:?}");
    let schemas = match kind {
        Kind::Sqlite => "SELECT name FROM data.sqlite_master",
        _other => "SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'data'",
    };
    assert!(fixture.query(schemas).is_empty());
    std::fs::write(&broken, bytes).unwrap();
    fixture.open().commit(&package).unwrap();
    assert_eq!(fixture.query(USERS), ["1,a", "2,b"]);
}

fn tables_without_data_are_not_created(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), users());
    schema.tables.get_mut("users__tags").unwrap().properties.clear();
    fixture.load("1.0", &schema, &[("users", Append, vec![("users", json!([user(1, "a", "r1")]))])]);
    let tables = fixture.open().tables().unwrap();
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["users", "_dlt_loads", "_dlt_pipeline_state", "_dlt_version"]);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_kept() {
    let fixture = Fixture::duckdb();
    std::fs::write(fixture.path(), "notes").unwrap();
    let package = fixture.package("1.0", &users(), &[]);
    assert_eq!(fixture.open().commit(&package).unwrap_err().code(), "destination/not-a-database");
    assert_eq!(std::fs::read(fixture.path()).unwrap(), b"notes");
}
