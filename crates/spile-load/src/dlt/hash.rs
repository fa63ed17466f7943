//! dlt's content hashes.
//!
//! Both are SHA3-256 over compact JSON with sorted keys, as standard base64. A schema's hash also covers the order of
//! its columns, which sorted JSON cannot show.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha3::{Digest as _, Sha3_256};
use spile_core::Schema;

use super::schema::schema_to_json;

/// Returns dlt's `version_hash` of a schema; version, hashes and history do not take part.
pub fn schema_version_hash(schema: &Schema) -> String {
    let document = schema_to_json(schema);
    let content =
        sorted_without(&document, &["version", "version_hash", "imported_version_hash", "previous_hashes"]);
    let mut hasher = Sha3_256::new();
    hasher.update(content.to_string().as_bytes());
    let mut tables: Vec<_> = schema.tables.iter().collect();
    tables.sort_by_key(|(name, _)| name.as_str());
    for (name, table) in tables {
        hasher.update(name.as_bytes());
        for column in table.columns.keys() {
            hasher.update(column.as_bytes());
        }
    }
    STANDARD.encode(hasher.finalize())
}

/// Returns dlt's `_version_hash` of a pipeline state; versions and local values do not take part.
pub fn state_version_hash(state: &Value) -> String {
    let content =
        sorted_without(state, &["_local", "_state_version", "_state_engine_version", "_version_hash"]);
    digest_text(content.to_string().as_bytes())
}

/// Returns the SHA3-256 of bytes as standard base64.
pub(crate) fn digest_text(bytes: &[u8]) -> String {
    STANDARD.encode(Sha3_256::digest(bytes))
}

/// Returns the document without some of its top keys and with the keys of every map sorted.
fn sorted_without(document: &Value, left_out: &[&str]) -> Value {
    let mut content = document.clone();
    if let Some(map) = content.as_object_mut() {
        map.retain(|key, _| !left_out.contains(&key.as_str()));
    }
    content.sort_all_objects();
    content
}
