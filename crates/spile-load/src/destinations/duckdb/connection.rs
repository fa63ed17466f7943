//! Connections to a DuckDB file through ADBC.

use std::path::{Path, PathBuf};
use std::{fs, io};

use adbc_core::options::{OptionConnection, OptionDatabase, OptionValue};
use adbc_core::{Connection as _, Database as _, Driver as _, Optionable as _, Statement as _};
use adbc_driver_manager::{ManagedConnection, ManagedDriver, ManagedStatement};
use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, RecordBatchReader as _};
use arrow_schema::DataType;
use spile_core::{Error, ErrorKind, Result, SegmentFile, TableSchema};

use super::error::{MEMORY_CODE, explain};
use crate::open::OpenOptions;
use crate::sql::connection::{Access, SqlConnection, SqlPlace, StagedRows, TextRows, staged_column};
use crate::sql::identifier::Literal;

/// Memory that DuckDB may use when nobody says otherwise.
const MEMORY_LIMIT_BYTES: u64 = 120 << 20;
/// Threads that DuckDB may use when nobody says otherwise. Two took a quarter more CPU for no less time when a million
/// rows were loaded on two cores, and each holds buffers of its own.
const THREADS: usize = 1;
/// Columns that DuckDB adds to `read_parquet`: the position of the file in the list, and of the row in the file.
const SEQUENCE: [&str; 2] = ["file_index", "file_row_number"];
/// How far the memory limit is raised when a load does not fit into it and nobody set it.
const MEMORY_LIMIT_BYTES_MAX: u64 = 8 * MEMORY_LIMIT_BYTES;

/// The position of a staged row where the data hides those columns.
const ROW: &str = "_spile_row";

/// A DuckDB file and how it is opened. The file need not exist.
pub(super) struct DuckDbPlace {
    driver: ManagedDriver,
    path: PathBuf,
    memory_limit_bytes: u64,
    /// The limit may rise up to this.
    memory_limit_bytes_max: u64,
    threads: usize,
}

impl DuckDbPlace {
    /// Makes a place; nothing is opened yet.
    pub(super) fn new(driver: ManagedDriver, path: PathBuf, options: &OpenOptions) -> Self {
        Self {
            driver,
            path,
            memory_limit_bytes: options.memory_limit_bytes.unwrap_or(MEMORY_LIMIT_BYTES),
            memory_limit_bytes_max: options.memory_limit_bytes.unwrap_or(MEMORY_LIMIT_BYTES_MAX),
            threads: options.threads.unwrap_or(THREADS).max(1),
        }
    }

    fn open(&self, path: &Path, access: Access) -> Result<DuckDbConnection> {
        let settings = self
            .settings(path, access)
            .map(|(name, value)| (OptionDatabase::Other(name.to_owned()), OptionValue::String(value)));
        let connection = self
            .driver
            .clone()
            .new_database_with_opts(settings)
            .and_then(|database| database.new_connection())
            .map_err(|error| {
                explain(&error.message, "destination/open", "the duckdb file cannot be opened")
                    .with("file", self.path.display())
            })?;
        Ok(DuckDbConnection { connection })
    }

    /// Returns the settings of a database. Rows stay in the order of the pages, which costs nothing measurable and
    /// makes the staging order known to SQL; nothing is fetched from the network.
    fn settings(&self, path: &Path, access: Access) -> [(&'static str, String); 6] {
        let access = match access {
            Access::Read => "READ_ONLY",
            Access::Write => "READ_WRITE",
        };
        [
            ("path", path.to_string_lossy().into_owned()),
            ("access_mode", access.to_owned()),
            ("memory_limit", format!("{}B", self.memory_limit_bytes)),
            ("threads", self.threads.to_string()),
            ("preserve_insertion_order", "true".to_owned()),
            ("autoinstall_known_extensions", "false".to_owned()),
        ]
    }

    /// Creates an empty database under another name and gives it its own when it is whole: a process that is killed
    /// while DuckDB writes its first header must not leave a file that no later run can open.
    fn create(&self) -> Result<()> {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let new = PathBuf::from(name);
        drop(self.open(&new, Access::Write)?);
        // A link, unlike a rename, never takes the place of a database that another process made meanwhile.
        let linked = fs::hard_link(&new, &self.path);
        let named =
            if linked.is_err() && !self.path.exists() { fs::rename(&new, &self.path) } else { Ok(()) };
        if new.exists() {
            fs::remove_file(&new).map_err(|error| self.not_created(error))?;
        }
        named.map_err(|error| self.not_created(error))
    }

    fn not_created(&self, cause: io::Error) -> Error {
        Error::new(ErrorKind::Destination, "destination/create", "the duckdb file cannot be created")
            .with("file", self.path.display())
            .source_error(cause)
    }
}

impl SqlPlace for DuckDbPlace {
    type Connection = DuckDbConnection;

    fn connect(&self, access: Access) -> Result<Option<DuckDbConnection>> {
        match (self.path.exists(), access) {
            (true, _) => {}
            (false, Access::Read) => return Ok(None),
            (false, Access::Write) => self.create()?,
        }
        self.open(&self.path, access).map(Some)
    }

    fn relieve(&mut self, error: &Error) -> bool {
        let more = self.memory_limit_bytes.saturating_mul(2);
        let can = error.code() == MEMORY_CODE && more <= self.memory_limit_bytes_max;
        if can {
            self.memory_limit_bytes = more;
        }
        can
    }

    fn foresee_merge(&mut self) {
        let stored_bytes = fs::metadata(&self.path).map_or(0, |metadata| metadata.len());
        self.memory_limit_bytes =
            merging_limit(self.memory_limit_bytes, self.memory_limit_bytes_max, stored_bytes);
    }

    fn location(&self) -> String {
        self.path.display().to_string()
    }
}

/// Returns the memory limit that a merge begins with. Changes are spread over what is stored, so it grows with that: a
/// limit that is too small costs a whole try. Half of the file was enough for ten million rows with nested ones.
fn merging_limit(limit_bytes: u64, limit_bytes_max: u64, stored_bytes: u64) -> u64 {
    let mut limit = limit_bytes;
    while limit < stored_bytes / 2 && limit.saturating_mul(2) <= limit_bytes_max {
        limit *= 2;
    }
    limit
}

/// An open DuckDB file.
pub(super) struct DuckDbConnection {
    connection: ManagedConnection,
}

impl DuckDbConnection {
    fn prepare(&mut self, sql: &str) -> Result<ManagedStatement> {
        let mut statement = self.connection.new_statement().map_err(failed)?;
        statement.set_sql_query(sql).map_err(failed)?;
        Ok(statement)
    }

    /// Returns the columns of a query without running it to the end.
    fn columns(&mut self, query: &str) -> Result<Vec<String>> {
        let mut statement = self.prepare(query)?;
        let reader = statement.execute().map_err(failed)?;
        Ok(reader.schema().fields().iter().map(|field| field.name().clone()).collect())
    }
}

impl SqlConnection for DuckDbConnection {
    fn begin(&mut self) -> Result<()> {
        let off = OptionValue::String("false".to_owned());
        self.connection.set_option(OptionConnection::AutoCommit, off).map_err(failed)
    }

    fn commit(&mut self) -> Result<()> {
        self.connection.commit().map_err(failed)
    }

    fn rollback(&mut self) -> Result<()> {
        self.connection.rollback().map_err(failed)
    }

    fn execute(&mut self, statement: &str) -> Result<u64> {
        let rows = self.prepare(statement)?.execute_update().map_err(failed)?;
        Ok(rows.and_then(|rows| u64::try_from(rows).ok()).unwrap_or_default())
    }

    fn query(&mut self, statement: &str) -> Result<TextRows> {
        let mut statement = self.prepare(statement)?;
        let mut rows = TextRows::new();
        for batch in statement.execute().map_err(failed)? {
            let batch = batch.map_err(unreadable)?;
            let columns = batch
                .columns()
                .iter()
                .map(|column| arrow_cast::cast(column, &DataType::Utf8))
                .collect::<Result<Vec<_>, _>>()
                .map_err(unreadable)?;
            for row in 0..batch.num_rows() {
                let value = |column: &arrow_array::ArrayRef| {
                    column.is_valid(row).then(|| column.as_string::<i32>().value(row).to_owned())
                };
                rows.push(columns.iter().map(value).collect());
            }
        }
        Ok(rows)
    }

    fn stage(&mut self, folder: &Path, table: &TableSchema, segments: &[&SegmentFile]) -> Result<StagedRows> {
        let relation = parquet_relation(segments.iter().map(|segment| folder.join(&segment.file)));
        let columns = self.columns(&format!("SELECT * FROM {relation} LIMIT 0"))?;
        columns.iter().try_for_each(|name| staged_column(table, name).map(drop))?;
        let hidden = columns.iter().any(|column| SEQUENCE.contains(&column.to_lowercase().as_str()));
        if hidden {
            // The data has columns of these names. Counting is as good, but makes every reader decode all columns.
            let relation = format!("(SELECT *, row_number() OVER () AS {ROW} FROM {relation})");
            return Ok(StagedRows::new(relation, columns, vec![ROW]));
        }
        Ok(StagedRows::new(relation, columns, SEQUENCE.to_vec()))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn failed(cause: adbc_core::error::Error) -> Error {
    explain(&cause.message, "destination/duckdb", "duckdb refused a statement")
}

/// Returns the table function that reads these files, in this order, and nothing else: paths are no patterns, and a
/// folder named `a=b` adds no column.
fn parquet_relation(paths: impl Iterator<Item = PathBuf>) -> String {
    let mut files = Vec::new();
    for path in paths {
        let mut escaped = String::new();
        for character in path.to_string_lossy().chars() {
            match character {
                '*' | '?' | '[' => escaped.extend(['[', character, ']']),
                plain => escaped.push(plain),
            }
        }
        files.push(Literal(&escaped).to_string());
    }
    format!("read_parquet([{}], union_by_name := true, hive_partitioning := false)", files.join(", "))
}

fn unreadable(cause: arrow_schema::ArrowError) -> Error {
    Error::new(ErrorKind::Destination, "destination/duckdb", "duckdb's answer cannot be read")
        .source_error(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_begins_with_what_the_stored_rows_need() {
        for (stored_mb, expected_mb) in [(0, 120), (240, 120), (250, 240), (1_400, 960), (100_000, 960)] {
            let limit = merging_limit(MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES_MAX, stored_mb << 20);
            assert_eq!(limit, expected_mb << 20, "{stored_mb} MB");
        }
        assert_eq!(merging_limit(50, 50, 1 << 40), 50, "a limit that was set stays");
    }
}
