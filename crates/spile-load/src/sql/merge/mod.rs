//! From staged rows to the stored rows that they change, by the merge strategy of their table.
//!
//! ```text
//! delete-insert   delete the stored rows with a staged key, nested rows first; insert the survivors     (by_key)
//! upsert          the same by the primary key alone; rows that did not change may stay as they are      (by_key)
//! insert-only     insert what is not stored yet                                                        (insert_only)
//! scd2            end the versions that are gone, insert those that are new                            (versions)
//! ```
//!
//! Here and in the files named is the control flow; [`keys`] and the free functions are pure text. Every statement runs
//! inside the transaction of the commit. Row keys (`_dlt_id`) are unique inside a package unless the strategy derives them
//! from the record; then repeats of a record are told apart by [`ROOT_LINK`](spile_core::ROOT_LINK).

mod by_key;
mod insert_only;
pub(super) mod keys;
pub(super) mod versions;

use spile_core::{Error, ErrorKind, MergeStrategy, Result, TableSchema};

use self::keys::MergeKeys;
use super::commit::{StagedTable, Writer};
use super::connection::{SqlConnection, StagedRows};
use super::identifier::{Identifier, TableName};

/// The row keys and positions of the staged roots that enter.
const WINNERS: &str = "_spile_winners";
/// The positions of the staged rows of one nested table that enter.
const NESTED_WINNERS: &str = "_spile_nested_winners";

/// Rows that entered, per table.
type Entered = Vec<(String, u64)>;

impl<'a, C: SqlConnection> Writer<'a, C> {
    /// Merges the staged rows of one root table and its nested tables.
    pub(super) fn merge(&mut self, root: &'a TableSchema, staged: &[StagedTable<'a>]) -> Result<Entered> {
        let Some(staged_root) = staged.iter().find(|staged| staged.table.name == root.name) else {
            return self.insert_all(staged);
        };
        let strategy = MergeStrategy::of_table(root).map_err(|name| unknown_strategy(root, name))?;
        if strategy == MergeStrategy::Scd2 {
            return self.keep_versions(staged_root, staged);
        }
        let keys = MergeKeys::read(root, &staged_root.rows, strategy)?;
        match strategy {
            MergeStrategy::InsertOnly => self.insert_new(&keys, staged_root, staged),
            _by_key if keys.skips_unchanged() => self.replace_changed(&keys, staged_root, staged),
            _by_key => self.replace(&keys, staged_root, staged),
        }
    }

    /// Keeps the positions of the first staged row of each row key of a nested table.
    fn select_first_of_row_key(&mut self, staged: &StagedTable<'_>, row_key: &str) -> Result<TableName> {
        let winners = TableName::temporary(NESTED_WINNERS);
        self.execute(&staged.table.name, &first_of_each(&winners, &staged.rows, row_key))?;
        Ok(winners)
    }

    fn drop_temporary(&mut self, table: &TableName) -> Result<()> {
        self.connection.execute(&format!("DROP TABLE {table}")).map(drop)
    }
}

/// Returns the statement that keeps the positions of the first staged row of each value of a column.
fn first_of_each(winners: &TableName, staged: &StagedRows, column: &str) -> String {
    let sequence = staged.sequence.join(", ");
    format!(
        "CREATE TEMPORARY TABLE {winners} AS SELECT {sequence} FROM (SELECT {sequence}, ROW_NUMBER() OVER \
         (PARTITION BY s.{} ORDER BY {sequence}) AS _spile_rank FROM {} AS s) AS ranked WHERE _spile_rank = 1",
        Identifier::new(column),
        staged.relation
    )
}

/// Returns the condition over alias `s` that no stored row has the value of a column.
fn is_absent(stored: &TableName, column: &str) -> String {
    let column = Identifier::new(column);
    format!("NOT EXISTS (SELECT 1 FROM {stored} AS r WHERE r.{column} = s.{column})")
}

fn unknown_strategy(root: &TableSchema, name: &str) -> Error {
    Error::new(ErrorKind::Config, "destination/merge-strategy", "the merge strategy is not supported yet")
        .with("table", &root.name)
        .with("strategy", name)
        .hint("Use delete-insert, upsert, insert-only or scd2.")
}
