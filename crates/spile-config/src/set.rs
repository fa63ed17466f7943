//! `--set path=value`: overrides of any config value, and source arguments.
//!
//! A path is dotted; list items are found by index or, for resources, by name. Values are JSON when they parse as a
//! number, boolean, null, list or map, and texts otherwise; a key that holds a secret always gets a text. A single name that no
//! config has is an argument of the source (`--set account_id=ACC`), one that stands beside the config (`name`,
//! `max_table_nesting`) replaces it there. Invariant: an override is applied or reported.

use std::sync::Arc;

use spile_core::{Diagnostic, Diagnostics, Key, Node, SourceFile, Span, Value};

use crate::dialects::{SETTING_KEYS, SourceConfig};
use crate::fields::nearest;

/// Keys whose value is a text even if it looks like a number.
const SECRET_KEYS: [&str; 8] =
    ["api_key", "token", "access_token", "username", "password", "client_id", "client_secret", "secret"];

/// The top of the config.
const TOP_KEYS: [&str; 3] = ["client", "resources", "resource_defaults"];

/// Applies the overrides in order and returns the source arguments.
pub(crate) fn apply(
    source: &mut SourceConfig,
    texts: &[String],
    diagnostics: &mut Diagnostics,
) -> Vec<(Key, Node)> {
    let mut arguments: Vec<(Key, Node)> = Vec::new();
    let shown: Vec<String> = texts.iter().map(|text| without_secret(text)).collect();
    let file = SourceFile::new("--set", shown.join("\n"));
    let mut offset = 0;
    for text in texts {
        let start = offset;
        offset += text.len() + 1;
        let Some((path, value)) = text.split_once('=') else {
            diagnostics.push(
                Diagnostic::error("config/invalid-set", "an override must read path=value")
                    .at(&Span::new(&file, start, start + text.len()))
                    .hint("Write for example `--set client.base_url=https://api.example.com`."),
            );
            continue;
        };
        let change = Change { file: &file, start, path, value };
        match path.split_once('.') {
            None if SETTING_KEYS.contains(&path) => {
                let key = Key { name: path.to_owned(), span: change.span(0, path.len()) };
                source.settings.retain(|(existing, _)| existing.name != key.name);
                source.settings.push((key, change.node(path)));
            }
            None if !TOP_KEYS.contains(&path) && !path.is_empty() => {
                let key = Key { name: path.to_owned(), span: change.span(0, path.len()) };
                arguments.retain(|(existing, _)| existing.name != key.name);
                arguments.push((key, change.node(path)));
            }
            _ => change.put(&mut source.config, path, diagnostics),
        }
    }
    arguments
}

/// Returns the override as it may be shown: the value of a secret key is starred, byte by byte.
fn without_secret(text: &str) -> String {
    match text.split_once('=') {
        Some((path, value)) if path.rsplit('.').next().is_some_and(|key| SECRET_KEYS.contains(&key)) => {
            format!("{path}={}", "*".repeat(value.len()))
        }
        _ => text.to_owned(),
    }
}

struct Change<'a> {
    file: &'a Arc<SourceFile>,
    start: usize,
    path: &'a str,
    value: &'a str,
}

impl Change<'_> {
    fn put(&self, root: &mut Node, path: &str, diagnostics: &mut Diagnostics) {
        let parts: Vec<&str> = path.split('.').collect();
        let Some((last, parents)) = parts.split_last() else { return };
        let mut node = root;
        let mut walked = 0;
        for part in parents {
            let span = self.span(walked, walked + part.len());
            match child(node, part, &span) {
                Ok(found) => node = found,
                Err(known) => return diagnostics.push(unknown_part(part, &known, &span)),
            }
            walked += part.len() + 1;
        }
        let span = self.span(walked, walked + last.len());
        let value = self.node(last);
        if let Value::Map(entries) = &mut node.value {
            match entries.iter_mut().find(|(key, _)| key.name == *last) {
                Some((_, existing)) => *existing = value,
                None => entries.push((Key { name: (*last).to_owned(), span }, value)),
            }
            return;
        }
        match child(node, last, &span) {
            Ok(found) => *found = value,
            Err(known) => diagnostics.push(unknown_part(last, &known, &span)),
        }
    }

    fn node(&self, key: &str) -> Node {
        let from = self.path.len() + 1;
        let span = self.span(from, from + self.value.len());
        let text = || Node::new(Value::String(self.value.to_owned()), span.clone());
        if SECRET_KEYS.contains(&key) {
            return text();
        }
        match serde_json::from_str::<serde_json::Value>(self.value) {
            Ok(serde_json::Value::String(_)) | Err(_) => text(),
            Ok(value) => from_json(value, &span),
        }
    }

    fn span(&self, from: usize, to: usize) -> Span {
        Span::new(self.file, self.start + from, self.start + to)
    }
}

/// Finds a child by key, index or resource name; the error lists what there is. A key that a map lacks is made
/// (`client.retry.max_retries` where no `retry` is written); if no such key can be, resolving says so at its place.
fn child<'n>(node: &'n mut Node, part: &str, span: &Span) -> Result<&'n mut Node, Vec<String>> {
    match &mut node.value {
        Value::Map(entries) => {
            let index = entries.iter().position(|(key, _)| key.name == part).unwrap_or_else(|| {
                let key = Key { name: part.to_owned(), span: span.clone() };
                entries.push((key, Node::new(Value::Map(Vec::new()), span.clone())));
                entries.len() - 1
            });
            Ok(&mut entries[index].1)
        }
        Value::List(items) => {
            let names: Vec<Option<String>> = items
                .iter()
                .map(|item| item.get("name").unwrap_or(item).as_str().map(str::to_owned))
                .collect();
            let index = part
                .parse()
                .ok()
                .filter(|index: &usize| *index < items.len())
                .or_else(|| names.iter().position(|name| name.as_deref() == Some(part)));
            match index {
                Some(index) => Ok(&mut items[index]),
                None => Err(names.into_iter().flatten().collect()),
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::String(_)
        | Value::Reference(_)
        | Value::Concat(_)
        | Value::Function(_) => Err(Vec::new()),
    }
}

fn unknown_part(part: &str, known: &[String], span: &Span) -> Diagnostic {
    let diagnostic =
        Diagnostic::error("config/unknown-path", format!("the config has no `{part}` at this place"))
            .at(span);
    let near = nearest(part, known.iter().map(String::as_str));
    match near {
        Some(near) => diagnostic.label(format!("did you mean `{near}`?")),
        None if known.is_empty() => diagnostic.hint("Override the value as a whole."),
        None => diagnostic.hint(format!("There are {}.", known.join(", "))),
    }
}

fn from_json(value: serde_json::Value, span: &Span) -> Node {
    let value = match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(boolean) => Value::Bool(boolean),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(number.as_f64().unwrap_or(f64::MAX)),
        },
        serde_json::Value::String(text) => Value::String(text),
        serde_json::Value::Array(items) => {
            Value::List(items.into_iter().map(|item| from_json(item, span)).collect())
        }
        serde_json::Value::Object(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(name, value)| (Key { name, span: span.clone() }, from_json(value, span)))
                .collect(),
        ),
    };
    Node::new(value, span.clone())
}
