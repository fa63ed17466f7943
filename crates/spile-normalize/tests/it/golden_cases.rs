//! The same records through dlt and through Spile: tables, columns with their hints, and rows.
//!
//! `golden/generate.py` runs dlt and writes what it made into the case. The test loads the batches as the destination
//! would (append, or delete and insert by primary key), and names ids as the generator does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};
use spile_core::{ColumnHint, DataType, Document, Limits, LoadPlan, Schema, SchemaChange, WriteDisposition};
use spile_normalize::Normalizer;

use crate::support::{self, Rows};

#[test]
fn dlt_makes_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    assert!(files.len() > 10);
    for file in files {
        check(file.file_stem().unwrap().to_str().unwrap(), &std::fs::read_to_string(&file).unwrap());
    }
}

fn check(name: &str, text: &str) {
    let case: Value = serde_json::from_str(text).unwrap();
    let mut schema = Schema::new("rest_api");
    let mut rows: BTreeMap<String, Rows> = BTreeMap::new();
    for (number, run) in case["runs"].as_array().unwrap().iter().enumerate() {
        let plan = plan(run);
        let load_id = format!("load{number}");
        let resource = run["resource"].as_str().unwrap();
        let before = schema.clone();
        let mut normalizer = Normalizer::new(schema, &load_id, support::naming(), &Limits::default());
        let root = normalizer.add_resource(resource, &plan, run["cursor"].as_str()).unwrap().unwrap();
        let body = run["records"].to_string();
        normalizer.push(&support::page(resource, number as u8, &body)).unwrap();
        let flushed = normalizer.flush().unwrap();
        let mut loaded = BTreeMap::new();
        for batch in &flushed.batches {
            support::collect(&mut loaded, &batch.table, &batch.rows);
        }
        if plan.write_disposition == WriteDisposition::Merge {
            delete_replaced(&mut rows, &loaded, &root, "id");
        }
        for (table, added) in loaded {
            rows.entry(table).or_default().extend(added);
        }
        schema = normalizer.schema().clone();
        assert_changes(name, before, &flushed.changes, &schema);
    }
    // What dlt loses of keys that meet is kept apart here, under names of this form; `behaviour` tests it.
    let is_dlts = |name: &String| !name.contains("__k_");
    schema.tables.retain(|name, _| is_dlts(name));
    schema.tables.values_mut().for_each(|table| table.columns.retain(|name, _| is_dlts(name)));
    rows.retain(|name, _| is_dlts(name));
    rows.values_mut().flatten().for_each(|row| row.retain(|name, _| is_dlts(name)));
    let expected = &case["expected"];
    let tables = expected["tables"].as_array().unwrap();
    let names: Vec<&str> = tables.iter().map(|table| table["name"].as_str().unwrap()).collect();
    assert_eq!(schema.tables.keys().collect::<Vec<_>>(), names, "{name}: tables");
    let ids = name_ids(&schema, &rows);
    for table in tables {
        check_table(name, table, &schema, &rows, &ids);
    }
    let propagation =
        schema.rest.get("normalizers").map(|rest| rest["json"]["config"]["propagation"].clone());
    assert_eq!(propagation.unwrap_or_default(), expected["propagation"], "{name}: propagation");
}

fn plan(run: &Value) -> LoadPlan {
    let keys = |name: &str| match &run[name] {
        Value::String(key) => vec![key.clone()],
        Value::Array(keys) => keys.iter().map(|key| key.as_str().unwrap().to_owned()).collect(),
        _ => Vec::new(),
    };
    let empty = Map::new();
    let columns = run["columns"].as_object().unwrap_or(&empty).iter().map(|(name, hint)| ColumnHint {
        name: name.clone(),
        data_type: hint["data_type"].as_str().map(|data_type| DataType::parse(data_type).unwrap()),
        nullable: hint["nullable"].as_bool(),
        hints: hint
            .as_object()
            .unwrap()
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "data_type" | "nullable"))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    });
    LoadPlan {
        write_disposition: match run["write_disposition"].as_str() {
            Some("merge") => WriteDisposition::Merge,
            _ => WriteDisposition::Append,
        },
        merge: spile_core::MergePlan::default(),
        primary_key: keys("primary_key"),
        merge_key: keys("merge_key"),
        columns: columns.collect(),
        nested_hints: Vec::new(),
        max_table_nesting: run["max_table_nesting"].as_u64().map(|levels| u32::try_from(levels).unwrap()),
        ..support::load(run["table_name"].as_str().or(run["resource"].as_str()).unwrap())
    }
}

/// The changes, applied to the schema of before, give the schema of after.
fn assert_changes(name: &str, mut before: Schema, changes: &[SchemaChange], after: &Schema) {
    let text = serde_json::to_string(changes).unwrap();
    let changes: Vec<SchemaChange> = serde_json::from_str(&text).unwrap();
    for _ in 0..2 {
        for change in &changes {
            before.apply(change);
        }
        assert_eq!(before.tables, after.tables, "{name}: changes");
    }
}

fn delete_replaced(
    rows: &mut BTreeMap<String, Rows>,
    loaded: &BTreeMap<String, Rows>,
    root: &str,
    key: &str,
) {
    let Some(stored) = rows.get_mut(root) else { return };
    let keys: Vec<&Value> = loaded[root].iter().map(|row| &row[key]).collect();
    let gone: BTreeSet<String> = stored
        .iter()
        .filter(|row| keys.contains(&&row[key]))
        .map(|row| row["_dlt_id"].as_str().unwrap().to_owned())
        .collect();
    for rows in rows.values_mut() {
        rows.retain(|row| {
            let root = row.get("_dlt_root_id").unwrap_or(&row["_dlt_id"]);
            !gone.contains(root.as_str().unwrap())
        });
    }
}

/// Names every id by where its row came from.
fn name_ids(schema: &Schema, rows: &BTreeMap<String, Rows>) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for table in schema.tables.values() {
        for (index, row) in rows.get(&table.name).into_iter().flatten().enumerate() {
            let id = row["_dlt_id"].as_str().unwrap().to_owned();
            let name = match row.get("_dlt_parent_id") {
                Some(parent) => {
                    let parent = names.get(parent.as_str().unwrap()).expect("parents come first");
                    format!("{parent}/{}[{}]", table.name, row["_dlt_list_idx"])
                }
                None => format!("{}[{index}]", table.name),
            };
            names.insert(id, name);
        }
    }
    names
}

fn check_table(
    case: &str,
    expected: &Value,
    schema: &Schema,
    rows: &BTreeMap<String, Rows>,
    ids: &BTreeMap<String, String>,
) {
    let name = expected["name"].as_str().unwrap();
    let table = &schema.tables[name];
    assert_eq!(table.parent.as_deref(), expected["parent"].as_str(), "{case}.{name}: parent");
    assert_eq!(json!(table.properties), expected["properties"], "{case}.{name}: properties");
    let columns: Vec<Value> = table.columns.values().map(column_value).collect();
    let mut expected_columns = expected["columns"].as_array().unwrap().clone();
    for column in &mut expected_columns {
        // dlt leaves out the default where a column was declared.
        column.as_object_mut().unwrap().entry("nullable").or_insert(json!(true));
    }
    let names = |columns: &[Value]| -> Vec<String> {
        columns
            .iter()
            .filter(|column| column["data_type"].is_string())
            .map(|column| column["name"].to_string())
            .collect()
    };
    assert_eq!(names(&columns), names(&expected_columns), "{case}.{name}: column order");
    for column in &columns {
        let other = expected_columns.iter().find(|other| other["name"] == column["name"]);
        assert_eq!(Some(column), other, "{case}.{name}: column");
    }
    let mut ours: Vec<BTreeMap<String, Value>> =
        rows.get(name).into_iter().flatten().map(|row| named(row, ids)).collect();
    let mut theirs: Vec<BTreeMap<String, Value>> =
        expected["rows"].as_array().unwrap().iter().map(|row| named(row.as_object().unwrap(), ids)).collect();
    let id = |row: &BTreeMap<String, Value>| row["_dlt_id"].to_string();
    ours.sort_by_key(id);
    theirs.sort_by_key(id);
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs, "{case}.{name}: row");
    }
    assert_eq!(ours.len(), theirs.len(), "{case}.{name}: row count");
}

fn column_value(column: &spile_core::ColumnSchema) -> Value {
    let mut value = json!({"name": column.name, "nullable": column.nullable});
    if let Some(data_type) = column.data_type {
        value["data_type"] = data_type.as_str().into();
    }
    for (hint, set) in &column.hints {
        value[hint] = set.clone();
    }
    value
}

/// A row without nulls, its ids named; JSON texts are compared as JSON.
fn named(row: &Map<String, Value>, ids: &BTreeMap<String, String>) -> BTreeMap<String, Value> {
    row.iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| {
            let is_id = matches!(name.as_str(), "_dlt_id" | "_dlt_parent_id" | "_dlt_root_id");
            let value = match value.as_str() {
                Some(id) if is_id => ids.get(id).map_or_else(|| value.clone(), |name| json!(name)),
                _ => value.clone(),
            };
            (name.clone(), value)
        })
        .collect()
}

#[test]
fn a_tape_is_read_like_its_text() {
    // The cases go through serde_json and back; it must not change what the tape sees.
    let text = "[1.0,1e30,-0.0,9223372036854775807]";
    let value: Value = serde_json::from_str(text).unwrap();
    let document = Document::parse(value.to_string().into_bytes()).unwrap();
    assert_eq!(format!("{:?}", document.root()), value.to_string());
}
