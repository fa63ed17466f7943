//! YAML 1.2 with the core schema, read from parser events.
//!
//! Anchors, aliases and `<<` merges work; tags other than the core ones, several documents and keys that are not
//! scalars are refused. Invariant: aliases cannot blow the tree up, the number of nodes is bounded.

use std::collections::BTreeMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, Tag};
use spile_core::{Diagnostic, Diagnostics, Key, Node, SourceFile, Span, Value};

use crate::dialects::{
    DEPTH_MAX, ENTRIES_MAX, Reading, SourceConfig, duplicate_key, placeholder, split_top, too_deep, too_long,
};

/// More nodes than any config has; reached only by aliases of aliases.
const NODES_MAX: usize = 200_000;

pub(crate) fn read(reading: &Reading<'_>, diagnostics: &mut Diagnostics) -> Option<SourceConfig> {
    let mut top = read_tree(reading.file, reading.text, diagnostics)?;
    placeholder::expand(&mut top, reading, diagnostics);
    split_top(top, diagnostics)
}

/// Reads the one document of a file as it stands; placeholders are texts.
pub(crate) fn read_tree(file: &Arc<SourceFile>, text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut reader = Reader {
        file,
        text,
        offsets: text.char_indices().map(|(offset, _)| offset).collect(),
        parser: Parser::new_from_str(text),
        anchors: BTreeMap::new(),
        nodes: 0,
        diagnostics,
    };
    reader.document()
}

struct Reader<'r> {
    file: &'r Arc<SourceFile>,
    text: &'r str,
    /// Byte offset of each character: the parser counts characters.
    offsets: Vec<usize>,
    parser: Parser<'r, StrInput<'r>>,
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
    diagnostics: &'r mut Diagnostics,
}

type Marked<'r> = (Event<'r>, saphyr_parser::Span);

impl<'r> Reader<'r> {
    fn document(&mut self) -> Option<Node> {
        let mut top = None;
        loop {
            let (event, place) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                event if top.is_none() => top = Some(self.node((event, place), 0)?),
                _ => {
                    let span = self.span(place);
                    return self.refuse(
                        &span,
                        "several documents in one file",
                        "Keep one `---` document per file.",
                    );
                }
            }
        }
        if top.is_none() {
            self.diagnostics.push(
                Diagnostic::error("config/yaml-syntax", "the file is empty")
                    .at(&Span::new(self.file, 0, 0))
                    .hint("Write `client:` and `resources:`."),
            );
        }
        top
    }

    fn next(&mut self) -> Option<Marked<'r>> {
        match self.parser.next() {
            Some(Ok(event)) => Some(event),
            Some(Err(error)) => {
                self.syntax_error(&error);
                None
            }
            None => Some((Event::StreamEnd, saphyr_parser::Span::default())),
        }
    }

    fn node(&mut self, (event, place): Marked<'r>, depth: usize) -> Option<Node> {
        let span = self.span(place);
        self.nodes += 1;
        if depth > DEPTH_MAX {
            too_deep(&span, self.diagnostics);
            return None;
        }
        if self.nodes > NODES_MAX {
            return self.refuse(&span, "aliases that multiply without end", "Write the values out.");
        }
        let before = self.nodes;
        // A long text weighs like several nodes, so that its aliases are bounded too.
        if let Event::Scalar(text, ..) = &event {
            self.nodes += text.len() / 64;
        }
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref(), &span)?;
                (Node::new(value, span), anchor)
            }
            Event::SequenceStart(anchor, _) => (self.sequence(&span, depth)?, anchor),
            Event::MappingStart(anchor, _) => (self.mapping(&span, depth)?, anchor),
            Event::Alias(anchor) => {
                let Some((mut node, count)) = self.anchors.get(&anchor).cloned() else {
                    return self.refuse(&span, "an alias of itself", "Write the value out.");
                };
                self.nodes += count;
                node.span = span;
                return Some(node);
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return self.refuse(&span, "a missing value", "Write the value."),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before + 1));
        }
        Some(node)
    }

    fn sequence(&mut self, start: &Span, depth: usize) -> Option<Node> {
        let mut items = Vec::new();
        loop {
            let (event, place) = self.next()?;
            if event == Event::SequenceEnd {
                return Some(Node::new(Value::List(items), self.join(start, place)));
            }
            items.push(self.node((event, place), depth + 1)?);
        }
    }

    fn mapping(&mut self, start: &Span, depth: usize) -> Option<Node> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut merged: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, place) = self.next()?;
            if event == Event::MappingEnd {
                for (key, node) in merged {
                    if !entries.iter().any(|(existing, _)| existing.name == key.name) {
                        entries.push((key, node));
                    }
                }
                return Some(Node::new(Value::Map(entries), self.join(start, place)));
            }
            let span = self.span(place);
            let Event::Scalar(name, style, ..) = event else {
                return self.refuse(&span, "a key that is not a scalar", "Use a text as the key.");
            };
            let key = Key { name: name.into_owned(), span };
            let following = self.next()?;
            let node = self.node(following, depth + 1)?;
            if key.name == "<<" && style == ScalarStyle::Plain {
                merged.extend(self.merge_source(node)?);
                continue;
            }
            if entries.len() >= ENTRIES_MAX {
                too_long("a map", &key.span, self.diagnostics);
                return None;
            }
            match entries.iter().find(|(existing, _)| existing.name == key.name) {
                Some((first, _)) => duplicate_key(&key, first, self.diagnostics),
                None => entries.push((key, node)),
            }
        }
    }

    /// Returns what a `<<` brings in; of several maps the first wins.
    fn merge_source(&mut self, node: Node) -> Option<Vec<(Key, Node)>> {
        let span = node.span.clone();
        match node.value {
            Value::Map(entries) => Some(entries),
            Value::List(items) => {
                let mut all = Vec::new();
                for item in items {
                    all.extend(self.merge_source(item)?);
                }
                Some(all)
            }
            _ => self.refuse(&span, "a `<<` that is not a map", "Merge a map or a list of maps."),
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> Option<Value> {
        if let Some(tag) = tag {
            return match (tag.suffix.as_str(), tag.is_yaml_core_schema()) {
                ("str", true) => Some(Value::String(text.to_owned())),
                (_, true) => Some(plain(text)),
                _ => self.refuse(span, &format!("the tag `{}{}`", tag.handle, tag.suffix), "Remove the tag."),
            };
        }
        let value = if style == ScalarStyle::Plain { plain(text) } else { Value::String(text.to_owned()) };
        if matches!(value, Value::Float(number) if !number.is_finite()) {
            return self.refuse(span, "a number out of range", "Quote it if it is a text.");
        }
        Some(value)
    }

    fn refuse<T>(&mut self, span: &Span, what: &str, hint: &str) -> Option<T> {
        self.diagnostics.push(
            Diagnostic::error("config/yaml-unsupported", format!("unsupported YAML: {what}"))
                .at(span)
                .hint(hint),
        );
        None
    }

    fn syntax_error(&mut self, error: &ScanError) {
        let at = self.offset(error.marker().index());
        let info = error.info().to_lowercase();
        let diagnostic = Diagnostic::error("config/yaml-syntax", format!("invalid YAML: {info}"));
        self.diagnostics.push(
            diagnostic
                .at(&Span::new(self.file, at, at))
                .hint("Check the indentation, and quote texts that hold `: `, `{` or `#`."),
        );
    }

    fn offset(&self, character: usize) -> usize {
        self.offsets.get(character).copied().unwrap_or(self.text.len())
    }

    fn span(&self, place: saphyr_parser::Span) -> Span {
        let start = self.offset(place.start.index());
        self.trimmed(start, self.offset(place.end.index()))
    }

    /// Spans a collection from its first to its last event; a block collection ends where the next token starts.
    fn join(&self, start: &Span, end: saphyr_parser::Span) -> Span {
        self.trimmed(start.start, self.offset(end.end.index()))
    }

    fn trimmed(&self, start: usize, end: usize) -> Span {
        let end = end.max(start);
        let length = self.text.get(start..end).map_or(0, |text| text.trim_end().len());
        Span::new(self.file, start, start + length)
    }
}

/// Resolves a plain scalar by the core schema.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(unsigned) {
        // Beyond 64 bits a float would lose digits; the caller refuses what is not finite.
        return text.parse().map_or(Value::Float(f64::INFINITY), Value::Int);
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(number) =
            text.strip_prefix(prefix).and_then(|digits| i64::from_str_radix(digits, radix).ok())
        {
            return Value::Int(number);
        }
    }
    match unsigned {
        ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        _ => {}
    }
    let is_float = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && unsigned.contains(|character: char| character.is_ascii_digit())
        && unsigned.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    match text.parse() {
        Ok(number) if is_float => Value::Float(number),
        _ => Value::String(text.to_owned()),
    }
}
