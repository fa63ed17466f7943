//! TOML, for configs and for dlt's `config.toml` and `secrets.toml`.
//!
//! TOML has no null; a key that should be null is left out. Dates become texts, as they are in JSON.

use std::ops::Range;
use std::sync::Arc;

use spile_core::{Diagnostic, Diagnostics, Key, Node, SourceFile, Span, Value};
use toml_edit::{Document, InlineTable, Item, Table};

use crate::dialects::{Reading, SourceConfig, placeholder, split_top};

pub(crate) fn read(reading: &Reading<'_>, diagnostics: &mut Diagnostics) -> Option<SourceConfig> {
    let mut top = read_tree(reading.text, reading.file, diagnostics)?;
    placeholder::expand(&mut top, reading, diagnostics);
    split_top(top, diagnostics)
}

/// Reads a text whose positions belong to `file`. The text and the file's own may differ in bytes, not in length: that
/// is how secrets are parsed without being shown.
pub(crate) fn read_tree(text: &str, file: &Arc<SourceFile>, diagnostics: &mut Diagnostics) -> Option<Node> {
    match Document::parse(text) {
        Ok(document) => {
            let whole = Span::new(file, 0, text.len());
            Some(Reader { file }.table(document.as_table(), &whole))
        }
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            let message = error.message().lines().next().unwrap_or("syntax error").to_lowercase();
            let (code, message) = if message.contains("duplicate key") {
                ("config/duplicate-key", "a key is written twice".to_owned())
            } else {
                ("config/toml-syntax", format!("invalid TOML: {message}"))
            };
            diagnostics.push(Diagnostic::error(code, message).at(&Span::new(file, span.start, span.end)));
            None
        }
    }
}

/// Nesting needs no bound of its own: the TOML parser has one.
struct Reader<'a> {
    file: &'a Arc<SourceFile>,
}

impl Reader<'_> {
    fn table(&self, table: &Table, fallback: &Span) -> Node {
        let span = self.span(table.span(), fallback);
        let mut entries = Vec::new();
        for (name, item) in table {
            let key = table.get_key_value(name).map(|(key, _)| key.span());
            let key_span = self.span(key.flatten(), &span);
            let node = self.item(item, &key_span);
            entries.extend(node.map(|node| (Key { name: name.to_owned(), span: key_span }, node)));
        }
        Node::new(Value::Map(entries), span)
    }

    fn inline(&self, table: &InlineTable, fallback: &Span) -> Node {
        let span = self.span(table.span(), fallback);
        let mut entries = Vec::new();
        for (name, value) in table {
            let key = table.get_key_value(name).map(|(key, _)| key.span());
            let key_span = self.span(key.flatten(), &span);
            let node = self.value(value, &key_span);
            entries.push((Key { name: name.to_owned(), span: key_span }, node));
        }
        Node::new(Value::Map(entries), span)
    }

    fn item(&self, item: &Item, fallback: &Span) -> Option<Node> {
        match item {
            Item::None => None,
            Item::Value(value) => Some(self.value(value, fallback)),
            Item::Table(table) => Some(self.table(table, fallback)),
            Item::ArrayOfTables(tables) => {
                let items = tables.iter().map(|table| self.table(table, fallback)).collect();
                Some(Node::new(Value::List(items), self.span(tables.span(), fallback)))
            }
        }
    }

    fn value(&self, value: &toml_edit::Value, fallback: &Span) -> Node {
        let span = self.span(value.span(), fallback);
        let value = match value {
            toml_edit::Value::String(text) => Value::String(text.value().clone()),
            toml_edit::Value::Integer(number) => Value::Int(*number.value()),
            toml_edit::Value::Float(number) => Value::Float(*number.value()),
            toml_edit::Value::Boolean(boolean) => Value::Bool(*boolean.value()),
            toml_edit::Value::Datetime(datetime) => Value::String(datetime.value().to_string()),
            toml_edit::Value::Array(items) => {
                Value::List(items.iter().map(|item| self.value(item, &span)).collect())
            }
            toml_edit::Value::InlineTable(table) => return self.inline(table, &span),
        };
        Node::new(value, span)
    }

    fn span(&self, range: Option<Range<usize>>, fallback: &Span) -> Span {
        range.map_or_else(|| fallback.clone(), |range| Span::new(self.file, range.start, range.end))
    }
}
