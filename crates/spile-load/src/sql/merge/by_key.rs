//! Delete-insert and upsert: staged rows take the place of the stored rows with their key, nested rows included.
//!
//! A stored row is replaced as a whole, as in dlt: a column that the load lacks becomes NULL. Deleting and inserting is
//! what the databases do for an update of all columns anyway, so upsert needs no statement of its own.

use spile_core::{Result, TableSchema};

use super::keys::{self, MergeKeys};
use super::{Entered, WINNERS};
use crate::sql::commit::{StagedTable, Writer, key_column};
use crate::sql::connection::SqlConnection;
use crate::sql::identifier::TableName;

/// The row keys of the stored roots that are replaced.
const REPLACED: &str = "_spile_replaced";
/// The positions of the staged roots that equal what is stored.
const UNCHANGED: &str = "_spile_unchanged";

impl<'a, C: SqlConnection> Writer<'a, C> {
    /// Replaces stored rows by the staged rows with the same key.
    pub(super) fn replace(
        &mut self,
        keys: &MergeKeys<'_>,
        root: &StagedTable<'a>,
        staged: &[StagedTable<'a>],
    ) -> Result<Entered> {
        if self.is_stored(root.table) && !keys.is_empty() {
            if self.stored_children(root).is_empty() {
                self.execute(&root.table.name, &keys.delete_replaced(&root.name, &root.rows))?;
            } else {
                let (replaced, row_key) = self.delete_replaced_children(keys, root)?;
                let delete = keys::delete_collected(&root.name, row_key, &replaced, row_key);
                self.execute(&root.table.name, &delete)?;
                self.drop_temporary(&replaced)?;
            }
        }
        if !self.needs_winners(keys, root)? {
            return self.insert_all(staged);
        }
        let winners = self.select_winners(keys, root)?;
        let condition = keys::is_winner(&winners, &root.rows);
        let entered = self.insert_winners(&winners, root, staged, &condition)?;
        self.drop_temporary(&winners)?;
        Ok(entered)
    }

    /// Replaces the stored rows that differ from the staged row with the same primary key. Nested rows are always replaced.
    pub(super) fn replace_changed(
        &mut self,
        keys: &MergeKeys<'_>,
        root: &StagedTable<'a>,
        staged: &[StagedTable<'a>],
    ) -> Result<Entered> {
        if !self.is_stored(root.table) {
            return self.replace(keys, root, staged);
        }
        let winners = self.select_winners(keys, root)?;
        let unchanged = TableName::temporary(UNCHANGED);
        let row_key = key_column(root.table, "row_key")?;
        let select = keys.select_unchanged(&unchanged, &winners, root.table, &root.name, &root.rows, row_key);
        self.execute(&root.table.name, &select)?;
        if !self.stored_children(root).is_empty() {
            let (replaced, _) = self.delete_replaced_children(keys, root)?;
            self.drop_temporary(&replaced)?;
        }
        self.execute(&root.table.name, &keys.delete_changed(&root.name, &root.rows, &unchanged))?;
        let is_changed = format!(
            "{} AND NOT {}",
            keys::is_winner(&winners, &root.rows),
            keys::is_winner(&unchanged, &root.rows)
        );
        let entered = self.insert_winners(&winners, root, staged, &is_changed)?;
        self.drop_temporary(&unchanged)?;
        self.drop_temporary(&winners)?;
        Ok(entered)
    }

    /// Inserts the staged roots that meet a condition, and the nested rows of all winners.
    fn insert_winners(
        &mut self,
        winners: &TableName,
        root: &StagedTable<'a>,
        staged: &[StagedTable<'a>],
        condition: &str,
    ) -> Result<Entered> {
        let row_key = key_column(root.table, "row_key")?;
        let mut rows = Vec::new();
        for staged in staged {
            if staged.table.name == root.table.name {
                rows.push(self.insert(staged, Some(condition))?);
                continue;
            }
            let condition = match (&root.rows.link, &staged.rows.link) {
                (Some(root_link), Some(link)) => keys::has_winning_root(winners, link, root_link),
                _row_keys_are_unique => {
                    keys::has_winning_root(winners, key_column(staged.table, "root_key")?, row_key)
                }
            };
            rows.push(self.insert(staged, Some(&condition))?);
        }
        Ok(rows)
    }

    /// Keeps the staged roots that enter.
    pub(super) fn select_winners(
        &mut self,
        keys: &MergeKeys<'_>,
        root: &StagedTable<'a>,
    ) -> Result<TableName> {
        let winners = TableName::temporary(WINNERS);
        let row_key = key_column(root.table, "row_key")?;
        self.execute(&root.table.name, &keys.select_winners(&winners, &root.rows, row_key))?;
        Ok(winners)
    }

    /// Deletes the nested rows of the stored rows that have the key of a staged one. Returns the table with the row keys of
    /// these, and the column.
    fn delete_replaced_children(
        &mut self,
        keys: &MergeKeys<'_>,
        root: &StagedTable<'a>,
    ) -> Result<(TableName, &'a str)> {
        let row_key = key_column(root.table, "row_key")?;
        let replaced = TableName::temporary(REPLACED);
        self.execute(&root.table.name, &keys.collect_replaced(&replaced, &root.name, &root.rows, row_key))?;
        for child in self.stored_children(root) {
            let name = TableName::new(self.dataset, &child.name);
            let root_key = key_column(child, "root_key")?;
            self.execute(&child.name, &keys::delete_collected(&name, root_key, &replaced, row_key))?;
        }
        Ok((replaced, row_key))
    }

    fn stored_children(&self, root: &StagedTable<'a>) -> Vec<&'a TableSchema> {
        self.stored_chain(root.table).into_iter().filter(|table| table.name != root.table.name).collect()
    }

    /// Returns whether some staged rows stay out. Mostly none does, and asking is much cheaper than ranking.
    pub(super) fn needs_winners(&mut self, keys: &MergeKeys<'_>, root: &StagedTable<'_>) -> Result<bool> {
        Ok(keys.has_hard_delete() || self.has_duplicates(keys, root)?)
    }

    /// Returns whether two staged roots have one primary key.
    pub(super) fn has_duplicates(&mut self, keys: &MergeKeys<'_>, root: &StagedTable<'_>) -> Result<bool> {
        match keys.find_duplicate(&root.rows) {
            None => Ok(false),
            Some(query) => Ok(!self.connection.query(&query)?.is_empty()),
        }
    }
}
