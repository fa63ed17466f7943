//! Two keys of one record that meet in one column or table: both are kept.
//!
//! The later value is stored where dlt stores it. The earlier one, which dlt loses, goes to a column or table beside it,
//! named after its key: `user_name__k_ab12cd`. Which is which depends on the record alone, so every run decides alike.
//! Not here: a key that comes twice in one object, of which only the last counts in every JSON reader.

use spile_core::Result;

use super::{Cell, List, Scratch};
use crate::normalizer::Normalizer;

impl Normalizer {
    /// Moves the earlier of two values into a column of its own.
    #[cold]
    pub(super) fn keep_cell_apart<'a>(
        &mut self,
        scratch: &mut Scratch<'a>,
        table: usize,
        earlier: &Cell<'a>,
        later: (usize, usize),
    ) {
        let row_stamp = self.row_stamp;
        let key = self.key_path(earlier.source);
        let place = &mut self.tables[table];
        let met = place.columns[earlier.column].name.clone();
        let name = self.naming.shorten_path(&self.naming.apart(&met, &key));
        let what = format!("column {met} of table {}", place.name);
        let apart = place.column(&name);
        let column = &mut place.columns[apart];
        let is_taken = column.row_stamp == row_stamp
            && scratch.cells.get(column.slot).is_some_and(|cell| cell.column == apart);
        if !is_taken && !earlier.value.is_null() {
            column.row_stamp = row_stamp;
            column.slot = scratch.cells.len();
            scratch.cells.push(Cell { column: apart, ..*earlier });
        }
        self.warn_collision(&what, &key, later, (!is_taken).then_some(name.as_str()));
    }

    /// Moves the earlier of two lists into a table of its own.
    #[cold]
    pub(super) fn keep_list_apart<'a>(
        &mut self,
        scratch: &mut Scratch<'a>,
        earlier: &List<'a>,
        later: (usize, usize),
    ) -> Result<()> {
        let key = self.key_path(earlier.source);
        let parent = self.shapes[earlier.source.0].table;
        let path = self.naming.apart(&self.tables[earlier.table].path, &key);
        let what = format!("table {}", self.tables[earlier.table].name);
        let apart = self.nested_table(parent, path)?;
        let is_taken = std::mem::replace(&mut self.list_stamps[apart], self.row_stamp) == self.row_stamp;
        if !is_taken {
            scratch.lists.push(List { table: apart, ..*earlier });
        }
        let name = self.tables[apart].name.clone();
        self.warn_collision(&what, &key, later, (!is_taken).then_some(name.as_str()));
        Ok(())
    }

    /// Says that two keys of one record met, and where the earlier value is.
    fn warn_collision(&mut self, what: &str, earlier: &str, later: (usize, usize), apart: Option<&str>) {
        let later = self.key_path(later);
        let kept = match apart {
            Some(name) => format!("is kept in {name}"),
            None => "is dropped".to_owned(),
        };
        self.warnings.add(format!(
            "{what}: keys {earlier:?} and {later:?} of one record meet there, the value of {earlier:?} {kept}"
        ));
    }

    /// Returns the key of a field, with the path of the object it is in.
    fn key_path(&mut self, (shape, field): (usize, usize)) -> String {
        let shape = &mut self.shapes[shape];
        let key = shape.field(field).key.to_string();
        if shape.prefix.is_empty() { key } else { format!("{}.{key}", shape.prefix) }
    }
}
