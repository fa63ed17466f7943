//! JSON, read strictly and with positions.
//!
//! serde keeps no positions, hence this small reader. It is not a general parser: it stops at the first syntax error
//! and refuses what strict JSON refuses, naming the usual suspects (trailing commas, comments, single quotes, `NaN`).

use spile_core::{Diagnostic, Diagnostics, Key, Node, Span, Value};

use crate::dialects::{
    DEPTH_MAX, ENTRIES_MAX, Reading, SourceConfig, duplicate_key, placeholder, split_top, too_deep, too_long,
};

pub(crate) fn read(reading: &Reading<'_>, diagnostics: &mut Diagnostics) -> Option<SourceConfig> {
    let mut reader = Reader { reading, text: reading.text, offset: 0, diagnostics };
    let mut top = reader.document()?;
    placeholder::expand(&mut top, reading, diagnostics);
    split_top(top, diagnostics)
}

struct Reader<'r, 'a> {
    reading: &'r Reading<'a>,
    text: &'r str,
    offset: usize,
    diagnostics: &'r mut Diagnostics,
}

impl Reader<'_, '_> {
    fn document(&mut self) -> Option<Node> {
        let node = self.value(0)?;
        self.skip_space();
        if self.offset < self.text.len() {
            return self.fail(
                "the text goes on after the end of the config",
                "Remove what follows the closing brace.",
            );
        }
        Some(node)
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        self.skip_space();
        let start = self.offset;
        if depth > DEPTH_MAX {
            too_deep(&self.span(start), self.diagnostics);
            return None;
        }
        let value = match self.peek() {
            Some('{') => self.object(depth)?,
            Some('[') => self.array(depth)?,
            Some('"') => Value::String(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            Some('\'') => return self.fail("a single quote", "JSON strings take double quotes."),
            Some('/' | '#') => {
                return self.fail("a comment", "JSON has no comments; YAML and TOML configs do.");
            }
            Some('}' | ']') => {
                return self.fail("expected a value", "Remove the comma before the closing bracket.");
            }
            None => return self.fail("the text ends too early", "Close all brackets and quotes."),
            Some(_) => self.word()?,
        };
        Some(Node::new(value, self.reading.span(start, self.offset)))
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.offset += 1;
        let mut entries: Vec<(Key, Node)> = Vec::new();
        self.skip_space();
        if self.eat('}') {
            return Some(Value::Map(entries));
        }
        loop {
            self.skip_space();
            let start = self.offset;
            match self.peek() {
                Some('"') => {}
                Some('}') => {
                    return self.fail("a trailing comma", "Remove the comma before the closing brace.");
                }
                _ => return self.fail("expected a key in double quotes", "Write keys as \"name\"."),
            }
            let key = Key { name: self.string()?, span: self.reading.span(start, self.offset) };
            self.skip_space();
            if !self.eat(':') {
                return self.fail("expected `:` after the key", "Write `\"key\": value`.");
            }
            let node = self.value(depth + 1)?;
            if entries.len() >= ENTRIES_MAX {
                too_long("a map", &key.span, self.diagnostics);
                return None;
            }
            match entries.iter().find(|(existing, _)| existing.name == key.name) {
                Some((first, _)) => duplicate_key(&key, first, self.diagnostics),
                None => entries.push((key, node)),
            }
            self.skip_space();
            if self.eat('}') {
                return Some(Value::Map(entries));
            }
            if !self.eat(',') {
                return self.fail("expected `,` or `}`", "Separate entries with commas.");
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.offset += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.eat(']') {
            return Some(Value::List(items));
        }
        loop {
            self.skip_space();
            if self.peek() == Some(']') {
                return self.fail("a trailing comma", "Remove the comma before the closing bracket.");
            }
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.eat(']') {
                return Some(Value::List(items));
            }
            if !self.eat(',') {
                return self.fail("expected `,` or `]`", "Separate items with commas.");
            }
        }
    }

    /// Reads a string; the raw token is unescaped by the JSON library, so that surrogates are handled once.
    fn string(&mut self) -> Option<String> {
        let start = self.offset;
        let mut escaped = false;
        for (index, character) in self.text[start + 1..].char_indices() {
            match character {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    let end = start + 1 + index + 1;
                    let Ok(text) = serde_json::from_str(&self.text[start..end]) else {
                        return self.fail(
                            "a string with an invalid escape",
                            "Check the backslashes in this string.",
                        );
                    };
                    self.offset = end;
                    return Some(text);
                }
                _ => {}
            }
        }
        self.fail("a string that is not closed on its line", "Close it with a double quote, or write \\n.")
    }

    fn number(&mut self) -> Option<Value> {
        let rest = &self.text[self.offset..];
        let length = rest
            .find(|character: char| !matches!(character, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        let token = &rest[..length];
        let value = match serde_json::from_str::<serde_json::Number>(token) {
            Ok(number) => match number.as_i64() {
                Some(whole) => Some(Value::Int(whole)),
                // A whole number beyond 64 bits would lose digits as a float.
                None if token.contains(['.', 'e', 'E']) => number.as_f64().map(Value::Float),
                None => None,
            },
            Err(_) => None,
        };
        match value {
            Some(value) => {
                self.offset += length;
                Some(value)
            }
            None => self.fail(
                "an invalid number",
                "Write numbers as 1, -2, 1.5 or 1e6, and those beyond 64 bits as strings.",
            ),
        }
    }

    fn word(&mut self) -> Option<Value> {
        let rest = &self.text[self.offset..];
        let length = rest.find(|character: char| !character.is_alphanumeric()).unwrap_or(rest.len());
        let value = match &rest[..length] {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "None" | "True" | "False" => {
                return self.fail("a Python word", "JSON writes null, true and false.");
            }
            _ => {
                return self
                    .fail("expected a value", "Write a string, number, list, map, true, false or null.");
            }
        };
        self.offset += length;
        Some(value)
    }

    fn fail<T>(&mut self, message: &str, hint: &str) -> Option<T> {
        let span = self.span(self.offset);
        self.diagnostics.push(
            Diagnostic::error("config/json-syntax", format!("invalid JSON: {message}")).at(&span).hint(hint),
        );
        None
    }

    fn span(&self, start: usize) -> Span {
        let length = self.text[start..].chars().next().map_or(0, char::len_utf8);
        self.reading.span(start, start + length)
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.offset..];
        self.offset += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
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
}
