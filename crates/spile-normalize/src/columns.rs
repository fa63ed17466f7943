//! Column builders: values of one type under way to an Arrow array.
//!
//! A column that a row does not mention costs nothing for that row: it knows its own length and is padded with nulls when
//! it is written next, or when it is finished. Not here: which column a value belongs to, and the schema. Invariant: a
//! column is never longer than one row more than the rows its table has completed.

mod text;
mod values;

use arrow_array::ArrayRef;
use arrow_buffer::NullBufferBuilder;
use spile_core::{ColumnSchema, DataType, Json, Result};

pub(crate) use values::Values;

/// What a column means to the normaliser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Values of the records.
    Data,
    /// `_dlt_id`, which a record may bring along.
    RowId,
    /// The other `_dlt` columns, which are always made here.
    System,
}

/// A column of a table, or the place of one that no value has reached yet.
pub(crate) struct Column {
    /// Normalised name.
    pub(crate) name: String,
    /// What it means.
    pub(crate) role: Role,
    /// The row that mentioned it last; see `Walk`.
    pub(crate) row_stamp: u64,
    /// Where that mention is among the cells of the row.
    pub(crate) slot: usize,
    /// Columns for values of another type: (type of the value, column).
    pub(crate) variants: Vec<(DataType, usize)>,
    data: Option<Data>,
}

struct Data {
    kind: DataType,
    values: Values,
    validity: NullBufferBuilder,
    len: usize,
}

impl Column {
    /// Makes a column without a type.
    pub(crate) fn untyped(name: String, role: Role) -> Self {
        Self { name, role, row_stamp: 0, slot: 0, variants: Vec::new(), data: None }
    }

    /// Gives the column its type, once. `integer_bits` is that of the destination's `Capabilities`.
    pub(crate) fn set_type(&mut self, data_type: DataType, schema: &ColumnSchema, integer_bits: &[u8]) {
        self.data.get_or_insert_with(|| Data {
            kind: data_type,
            values: Values::new(data_type, schema, integer_bits),
            validity: NullBufferBuilder::new(0),
            len: 0,
        });
    }

    /// Returns the type, if it has one.
    pub(crate) fn data_type(&self) -> Option<DataType> {
        self.data.as_ref().map(|data| data.kind)
    }

    /// Writes the value of a row, coerced; `false` when it does not fit the type, or the row has a value already. What is
    /// a null in this type leaves no value.
    #[inline]
    pub(crate) fn write(&mut self, row: usize, value: Json<'_>) -> bool {
        self.data.as_mut().is_some_and(|data| {
            data.seek(row) && ((data.values.push(value) && data.commit()) || data.values.takes_as_null(value))
        })
    }

    /// Writes a text that is made here, such as a row id; a column of another type is left alone.
    #[inline]
    pub(crate) fn write_text(&mut self, row: usize, text: &[u8]) -> bool {
        self.data.as_mut().is_some_and(|data| data.seek(row) && data.values.push_text(text) && data.commit())
    }

    /// Writes a number that is made here; a column of another type is left alone.
    #[inline]
    pub(crate) fn write_int(&mut self, row: usize, number: i64) -> bool {
        self.data.as_mut().is_some_and(|data| data.seek(row) && data.values.push_int(number) && data.commit())
    }

    /// Takes back the value of a row, if it has one; the row is the last one.
    pub(crate) fn take_back(&mut self, row: usize) {
        if let Some(data) = self.data.as_mut().filter(|data| data.len == row + 1) {
            data.values.truncate(row);
            data.validity.truncate(row);
            data.len = row;
        }
    }

    /// Returns whether the row has a value.
    pub(crate) fn is_set(&self, row: usize) -> bool {
        self.data.as_ref().is_some_and(|data| data.len == row + 1)
    }

    /// Returns an estimate of the bytes that the column has as an array of so many rows. The rows that it lacks count:
    /// many columns that few rows have are small here and large as arrays.
    pub(crate) fn buffered_bytes(&self, rows: usize) -> usize {
        let bytes = |data: &Data| {
            data.values.bytes() + rows.saturating_sub(data.len) * data.values.place_bytes() + rows / 8
        };
        self.data.as_ref().filter(|data| data.len > 0).map_or(0, bytes)
    }

    /// Takes the values of `rows` rows as an array; `None` for a column without a type or without a value.
    pub(crate) fn finish(&mut self, rows: usize) -> Result<Option<ArrayRef>> {
        let Some(data) = self.data.as_mut().filter(|data| data.len > 0) else { return Ok(None) };
        data.pad(rows);
        data.len = 0;
        let nulls = data.validity.finish();
        data.values.finish(nulls).map(Some)
    }
}

impl Data {
    /// Pads the column up to a row; `false` when the row has a value already.
    #[inline]
    fn seek(&mut self, row: usize) -> bool {
        self.len == row || self.pad(row)
    }

    #[cold]
    fn pad(&mut self, row: usize) -> bool {
        let Some(missing) = row.checked_sub(self.len) else { return false };
        self.values.pad(missing);
        self.validity.append_n_nulls(missing);
        self.len = row;
        true
    }

    /// Counts the value that was pushed.
    #[inline]
    fn commit(&mut self) -> bool {
        self.validity.append_non_null();
        self.len += 1;
        true
    }
}
