//! Typed reading of nodes: the only place where a reference becomes a value.
//!
//! Every reader reports and returns `None` when the node has another shape.

use spile_core::{Diagnostic, Key, Node, Reference, Span, Store, Value};

use crate::fields::{nearest, wrong_type};
use crate::providers::{source_paths, variable_name};
use crate::resolve::Resolver;

/// A finding was reported, so what depends on the value cannot be made.
pub(super) struct Reported;

/// A resolved text.
pub(super) struct Text {
    pub(super) value: String,
    /// Whether a secret is part of it.
    pub(super) secret: bool,
}

impl Resolver<'_> {
    /// Reads a text that may refer to secrets.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<Text> {
        let secret = holds_secret(node);
        let resolved = self.resolved(node)?;
        if let Value::String(value) = resolved.value {
            Some(Text { value, secret })
        } else {
            self.report(wrong_type(what, "a string", &resolved));
            None
        }
    }

    /// Reads a text.
    pub(super) fn string(&mut self, node: &Node, what: &str) -> Option<String> {
        self.text(node, what).map(|text| text.value)
    }

    /// Reads a boolean.
    pub(super) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        let resolved = self.resolved(node)?;
        if let Value::Bool(boolean) = resolved.value {
            Some(boolean)
        } else {
            self.report(wrong_type(what, "true or false", &resolved));
            None
        }
    }

    /// Reads a whole number that is not negative.
    pub(super) fn count(&mut self, node: &Node, what: &str) -> Option<u64> {
        let resolved = self.resolved(node)?;
        if let Value::Int(number) = resolved.value
            && let Ok(number) = u64::try_from(number)
        {
            return Some(number);
        }
        self.report(wrong_type(what, "a whole number from 0", &resolved));
        None
    }

    /// Reads a number that is not negative.
    pub(super) fn amount(&mut self, node: &Node, what: &str) -> Option<f64> {
        let resolved = self.resolved(node)?;
        let number = match resolved.value {
            Value::Int(number) => number as f64,
            Value::Float(number) => number,
            _ => f64::NAN,
        };
        if number.is_finite() && number >= 0.0 {
            return Some(number);
        }
        self.report(wrong_type(what, "a number from 0", &resolved));
        None
    }

    /// Reads one of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        node: &Node,
        what: &str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.text(node, what)?;
        let found = words.iter().find(|(word, _)| *word == text.value).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let shown = if text.secret { String::new() } else { format!(", found `{}`", text.value) };
            let mut diagnostic = Diagnostic::error(
                "config/invalid-value",
                format!("{what} must be {}{shown}", known.join(" or ")),
            )
            .at(&node.span);
            if let Some(near) = nearest(&text.value, known.iter().copied()) {
                diagnostic = diagnostic.label(format!("did you mean `{near}`?"));
            }
            self.report(diagnostic);
        }
        found
    }

    /// Reads a text or a list of texts.
    pub(super) fn strings(&mut self, node: &Node, what: &str) -> Option<Vec<String>> {
        match &node.value {
            Value::List(items) => {
                let read: Vec<Option<String>> = items.iter().map(|item| self.string(item, what)).collect();
                read.into_iter().collect()
            }
            _ => self.string(node, what).map(|text| vec![text]),
        }
    }

    /// Returns the entries of a map; null counts as an empty one.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [(Key, Node)]> {
        match &node.value {
            Value::Map(entries) => Some(entries),
            Value::Null => Some(&[]),
            _ => {
                self.report(wrong_type(what, "a map", node));
                None
            }
        }
    }

    /// Reads a value that may be absent.
    pub(super) fn optional<T>(
        &mut self,
        node: Option<&Node>,
        read: impl FnOnce(&mut Self, &Node) -> Option<T>,
    ) -> Result<Option<T>, Reported> {
        node.map(|node| read(self, node).ok_or(Reported)).transpose()
    }

    /// Returns a copy without references. The copy may hold secrets: it is handed on and never shown.
    pub(super) fn resolved(&mut self, node: &Node) -> Option<Node> {
        let value = match &node.value {
            Value::Reference(reference) => self.reference(reference, &node.span)?,
            Value::Concat(parts) => {
                let mut text = String::new();
                for part in parts {
                    text.push_str(&self.part(part)?);
                }
                Value::String(text)
            }
            Value::List(items) => {
                let items: Vec<Option<Node>> = items.iter().map(|item| self.resolved(item)).collect();
                Value::List(items.into_iter().collect::<Option<_>>()?)
            }
            Value::Map(entries) => {
                let entries: Vec<Option<(Key, Node)>> = entries
                    .iter()
                    .map(|(key, node)| self.resolved(node).map(|node| (key.clone(), node)))
                    .collect();
                Value::Map(entries.into_iter().collect::<Option<_>>()?)
            }
            plain => plain.clone(),
        };
        Some(Node::new(value, node.span.clone()))
    }

    /// Reads a part of a concatenation as Python's `str()` would write it.
    fn part(&mut self, node: &Node) -> Option<String> {
        let resolved = self.resolved(node)?;
        if let Some(text) = super::params::scalar_text(&resolved.value) {
            Some(text)
        } else {
            self.report(wrong_type("a part of a text", "a string or a number", &resolved));
            None
        }
    }

    fn reference(&mut self, reference: &Reference, span: &Span) -> Option<Value> {
        let found = self.providers.exact(reference);
        if found.is_none() {
            self.report(missing_reference(reference).at(span));
        }
        found
    }

    /// Looks a field of the source up under its sections, as dlt does.
    pub(super) fn looked_up(&mut self, field: &[&str], store: Store, asked: &str) -> Option<Value> {
        let Self { names, providers, .. } = self;
        let paths = source_paths(&names.section, &names.source, field);
        providers.search_for_pipeline(&names.pipeline, &paths, store, asked)
    }
}

/// Returns whether a node refers to a secret.
pub(super) fn holds_secret(node: &Node) -> bool {
    match &node.value {
        Value::Reference(reference) => reference.store == Store::Secrets,
        Value::Concat(items) | Value::List(items) => items.iter().any(holds_secret),
        Value::Map(entries) => entries.iter().any(|(_, node)| holds_secret(node)),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::String(_)
        | Value::Function(_) => false,
    }
}

fn missing_reference(reference: &Reference) -> Diagnostic {
    let path: Vec<&str> = reference.key.split('.').collect();
    let (code, kind, file) = match reference.store {
        Store::Secrets => ("config/missing-secret", "secret", ".dlt/secrets.toml"),
        Store::Config => ("config/missing-config", "configuration value", ".dlt/config.toml"),
    };
    let variable = variable_name(&path);
    Diagnostic::error(code, format!("the {kind} `{}` is not set", reference.key))
        .label(format!("{variable} is not set"))
        .hint(format!("Set the environment variable {variable}, or add {} to {file}.", toml_place(&path)))
}

/// Returns where a dotted key goes in a TOML file, in words.
pub(super) fn toml_place(path: &[&str]) -> String {
    match path {
        [] => "the value".to_owned(),
        [key] => format!("`{key} = \"...\"`"),
        [sections @ .., key] => format!("`{key} = \"...\"` under `[{}]`", sections.join(".")),
    }
}
