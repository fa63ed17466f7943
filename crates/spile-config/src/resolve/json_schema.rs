//! `columns` as a JSON Schema: what it says of a record's columns, as hints.
//!
//! A property is a column of the type that its values have; a nested object's properties are columns of their own, as the
//! data's will be. Constraints on values are no hints. Invariant: what is no hint is said in a warning; nothing here can
//! make data fail that fits the schema.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use spile_core::{ColumnHint, DataType, Diagnostic, Node, Span, Value};

use crate::fields::wrong_type;
use crate::resolve::{Resolver, start_of};

/// Deepest nesting that is followed, `$ref`s included: a schema can refer to itself.
const DEPTH_MAX: usize = 32;

/// Most properties that are read: parts that are referred to several times multiply.
const PROPERTIES_MAX: usize = 10_000;

/// Keywords that say nothing of columns and take nothing from them.
const SILENT: [&str; 15] = [
    "$schema",
    "$id",
    "$anchor",
    "$comment",
    "$defs",
    "definitions",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "additionalProperties",
    "example",
];

/// Keywords that are read.
const READ: [&str; 10] = [
    "type",
    "properties",
    "required",
    "items",
    "format",
    "anyOf",
    "oneOf",
    "$ref",
    "nullable",
    "contentEncoding",
];

/// Returns whether a map of columns is a JSON Schema instead: a column is a map of hints, and `type` is none here.
pub(super) fn is_schema(node: &Node) -> bool {
    let names_a_type =
        node.get("type").is_some_and(|kind| matches!(kind.value, Value::String(_) | Value::List(_)));
    names_a_type && node.get("properties").is_some_and(|found| matches!(found.value, Value::Map(_)))
}

/// What is collected on the way through a schema.
struct Walk<'a> {
    root: &'a Node,
    separator: &'static str,
    hints: Vec<ColumnHint>,
    ignored: BTreeSet<String>,
    /// The objects around the property under way.
    open: Vec<&'a Node>,
    /// Properties that may still be read.
    left: usize,
    is_cut: bool,
    warnings: Vec<(Span, String, &'static str)>,
}

/// A property with what was found around it.
struct Found<'a> {
    node: &'a Node,
    is_nullable: bool,
}

impl Resolver<'_> {
    /// Reads the hints of a schema of records.
    pub(super) fn json_schema_columns(&mut self, root: &Node) -> Option<Vec<ColumnHint>> {
        let separator = self.separator;
        let mut walk = Walk {
            root,
            separator,
            hints: Vec::new(),
            ignored: BTreeSet::new(),
            left: PROPERTIES_MAX,
            open: Vec::new(),
            is_cut: false,
            warnings: Vec::new(),
        };
        if let Err((node, expected)) = walk.properties(root, "", false, 0) {
            self.report(wrong_type("a part of the JSON Schema in `columns`", expected, node));
            return None;
        }
        for (at, message, hint) in walk.warnings {
            self.report(Diagnostic::warning("config/no-effect", message).at(&at).hint(hint));
        }
        if !walk.ignored.is_empty() {
            let words: Vec<String> = walk.ignored.iter().map(|word| format!("`{word}`")).collect();
            let message =
                format!("the JSON Schema in `columns` declares columns; {} has no effect", words.join(", "));
            self.report(
                Diagnostic::warning("config/no-effect", message)
                    .at(&start_of(root))
                    .hint("Leave it for other readers of the schema; values are not held against it."),
            );
        }
        Some(walk.hints)
    }
}

type Malformed<'a> = (&'a Node, &'static str);

impl<'a> Walk<'a> {
    /// Reads the properties of an object; `may_lack` says that the object itself can be missing.
    fn properties(
        &mut self,
        object: &'a Node,
        prefix: &str,
        may_lack: bool,
        depth: usize,
    ) -> Result<(), Malformed<'a>> {
        self.note_ignored(object);
        let Some(properties) = object.get("properties") else { return Ok(()) };
        let Value::Map(entries) = &properties.value else { return Err((properties, "a map of properties")) };
        let required = names(object.get("required"))?;
        self.open.push(object);
        for (key, node) in entries {
            if !matches!(node.value, Value::Map(_)) {
                // `true` and `false` are schemas that say nothing of a type.
                if matches!(node.value, Value::Bool(_)) {
                    continue;
                }
                return Err((node, "a schema, which is a map"));
            }
            let name = if prefix.is_empty() {
                key.name.clone()
            } else {
                format!("{prefix}{}{}", self.separator, key.name)
            };
            let Some(found) = self.settle(node, &name, depth)? else { continue };
            let is_nullable = may_lack || found.is_nullable || !required.contains(&key.name.as_str());
            self.property(&name, &found, is_nullable, depth)?;
        }
        self.open.pop();
        Ok(())
    }

    fn property(
        &mut self,
        name: &str,
        found: &Found<'a>,
        is_nullable: bool,
        depth: usize,
    ) -> Result<(), Malformed<'a>> {
        let node = found.node;
        let kind = match kinds(node)?.as_slice() {
            [] if node.get("properties").is_some() => "object",
            [] => {
                self.warn(
                    node,
                    format!("the column `{name}` has no type in the JSON Schema"),
                    "Give it a `type`.",
                );
                return Ok(());
            }
            [kind] => *kind,
            ["integer", "number"] | ["number", "integer"] => "number",
            _ => {
                let message =
                    format!("the column `{name}` has several types in the JSON Schema, so none is declared");
                self.warn(node, message, "Leave it: each type that comes gets a column.");
                return Ok(());
            }
        };
        let data_type = match kind {
            "object" => {
                if node.get("properties").is_none() {
                    let message = format!(
                        "the object `{name}` has no properties in the JSON Schema, so no columns are declared"
                    );
                    self.warn(node, message, "Leave it: its keys become columns as they come.");
                    return Ok(());
                }
                return self.properties(node, name, is_nullable, depth + 1);
            }
            "array" => {
                let message = format!(
                    "the list `{name}` becomes a table of its own; what the JSON Schema says of it has no effect"
                );
                self.warn(node, message, "Leave it: the table's columns are found in the data.");
                return Ok(());
            }
            "string" => text_type(node),
            "integer" => DataType::Bigint,
            "number" => DataType::Double,
            "boolean" => DataType::Bool,
            "null" => {
                self.warn(
                    node,
                    format!("the column `{name}` is only null in the JSON Schema"),
                    "Give it a type.",
                );
                return Ok(());
            }
            _ => return Err((node, "a schema of a type that JSON Schema has")),
        };
        self.note_ignored(node);
        let description = node.get("description").and_then(Node::as_str);
        let hints: BTreeMap<String, Json> =
            description.map(|text| ("description".to_owned(), Json::from(text))).into_iter().collect();
        self.hints.push(ColumnHint {
            name: name.to_owned(),
            data_type: Some(data_type),
            nullable: Some(is_nullable),
            hints,
        });
        Ok(())
    }

    /// Follows `$ref`s and takes null out of alternatives; `None` when a warning says why nothing is left.
    fn settle(
        &mut self,
        node: &'a Node,
        name: &str,
        depth: usize,
    ) -> Result<Option<Found<'a>>, Malformed<'a>> {
        let (mut node, mut is_nullable) = (node, false);
        // Parts that are referred to twice, again and again, multiply; then nothing more is followed.
        let first = if self.left == 0 { DEPTH_MAX } else { depth };
        self.left = self.left.saturating_sub(1);
        for _ in first..DEPTH_MAX {
            is_nullable |= matches!(node.get("nullable").map(|found| &found.value), Some(Value::Bool(true)));
            is_nullable |= kinds_with_null(node)?.contains(&"null");
            if let Some(reference) = node.get("$ref") {
                let Some(target) = reference.as_str().and_then(|pointer| self.target(pointer)) else {
                    let message =
                        format!("the column `{name}` refers to a place that is not in the JSON Schema");
                    self.warn(reference, message, "Refer to a place inside of it: `#/$defs/name`.");
                    return Ok(None);
                };
                if self.open.iter().any(|open| std::ptr::eq(*open, target)) {
                    let message = format!("`{name}` is nested in itself in the JSON Schema");
                    self.warn(node, message, "Leave it: what is there becomes columns as it comes.");
                    return Ok(None);
                }
                node = target;
                continue;
            }
            let Some(choices) = node.get("anyOf").or_else(|| node.get("oneOf")) else {
                return Ok(Some(Found { node, is_nullable }));
            };
            let Value::List(choices) = &choices.value else { return Err((choices, "a list of schemas")) };
            let mut others = Vec::new();
            for choice in choices {
                match kinds_with_null(choice)?.as_slice() {
                    ["null"] => is_nullable = true,
                    _ => others.push(choice),
                }
            }
            let [only] = others.as_slice() else {
                let message =
                    format!("the column `{name}` is one of several schemas, so no type is declared");
                self.warn(node, message, "Leave it: each type that comes gets a column.");
                return Ok(None);
            };
            node = only;
        }
        if !std::mem::replace(&mut self.is_cut, true) {
            let message = format!("from `{name}` on, the JSON Schema is nested too deep to be followed");
            self.warn(node, message, "Leave it: what is there becomes columns as it comes.");
        }
        Ok(None)
    }

    /// Finds the target of a `$ref` inside the document.
    fn target(&self, pointer: &str) -> Option<&'a Node> {
        let mut node = self.root;
        for part in pointer.strip_prefix('#')?.split('/').skip(1) {
            node = node.get(&part.replace("~1", "/").replace("~0", "~"))?;
        }
        Some(node)
    }

    fn note_ignored(&mut self, node: &Node) {
        let Value::Map(entries) = &node.value else { return };
        let words = entries.iter().map(|(key, _)| key.name.as_str());
        let ignored =
            words.filter(|word| !SILENT.contains(word) && !READ.contains(word) && !word.starts_with("x-"));
        self.ignored.extend(ignored.map(str::to_owned));
    }

    fn warn(&mut self, node: &Node, message: String, hint: &'static str) {
        self.warnings.push((start_of(node), message, hint));
    }
}

/// The type that texts of a format have; a format that is none of dlt's types stays text.
fn text_type(node: &Node) -> DataType {
    let word = |key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default();
    match (word("format"), word("contentEncoding")) {
        ("date-time", _) => DataType::Timestamp,
        ("date", _) => DataType::Date,
        ("time", _) => DataType::Time,
        ("byte" | "binary", _) | (_, "base64") => DataType::Binary,
        _ => DataType::Text,
    }
}

/// The types of a schema but null.
fn kinds(node: &Node) -> Result<Vec<&str>, Malformed<'_>> {
    let all = kinds_with_null(node)?;
    Ok(if all == ["null"] { all } else { all.into_iter().filter(|kind| *kind != "null").collect() })
}

fn kinds_with_null(node: &Node) -> Result<Vec<&str>, Malformed<'_>> {
    names(node.get("type"))
}

/// Reads a text or a list of texts.
fn names(node: Option<&Node>) -> Result<Vec<&str>, Malformed<'_>> {
    match node.map(|node| (node, &node.value)) {
        None => Ok(Vec::new()),
        Some((_, Value::String(name))) => Ok(vec![name]),
        Some((_, Value::List(items))) => {
            items.iter().map(|item| item.as_str().ok_or((item, "a text"))).collect()
        }
        Some((node, _)) => Err((node, "a text or a list of texts")),
    }
}
