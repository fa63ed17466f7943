//! Statements about dlt's system tables and the catalogue.

use serde_json::Value;
use spile_core::{Result, Schema, SealedPackage, TableSchema};

use crate::dlt::{
    LOADS_TABLE, SCHEMA_ENGINE_VERSION, STATE_ENGINE_VERSION, STATE_TABLE, VERSION_TABLE, digest_text,
    encode_state, schema_to_json, state_version_hash,
};

use super::commit::key_column;
use super::dialect::SqlDialect;
use super::identifier::{Identifier, Literal, TableName, name_list};

/// Returns the query for the newest stored schema.
pub(crate) fn newest_schema(dataset: &str, schema_name: &str) -> String {
    format!(
        "SELECT \"schema\" FROM {} WHERE schema_name = {} ORDER BY inserted_at DESC, \"version\" DESC LIMIT 1",
        TableName::new(dataset, VERSION_TABLE),
        Literal(schema_name)
    )
}

/// Returns the query for the newest state of a pipeline whose load was committed. Load ids are compared as text, as
/// dlt does.
pub(crate) fn newest_state(dataset: &str, pipeline: &str) -> String {
    format!(
        "SELECT s.state FROM {} AS s JOIN {} AS l ON l.load_id = s._dlt_load_id \
         WHERE s.pipeline_name = {} AND l.status = 0 ORDER BY l.load_id DESC, s.\"version\" DESC LIMIT 1",
        TableName::new(dataset, STATE_TABLE),
        TableName::new(dataset, LOADS_TABLE),
        Literal(pipeline)
    )
}

/// Returns the query that yields a row if a load is committed.
pub(crate) fn find_load(dataset: &str, load_id: &str) -> String {
    let loads = TableName::new(dataset, LOADS_TABLE);
    format!("SELECT 1 FROM {loads} WHERE load_id = {} AND status = 0 LIMIT 1", Literal(load_id))
}

/// Returns the query for all loads, oldest first.
pub(crate) fn loads(dialect: &dyn SqlDialect, dataset: &str) -> String {
    format!(
        "SELECT load_id, schema_name, status, {} FROM {} ORDER BY inserted_at, load_id",
        dialect.epoch_micros("inserted_at"),
        TableName::new(dataset, LOADS_TABLE)
    )
}

/// Returns the statement that stores a schema version unless it is there.
pub(crate) fn insert_version(dataset: &str, schema: &Schema) -> String {
    let versions = TableName::new(dataset, VERSION_TABLE);
    let columns = ["version", "engine_version", "inserted_at", "schema_name", "version_hash", "schema"];
    let (name, hash) = (Literal(&schema.name), Literal(&schema.version_hash));
    format!(
        "INSERT INTO {versions} ({}) SELECT {}, {SCHEMA_ENGINE_VERSION}, now(), {name}, {hash}, {} \
         WHERE NOT EXISTS (SELECT 1 FROM {versions} WHERE schema_name = {name} AND version_hash = {hash})",
        name_list("", columns),
        schema.version,
        Literal(&schema_to_json(schema).to_string())
    )
}

/// Returns the statement that stores a pipeline state. The row key follows from the load, so that a package gives the
/// same row however often it is tried.
pub(crate) fn insert_state(dataset: &str, package: &SealedPackage, state: &Value) -> String {
    let manifest = &package.manifest;
    let number = |key: &str| state.get(key).and_then(Value::as_i64);
    let row_key = digest_text(format!("{}\n{}", manifest.load_id, manifest.pipeline).as_bytes());
    let columns = [
        "version",
        "engine_version",
        "pipeline_name",
        "state",
        "created_at",
        "version_hash",
        "_dlt_load_id",
        "_dlt_id",
    ];
    format!(
        "INSERT INTO {} ({}) VALUES ({}, {}, {}, {}, now(), {}, {}, {})",
        TableName::new(dataset, STATE_TABLE),
        name_list("", columns),
        number("_state_version").unwrap_or(1),
        number("_state_engine_version").unwrap_or(STATE_ENGINE_VERSION),
        Literal(&manifest.pipeline),
        Literal(&encode_state(state)),
        Literal(&state_version_hash(state)),
        Literal(&manifest.load_id),
        Literal(&row_key[..14])
    )
}

/// Returns the statement that marks a load as done.
pub(crate) fn insert_load(dataset: &str, load_id: &str, schema: &Schema) -> String {
    let columns = ["load_id", "schema_name", "status", "inserted_at", "schema_version_hash"];
    format!(
        "INSERT INTO {} ({}) VALUES ({}, {}, 0, now(), {})",
        TableName::new(dataset, LOADS_TABLE),
        name_list("", columns),
        Literal(load_id),
        Literal(&schema.name),
        Literal(&schema.version_hash)
    )
}

/// Returns the query for the number of rows of a table that a load brought, by the load id of their root.
pub(crate) fn count_loaded(
    dataset: &str,
    schema: &Schema,
    root: &TableSchema,
    table: &TableSchema,
    load_id: &str,
) -> Result<String> {
    let condition = is_loaded(dataset, schema, root, table, load_id)?;
    Ok(format!("SELECT COUNT(*) FROM {} WHERE {condition}", TableName::new(dataset, &table.name)))
}

/// Returns the condition that a row came with a load: by its root, or from parent to parent where it does not know its root.
fn is_loaded(
    dataset: &str,
    schema: &Schema,
    root: &TableSchema,
    table: &TableSchema,
    load_id: &str,
) -> Result<String> {
    if table.name == root.name {
        return Ok(format!("_dlt_load_id = {}", Literal(load_id)));
    }
    let parent = table.parent.as_ref().and_then(|parent| schema.tables.get(parent));
    let (key, of) = match (table.columns_with("root_key").first(), parent) {
        (None, Some(parent)) => (key_column(table, "parent_key")?, parent),
        _by_root => (key_column(table, "root_key")?, root),
    };
    let row_key = match of.columns_with("row_key").first() {
        Some(row_key) => row_key,
        None => key_column(of, "x-row-version")?,
    };
    Ok(format!(
        "{} IN (SELECT {} FROM {} WHERE {})",
        Identifier::new(key),
        Identifier::new(row_key),
        TableName::new(dataset, &of.name),
        is_loaded(dataset, schema, root, of, load_id)?
    ))
}
