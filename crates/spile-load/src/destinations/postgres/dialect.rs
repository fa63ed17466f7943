//! PostgreSQL's SQL.

use serde_json::Value;
use spile_core::{Capabilities, ColumnSchema, DataType, Error, ErrorKind, IdentifierRules, Result};

use crate::sql::dialect::SqlDialect;
use crate::sql::identifier::Literal;

/// dlt's default precision and scale of a decimal.
const DECIMAL_DEFAULT: (u64, u64) = (38, 9);
/// The most digits that a numeric column can be declared with.
const DECIMAL_PRECISION_MAX: u64 = 1000;

/// The pure half of the PostgreSQL destination.
#[derive(Debug, Clone, Copy)]
pub(super) struct PostgresDialect;

impl SqlDialect for PostgresDialect {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "postgres",
            identifiers: IdentifierRules { length_max: 63, bytes_max: Some(63), is_case_sensitive: true },
            transactional: true,
            merges: true,
            integer_bits: &[16, 32, 64],
        }
    }

    fn data_type(&self, data_type: DataType, column: &ColumnSchema) -> Result<String> {
        let hint = |name: &str| column.hints.get(name).and_then(Value::as_u64);
        let precision = hint("precision");
        let name = match (data_type, precision) {
            (DataType::Text, None) => "varchar".to_owned(),
            (DataType::Text, Some(length)) => format!("varchar({length})"),
            (DataType::Double, _) => "double precision".to_owned(),
            (DataType::Bool, _) => "boolean".to_owned(),
            (DataType::Binary, _) => "bytea".to_owned(),
            (DataType::Json, _) => "jsonb".to_owned(),
            (DataType::Date, _) => "date".to_owned(),
            (DataType::Bigint, Some(0..=16)) => "smallint".to_owned(),
            (DataType::Bigint, Some(17..=32)) => "integer".to_owned(),
            (DataType::Bigint, None | Some(33..=64)) => "bigint".to_owned(),
            (DataType::Time, None) => "time without time zone".to_owned(),
            (DataType::Time, Some(0..=6)) => format!("time{} without time zone", digits(precision)),
            (DataType::Timestamp, None | Some(0..=6)) => {
                let zone = if column.hints.get("timezone") == Some(&Value::Bool(false)) {
                    "without"
                } else {
                    "with"
                };
                format!("timestamp{} {zone} time zone", digits(precision))
            }
            (DataType::Decimal, _) => {
                let precision = precision.unwrap_or(DECIMAL_DEFAULT.0);
                let scale = hint("scale").unwrap_or(DECIMAL_DEFAULT.1);
                if !(1..=DECIMAL_PRECISION_MAX).contains(&precision) || scale > precision {
                    return Err(unsupported_precision(column, precision));
                }
                format!("numeric({precision},{scale})")
            }
            (DataType::Bigint | DataType::Time | DataType::Timestamp, Some(precision)) => {
                return Err(unsupported_precision(column, precision));
            }
        };
        Ok(name)
    }

    fn constraint(&self, column: &ColumnSchema) -> &'static str {
        if column.has_hint("unique") { " UNIQUE" } else { "" }
    }

    fn epoch_micros(&self, expression: &str) -> String {
        format!("(extract(epoch FROM {expression}) * 1000000)::bigint")
    }

    fn fold(&self, name: &str) -> String {
        name.to_owned()
    }

    fn lock_dataset(&self, dataset: &str) -> Option<String> {
        let name = format!("spile {dataset}");
        Some(format!("SELECT pg_advisory_xact_lock(hashtextextended({}, 0))", Literal(&name)))
    }
}

fn digits(precision: Option<u64>) -> String {
    precision.map(|precision| format!("({precision})")).unwrap_or_default()
}

fn unsupported_precision(column: &ColumnSchema, precision: u64) -> Error {
    Error::new(ErrorKind::Config, "destination/precision", "postgres has no type of this precision and scale")
        .with("column", &column.name)
        .with("precision", precision)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_those_of_dlt() {
        for (data_type, hints, name) in [
            (DataType::Text, json!({}), Some("varchar")),
            (DataType::Text, json!({ "precision": 64 }), Some("varchar(64)")),
            (DataType::Bigint, json!({ "precision": 16 }), Some("smallint")),
            (DataType::Bigint, json!({ "precision": 32 }), Some("integer")),
            (DataType::Bigint, json!({ "precision": 65 }), None),
            (DataType::Decimal, json!({}), Some("numeric(38,9)")),
            (DataType::Decimal, json!({ "precision": 5, "scale": 6 }), None),
            (DataType::Json, json!({}), Some("jsonb")),
            (DataType::Time, json!({ "precision": 3 }), Some("time(3) without time zone")),
            (DataType::Timestamp, json!({}), Some("timestamp with time zone")),
            (DataType::Timestamp, json!({ "precision": 3 }), Some("timestamp(3) with time zone")),
            (DataType::Timestamp, json!({ "timezone": false }), Some("timestamp without time zone")),
            (DataType::Timestamp, json!({ "precision": 9 }), None),
        ] {
            let mut column = ColumnSchema::new("c", data_type);
            column.hints = serde_json::from_value(hints).unwrap();
            let found = PostgresDialect.data_type(data_type, &column);
            assert_eq!(found.ok().as_deref(), name, "{data_type:?} {:?}", column.hints);
        }
    }
}
