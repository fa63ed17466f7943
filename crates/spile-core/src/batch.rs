//! What the normaliser makes of pages.

use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};

use crate::schema::{ColumnSchema, TableSchema};

/// A column of batches that is not loaded: a number that the rows of one record share, nested ones included. Tables have it
/// whose row keys follow from a key of the record: repeats of a record have one row key there. No normalised name has a
/// space.
pub const ROOT_LINK: &str = "_spile root";

/// Rows of one table. The columns of the record batch are columns of the table's schema, in any order, and may be
/// [`ROOT_LINK`]; a column that is missing is NULL in every row.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Normalised table name.
    pub table: String,
    /// The rows.
    pub rows: RecordBatch,
}

/// A growth of the schema. Applying one twice is a no-op; nothing is ever taken away or retyped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemaChange {
    /// A table with the columns it has so far: a new one, or one whose properties changed.
    Table(TableSchema),
    /// A new column, or the type of a column that had none.
    Column {
        /// The table.
        table: String,
        /// The column.
        column: ColumnSchema,
    },
}
