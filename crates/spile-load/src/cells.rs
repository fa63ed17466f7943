//! The values of a segment, column by column, for destinations that take rows one at a time.
//!
//! Pure: an array in, values or dlt's texts of them out. What a destination makes of a value is its own business.
//! Invariant: [`Cells::new`] accepts every array that a normaliser writes and refuses any other.

use std::fmt::Write as _;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array as _, ArrayRef};
use arrow_schema::{DataType as ArrowType, TimeUnit};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use spile_core::{ColumnSchema, DataType, Error, ErrorKind, Result};

/// A value of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Text(&'a str),
    /// JSON as text.
    Json(&'a str),
    Binary(&'a [u8]),
    Bigint(i64),
    Double(f64),
    Bool(bool),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970 in UTC; `zoned` says whether the column knows its time zone.
    Timestamp {
        micros: i64,
        zoned: bool,
    },
    /// Digits, and how many of them stand behind the point.
    Decimal(i128, u8),
}

/// The values of one column.
pub(crate) struct Cells<'a> {
    array: &'a ArrayRef,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Json,
    Binary,
    Bigint,
    Double,
    Bool,
    Date,
    Time,
    Timestamp { zoned: bool },
    Decimal(u8),
}

impl<'a> Cells<'a> {
    /// Reads the kind off an array of a segment.
    pub(crate) fn new(column: &ColumnSchema, array: &'a ArrayRef) -> Result<Self> {
        let kind = match array.data_type() {
            ArrowType::Utf8 if column.data_type == Some(DataType::Json) => Kind::Json,
            ArrowType::Utf8 => Kind::Text,
            ArrowType::Binary => Kind::Binary,
            ArrowType::Int64 => Kind::Bigint,
            ArrowType::Float64 => Kind::Double,
            ArrowType::Boolean => Kind::Bool,
            ArrowType::Date32 => Kind::Date,
            ArrowType::Time64(TimeUnit::Microsecond) => Kind::Time,
            ArrowType::Timestamp(TimeUnit::Microsecond, zone) => Kind::Timestamp { zoned: zone.is_some() },
            ArrowType::Decimal128(_, scale) if *scale >= 0 => Kind::Decimal(scale.unsigned_abs()),
            other => {
                return Err(Error::new(
                    ErrorKind::Bug,
                    "destination/segment-type",
                    "a segment has a column of a type that no normaliser writes",
                )
                .with("column", &column.name)
                .with("type", other));
            }
        };
        Ok(Self { array, kind })
    }

    /// Returns the value of a row.
    pub(crate) fn get(&self, row: usize) -> Cell<'a> {
        let array = self.array;
        if array.is_null(row) {
            return Cell::Null;
        }
        match self.kind {
            Kind::Text => Cell::Text(array.as_string::<i32>().value(row)),
            Kind::Json => Cell::Json(array.as_string::<i32>().value(row)),
            Kind::Binary => Cell::Binary(array.as_binary::<i32>().value(row)),
            Kind::Bigint => Cell::Bigint(array.as_primitive::<Int64Type>().value(row)),
            Kind::Double => Cell::Double(array.as_primitive::<Float64Type>().value(row)),
            Kind::Bool => Cell::Bool(array.as_boolean().value(row)),
            Kind::Date => Cell::Date(array.as_primitive::<Date32Type>().value(row)),
            Kind::Time => Cell::Time(array.as_primitive::<Time64MicrosecondType>().value(row)),
            Kind::Timestamp { zoned } => {
                Cell::Timestamp { micros: array.as_primitive::<TimestampMicrosecondType>().value(row), zoned }
            }
            Kind::Decimal(scale) => Cell::Decimal(array.as_primitive::<Decimal128Type>().value(row), scale),
        }
    }
}

/// Appends a date as `2024-01-31`.
pub(crate) fn push_date(text: &mut String, days: i32) -> Result<()> {
    let epoch = Date::constant(1970, 1, 1);
    let date = epoch.checked_add(SignedDuration::from_hours(i64::from(days) * 24));
    push_civil(text, date.map_err(|_| out_of_range())?);
    Ok(())
}

/// Appends a date and a time, with microseconds only when there are any, as Python does.
pub(crate) fn push_timestamp(text: &mut String, micros: i64, separator: char) -> Result<()> {
    let at = datetime(micros)?;
    push_civil(text, at.date());
    text.push(separator);
    push(text, format_args!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second()));
    push_micros(text, i64::from(at.subsec_nanosecond()) / 1000);
    Ok(())
}

/// Returns what the calendar and the clock of UTC show.
pub(crate) fn datetime(micros: i64) -> Result<DateTime> {
    let timestamp = Timestamp::from_microsecond(micros).map_err(|_| out_of_range())?;
    Ok(TimeZone::UTC.to_datetime(timestamp))
}

fn push_civil(text: &mut String, date: Date) {
    push(text, format_args!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()));
}

/// Appends a time of day.
pub(crate) fn push_time(text: &mut String, micros: i64) {
    let seconds = micros / 1_000_000;
    push(text, format_args!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60));
    push_micros(text, micros % 1_000_000);
}

fn push_micros(text: &mut String, micros: i64) {
    if micros != 0 {
        push(text, format_args!(".{micros:06}"));
    }
}

/// Appends a decimal without zeros at its end.
pub(crate) fn push_decimal(text: &mut String, digits: i128, scale: u8) {
    let start = text.len();
    if digits < 0 {
        text.push('-');
    }
    let width = usize::from(scale) + 1;
    push(text, format_args!("{:0width$}", digits.unsigned_abs()));
    if scale > 0 {
        text.insert(text.len() - usize::from(scale), '.');
        let kept = text.trim_end_matches('0').trim_end_matches('.').len();
        text.truncate(kept.max(start + 1));
    }
}

/// Appends a float that reads back as the same float.
pub(crate) fn push_double(text: &mut String, value: f64) {
    // Finite by the normaliser's rule; JSON has no other numbers.
    match serde_json::Number::from_f64(value) {
        Some(number) => push(text, format_args!("{number}")),
        None => push(text, format_args!("{value}")),
    }
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a text does not fail");
}

fn out_of_range() -> Error {
    Error::new(
        ErrorKind::Data,
        "destination/conversion",
        "a time is outside of the years that can be written",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(push: impl FnOnce(&mut String)) -> String {
        let mut text = String::from("x");
        push(&mut text);
        text.split_off(1)
    }

    #[test]
    fn texts_are_those_of_dlt() {
        for (digits, scale, expected) in [
            (1_250_000_000, 9, "1.25"),
            (-1_250_000_000, 9, "-1.25"),
            (1_000_000_000, 9, "1"),
            (0, 9, "0"),
            (-1, 9, "-0.000000001"),
            (7, 0, "7"),
            (100, 0, "100"),
        ] {
            assert_eq!(text(|text| push_decimal(text, digits, scale)), expected);
        }
        assert_eq!(text(|text| push_time(text, 36_672_500_000)), "10:11:12.500000");
        assert_eq!(text(|text| push_time(text, 0)), "00:00:00");
        assert_eq!(text(|text| push_double(text, 1e300)), "1e+300");
        assert_eq!(text(|text| push_double(text, -0.0)), "-0.0");
        assert_eq!(text(|text| push_double(text, 3.0)), "3.0");
    }
}
