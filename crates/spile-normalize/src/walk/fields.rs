//! From keys to columns, shapes and nested tables: what happens once per distinct key.
//!
//! Not here: values. Invariant: a field, once made, leads to the same column, shape and table for the whole run.

use spile_core::{EMPTY_IDENTIFIER, Error, ErrorKind, Result};

use crate::normalizer::Normalizer;
use crate::shape::Shape;

/// Distinct keys that one place in a document may have, as a multiple of the columns that a table may have.
const KEYS_PER_COLUMN_MAX: usize = 16;

impl Normalizer {
    /// Returns the field of a key; `previous` is the field before it in this object.
    #[inline]
    pub(super) fn find_field(&mut self, shape: usize, previous: Option<usize>, key: &str) -> Result<usize> {
        match self.shapes[shape].find(previous, key) {
            Some(field) => Ok(field),
            None => self.add_field(shape, previous, key),
        }
    }

    #[cold]
    fn add_field(&mut self, shape: usize, previous: Option<usize>, key: &str) -> Result<usize> {
        let place = &mut self.shapes[shape];
        let table = &mut self.tables[place.table];
        if place.len() >= self.columns_max.saturating_mul(KEYS_PER_COLUMN_MAX) {
            return Err(Error::new(
                ErrorKind::Limit,
                "limit/columns",
                "an object has too many distinct keys",
            )
            .with("table", &table.name)
            .hint("Declare a column of type json to keep objects whose keys are data in one column."));
        }
        let naming = self.naming;
        let name = naming.path(key);
        if name == EMPTY_IDENTIFIER && !key.trim().is_empty() {
            self.warnings
                .add(format!("table {}: nothing is left of key {key:?}, it is stored as {name}", table.name));
        }
        let path = naming.join(&place.prefix, &name);
        let wanted = naming.shorten_path(&path);
        let column = table.column(&wanted);
        if naming.folds() && table.columns[column].name != wanted {
            self.warnings.add(format!(
                "table {}: key {key:?} is stored in column {}, names that differ in case alone are one to the destination",
                table.name, table.columns[column].name
            ));
        }
        Ok(place.add(previous, key, path, column))
    }

    /// Returns the shape of objects under a field.
    pub(super) fn object_shape(&mut self, (shape, field): (usize, usize)) -> usize {
        let added = self.shapes.len();
        let table = self.shapes[shape].table;
        let field = self.shapes[shape].field(field);
        if let Some(object) = field.object {
            return object;
        }
        field.object = Some(added);
        let prefix = field.path.clone();
        self.shapes.push(Shape::new(table, prefix));
        added
    }

    /// Returns the table of lists under a field.
    pub(super) fn list_table(&mut self, (shape, field): (usize, usize)) -> Result<usize> {
        let parent = self.shapes[shape].table;
        if let Some(table) = self.shapes[shape].field(field).list {
            return Ok(table);
        }
        let path = self.naming.join(&self.tables[parent].path, &self.shapes[shape].field(field).path);
        let table = self.nested_table(parent, path)?;
        self.shapes[shape].field(field).list = Some(table);
        Ok(table)
    }
}
