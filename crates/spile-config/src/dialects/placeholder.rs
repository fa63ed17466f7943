//! `${secrets.a.b}`, `${config.x}` and `${env.NAME}` in the strings of the data dialects.
//!
//! Python needs none of this: it writes `dlt.secrets["a.b"]`. `$${` stands for a literal `${`. Invariant: the result
//! names what to look up; nothing but environment texts is looked up here.

use spile_core::{Diagnostic, Diagnostics, Node, Reference, Store, Value};

use crate::dialects::Reading;

/// Replaces the placeholders in every string of a tree. Keys are left alone.
pub(crate) fn expand(node: &mut Node, reading: &Reading<'_>, diagnostics: &mut Diagnostics) {
    match &mut node.value {
        Value::String(text) if text.contains("${") => {
            let text = std::mem::take(text);
            node.value = expand_text(&text, node, reading, diagnostics);
        }
        Value::List(items) => items.iter_mut().for_each(|item| expand(item, reading, diagnostics)),
        Value::Map(entries) => entries.iter_mut().for_each(|(_, value)| expand(value, reading, diagnostics)),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::String(_)
        | Value::Reference(_)
        | Value::Concat(_)
        | Value::Function(_) => {}
    }
}

fn expand_text(text: &str, node: &Node, reading: &Reading<'_>, diagnostics: &mut Diagnostics) -> Value {
    let mut parts: Vec<Node> = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            literal.push_str(&rest[..at - 1]);
            literal.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        literal.push_str(&rest[..at]);
        let Some(length) = rest[at..].find('}') else {
            diagnostics.push(
                Diagnostic::error("config/invalid-placeholder", "a `${` has no closing brace")
                    .at(&node.span)
                    .hint("Close it with `}`, or write `$${` for a literal `${`."),
            );
            return Value::String(text.to_owned());
        };
        match lookup(&rest[at + 2..at + length], node, reading, diagnostics) {
            Some(Value::String(found)) => literal.push_str(&found),
            Some(value) => {
                if !literal.is_empty() {
                    let text = Value::String(std::mem::take(&mut literal));
                    parts.push(Node::new(text, node.span.clone()));
                }
                parts.push(Node::new(value, node.span.clone()));
            }
            None => return Value::String(text.to_owned()),
        }
        rest = &rest[at + length + 1..];
    }
    literal.push_str(rest);
    if parts.is_empty() {
        return Value::String(literal);
    }
    if !literal.is_empty() {
        parts.push(Node::new(Value::String(literal), node.span.clone()));
    }
    match parts.len() {
        1 => parts.swap_remove(0).value,
        _ => Value::Concat(parts),
    }
}

fn lookup(name: &str, node: &Node, reading: &Reading<'_>, diagnostics: &mut Diagnostics) -> Option<Value> {
    let reference = |store, key: &str| Some(Value::Reference(Reference { store, key: key.to_owned() }));
    match name.trim().split_once('.') {
        Some(("secrets", key)) if !key.is_empty() => reference(Store::Secrets, key),
        Some(("config", key)) if !key.is_empty() => reference(Store::Config, key),
        Some(("env", key)) if !key.is_empty() => {
            let value = reading.environment.variables.get(key);
            if value.is_none() {
                diagnostics.push(missing_variable(key).at(&node.span));
            }
            value.map(|value| Value::String(value.clone()))
        }
        _ => {
            diagnostics.push(
                Diagnostic::error(
                    "config/invalid-placeholder",
                    format!("`${{{name}}}` names no known store"),
                )
                .at(&node.span)
                .hint("Write ${secrets.key}, ${config.key} or ${env.NAME}, or `$${` for a literal `${`."),
            );
            None
        }
    }
}

/// Says that an environment variable is not set.
pub(crate) fn missing_variable(name: &str) -> Diagnostic {
    Diagnostic::error("config/missing-variable", format!("the environment variable {name} is not set"))
        .hint(format!("Set {name} before the run."))
}
