//! Rows back to JSON.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use serde_json::{Map, Value, json};
use spile_core::Page;

use crate::pages;
pub(crate) use crate::pages::{load, naming};

/// Rows of one table, in order.
pub(crate) type Rows = Vec<Map<String, Value>>;

/// A page whose body is a list of records.
pub(crate) fn page(resource: &str, number: u8, body: &str) -> Page {
    pages::page(resource, u128::from(number), body.as_bytes().to_vec(), None)
}

/// Appends the rows of a batch, nulls left out.
pub(crate) fn collect(tables: &mut BTreeMap<String, Rows>, table: &str, batch: &RecordBatch) {
    let rows = tables.entry(table.to_owned()).or_default();
    for row in 0..batch.num_rows() {
        let mut object = Map::new();
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            if column.is_valid(row) {
                object.insert(field.name().clone(), cell(column.as_ref(), row));
            }
        }
        rows.push(object);
    }
}

fn cell(column: &dyn Array, row: usize) -> Value {
    match column.data_type() {
        DataType::Utf8 => json!(column.as_string::<i32>().value(row)),
        DataType::Boolean => json!(column.as_boolean().value(row)),
        DataType::Int64 => json!(column.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => json!(column.as_primitive::<Float64Type>().value(row)),
        DataType::Timestamp(_, zone) => {
            assert_eq!(zone.as_deref(), Some("UTC"));
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
            let time = time_text(seconds.rem_euclid(86_400));
            json!(format!("{}T{time}.{fraction:06}Z", date_text(seconds.div_euclid(86_400))))
        }
        DataType::Date32 => json!(date_text(i64::from(column.as_primitive::<Date32Type>().value(row)))),
        DataType::Time64(_) => {
            let micros = column.as_primitive::<Time64MicrosecondType>().value(row);
            json!(time_text(micros / 1_000_000))
        }
        DataType::Decimal128(_, 9) => {
            let units = column.as_primitive::<Decimal128Type>().value(row);
            let sign = if units < 0 { "-" } else { "" };
            let (whole, places) =
                (units.unsigned_abs() / 1_000_000_000, units.unsigned_abs() % 1_000_000_000);
            json!(format!("{sign}{whole}.{places:09}"))
        }
        DataType::Binary => {
            let bytes = column.as_binary::<i32>().value(row);
            json!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
        }
        other => panic!("unexpected {other}"),
    }
}

fn time_text(seconds: i64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Counts days the slow way, to be no copy of the code under test.
fn date_text(days: i64) -> String {
    let (mut year, mut left) = (1970, days);
    let length = |year: i64| {
        if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) { 366 } else { 365 }
    };
    while left < 0 {
        year -= 1;
        left += length(year);
    }
    while left >= length(year) {
        left -= length(year);
        year += 1;
    }
    let february = if length(year) == 366 { 29 } else { 28 };
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < days {
            break;
        }
        left -= days;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", left + 1)
}
