//! Merge strategies other than delete-insert: what is updated, what is left, what ends.

use serde_json::{Value, json};
use spile_core::{ColumnSchema, DataType, Schema, WriteDisposition::*};

use crate::fixture::{Fixture, Kind, clauses, tag, user, users};

const USERS: &str = "SELECT id, name, _dlt_load_id FROM data.users ORDER BY 1, 2";
const TAGS: &str = "SELECT value, _dlt_parent_id FROM data.users__tags ORDER BY 1, 2";
/// Returns the query for names and validity, in seconds since 1970.
fn versions_of(kind: Kind) -> String {
    let seconds = |column: &str| match kind {
        Kind::Sqlite => format!("CAST(strftime('%s', {column}) AS bigint)"),
        _other => format!("CAST(floor(extract(epoch FROM {column})) AS bigint)"),
    };
    format!(
        "SELECT name, {}, {} FROM data.users ORDER BY 1, 2, 3",
        seconds("valid_from"),
        seconds("valid_to")
    )
}

clauses! {
    upsert_updates_and_inserts,
    upsert_tells_repeats_of_a_record_apart,
    upsert_heeds_hard_delete,
    upsert_leaves_unchanged_rows,
    insert_only_leaves_what_is_stored,
    insert_only_heeds_hard_delete,
    scd2_keeps_versions,
    scd2_retires_within_the_merge_key,
    scd2_heeds_its_settings,
    a_load_of_versions_is_recognised,
    a_key_is_needed,
}

fn with_strategy(strategy: &str) -> Schema {
    let mut schema = users();
    schema.tables["users"].properties.insert("x-merge-strategy".to_owned(), json!(strategy));
    schema
}

/// A schema of versions: the row key of the root is a hash, nested rows do not know their root.
fn versions() -> Schema {
    let mut schema = with_strategy("scd2");
    let table = schema.tables.get_mut("users").unwrap();
    for (name, hint) in [("valid_from", "x-valid-from"), ("valid_to", "x-valid-to")] {
        table.add(ColumnSchema::new(name, DataType::Timestamp).hint(hint));
    }
    table.columns["_dlt_id"].hints = [("x-row-version".to_owned(), json!(true))].into_iter().collect();
    table.columns["id"].hints.clear();
    let tags = schema.tables.get_mut("users__tags").unwrap();
    tags.columns.shift_remove("_dlt_root_id");
    let mut letters = tags.clone();
    letters.name = "users__tags__letters".to_owned();
    letters.parent = Some("users__tags".to_owned());
    schema.tables.insert(letters.name.clone(), letters);
    schema
}

/// Commits one merge; the rows of `users` carry the load.
fn merge(fixture: &Fixture, load_id: &str, schema: &Schema, mut segments: Vec<(&str, Value)>) -> Vec<u64> {
    for (table, rows) in &mut segments {
        for row in rows.as_array_mut().unwrap() {
            match *table {
                "users" => row["_dlt_load_id"] = json!(load_id),
                _ if schema.tables[*table].columns.contains_key("_dlt_root_id") => {}
                _ => drop(row.as_object_mut().unwrap().remove("_dlt_root_id")),
            }
        }
    }
    let rows = fixture.load(load_id, schema, &[("users", Merge, segments)]);
    rows.into_iter().map(|(_, rows)| rows).collect()
}

/// Returns the schema as the dataset has it, to be changed by the next load.
fn stored(fixture: &Fixture) -> Schema {
    fixture.open().restore("pipe", "rest_api").unwrap().schema.unwrap()
}

/// Gives a row the number of its record.
fn linked(mut row: Value, link: i64) -> Value {
    row["_spile root"] = json!(link);
    row
}

fn upsert_updates_and_inserts(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), with_strategy("upsert"));
    // A merge key has no say.
    schema.tables["users"].columns["name"].hints.insert("merge_key".to_owned(), json!(true));
    let first = vec![
        ("users", json!([user(1, "a", "h1"), user(2, "b", "h2"), user(3, "x", "h3")])),
        ("users__tags", json!([tag("h1", "x"), tag("h2", "y"), tag("h2", "z")])),
    ];
    assert_eq!(merge(&fixture, "1.0", &schema, first), [3, 3]);
    let second = vec![
        ("users", json!([user(2, "x", "h2"), user(4, "d", "h4")])),
        ("users__tags", json!([tag("h2", "z"), tag("h4", "w")])),
    ];
    assert_eq!(merge(&fixture, "2.0", &schema, second), [2, 2]);
    assert_eq!(fixture.query(USERS), ["1,a,1.0", "2,x,2.0", "3,x,1.0", "4,d,2.0"]);
    assert_eq!(fixture.query(TAGS), ["w,h4", "x,h1", "z,h2"]);
}

/// All versions of a record have one row key, and so have their nested rows.
fn upsert_tells_repeats_of_a_record_apart(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), with_strategy("upsert"));
    let segments = vec![
        ("users", json!([linked(user(1, "a1", "h1"), 7), linked(user(2, "b", "h2"), 5)])),
        (
            "users__tags",
            json!([linked(tag("h1", "x"), 7), linked(tag("h1", "y"), 7), linked(tag("h2", "z"), 5)]),
        ),
        ("users", json!([linked(user(1, "a2", "h1"), 3)])),
        ("users__tags", json!([linked(tag("h1", "x"), 3)])),
    ];
    assert_eq!(merge(&fixture, "1.0", &schema, segments), [2, 2]);
    assert_eq!(fixture.query(USERS), ["1,a2,1.0", "2,b,1.0"]);
    assert_eq!(fixture.query(TAGS), ["x,h1", "z,h2"]);
}

fn upsert_heeds_hard_delete(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), with_strategy("upsert"));
    schema
        .tables
        .get_mut("users")
        .unwrap()
        .add(ColumnSchema::new("gone", DataType::Bool).hint("hard_delete"));
    let row = |id: i64, row_key: &str, gone: bool| {
        let mut row = user(id, "a", row_key);
        row["gone"] = json!(gone);
        row
    };
    let first = vec![
        ("users", json!([row(1, "h1", false), row(2, "h2", false), row(3, "h3", true)])),
        ("users__tags", json!([tag("h1", "x"), tag("h2", "y"), tag("h3", "z")])),
    ];
    assert_eq!(merge(&fixture, "1.0", &schema, first), [2, 2]);
    merge(&fixture, "2.0", &schema, vec![("users", json!([row(1, "h1", true)]))]);
    assert_eq!(fixture.query(USERS), ["2,a,1.0"]);
    assert_eq!(fixture.query(TAGS), ["y,h2"]);
}

fn upsert_leaves_unchanged_rows(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), with_strategy("upsert"));
    let table = schema.tables.get_mut("users").unwrap();
    table.properties.insert("x-merge-skip-unchanged-rows".to_owned(), json!(true));
    table.add(ColumnSchema::new("note", DataType::Text));
    let mut noted = user(2, "b", "h2");
    noted["note"] = json!("n");
    let first = vec![
        ("users", json!([user(1, "a", "h1"), noted, user(3, "c", "h3")])),
        ("users__tags", json!([tag("h1", "x")])),
    ];
    merge(&fixture, "1.0", &schema, first);
    // Nested rows are compared on their own; a value that is gone is a change; the last of a repeat counts.
    let second = vec![
        ("users", json!([user(1, "a", "h1"), user(2, "b", "h2"), user(3, "C", "h3"), user(3, "c", "h3")])),
        ("users__tags", json!([tag("h1", "y")])),
    ];
    assert_eq!(merge(&fixture, "2.0", &schema, second), [1, 1]);
    assert_eq!(fixture.query(USERS), ["1,a,1.0", "2,b,2.0", "3,c,1.0"]);
    assert_eq!(fixture.query(TAGS), ["y,h1"]);
    // A version column decides alone.
    let mut schema = stored(&fixture);
    schema.tables["users"].columns["note"].hints.insert("x-row-version".to_owned(), json!(true));
    merge(&fixture, "3.0", &schema, vec![("users", json!([user(1, "A", "h1")]))]);
    assert_eq!(fixture.query(USERS)[0], "1,a,1.0");
}

fn insert_only_leaves_what_is_stored(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), with_strategy("insert-only"));
    let first = vec![
        ("users", json!([user(1, "a", "h1"), user(2, "b1", "h2"), user(2, "b2", "h2")])),
        ("users__tags", json!([tag("h1", "x"), tag("h2", "y"), tag("h2", "y")])),
    ];
    assert_eq!(merge(&fixture, "1.0", &schema, first), [2, 2]);
    // As in dlt, a list of a stored row can grow.
    let second = vec![
        ("users", json!([user(1, "A", "h1"), user(3, "c", "h3")])),
        ("users__tags", json!([tag("h1", "x"), tag("h1", "w"), tag("h3", "z")])),
    ];
    assert_eq!(merge(&fixture, "2.0", &schema, second), [1, 2]);
    assert_eq!(fixture.query(USERS), ["1,a,1.0", "2,b1,1.0", "3,c,2.0"]);
    assert_eq!(fixture.query(TAGS), ["w,h1", "x,h1", "y,h2", "z,h3"]);
}

fn insert_only_heeds_hard_delete(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), with_strategy("insert-only"));
    schema
        .tables
        .get_mut("users")
        .unwrap()
        .add(ColumnSchema::new("gone", DataType::Bool).hint("hard_delete"));
    let row = |id: i64, name: &str, gone: bool| {
        let mut row = user(id, name, &format!("h{id}"));
        row["gone"] = json!(gone);
        row
    };
    let rows = json!([row(1, "a", true), row(2, "b", true), row(2, "c", false)]);
    merge(
        &fixture,
        "1.0",
        &schema,
        vec![("users", rows), ("users__tags", json!([tag("h1", "x"), tag("h2", "y")]))],
    );
    assert_eq!(fixture.query(USERS), ["2,c,1.0"]);
    assert_eq!(fixture.query(TAGS), ["y,h2"]);
}

fn scd2_keeps_versions(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), versions());
    let first = vec![
        ("users", json!([user(1, "a", "h1"), user(2, "b", "h2"), user(2, "b", "h2")])),
        ("users__tags", json!([tag("h1", "x"), tag("h2", "y"), tag("h2", "y")])),
        ("users__tags__letters", json!([tag("h1-x", "l")])),
    ];
    assert_eq!(merge(&fixture, "10.5", &schema, first), [2, 2, 1]);
    let second = vec![
        ("users", json!([user(2, "b", "h2"), user(1, "A", "h3")])),
        ("users__tags", json!([tag("h2", "y"), tag("h3", "z")])),
        ("users__tags__letters", json!([tag("h3-z", "m")])),
    ];
    assert_eq!(merge(&fixture, "20.0", &schema, second), [1, 1, 1]);
    // What comes back is valid again; its nested rows are there.
    let third = vec![
        ("users", json!([user(1, "a", "h1")])),
        ("users__tags", json!([tag("h1", "x")])),
        ("users__tags__letters", json!([tag("h1-x", "l")])),
    ];
    assert_eq!(merge(&fixture, "30.0", &schema, third), [1, 0, 0]);
    assert_eq!(fixture.query(&versions_of(kind)), ["A,20,30", "a,10,20", "a,30,-", "b,10,30"]);
    assert_eq!(fixture.query(TAGS), ["x,h1", "y,h2", "z,h3"]);
    assert_eq!(fixture.query("SELECT value FROM data.users__tags__letters ORDER BY 1"), ["l", "m"]);
}

fn scd2_retires_within_the_merge_key(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), versions());
    schema.tables["users"].columns["id"].hints.insert("merge_key".to_owned(), json!(true));
    merge(&fixture, "1.0", &schema, vec![("users", json!([user(1, "a", "h1"), user(2, "b", "h2")]))]);
    merge(&fixture, "2.0", &schema, vec![("users", json!([user(2, "B", "h3")]))]);
    assert_eq!(fixture.query(&versions_of(kind)), ["B,2,-", "a,1,-", "b,1,2"]);
}

fn scd2_heeds_its_settings(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), versions());
    let table = schema.tables.get_mut("users").unwrap();
    table.columns["_dlt_id"].hints = [("row_key".to_owned(), json!(true))].into_iter().collect();
    table.columns["name"].hints.insert("x-row-version".to_owned(), json!(true));
    table.columns["valid_to"].hints.insert("x-active-record-timestamp".to_owned(), json!("9999-12-31"));
    table.properties.insert("x-boundary-timestamp".to_owned(), json!("1970-01-01T01:00:05+01:00"));
    let first = vec![
        ("users", json!([user(1, "a", "r1"), user(2, "b", "r2")])),
        ("users__tags", json!([tag("r1", "x"), tag("r2", "y")])),
    ];
    merge(&fixture, "1.0", &schema, first);
    let mut schema = stored(&fixture);
    schema.tables["users"].properties.insert("x-boundary-timestamp".to_owned(), json!(null));
    // The row keys are other ones, the version of `a` is the same: neither it nor its nested rows enter again.
    let second = vec![("users", json!([user(1, "a", "r3")])), ("users__tags", json!([tag("r3", "x")]))];
    assert_eq!(merge(&fixture, "7.0", &schema, second), [0, 0]);
    assert_eq!(fixture.query(&versions_of(kind)), ["a,5,253402214400", "b,5,7"]);
    assert_eq!(fixture.query(TAGS), ["x,r1", "y,r2"]);
    let mut schema = stored(&fixture);
    let table = schema.tables.get_mut("users").unwrap();
    table.columns["valid_to"].hints.insert("x-active-record-timestamp".to_owned(), json!("never"));
    let loads = [("users", Merge, vec![("users", json!([user(1, "a", "r4")]))])];
    assert_eq!(fixture.try_load("8.0", &schema, &loads).unwrap_err().code(), "destination/version-time");
}

/// The answer to the commit was lost: the rows of the load are counted.
fn a_load_of_versions_is_recognised(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), versions());
    let segments = vec![
        ("users", json!([user(1, "a", "h1"), user(2, "b", "h2")])),
        ("users__tags", json!([tag("h1", "x")])),
        ("users__tags__letters", json!([tag("h1-x", "l"), tag("h1-x", "m")])),
    ];
    for _ in 0..2 {
        assert_eq!(merge(&fixture, "1.0", &schema, segments.clone()), [2, 1, 2]);
    }
}

fn a_key_is_needed(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), with_strategy("upsert"));
    schema.tables["users"].columns["id"].hints.clear();
    let loads = [("users", Merge, vec![("users", json!([user(1, "a", "h1")]))])];
    assert_eq!(fixture.try_load("1.0", &schema, &loads).unwrap_err().code(), "destination/no-primary-key");
}
