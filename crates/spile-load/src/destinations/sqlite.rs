//! SQLite: one database file per dataset, `data__calls.db` beside `data.db`, as dlt's `sqlalchemy` destination has it.
//!
//! The location is the path of the database. What SQLite has no word for is taught to the connection as functions: `now`
//! and `epoch_us`. Times are texts in UTC, as SQLAlchemy writes them. Known differences to dlt: a load is one
//! transaction; there is no staging file; a decimal of more than 15 digits, which SQLite would round, is refused.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Null, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use serde_json::Value;
use spile_core::{
    Capabilities, ColumnSchema, DataType, Destination, DestinationPlan, Error, ErrorKind, FieldDoc,
    IdentifierRules, Result, SegmentFile, TableSchema,
};

use crate::cells::{Cell, Cells, datetime, push_date, push_decimal, push_time};
use crate::open::{DestinationDef, OpenOptions};
use crate::segments::{self, unreadable};
use crate::sql::SqlDestination;
use crate::sql::connection::{Access, SqlConnection, SqlPlace, StagedRows, TextRows, staged_column};
use crate::sql::dialect::SqlDialect;
use crate::sql::identifier::{Identifier, Literal, TableName, name_list};

/// The row of the destinations table.
pub(super) const DEFINITION: DestinationDef = DestinationDef {
    name: "sqlite",
    aliases: &["sqlalchemy"],
    dlt_name: "sqlalchemy",
    summary: "A SQLite database, one file per dataset.",
    fields: &[FieldDoc {
        name: "path",
        shape: "string",
        default: "<pipeline>.db",
        summary: "The database, relative to the working directory; a dataset is in a file beside it.",
    }],
    open,
};

/// How long a load waits for another one.
const BUSY_WAIT: Duration = Duration::from_mins(1);
/// Digits that a number of SQLite's keeps.
const DIGITS_MAX: u32 = 15;
/// The position of a staged row. No normalised name has a space.
const ROW: &str = "\"_spile row\"";

fn open(plan: &DestinationPlan, options: &OpenOptions) -> Result<Box<dyn Destination>> {
    let refuse = |message: &str| {
        Error::new(ErrorKind::Config, "destination/location", message)
            .hint("Give the path of a SQLite file, such as data.db or sqlite:///data.db.")
    };
    let location = plan.location.expose();
    let path = Path::new(location.strip_prefix("sqlite:///").unwrap_or(location));
    if location == ":memory:" {
        return Err(refuse(
            "a sqlite database in memory is not supported, since it would be lost at the end",
        ));
    }
    let Some(stem) = path.file_stem().filter(|_| !path.to_string_lossy().contains("://")) else {
        return Err(refuse("the location of the sqlite destination is not a path"));
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        return Err(Error::new(
            ErrorKind::Config,
            "destination/folder",
            "the folder of the database is missing",
        )
        .with("folder", folder.display())
        .hint("Create the folder, or give another path for the SQLite file."));
    }
    if options.dataset == "temp" {
        return Err(refuse("a dataset of the name `temp` is SQLite's own"));
    }
    let mut name = stem.to_os_string();
    name.push(format!("__{}", options.dataset));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    // dlt keeps the dataset of this name in the database itself.
    let file = if options.dataset == "main" { path.to_path_buf() } else { path.with_file_name(name) };
    let place = SqlitePlace { file, dataset: options.dataset.clone() };
    Ok(Box::new(SqlDestination::new(place, SqliteDialect, options.dataset.clone(), options.read_only)))
}

/// A dataset's file. It need not exist.
struct SqlitePlace {
    file: PathBuf,
    dataset: String,
}

impl SqlPlace for SqlitePlace {
    type Connection = SqliteConnection;

    fn connect(&self, access: Access) -> Result<Option<SqliteConnection>> {
        if access == Access::Read && !self.file.exists() {
            return Ok(None);
        }
        let attach = || {
            let (connection, mut flags) = (":memory:", OpenFlags::SQLITE_OPEN_READ_WRITE);
            flags |= OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let opened = if self.dataset == "main" {
                Connection::open_with_flags(&self.file, flags)?
            } else {
                let opened = Connection::open_with_flags(connection, flags)?;
                let file = self.file.to_string_lossy();
                opened.execute_batch(&format!(
                    "ATTACH {} AS {}",
                    Literal(&file),
                    Identifier::new(&*self.dataset)
                ))?;
                opened
            };
            opened.busy_timeout(BUSY_WAIT)?;
            // A reader must be able to roll back what a killed writer left, so it does not open the file read-only.
            opened.pragma_update(None, "query_only", access == Access::Read)?;
            opened.create_scalar_function("now", 0, FunctionFlags::SQLITE_UTF8, |_| Ok(now()))?;
            opened.create_scalar_function("epoch_us", 1, FunctionFlags::SQLITE_UTF8, |arguments| {
                Ok(epoch_us(&arguments.get::<String>(0)?))
            })?;
            Ok(opened)
        };
        let connection = attach().map_err(|cause| explain(cause).with("file", self.file.display()))?;
        Ok(Some(SqliteConnection { connection, staged: 0 }))
    }

    fn relieve(&mut self, _error: &Error) -> bool {
        false
    }

    fn location(&self) -> String {
        self.file.display().to_string()
    }
}

fn now() -> String {
    datetime_text(TimeZone::UTC.to_datetime(jiff::Timestamp::now()))
}

/// Writes a time as SQLAlchemy does, so that equal times are equal texts.
fn datetime_text(at: DateTime) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S.%6f").to_string()
}

/// Reads a time as SQLAlchemy writes it; NULL when it is none.
fn epoch_us(text: &str) -> Option<i64> {
    let at: DateTime = text.parse().ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

/// An open connection.
struct SqliteConnection {
    connection: Connection,
    /// Staging tables made so far.
    staged: usize,
}

impl SqlConnection for SqliteConnection {
    fn begin(&mut self) -> Result<()> {
        // A transaction that begins by reading could find the file locked when it comes to write.
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(explain)
    }

    fn commit(&mut self) -> Result<()> {
        self.connection.execute_batch("COMMIT").map_err(explain)
    }

    fn rollback(&mut self) -> Result<()> {
        // Some failures have rolled back already.
        if self.connection.is_autocommit() {
            Ok(())
        } else {
            self.connection.execute_batch("ROLLBACK").map_err(explain)
        }
    }

    fn execute(&mut self, statement: &str) -> Result<u64> {
        self.connection.execute(statement, []).map(|rows| rows as u64).map_err(explain)
    }

    fn query(&mut self, statement: &str) -> Result<TextRows> {
        let mut statement = self.connection.prepare(statement).map_err(explain)?;
        let width = statement.column_count();
        let text = |value: ValueRef<'_>| match value {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Real(number) => Some(number.to_string()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
        };
        let rows =
            statement.query_map([], |row| (0..width).map(|column| Ok(text(row.get_ref(column)?))).collect());
        rows.and_then(Iterator::collect).map_err(explain)
    }

    fn stage(&mut self, folder: &Path, table: &TableSchema, segments: &[&SegmentFile]) -> Result<StagedRows> {
        let target = TableName::temporary(&format!("_spile_staged_{}", self.staged));
        self.staged += 1;
        let mut columns: Vec<&str> = Vec::new();
        let mut definitions = vec![format!("{ROW} INTEGER PRIMARY KEY")];
        for segment in segments {
            for field in segments::open(folder, segment)?.schema().fields() {
                let column = staged_column(table, field.name())?;
                if !columns.contains(&column.name.as_str()) {
                    let data_type =
                        column.data_type.map(|found| SqliteDialect.data_type(found, column)).transpose()?;
                    definitions.push(format!(
                        "{} {}",
                        Identifier::new(column.name.as_str()),
                        data_type.unwrap_or_default()
                    ));
                    columns.push(&column.name);
                }
            }
        }
        self.execute(&format!("CREATE TEMPORARY TABLE {target} ({})", definitions.join(", ")))?;
        for segment in segments {
            self.insert(&target, table, segments::open(folder, segment)?)?;
        }
        // A merge looks staged rows up by their keys.
        for hint in ["primary_key", "merge_key"] {
            let keys: Vec<&str> =
                table.columns_with(hint).into_iter().filter(|key| columns.contains(key)).collect();
            if !keys.is_empty() {
                let index = Identifier::new(format!("_spile_{hint}_{}", self.staged));
                self.execute(&format!("CREATE INDEX temp.{index} ON {target} ({})", name_list("", keys)))?;
            }
        }
        let columns = columns.into_iter().map(str::to_owned).collect();
        Ok(StagedRows::new(target.to_string(), columns, vec![ROW]))
    }
}

impl SqliteConnection {
    /// Inserts the rows of one segment, which number themselves.
    fn insert(&mut self, target: &TableName, table: &TableSchema, segment: segments::Segment) -> Result<()> {
        let names: Vec<String> = segment.schema().fields().iter().map(|field| field.name().clone()).collect();
        let marks = vec!["?"; names.len()].join(", ");
        let statement = if names.is_empty() {
            format!("INSERT INTO {target} DEFAULT VALUES")
        } else {
            format!(
                "INSERT INTO {target} ({}) VALUES ({marks})",
                name_list("", names.iter().map(String::as_str))
            )
        };
        let mut statement = self.connection.prepare(&statement).map_err(explain)?;
        for batch in segment.build().map_err(unreadable)? {
            let batch = batch.map_err(unreadable)?;
            let mut cells = Vec::new();
            for (name, array) in names.iter().zip(batch.columns()) {
                cells.push((name, Cells::new(staged_column(table, name)?, array)?));
            }
            for row in 0..batch.num_rows() {
                for (index, (name, cells)) in cells.iter().enumerate() {
                    let value = parameter(cells.get(row)).map_err(|error| error.with("column", name))?;
                    statement.raw_bind_parameter(index + 1, value).map_err(explain)?;
                }
                statement.raw_execute().map_err(explain)?;
            }
        }
        Ok(())
    }
}

fn parameter(cell: Cell<'_>) -> Result<ToSqlOutput<'_>> {
    let mut text = String::new();
    Ok(match cell {
        Cell::Null => ToSqlOutput::from(Null),
        Cell::Text(value) | Cell::Json(value) => ToSqlOutput::from(value),
        Cell::Binary(value) => ToSqlOutput::from(value),
        Cell::Bigint(value) => ToSqlOutput::from(value),
        Cell::Double(value) => ToSqlOutput::from(value),
        Cell::Bool(value) => ToSqlOutput::from(value),
        Cell::Date(date) => {
            push_date(&mut text, date)?;
            ToSqlOutput::from(text)
        }
        Cell::Time(micros) => {
            push_time(&mut text, micros);
            if micros % 1_000_000 == 0 {
                text.push_str(".000000");
            }
            ToSqlOutput::from(text)
        }
        Cell::Timestamp { micros, .. } => ToSqlOutput::from(datetime_text(datetime(micros)?)),
        Cell::Decimal(digits, scale) => {
            let mut significant = digits.unsigned_abs();
            while significant != 0 && significant % 10 == 0 {
                significant /= 10;
            }
            if significant.checked_ilog10().is_some_and(|log| log >= DIGITS_MAX) {
                return Err(Error::new(
                    ErrorKind::Data,
                    "destination/conversion",
                    "a decimal has more digits than sqlite keeps",
                )
                .with("digits_max", DIGITS_MAX)
                .hint("Declare the column as text in `columns`, or load into another destination."));
            }
            push_decimal(&mut text, digits, scale);
            ToSqlOutput::from(text)
        }
    })
}

/// The pure half of the SQLite destination.
#[derive(Debug, Clone, Copy)]
struct SqliteDialect;

impl SqlDialect for SqliteDialect {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "sqlite",
            identifiers: IdentifierRules { length_max: 63, bytes_max: None, is_case_sensitive: false },
            transactional: true,
            merges: true,
            integer_bits: &[],
        }
    }

    fn data_type(&self, data_type: DataType, column: &ColumnSchema) -> Result<String> {
        let hint = |name: &str| column.hints.get(name).and_then(Value::as_u64);
        let name = match (data_type, hint("precision")) {
            (DataType::Text, Some(length)) => return Ok(format!("VARCHAR({length})")),
            (DataType::Text, None) if column.has_hint("unique") => "VARCHAR(128)",
            (DataType::Text, None) => "TEXT",
            (DataType::Double, _) => "DOUBLE",
            (DataType::Bool, _) => "BOOLEAN",
            (DataType::Timestamp, _) => "DATETIME",
            (DataType::Bigint, Some(0..=16)) => "SMALLINT",
            (DataType::Bigint, Some(17..=32)) => "INTEGER",
            (DataType::Bigint, _) => "BIGINT",
            (DataType::Binary, _) => "BLOB",
            (DataType::Json, _) => "JSON",
            (DataType::Date, _) => "DATE",
            (DataType::Time, _) => "TIME",
            (DataType::Decimal, precision) => {
                return Ok(format!("NUMERIC({}, {})", precision.unwrap_or(38), hint("scale").unwrap_or(9)));
            }
        };
        Ok(name.to_owned())
    }

    fn constraint(&self, _column: &ColumnSchema) -> &'static str {
        ""
    }

    fn lock_dataset(&self, _dataset: &str) -> Option<String> {
        // A transaction begins with the lock.
        None
    }

    fn epoch_micros(&self, expression: &str) -> String {
        format!("epoch_us({expression})")
    }

    fn timestamp(&self, utc: &str) -> String {
        let text = utc.parse().map_or_else(|_| utc.to_owned(), datetime_text);
        Literal(&text).to_string()
    }

    fn fold(&self, name: &str) -> String {
        name.to_ascii_lowercase()
    }

    fn columns(&self, dataset: &str) -> String {
        format!(
            "SELECT m.name, c.name, lower(c.type) FROM {}.sqlite_master AS m JOIN pragma_table_info(m.name, {}) AS c \
             WHERE m.type = 'table' ORDER BY m.name, c.cid",
            Identifier::new(dataset),
            Literal(dataset)
        )
    }

    fn create_dataset(&self, _dataset: &str) -> Option<String> {
        None
    }

    fn set_not_null(&self, _table: &TableName, _column: &Identifier) -> Option<String> {
        None
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn explain(cause: rusqlite::Error) -> Error {
    let (kind, code, message, hint) = match cause.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            ErrorKind::Unavailable,
            "destination/locked",
            "another process keeps the sqlite file locked",
            "Wait for it to end, then run again; nothing that was fetched is lost.",
        ),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => (
            ErrorKind::Config,
            "destination/not-a-database",
            "the file is no sqlite database",
            "Give another path; the file is left as it is.",
        ),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => (
            ErrorKind::Config,
            "destination/open",
            "the sqlite file cannot be opened for writing",
            "Check the rights of the file and of its folder.",
        ),
        Some(ErrorCode::DiskFull) => (
            ErrorKind::Unavailable,
            "destination/disk-full",
            "the disk of the sqlite file is full",
            "Make room on the disk, then run again; nothing that was fetched is lost.",
        ),
        Some(ErrorCode::ConstraintViolation) => (
            ErrorKind::Data,
            "destination/null",
            "a record breaks a constraint of its table",
            "Check the primary key and the columns declared with nullable false.",
        ),
        _other => (
            ErrorKind::Destination,
            "destination/sqlite",
            "sqlite refused a statement",
            "The cause says what SQLite found; run again, nothing that was fetched is lost.",
        ),
    };
    // SQLite's messages name tables and columns, never values; its own error would quote the statement.
    let text = match &cause {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.sqlite_error().map_or_else(|| "unexpected answer".to_owned(), ToString::to_string),
    };
    Error::new(kind, code, message).hint(hint).source_error(text)
}
