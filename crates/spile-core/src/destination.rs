//! The seam to databases and lakes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Result;
use crate::package::SealedPackage;
use crate::schema::Schema;

/// What a destination takes as a name; longer names are shortened by dlt's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentifierRules {
    /// Most characters.
    pub length_max: usize,
    /// Most bytes, where the destination counts these: names beyond ASCII reach them first.
    pub bytes_max: Option<usize>,
    /// Whether names that differ in case alone are two names.
    pub is_case_sensitive: bool,
}

/// What varies between destinations, as data.
#[derive(Debug, Clone)]
pub struct Capabilities {
    /// The name a user writes, such as `duckdb`.
    pub name: &'static str,
    /// What it takes as names of tables and columns.
    pub identifiers: IdentifierRules,
    /// Whether one commit covers rows, schema, state and load record.
    pub transactional: bool,
    /// Whether rows can take the place of rows with the same key; where not, `merge` appends.
    pub merges: bool,
    /// Widths in bits of the types for whole numbers, ascending: a column with a precision has the least that holds it.
    /// Empty: a precision bounds no value.
    pub integer_bits: &'static [u8],
}

/// What a destination knows of a pipeline.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// The newest schema of that name, if any.
    pub schema: Option<Schema>,
    /// The newest pipeline state, decoded, if any.
    pub state: Option<Value>,
}

/// Proof of a durable commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The load.
    pub load_id: String,
    /// Rows written per table, in order.
    pub rows: Vec<(String, u64)>,
}

/// One row of `_dlt_loads`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredLoad {
    /// The load id.
    pub load_id: String,
    /// The schema.
    pub schema_name: String,
    /// 0: done.
    pub status: i64,
    /// When, as text.
    pub inserted_at: String,
}

/// A table of the dataset with its size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredTable {
    /// Name.
    pub name: String,
    /// Rows now.
    pub rows: u64,
    /// Columns: (name, type) in order.
    pub columns: Vec<(String, String)>,
}

/// A place to load into. One value serves one dataset; calls are made one at a time.
///
/// - Opening (by the engine's table of destinations) checks that the place can be reached and writes nothing.
/// - `restore` reads; it creates nothing. A dataset that does not exist gives an empty [`Stored`].
/// - `committed` answers from the destination's own load record.
/// - `commit` is atomic when [`Capabilities::transactional`]: rows of all tables, schema changes, `_dlt_loads`,
///   `_dlt_version` and `_dlt_pipeline_state` become visible together or not at all.
/// - `commit` of a load id that is committed changes nothing and returns a receipt.
/// - `tables` and `loads` read; they create nothing.
pub trait Destination: Send {
    /// Returns what this destination can do.
    fn capabilities(&self) -> Capabilities;

    /// Returns where the data lives, for people, without secrets.
    fn location(&self) -> String;

    /// Reads the stored schema and state.
    fn restore(&mut self, pipeline: &str, schema_name: &str) -> Result<Stored>;

    /// Returns whether a load is committed.
    fn committed(&mut self, load_id: &str) -> Result<bool>;

    /// Loads a sealed package.
    fn commit(&mut self, package: &SealedPackage) -> Result<Receipt>;

    /// Lists the tables of the dataset, `_dlt` tables last.
    fn tables(&mut self) -> Result<Vec<StoredTable>>;

    /// Lists the loads, oldest first.
    fn loads(&mut self) -> Result<Vec<StoredLoad>>;
}
