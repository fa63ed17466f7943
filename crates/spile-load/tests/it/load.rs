//! Commits: append, replace, tables that grow, atomicity.

use serde_json::json;
use spile_core::{ColumnSchema, DataType, WriteDisposition::*};

use crate::fixture::{Fixture, Kind, clauses, tag, user, users};

const USERS: &str = "SELECT id, name FROM data.users ORDER BY 1, 2";
const TAGS: &str = "SELECT value FROM data.users__tags ORDER BY 1";

clauses! {
    append_adds,
    what_does_not_fit_is_refused,
    replace_takes_the_place_of_the_whole_chain,
    committing_again_changes_nothing,
    a_failed_commit_leaves_nothing,
    tables_grow,
    tables_without_data_are_not_created,
    types_arrive,
    a_package_for_another_dataset_is_refused,
    a_segment_with_an_unknown_column_is_refused,
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
    fixture.query("ALTER TABLE data.users ALTER COLUMN name TYPE BIGINT USING name::bigint");
    let error = fixture.try_load("3.0", &schema, &[("users", Append, rows())]).unwrap_err();
    assert_eq!(error.code(), "destination/conversion");
    assert!(!format!("{error:?}").contains("no number"), "{error:?}");
}

fn replace_takes_the_place_of_the_whole_chain(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let first = vec![("users", json!([user(1, "a", "r1")])), ("users__tags", json!([tag("r1", "x")]))];
    fixture.load("1.0", &schema, &[("users", Replace, first)]);
    fixture.load("2.0", &schema, &[("users", Replace, vec![("users", json!([user(2, "b", "r2")]))])]);
    assert_eq!(fixture.query(USERS), ["2,b"]);
    assert!(fixture.query(TAGS).is_empty());
    fixture.load("3.0", &schema, &[("users", Replace, vec![])]);
    assert!(fixture.query(USERS).is_empty());
}

fn committing_again_changes_nothing(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    for disposition in [Append, Merge] {
        let load_id = format!("{disposition:?}");
        let mut row = user(1, "a", "r1");
        row["_dlt_load_id"] = json!(load_id);
        let segments = vec![("users", json!([row])), ("users__tags", json!([tag("r1", "x")]))];
        let package = fixture.package(&load_id, &schema, &[("users", disposition, segments)]);
        let mut destination = fixture.open();
        assert!(!destination.committed(&load_id).unwrap());
        let receipt = destination.commit(&package).unwrap();
        assert_eq!(destination.commit(&package).unwrap(), receipt);
        assert!(destination.committed(&load_id).unwrap());
        assert_eq!(fixture.query(USERS), ["1,a"]);
    }
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
    let schemas = "SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'data'";
    assert!(fixture.query(schemas).is_empty());
    std::fs::write(&broken, bytes).unwrap();
    fixture.open().commit(&package).unwrap();
    assert_eq!(fixture.query(USERS), ["1,a", "2,b"]);
}

fn tables_grow(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), users());
    fixture.load("1.0", &schema, &[("users", Append, vec![("users", json!([user(1, "a", "r1")]))])]);
    let table = schema.tables.get_mut("users").unwrap();
    table.add(ColumnSchema::new("Se\"lect", DataType::Json));
    table.add(ColumnSchema::new("strict", DataType::Bool).not_null());
    table.add(ColumnSchema { data_type: None, ..ColumnSchema::new("hinted", DataType::Text) });
    let mut row = user(2, "b", "r2");
    row["Se\"lect"] = json!("[1]");
    row["strict"] = json!(true);
    let segments = vec![("users", json!([row])), ("users", json!([user(3, "c", "r3")]))];
    fixture.load("2.0", &schema, &[("users", Append, segments)]);
    let rows = fixture.query("SELECT id, \"Se\"\"lect\", strict::text FROM data.users ORDER BY id");
    assert_eq!(rows, ["1,-,-", "2,[1],true", "3,-,-"]);
}

fn tables_without_data_are_not_created(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), users());
    schema.tables.get_mut("users__tags").unwrap().properties.clear();
    fixture.load("1.0", &schema, &[("users", Append, vec![("users", json!([user(1, "a", "r1")]))])]);
    let tables = fixture.open().tables().unwrap();
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["users", "_dlt_loads", "_dlt_pipeline_state", "_dlt_version"]);
}

fn types_arrive(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), users());
    let table = schema.tables.get_mut("users").unwrap();
    for (name, data_type) in [
        ("at", DataType::Timestamp),
        ("price", DataType::Decimal),
        ("ratio", DataType::Double),
        ("doc", DataType::Json),
    ] {
        table.add(ColumnSchema::new(name, data_type));
    }
    let mut row = user(1, "a", "r1");
    for (name, value) in [
        ("at", json!(1_700_000_000_123_456_i64)),
        ("price", json!(1_250_000_000)),
        ("ratio", json!(0.5)),
        ("doc", json!("{\"a\":1}")),
    ] {
        row[name] = value;
    }
    fixture.load("1.0", &schema, &[("users", Append, vec![("users", json!([row]))])]);
    let rows =
        fixture.query("SELECT (\"at\" AT TIME ZONE 'UTC')::text, price, ratio, doc->>'a' FROM data.users");
    assert_eq!(rows, ["2023-11-14 22:13:20.123456,1.250000000,0.5,1"]);
}

fn a_package_for_another_dataset_is_refused(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let mut package = fixture.package("1.0", &schema, &[]);
    package.manifest.dataset = "other".to_owned();
    assert_eq!(fixture.open().commit(&package).unwrap_err().code(), "destination/dataset");
    assert!(fixture.open().tables().unwrap().is_empty());
}

#[test]
fn a_file_that_is_no_database_is_refused_and_kept() {
    let fixture = Fixture::duckdb();
    std::fs::write(fixture.path(), "notes").unwrap();
    let package = fixture.package("1.0", &users(), &[]);
    assert_eq!(fixture.open().commit(&package).unwrap_err().code(), "destination/not-a-database");
    assert_eq!(std::fs::read(fixture.path()).unwrap(), b"notes");
}

fn a_segment_with_an_unknown_column_is_refused(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let mut package =
        fixture.package("1.0", &schema, &[("users", Append, vec![("users", json!([user(1, "a", "r1")]))])]);
    package.schema.tables.get_mut("users").unwrap().columns.shift_remove("name");
    let error = fixture.open().commit(&package).unwrap_err();
    assert_eq!(error.code(), "destination/unknown-column");
    package.manifest.tables[0].segments[0].0 = "strays".to_owned();
    let error = fixture.open().commit(&package).unwrap_err();
    assert_eq!(error.code(), "destination/unknown-table");
}
