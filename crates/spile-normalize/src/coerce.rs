//! Types of JSON values, and dlt's coercion of a value into a column that has a type already.
//!
//! Where dlt would change a value in silence, the value does not fit here and goes to a variant column instead: a decimal
//! with too many places (dlt rounds), `nan` and `inf` written as text (dlt stores a NaN). A whole number beyond 64 bits
//! counts as text, since dlt cannot store it at all. Invariant: no function here fails; what does not fit is `None`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use spile_core::{DataType, Document, Json, JsonKind};

use crate::iso::{self, DAY_SECONDS, MICROS, Moment};
use crate::literal;

/// Levels of JSON that is written inside a text; deeper ones stay text.
const JSON_TEXT_DEPTH_MAX: usize = 64;

/// Returns the type that dlt names variants by: the type of the value before any detection.
pub(crate) fn value_type(kind: JsonKind<'_>) -> DataType {
    match kind {
        JsonKind::Bool(_) => DataType::Bool,
        JsonKind::Int(_) => DataType::Bigint,
        JsonKind::Float(_) => DataType::Double,
        JsonKind::Null | JsonKind::BigInt(_) | JsonKind::String(_) => DataType::Text,
        JsonKind::Array(_) | JsonKind::Object(_) => DataType::Json,
    }
}

/// Returns the type of a new column whose first value this is.
pub(crate) fn infer(kind: JsonKind<'_>) -> DataType {
    match kind {
        JsonKind::String(text) if iso::detect(text).is_some() => DataType::Timestamp,
        _ => value_type(kind),
    }
}

/// Writes any value but null as text, as Python's `str` does, objects and arrays as compact JSON.
pub(crate) fn text(value: Json<'_>, out: &mut Vec<u8>) -> bool {
    match value.kind() {
        JsonKind::Null => return false,
        JsonKind::Bool(flag) => out.extend_from_slice(if flag { b"True" } else { b"False" }),
        JsonKind::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        JsonKind::BigInt(number) => out.extend_from_slice(number.to_string().as_bytes()),
        JsonKind::Float(number) => literal::push_python_float(number, out),
        JsonKind::String(text) => out.extend_from_slice(text.as_bytes()),
        JsonKind::Array(_) | JsonKind::Object(_) => literal::push_json(value, out),
    }
    true
}

/// Writes a JSON value: objects and arrays as they are, texts when they hold valid JSON other than null.
pub(crate) fn json(value: Json<'_>, out: &mut Vec<u8>) -> bool {
    match value.kind() {
        JsonKind::Array(_) | JsonKind::Object(_) => literal::push_json(value, out),
        JsonKind::String(text) if is_json_null(text) => return false,
        JsonKind::String(text) => match Document::parse(text.as_bytes().to_vec()) {
            Ok(document) if !literal::is_deeper(document.root(), JSON_TEXT_DEPTH_MAX) => {
                literal::push_json(document.root(), out);
            }
            Ok(_) | Err(_) => return false,
        },
        JsonKind::Null | JsonKind::Bool(_) | JsonKind::Int(_) | JsonKind::BigInt(_) | JsonKind::Float(_) => {
            return false;
        }
    }
    true
}

/// Returns whether a text is JSON's null.
pub(crate) fn is_json_null(text: &str) -> bool {
    text.trim_matches([' ', '\t', '\n', '\r']) == "null"
}

/// Coerces to `bigint`.
pub(crate) fn bigint(kind: JsonKind<'_>) -> Option<i64> {
    match kind {
        JsonKind::Int(number) => Some(number),
        // 2^63 is the first double that is too large; the least i64 is a double itself.
        JsonKind::Float(number) if number.fract() == 0.0 && number.abs() < 9_223_372_036_854_775_808.0 => {
            Some(number as i64)
        }
        JsonKind::String(text) => {
            let text = text.trim();
            match hex_digits(text) {
                Some(digits) => i64::from_str_radix(digits, 16).ok(),
                None => literal::without_underscores(text)?.parse().ok(),
            }
        }
        _ => None,
    }
}

/// Coerces to `double`.
pub(crate) fn double(kind: JsonKind<'_>) -> Option<f64> {
    match kind {
        JsonKind::Float(number) => Some(number),
        JsonKind::Int(number) => Some(number as f64),
        JsonKind::BigInt(number) => Some(number as f64),
        JsonKind::String(text) => {
            let text = text.trim();
            let number = match hex_digits(text) {
                Some(digits) => u64::from_str_radix(digits, 16).ok()? as f64,
                None => literal::without_underscores(text)?.parse::<f64>().ok()?,
            };
            number.is_finite().then_some(number)
        }
        _ => None,
    }
}

/// Coerces to `bool`.
pub(crate) fn bool(kind: JsonKind<'_>) -> Option<bool> {
    const TRUE: [&str; 5] = ["yes", "true", "t", "y", "1"];
    const FALSE: [&str; 5] = ["no", "false", "f", "n", "0"];
    match kind {
        JsonKind::Bool(flag) => Some(flag),
        JsonKind::Int(number) => Some(number != 0),
        JsonKind::BigInt(_) => Some(true),
        JsonKind::Float(number) => Some(number != 0.0),
        JsonKind::String(text) if TRUE.iter().any(|word| text.eq_ignore_ascii_case(word)) => Some(true),
        JsonKind::String(text) if FALSE.iter().any(|word| text.eq_ignore_ascii_case(word)) => Some(false),
        _ => None,
    }
}

/// Coerces a text to `timestamp`; the usual form takes the shortest way.
#[inline]
pub(crate) fn timestamp_text(text: &str) -> Option<i64> {
    iso::timestamp_fast(text.as_bytes()).or_else(|| timestamp(JsonKind::String(text)))
}

/// Coerces to `timestamp`: ISO times and dates; numbers, also as text, are Unix seconds.
pub(crate) fn timestamp(kind: JsonKind<'_>) -> Option<i64> {
    match kind {
        JsonKind::Int(seconds) => iso::epoch_micros_in_range(seconds.checked_mul(MICROS)?),
        JsonKind::Float(seconds) => {
            let micros = (seconds * MICROS as f64).round_ties_even();
            if micros.abs() < 1e18 { iso::epoch_micros_in_range(micros as i64) } else { None }
        }
        JsonKind::String(text) => match iso::parse(text) {
            Some(Moment::Timestamp(micros)) => Some(micros),
            Some(Moment::Date(days)) => Some(i64::from(days) * DAY_SECONDS * MICROS),
            Some(Moment::Time(_)) => None,
            None if hex_digits(text.trim()).is_some() => None,
            None => timestamp(JsonKind::Float(double(kind)?)),
        },
        _ => None,
    }
}

/// Coerces to `date`: the day in UTC of what a timestamp column would hold.
pub(crate) fn date(kind: JsonKind<'_>) -> Option<i32> {
    let micros = timestamp(kind)?;
    i32::try_from(micros.div_euclid(DAY_SECONDS * MICROS)).ok()
}

/// Coerces to `time`: ISO times only.
pub(crate) fn time(kind: JsonKind<'_>) -> Option<i64> {
    match kind {
        JsonKind::String(text) => match iso::parse(text)? {
            Moment::Time(micros) => Some(micros),
            Moment::Timestamp(_) | Moment::Date(_) => None,
        },
        _ => None,
    }
}

/// Coerces to `decimal`, when that loses no digit.
pub(crate) fn decimal(kind: JsonKind<'_>, precision: u8, scale: i8) -> Option<i128> {
    match kind {
        JsonKind::Int(number) => literal::parse_decimal(&number.to_string(), precision, scale),
        JsonKind::BigInt(number) => literal::parse_decimal(&number.to_string(), precision, scale),
        JsonKind::Float(number) => {
            let mut text = Vec::new();
            literal::push_python_float(number, &mut text);
            literal::parse_decimal(std::str::from_utf8(&text).ok()?, precision, scale)
        }
        JsonKind::String(text) => {
            let text = text.trim();
            match hex_digits(text) {
                Some(digits) => {
                    let number = u128::from_str_radix(digits, 16).ok()?;
                    literal::parse_decimal(&number.to_string(), precision, scale)
                }
                None => literal::parse_decimal(text, precision, scale),
            }
        }
        _ => None,
    }
}

/// Coerces to `binary`: hexadecimal after `0x`, otherwise base64; whole numbers as little-endian bytes.
pub(crate) fn binary(kind: JsonKind<'_>) -> Option<Vec<u8>> {
    match kind {
        JsonKind::String(text) => match text.strip_prefix("0x") {
            Some(digits) => literal::parse_hex(digits),
            None => STANDARD.decode(text).ok(),
        },
        JsonKind::Int(number) => {
            let bytes = u64::try_from(number).ok()?.to_le_bytes();
            let len = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            Some(bytes[..len].to_vec())
        }
        _ => None,
    }
}

/// Returns the digits of `0x1F`.
fn hex_digits(text: &str) -> Option<&str> {
    text.strip_prefix("0x").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests;
