//! What every destination promises, whatever it is made of: one clause a promise.

use serde_json::{Value, json};
use spile_core::{ColumnSchema, DataType, Schema, WriteDisposition::*};
use spile_load::finalize_schema;

use crate::fixture::{Fixture, Kind, promises, tag, user, users};

promises! {
    a_place_without_the_dataset_is_empty_and_stays_so,
    append_adds_and_replace_takes_the_place_of_the_whole_chain,
    a_load_that_is_committed_is_not_loaded_again,
    an_answer_that_was_lost_is_recognised,
    a_load_that_failed_is_not_there_and_can_be_finished,
    replace_never_shows_less_than_before,
    schema_and_state_come_back,
    state_does_not_move_backwards,
    the_schema_does_not_move_backwards,
    tables_grow,
    odd_names_are_quoted,
    all_types_arrive,
    no_rows_are_no_rows,
    a_package_for_another_dataset_is_refused,
    what_the_schema_does_not_know_is_refused,
}

const USERS: &str = "SELECT id, name FROM data.users ORDER BY 1, 2";
const TAGS: &str = "SELECT value FROM data.users__tags ORDER BY 1";

/// Two users, one of them with a tag, in two segments.
fn rows(first: &str, second: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("users", json!([user(1, "a", first)])),
        ("users__tags", json!([tag(first, "x")])),
        ("users", json!([user(2, "b", second)])),
    ]
}

fn a_place_without_the_dataset_is_empty_and_stays_so(kind: Kind) {
    let fixture = Fixture::new(kind);
    for _twice in 0..2 {
        let mut destination = fixture.open();
        let stored = destination.restore("pipe", "rest_api").unwrap();
        assert!(stored.schema.is_none() && stored.state.is_none());
        assert!(!destination.committed("1.0").unwrap());
        assert!(destination.tables().unwrap().is_empty());
        assert!(destination.loads().unwrap().is_empty());
    }
    assert!(!fixture.path().exists());
    if kind.has_files() {
        assert!(fixture.files().all().is_empty());
    }
}

fn append_adds_and_replace_takes_the_place_of_the_whole_chain(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let loaded = fixture.load("1.0", &schema, &[("users", Append, rows("r1", "r2"))]);
    assert_eq!(loaded, [("users".to_owned(), 2), ("users__tags".to_owned(), 1)]);
    fixture.load("2.0", &schema, &[("users", Append, rows("r3", "r4"))]);
    assert_eq!(fixture.query(USERS), ["1,a", "1,a", "2,b", "2,b"]);
    assert_eq!(fixture.query(TAGS), ["x", "x"]);
    fixture.load("3.0", &schema, &[("users", Replace, vec![("users", json!([user(3, "c", "r5")]))])]);
    assert_eq!(fixture.query(USERS), ["3,c"]);
    assert!(fixture.query(TAGS).is_empty());
    fixture.load("4.0", &schema, &[("users", Replace, vec![])]);
    assert!(fixture.query(USERS).is_empty());
    let tables = fixture.open().tables().unwrap();
    let found: Vec<(&str, u64)> = tables.iter().map(|table| (table.name.as_str(), table.rows)).collect();
    assert_eq!(found[..2], [("users", 0), ("users__tags", 0)]);
    assert!(found[2..].iter().all(|(name, _)| name.starts_with("_dlt")), "{found:?}");
    let loads = fixture.open().loads().unwrap();
    let ids: Vec<&str> = loads.iter().map(|load| load.load_id.as_str()).collect();
    assert_eq!(ids, ["1.0", "2.0", "3.0", "4.0"]);
    assert!(loads.iter().all(|load| load.status == 0 && load.inserted_at.ends_with('Z')));
}

fn a_load_that_is_committed_is_not_loaded_again(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let first = fixture.package("1.0", &schema, &[("users", Append, rows("r1", "r2"))]);
    let second = fixture.package("2.0", &schema, &[("users", Replace, rows("r3", "r4"))]);
    let mut destination = fixture.open();
    for package in [&first, &second] {
        assert!(!destination.committed(&package.manifest.load_id).unwrap());
        let receipt = destination.commit(package).unwrap();
        assert!(destination.committed(&package.manifest.load_id).unwrap());
        assert_eq!(destination.commit(package).unwrap(), receipt);
    }
    // Neither does a load that somebody sends again much later.
    destination.commit(&first).unwrap();
    assert_eq!(fixture.query("SELECT _dlt_id FROM data.users ORDER BY 1"), ["r3", "r4"]);
    assert_eq!(fixture.query("SELECT count(*) FROM data._dlt_loads"), ["2"]);
}

/// The process is gone after the commit and before it heard of it.
fn an_answer_that_was_lost_is_recognised(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    for (load_id, disposition) in [("1.0", Append), ("2.0", Replace)] {
        let package = fixture.package(load_id, &schema, &[("users", disposition, rows(load_id, "r2"))]);
        fixture.open().commit(&package).unwrap();
        let mut again = fixture.open();
        assert!(again.committed(load_id).unwrap());
        again.commit(&package).unwrap();
        assert_eq!(fixture.query(USERS), ["1,a", "2,b"]);
    }
}

/// Breaks the last segment of the users so that the damage shows only when rows are read; returns what mends it.
fn damage(package: &spile_core::SealedPackage) -> impl Fn() {
    let segments = &package.manifest.tables[0].segments;
    let (_, last) = segments.iter().rfind(|(table, _)| table == "users").unwrap();
    let path = package.folder.join(&last.file);
    let bytes = std::fs::read(&path).unwrap();
    let mut damaged = bytes.clone();
    damaged[4..bytes.len() / 3].fill(0xff);
    std::fs::write(&path, damaged).unwrap();
    move || std::fs::write(&path, &bytes).unwrap()
}

fn a_load_that_failed_is_not_there_and_can_be_finished(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let mut package = fixture.package("1.0", &schema, &[("users", Append, rows("r1", "r2"))]);
    package.manifest.state = Some(json!({ "_state_version": 1 }));
    let mend = damage(&package);
    fixture.open().commit(&package).unwrap_err();
    let mut destination = fixture.open();
    assert!(!destination.committed("1.0").unwrap());
    assert!(destination.loads().unwrap().is_empty());
    assert!(destination.restore("pipe", "rest_api").unwrap().state.is_none());
    mend();
    destination.commit(&package).unwrap();
    assert_eq!(fixture.query(USERS), ["1,a", "2,b"]);
    assert_eq!(fixture.query(TAGS), ["x"]);
    assert!(destination.restore("pipe", "rest_api").unwrap().state.is_some());
}

fn replace_never_shows_less_than_before(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    fixture.load("1.0", &schema, &[("users", Replace, rows("r1", "r2"))]);
    let segments = vec![("users", json!([user(3, "c", "r3")])), ("users", json!([user(4, "d", "r4")]))];
    let package = fixture.package("2.0", &schema, &[("users", Replace, segments)]);
    let mend = damage(&package);
    fixture.open().commit(&package).unwrap_err();
    let seen = fixture.query(USERS);
    assert!(seen.starts_with(&["1,a".to_owned(), "2,b".to_owned()]), "{seen:?}");
    assert_eq!(fixture.query(TAGS), ["x"]);
    mend();
    fixture.open().commit(&package).unwrap();
    assert_eq!(fixture.query(USERS), ["3,c", "4,d"]);
    assert!(fixture.query(TAGS).is_empty());
}

fn load_with_state(fixture: &Fixture, schema: &Schema, load_id: &str, state: Value) {
    let segments = vec![("users", json!([user(1, "a", load_id)]))];
    let mut package = fixture.package(load_id, schema, &[("users", Append, segments)]);
    package.manifest.state = Some(state);
    fixture.open().commit(&package).unwrap();
}

fn schema_and_state_come_back(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), users());
    finalize_schema(&mut schema);
    let state = |version: u64| json!({ "_state_version": version, "sources": { "ü": [1.5, null] } });
    load_with_state(&fixture, &schema, "1.0", state(1));
    load_with_state(&fixture, &schema, "2.0", state(2));
    let stored = fixture.open().restore("pipe", "rest_api").unwrap();
    assert_eq!(stored.schema.unwrap(), schema);
    assert_eq!(stored.state.unwrap(), state(2));
    let other = fixture.open().restore("other", "other").unwrap();
    assert!(other.schema.is_none() && other.state.is_none());
    assert_eq!(fixture.query("SELECT count(*) FROM data._dlt_version"), ["1"]);
}

/// Another run, of dlt's perhaps, came between a package and its commit.
fn state_does_not_move_backwards(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    load_with_state(&fixture, &schema, "2.0", json!({ "_state_version": 2 }));
    load_with_state(&fixture, &schema, "1.0", json!({ "_state_version": 1 }));
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

fn tables_grow(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), users());
    fixture.load("1.0", &schema, &[("users", Append, vec![("users", json!([user(1, "a", "r1")]))])]);
    let table = schema.tables.get_mut("users").unwrap();
    table.add(ColumnSchema::new("note", DataType::Text));
    table.add(ColumnSchema::new("strict", DataType::Bool).not_null());
    table.add(ColumnSchema { data_type: None, ..ColumnSchema::new("hinted", DataType::Text) });
    let mut row = user(2, "b", "r2");
    row["note"] = json!("n");
    row["strict"] = json!(true);
    let segments = vec![("users", json!([row])), ("users", json!([user(3, "c", "r3")]))];
    fixture.load("2.0", &schema, &[("users", Append, segments)]);
    assert_eq!(fixture.query("SELECT id, note FROM data.users ORDER BY id"), ["1,-", "2,n", "3,-"]);
    assert_eq!(fixture.query("SELECT id FROM data.users WHERE strict"), ["2"]);
    let stored = fixture.open().restore("pipe", "rest_api").unwrap().schema.unwrap();
    assert!(stored.tables["users"].columns.contains_key("hinted"));
}

fn odd_names_are_quoted(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), users());
    let names = ["Se\"lect", "order", "it's; --", "ünïcode", "a b", "%s", "{x}"];
    let mut row = user(1, "a", "r1");
    for (index, name) in names.iter().enumerate() {
        schema.tables.get_mut("users").unwrap().add(ColumnSchema::new(*name, DataType::Bigint));
        row[*name] = json!(index);
    }
    fixture.load("1.0", &schema, &[("users", Append, vec![("users", json!([row]))])]);
    let columns: Vec<String> =
        names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
    let query = format!("SELECT {} FROM data.users", columns.join(", "));
    assert_eq!(fixture.query(&query), ["0,1,2,3,4,5,6"]);
}

fn all_types_arrive(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), users());
    let mut full = user(1, "it's \"é\"\n,\\", "r1");
    for (name, data_type, value) in [
        ("at", DataType::Timestamp, json!(1_700_000_000_123_456_i64)),
        ("price", DataType::Decimal, json!(-1_250_000_000)),
        ("ratio", DataType::Double, json!(0.1)),
        ("large", DataType::Bigint, json!(i64::MIN)),
        ("doc", DataType::Json, json!("{\"a\":[1,null]}")),
        ("raw", DataType::Binary, json!("\u{1}é")),
        ("day", DataType::Date, json!(19_724)),
        ("hour", DataType::Time, json!(36_672_500_000_i64)),
        ("ok", DataType::Bool, json!(true)),
    ] {
        schema.tables.get_mut("users").unwrap().add(ColumnSchema::new(name, data_type));
        full[name] = value;
    }
    let rows = json!([full, user(2, "", "r2")]);
    fixture.load("1.0", &schema, &[("users", Append, vec![("users", rows)])]);
    let query = format!("SELECT {} FROM data.users ORDER BY id", kind.texts_of_types());
    let expected = [
        "it's \"é\"\n,\\,2023-11-14 22:13:20.123456,-1.250000000,0.1,-9223372036854775808,1,01c3a9,2024-01-02,10:11:12.5,true",
        ",-,-,-,-,-,-,-,-,-",
    ];
    assert_eq!(fixture.query(&query), expected);
}

fn no_rows_are_no_rows(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    assert!(fixture.load("1.0", &schema, &[("users", Append, vec![])]).is_empty());
    assert!(fixture.query(USERS).is_empty());
    assert!(fixture.open().committed("1.0").unwrap());
}

fn a_package_for_another_dataset_is_refused(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let mut package = fixture.package("1.0", &schema, &[]);
    package.manifest.dataset = "other".to_owned();
    assert_eq!(fixture.open().commit(&package).unwrap_err().code(), "destination/dataset");
    assert!(fixture.open().tables().unwrap().is_empty());
}

fn what_the_schema_does_not_know_is_refused(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let mut package = fixture.package("1.0", &schema, &[("users", Append, rows("r1", "r2"))]);
    package.schema.tables.get_mut("users").unwrap().columns.shift_remove("name");
    assert_eq!(fixture.open().commit(&package).unwrap_err().code(), "destination/unknown-column");
    package.manifest.tables[0].segments[0].0 = "strays".to_owned();
    assert_eq!(fixture.open().commit(&package).unwrap_err().code(), "destination/unknown-table");
    assert!(!fixture.open().committed("1.0").unwrap());
}
