//! DuckDB's SQL.

use serde_json::Value;
use spile_core::{Capabilities, ColumnSchema, DataType, Error, ErrorKind, IdentifierRules, Result};

use crate::sql::dialect::SqlDialect;

/// dlt's default precision and scale of a decimal.
const DECIMAL_DEFAULT: (u64, u64) = (38, 9);

/// The pure half of the DuckDB destination.
#[derive(Debug, Clone, Copy)]
pub(super) struct DuckDbDialect;

impl SqlDialect for DuckDbDialect {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "duckdb",
            identifiers: IdentifierRules { length_max: 65536, bytes_max: None, is_case_sensitive: false },
            transactional: true,
            merges: true,
            integer_bits: &[8, 16, 32, 64],
        }
    }

    fn data_type(&self, data_type: DataType, column: &ColumnSchema) -> Result<String> {
        let hint = |name: &str| column.hints.get(name).and_then(Value::as_u64);
        let name = match data_type {
            DataType::Text => "VARCHAR",
            DataType::Double => "DOUBLE",
            DataType::Bool => "BOOLEAN",
            DataType::Binary => "BLOB",
            DataType::Json => "JSON",
            DataType::Date => "DATE",
            DataType::Time => "TIME",
            DataType::Bigint => match hint("precision") {
                Some(0..=8) => "TINYINT",
                Some(9..=16) => "SMALLINT",
                Some(17..=32) => "INTEGER",
                None | Some(33..=64) => "BIGINT",
                Some(65..=128) => "HUGEINT",
                Some(precision) => return Err(unsupported_precision(column, precision)),
            },
            DataType::Timestamp if column.hints.get("timezone") == Some(&Value::Bool(false)) => {
                match hint("precision") {
                    Some(0) => "TIMESTAMP_S",
                    Some(1..=3) => "TIMESTAMP_MS",
                    None | Some(4..=6) => "TIMESTAMP",
                    Some(7..=9) => "TIMESTAMP_NS",
                    Some(precision) => return Err(unsupported_precision(column, precision)),
                }
            }
            // With a time zone DuckDB has microseconds only; dlt falls back to them too.
            DataType::Timestamp => "TIMESTAMP WITH TIME ZONE",
            DataType::Decimal => {
                let precision = hint("precision").unwrap_or(DECIMAL_DEFAULT.0);
                let scale = hint("scale").unwrap_or(DECIMAL_DEFAULT.1);
                if !(1..=38).contains(&precision) || scale > precision {
                    return Err(unsupported_precision(column, precision));
                }
                return Ok(format!("DECIMAL({precision},{scale})"));
            }
        };
        Ok(name.to_owned())
    }

    /// Row ids are random and hardly repeat. Trying dictionaries and FSST on them is half of DuckDB's work in a load of
    /// small rows; zstd takes 40 % off it for a tenth more of file (measured, see BENCHMARKS.md).
    fn constraint(&self, column: &ColumnSchema) -> &'static str {
        let is_row_id = ["row_key", "parent_key", "root_key"].iter().any(|hint| column.has_hint(hint));
        if is_row_id && column.data_type == Some(DataType::Text) { " USING COMPRESSION zstd" } else { "" }
    }

    fn lock_dataset(&self, _dataset: &str) -> Option<String> {
        None
    }

    fn epoch_micros(&self, expression: &str) -> String {
        format!("epoch_us({expression})")
    }

    fn fold(&self, name: &str) -> String {
        name.to_lowercase()
    }
}

fn unsupported_precision(column: &ColumnSchema, precision: u64) -> Error {
    Error::new(ErrorKind::Config, "destination/precision", "duckdb has no type of this precision and scale")
        .with("column", &column.name)
        .with("precision", precision)
}
