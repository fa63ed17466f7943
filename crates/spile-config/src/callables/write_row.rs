//! From values back to JSON, which is what rows are after the functions ran.

use super::fault::{Outcome, stop};
use super::format;
use super::library::json::quoted;
use super::machine::{BYTES_MAX, out_of_memory};
use super::value::{Key, Value};
use super::work;

/// Deepest nesting of a row; the normaliser's own limit is lower and says so with the path.
const LEVELS_MAX: usize = 200;

/// Writes a row.
pub(super) fn write(value: &Value, text: &mut String) -> Outcome<()> {
    write_within(value, text, LEVELS_MAX)
}

fn write_within(value: &Value, text: &mut String, levels: usize) -> Outcome<()> {
    let Some(levels) = levels.checked_sub(1) else {
        return refused(
            "a row that is nested without end",
            "Check the function for a value that holds itself.",
        );
    };
    if text.len() > BYTES_MAX || !work::spend() {
        return out_of_memory();
    }
    match value {
        Value::None => text.push_str("null"),
        Value::Bool(boolean) => text.push_str(if *boolean { "true" } else { "false" }),
        Value::Int(number) => text.push_str(&number.to_string()),
        Value::Float(number) if number.is_finite() => text.push_str(&format::float(*number)),
        Value::Float(_) => {
            return refused(
                "a number that is infinite or no number",
                "Return None in its place, or check for it with math.isfinite.",
            );
        }
        Value::Text(inner) => quoted(inner, false, text),
        Value::List(list) => items(&list.items.borrow(), text, levels)?,
        Value::Tuple(tuple) => items(tuple, text, levels)?,
        Value::Dict(dict) => {
            text.push('{');
            for (index, (key, value)) in dict.entries.borrow().iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                let Key::Text(name) = key else {
                    return refused(
                        &format!("a key of the type {}", key.value().type_name()),
                        "Make keys texts with `str(...)`; they become columns.",
                    );
                };
                quoted(name, false, text);
                text.push(':');
                write_within(value, text, levels)?;
            }
            text.push('}');
        }
        Value::Moment(moment) if moment.type_name() == "datetime" => {
            quoted(&moment.iso("T", "auto"), false, text);
        }
        Value::Moment(_) => {
            return refused("a date", "Write it as a text with `.isoformat()`.");
        }
        Value::Bytes(_) => {
            return refused("bytes", "Make them a text, for example with `.decode()` or `.hex()`.");
        }
        Value::Set(_) | Value::Iterator(_) | Value::Range(_) => {
            return refused(
                &format!("a {}", value.type_name()),
                "Make it a list with `list(...)` or `sorted(...)`.",
            );
        }
        other => {
            return refused(
                &format!("a value of the type {}", other.type_name()),
                "Rows are made of None, booleans, numbers, texts, times, lists and dicts.",
            );
        }
    }
    Ok(())
}

fn items(items: &[Value], text: &mut String, levels: usize) -> Outcome<()> {
    text.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_within(item, text, levels)?;
    }
    text.push(']');
    Ok(())
}

fn refused<T>(what: &str, hint: &str) -> Outcome<T> {
    stop("script/not-a-row", format!("a row holds {what}"), hint)
}
