//! A response body parsed once to a flat tape, and a cheap view that walks it.
//!
//! This is the only parse of a body: the paginator, the selection, the cursor and the column builders all read the
//! same tape, and a value that nobody asks for is skipped in one step.

use std::fmt;

use self_cell::{MutBorrow, self_cell};
use simd_json::{Node, StaticNode, Tape};

self_cell!(
    struct Owned {
        owner: MutBorrow<Vec<u8>>,
        #[covariant]
        dependent: Tape,
    }
);

/// Why a body is not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// What the parser objected to.
    pub message: String,
    /// Byte offset in the body.
    pub offset: usize,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)
    }
}

impl std::error::Error for JsonError {}

/// A parsed body. It owns the bytes; strings on the tape point into them.
pub struct Document(Owned);

impl Document {
    /// Parses a body. A UTF-8 byte order mark is skipped; an empty body is an error.
    pub fn parse(mut body: Vec<u8>) -> Result<Self, JsonError> {
        if body.starts_with(b"\xef\xbb\xbf") {
            body.drain(..3);
        }
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(JsonError { message: "the body is empty".to_owned(), offset: 0 });
        }
        let trimmed = body.trim_ascii();
        let cut = match (trimmed.first(), trimmed.last()) {
            (Some(b'{'), last) => last != Some(&b'}'),
            (Some(b'['), last) => last != Some(&b']'),
            _ => false,
        };
        let length = body.len();
        Owned::try_new(MutBorrow::new(body), |body| {
            simd_json::to_tape(body.borrow_mut().as_mut_slice()).map_err(|error| {
                if cut {
                    JsonError { message: "the text ends too early".to_owned(), offset: length }
                } else {
                    JsonError { message: describe(&error), offset: error.index() }
                }
            })
        })
        .map(Self)
    }

    /// Returns the top value.
    pub fn root(&self) -> Json<'_> {
        self.at(0)
    }

    /// Returns the value at a tape index that a [`Json`] of this document gave.
    pub fn at(&self, index: u32) -> Json<'_> {
        Json { tape: &self.0.borrow_dependent().0, index: index as usize }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} nodes)", self.0.borrow_dependent().0.len())
    }
}

fn describe(error: &simd_json::Error) -> String {
    use simd_json::ErrorType;
    match error.error() {
        ErrorType::InvalidUtf8 => "invalid UTF-8".to_owned(),
        ErrorType::InvalidNumber => "a number that is invalid or beyond 128 bits".to_owned(),
        ErrorType::Eof | ErrorType::UnterminatedString => "the text ends too early".to_owned(),
        _ => match error.character() {
            Some(character) => format!("unexpected {character:?}"),
            None => "a syntax error".to_owned(),
        },
    }
}

/// What a [`Json`] is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum JsonKind<'a> {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number in 64 bits.
    Int(i64),
    /// A whole number beyond 64 bits signed.
    BigInt(i128),
    /// A number with a fraction or exponent.
    Float(f64),
    /// A text, unescaped.
    String(&'a str),
    /// `[...]` with this many elements.
    Array(usize),
    /// `{...}` with this many members.
    Object(usize),
}

/// A value on the tape of a [`Document`].
#[derive(Clone, Copy)]
pub struct Json<'a> {
    tape: &'a [Node<'a>],
    index: usize,
}

impl<'a> Json<'a> {
    /// Returns what this value is.
    #[inline]
    pub fn kind(self) -> JsonKind<'a> {
        match self.tape[self.index] {
            Node::Static(StaticNode::Null) => JsonKind::Null,
            Node::Static(StaticNode::Bool(value)) => JsonKind::Bool(value),
            Node::Static(StaticNode::I64(value)) => JsonKind::Int(value),
            Node::Static(StaticNode::U64(value)) => match i64::try_from(value) {
                Ok(value) => JsonKind::Int(value),
                Err(_) => JsonKind::BigInt(i128::from(value)),
            },
            Node::Static(StaticNode::I128(value)) => JsonKind::BigInt(value),
            // Above i128 there is nothing to hold it; the nearest double keeps the size.
            Node::Static(StaticNode::U128(value)) => match i128::try_from(value) {
                Ok(value) => JsonKind::BigInt(value),
                Err(_) => JsonKind::Float(value as f64),
            },
            Node::Static(StaticNode::F64(value)) => JsonKind::Float(value),
            Node::String(text) => JsonKind::String(text),
            Node::Array { len, .. } => JsonKind::Array(len),
            Node::Object { len, .. } => JsonKind::Object(len),
        }
    }

    /// Returns the tape index, to come back by [`Document::at`].
    pub fn index(self) -> u32 {
        u32::try_from(self.index).expect("a body is capped far below 4 G nodes")
    }

    /// Returns whether this is `null`.
    pub fn is_null(self) -> bool {
        matches!(self.kind(), JsonKind::Null)
    }

    /// Returns whether this is an object.
    pub fn is_object(self) -> bool {
        matches!(self.kind(), JsonKind::Object(_))
    }

    /// Returns whether this is an array.
    pub fn is_array(self) -> bool {
        matches!(self.kind(), JsonKind::Array(_))
    }

    /// Returns the text when this is a string.
    pub fn as_str(self) -> Option<&'a str> {
        match self.kind() {
            JsonKind::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the number when this is a whole number in 64 bits.
    pub fn as_i64(self) -> Option<i64> {
        match self.kind() {
            JsonKind::Int(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the last member of that name, as JSON readers do with repeated names.
    pub fn get(self, key: &str) -> Option<Json<'a>> {
        let mut found = None;
        for (name, value) in self.members() {
            if name == key {
                found = Some(value);
            }
        }
        found
    }

    /// Walks the members of an object in document order; nothing for other kinds.
    #[inline]
    pub fn members(self) -> Members<'a> {
        let left = match self.tape[self.index] {
            Node::Object { len, .. } => len,
            _ => 0,
        };
        Members { tape: self.tape, index: self.index + 1, left }
    }

    /// Walks the elements of an array; nothing for other kinds.
    #[inline]
    pub fn elements(self) -> Elements<'a> {
        let left = match self.tape[self.index] {
            Node::Array { len, .. } => len,
            _ => 0,
        };
        Elements { tape: self.tape, index: self.index + 1, left }
    }

    /// Writes the value as JSON with all digits of its numbers.
    pub fn write(self, out: &mut String) {
        match self.kind() {
            JsonKind::BigInt(number) => out.push_str(&number.to_string()),
            JsonKind::Array(_) => {
                out.push('[');
                for (index, element) in self.elements().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    element.write(out);
                }
                out.push(']');
            }
            JsonKind::Object(_) => {
                out.push('{');
                for (index, (name, member)) in self.members().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    out.push_str(&serde_json::Value::from(name).to_string());
                    out.push(':');
                    member.write(out);
                }
                out.push('}');
            }
            JsonKind::Null
            | JsonKind::Bool(_)
            | JsonKind::Int(_)
            | JsonKind::Float(_)
            | JsonKind::String(_) => out.push_str(&self.to_value().to_string()),
        }
    }

    /// Returns the value as an owned tree, for the few values that leave the hot path.
    pub fn to_value(self) -> serde_json::Value {
        use serde_json::Value;
        match self.kind() {
            JsonKind::Null => Value::Null,
            JsonKind::Bool(value) => Value::Bool(value),
            JsonKind::Int(value) => Value::from(value),
            JsonKind::BigInt(value) => match u64::try_from(value) {
                Ok(value) => Value::from(value),
                Err(_) => Value::String(value.to_string()),
            },
            JsonKind::Float(value) => serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number),
            JsonKind::String(text) => Value::String(text.to_owned()),
            JsonKind::Array(_) => Value::Array(self.elements().map(Json::to_value).collect()),
            JsonKind::Object(_) => Value::Object(
                self.members().map(|(name, value)| (name.to_owned(), value.to_value())).collect(),
            ),
        }
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_value())
    }
}

#[inline]
fn after(tape: &[Node<'_>], index: usize) -> usize {
    match tape[index] {
        Node::Array { count, .. } | Node::Object { count, .. } => index + 1 + count,
        _ => index + 1,
    }
}

/// The members of an object.
pub struct Members<'a> {
    tape: &'a [Node<'a>],
    index: usize,
    left: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, Json<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let Node::String(name) = self.tape[self.index] else {
            unreachable!("a tape holds a string before each member's value")
        };
        let value = Json { tape: self.tape, index: self.index + 1 };
        self.index = after(self.tape, self.index + 1);
        Some((name, value))
    }
}

/// The elements of an array.
pub struct Elements<'a> {
    tape: &'a [Node<'a>],
    index: usize,
    left: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Json<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let value = Json { tape: self.tape, index: self.index };
        self.index = after(self.tape, self.index);
        Some(value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_and_skips() {
        let document = Document::parse(
            br#"{"a":[1,{"b":null}],"c":"x\u0041","a":2.5,"n":123456789012345678901}"#.to_vec(),
        )
        .unwrap();
        let root = document.root();
        assert_eq!(root.get("c").unwrap().as_str(), Some("xA"));
        assert_eq!(root.get("a").unwrap().kind(), JsonKind::Float(2.5));
        assert_eq!(root.get("n").unwrap().kind(), JsonKind::BigInt(123_456_789_012_345_678_901));
        let (name, first) = root.members().next().unwrap();
        assert_eq!((name, first.elements().count()), ("a", 2));
        assert_eq!(document.at(first.index()).to_value().to_string(), r#"[1,{"b":null}]"#);
    }

    #[test]
    fn bad_bodies_are_named() {
        for (body, message) in [
            ("", "the body is empty"),
            (" \n", "the body is empty"),
            ("<html>", "unexpected '<'"),
            ("{\"a\":1", "the text ends too early"),
        ] {
            let error = Document::parse(body.as_bytes().to_vec()).unwrap_err();
            assert!(error.message.contains(message), "{body:?}: {error}");
        }
        assert!(Document::parse(b"\xef\xbb\xbf[1]".to_vec()).is_ok());
    }
}
