//! Taking tables or rows away in the commit of a load: what every destination promises.

use serde_json::{Value, json};
use spile_core::{Clearing, ColumnSchema, DataType, Schema, SealedPackage, TableSchema, WriteDisposition::*};
use spile_load::finalize_schema;

use crate::fixture::{Fixture, Kind, Load, promises, tag, user, users};

promises! {
    tables_go_and_come_back_in_another_form,
    rows_go_and_tables_stay,
    other_tables_are_left_alone,
    a_load_that_fails_takes_nothing_away,
    what_was_taken_away_is_not_taken_away_again,
}

const USERS: &str = "SELECT id, name FROM data.users ORDER BY 1, 2";

fn dropped(schema: &Schema) -> Clearing {
    Clearing {
        dropped: vec!["users__tags".to_owned(), "users".to_owned()],
        emptied: Vec::new(),
        schema_hash: schema.version_hash.clone(),
    }
}

fn emptied(schema: &Schema) -> Clearing {
    let Clearing { dropped, schema_hash, .. } = dropped(schema);
    Clearing { dropped: Vec::new(), emptied: dropped, schema_hash }
}

/// Loads two users with a tag and returns the schema that is stored then.
fn loaded(fixture: &Fixture) -> Schema {
    let mut schema = users();
    finalize_schema(&mut schema);
    let rows = vec![
        ("users", json!([user(1, "a", "r1"), user(2, "b", "r2")])),
        ("users__tags", json!([tag("r1", "x")])),
    ];
    fixture.load("1.0", &schema, &[("users", Append, rows)]);
    schema
}

fn package(
    fixture: &Fixture,
    load_id: &str,
    schema: &Schema,
    clearing: Clearing,
    loads: &[Load<'_>],
) -> SealedPackage {
    let mut package = fixture.package(load_id, schema, loads);
    package.manifest.clearing = clearing;
    package
}

fn users_in(rows: Value) -> Vec<Load<'static>> {
    vec![("users", Append, vec![("users", rows)])]
}

fn names(fixture: &Fixture) -> Vec<String> {
    let tables = fixture.open().tables().unwrap();
    let mut names: Vec<String> = tables.into_iter().map(|table| table.name).collect();
    names.retain(|name| !name.starts_with("_dlt"));
    names.sort();
    names
}

fn tables_go_and_come_back_in_another_form(kind: Kind) {
    let fixture = Fixture::new(kind);
    let before = loaded(&fixture);
    let mut table = TableSchema::new("users");
    table.add(ColumnSchema::new("id", DataType::Text));
    table.add(ColumnSchema::new("_dlt_load_id", DataType::Text).not_null());
    table.add(ColumnSchema::new("_dlt_id", DataType::Text).not_null());
    table.properties.insert("x-normalizer".to_owned(), json!({"seen-data": true}));
    let mut schema = Schema::new("rest_api");
    schema.tables.insert("users".to_owned(), table);
    finalize_schema(&mut schema);
    let row = json!([{"id": "seven", "_dlt_load_id": "l", "_dlt_id": "r7"}]);
    let package = package(&fixture, "2.0", &schema, dropped(&before), &users_in(row));
    fixture.open().commit(&package).unwrap();
    assert_eq!(fixture.query("SELECT id FROM data.users"), ["seven"]);
    assert_eq!(names(&fixture), ["users"]);
    let stored = fixture.open().restore("pipe", "rest_api").unwrap().schema.unwrap();
    assert_eq!(stored.version_hash, schema.version_hash);
    assert!(!stored.tables.contains_key("users__tags") && stored.previous_hashes.is_empty());
    // Older versions are gone, as dlt leaves it.
    assert_eq!(fixture.query("SELECT count(*) FROM data._dlt_version"), ["1"]);
    assert_eq!(fixture.open().loads().unwrap().len(), 2);
}

fn rows_go_and_tables_stay(kind: Kind) {
    let fixture = Fixture::new(kind);
    let schema = loaded(&fixture);
    let package = package(&fixture, "2.0", &schema, emptied(&schema), &users_in(json!([user(3, "c", "r3")])));
    fixture.open().commit(&package).unwrap();
    assert_eq!(fixture.query(USERS), ["3,c"]);
    assert!(fixture.query("SELECT value FROM data.users__tags").is_empty());
    assert_eq!(names(&fixture), ["users", "users__tags"]);
}

fn other_tables_are_left_alone(kind: Kind) {
    let fixture = Fixture::new(kind);
    let mut schema = users();
    let mut other = schema.tables["users"].clone();
    "users_2".clone_into(&mut other.name);
    schema.tables.insert(other.name.clone(), other);
    finalize_schema(&mut schema);
    let row = || json!([user(1, "a", "r1")]);
    let loads = [("users", Append, vec![("users", row())]), ("users_2", Append, vec![("users_2", row())])];
    fixture.load("1.0", &schema, &loads);
    let mut after = schema.clone();
    after.tables.retain(|name, _| !name.starts_with("users") || name == "users_2");
    finalize_schema(&mut after);
    let package = package(&fixture, "2.0", &after, dropped(&schema), &[]);
    fixture.open().commit(&package).unwrap();
    assert_eq!(names(&fixture), ["users_2"]);
    assert_eq!(fixture.query("SELECT id FROM data.users_2"), ["1"]);
}

fn a_load_that_fails_takes_nothing_away(kind: Kind) {
    let fixture = Fixture::new(kind);
    let schema = loaded(&fixture);
    for (load_id, clearing) in [("2.0", dropped(&schema)), ("3.0", emptied(&schema))] {
        let package = package(&fixture, load_id, &schema, clearing, &users_in(json!([user(3, "c", "r3")])));
        let (_, segment) = &package.manifest.tables[0].segments[0];
        std::fs::write(package.folder.join(&segment.file), "no rows").unwrap();
        fixture.open().commit(&package).unwrap_err();
        assert_eq!(fixture.query(USERS), ["1,a", "2,b"], "{load_id}");
        assert_eq!(fixture.query("SELECT value FROM data.users__tags"), ["x"]);
        assert_eq!(fixture.query("SELECT count(*) FROM data._dlt_version"), ["1"]);
    }
}

fn what_was_taken_away_is_not_taken_away_again(kind: Kind) {
    let fixture = Fixture::new(kind);
    let schema = loaded(&fixture);
    let package = package(&fixture, "2.0", &schema, dropped(&schema), &users_in(json!([user(3, "c", "r3")])));
    let mut destination = fixture.open();
    let receipt = destination.commit(&package).unwrap();
    assert_eq!(destination.commit(&package).unwrap(), receipt);
    assert_eq!(fixture.query(USERS), ["3,c"]);
    // Another load came after it; the process of the first one did not hear of its commit.
    fixture.load("3.0", &schema, &users_in(json!([user(4, "d", "r4")])));
    fixture.open().commit(&package).unwrap();
    assert_eq!(fixture.query(USERS), ["3,c", "4,d"]);
}
