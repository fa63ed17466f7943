//! One package as files, in the order that makes it safe.
//!
//! Rows, schema version, state, load record; only then are files removed that a `replace` takes the place of, so that
//! readers never see less than before. Invariant: stopping anywhere and starting again ends in the same files.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;
use spile_core::{
    Clearing, Error, ErrorKind, Receipt, Result, Schema, SealedPackage, SegmentFile, TableSchema,
    WriteDisposition,
};

use super::format::{FileWriter, Format};
use super::layout::FileName;
use super::records::{self, RecordName};
use super::{FilesDestination, newest_first};
use crate::dlt::{LOADS_TABLE, STATE_TABLE, VERSION_TABLE, digest_text, finalize_schema, reconcile};
use crate::segments::{self, check_addressed, unreadable};
use crate::sql::connection::staged_column;
use crate::sql::{newest_to_keep, segments_by_table};

/// A file is ended at this size, which bounds the memory of a load.
const FILE_BYTES: usize = 64 << 20;
/// States of a pipeline that are kept, as in dlt.
const STATES_MAX: usize = 100;

/// Writes a package, or finishes writing it.
pub(super) fn write_package(destination: &FilesDestination, package: &SealedPackage) -> Result<Receipt> {
    check_addressed(package, &destination.dataset, destination.read_only)?;
    let load_id = &package.manifest.load_id;
    let newest = destination.newest_schema(&package.schema.name)?;
    let clearing = &package.manifest.clearing;
    let mut schema = reconcile(package.schema.clone(), newest_to_keep(newest, clearing));
    finalize_schema(&mut schema);
    let tables = tables_of(package, &schema)?;
    let loads = destination.store.list(LOADS_TABLE)?;
    let done = destination.is_done(&loads, load_id)?;
    let writer = Writer { destination, package, schema: &schema, gz: initialize(destination, done)? };
    let mut replaced = BTreeSet::new();
    for load in &tables {
        let existing = writer.existing(&load.table.name)?;
        let names = writer.names(load)?;
        // What an earlier try wrote is ours whatever its format was.
        let (ours, others): (Vec<String>, Vec<String>) =
            existing.into_iter().partition(|name| writer.is_ours(load, name));
        if load.replace || is_cleared(clearing, &load.table.name) {
            replaced.extend(others);
        }
        if !done {
            let stale: Vec<String> = ours.into_iter().filter(|name| !names.contains(name)).collect();
            destination.store.remove(&stale)?;
            writer.rows(load, &names).map_err(|error| error.with("table", &load.table.name))?;
        }
    }
    for table in clearing.dropped.iter().chain(&clearing.emptied) {
        if !tables.iter().any(|load| load.table.name == *table) {
            replaced.extend(writer.existing(table)?);
        }
    }
    if !clearing.dropped.is_empty() {
        replaced.extend(other_versions(destination, &schema)?);
    }
    if !done {
        writer.records()?;
    }
    // A newer load has removed what it replaced itself; its own files are none of ours.
    if !done || !loads.iter().filter_map(|name| records::load_of(name)).any(|other| is_newer(other, load_id))
    {
        destination.store.remove(&replaced.into_iter().collect::<Vec<_>>())?;
    }
    remove_old_states(destination, &package.manifest.pipeline)?;
    let rows = tables
        .iter()
        .filter(|load| !load.segments.is_empty())
        .map(|load| (load.table.name.clone(), load.segments.iter().map(|segment| segment.rows).sum()))
        .collect();
    Ok(Receipt { load_id: load_id.clone(), rows })
}

/// Returns whether a refresh takes the files of a table away.
fn is_cleared(clearing: &Clearing, table: &str) -> bool {
    clearing.dropped.iter().chain(&clearing.emptied).any(|cleared| cleared == table)
}

/// Returns the records of the other versions of a schema.
fn other_versions(destination: &FilesDestination, schema: &Schema) -> Result<Vec<String>> {
    let mut names = destination.store.list(VERSION_TABLE)?;
    names.retain(|name| {
        RecordName::parse(name).is_some_and(|record| record.of == schema.name && !record.is_version(schema))
    });
    Ok(names)
}

/// Marks a new dataset; returns whether compressed files say so by `.gz`.
fn initialize(destination: &FilesDestination, done: bool) -> Result<bool> {
    match destination.store.read(records::INIT)? {
        Some(init) => records::marks_compression(&init),
        None if done => Ok(true),
        None => destination.store.write(records::INIT, records::init().into_bytes()).map(|()| true),
    }
}

fn is_newer(load_id: &str, than: &str) -> bool {
    match (load_id.parse::<f64>(), than.parse::<f64>()) {
        (Ok(load_id), Ok(than)) => load_id > than,
        _not_numbers => load_id > than,
    }
}

/// What a package does to one table; no table is in a package twice.
struct FileLoad<'a> {
    table: &'a TableSchema,
    root: &'a TableSchema,
    segments: Vec<&'a SegmentFile>,
    replace: bool,
}

/// Returns the tables that a package writes or empties.
fn tables_of<'a>(package: &'a SealedPackage, schema: &'a Schema) -> Result<Vec<FileLoad<'a>>> {
    let mut loads = Vec::new();
    for load in &package.manifest.tables {
        let mut staged = segments_by_table(schema, load)?;
        let replace = load.write_disposition == WriteDisposition::Replace;
        for table in schema.chain(&load.root) {
            let position = staged.iter().position(|(staged, _)| staged.name == table.name);
            let segments = position.map(|position| staged.swap_remove(position).1).unwrap_or_default();
            if let Some(format @ ("delta" | "iceberg")) =
                table.properties.get("table_format").and_then(Value::as_str)
            {
                return Err(Error::new(
                    ErrorKind::Config,
                    "destination/table-format",
                    "a table has a format that is not supported yet",
                )
                .with("table", &table.name)
                .with("table_format", format)
                .hint("Load into another dataset; dlt keeps this table as an open table, which plain files would break."));
            }
            if replace || !segments.is_empty() {
                let root = schema.tables.get(&load.root).unwrap_or(table);
                loads.push(FileLoad { table, root, segments, replace });
            }
        }
    }
    Ok(loads)
}

struct Writer<'a> {
    destination: &'a FilesDestination,
    package: &'a SealedPackage,
    schema: &'a Schema,
    /// Whether compressed files say so by `.gz`.
    gz: bool,
}

impl Writer<'_> {
    /// Returns the files of a table.
    fn existing(&self, table: &str) -> Result<Vec<String>> {
        let prefix = self.destination.location.layout.table_prefix(&self.schema.name, table);
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut names = self.destination.store.list(folder)?;
        names.retain(|name| name.starts_with(&prefix));
        Ok(names)
    }

    fn format(&self, load: &FileLoad<'_>) -> Format {
        let stored = load.root.properties.get("file_format").and_then(Value::as_str);
        self.destination.location.format.or_else(|| stored.and_then(Format::parse)).unwrap_or(Format::Jsonl)
    }

    /// Returns the names that the files of a table can get: there are at most as many as segments.
    fn names(&self, load: &FileLoad<'_>) -> Result<Vec<String>> {
        let format = self.format(load);
        let compressed = self.destination.location.compress && format.is_text();
        let suffix = if compressed && self.gz { ".gz" } else { "" };
        let extension = format!("{}{suffix}", format.as_str());
        (0..load.segments.len())
            .map(|index| {
                self.destination.location.layout.path(&FileName {
                    schema: &self.schema.name,
                    table: &load.table.name,
                    load_id: &self.package.manifest.load_id,
                    file_id: &self.file_id(load.table, index),
                    extension: &extension,
                })
            })
            .collect()
    }

    /// Returns digits that are the same for every try and that no other file has.
    fn file_id(&self, table: &TableSchema, index: usize) -> String {
        let seed =
            format!("{}\n{}\n{}", self.package.manifest.load_id, self.package.manifest.pipeline, table.name);
        let digest = STANDARD.decode(digest_text(seed.as_bytes())).expect("a digest is base64");
        format!("{}{index:04x}", records::digits(&digest[..6]))
    }

    /// Returns whether a file has rows of this package, in whatever format.
    fn is_ours(&self, load: &FileLoad<'_>, name: &str) -> bool {
        (0..load.segments.len()).any(|index| name.contains(&self.file_id(load.table, index)))
    }

    /// Writes the rows of a table.
    fn rows(&self, load: &FileLoad<'_>, names: &[String]) -> Result<()> {
        let store = &self.destination.store;
        let (format, compress) = (self.format(load), self.destination.location.compress);
        let mut names = names.iter();
        let mut file: Option<FileWriter<'_>> = None;
        for (index, segment) in load.segments.iter().enumerate() {
            let reader = segments::open(&self.package.folder, segment)?;
            for field in reader.schema().fields() {
                staged_column(load.table, field.name())?;
            }
            let mut writer = match file.take() {
                Some(writer) => writer,
                None => FileWriter::new(format, compress, load.table)?,
            };
            for batch in reader.build().map_err(unreadable)? {
                writer.write(&batch.map_err(unreadable)?)?;
            }
            if writer.len() < FILE_BYTES && index + 1 < load.segments.len() {
                file = Some(writer);
                continue;
            }
            let name = names.next().expect("there is a name for every segment");
            store.write(name, writer.finish()?)?;
        }
        Ok(())
    }

    /// Writes schema version, state and, last, the load record.
    fn records(&self) -> Result<()> {
        let (store, manifest) = (&self.destination.store, &self.package.manifest);
        let versions = store.list(VERSION_TABLE)?;
        let is_stored =
            |name: &String| RecordName::parse(name).is_some_and(|name| name.is_version(self.schema));
        let now = Timestamp::now();
        if !versions.iter().any(is_stored) {
            let record = records::version_record(self.schema, now);
            store.write(&records::version_name(self.schema, now), record.into_bytes())?;
        }
        if let Some(state) = &manifest.state {
            let name = records::state_name(&manifest.pipeline, &manifest.load_id, self.schema);
            let record = records::state_record(&manifest.pipeline, &manifest.load_id, state, now);
            store.write(&name, record.into_bytes())?;
        }
        let record = records::load_record(&manifest.load_id, self.schema, now);
        store.write(&records::load_name(&self.schema.name, &manifest.load_id), record.into_bytes())
    }
}

/// Removes states that no restore looks at any more.
fn remove_old_states(destination: &FilesDestination, pipeline: &str) -> Result<()> {
    let names = destination.store.list(STATE_TABLE)?;
    let old: Vec<String> =
        newest_first(&names, pipeline).into_iter().skip(STATES_MAX).map(str::to_owned).collect();
    destination.store.remove(&old)
}
