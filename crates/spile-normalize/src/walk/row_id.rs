//! Ids of root rows: random, or a hash of the row's key or of the whole record, as the merge strategy asks for.
//!
//! Not here: ids of nested rows, which follow from their parent (`ids`). Invariant: a hash is of the values as the API
//! sent them, before any coercion, and of the keys in the order of their bytes: dlt's, to the bit.

use spile_core::{Json, Result};

use super::{Content, Scratch};
use crate::ids::{MadeId, RootIdKind, content_id};
use crate::literal::{self, KeyOrder};
use crate::normalizer::Normalizer;
use crate::table::missing_value;

/// Keys that dlt leaves out of the hash of a record.
const SYSTEM_PREFIX: &str = "_dlt";

impl Normalizer {
    /// Returns the id of a root row that brings none along.
    #[inline]
    pub(super) fn root_id(
        &mut self,
        scratch: &Scratch<'_>,
        table: usize,
        content: Content<'_>,
    ) -> Result<MadeId> {
        match self.root_id_kind {
            RootIdKind::Random => Ok(self.root_ids.next()),
            RootIdKind::KeyHash => self.key_hash(scratch, table),
            RootIdKind::RowHash => Ok(self.row_hash(content)),
        }
    }

    /// Hashes `{"key column": value, ...}`, names as they are in the table.
    fn key_hash(&mut self, scratch: &Scratch<'_>, table: usize) -> Result<MadeId> {
        let table = &self.tables[table];
        let mut members = Vec::with_capacity(table.key.len());
        for index in &table.key {
            let column = &table.columns[*index];
            let cell = scratch.cells.get(column.slot).filter(|cell| {
                column.row_stamp == self.row_stamp && cell.column == *index && !cell.value.is_null()
            });
            let Some(cell) = cell else { return Err(missing_value(&table.name, &column.name, true)) };
            members.push((column.name.as_str(), cell.value));
        }
        Ok(hash(&members, &mut self.hash_buffer))
    }

    /// Hashes the record with all that is nested in it.
    fn row_hash(&mut self, content: Content<'_>) -> MadeId {
        let mut members = match content {
            Content::Object(record) => literal::last_wins(record),
            Content::Single(key, value) => vec![(key, value)],
        };
        members.retain(|(key, _)| !key.starts_with(SYSTEM_PREFIX));
        members.sort_unstable_by_key(|(key, _)| *key);
        hash(&members, &mut self.hash_buffer)
    }
}

/// Hashes members that are sorted already.
fn hash(members: &[(&str, Json<'_>)], buffer: &mut Vec<u8>) -> MadeId {
    buffer.clear();
    literal::push_members(members.iter().copied(), KeyOrder::Sorted, buffer);
    content_id(buffer)
}
