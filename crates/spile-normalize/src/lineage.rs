//! The rows of the page under way: who hangs where, and their ids.
//!
//! A nested row's id is a hash of its parent's, so the ids of a page are made level by level when all its rows are there:
//! the rows of one level are hashed side by side. Not here: the values of the rows, and which table they go to. Invariant:
//! rows stand in the order in which they were made, a parent before its children.

use crate::ids::{self, IdHasher, MadeId};

/// The rows of a page.
#[derive(Default)]
pub(crate) struct Lineage {
    rows: Vec<Row>,
    ids: Vec<RowId>,
    /// Ids that the records brought along, end to end.
    given: Vec<u8>,
    /// The rows whose ids are to be made, by their distance from the root.
    levels: Vec<Vec<u32>>,
    hasher: IdHasher,
}

/// A row and its place. A page is capped far below 4 G nodes, so 32 bits count all that is on it.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// The table it is in.
    pub(crate) table: u32,
    /// The row's number in the table.
    pub(crate) number: u32,
    /// Where it hangs; `None` for a root.
    pub(crate) parent: Option<Parent>,
}

/// Where a nested row hangs.
#[derive(Clone, Copy)]
pub(crate) struct Parent {
    /// The parent row, as [`Lineage::add`] counts.
    pub(crate) row: u32,
    /// The root row, as [`Lineage::add`] counts.
    pub(crate) root: u32,
    /// Steps from the root.
    pub(crate) level: u32,
    /// Place in the list.
    pub(crate) index: u32,
}

/// The id of a row.
#[derive(Clone, Copy)]
pub(crate) enum RowId {
    /// Made here.
    Made(MadeId),
    /// The record's own: a part of [`Lineage::given`].
    Given { start: u32, end: u32 },
    /// Not known yet.
    Pending,
}

impl Lineage {
    /// Keeps an id that a record brings along.
    pub(crate) fn keep(&mut self, id: &str) -> RowId {
        let start = self.given.len() as u32;
        self.given.extend_from_slice(id.as_bytes());
        RowId::Given { start, end: self.given.len() as u32 }
    }

    /// Adds a row and returns its number on the page.
    #[inline]
    pub(crate) fn add(&mut self, row: Row, id: RowId) -> u32 {
        let number = self.rows.len() as u32;
        if let (RowId::Pending, Some(parent)) = (id, &row.parent) {
            let level = parent.level as usize;
            if self.levels.len() < level {
                self.levels.resize_with(level, Vec::new);
            }
            self.levels[level - 1].push(number);
        }
        self.rows.push(row);
        self.ids.push(id);
        number
    }

    /// Makes the ids that are not known yet. `table_name` names a table.
    pub(crate) fn make_ids<'t>(&mut self, table_name: impl Fn(usize) -> &'t str) {
        let Self { rows, ids, given, levels, hasher } = self;
        for level in levels {
            for numbers in level.chunks(ids::TEXTS_MAX) {
                for number in numbers {
                    let row = &rows[*number as usize];
                    let Some(parent) = &row.parent else { continue };
                    let parent_id = text(&ids[parent.row as usize], given);
                    hasher.put(parent_id, table_name(row.table as usize), parent.index);
                }
                for (number, id) in numbers.iter().zip(hasher.take()) {
                    ids[*number as usize] = RowId::Made(*id);
                }
            }
            level.clear();
        }
    }

    /// Returns the rows in order.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Returns the id of a row; it is known after [`Lineage::make_ids`].
    #[inline]
    pub(crate) fn id(&self, number: u32) -> &[u8] {
        text(&self.ids[number as usize], &self.given)
    }

    /// Forgets the rows.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.ids.clear();
        self.given.clear();
    }
}

#[inline]
fn text<'a>(id: &'a RowId, given: &'a [u8]) -> &'a [u8] {
    match id {
        RowId::Made(id) => id,
        RowId::Given { start, end } => &given[*start as usize..*end as usize],
        RowId::Pending => &[],
    }
}
