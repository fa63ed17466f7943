//! From cells to columns: types of new columns, and variants for what does not fit.
//!
//! Not here: the coercion itself (`coerce`). Invariant: a value that is not null is written to one column, or the run
//! fails; it never takes the place of another.

use spile_core::{Error, ErrorKind, Json, JsonKind, Result};

use super::Scratch;
use crate::catalog::Origin;
use crate::coerce;
use crate::contract::{Admission, Entity};
use crate::normalizer::Normalizer;

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

    /// Returns whether the contract lets rows into the table.
    pub(super) fn is_table_admitted(&mut self, table: usize) -> Result<bool> {
        let table = &mut self.tables[table];
        if !table.is_new(&self.catalog) {
            return Ok(true);
        }
        Ok(self.dropped.admit(table, Entity::Tables, "", None)? == Admission::Kept)
    }

    /// Writes the cells of the row under way as far as the table's contract allows; `false` when it drops the row.
    pub(super) fn write_guarded_cells(&mut self, scratch: &mut Scratch<'_>, table: usize) -> Result<bool> {
        let row = self.tables[table].rows;
        // The first row of a nested table brings its columns along.
        let columns_evolve = self.tables[table].contract.columns_evolve;
        self.tables[table].contract.columns_evolve |=
            !self.catalog.has_typed_column(&self.tables[table].name);
        let mut is_dropped = false;
        for cell in &scratch.cells {
            if !self.tables[table].columns[cell.column].write(row, cell.value)
                && self.write_slow(table, row, cell.column, cell.value, 0)? == Admission::RowDropped
            {
                is_dropped = true;
                break;
            }
        }
        self.tables[table].contract.columns_evolve = columns_evolve;
        if is_dropped {
            let table = &mut self.tables[table];
            let written: Vec<usize> = scratch
                .cells
                .iter()
                .flat_map(|cell| {
                    let variants = table.columns[cell.column].variants.iter().map(|(_, variant)| *variant);
                    variants.chain([cell.column]).collect::<Vec<_>>()
                })
                .collect();
            table.take_back(written.into_iter());
        }
        scratch.cells.clear();
        Ok(!is_dropped)
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
    ) -> Result<Admission> {
        if value.is_null() {
            return Ok(Admission::Kept);
        }
        if depth == 0 && matches!(value.kind(), JsonKind::BigInt(_)) {
            self.warn_big_integer(table, column);
        }
        if self.tables[table].columns[column].data_type().is_none() {
            let (origin, entity) = if depth == 0 {
                (Origin::Data, Entity::Columns)
            } else {
                (Origin::Variant, Entity::DataType)
            };
            let admission = self.admit_column(table, column, entity, value)?;
            if admission != Admission::Kept {
                return Ok(admission);
            }
            self.set_type(table, column, value, origin)?;
            if self.tables[table].columns[column].write(row, value) {
                return Ok(Admission::Kept);
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
            return Ok(Admission::Kept);
        }
        self.write_slow(table, row, variant, value, depth + 1)
    }

    fn admit_column(
        &mut self,
        table: usize,
        column: usize,
        entity: Entity,
        value: Json<'_>,
    ) -> Result<Admission> {
        let table = &self.tables[table];
        if table.contract.is_open() {
            return Ok(Admission::Kept);
        }
        let value_type = (entity == Entity::DataType).then(|| coerce::value_type(value.kind()));
        self.dropped.admit(table, entity, &table.columns[column].name, value_type)
    }

    /// Gives a column the type of its first value, unless it was declared with another.
    fn set_type(&mut self, table: usize, column: usize, value: Json<'_>, origin: Origin) -> Result<()> {
        let data_type = coerce::infer(value.kind());
        let table = &mut self.tables[table];
        let integer_bits = table.integer_bits;
        let column = &mut table.columns[column];
        let schema = self.catalog.type_column(&table.name, &column.name, data_type, origin)?;
        column.set_type(schema.data_type.unwrap_or(data_type), schema, integer_bits);
        Ok(())
    }

    /// Returns the column for values of this type that do not fit the column.
    fn variant_column(&mut self, table: usize, column: usize, value: Json<'_>) -> usize {
        let data_type = coerce::value_type(value.kind());
        let table = &mut self.tables[table];
        if let Some((_, variant)) = table.columns[column].variants.iter().find(|(of, _)| *of == data_type) {
            return *variant;
        }
        let name = self.naming.variant(&table.columns[column].name, data_type.as_str());
        let variant = table.column(&name);
        table.columns[column].variants.push((data_type, variant));
        variant
    }
}
