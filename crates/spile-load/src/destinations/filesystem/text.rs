//! Rows as lines: JSON and CSV as dlt writes them.
//!
//! Pure. NULL is left out of a JSON line. In CSV it is an empty field, and an empty text is `""`.

use arrow_array::RecordBatch;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use spile_core::{ColumnSchema, Result};

use crate::cells::{Cell, Cells, push_date, push_decimal, push_double, push_time, push_timestamp};

/// Appends one JSON object a line.
pub(super) fn push_jsonl(lines: &mut String, columns: &[&ColumnSchema], batch: &RecordBatch) -> Result<()> {
    let mut fields = Vec::new();
    for column in columns {
        if let Some(array) = batch.column_by_name(&column.name) {
            let mut key = String::new();
            push_json_text(&mut key, &column.name);
            key.push(':');
            fields.push((key, Cells::new(column, array)?));
        }
    }
    for row in 0..batch.num_rows() {
        let mut separator = '{';
        for (key, cells) in &fields {
            let cell = cells.get(row);
            if cell == Cell::Null {
                continue;
            }
            lines.push(separator);
            separator = ',';
            lines.push_str(key);
            push_json(lines, cell)?;
        }
        if separator == '{' {
            lines.push('{');
        }
        lines.push_str("}\n");
    }
    Ok(())
}

fn push_json(line: &mut String, cell: Cell<'_>) -> Result<()> {
    match cell {
        Cell::Null => line.push_str("null"),
        Cell::Text(text) => push_json_text(line, text),
        Cell::Json(json) => line.push_str(json),
        Cell::Bigint(number) => line.push_str(&number.to_string()),
        Cell::Double(number) => push_double(line, number),
        Cell::Bool(value) => line.push_str(if value { "true" } else { "false" }),
        Cell::Binary(bytes) => quoted(line, |line| STANDARD.encode_string(bytes, line)),
        Cell::Date(date) => quoted(line, |line| push_date(line, date))?,
        Cell::Time(micros) => quoted(line, |line| push_time(line, micros)),
        Cell::Timestamp { micros, zoned } => push_moment(line, micros, zoned, 'T')?,
        Cell::Decimal(digits, scale) => quoted(line, |line| push_decimal(line, digits, scale)),
    }
    Ok(())
}

/// Appends a time; one without a time zone says none.
fn push_moment(line: &mut String, micros: i64, zoned: bool, separator: char) -> Result<()> {
    quoted(line, |line| {
        push_timestamp(line, micros, separator)?;
        line.push_str(if zoned { "+00:00" } else { "" });
        Ok(())
    })
}

fn quoted<T>(line: &mut String, push: impl FnOnce(&mut String) -> T) -> T {
    line.push('"');
    let pushed = push(line);
    line.push('"');
    pushed
}

fn push_json_text(line: &mut String, text: &str) {
    line.push_str(&serde_json::Value::from(text).to_string());
}

/// Appends the names of the columns.
pub(super) fn push_header(line: &mut String, columns: &[&ColumnSchema]) {
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        push_csv_text(line, &column.name);
    }
    line.push('\n');
}

/// Appends one row a line, with a field for every column.
pub(super) fn push_csv(lines: &mut String, columns: &[&ColumnSchema], batch: &RecordBatch) -> Result<()> {
    let fields: Vec<Option<Cells<'_>>> = columns
        .iter()
        .map(|column| batch.column_by_name(&column.name).map(|array| Cells::new(column, array)).transpose())
        .collect::<Result<_>>()?;
    for row in 0..batch.num_rows() {
        for (index, cells) in fields.iter().enumerate() {
            if index > 0 {
                lines.push(',');
            }
            if let Some(cells) = cells {
                push_csv_cell(lines, cells.get(row))?;
            }
        }
        lines.push('\n');
    }
    Ok(())
}

fn push_csv_cell(line: &mut String, cell: Cell<'_>) -> Result<()> {
    match cell {
        Cell::Null => {}
        Cell::Text(text) | Cell::Json(text) => push_csv_text(line, text),
        Cell::Bigint(number) => line.push_str(&number.to_string()),
        Cell::Double(number) => push_double(line, number),
        Cell::Bool(value) => line.push_str(if value { "True" } else { "False" }),
        Cell::Binary(bytes) => quoted(line, |line| STANDARD.encode_string(bytes, line)),
        Cell::Date(date) => quoted(line, |line| push_date(line, date))?,
        Cell::Time(micros) => quoted(line, |line| push_time(line, micros)),
        Cell::Timestamp { micros, zoned } => push_moment(line, micros, zoned, ' ')?,
        Cell::Decimal(digits, scale) => push_decimal(line, digits, scale),
    }
    Ok(())
}

fn push_csv_text(line: &mut String, text: &str) {
    quoted(line, |line| line.push_str(&text.replace('"', "\"\"")));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
    };
    use arrow_array::{StringArray, Time64MicrosecondArray, TimestampMicrosecondArray};
    use spile_core::DataType;

    use super::*;

    /// The expected lines are those of dlt 1.31 for the same values, NULL in CSV apart.
    #[test]
    fn lines_are_those_of_dlt() {
        let columns: Vec<(&str, DataType, ArrayRef)> = vec![
            ("price", DataType::Decimal, {
                let digits = Decimal128Array::from(vec![Some(1_250_000_000), None]);
                Arc::new(digits.with_precision_and_scale(38, 9).unwrap())
            }),
            ("doc", DataType::Json, Arc::new(StringArray::from(vec![Some(r#"{"a":[1,null,"é"]}"#), None]))),
            ("d", DataType::Date, Arc::new(Date32Array::from(vec![Some(19_724), None]))),
            ("tm", DataType::Time, Arc::new(Time64MicrosecondArray::from(vec![Some(36_672_500_000), None]))),
            ("b", DataType::Binary, Arc::new(BinaryArray::from_opt_vec(vec![Some(b"\x00\xff"), None]))),
            ("id", DataType::Bigint, Arc::new(Int64Array::from(vec![Some(1), None]))),
            ("name", DataType::Text, Arc::new(StringArray::from(vec![Some("a\"x, y\n"), Some("")]))),
            ("ok", DataType::Bool, Arc::new(BooleanArray::from(vec![Some(true), None]))),
            ("ratio", DataType::Double, Arc::new(Float64Array::from(vec![Some(0.5), None]))),
            ("at", DataType::Timestamp, {
                let micros = TimestampMicrosecondArray::from(vec![Some(1_704_067_200_000_000), None]);
                Arc::new(micros.with_timezone("UTC"))
            }),
            ("at2", DataType::Timestamp, {
                let micros = TimestampMicrosecondArray::from(vec![Some(1_704_067_200_123_000), None]);
                Arc::new(micros.with_timezone("UTC"))
            }),
            ("naive", DataType::Timestamp, {
                Arc::new(TimestampMicrosecondArray::from(vec![Some(1_704_164_645_250_000), None]))
            }),
        ];
        let schemas: Vec<ColumnSchema> =
            columns.iter().map(|(name, data_type, _)| ColumnSchema::new(*name, *data_type)).collect();
        let absent = ColumnSchema::new("absent", DataType::Text);
        let schemas: Vec<&ColumnSchema> = schemas.iter().chain([&absent]).collect();
        let batch = RecordBatch::try_from_iter(columns.iter().map(|(name, _, array)| (*name, array.clone())))
            .unwrap();
        let (mut jsonl, mut csv) = (String::new(), String::new());
        push_jsonl(&mut jsonl, &schemas, &batch).unwrap();
        push_csv(&mut csv, &schemas, &batch).unwrap();
        assert_eq!(
            jsonl,
            "{\"price\":\"1.25\",\"doc\":{\"a\":[1,null,\"é\"]},\"d\":\"2024-01-02\",\"tm\":\"10:11:12.500000\",\
             \"b\":\"AP8=\",\"id\":1,\"name\":\"a\\\"x, y\\n\",\"ok\":true,\"ratio\":0.5,\
             \"at\":\"2024-01-01T00:00:00+00:00\",\"at2\":\"2024-01-01T00:00:00.123000+00:00\",\
             \"naive\":\"2024-01-02T03:04:05.250000\"}\n{\"name\":\"\"}\n"
        );
        assert_eq!(
            csv,
            "1.25,\"{\"\"a\"\":[1,null,\"\"é\"\"]}\",\"2024-01-02\",\"10:11:12.500000\",\"AP8=\",1,\"a\"\"x, y\n\",\
             True,0.5,\"2024-01-01 00:00:00+00:00\",\"2024-01-01 00:00:00.123000+00:00\",\
             \"2024-01-02 03:04:05.250000\",\n,,,,,,\"\",,,,,,\n"
        );
        let mut header = String::new();
        push_header(&mut header, &schemas[5..7]);
        assert_eq!(header, "\"id\",\"name\"\n");
    }

    #[test]
    fn a_row_of_nothing_is_an_object() {
        let column = ColumnSchema::new("a", DataType::Text);
        let array: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>]));
        let mut lines = String::new();
        push_jsonl(&mut lines, &[&column], &RecordBatch::try_from_iter([("a", array)]).unwrap()).unwrap();
        assert_eq!(lines, "{}\n");
    }
}
