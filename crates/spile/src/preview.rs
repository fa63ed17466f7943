//! A look at what a config gives: a page of each resource goes through the line up to the batches, and no further.
//!
//! Nothing is loaded, no state is read or written, and the work happens in a folder that goes away: what is shown is how a
//! first run would begin.

use std::fs::File;
use std::iter::repeat_n;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array as _, ArrayRef};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;
use spile_core::{
    DataType, Error, ErrorKind, IdentifierRules, Naming, Observer, Plan, Result, RunReport, Stored,
    TableSchema,
};
use spile_extract::Watch;

use crate::environment::RunOptions;
use crate::reporting;
use crate::run::{Line, StagedLoad};
use crate::schema_files::Import;
use crate::workdir::Workdir;

/// Names of tables and columns that are shown; destinations with smaller limits shorten them.
const IDENTIFIERS: IdentifierRules =
    IdentifierRules { length_max: 255, bytes_max: None, is_case_sensitive: true };

/// What was seen.
#[derive(Debug)]
pub struct Preview {
    /// What was read of each resource, and what there is to warn of.
    pub report: RunReport,
    /// The tables that the rows would enter, with their first rows.
    pub tables: Vec<PreviewTable>,
}

/// A table as a first run would make it.
#[derive(Debug, Serialize)]
pub struct PreviewTable {
    /// Its name.
    pub name: String,
    /// Rows of the previewed pages.
    pub rows: u64,
    /// Its columns, in order.
    pub columns: Vec<PreviewColumn>,
}

/// A column with the values of the first rows.
#[derive(Debug, Serialize)]
pub struct PreviewColumn {
    /// Its name.
    pub name: String,
    /// dlt's type; `None`: no value has been seen yet, and the column would not be made.
    pub data_type: Option<&'static str>,
    /// The values of the first rows; `None` is NULL.
    pub values: Vec<Option<String>>,
}

/// Fetches what the plan's page limit allows and returns the first `rows` rows of each table. `watch` is told of every
/// request and its answer as they come, so that it has them when the preview fails.
pub fn preview(
    plan: &Plan,
    options: &RunOptions,
    rows: usize,
    observer: &Arc<dyn Observer>,
    watch: &Arc<Watch>,
) -> Result<Preview> {
    let folder = tempfile::tempdir().map_err(|error| {
        Error::new(ErrorKind::State, "state/io", "could not make a temporary folder")
            .hint("Name one with space in TMPDIR.")
            .source_error(error)
    })?;
    let options = RunOptions { work_directory: folder.path().to_owned(), ..options.clone() };
    let workdir = Workdir::open(&options.work_directory, &plan.pipeline)?;
    let line = Line { plan, options: &options, observer, workdir: &workdir, watch: Some(Arc::clone(watch)) };
    let stored = Stored::default();
    let Import { mut schema, warnings, .. } = line.first_schema(&stored)?;
    let naming = Naming::new(schema.adopt_naming(plan.naming)?, IDENTIFIERS);
    let package = line.open_package(&stored, String::new(), "")?;
    let staged = line.fill(package, &stored, schema, naming, &[])?;
    let mut report = reporting::empty(plan, String::new());
    report.warnings.extend(warnings);
    reporting::add_staged(&mut report, plan, &staged);
    let tables = staged.schema.tables.values().filter(|table| !table.name.starts_with("_dlt"));
    let mut tables = tables.map(|table| first_rows(&staged, table, rows)).collect::<Result<Vec<_>>>()?;
    // An API may say in its rows what it was sent.
    let values = tables.iter_mut().flat_map(|table| &mut table.columns).flat_map(|column| &mut column.values);
    values.flatten().for_each(|value| *value = watch.scrub(value));
    Ok(Preview { report, tables })
}

/// Reads the first rows of a table.
fn first_rows(staged: &StagedLoad, table: &TableSchema, rows: usize) -> Result<PreviewTable> {
    let columns = table.columns.values().map(|column| PreviewColumn {
        name: column.name.clone(),
        data_type: column.data_type.map(DataType::as_str),
        values: Vec::new(),
    });
    let mut preview = PreviewTable { name: table.name.clone(), rows: 0, columns: columns.collect() };
    let mut shown = 0;
    for (_, file) in staged.package.files().iter().filter(|(name, _)| *name == table.name) {
        preview.rows += file.rows;
        shown += read(&staged.package.folder.join(&file.file), rows - shown, &mut preview.columns)?;
    }
    Ok(preview)
}

/// Appends the first values of a segment to the columns; a column that the segment lacks is NULL there.
fn read(path: &Path, rows: usize, columns: &mut [PreviewColumn]) -> Result<usize> {
    let unreadable = |error: &dyn std::fmt::Display| {
        let message = format!("could not read {}: {error}", path.display());
        Error::new(ErrorKind::State, "state/segment", message)
    };
    let file = File::open(path).map_err(|error| crate::durable::io_error("read", path, error))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.with_limit(rows).build())
        .map_err(|error| unreadable(&error))?;
    let options = FormatOptions::default();
    let mut read = 0;
    for batch in reader {
        let batch = batch.map_err(|error| unreadable(&error))?;
        for column in columns.iter_mut() {
            let Some(array) = batch.column_by_name(&column.name) else {
                column.values.extend(repeat_n(None, batch.num_rows()));
                continue;
            };
            let array = &offset_named(array);
            let formatter = ArrayFormatter::try_new(array, &options).map_err(|error| unreadable(&error))?;
            let value = |row| array.is_valid(row).then(|| formatter.value(row).to_string());
            column.values.extend((0..batch.num_rows()).map(value));
        }
        read += batch.num_rows();
    }
    Ok(read)
}

/// Names UTC by its offset, as the formatter wants it: it knows no other names without a database of time zones.
fn offset_named(array: &ArrayRef) -> ArrayRef {
    match array.as_primitive_opt::<TimestampMicrosecondType>() {
        Some(times) if times.timezone().is_some() => Arc::new(times.clone().with_timezone("+00:00")),
        _ => Arc::clone(array),
    }
}
