//! What dlt adds to every schema: its system tables, its settings, its normaliser block, its version.
//!
//! Only what is missing is added; a schema that dlt stored stays as it is, hash included.

use serde_json::{Map, Value, json};
use spile_core::{ColumnSchema, DataType, MergeStrategy, Schema, TableSchema};

use super::hash::schema_version_hash;

/// One row per committed load.
pub(crate) const LOADS_TABLE: &str = "_dlt_loads";
/// One row per schema version.
pub(crate) const VERSION_TABLE: &str = "_dlt_version";
/// One row per changed pipeline state.
pub(crate) const STATE_TABLE: &str = "_dlt_pipeline_state";

/// Earlier hashes that a stored schema keeps.
const PREVIOUS_HASHES_MAX: usize = 10;

/// Makes a schema ready to be stored: adds the system tables and dlt's blocks where they are missing, and when the
/// content differs from its hash, counts the version up and remembers the old hash.
pub fn finalize_schema(schema: &mut Schema) {
    for (index, table) in [version_table(), loads_table()].into_iter().enumerate() {
        if !schema.tables.contains_key(&table.name) {
            schema.tables.shift_insert(index.min(schema.tables.len()), table.name.clone(), table);
        }
    }
    schema.tables.entry(STATE_TABLE.to_owned()).or_insert_with(state_table);
    schema.rest.entry("settings".to_owned()).or_insert_with(default_settings);
    schema.rest.entry("normalizers".to_owned()).or_insert_with(default_normalizers);
    propagate_root_keys(schema);
    bump_version(schema);
}

fn bump_version(schema: &mut Schema) {
    let hash = schema_version_hash(schema);
    if schema.version_hash.is_empty() {
        schema.version = schema.version.max(1);
    } else if schema.version_hash != hash {
        schema.version += 1;
        if !schema.previous_hashes.contains(&schema.version_hash) {
            schema.previous_hashes.insert(0, schema.version_hash.clone());
            schema.previous_hashes.truncate(PREVIOUS_HASHES_MAX);
        }
    }
    schema.version_hash = hash;
}

/// Notes for dlt's normaliser which root tables hand their row key down to their children.
fn propagate_root_keys(schema: &mut Schema) {
    let roots: Vec<(String, String)> = schema
        .tables
        .values()
        .filter(|table| table.parent.is_none() && !table.name.starts_with("_dlt"))
        .filter(|table| {
            table.properties.get("write_disposition").and_then(Value::as_str) == Some("merge")
                && MergeStrategy::of_table(table).is_ok_and(MergeStrategy::needs_root_key)
                || schema.chain(&table.name).iter().any(|child| !child.columns_with("root_key").is_empty())
        })
        .map(|table| {
            let row_key = table.columns_with("row_key").first().copied().unwrap_or("_dlt_id");
            (table.name.clone(), row_key.to_owned())
        })
        .collect();
    let Some(mut block) = schema.rest.get_mut("normalizers") else { return };
    if roots.is_empty() {
        return;
    }
    for key in ["json", "config", "propagation", "tables"] {
        let Some(map) = block.as_object_mut() else { return };
        block = map.entry(key).or_insert_with(|| Value::Object(Map::new()));
    }
    let Some(tables) = block.as_object_mut() else { return };
    for (root, row_key) in roots {
        tables.entry(root).or_insert_with(|| json!({ row_key: "_dlt_root_id" }));
    }
}

fn default_settings() -> Value {
    json!({
        "detections": ["iso_timestamp"],
        "default_hints": {
            "not_null": ["_dlt_id", "_dlt_root_id", "_dlt_parent_id", "_dlt_list_idx", "_dlt_load_id"],
            "parent_key": ["_dlt_parent_id"],
            "root_key": ["_dlt_root_id"],
            "unique": ["_dlt_id"],
            "row_key": ["_dlt_id"],
        },
    })
}

fn default_normalizers() -> Value {
    json!({ "names": "snake_case", "json": { "module": "dlt.common.normalizers.json.relational" } })
}

fn version_table() -> TableSchema {
    let mut table = skipped_table(VERSION_TABLE, "Created by DLT. Tracks schema updates");
    let version = "Numeric version of the schema, incremented on each schema change";
    add(&mut table, "version", DataType::Bigint, version);
    let engine = "Version of the dlt schema engine that created this schema";
    add(&mut table, "engine_version", DataType::Bigint, engine);
    add(&mut table, "inserted_at", DataType::Timestamp, "Timestamp when this schema version was stored");
    add(&mut table, "schema_name", DataType::Text, "Name of the schema");
    let hash = "Unique hash of the schema content, used to detect changes";
    add(&mut table, "version_hash", DataType::Text, hash);
    add(&mut table, "schema", DataType::Text, "JSON representation of the complete schema definition");
    table
}

fn loads_table() -> TableSchema {
    let mut table = skipped_table(LOADS_TABLE, "Created by DLT. Tracks completed loads");
    let load_id = add(&mut table, "load_id", DataType::Text, "Unique identifier of the load operation");
    load_id.hints.shift_insert(0, "precision".to_owned(), json!(64));
    add(&mut table, "schema_name", DataType::Text, "Name of the schema associated with this load").nullable =
        true;
    add(&mut table, "status", DataType::Bigint, "Status of the load operation (0 = success)");
    add(&mut table, "inserted_at", DataType::Timestamp, "Timestamp when the load was completed");
    let hash = "Hash of the schema version used during this load";
    add(&mut table, "schema_version_hash", DataType::Text, hash).nullable = true;
    table
}

fn state_table() -> TableSchema {
    let mut table = TableSchema::new(STATE_TABLE);
    add(&mut table, "version", DataType::Bigint, "Numeric version of the pipeline state");
    add(&mut table, "engine_version", DataType::Bigint, "Version of the dlt state engine");
    add(&mut table, "pipeline_name", DataType::Text, "Name of the pipeline this state belongs to");
    add(&mut table, "state", DataType::Text, "Compressed JSON representation of the pipeline state");
    add(&mut table, "created_at", DataType::Timestamp, "Timestamp when this state was created");
    let hash = "Hash of the state content, used to detect changes";
    add(&mut table, "version_hash", DataType::Text, hash).nullable = true;
    let load_id = "Load identifier linking this row to its load operation";
    add(&mut table, "_dlt_load_id", DataType::Text, load_id).hints.shift_insert(
        0,
        "precision".to_owned(),
        json!(64),
    );
    table.add(ColumnSchema::new("_dlt_id", DataType::Text).not_null().hint("unique").hint("row_key"));
    for (key, value) in [
        ("write_disposition", json!("append")),
        ("file_format", json!("preferred")),
        ("resource", json!(STATE_TABLE)),
        ("x-normalizer", json!({ "seen-data": true })),
    ] {
        table.properties.insert(key.to_owned(), value);
    }
    table
}

/// Makes a table that no data stage writes; the destination itself does.
fn skipped_table(name: &str, description: &str) -> TableSchema {
    let mut table = TableSchema::new(name);
    for (key, value) in [("write_disposition", "skip"), ("resource", name), ("description", description)] {
        table.properties.insert(key.to_owned(), json!(value));
    }
    table
}

/// Adds a described NOT NULL column and returns it.
fn add<'a>(
    table: &'a mut TableSchema,
    name: &str,
    data_type: DataType,
    description: &str,
) -> &'a mut ColumnSchema {
    let mut column = ColumnSchema::new(name, data_type).not_null();
    column.hints.insert("description".to_owned(), json!(description));
    table.columns.entry(name.to_owned()).insert_entry(column).into_mut()
}
