//! The JSONPath dialect of dlt (jsonpath-ng), compiled once to steps.
//!
//! Understood: `$`, bare and dotted names, quoted names, `['name']`, `[0]`, `[-1]`, `[*]`, `*`, slices and `..name`.
//! Filters, unions, arithmetic and functions are refused by name.

use std::collections::HashSet;
use std::fmt;

use crate::json::{Json, JsonKind};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PathStep {
    Field(String),
    Index(i64),
    Slice(Option<i64>, Option<i64>),
    Every,
    Descend(String),
}

/// A compiled path.
#[derive(Clone, PartialEq, Eq)]
pub struct JsonPath {
    text: String,
    steps: Vec<PathStep>,
}

/// Why a path does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPathError {
    /// What was found.
    pub message: String,
    /// Byte offset in the path text.
    pub offset: usize,
}

impl fmt::Display for JsonPathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at character {}", self.message, self.offset + 1)
    }
}

impl std::error::Error for JsonPathError {}

impl JsonPath {
    /// Compiles a path.
    pub fn parse(text: &str) -> Result<Self, JsonPathError> {
        let mut parser = PathParser { text, offset: 0 };
        let steps = parser.path()?;
        Ok(Self { text: text.to_owned(), steps })
    }

    /// Makes the path of one literal key, whatever characters it holds.
    pub fn field(name: &str) -> Self {
        Self { text: name.to_owned(), steps: vec![PathStep::Field(name.to_owned())] }
    }

    /// Makes the path of literal keys from the top.
    pub fn fields(names: &[&str]) -> Self {
        let steps = names.iter().map(|name| PathStep::Field((*name).to_owned())).collect();
        Self { text: if names.is_empty() { "$".to_owned() } else { names.join(".") }, steps }
    }

    /// Returns the path as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the key when the path is one plain key of the top object.
    pub fn single_field(&self) -> Option<&str> {
        match self.steps.as_slice() {
            [PathStep::Field(name)] => Some(name),
            _ => None,
        }
    }

    /// Returns the first match.
    pub fn first<'a>(&self, value: Json<'a>) -> Option<Json<'a>> {
        if let Some(name) = self.single_field() {
            return value.get(name);
        }
        self.matches(value).into_iter().next()
    }

    /// Returns all matches in document order, each once.
    pub fn matches<'a>(&self, value: Json<'a>) -> Vec<Json<'a>> {
        let mut current = vec![value];
        for step in &self.steps {
            let mut next = Vec::new();
            let several = current.len() > 1;
            for value in current {
                apply(step, value, &mut next);
            }
            // `..a..a` finds a nested value once per way down, and the ways multiply with each step.
            if several && matches!(step, PathStep::Descend(_)) {
                let mut seen = HashSet::with_capacity(next.len());
                next.retain(|value| seen.insert(value.index()));
            }
            current = next;
        }
        current
    }
}

impl fmt::Debug for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn apply<'a>(step: &PathStep, value: Json<'a>, out: &mut Vec<Json<'a>>) {
    match step {
        PathStep::Field(name) => out.extend(value.get(name)),
        PathStep::Index(index) => out.extend(at(value, *index)),
        PathStep::Slice(start, end) => {
            if let JsonKind::Array(length) = value.kind() {
                let length = length as i64;
                let clamp = |bound: i64| if bound < 0 { (length + bound).max(0) } else { bound.min(length) };
                let from = clamp(start.unwrap_or(0));
                let to = clamp(end.unwrap_or(length));
                out.extend(value.elements().skip(from as usize).take((to - from).max(0) as usize));
            }
        }
        PathStep::Every => {
            if value.is_array() {
                out.extend(value.elements());
            } else {
                out.extend(value.members().map(|(_, member)| member));
            }
        }
        PathStep::Descend(name) => descend(name, value, out),
    }
}

fn at(value: Json<'_>, index: i64) -> Option<Json<'_>> {
    let JsonKind::Array(length) = value.kind() else { return None };
    let index = if index < 0 { length as i64 + index } else { index };
    usize::try_from(index).ok().and_then(|index| value.elements().nth(index))
}

/// Walks the whole value, shallow matches before deep ones of the same branch.
fn descend<'a>(name: &str, value: Json<'a>, out: &mut Vec<Json<'a>>) {
    out.extend(value.get(name));
    for (_, member) in value.members() {
        descend(name, member, out);
    }
    for element in value.elements() {
        descend(name, element, out);
    }
}

struct PathParser<'t> {
    text: &'t str,
    offset: usize,
}

impl PathParser<'_> {
    fn path(&mut self) -> Result<Vec<PathStep>, JsonPathError> {
        let mut steps = Vec::new();
        if self.text.trim().is_empty() {
            return Err(self.error("the path is empty"));
        }
        if self.eat('$') && self.done() {
            return Ok(steps);
        }
        let mut expect_name = !self.text.starts_with('$');
        while !self.done() {
            if self.text[self.offset..].starts_with("..") {
                self.offset += 2;
                steps.push(PathStep::Descend(self.name()?));
            } else if self.eat('.') {
                if self.peek() == Some('[') {
                    continue;
                }
                steps.push(self.step()?);
            } else if self.eat('[') {
                steps.push(self.bracket()?);
            } else if expect_name {
                steps.push(self.step()?);
            } else {
                return Err(self.error("expected `.` or `[`"));
            }
            expect_name = false;
        }
        Ok(steps)
    }

    fn step(&mut self) -> Result<PathStep, JsonPathError> {
        if self.eat('*') { Ok(PathStep::Every) } else { self.name().map(PathStep::Field) }
    }

    fn name(&mut self) -> Result<String, JsonPathError> {
        if let Some(quote @ ('\'' | '"')) = self.peek() {
            return self.quoted(quote);
        }
        let rest = &self.text[self.offset..];
        let length = rest
            .find(|character: char| !(character.is_alphanumeric() || matches!(character, '_' | '-')))
            .unwrap_or(rest.len());
        if length == 0 {
            return Err(match self.peek() {
                Some('?' | '|' | '`' | '(' | '@') => {
                    self.error("filters, unions, functions and `@` names are not supported yet; quote a name with odd characters as ['name']")
                }
                _ => self.error("expected a name"),
            });
        }
        self.offset += length;
        Ok(rest[..length].to_owned())
    }

    fn quoted(&mut self, quote: char) -> Result<String, JsonPathError> {
        self.offset += 1;
        let rest = &self.text[self.offset..];
        let Some(end) = rest.find(quote) else { return Err(self.error("the quote is not closed")) };
        self.offset += end + 1;
        Ok(rest[..end].to_owned())
    }

    fn bracket(&mut self) -> Result<PathStep, JsonPathError> {
        let step = match self.peek() {
            Some('*') => {
                self.offset += 1;
                PathStep::Every
            }
            Some(quote @ ('\'' | '"')) => PathStep::Field(self.quoted(quote)?),
            _ => {
                let start = self.number()?;
                if self.eat(':') {
                    PathStep::Slice(start, self.number()?)
                } else {
                    match start {
                        Some(index) => PathStep::Index(index),
                        None => return Err(self.error("expected an index, a slice, `*` or a quoted name")),
                    }
                }
            }
        };
        if self.eat(']') { Ok(step) } else { Err(self.error("expected `]`")) }
    }

    fn number(&mut self) -> Result<Option<i64>, JsonPathError> {
        let rest = &self.text[self.offset..];
        let length = rest
            .find(|character: char| !(character.is_ascii_digit() || character == '-'))
            .unwrap_or(rest.len());
        if length == 0 {
            return Ok(None);
        }
        let number = rest[..length].parse().map_err(|_| self.error("the index is not a number"))?;
        self.offset += length;
        Ok(Some(number))
    }

    fn peek(&self) -> Option<char> {
        self.text[self.offset..].chars().next()
    }

    fn eat(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.offset += expected.len_utf8();
        }
        found
    }

    fn done(&self) -> bool {
        self.offset >= self.text.len()
    }

    fn error(&self, message: &str) -> JsonPathError {
        JsonPathError { message: message.to_owned(), offset: self.offset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    #[test]
    fn dialect() {
        let body =
            br#"{"items":[{"id":1,"t":[5]},{"id":2}],"meta":{"next page":"u","x-y":{"0":7}},"data":null}"#;
        let document = Document::parse(body.to_vec()).unwrap();
        for (path, expected) in [
            ("$", 1),
            ("items", 1),
            ("$.items", 1),
            ("items[*]", 2),
            ("items.[0].id", 1),
            ("items[-1].id", 1),
            ("items[0:1]", 1),
            ("meta.'next page'", 1),
            ("meta['next page']", 1),
            ("meta.x-y.0", 1),
            ("$..id", 2),
            ("meta.*", 2),
            ("data", 1),
            ("nothing.here", 0),
        ] {
            let path = JsonPath::parse(path).unwrap();
            assert_eq!(path.matches(document.root()).len(), expected, "{path:?}");
        }
    }

    /// Each of these names would be found once per way down: more often than there are atoms.
    #[test]
    fn repeated_descents_find_each_value_once() {
        let body = format!("{}1{}", r#"{"a":"#.repeat(60), "}".repeat(60));
        let document = Document::parse(body.into_bytes()).unwrap();
        let path = JsonPath::parse(&"..a".repeat(30)).unwrap();
        assert_eq!(path.matches(document.root()).len(), 31);
    }

    #[test]
    fn refused_by_name() {
        for path in ["", "a[?(@.x==1)]", "a|b", "a[", "a['x", "a..", "@odata.value"] {
            assert!(JsonPath::parse(path).is_err(), "{path}");
        }
    }
}
