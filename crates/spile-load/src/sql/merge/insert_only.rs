//! Insert-only: rows with a primary key that is stored already stay out.
//!
//! Nested rows go by their own row key, as in dlt: an element that was added to the list of a stored row enters. Of several
//! staged rows with one key the first enters, which is the one that would have been stored first.

use spile_core::Result;

use super::keys::{self, MergeKeys};
use super::{Entered, is_absent};
use crate::sql::commit::{StagedTable, Writer, key_column};
use crate::sql::connection::SqlConnection;

impl<'a, C: SqlConnection> Writer<'a, C> {
    /// Inserts the staged rows that are not stored.
    pub(super) fn insert_new(
        &mut self,
        keys: &MergeKeys<'_>,
        root: &StagedTable<'a>,
        staged: &[StagedTable<'a>],
    ) -> Result<Entered> {
        let has_duplicates = self.has_duplicates(keys, root)?;
        let winners = if has_duplicates || keys.has_hard_delete() {
            Some(self.select_winners(keys, root)?)
        } else {
            None
        };
        let mut rows = Vec::new();
        for staged in staged {
            let is_root = staged.table.name == root.table.name;
            let row_key = key_column(staged.table, "row_key")?;
            let mut conditions = Vec::new();
            let mut nested_winners = None;
            if self.is_stored(staged.table) {
                conditions.push(if is_root {
                    keys.is_new(&staged.name)
                } else {
                    is_absent(&staged.name, row_key)
                });
            }
            if is_root {
                conditions.extend(winners.as_ref().map(|winners| keys::is_winner(winners, &staged.rows)));
            } else {
                if has_duplicates {
                    let first = self.select_first_of_row_key(staged, row_key)?;
                    conditions.push(keys::is_winner(&first, &staged.rows));
                    nested_winners = Some(first);
                }
                if let Some(winners) = &winners {
                    let root_key = key_column(staged.table, "root_key")?;
                    conditions.push(keys::has_winning_root(
                        winners,
                        root_key,
                        key_column(root.table, "row_key")?,
                    ));
                }
            }
            let condition = conditions.join(" AND ");
            rows.push(self.insert(staged, (!condition.is_empty()).then_some(condition.as_str()))?);
            if let Some(table) = nested_winners {
                self.drop_temporary(&table)?;
            }
        }
        if let Some(winners) = winners {
            self.drop_temporary(&winners)?;
        }
        Ok(rows)
    }
}
