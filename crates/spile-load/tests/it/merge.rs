//! Merges: what is replaced, what enters, what is deleted.

use serde_json::{Value, json};
use spile_core::{ColumnSchema, DataType, Schema, WriteDisposition::*};

use crate::fixture::{Fixture, Kind, clauses, tag, user, users};

const USERS: &str = "SELECT id, name FROM data.users ORDER BY 1, 2";
const TAGS: &str = "SELECT value, _dlt_root_id FROM data.users__tags ORDER BY 1, 2";

clauses! {
    rows_replace_those_with_their_key_children_included,
    the_last_staged_row_of_a_key_survives,
    columns_named_like_duckdbs_own_do_not_disturb,
    dedup_sort_names_the_survivor,
    merge_key_replaces_the_group_and_keeps_repeats,
    either_key_replaces,
    hard_delete_removes,
    without_keys_a_merge_appends,
    rows_appended_before_root_keys_existed_are_replaced_with_their_children,
    what_a_merge_cannot_do_is_said,
}

/// Commits one merge of users and tags.
fn merge(fixture: &Fixture, load_id: &str, schema: &Schema, segments: Vec<(&str, Value)>) -> Vec<u64> {
    let rows = fixture.load(load_id, schema, &[("users", Merge, segments)]);
    rows.into_iter().map(|(_, rows)| rows).collect()
}

fn rows_replace_those_with_their_key_children_included(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let first = vec![
        ("users", json!([user(1, "a", "r1"), user(2, "b", "r2")])),
        ("users__tags", json!([tag("r1", "x"), tag("r2", "y"), tag("r2", "z")])),
    ];
    assert_eq!(merge(&fixture, "1.0", &schema, first), [2, 3]);
    let second = vec![
        ("users", json!([user(2, "B", "r3"), user(3, "c", "r4")])),
        ("users__tags", json!([tag("r3", "w")])),
    ];
    assert_eq!(merge(&fixture, "2.0", &schema, second), [2, 1]);
    assert_eq!(fixture.query(USERS), ["1,a", "2,B", "3,c"]);
    assert_eq!(fixture.query(TAGS), ["w,r3", "x,r1"]);
    // A load without any child rows still takes the old ones away.
    merge(&fixture, "3.0", &schema, vec![("users", json!([user(1, "A", "r5")]))]);
    assert_eq!(fixture.query(TAGS), ["w,r3"]);
}

fn the_last_staged_row_of_a_key_survives(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let segments = vec![
        ("users", json!([user(1, "a1", "r1"), user(1, "a2", "r2"), user(2, "b1", "r3")])),
        ("users__tags", json!([tag("r1", "x"), tag("r2", "y"), tag("r3", "z")])),
        ("users", json!([user(2, "b2", "r4")])),
        ("users__tags", json!([tag("r4", "w")])),
    ];
    assert_eq!(merge(&fixture, "1.0", &schema, segments), [2, 2]);
    assert_eq!(fixture.query(USERS), ["1,a2", "2,b2"]);
    assert_eq!(fixture.query(TAGS), ["w,r4", "y,r2"]);
}

fn columns_named_like_duckdbs_own_do_not_disturb(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), users());
    for name in ["file_index", "file_row_number"] {
        schema.tables["users"].add(ColumnSchema::new(name, DataType::Bigint));
    }
    let row = |name: &str, position: i64| {
        let mut row = user(1, name, name);
        row["file_index"] = json!(position);
        row["file_row_number"] = json!(position);
        row
    };
    let segments = vec![
        ("users", json!([row("a", 9), row("b", 8)])),
        ("users", json!([row("c", 7), row("d", 6)])),
        ("users__tags", json!([tag("a", "x"), tag("d", "y")])),
    ];
    assert_eq!(merge(&fixture, "1.0", &schema, segments), [1, 1]);
    assert_eq!(fixture.query("SELECT name, file_index FROM data.users"), ["d,6"]);
    assert_eq!(fixture.query(TAGS), ["y,d"]);
}

fn dedup_sort_names_the_survivor(kind: Kind) {
    for (order, survivor) in [("asc", "b"), ("desc", "c")] {
        let (fixture, mut schema) = (Fixture::new(kind), users());
        let mut column = ColumnSchema::new("rank", DataType::Bigint);
        column.hints.insert("dedup_sort".to_owned(), json!(order));
        schema.tables.get_mut("users").unwrap().add(column);
        let row = |name: &str, rank: Value| {
            let mut row = user(1, name, name);
            row["rank"] = rank;
            row
        };
        let rows = json!([row("c", json!(9)), row("a", json!(1)), row("b", json!(1)), row("d", json!(null))]);
        merge(&fixture, "1.0", &schema, vec![("users", rows)]);
        assert_eq!(fixture.query(USERS), [format!("1,{survivor}")], "{order}");
    }
}

fn merge_key_replaces_the_group_and_keeps_repeats(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), users());
    let table = schema.tables.get_mut("users").unwrap();
    table.columns["id"].hints.clear();
    table.columns["id"].nullable = true;
    table.columns["name"].hints.insert("merge_key".to_owned(), json!(true));
    let keyless = |row_key: &str| json!({ "id": 9, "name": null, "_dlt_load_id": "l", "_dlt_id": row_key });
    merge(
        &fixture,
        "1.0",
        &schema,
        vec![("users", json!([user(1, "a", "r1"), user(2, "a", "r2"), keyless("r8")]))],
    );
    merge(
        &fixture,
        "2.0",
        &schema,
        vec![("users", json!([user(3, "a", "r3"), user(4, "a", "r4"), keyless("r9")]))],
    );
    // A null key equals nothing, as in dlt.
    assert_eq!(fixture.query(USERS), ["3,a", "4,a", "9,-", "9,-"]);
}

fn either_key_replaces(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), users());
    schema.tables.get_mut("users").unwrap().columns["name"].hints.insert("merge_key".to_owned(), json!(true));
    let rows = json!([user(1, "a", "r1"), user(2, "b", "r2"), user(3, "c", "r3")]);
    merge(&fixture, "1.0", &schema, vec![("users", rows)]);
    merge(&fixture, "2.0", &schema, vec![("users", json!([user(1, "b", "r4")]))]);
    assert_eq!(fixture.query(USERS), ["1,b", "3,c"]);
}

fn hard_delete_removes(kind: Kind) {
    for (data_type, deleted, kept) in
        [(DataType::Bool, json!(true), json!(false)), (DataType::Text, json!("2026-01-01"), json!(null))]
    {
        let (fixture, mut schema) = (Fixture::new(kind), users());
        let mut column = ColumnSchema::new("gone", data_type);
        column.hints.insert("hard_delete".to_owned(), json!(true));
        schema.tables.get_mut("users").unwrap().add(column);
        let row = |id: i64, row_key: &str, gone: &Value| {
            let mut row = user(id, "a", row_key);
            row["gone"] = gone.clone();
            row
        };
        let first = vec![
            ("users", json!([row(1, "r1", &kept), row(2, "r2", &json!(null)), row(4, "r6", &deleted)])),
            ("users__tags", json!([tag("r1", "x"), tag("r2", "y"), tag("r6", "z")])),
        ];
        assert_eq!(merge(&fixture, "1.0", &schema, first), [2, 2]);
        let rows = json!([row(1, "r3", &kept), row(1, "r4", &deleted), row(3, "r5", &kept)]);
        merge(&fixture, "2.0", &schema, vec![("users", rows)]);
        assert_eq!(fixture.query(USERS), ["2,a", "3,a"]);
        assert_eq!(fixture.query(TAGS), ["y,r2"]);
    }
}

fn without_keys_a_merge_appends(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), users());
    schema.tables.get_mut("users").unwrap().columns["id"].hints.clear();
    for load_id in ["1.0", "2.0"] {
        merge(&fixture, load_id, &schema, vec![("users", json!([user(1, "a", load_id)]))]);
    }
    assert_eq!(fixture.query(USERS), ["1,a", "1,a"]);
}

fn rows_appended_before_root_keys_existed_are_replaced_with_their_children(kind: Kind) {
    let (fixture, mut schema) = (Fixture::new(kind), users());
    let mut letters = schema.tables["users__tags"].clone();
    letters.name = "users__tags__letters".to_owned();
    letters.parent = Some("users__tags".to_owned());
    schema.tables.insert(letters.name.clone(), letters);
    let mut early = schema.clone();
    let mut children = [tag("r1", "x"), tag("r1-x", "y")];
    for (child, table) in children.iter_mut().zip(["users__tags", "users__tags__letters"]) {
        early.tables[table].columns.shift_remove("_dlt_root_id");
        child.as_object_mut().unwrap().remove("_dlt_root_id");
    }
    let [tags, letters] = children;
    let first = vec![
        ("users", json!([user(1, "a", "r1"), user(2, "b", "r2")])),
        ("users__tags", json!([tags])),
        ("users__tags__letters", json!([letters])),
    ];
    fixture.load("1.0", &early, &[("users", Append, first)]);
    merge(&fixture, "2.0", &schema, vec![("users", json!([user(2, "B", "r3")]))]);
    for (table, parent) in [("users__tags", "r1"), ("users__tags__letters", "r1-x")] {
        let keys = fixture.query(&format!("SELECT _dlt_root_id, _dlt_parent_id FROM data.{table}"));
        assert_eq!(keys, [format!("r1,{parent}")]);
    }
    merge(&fixture, "3.0", &schema, vec![("users", json!([user(1, "A", "r4")]))]);
    assert_eq!(fixture.query(USERS), ["1,A", "2,B"]);
    for table in ["users__tags", "users__tags__letters"] {
        assert!(fixture.query(&format!("SELECT 1 FROM data.{table}")).is_empty(), "{table}");
    }
}

fn what_a_merge_cannot_do_is_said(kind: Kind) {
    let (fixture, schema) = (Fixture::new(kind), users());
    let attempt = |schema: &Schema, row: Value| {
        let error = fixture.try_load("1.0", schema, &[("users", Merge, vec![("users", json!([row]))])]);
        error.unwrap_err().code()
    };
    let mut keyless = user(1, "a", "r1");
    keyless.as_object_mut().unwrap().remove("id");
    assert_eq!(attempt(&schema, keyless), "destination/primary-key-missing");
    let mut upsert = schema.clone();
    upsert.tables["users"].properties.insert("x-merge-strategy".to_owned(), json!("cdc"));
    assert_eq!(attempt(&upsert, user(1, "a", "r1")), "destination/merge-strategy");
}
