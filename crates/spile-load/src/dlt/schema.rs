//! dlt's stored schema: one JSON document per version in `_dlt_version`.
//!
//! Not a migration tool: only engine version 11 is read. Keys that Spile does not interpret are kept as they are, so
//! that reading and writing a document of dlt's loses nothing.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use spile_core::{ColumnSchema, DataType, Error, ErrorKind, Result, Schema, TableSchema};

use super::SCHEMA_ENGINE_VERSION;

/// Keys of the stored document that have a field of their own in [`Schema`].
const INTERPRETED_KEYS: [&str; 6] =
    ["version", "version_hash", "engine_version", "name", "tables", "previous_hashes"];

/// Returns the stored form, keys in dlt's order.
pub fn schema_to_json(schema: &Schema) -> Value {
    let mut document = Map::new();
    document.insert("version".to_owned(), json!(schema.version));
    document.insert("version_hash".to_owned(), json!(schema.version_hash));
    document.insert("engine_version".to_owned(), json!(SCHEMA_ENGINE_VERSION));
    document.insert("name".to_owned(), json!(schema.name));
    let tables: Map<String, Value> =
        schema.tables.iter().map(|(name, table)| (name.clone(), table_to_json(table))).collect();
    document.insert("tables".to_owned(), Value::Object(tables));
    let (early, late): (Vec<_>, Vec<_>) =
        schema.rest.iter().partition(|(key, _)| matches!(key.as_str(), "settings" | "normalizers"));
    for (key, value) in early {
        document.insert(key.clone(), value.clone());
    }
    document.insert("previous_hashes".to_owned(), json!(schema.previous_hashes));
    for (key, value) in late {
        document.insert(key.clone(), value.clone());
    }
    Value::Object(document)
}

/// Reads the stored form.
pub fn schema_from_json(document: &Value) -> Result<Schema> {
    let document = document.as_object().ok_or_else(|| broken("the stored schema is not a map"))?;
    let engine_version = document.get("engine_version").and_then(Value::as_u64);
    if engine_version != Some(SCHEMA_ENGINE_VERSION) {
        let found = engine_version.map_or_else(|| "none".to_owned(), |version| version.to_string());
        return Err(broken("the stored schema has an engine version that is not supported yet")
            .with("engine_version", found)
            .with("supported", SCHEMA_ENGINE_VERSION)
            .hint("Run the pipeline once with dlt 1.31 to bring the stored schema to engine version 11."));
    }
    let name = text(document, "name").ok_or_else(|| broken("the stored schema has no name"))?;
    let mut schema = Schema::new(name);
    schema.version = document.get("version").and_then(Value::as_u64).unwrap_or_default();
    schema.version_hash = text(document, "version_hash").unwrap_or_default();
    schema.previous_hashes = strings(document.get("previous_hashes"));
    let tables = document
        .get("tables")
        .and_then(Value::as_object)
        .ok_or_else(|| broken("the stored schema has no tables"))?;
    for (name, table) in tables {
        schema.tables.insert(name.clone(), table_from_json(name, table)?);
    }
    for (key, value) in document {
        if !INTERPRETED_KEYS.contains(&key.as_str()) {
            schema.rest.insert(key.clone(), value.clone());
        }
    }
    Ok(schema)
}

fn table_to_json(table: &TableSchema) -> Value {
    let mut document = Map::new();
    document.insert("name".to_owned(), json!(table.name));
    let columns: Map<String, Value> =
        table.columns.iter().map(|(name, column)| (name.clone(), column_to_json(column))).collect();
    document.insert("columns".to_owned(), Value::Object(columns));
    if let Some(parent) = &table.parent {
        document.insert("parent".to_owned(), json!(parent));
    }
    document.extend(table.properties.iter().map(|(key, value)| (key.clone(), value.clone())));
    Value::Object(document)
}

fn column_to_json(column: &ColumnSchema) -> Value {
    let mut document = Map::new();
    document.insert("name".to_owned(), json!(column.name));
    if let Some(data_type) = column.data_type {
        document.insert("data_type".to_owned(), json!(data_type.as_str()));
    }
    document.insert("nullable".to_owned(), json!(column.nullable));
    document.extend(column.hints.iter().map(|(key, value)| (key.clone(), value.clone())));
    Value::Object(document)
}

fn table_from_json(name: &str, document: &Value) -> Result<TableSchema> {
    let document =
        document.as_object().ok_or_else(|| broken("a stored table is not a map").with("table", name))?;
    let mut table = TableSchema::new(name);
    table.parent = text(document, "parent");
    let columns = match document.get("columns") {
        None | Some(Value::Null) => &Map::new(),
        Some(Value::Object(columns)) => columns,
        Some(_) => return Err(broken("the columns of a stored table are not a map").with("table", name)),
    };
    for (column_name, column) in columns {
        let column = column_from_json(column_name, column).map_err(|error| error.with("table", name))?;
        table.columns.insert(column_name.clone(), column);
    }
    table.properties = others(document, &["name", "columns", "parent"]);
    Ok(table)
}

fn column_from_json(name: &str, document: &Value) -> Result<ColumnSchema> {
    let document =
        document.as_object().ok_or_else(|| broken("a stored column is not a map").with("column", name))?;
    let data_type = match document.get("data_type") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(DataType::parse(text).ok_or_else(|| {
            broken("a stored column has a data type that is not supported yet")
                .with("column", name)
                .with("data_type", text)
        })?),
        Some(_) => return Err(broken("the data type of a stored column is not text").with("column", name)),
    };
    Ok(ColumnSchema {
        name: name.to_owned(),
        data_type,
        nullable: document.get("nullable").and_then(Value::as_bool).unwrap_or(true),
        hints: others(document, &["name", "data_type", "nullable"]),
    })
}

/// Returns the entries under other keys than the given ones, in order.
fn others(document: &Map<String, Value>, known: &[&str]) -> IndexMap<String, Value> {
    document
        .iter()
        .filter(|(key, _)| !known.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn text(document: &Map<String, Value>, key: &str) -> Option<String> {
    document.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn broken(message: &str) -> Error {
    Error::new(ErrorKind::State, "destination/stored-schema", message)
}
