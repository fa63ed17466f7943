//! What a dataset of files holds: its tables by the stored schemas, their rows by reading the files.

use std::collections::BTreeMap;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use spile_core::{Result, Schema, StoredTable, TableSchema};

use super::format::Format;
use super::records::RecordName;
use super::{FilesDestination, broken, parse_record, schema_of};
use crate::dlt::VERSION_TABLE;

/// Files that are in memory at the same time while rows are counted.
const FILES_AT_ONCE: usize = 4;

/// Lists the tables of the newest schemas that have had data.
pub(super) fn tables(destination: &FilesDestination) -> Result<Vec<StoredTable>> {
    let names = destination.store.list("")?;
    let mut tables: BTreeMap<String, StoredTable> = BTreeMap::new();
    for schema in schemas(destination)? {
        for table in schema.tables.values() {
            let is_system = table.name.starts_with("_dlt");
            let prefix = if is_system {
                format!("{}/", table.name)
            } else {
                destination.location.layout.table_prefix(&schema.name, &table.name)
            };
            let files: Vec<String> = names.iter().filter(|name| name.starts_with(&prefix)).cloned().collect();
            let seen = table.properties.get("x-normalizer").is_some_and(|mark| mark["seen-data"] == true);
            if files.is_empty() && (is_system || !seen) {
                continue;
            }
            let rows = if is_system { files.len() as u64 } else { count(destination, &files)? };
            tables.insert(
                table.name.clone(),
                StoredTable { name: table.name.clone(), rows, columns: columns(table) },
            );
        }
    }
    let mut tables: Vec<StoredTable> = tables.into_values().collect();
    tables.sort_by_key(|table| table.name.starts_with("_dlt"));
    Ok(tables)
}

/// Reads the newest version of every schema.
fn schemas(destination: &FilesDestination) -> Result<Vec<Schema>> {
    let names = destination.store.list(VERSION_TABLE)?;
    let mut newest: BTreeMap<&str, (&str, &String)> = BTreeMap::new();
    for name in &names {
        if let Some(parts) = RecordName::parse(name) {
            let found = newest.entry(parts.of).or_insert((parts.moment, name));
            if parts.moment > found.0 {
                *found = (parts.moment, name);
            }
        }
    }
    let names: Vec<String> = newest.into_values().map(|(_, name)| name.clone()).collect();
    let records = destination.store.read_all(&names)?;
    names.iter().zip(records).map(|(name, bytes)| schema_of(name, &parse_record(name, &bytes)?)).collect()
}

fn columns(table: &TableSchema) -> Vec<(String, String)> {
    table
        .columns
        .values()
        .filter_map(|column| Some((column.name.clone(), column.data_type?.as_str().to_owned())))
        .collect()
}

fn count(destination: &FilesDestination, names: &[String]) -> Result<u64> {
    let mut rows = 0;
    for names in names.chunks(FILES_AT_ONCE) {
        for (name, bytes) in names.iter().zip(destination.store.read_all(names)?) {
            rows += count_rows(name, bytes)?;
        }
    }
    Ok(rows)
}

/// Counts the rows of a file. What it is shows in its name, what compressed it in its first bytes.
fn count_rows(name: &str, bytes: Vec<u8>) -> Result<u64> {
    let extension = name.strip_suffix(".gz").unwrap_or(name).rsplit('.').next().unwrap_or_default();
    if extension == Format::Parquet.as_str() {
        let reader = SerializedFileReader::new(Bytes::from(bytes))
            .map_err(|cause| broken(name, "a parquet file cannot be read").source_error(cause))?;
        return Ok(u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or_default());
    }
    let is_csv = extension == Format::Csv.as_str();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return count_lines(MultiGzDecoder::new(bytes.as_slice()), is_csv)
            .map_err(|cause| broken(name, "a compressed file cannot be read").source_error(cause));
    }
    count_lines(bytes.as_slice(), is_csv)
        .map_err(|cause| broken(name, "a file cannot be read").source_error(cause))
}

/// Counts lines; in CSV, those outside of quotes and without the header.
fn count_lines(mut source: impl std::io::Read, is_csv: bool) -> std::io::Result<u64> {
    let mut chunk = vec![0; 64 << 10];
    let (mut lines, mut quoted, mut last) = (0_u64, false, b'\n');
    loop {
        let length = source.read(&mut chunk)?;
        if length == 0 {
            break;
        }
        for byte in &chunk[..length] {
            match byte {
                b'"' if is_csv => quoted = !quoted,
                b'\n' if !quoted => lines += 1,
                _within_a_line => {}
            }
            last = *byte;
        }
    }
    // The last line of a foreign file need not be ended.
    lines += u64::from(last != b'\n');
    Ok(lines.saturating_sub(u64::from(is_csv)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted() {
        for (text, is_csv, rows) in [
            ("", false, 0),
            ("{}\n{}\n", false, 2),
            ("{}\n{\"a\":\"\\\"\"}", false, 2),
            ("\"a\"\n", true, 0),
            ("\"a\"\n\"x\ny\"\n\"q\"\"\n\"\n", true, 2),
            ("", true, 0),
        ] {
            assert_eq!(count_lines(text.as_bytes(), is_csv).unwrap(), rows, "{text}");
        }
    }
}
