//! Snapshots of the statements. Reading their diff is reading the change.

use insta::assert_snapshot;
use serde_json::json;
use spile_core::{Capabilities, ColumnSchema, DataType, IdentifierRules, MergeStrategy, Result, TableSchema};

use super::connection::StagedRows;
use super::dialect::SqlDialect;
use super::identifier::TableName;
use super::merge::keys::{self, MergeKeys};
use super::merge::versions::Versions;
use super::{append, ddl};

/// A dialect that writes dlt's names of types.
struct PlainDialect;

impl SqlDialect for PlainDialect {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "plain",
            identifiers: IdentifierRules { length_max: 63, bytes_max: None, is_case_sensitive: true },
            transactional: true,
            merges: true,
            integer_bits: &[],
        }
    }

    fn data_type(&self, data_type: DataType, _column: &ColumnSchema) -> Result<String> {
        Ok(data_type.as_str().to_owned())
    }

    fn constraint(&self, _column: &ColumnSchema) -> &'static str {
        ""
    }

    fn lock_dataset(&self, _dataset: &str) -> Option<String> {
        None
    }

    fn epoch_micros(&self, expression: &str) -> String {
        expression.to_owned()
    }

    fn fold(&self, name: &str) -> String {
        name.to_owned()
    }
}

/// A table with every hint that a merge looks at.
fn table() -> TableSchema {
    let mut table = TableSchema::new("t");
    for hint in ["primary_key", "merge_key", "row_key"] {
        table.add(ColumnSchema::new(hint, DataType::Bigint).not_null().hint(hint));
    }
    table.add(ColumnSchema::new("gone", DataType::Bool).hint("hard_delete"));
    let mut rank = ColumnSchema::new("rank", DataType::Text);
    rank.hints.insert("dedup_sort".to_owned(), json!("desc"));
    table.add(rank);
    table.add(ColumnSchema { data_type: None, ..ColumnSchema::new("untyped", DataType::Text) });
    table
}

fn staged(columns: &[&str]) -> StagedRows {
    let columns = columns.iter().map(|name| (*name).to_owned()).collect();
    StagedRows::new("staged".to_owned(), columns, vec!["file", "row"])
}

#[test]
fn tables() {
    let (name, table) = (TableName::new("d", "t"), table());
    assert_snapshot!(ddl::create_table(&PlainDialect, &name, &table).unwrap());
    let added = |column: &str, empty: bool| {
        ddl::add_column(&PlainDialect, &name, &table.columns[column], empty).unwrap().join(";\n")
    };
    assert_snapshot!(
        [added("row_key", true), added("row_key", false), added("untyped", true)].join("\n--\n")
    );
    let parent = TableName::new("d", "p");
    let first = ddl::fill_root_key(&name, &parent, "root", "parent", "id", None);
    let deeper = ddl::fill_root_key(&name, &parent, "root", "parent", "id", Some("root"));
    assert_snapshot!(format!("{first}\n--\n{deeper}"));
}

#[test]
fn merges() {
    let (name, table) = (TableName::new("d", "t"), table());
    let (winners, replaced) = (TableName::temporary("w"), TableName::temporary("r"));
    let rows = staged(&["primary_key", "merge_key", "row_key", "gone", "rank"]);
    let by = MergeKeys::read(&table, &rows, MergeStrategy::DeleteInsert).unwrap();
    let statements = [
        by.find_duplicate(&rows).unwrap(),
        by.select_winners(&winners, &rows, "row_key"),
        by.collect_replaced(&replaced, &name, &rows, "row_key"),
        by.delete_replaced(&name, &rows),
        keys::delete_collected(&name, "root_key", &replaced, "row_key"),
        append::insert(&name, &rows, Some(&keys::is_winner(&winners, &rows))),
        append::insert(&name, &rows, Some(&keys::has_winning_root(&winners, "root_key", "row_key"))),
    ];
    assert_snapshot!(statements.join("\n--\n"));
}

#[test]
fn merges_go_by_what_was_staged() {
    let (name, table) = (TableName::new("d", "t"), table());
    let rows = staged(&["primary_key", "row_key"]);
    let by = MergeKeys::read(&table, &rows, MergeStrategy::DeleteInsert).unwrap();
    let winners = by.select_winners(&TableName::temporary("w"), &rows, "row_key");
    assert_snapshot!([by.delete_replaced(&name, &rows), winners].join("\n--\n"));
    assert!(!by.has_hard_delete());
}

#[test]
fn upserts() {
    let (name, mut table) = (TableName::new("d", "t"), table());
    table.properties.insert("x-merge-skip-unchanged-rows".to_owned(), json!(true));
    let mut rows = staged(&["primary_key", "merge_key", "row_key", "rank"]);
    rows.link = Some("link");
    let by = MergeKeys::read(&table, &rows, MergeStrategy::Upsert).unwrap();
    assert!(by.skips_unchanged() && !by.is_empty());
    let (winners, unchanged) = (TableName::temporary("w"), TableName::temporary("u"));
    let statements = [
        by.select_winners(&winners, &rows, "row_key"),
        by.select_unchanged(&unchanged, &winners, &table, &name, &rows, "row_key"),
        by.delete_changed(&name, &rows, &unchanged),
    ];
    assert_snapshot!(statements.join("\n--\n"));
}

#[test]
fn inserts_only() {
    let (name, table) = (TableName::new("d", "t"), table());
    let rows = staged(&["primary_key", "row_key", "gone", "rank"]);
    let by = MergeKeys::read(&table, &rows, MergeStrategy::InsertOnly).unwrap();
    let winners = by.select_winners(&TableName::temporary("w"), &rows, "row_key");
    assert_snapshot!([winners, append::insert(&name, &rows, Some(&by.is_new(&name)))].join("\n--\n"));
}

#[test]
fn versions() {
    let (name, mut table) = (TableName::new("d", "t"), TableSchema::new("t"));
    table.add(ColumnSchema::new("from", DataType::Timestamp).hint("x-valid-from"));
    table.add(ColumnSchema::new("to", DataType::Timestamp).hint("x-valid-to"));
    table.add(ColumnSchema::new("group", DataType::Text).hint("merge_key"));
    table.add(ColumnSchema::new("version", DataType::Text).hint("x-row-version"));
    let winners = TableName::temporary("w");
    let rows = staged(&["group", "version"]);
    let by = Versions::read(&table, &rows, "1.5", &PlainDialect).unwrap();
    let statements = [
        by.retire(&name, &rows).unwrap(),
        by.select_new(&winners, &rows, Some(&name)),
        by.insert(&name, &rows, &winners),
    ];
    assert_snapshot!(statements.join("\n--\n"));
    // No staged row is in any group, so the load is a snapshot of none.
    let rows = staged(&["version"]);
    let by = Versions::read(&table, &rows, "1.5", &PlainDialect).unwrap();
    assert!(by.retire(&name, &rows).is_none());
}
