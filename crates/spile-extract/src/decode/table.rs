//! CSV: each row becomes an object of texts, named by the first row or by the config.
//!
//! No types are guessed: declare them in `columns`.

use csv::{ErrorKind, ReaderBuilder};
use serde_json::Value;
use spile_core::{DecoderPlan, Document};

use super::{Undecoded, too_large};

const FORMAT: &str = "CSV";

/// Decodes a table. A row with more or fewer fields than the header is an error.
pub(super) fn decode(
    body: &[u8],
    plan: &DecoderPlan,
    media: &str,
    bytes_max: usize,
) -> Result<Document, Undecoded> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let tabs = media == "text/tab-separated-values";
    let delimiter = plan.delimiter.unwrap_or(if tabs { b'\t' } else { b',' });
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter).has_headers(plan.columns.is_empty()).from_reader(body);
    let names: Vec<String> = if plan.columns.is_empty() {
        reader.headers().map_err(|error| bad(&error))?.iter().map(str::to_owned).collect()
    } else {
        plan.columns.clone()
    };
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort();
    if let Some([twice, _]) = sorted.array_windows().find(|[left, right]| left == right) {
        return Err(Undecoded::bad(FORMAT, format!("the column `{twice}` is there twice"), Some(1)));
    }
    let keys: Vec<String> = names.iter().map(|name| format!("{}:", Value::from(name.as_str()))).collect();
    let mut text = String::from("[");
    for row in reader.records() {
        let row = row.map_err(|error| bad(&error))?;
        if row.len() != keys.len() {
            let message = unequal(row.len() as u64, keys.len() as u64);
            return Err(Undecoded::bad(FORMAT, message, row.position().map(csv::Position::line)));
        }
        text.push_str(if text.len() > 1 { ",{" } else { "{" });
        for (index, (key, field)) in keys.iter().zip(&row).enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(key);
            text.push_str(&Value::from(field).to_string());
        }
        text.push('}');
        if text.len() > bytes_max {
            return Err(too_large(bytes_max));
        }
    }
    text.push(']');
    Document::parse(text.into_bytes()).map_err(Undecoded::NotJson)
}

fn unequal(found: u64, expected: u64) -> String {
    format!("a row has {found} field{}, expected {expected}", if found == 1 { "" } else { "s" })
}

fn bad(error: &csv::Error) -> Undecoded {
    let line = error.position().map(csv::Position::line);
    match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Undecoded::bad(FORMAT, unequal(*len, *expected_len), line)
        }
        ErrorKind::Utf8 { .. } => Undecoded::bad(FORMAT, "a field is not UTF-8 text", line),
        _ => Undecoded::bad(FORMAT, error.to_string(), line),
    }
}
