//! `json.loads` and `json.dumps`, with Python's spacing and escapes.

use std::rc::Rc;

use spile_core::{Document, Json, JsonKind};

use super::{Given, Native};
use crate::callables::fault::{Outcome, raise, unsupported};
use crate::callables::format;
use crate::callables::machine::Machine;
use crate::callables::value::{Key, NESTING_MAX, Value};

pub(super) const FUNCTIONS: &[Native] =
    &[Native { path: "json.dumps", call: dumps }, Native { path: "json.loads", call: loads }];

fn loads(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let bytes = match given.one("loads")? {
        Value::Text(text) => text.as_bytes().to_vec(),
        Value::Bytes(bytes) => bytes.to_vec(),
        other => {
            return raise(
                "TypeError",
                format!("the JSON object must be str, bytes or bytearray, not {}", other.type_name()),
            );
        }
    };
    parse(machine, bytes)
}

/// Reads a JSON text.
pub(in crate::callables) fn parse(machine: &mut Machine<'_>, bytes: Vec<u8>) -> Outcome<Value> {
    machine.take(4 * bytes.len())?;
    match Document::parse(bytes) {
        Ok(document) => machine.value_of(document.root()),
        Err(error) => raise("JSONDecodeError", format!("invalid JSON: {error}")),
    }
}

impl Machine<'_> {
    /// Makes the value of something on a tape.
    pub(in crate::callables) fn value_of(&mut self, json: Json<'_>) -> Outcome<Value> {
        Ok(match json.kind() {
            JsonKind::Null => Value::None,
            JsonKind::Bool(boolean) => Value::Bool(boolean),
            JsonKind::Int(number) => Value::Int(i128::from(number)),
            JsonKind::BigInt(number) => Value::Int(number),
            JsonKind::Float(number) => Value::Float(number),
            JsonKind::String(text) => {
                self.take(text.len())?;
                Value::text(text)
            }
            JsonKind::Array(length) => {
                self.take_items(length)?;
                let items: Outcome<Vec<Value>> =
                    json.elements().map(|element| self.value_of(element)).collect();
                Value::list(items?)
            }
            JsonKind::Object(length) => {
                self.take_items(2 * length)?;
                let mut entries = Vec::with_capacity(length);
                for (name, member) in json.members() {
                    let key: Rc<str> = self.key(name);
                    entries.push((Key::Text(key), self.value_of(member)?));
                }
                Value::dict(entries)
            }
        })
    }
}

/// How a text is written.
struct Style {
    indent: Option<usize>,
    item_separator: String,
    key_separator: String,
    ascii: bool,
    sort_keys: bool,
    default: Option<Value>,
}

fn dumps(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let mut style = Style {
        indent: None,
        item_separator: ", ".to_owned(),
        key_separator: ": ".to_owned(),
        ascii: true,
        sort_keys: false,
        default: None,
    };
    let mut separators = None;
    for (name, value) in given.named {
        match &*name {
            "indent" => {
                style.indent = value.as_int().and_then(|indent| usize::try_from(indent.clamp(0, 64)).ok());
            }
            "ensure_ascii" => style.ascii = value.truth(),
            "sort_keys" => style.sort_keys = value.truth(),
            "default" => style.default = Some(value).filter(|value| !matches!(value, Value::None)),
            "separators" => separators = Some(value),
            other => return unsupported(format!("`{other}` of json.dumps")),
        }
    }
    if style.indent.is_some() {
        style.item_separator = ",".to_owned();
    }
    if let Some(separators) = separators {
        let pair = machine.collect(&separators)?;
        if let [Value::Text(item), Value::Text(key)] = pair.as_slice() {
            style.item_separator = item.to_string();
            style.key_separator = key.to_string();
        }
    }
    let Some(value) = given.positional.into_iter().next() else {
        return raise("TypeError", "dumps() missing 1 required positional argument: 'obj'");
    };
    let mut text = String::new();
    write(machine, &value, &style, &mut text, NESTING_MAX)?;
    machine.text(text)
}

fn write(
    machine: &mut Machine<'_>,
    value: &Value,
    style: &Style,
    text: &mut String,
    levels: usize,
) -> Outcome<()> {
    machine.step()?;
    if let Value::Text(inner) = value {
        machine.take(inner.len())?;
    }
    let Some(levels) = levels.checked_sub(1) else {
        return raise("ValueError", "Circular reference detected");
    };
    match value {
        Value::None | Value::Unbound => text.push_str("null"),
        Value::Bool(boolean) => text.push_str(if *boolean { "true" } else { "false" }),
        Value::Int(number) => text.push_str(&number.to_string()),
        Value::Float(number) if number.is_nan() => text.push_str("NaN"),
        Value::Float(number) if number.is_infinite() => {
            text.push_str(if *number > 0.0 { "Infinity" } else { "-Infinity" });
        }
        Value::Float(number) => text.push_str(&format::float(*number)),
        Value::Text(inner) => quoted(inner, style.ascii, text),
        Value::List(list) => {
            let items = list.items.borrow().clone();
            write_items(machine, &items, style, text, levels)?;
        }
        Value::Tuple(items) => write_items(machine, items, style, text, levels)?,
        Value::Dict(dict) => {
            let mut entries: Vec<(String, Value)> = Vec::new();
            for (key, value) in dict.entries.borrow().iter() {
                entries.push((key_text(key)?, value.clone()));
            }
            if style.sort_keys {
                entries.sort_by(|(left, _), (right, _)| left.cmp(right));
            }
            let depth = NESTING_MAX - levels;
            text.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                machine.take(style.indent.unwrap_or(0) * depth + key.len())?;
                separate(index, depth, style, text);
                quoted(key, style.ascii, text);
                text.push_str(&style.key_separator);
                write(machine, value, style, text, levels)?;
            }
            close(entries.is_empty(), depth, style, text);
            text.push('}');
        }
        other => match &style.default {
            Some(default) => {
                let made =
                    machine.call(default, Given { positional: vec![other.clone()], named: Vec::new() })?;
                write(machine, &made, style, text, levels)?;
            }
            None => {
                return raise(
                    "TypeError",
                    format!("Object of type {} is not JSON serializable", other.type_name()),
                );
            }
        },
    }
    Ok(())
}

fn write_items(
    machine: &mut Machine<'_>,
    items: &[Value],
    style: &Style,
    text: &mut String,
    levels: usize,
) -> Outcome<()> {
    let depth = NESTING_MAX - levels;
    text.push('[');
    for (index, item) in items.iter().enumerate() {
        machine.take(style.indent.unwrap_or(0) * depth)?;
        separate(index, depth, style, text);
        write(machine, item, style, text, levels)?;
    }
    close(items.is_empty(), depth, style, text);
    text.push(']');
    Ok(())
}

fn separate(index: usize, depth: usize, style: &Style, text: &mut String) {
    if index > 0 {
        text.push_str(&style.item_separator);
    }
    if let Some(indent) = style.indent {
        text.push('\n');
        text.push_str(&" ".repeat(indent * depth));
    }
}

fn close(is_empty: bool, depth: usize, style: &Style, text: &mut String) {
    if let (Some(indent), false) = (style.indent, is_empty) {
        text.push('\n');
        text.push_str(&" ".repeat(indent * (depth - 1)));
    }
}

fn key_text(key: &Key) -> Outcome<String> {
    Ok(match key {
        Key::Text(text) => text.to_string(),
        Key::None => "null".to_owned(),
        Key::Bool(boolean) => boolean.to_string(),
        Key::Int(number) => number.to_string(),
        Key::Float(number) => format::float(*number),
        other => {
            return raise(
                "TypeError",
                format!("keys must be str, int, float, bool or None, not {}", other.value().type_name()),
            );
        }
    })
}

/// Writes a JSON string.
pub(in crate::callables) fn quoted(inner: &str, ascii: bool, text: &mut String) {
    text.push('"');
    for character in inner.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            _ if u32::from(character) < 0x20 || (ascii && !matches!(character, ' '..='~')) => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
            _ => text.push(character),
        }
    }
    text.push('"');
}
