//! What differs between SQL databases, as pure text.

use spile_core::{Capabilities, ColumnSchema, DataType, Result};

use super::identifier::{Identifier, Literal, TableName};

/// The SQL of one database. No I/O: the same input gives the same text.
pub(crate) trait SqlDialect {
    /// Returns what a destination with this dialect can do.
    fn capabilities(&self) -> Capabilities;

    /// Returns the column type for a dlt type; the column gives precision, scale and time zone.
    fn data_type(&self, data_type: DataType, column: &ColumnSchema) -> Result<String>;

    /// Returns what stands behind the type of a new column, with a space before it; NOT NULL is added elsewhere.
    fn constraint(&self, column: &ColumnSchema) -> &'static str;

    /// Returns the query that waits for other loads into the dataset and keeps them waiting until the transaction ends;
    /// `None` when the database has one writer anyway.
    fn lock_dataset(&self, dataset: &str) -> Option<String>;

    /// Returns an expression for a timestamp as microseconds since 1970 in UTC.
    fn epoch_micros(&self, expression: &str) -> String;

    /// Returns a time as a literal of the type of a timestamp column; `utc` is ISO 8601 without an offset, in UTC.
    fn timestamp(&self, utc: &str) -> String {
        format!("TIMESTAMP WITH TIME ZONE '{utc}+00:00'")
    }

    /// Returns the form in which the database compares names: two names with one form are one name.
    fn fold(&self, name: &str) -> String;

    /// Returns the query for table, column and type of everything in the dataset, in order of creation.
    fn columns(&self, dataset: &str) -> String {
        format!(
            "SELECT table_name, column_name, data_type FROM information_schema.columns \
             WHERE table_catalog = current_database() AND table_schema = {} \
             ORDER BY table_name, ordinal_position",
            Literal(dataset)
        )
    }

    /// Returns the statement that creates the dataset unless it is there; `None` when connecting does that.
    fn create_dataset(&self, dataset: &str) -> Option<String> {
        Some(format!("CREATE SCHEMA IF NOT EXISTS {}", Identifier::new(dataset)))
    }

    /// Returns the statement that makes a column NOT NULL; `None` when the database has no such statement.
    fn set_not_null(&self, table: &TableName, column: &Identifier) -> Option<String> {
        Some(format!("ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"))
    }
}
