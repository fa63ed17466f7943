//! Record batches as PostgreSQL's binary COPY format.
//!
//! Pure: batches in, bytes out. Invariant: every field has the form of the type that [`column_type`] names for its
//! column, so the target of the COPY must be a table with these types.

use arrow_array::RecordBatch;
use arrow_schema::{DataType as ArrowType, TimeUnit};
use spile_core::{ColumnSchema, DataType, Error, ErrorKind, Result};

use super::numeric::push_numeric;
use crate::cells::{Cell, Cells};

/// What a binary COPY starts with: signature, flags, no extension.
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What it ends with.
pub(super) const TRAILER: &[u8] = &(-1_i16).to_be_bytes();

/// Microseconds and days from 1970 to 2000, where PostgreSQL starts to count.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const EPOCH_DAYS: i32 = 10_957;
/// What stands before the text of a jsonb value.
const JSONB_VERSION: u8 = 1;

/// Returns the type of a staging column for a segment's column.
pub(super) fn column_type(column: &ColumnSchema, arrow: &ArrowType) -> Result<&'static str> {
    Ok(match arrow {
        ArrowType::Utf8 if column.data_type == Some(DataType::Json) => "jsonb",
        ArrowType::Utf8 => "text",
        ArrowType::Binary => "bytea",
        ArrowType::Int64 => "bigint",
        ArrowType::Float64 => "double precision",
        ArrowType::Boolean => "boolean",
        ArrowType::Date32 => "date",
        ArrowType::Time64(TimeUnit::Microsecond) => "time without time zone",
        ArrowType::Timestamp(TimeUnit::Microsecond, Some(_)) => "timestamp with time zone",
        ArrowType::Timestamp(TimeUnit::Microsecond, None) => "timestamp without time zone",
        ArrowType::Decimal128(_, scale) if *scale >= 0 => "numeric",
        other => {
            return Err(Error::new(
                ErrorKind::Bug,
                "destination/segment-type",
                "a segment has a column of a type that no normaliser writes",
            )
            .with("column", &column.name)
            .with("type", other));
        }
    })
}

/// Writes the rows of one segment after another, each behind its number.
pub(super) struct Encoder<'a> {
    columns: Vec<&'a ColumnSchema>,
    row: i64,
}

impl<'a> Encoder<'a> {
    /// Makes an encoder for columns in the order of the batches; `row` is the number of the first row.
    pub(super) fn new(columns: Vec<&'a ColumnSchema>, row: i64) -> Self {
        Self { columns, row }
    }

    /// Returns the number of the next row.
    pub(super) fn next_row(&self) -> i64 {
        self.row
    }

    /// Appends all rows of a batch.
    pub(super) fn encode(&mut self, batch: &RecordBatch, bytes: &mut Vec<u8>) -> Result<()> {
        let fields =
            self.columns.iter().zip(batch.columns()).map(|(column, array)| Cells::new(column, array));
        let fields = fields.collect::<Result<Vec<_>>>()?;
        let count = i16::try_from(fields.len() + 1).map_err(|_| {
            Error::new(ErrorKind::Data, "destination/too-many-columns", "a table has too many columns")
                .with("columns", fields.len())
        })?;
        for row in 0..batch.num_rows() {
            bytes.extend(count.to_be_bytes());
            push_sized(bytes, &self.row.to_be_bytes());
            self.row += 1;
            for field in &fields {
                push_field(bytes, field.get(row))?;
            }
        }
        Ok(())
    }
}

fn push_field(bytes: &mut Vec<u8>, cell: Cell<'_>) -> Result<()> {
    match cell {
        Cell::Null => bytes.extend((-1_i32).to_be_bytes()),
        Cell::Text(text) => push_text(bytes, text)?,
        Cell::Json(text) => push_json(bytes, text)?,
        Cell::Binary(value) => {
            let start = open(bytes);
            bytes.extend(value);
            close(bytes, start)?;
        }
        Cell::Bigint(value) => push_sized(bytes, &value.to_be_bytes()),
        Cell::Double(value) => push_sized(bytes, &value.to_be_bytes()),
        Cell::Bool(value) => push_sized(bytes, &[u8::from(value)]),
        Cell::Date(days) => {
            push_sized(bytes, &days.checked_sub(EPOCH_DAYS).ok_or_else(out_of_range)?.to_be_bytes());
        }
        Cell::Time(micros) => push_sized(bytes, &micros.to_be_bytes()),
        Cell::Timestamp { micros, .. } => {
            push_sized(bytes, &micros.checked_sub(EPOCH_MICROS).ok_or_else(out_of_range)?.to_be_bytes());
        }
        Cell::Decimal(digits, scale) => {
            let start = open(bytes);
            push_numeric(bytes, digits, u16::from(scale));
            close(bytes, start)?;
        }
    }
    Ok(())
}

fn push_sized<const N: usize>(bytes: &mut Vec<u8>, value: &[u8; N]) {
    bytes.extend((N as i32).to_be_bytes());
    bytes.extend(value);
}

/// Writes text. PostgreSQL cannot hold the character NUL; it is left out, as dlt does.
fn push_text(bytes: &mut Vec<u8>, text: &str) -> Result<()> {
    let start = open(bytes);
    if text.as_bytes().contains(&0) {
        bytes.extend(text.bytes().filter(|byte| *byte != 0));
    } else {
        bytes.extend(text.as_bytes());
    }
    close(bytes, start)
}

/// Writes JSON text, without the escapes of the character NUL, which jsonb refuses.
fn push_json(bytes: &mut Vec<u8>, text: &str) -> Result<()> {
    let start = open(bytes);
    bytes.push(JSONB_VERSION);
    let mut rest = text;
    while let Some(position) = rest.find('\\') {
        let (before, escape) = rest.split_at(position);
        bytes.extend(before.as_bytes());
        // An escape is a backslash and one character, which takes the four digits behind a `u` along as plain text.
        let length = if escape.starts_with("\\u0000") { 6 } else { 2.min(escape.len()) };
        let (escape, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
        if length == 2 {
            bytes.extend(escape.as_bytes());
        }
        rest = after;
    }
    bytes.extend(rest.as_bytes());
    close(bytes, start)
}

/// Leaves room for the length of a field.
fn open(bytes: &mut Vec<u8>) -> usize {
    bytes.extend([0; 4]);
    bytes.len()
}

/// Fills the length in.
fn close(bytes: &mut [u8], start: usize) -> Result<()> {
    let length = i32::try_from(bytes.len() - start).map_err(|_| {
        Error::new(ErrorKind::Data, "destination/conversion", "a value is too long for postgres")
    })?;
    bytes[start - 4..start].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

fn out_of_range() -> Error {
    Error::new(ErrorKind::Data, "destination/conversion", "a time is outside of what postgres can hold")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn field(push: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Vec<u8> {
        let mut bytes = Vec::new();
        push(&mut bytes).unwrap();
        assert_eq!(bytes[..4], ((bytes.len() - 4) as i32).to_be_bytes());
        bytes.split_off(4)
    }

    #[test]
    fn nul_is_left_out() {
        assert_eq!(field(|bytes| push_text(bytes, "a\0b")), b"ab");
        for (json, written) in [
            (r#"{"a":"x\u0000y"}"#, &br#"{"a":"xy"}"#[..]),
            (r#""\\u0000\n""#, br#""\\u0000\n""#),
            (r#""\\\u0000é\u0001""#, r#""\\é\u0001""#.as_bytes()),
        ] {
            assert_eq!(field(|bytes| push_json(bytes, json))[1..], *written, "{json}");
        }
    }

    #[test]
    fn rows_are_numbered_fields() {
        let (id, name) = (ColumnSchema::new("id", DataType::Bigint), ColumnSchema::new("n", DataType::Text));
        let columns: [(&str, ArrayRef); 2] = [
            ("id", Arc::new(Int64Array::from(vec![7]))),
            ("n", Arc::new(StringArray::from(vec![None::<&str>]))),
        ];
        let mut encoder = Encoder::new(vec![&id, &name], 3);
        let mut bytes = Vec::new();
        encoder.encode(&RecordBatch::try_from_iter(columns).unwrap(), &mut bytes).unwrap();
        let expected = [
            &3_i16.to_be_bytes()[..],
            &[0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 3],
            &[0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7],
            &(-1_i32).to_be_bytes(),
        ];
        assert_eq!(bytes, expected.concat());
        assert_eq!(encoder.next_row(), 4);
    }
}
