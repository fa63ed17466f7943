//! YAML in block style: one key a line, texts quoted when they could be read as anything else.

use spile_core::{Key, Node, Value};

use super::text::{self, quoted, with_placeholders};

pub(super) fn document(entries: &[(Key, Node)]) -> String {
    let mut text = String::new();
    map(entries, 0, &mut text);
    text
}

/// Writes a map whose first line starts where the caller left off.
fn map(entries: &[(Key, Node)], depth: usize, text: &mut String) {
    if entries.is_empty() {
        return text.push_str("{}\n");
    }
    for (index, (key, node)) in entries.iter().enumerate() {
        if index > 0 {
            indent(depth, text);
        }
        text.push_str(&word(&key.name));
        text.push(':');
        match &node.value {
            Value::Map(inner) if !inner.is_empty() => {
                text.push('\n');
                indent(depth + 1, text);
                map(inner, depth + 1, text);
            }
            Value::List(items) if !items.is_empty() => {
                text.push('\n');
                indent(depth + 1, text);
                list(items, depth + 1, text);
            }
            _ => {
                text.push(' ');
                text.push_str(&leaf(node));
                text.push('\n');
            }
        }
    }
}

fn list(items: &[Node], depth: usize, text: &mut String) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            indent(depth, text);
        }
        text.push_str("- ");
        match &item.value {
            Value::Map(inner) if !inner.is_empty() => map(inner, depth + 1, text),
            Value::List(inner) if !inner.is_empty() => list(inner, depth + 1, text),
            _ => {
                text.push_str(&leaf(item));
                text.push('\n');
            }
        }
    }
}

fn leaf(node: &Node) -> String {
    match &node.value {
        Value::Map(_) => "{}".to_owned(),
        Value::List(_) => "[]".to_owned(),
        other => match text::parts(node) {
            Some(parts) => word(&with_placeholders(&parts)),
            None => text::scalar(other).unwrap_or_default(),
        },
    }
}

/// Writes a text plainly when every YAML reader takes it for a text.
pub(super) fn word(text: &str) -> String {
    let starts_well = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte));
    let reserved = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    if starts_well && is_plain && !reserved.contains(&text.to_ascii_lowercase().as_str()) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

pub(super) fn indent(depth: usize, text: &mut String) {
    text.extend(std::iter::repeat_n("  ", depth));
}
