//! From cells to columns: types of new columns, and variants for what does not fit.
//!
//! Not here: the coercion itself (`coerce`). Invariant: a value that is not null is written to one column, or the run
//! fails; it never takes the place of another.

use spile_core::{Error, ErrorKind, Json, JsonKind, Result};

use super::Scratch;
use crate::catalog::Origin;
use crate::normalizer::Normalizer;
use crate::{coerce, naming};

/// Variants of variants that are made before giving up.
const VARIANT_DEPTH_MAX: u32 = 4;

impl Normalizer {
    /// Writes the cells of the row under way.
    pub(super) fn write_cells(&mut self, scratch: &mut Scratch<'_>, table: usize) -> Result<()> {
        let row = self.tables[table].rows;
        for cell in scratch.cells.drain(..) {
            if !self.tables[table].columns[cell.column].write(row, cell.value) {
                self.write_slow(table, row, cell.column, cell.value, 0)?;
            }
        }
        Ok(())
    }

    /// Writes a value that its column does not take: the column has no type yet, or another one.
    #[cold]
    fn write_slow(
        &mut self,
        table: usize,
        row: usize,
        column: usize,
        value: Json<'_>,
        depth: u32,
    ) -> Result<()> {
        if value.is_null() {
            return Ok(());
        }
        if depth == 0 && matches!(value.kind(), JsonKind::BigInt(_)) {
            self.warn_big_integer(table, column);
        }
        if self.tables[table].columns[column].data_type().is_none() {
            let origin = if depth == 0 { Origin::Data } else { Origin::Variant };
            self.set_type(table, column, value, origin)?;
            if self.tables[table].columns[column].write(row, value) {
                return Ok(());
            }
        }
        if depth == VARIANT_DEPTH_MAX {
            return Err(Error::new(
                ErrorKind::Data,
                "data/variant",
                "a value fits neither its column nor the variant columns of it",
            )
            .with("table", &self.tables[table].name)
            .with("column", &self.tables[table].columns[column].name)
            .hint("Declare the column with data_type json or text."));
        }
        let variant = self.variant_column(table, column, value);
        if self.tables[table].columns[variant].write(row, value) {
            return Ok(());
        }
        self.write_slow(table, row, variant, value, depth + 1)
    }

    /// Gives a column the type of its first value, unless it was declared with another.
    fn set_type(&mut self, table: usize, column: usize, value: Json<'_>, origin: Origin) -> Result<()> {
        let data_type = coerce::infer(value.kind());
        let table = &mut self.tables[table];
        let column = &mut table.columns[column];
        let schema = self.catalog.type_column(&table.name, &column.name, data_type, origin)?;
        column.set_type(schema.data_type.unwrap_or(data_type), schema);
        Ok(())
    }

    /// Returns the column for values of this type that do not fit the column.
    fn variant_column(&mut self, table: usize, column: usize, value: Json<'_>) -> usize {
        let data_type = coerce::value_type(value.kind());
        let table = &mut self.tables[table];
        if let Some((_, variant)) = table.columns[column].variants.iter().find(|(of, _)| *of == data_type) {
            return *variant;
        }
        let name = naming::variant(&table.columns[column].name, data_type.as_str(), self.length_max);
        let variant = table.column(&name);
        table.columns[column].variants.push((data_type, variant));
        variant
    }
}
