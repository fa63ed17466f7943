//! Files: a folder or a bucket of an S3-compatible store, one folder per dataset.
//!
//! The location is a URL, `file:///folder` or `s3://bucket/prefix`, with options in its query. Files are JSON lines,
//! Parquet or CSV, where dlt's layout puts them.
//!
//! dlt's counterpart is `dlt.destinations.filesystem`. There are no transactions, so the order of writes is what makes a
//! load safe: rows, schema version, state, and last the load record. Rows without a load record are of a load that is
//! not done. Every name follows from the package, so trying again writes the same files. Known differences: `replace`
//! removes the old files after the load record is there (dlt: before it writes); a layout needs `{file_id}`.

mod format;
mod layout;
mod location;
mod read;
mod records;
mod store;
mod text;
mod write;

use serde_json::Value;
use spile_core::{
    Capabilities, Destination, DestinationPlan, Error, ErrorKind, FieldDoc, IdentifierRules, Receipt, Result,
    Schema, SealedPackage, Stored, StoredLoad, StoredTable,
};

use self::location::Location;
use self::records::RecordName;
use self::store::Store;
pub use self::store::memory_files;
use crate::dlt::{LOADS_TABLE, STATE_TABLE, VERSION_TABLE, decode_document, decode_state, schema_from_json};
use crate::open::{DestinationDef, OpenOptions};

/// The row of the destinations table.
pub(super) const DEFINITION: DestinationDef = DestinationDef {
    name: "filesystem",
    aliases: &["file", "s3"],
    dlt_name: "filesystem",
    summary: "Files in a folder or in an S3-compatible bucket, one folder per dataset.",
    fields: location::FIELDS,
    open,
};

/// The same over the memory of the process.
pub(super) const MEMORY: DestinationDef = DestinationDef {
    name: "memory",
    aliases: &[],
    dlt_name: "filesystem",
    summary: "Files in the memory of this process, gone at its end: for tests and dry runs.",
    fields: &[FieldDoc {
        name: "url",
        shape: "string",
        default: "",
        summary: "memory://name, with the options of `filesystem`.",
    }],
    open,
};

/// Longest name, as in dlt.
const IDENTIFIER_LENGTH_MAX: usize = 65536;

fn open(plan: &DestinationPlan, options: &OpenOptions) -> Result<Box<dyn Destination>> {
    let location = Location::parse(plan.location.expose())?;
    let store = Store::open(&location, &options.dataset)?;
    store.check()?;
    let name = if plan.kind == MEMORY.name { MEMORY.name } else { DEFINITION.name };
    Ok(Box::new(FilesDestination {
        name,
        location,
        store,
        dataset: options.dataset.clone(),
        read_only: options.read_only,
    }))
}

/// One dataset as files.
struct FilesDestination {
    name: &'static str,
    location: Location,
    store: Store,
    dataset: String,
    read_only: bool,
}

impl FilesDestination {
    /// Reads a record, which is one JSON object.
    fn record(&self, name: &str) -> Result<Option<Value>> {
        let Some(bytes) = self.store.read(name)? else { return Ok(None) };
        parse_record(name, &bytes).map(Some)
    }

    /// Returns the newest version of a schema.
    fn newest_schema(&self, schema_name: &str) -> Result<Option<Schema>> {
        let names = self.store.list(VERSION_TABLE)?;
        let Some(name) = newest_first(&names, schema_name).first().copied() else { return Ok(None) };
        let Some(record) = self.record(name)? else { return Ok(None) };
        schema_of(name, &record).map(Some)
    }

    /// Returns the newest state of a pipeline whose load is done.
    fn newest_state(&self, pipeline: &str) -> Result<Option<Value>> {
        let names = self.store.list(STATE_TABLE)?;
        let loads = self.store.list(LOADS_TABLE)?;
        for name in newest_first(&names, pipeline) {
            let load_id = RecordName::parse(name).map(|name| name.moment).unwrap_or_default();
            if !self.is_done(&loads, load_id)? {
                continue;
            }
            if let Some(record) = self.record(name)? {
                return Ok(Some(decode_state(text_of(name, &record, "state")?)?));
            }
        }
        Ok(None)
    }

    /// Returns whether one of the load records says that a load is done.
    fn is_done(&self, loads: &[String], load_id: &str) -> Result<bool> {
        for name in loads.iter().filter(|name| records::load_of(name) == Some(load_id)) {
            if self.record(name)?.is_some_and(|record| record["status"] == 0) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Destination for FilesDestination {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: self.name,
            identifiers: IdentifierRules {
                length_max: IDENTIFIER_LENGTH_MAX,
                bytes_max: None,
                is_case_sensitive: true,
            },
            transactional: false,
            merges: false,
            integer_bits: &[],
        }
    }

    fn location(&self) -> String {
        self.location.shown.clone()
    }

    fn restore(&mut self, pipeline: &str, schema_name: &str) -> Result<Stored> {
        Ok(Stored { schema: self.newest_schema(schema_name)?, state: self.newest_state(pipeline)? })
    }

    fn committed(&mut self, load_id: &str) -> Result<bool> {
        self.is_done(&self.store.list(LOADS_TABLE)?, load_id)
    }

    fn commit(&mut self, package: &SealedPackage) -> Result<Receipt> {
        let load_id = &package.manifest.load_id;
        write::write_package(self, package).map_err(|error| error.with("load_id", load_id))
    }

    fn tables(&mut self) -> Result<Vec<StoredTable>> {
        read::tables(self)
    }

    fn loads(&mut self) -> Result<Vec<StoredLoad>> {
        let names = self.store.list(LOADS_TABLE)?;
        let mut loads = Vec::new();
        for (name, bytes) in names.iter().zip(self.store.read_all(&names)?) {
            let record = parse_record(name, &bytes)?;
            let inserted_at = text_of(name, &record, "inserted_at")?;
            let inserted_at: jiff::Timestamp = inserted_at
                .parse()
                .map_err(|cause| broken(name, "the time of a load is not a time").source_error(cause))?;
            loads.push(StoredLoad {
                load_id: text_of(name, &record, "load_id")?.to_owned(),
                schema_name: record["schema_name"].as_str().unwrap_or_default().to_owned(),
                status: record["status"]
                    .as_i64()
                    .ok_or_else(|| broken(name, "the status of a load is not a number"))?,
                inserted_at: inserted_at.to_string(),
            });
        }
        loads.sort_by(|a, b| (&a.inserted_at, &a.load_id).cmp(&(&b.inserted_at, &b.load_id)));
        Ok(loads)
    }
}

/// Returns the records of a schema or pipeline, newest first. Moments are compared as text, as dlt does.
fn newest_first<'n>(names: &'n [String], of: &str) -> Vec<&'n str> {
    let mut found: Vec<(&str, &str)> = names
        .iter()
        .filter_map(|name| Some((RecordName::parse(name)?, name.as_str())))
        .filter(|(parts, _)| parts.of == of)
        .map(|(parts, name)| (parts.moment, name))
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, name)| name).collect()
}

fn parse_record(name: &str, bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes)
        .map_err(|cause| broken(name, "a record of dlt's is not JSON").source_error(cause))
}

fn schema_of(name: &str, record: &Value) -> Result<Schema> {
    schema_from_json(&decode_document(text_of(name, record, "schema")?, "destination/stored-schema")?)
}

fn text_of<'r>(name: &str, record: &'r Value, key: &str) -> Result<&'r str> {
    record
        .get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| broken(name, "a record of dlt's lacks a text").with("key", key))
}

fn broken(name: &str, message: &str) -> Error {
    Error::new(ErrorKind::State, "destination/record", message).with("file", name)
}
