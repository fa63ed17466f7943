//! Reads the written keys of one component, for paginators and auths alike.
//!
//! Not a schema language: a component asks for each key by name and type. The invariant: a key that the row does not
//! document, and a value of the wrong type, always become a finding at its place.

use spile_core::{
    Credential, CredentialPlace, Diagnostic, Diagnostics, FieldDoc, JsonPath, Key, Node, Secret, Span, Value,
};
use url::Url;

/// A key as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written<T> {
    /// Not there.
    Absent,
    /// There, and null.
    Null,
    /// There.
    Given(T),
}

impl<T> Written<T> {
    /// Returns the value; null counts as not given.
    pub(crate) fn given(self) -> Option<T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Returns the value, the default when the key is absent, and nothing when it is null.
    pub(crate) fn or_default(self, default: impl FnOnce() -> T) -> Option<T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Absent => Some(default()),
            Self::Null => None,
        }
    }
}

/// The keys of one component, and whether all that was read so far was right.
pub(crate) struct Fields<'n, 'd> {
    title: String,
    node: &'n Node,
    diagnostics: &'d mut Diagnostics,
    failed: bool,
}

impl<'n, 'd> Fields<'n, 'd> {
    /// Starts reading and reports unknown keys. `title` is what messages call the component: ``paginator `offset` ``.
    pub(crate) fn new(
        title: String,
        node: &'n Node,
        known: &[FieldDoc],
        diagnostics: &'d mut Diagnostics,
    ) -> Self {
        let mut fields = Self { title, node, diagnostics, failed: false };
        match &node.value {
            Value::Map(entries) => {
                for (key, _) in entries {
                    if key.name != "type" && !known.iter().any(|field| field.name == key.name) {
                        fields.unknown(key, known);
                    }
                }
            }
            Value::String(_) | Value::Null => {}
            _ => {
                let message = format!("{} is {}, expected its name or a map", fields.title, node.kind());
                fields.report(Diagnostic::error("config/wrong-type", message).at(&node.span));
            }
        }
        fields
    }

    /// Reports a finding; the component will not be made.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.failed = true;
        self.diagnostics.push(diagnostic);
    }

    /// Reports a finding that does not stand in the way of the component.
    pub(crate) fn warn(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Returns the finished component unless something was wrong.
    pub(crate) fn finish<T>(self, value: T) -> Option<T> {
        if self.failed { None } else { Some(value) }
    }

    /// Returns whether the key is written, null or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.node.get(name).is_some()
    }

    /// Returns the place of a key's value, or of the component.
    pub(crate) fn span(&self, name: &str) -> &'n Span {
        self.node.get(name).map_or(&self.node.span, |node| &node.span)
    }

    /// Reads a text.
    pub(crate) fn string(&mut self, name: &str) -> Written<String> {
        self.read(name, "a string", |node| match &node.value {
            Value::String(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// Reads a text that may have been written as a number, such as an all-digit key.
    pub(crate) fn scalar(&mut self, name: &str) -> Written<String> {
        self.read(name, "a string", |node| match &node.value {
            Value::String(text) => Some(text.clone()),
            Value::Int(number) => Some(number.to_string()),
            Value::Float(number) => Some(number.to_string()),
            _ => None,
        })
    }

    /// Reads a text that must be there.
    pub(crate) fn required_scalar(&mut self, name: &'static str) -> String {
        match self.scalar(name) {
            Written::Given(text) => text,
            Written::Absent | Written::Null => {
                // A wrong type was reported by the read itself; only a missing key is news.
                if self.node.get(name).is_none_or(Node::is_null) {
                    let message = format!("{} needs `{name}`", self.title);
                    self.report(Diagnostic::error("config/missing-field", message).at(&self.node.span));
                }
                String::new()
            }
        }
    }

    /// Reads a text or a list of texts.
    pub(crate) fn strings(&mut self, name: &str) -> Option<Vec<String>> {
        self.read(name, "a string or a list of strings", |node| match &node.value {
            Value::String(text) => Some(vec![text.clone()]),
            Value::List(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => None,
        })
        .given()
    }

    /// Reads a URL that must be there.
    pub(crate) fn url(&mut self, name: &'static str) -> Option<Url> {
        let text = self.required_scalar(name);
        if text.is_empty() {
            return None; // Reported.
        }
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none() {
            let message = format!("`{name}` of {} is not a URL", self.title);
            let span = self.span(name).clone();
            let hint = "Write it in full, for example https://auth.example.com/token.";
            self.report(Diagnostic::error("config/invalid-url", message).at(&span).hint(hint));
        }
        url
    }

    /// Reads a map of plain values; null and no map at all are an empty one.
    pub(crate) fn map(&mut self, name: &str) -> Vec<(String, serde_json::Value)> {
        self.read(name, "a map", |node| match &node.value {
            Value::Map(entries) => {
                entries.iter().map(|(key, value)| Some((key.name.clone(), plain(value)?))).collect()
            }
            _ => None,
        })
        .given()
        .unwrap_or_default()
    }

    /// Reads a map of headers.
    pub(crate) fn headers(&mut self, name: &str) -> Vec<Credential> {
        let entries = self.map(name).into_iter();
        entries
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                Credential { place: CredentialPlace::Header, name, value: Secret::new(value) }
            })
            .collect()
    }

    /// Reads a boolean.
    pub(crate) fn boolean(&mut self, name: &str, default: bool) -> bool {
        self.read(name, "a boolean", |node| match node.value {
            Value::Bool(value) => Some(value),
            _ => None,
        })
        .given()
        .unwrap_or(default)
    }

    /// Reads a whole number.
    pub(crate) fn integer(&mut self, name: &str) -> Written<i64> {
        self.read(name, "an integer", |node| match node.value {
            Value::Int(value) => Some(value),
            _ => None,
        })
    }

    /// Reads a whole number of at least one.
    pub(crate) fn positive(&mut self, name: &str) -> Written<i64> {
        let written = self.integer(name);
        if let Written::Given(value @ ..=0) = written {
            let message = format!("`{name}` of {} is {value}, expected at least 1", self.title);
            let span = self.span(name).clone();
            self.report(Diagnostic::error("config/wrong-value", message).at(&span));
            return Written::Absent;
        }
        written
    }

    /// Reads a path into the response; an empty text counts as null, as in dlt.
    pub(crate) fn path(&mut self, name: &str) -> Written<JsonPath> {
        match self.string(name) {
            Written::Given(text) if text.is_empty() => Written::Null,
            Written::Given(text) => match JsonPath::parse(&text) {
                Ok(path) => Written::Given(path),
                Err(error) => {
                    let message = format!("`{name}` of {} is not a path: {error}", self.title);
                    let span = self.span(name).clone();
                    self.report(Diagnostic::error("config/invalid-path", message).at(&span));
                    Written::Absent
                }
            },
            Written::Null => Written::Null,
            Written::Absent => Written::Absent,
        }
    }

    fn read<T>(&mut self, name: &str, expected: &str, take: impl FnOnce(&Node) -> Option<T>) -> Written<T> {
        let Some(node) = self.node.get(name) else { return Written::Absent };
        if node.is_null() {
            return Written::Null;
        }
        if let Some(value) = take(node) {
            return Written::Given(value);
        }
        let message = format!("`{name}` of {} is {}, expected {expected}", self.title, node.kind());
        self.report(Diagnostic::error("config/wrong-type", message).at(&node.span));
        Written::Absent
    }

    fn unknown(&mut self, key: &Key, known: &[FieldDoc]) {
        let nearest = known
            .iter()
            .map(|field| (strsim::damerau_levenshtein(&key.name, field.name), field.name))
            .min()
            .filter(|(distance, name)| *distance <= name.len().div_ceil(3));
        let hint = match nearest {
            Some((_, name)) => format!("Did you mean `{name}`?"),
            None if known.is_empty() => "It takes no keys but `type`.".to_owned(),
            None => {
                let names: Vec<String> = known.iter().map(|field| format!("`{}`", field.name)).collect();
                format!("The keys are {}.", names.join(", "))
            }
        };
        let message = format!("unknown key `{}` in {}", key.name, self.title);
        self.report(Diagnostic::error("config/unknown-field", message).at(&key.span).hint(hint));
    }
}

/// Returns a node as JSON; nothing when it holds a reference.
fn plain(node: &Node) -> Option<serde_json::Value> {
    use serde_json::Value as Plain;
    Some(match &node.value {
        Value::Null => Plain::Null,
        Value::Bool(value) => Plain::from(*value),
        Value::Int(value) => Plain::from(*value),
        Value::Float(value) => Plain::from(*value),
        Value::String(text) => Plain::from(text.as_str()),
        Value::List(items) => items.iter().map(plain).collect::<Option<Vec<_>>>()?.into(),
        Value::Map(entries) => {
            let members = entries.iter().map(|(key, value)| Some((key.name.clone(), plain(value)?)));
            Plain::Object(members.collect::<Option<_>>()?)
        }
        Value::Reference(_) | Value::Concat(_) | Value::Function(_) => return None,
    })
}
