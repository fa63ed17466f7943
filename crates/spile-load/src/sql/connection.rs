//! The I/O half of a SQL destination.

use std::path::Path;
use std::sync::LazyLock;

use spile_core::{ColumnSchema, DataType, Error, ErrorKind, ROOT_LINK, Result, SegmentFile, TableSchema};

/// Rows of a query, every value as text.
pub(crate) type TextRows = Vec<Vec<Option<String>>>;

/// The staged rows of one table as SQL can see them inside the open transaction.
#[derive(Debug, Clone)]
pub(crate) struct StagedRows {
    /// What goes behind `FROM`.
    pub(crate) relation: String,
    /// The columns that any of the segments has, as they are written there.
    pub(crate) columns: Vec<String>,
    /// Columns of the relation that order its rows as they were staged.
    pub(crate) sequence: Vec<&'static str>,
    /// [`ROOT_LINK`], when the segments have it.
    pub(crate) link: Option<&'static str>,
}

impl StagedRows {
    /// Makes the description of staged rows from all columns of the relation but the sequence.
    pub(crate) fn new(relation: String, mut columns: Vec<String>, sequence: Vec<&'static str>) -> Self {
        let before = columns.len();
        columns.retain(|column| column != ROOT_LINK);
        let link = (columns.len() < before).then_some(ROOT_LINK);
        Self { relation, columns, sequence, link }
    }
}

/// One open connection.
///
/// - `begin` to `commit` is one transaction; DDL takes part in it.
/// - `query` returns all rows: it is for small results only.
/// - `stage` makes segments readable without making them visible to others.
/// - Dropping a connection with an open transaction rolls it back.
pub(crate) trait SqlConnection {
    /// Starts a transaction.
    fn begin(&mut self) -> Result<()>;

    /// Ends the transaction and makes it durable.
    fn commit(&mut self) -> Result<()>;

    /// Ends the transaction and forgets it.
    fn rollback(&mut self) -> Result<()>;

    /// Runs a statement and returns the number of rows it touched.
    fn execute(&mut self, statement: &str) -> Result<u64>;

    /// Runs a query and returns its rows.
    fn query(&mut self, statement: &str) -> Result<TextRows>;

    /// Makes the segments of one table readable, in the order given. Every column must pass [`staged_column`].
    fn stage(&mut self, folder: &Path, table: &TableSchema, segments: &[&SegmentFile]) -> Result<StagedRows>;
}

/// Returns the column of the schema that a column of a segment belongs to.
pub(crate) fn staged_column<'t>(table: &'t TableSchema, name: &str) -> Result<&'t ColumnSchema> {
    static LINK: LazyLock<ColumnSchema> =
        LazyLock::new(|| ColumnSchema::new(ROOT_LINK, DataType::Bigint).not_null());
    if name == ROOT_LINK {
        return Ok(&LINK);
    }
    table.columns.get(name).filter(|column| column.data_type.is_some()).ok_or_else(|| {
        Error::new(
            ErrorKind::Bug,
            "destination/unknown-column",
            "a segment has a column that the schema does not have",
        )
        .with("column", name)
    })
}

/// How a connection is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing can be written.
    Read,
    /// Reads and writes; the database is created when it is missing.
    Write,
}

/// A place that connections are opened to.
pub(crate) trait SqlPlace: Send {
    /// The open connection.
    type Connection: SqlConnection;

    /// Opens a connection. Reading a place that does not exist gives `None` and creates nothing.
    fn connect(&self, access: Access) -> Result<Option<Self::Connection>>;

    /// Changes how later connections are opened so that a commit that failed with this error may succeed. `false`:
    /// there is nothing to change.
    fn relieve(&mut self, error: &Error) -> bool;

    /// Is told before a commit that rows will take the place of stored ones, which takes memory for those too.
    fn foresee_merge(&mut self) {}

    /// Returns where the data lives, for people, without secrets.
    fn location(&self) -> String;
}
