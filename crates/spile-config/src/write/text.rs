//! Texts with references in them, in the two spellings: placeholders and Python expressions.

use spile_core::{Node, Reference, Store, Value};

/// Private-use characters around the name of an environment variable, put there while a config is read for conversion:
/// the variable is carried over, its value never is.
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

/// Returns what stands for an environment variable during a conversion.
pub(crate) fn environment_marker(name: &str) -> String {
    format!("{OPEN}{name}{CLOSE}")
}

/// Returns whether a text has a character that conversions need for themselves.
pub(crate) fn is_marked(text: &str) -> bool {
    text.contains([OPEN, CLOSE])
}

/// A part of a text.
pub(super) enum Part {
    Literal(String),
    Variable(String),
    Stored(Reference),
}

/// Takes the text of a scalar apart; `None` for what is no text.
pub(super) fn parts(node: &Node) -> Option<Vec<Part>> {
    match &node.value {
        Value::String(text) => Some(split(text)),
        Value::Reference(reference) => Some(vec![Part::Stored(reference.clone())]),
        Value::Concat(items) => {
            let mut all = Vec::new();
            for item in items {
                match parts(item) {
                    Some(more) => all.extend(more),
                    None => all.push(Part::Literal(scalar(&item.value)?)),
                }
            }
            Some(all)
        }
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Function(_) => None,
    }
}

fn split(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let Some((name, after)) = after.split_once(CLOSE) else { break };
        if !before.is_empty() {
            parts.push(Part::Literal(before.to_owned()));
        }
        parts.push(Part::Variable(name.to_owned()));
        rest = after;
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    parts
}

/// Writes a text with placeholders, as the data dialects read it.
pub(super) fn with_placeholders(parts: &[Part]) -> String {
    let written = |part: &Part| match part {
        Part::Literal(text) => text.replace("${", "$${"),
        Part::Variable(name) => format!("${{env.{name}}}"),
        Part::Stored(reference) => format!("${{{}.{}}}", store(reference.store), reference.key),
    };
    parts.iter().map(written).collect()
}

/// Writes a text as a Python expression.
pub(super) fn as_expression(parts: &[Part]) -> String {
    let written = |part: &Part| match part {
        Part::Literal(text) => quoted(text),
        Part::Variable(name) => format!("os.environ[{}]", quoted(name)),
        Part::Stored(reference) => format!("dlt.{}[{}]", store(reference.store), quoted(&reference.key)),
    };
    parts.iter().map(written).collect::<Vec<_>>().join(" + ")
}

/// Writes a text in double quotes with JSON's escapes, which Python, YAML and TOML read alike.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    for character in serde_json::Value::from(text).to_string().chars() {
        // YAML takes none of these as they are.
        if matches!(character, '\u{7f}'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') {
            quoted.push_str(&format!("\\u{:04x}", character as u32));
        } else {
            quoted.push(character);
        }
    }
    quoted
}

/// Writes a scalar that is no text, as JSON, YAML and TOML do.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("null".to_owned()),
        Value::Bool(boolean) => Some(boolean.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(serde_json::Value::from(*number).to_string()),
        Value::String(_)
        | Value::Reference(_)
        | Value::Concat(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Function(_) => None,
    }
}

fn store(store: Store) -> &'static str {
    match store {
        Store::Secrets => "secrets",
        Store::Config => "config",
    }
}
