//! The typed buffer of a column.

use std::sync::Arc;

use arrow_array::types::{ArrowPrimitiveType, TimestampMicrosecondType};
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, Time64MicrosecondType};
use arrow_array::{ArrayRef, BinaryArray, BooleanArray, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer, ScalarBuffer};
use arrow_schema::ArrowError;
use spile_core::{ColumnSchema, DataType, Error, ErrorKind, Json, JsonKind, Result};

use super::text::TextValues;
use crate::coerce;

/// dlt's precision and scale of a decimal.
const DECIMAL_DEFAULT: (u8, i8) = (38, 9);

/// Values of one type. Nulls have a place too; which places are null is the column's business.
pub(crate) enum Values {
    Text(TextValues),
    Json(TextValues),
    Binary(TextValues),
    Bigint(Vec<i64>),
    /// Whole numbers of fewer bits than 64.
    NarrowBigint {
        values: Vec<i64>,
        bits: u8,
    },
    Timestamp(Vec<i64>),
    /// In UTC too, in a column that says no time zone.
    NaiveTimestamp(Vec<i64>),
    Time(Vec<i64>),
    Date(Vec<i32>),
    Double(Vec<f64>),
    Bool(BooleanBufferBuilder),
    Decimal {
        values: Vec<i128>,
        precision: u8,
        scale: i8,
    },
}

impl Values {
    /// Makes an empty buffer.
    pub(crate) fn new(data_type: DataType, schema: &ColumnSchema, integer_bits: &[u8]) -> Self {
        match data_type {
            DataType::Text => Self::Text(TextValues::new()),
            DataType::Json => Self::Json(TextValues::new()),
            DataType::Binary => Self::Binary(TextValues::new()),
            DataType::Bigint => match narrow_bits(schema, integer_bits) {
                Some(bits) => Self::NarrowBigint { values: Vec::new(), bits },
                None => Self::Bigint(Vec::new()),
            },
            DataType::Timestamp if schema.hints.get("timezone") == Some(&false.into()) => {
                Self::NaiveTimestamp(Vec::new())
            }
            DataType::Timestamp => Self::Timestamp(Vec::new()),
            DataType::Time => Self::Time(Vec::new()),
            DataType::Date => Self::Date(Vec::new()),
            DataType::Double => Self::Double(Vec::new()),
            DataType::Bool => Self::Bool(BooleanBufferBuilder::new(0)),
            DataType::Decimal => {
                let (precision, scale) = decimal_size(schema);
                Self::Decimal { values: Vec::new(), precision, scale }
            }
        }
    }

    /// Appends a value that fits the type, perhaps after dlt's coercion; `false` when it does not fit.
    #[inline]
    pub(crate) fn push(&mut self, value: Json<'_>) -> bool {
        match (&mut *self, value.kind()) {
            (Self::Text(values), JsonKind::String(text)) => {
                values.push(text.as_bytes());
                true
            }
            (Self::Bigint(values), JsonKind::Int(number)) => push_some(values, Some(number)),
            (Self::Double(values), JsonKind::Float(number)) => push_some(values, Some(number)),
            (Self::Bool(values), JsonKind::Bool(flag)) => {
                values.append(flag);
                true
            }
            (Self::Timestamp(values) | Self::NaiveTimestamp(values), JsonKind::String(text)) => {
                push_some(values, coerce::timestamp_text(text))
            }
            _ => self.push_coerced(value),
        }
    }

    /// Returns whether a value that was not pushed is a null in this type: dlt reads the JSON that a text holds.
    #[cold]
    pub(crate) fn takes_as_null(&self, value: Json<'_>) -> bool {
        matches!((self, value.kind()), (Self::Json(_), JsonKind::String(text)) if coerce::is_json_null(text))
    }

    fn push_coerced(&mut self, value: Json<'_>) -> bool {
        match self {
            Self::Text(values) => {
                let fits = coerce::text(value, values.buffer());
                if fits {
                    values.end();
                }
                fits
            }
            Self::Json(values) => {
                let fits = coerce::json(value, values.buffer());
                if fits {
                    values.end();
                }
                fits
            }
            Self::Binary(values) => match coerce::binary(value.kind()) {
                Some(bytes) => {
                    values.push(&bytes);
                    true
                }
                None => false,
            },
            Self::Bigint(values) => push_some(values, coerce::bigint(value.kind())),
            Self::NarrowBigint { values, bits } => {
                let number = coerce::bigint(value.kind());
                push_some(values, number.filter(|number| is_within(*number, *bits)))
            }
            Self::Timestamp(values) | Self::NaiveTimestamp(values) => {
                push_some(values, coerce::timestamp(value.kind()))
            }
            Self::Time(values) => push_some(values, coerce::time(value.kind())),
            Self::Date(values) => push_some(values, coerce::date(value.kind())),
            Self::Double(values) => push_some(values, coerce::double(value.kind())),
            Self::Bool(values) => match coerce::bool(value.kind()) {
                Some(flag) => {
                    values.append(flag);
                    true
                }
                None => false,
            },
            Self::Decimal { values, precision, scale } => {
                push_some(values, coerce::decimal(value.kind(), *precision, *scale))
            }
        }
    }

    /// Appends a text that is known to be UTF-8; `false` when this is not a text column.
    #[inline]
    pub(crate) fn push_text(&mut self, text: &[u8]) -> bool {
        let Self::Text(values) = self else { return false };
        values.push(text);
        true
    }

    /// Appends a number; `false` when this is not a bigint column.
    #[inline]
    pub(crate) fn push_int(&mut self, number: i64) -> bool {
        let Self::Bigint(values) = self else { return false };
        push_some(values, Some(number))
    }

    /// Appends places for nulls.
    pub(crate) fn pad(&mut self, count: usize) {
        match self {
            Self::Text(values) | Self::Json(values) | Self::Binary(values) => values.pad(count),
            Self::Bigint(values)
            | Self::NarrowBigint { values, .. }
            | Self::Timestamp(values)
            | Self::NaiveTimestamp(values)
            | Self::Time(values) => {
                values.resize(values.len() + count, 0);
            }
            Self::Date(values) => values.resize(values.len() + count, 0),
            Self::Double(values) => values.resize(values.len() + count, 0.0),
            Self::Bool(values) => values.append_n(count, false),
            Self::Decimal { values, .. } => values.resize(values.len() + count, 0),
        }
    }

    /// Drops the values from a place on.
    pub(crate) fn truncate(&mut self, count: usize) {
        match self {
            Self::Text(values) | Self::Json(values) | Self::Binary(values) => values.truncate(count),
            Self::Bigint(values)
            | Self::NarrowBigint { values, .. }
            | Self::Timestamp(values)
            | Self::NaiveTimestamp(values)
            | Self::Time(values) => values.truncate(count),
            Self::Date(values) => values.truncate(count),
            Self::Double(values) => values.truncate(count),
            Self::Bool(values) => values.truncate(count),
            Self::Decimal { values, .. } => values.truncate(count),
        }
    }

    /// Returns the bytes of a null's place.
    pub(crate) fn place_bytes(&self) -> usize {
        match self {
            Self::Text(_) | Self::Json(_) | Self::Binary(_) | Self::Date(_) => 4,
            Self::Bigint(_)
            | Self::NarrowBigint { .. }
            | Self::Timestamp(_)
            | Self::NaiveTimestamp(_)
            | Self::Time(_)
            | Self::Double(_) => 8,
            Self::Bool(_) => 0,
            Self::Decimal { .. } => 16,
        }
    }

    /// Returns an estimate of the bytes held.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text(values) | Self::Json(values) | Self::Binary(values) => values.len_bytes(),
            Self::Bigint(values)
            | Self::NarrowBigint { values, .. }
            | Self::Timestamp(values)
            | Self::NaiveTimestamp(values)
            | Self::Time(values) => values.len() * 8,
            Self::Date(values) => values.len() * 4,
            Self::Double(values) => values.len() * 8,
            Self::Bool(values) => values.len() / 8,
            Self::Decimal { values, .. } => values.len() * 16,
        }
    }

    /// Takes the values as an Arrow array.
    pub(crate) fn finish(&mut self, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        match self {
            Self::Text(values) | Self::Json(values) => {
                let (offsets, bytes) = values.finish()?;
                let array = StringArray::try_new(offsets, bytes, nulls).map_err(build_error)?;
                Ok(Arc::new(array))
            }
            Self::Binary(values) => {
                let (offsets, bytes) = values.finish()?;
                let array = BinaryArray::try_new(offsets, bytes, nulls).map_err(build_error)?;
                Ok(Arc::new(array))
            }
            Self::Bigint(values) | Self::NarrowBigint { values, .. } => {
                Ok(Arc::new(take::<Int64Type>(values, nulls)?))
            }
            Self::NaiveTimestamp(values) => Ok(Arc::new(take::<TimestampMicrosecondType>(values, nulls)?)),
            Self::Timestamp(values) => {
                let array = take::<TimestampMicrosecondType>(values, nulls)?;
                Ok(Arc::new(array.with_timezone("UTC")))
            }
            Self::Time(values) => Ok(Arc::new(take::<Time64MicrosecondType>(values, nulls)?)),
            Self::Date(values) => Ok(Arc::new(take::<Date32Type>(values, nulls)?)),
            Self::Double(values) => Ok(Arc::new(take::<Float64Type>(values, nulls)?)),
            Self::Bool(values) => Ok(Arc::new(BooleanArray::new(values.finish(), nulls))),
            Self::Decimal { values, precision, scale } => {
                let array = take::<Decimal128Type>(values, nulls)?;
                Ok(Arc::new(array.with_precision_and_scale(*precision, *scale).map_err(build_error)?))
            }
        }
    }
}

#[inline]
fn push_some<T>(values: &mut Vec<T>, value: Option<T>) -> bool {
    match value {
        Some(value) => {
            values.push(value);
            true
        }
        None => false,
    }
}

/// Takes the values, leaving room for as many again.
fn take<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    nulls: Option<NullBuffer>,
) -> Result<PrimitiveArray<T>> {
    let room = Vec::with_capacity(values.len());
    let taken = std::mem::replace(values, room);
    PrimitiveArray::try_new(ScalarBuffer::from(taken), nulls).map_err(build_error)
}

/// Returns the bits of whole numbers at the destination, when these are fewer than 64.
fn narrow_bits(schema: &ColumnSchema, integer_bits: &[u8]) -> Option<u8> {
    let precision = schema.hints.get("precision")?.as_u64()?;
    let bits = integer_bits.iter().copied().find(|bits| precision <= u64::from(*bits))?;
    (bits < 64).then_some(bits)
}

/// Returns whether a number has no more bits, the sign included.
fn is_within(number: i64, bits: u8) -> bool {
    let bound = 1_i64 << (bits - 1);
    (-bound..bound).contains(&number)
}

/// Returns precision and scale of a decimal column, as hinted when the hint makes sense.
fn decimal_size(schema: &ColumnSchema) -> (u8, i8) {
    let hint = |name: &str| schema.hints.get(name).and_then(serde_json::Value::as_u64);
    let Some(precision) = hint("precision").and_then(|precision| u8::try_from(precision).ok()) else {
        return DECIMAL_DEFAULT;
    };
    let scale = hint("scale").and_then(|scale| i8::try_from(scale).ok()).unwrap_or(0);
    if (1..=38).contains(&precision) && scale.unsigned_abs() <= precision {
        (precision, scale)
    } else {
        DECIMAL_DEFAULT
    }
}

fn build_error(error: ArrowError) -> Error {
    Error::new(ErrorKind::Bug, "bug/column", "could not build an Arrow column").source_error(error)
}
