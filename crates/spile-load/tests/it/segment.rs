//! Segments from JSON rows.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_array::{
    BinaryArray, Date32Array, Decimal128Array, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use parquet::arrow::ArrowWriter;
use serde_json::Value;
use spile_core::{DataType, SegmentFile, TableSchema};

/// Writes rows as a segment. It has the columns that any of the rows has.
pub(crate) fn write(folder: &Path, file: &str, table: &TableSchema, rows: &[Value]) -> SegmentFile {
    let mut columns: Vec<(&str, ArrayRef)> = table
        .columns
        .values()
        .filter(|column| rows.iter().any(|row| row.get(&column.name).is_some()))
        .map(|column| {
            let values: Vec<&Value> = rows.iter().map(|row| &row[&column.name]).collect();
            (column.name.as_str(), array(column.data_type.unwrap(), &values))
        })
        .collect();
    // What tells repeats of a record apart is in no schema.
    let link = "_spile root";
    if rows.iter().any(|row| row.get(link).is_some()) {
        let values: Vec<&Value> = rows.iter().map(|row| &row[link]).collect();
        columns.push((link, array(DataType::Bigint, &values)));
    }
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let path = folder.join(file);
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    SegmentFile {
        file: file.to_owned(),
        rows: rows.len() as u64,
        bytes: std::fs::metadata(path).unwrap().len(),
    }
}

fn array(data_type: DataType, values: &[&Value]) -> ArrayRef {
    let integers = || values.iter().map(|value| value.as_i64());
    match data_type {
        DataType::Text | DataType::Json => {
            Arc::new(values.iter().map(|value| value.as_str()).collect::<StringArray>())
        }
        DataType::Bigint => Arc::new(integers().collect::<Int64Array>()),
        DataType::Double => Arc::new(values.iter().map(|value| value.as_f64()).collect::<Float64Array>()),
        DataType::Bool => Arc::new(values.iter().map(|value| value.as_bool()).collect::<BooleanArray>()),
        DataType::Timestamp => {
            Arc::new(integers().collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        DataType::Decimal => {
            let digits = integers().map(|value| value.map(i128::from));
            Arc::new(digits.collect::<Decimal128Array>().with_precision_and_scale(38, 9).unwrap())
        }
        DataType::Binary => {
            Arc::new(values.iter().map(|value| value.as_str().map(str::as_bytes)).collect::<BinaryArray>())
        }
        DataType::Date => {
            Arc::new(integers().map(|days| days.map(|days| days as i32)).collect::<Date32Array>())
        }
        DataType::Time => Arc::new(integers().collect::<Time64MicrosecondArray>()),
    }
}
