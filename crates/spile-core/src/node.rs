//! The tree that every dialect reads into: scalars, lists and maps that know where they were written.

use crate::function::FunctionRef;
use crate::span::Span;

/// Which store a reference points into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// `dlt.secrets[...]`: environment, then `secrets.toml`. The value is a secret.
    Secrets,
    /// `dlt.config[...]`: environment, then `secrets.toml`, then `config.toml`.
    Config,
}

/// A value that is looked up at resolve time and never while reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Which store.
    pub store: Store,
    /// The key as written, dots separate sections.
    pub key: String,
}

/// A key of a map with its own position.
#[derive(Debug, Clone)]
pub struct Key {
    /// The key text.
    pub name: String,
    /// Where the key was written.
    pub span: Span,
}

/// What a [`Node`] holds.
#[derive(Debug, Clone)]
pub enum Value {
    /// `None`, `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// A text.
    String(String),
    /// A secret or configuration value that is looked up later.
    Reference(Reference),
    /// Parts that are concatenated once the references are known (`f"Token {dlt.secrets['key']}"`).
    Concat(Vec<Node>),
    /// A list.
    List(Vec<Node>),
    /// A map in written order. Keys are unique: a reader reports a repeated key.
    Map(Vec<(Key, Node)>),
    /// A function of a script.
    Function(FunctionRef),
}

/// A value and where it was written.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its position.
    pub span: Span,
}

impl Node {
    /// Makes a node.
    pub fn new(value: Value, span: Span) -> Self {
        Self { value, span }
    }

    /// Returns the value under `key` when this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(name, _)| name.name == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// Returns the text when this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// Returns the kind of the value in the words of a config writer.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) => "an integer",
            Value::Float(_) => "a number",
            Value::String(_) | Value::Concat(_) => "a string",
            Value::Reference(Reference { store: Store::Secrets, .. }) => "a secret",
            Value::Reference(Reference { store: Store::Config, .. }) => "a configuration value",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Function(_) => "a function",
        }
    }
}
