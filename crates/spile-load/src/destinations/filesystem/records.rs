//! dlt's own files in a dataset of files: `init`, `_dlt_loads`, `_dlt_version`, `_dlt_pipeline_state`.
//!
//! Pure: names and texts. Invariant: what is written here is found and read by dlt 1.31.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use spile_core::{Error, ErrorKind, Result, Schema};

use crate::cells::push_timestamp;
use crate::dlt::{
    LOADS_TABLE, SCHEMA_ENGINE_VERSION, STATE_ENGINE_VERSION, STATE_TABLE, VERSION_TABLE, encode_state,
    schema_to_json, state_version_hash,
};

/// The file that marks a dataset.
pub(super) const INIT: &str = "init";
/// dlt's version of the storage.
const STORAGE_VERSION: u64 = 2;
/// What joins the parts of a name.
const SEPARATOR: &str = "__";

/// Returns what a new dataset is marked with.
pub(super) fn init() -> String {
    json!({ "initial_version": STORAGE_VERSION, "current_version": STORAGE_VERSION }).to_string()
}

/// Returns whether files that are compressed say so by `.gz`; those of the first version of the storage do not.
pub(super) fn marks_compression(init: &[u8]) -> Result<bool> {
    if init.trim_ascii().is_empty() {
        return Ok(false);
    }
    let document: Option<Value> = serde_json::from_slice(init).ok();
    let version =
        |key: &str| document.as_ref().and_then(|document| document.get(key)).and_then(Value::as_u64);
    match (version("initial_version"), version("current_version")) {
        (Some(initial @ 1..=STORAGE_VERSION), Some(1..=STORAGE_VERSION)) => Ok(initial > 1),
        (initial, current) => {
            let shown =
                |version: Option<u64>| version.map_or_else(|| "none".to_owned(), |found| found.to_string());
            Err(Error::new(
                ErrorKind::State,
                "destination/storage-version",
                "the init file of the dataset has a version that is not supported yet",
            )
            .with("initial_version", shown(initial))
            .with("current_version", shown(current))
            .hint("Use another dataset, or load into this one with the version of dlt that made it."))
        }
    }
}

/// Returns the name of a load record.
pub(super) fn load_name(schema: &str, load_id: &str) -> String {
    format!("{LOADS_TABLE}/{schema}{SEPARATOR}{load_id}.jsonl")
}

/// Returns a load record.
pub(super) fn load_record(load_id: &str, schema: &Schema, now: Timestamp) -> String {
    json!({
        "load_id": load_id,
        "schema_name": schema.name,
        "status": 0,
        "inserted_at": time(now),
        "schema_version_hash": schema.version_hash,
    })
    .to_string()
}

/// Returns the load id in the name of a load record.
pub(super) fn load_of(name: &str) -> Option<&str> {
    let (_, load_id) = stem(name)?.rsplit_once(SEPARATOR)?;
    Some(load_id)
}

/// Returns the name of a schema version; of several versions of a schema the one with the latest moment counts.
pub(super) fn version_name(schema: &Schema, now: Timestamp) -> String {
    let moment = format!("{}.{:06}", now.as_second(), now.subsec_microsecond());
    format!(
        "{VERSION_TABLE}/{}{SEPARATOR}{moment}{SEPARATOR}{}.jsonl",
        schema.name,
        hex(&schema.version_hash)
    )
}

/// Returns a schema version.
pub(super) fn version_record(schema: &Schema, now: Timestamp) -> String {
    json!({
        "version_hash": schema.version_hash,
        "schema_name": schema.name,
        "version": schema.version,
        "engine_version": SCHEMA_ENGINE_VERSION,
        "inserted_at": time(now),
        "schema": schema_to_json(schema).to_string(),
    })
    .to_string()
}

/// Returns the name of a pipeline state.
pub(super) fn state_name(pipeline: &str, load_id: &str, schema: &Schema) -> String {
    format!("{STATE_TABLE}/{pipeline}{SEPARATOR}{load_id}{SEPARATOR}{}.jsonl", hex(&schema.version_hash))
}

/// Returns a pipeline state.
pub(super) fn state_record(pipeline: &str, load_id: &str, state: &Value, now: Timestamp) -> String {
    let number = |key: &str| state.get(key).and_then(Value::as_i64);
    json!({
        "version": number("_state_version").unwrap_or(1),
        "engine_version": number("_state_engine_version").unwrap_or(STATE_ENGINE_VERSION),
        "pipeline_name": pipeline,
        "state": encode_state(state),
        "created_at": time(now),
        "version_hash": state_version_hash(state),
        "_dlt_load_id": load_id,
    })
    .to_string()
}

/// The parts of the name of a schema version or a state.
pub(super) struct RecordName<'a> {
    /// The schema or the pipeline.
    pub(super) of: &'a str,
    /// The load id of a state, the moment of a schema version.
    pub(super) moment: &'a str,
    /// The schema's hash, as hexadecimal digits.
    pub(super) hash: &'a str,
}

impl<'a> RecordName<'a> {
    /// Takes a name apart; `None`: dlt would not take it for one either.
    pub(super) fn parse(name: &'a str) -> Option<Self> {
        let mut parts = stem(name)?.rsplitn(3, SEPARATOR);
        let (hash, moment, of) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { of, moment, hash })
    }

    /// Returns whether it names this version of a schema.
    pub(super) fn is_version(&self, schema: &Schema) -> bool {
        self.of == schema.name && self.hash == hex(&schema.version_hash)
    }
}

/// Returns the file's name without folder and extension.
fn stem(name: &str) -> Option<&str> {
    name.rsplit('/').next()?.strip_suffix(".jsonl")
}

/// Returns a hash for a file's name; base64 has slashes.
fn hex(hash: &str) -> String {
    digits(&STANDARD.decode(hash).unwrap_or_else(|_| hash.as_bytes().to_vec()))
}

/// Returns bytes as hexadecimal digits.
pub(super) fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        digits.push(char::from_digit(u32::from(byte >> 4), 16).expect("four bits are a digit"));
        digits.push(char::from_digit(u32::from(byte & 15), 16).expect("four bits are a digit"));
        digits
    })
}

fn time(now: Timestamp) -> String {
    let mut text = String::new();
    push_timestamp(&mut text, now.as_microsecond(), 'T')
        .expect("a timestamp is within the years of the calendar");
    text.push_str("+00:00");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart() {
        let name = RecordName::parse("_dlt_version/a__b__1700000000.5__0aff.jsonl").unwrap();
        assert_eq!((name.of, name.moment, name.hash), ("a__b", "1700000000.5", "0aff"));
        assert!(RecordName::parse("_dlt_version/init").is_none());
        assert_eq!(load_of("_dlt_loads/a__b__1.5.jsonl"), Some("1.5"));
        assert_eq!(hex("AP8="), "00ff");
    }

    #[test]
    fn storage_versions() {
        assert!(marks_compression(init().as_bytes()).unwrap());
        assert!(!marks_compression(b"\n").unwrap());
        assert!(!marks_compression(br#"{"initial_version": 1, "current_version": 2}"#).unwrap());
        for broken in [&br#"{"initial_version": 2, "current_version": 3}"#[..], b"x", b"{}"] {
            assert_eq!(marks_compression(broken).unwrap_err().code(), "destination/storage-version");
        }
    }
}
