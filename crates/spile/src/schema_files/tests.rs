//! Imports into datasets with and without rows. That dlt reads what is written is held by the tests of the binary.

use spile_core::{ColumnSchema, DataType};

use super::*;

fn table(name: &str, columns: Vec<ColumnSchema>, has_rows: bool) -> TableSchema {
    let mut table = TableSchema::new(name);
    for column in columns {
        table.add(column);
    }
    if has_rows {
        table.properties.insert(MARKS.to_owned(), json!({"seen-data": true}));
    }
    table
}

fn schema(tables: Vec<TableSchema>) -> Schema {
    let mut schema = Schema::new("shop");
    for table in tables {
        schema.tables.insert(table.name.clone(), table);
    }
    finalize_schema(&mut schema);
    schema
}

#[test]
fn an_import_adds_to_tables_with_rows_and_changes_none_of_their_types() {
    let folder = tempfile::tempdir().unwrap();
    let column = |name: &str, data_type| ColumnSchema::new(name, data_type);
    let file = schema(vec![
        table("users", vec![column("id", DataType::Text), column("note", DataType::Text)], false),
        table("later", vec![column("x", DataType::Json)], false),
    ]);
    export(folder.path(), &file, true).unwrap();
    let before = schema(vec![
        table("users", vec![column("age", DataType::Bigint), column("id", DataType::Bigint)], true),
        table("only_declared", vec![column("y", DataType::Text)], false),
        table("orders", vec![column("z", DataType::Text)], true),
    ]);

    let fresh = import(folder.path(), "shop", None, None).unwrap();
    assert_eq!(fresh.schema.tables.keys().collect::<Vec<_>>(), ["users", "later"]);

    let Import { schema, is_missing, warnings } =
        import(folder.path(), "shop", Some(before.clone()), None).unwrap();
    assert!(!is_missing);
    assert!(warnings.len() == 1 && warnings[0].contains("id of table users"), "{warnings:?}");
    let names: Vec<&str> =
        schema.tables.keys().map(String::as_str).filter(|name| !name.starts_with("_dlt")).collect();
    assert_eq!(names, ["users", "orders", "later"]);
    let users = &schema.tables["users"];
    assert_eq!(users.columns.keys().collect::<Vec<_>>(), ["age", "id", "note"]);
    assert_eq!(users.columns["id"].data_type, Some(DataType::Bigint));
    assert!(users.has_seen_data());
    // The same file once more has no effect.
    let again = import(folder.path(), "shop", Some(schema.clone()), None).unwrap();
    assert_eq!(again.schema, schema);
}

#[test]
fn a_file_is_written_whole_and_only_when_it_differs() {
    let folder = tempfile::tempdir().unwrap();
    let nested = folder.path().join("a/b");
    let first = schema(vec![table("users", vec![ColumnSchema::new("on", DataType::Bool)], true)]);
    export(&nested, &first, true).unwrap();
    let path = file_in(&nested, "shop");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"on\":\n") && text.contains("seen-data: true"), "{text}");
    assert!(!text.contains("name: users"), "{text}");
    assert_eq!(read(&path, "shop").unwrap().unwrap(), first);
    assert_eq!(fs::read_dir(&nested).unwrap().count(), 1, "something was left beside it");
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    export(&nested, &first, true).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
    export(&nested, &first, false).unwrap();
    assert!(!fs::read_to_string(&path).unwrap().contains("seen-data"));
}

#[test]
fn files_that_cannot_be_heeded_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = file_in(folder.path(), "shop");
    let whole = spile_config::write_yaml(&document(&schema(Vec::new())));
    let direct = NamingConvention::find("direct");
    for (text, asked, expected) in [
        ("a: [", None, "schema cannot be imported"),
        ("name: shop\n", None, "engine version"),
        (&whole.replace("name: shop", "name: store"), None, "another name"),
        (&whole.replace("settings:", "settings:\n  preferred_types: {a: text}"), None, "preferred_types"),
        (&whole.replace("- iso_timestamp", "- iso_date"), None, "detections"),
        (&whole, direct, "another convention"),
        (&whole.replace("names: snake_case", "names: mine"), None, "not supported"),
    ] {
        fs::write(&path, text).unwrap();
        let error = import(folder.path(), "shop", None, asked).err().unwrap();
        assert!(error.to_string().contains(expected) || error.message().contains(expected), "{error}");
    }
}
