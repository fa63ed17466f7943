//! The JSONPath dialect of dlt (jsonpath-ng with its extensions), compiled once.
//!
//! A path of names, indexes, slices, wildcards and `..name`, which nearly all are, becomes a list of steps; any other a
//! tree. Most paths find values of the body, which stay where they are; sums, sorts and functions make new ones.

mod condition;
mod evaluate;
mod functions;
mod lex;
mod parse;
mod tree;
mod values;

use std::collections::HashSet;
use std::fmt;

use self::tree::Expr;
use self::values::Value;
use crate::json::{Document, Json};

/// One step of a plain path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PathStep {
    Field(String),
    Index(i64),
    Slice(Option<i64>, Option<i64>, Option<i64>),
    Every,
    Descend(String),
}

#[derive(Clone)]
enum Compiled {
    Steps(Vec<PathStep>),
    Tree(Expr),
}

/// A compiled path.
#[derive(Clone)]
pub struct JsonPath {
    text: String,
    compiled: Compiled,
}

/// Why a path does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPathError {
    /// What was found.
    pub message: String,
    /// Byte offset in the path text.
    pub offset: usize,
}

impl JsonPathError {
    fn new(message: impl Into<String>, offset: usize) -> Self {
        Self { message: message.into(), offset }
    }
}

impl fmt::Display for JsonPathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at character {}", self.message, self.offset + 1)
    }
}

impl std::error::Error for JsonPathError {}

/// The first value that a path finds.
#[derive(Debug)]
pub enum Match<'a> {
    /// A value of the body.
    Body(Json<'a>),
    /// A value that the path made of the body.
    Made(Document),
}

impl Match<'_> {
    /// Returns the value.
    pub fn json(&self) -> Json<'_> {
        match self {
            Self::Body(json) => *json,
            Self::Made(document) => document.root(),
        }
    }
}

/// All values that a path finds, in document order.
#[derive(Debug)]
pub enum Matches<'a> {
    /// Values of the body.
    Body(Vec<Json<'a>>),
    /// A list of values that the path made of the body.
    Made(Document),
}

impl Matches<'_> {
    /// Returns the values.
    pub fn values(&self) -> Vec<Json<'_>> {
        match self {
            Self::Body(values) => values.clone(),
            Self::Made(document) => document.root().elements().collect(),
        }
    }

    /// Returns what holds the values when it is not the body.
    pub fn made(&self) -> Option<&Document> {
        match self {
            Self::Body(_) => None,
            Self::Made(document) => Some(document),
        }
    }

    /// Takes it out.
    pub fn into_made(self) -> Option<Document> {
        match self {
            Self::Body(_) => None,
            Self::Made(document) => Some(document),
        }
    }
}

impl JsonPath {
    /// Compiles a path.
    pub fn parse(text: &str) -> Result<Self, JsonPathError> {
        let tokens = lex::tokens(text)?;
        let tree = parse::path(&tokens, text.len())?;
        let mut steps = Vec::new();
        let compiled = if flatten(&tree, &mut steps) { Compiled::Steps(steps) } else { Compiled::Tree(tree) };
        Ok(Self { text: text.to_owned(), compiled })
    }

    /// Makes the path of one literal key, whatever characters it holds.
    pub fn field(name: &str) -> Self {
        Self::fields(&[name])
    }

    /// Makes the path of literal keys from the top.
    pub fn fields(names: &[&str]) -> Self {
        let steps = names.iter().map(|name| PathStep::Field((*name).to_owned())).collect();
        let text = if names.is_empty() { "$".to_owned() } else { names.join(".") };
        Self { text, compiled: Compiled::Steps(steps) }
    }

    /// Returns the path as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the key when the path is one plain key of the top object.
    pub fn single_field(&self) -> Option<&str> {
        match &self.compiled {
            Compiled::Steps(steps) => match steps.as_slice() {
                [PathStep::Field(name)] => Some(name),
                _ => None,
            },
            Compiled::Tree(_) => None,
        }
    }

    /// Returns the first match.
    pub fn first<'a>(&self, value: Json<'a>) -> Option<Match<'a>> {
        match &self.compiled {
            Compiled::Steps(steps) => match steps.as_slice() {
                [PathStep::Field(name)] => value.get(name).map(Match::Body),
                steps => walk(steps, value).first().copied().map(Match::Body),
            },
            Compiled::Tree(tree) => match evaluate::find(tree, value).into_iter().next()? {
                Value::Json(json) => Some(Match::Body(json)),
                made => Some(Match::Made(document(|text| made.write(text)))),
            },
        }
    }

    /// Returns all matches in document order; a value of the body comes once.
    pub fn matches<'a>(&self, value: Json<'a>) -> Matches<'a> {
        let tree = match &self.compiled {
            Compiled::Steps(steps) => return Matches::Body(walk(steps, value)),
            Compiled::Tree(tree) => tree,
        };
        let found = evaluate::find(tree, value);
        let of_body: Option<Vec<_>> = found
            .iter()
            .map(|value| match value {
                Value::Json(json) => Some(*json),
                _ => None,
            })
            .collect();
        match of_body {
            Some(values) => Matches::Body(values),
            None => Matches::Made(document(|text| values::write_list(&found, text))),
        }
    }
}

impl PartialEq for JsonPath {
    /// Equal texts compile to the same.
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for JsonPath {}

impl fmt::Debug for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Parses what was written a moment ago.
fn document(write: impl FnOnce(&mut String)) -> Document {
    let mut text = String::new();
    write(&mut text);
    Document::parse(text.into_bytes()).expect("values write themselves as JSON")
}

/// Writes a tree as steps; returns whether it is that plain.
fn flatten(expr: &Expr, steps: &mut Vec<PathStep>) -> bool {
    match expr {
        Expr::Root | Expr::This => steps.is_empty(),
        Expr::Child(left, right) => flatten(left, steps) && !is_start(right) && flatten(right, steps),
        Expr::Descend(left, right) => {
            if !flatten(left, steps) || is_start(right) {
                return false;
            }
            let first = steps.len();
            if !flatten(right, steps) {
                return false;
            }
            let Some(PathStep::Field(name)) = steps.get(first).cloned() else { return false };
            steps[first] = PathStep::Descend(name);
            true
        }
        plain => match step(plain) {
            Some(step) => {
                steps.push(step);
                true
            }
            None => false,
        },
    }
}

fn is_start(expr: &Expr) -> bool {
    matches!(expr, Expr::Root | Expr::This)
}

fn step(expr: &Expr) -> Option<PathStep> {
    match expr {
        Expr::Fields(names) if names.len() == 1 => Some(PathStep::Field(names[0].clone())),
        Expr::Index(indexes) if indexes.len() == 1 => Some(PathStep::Index(indexes[0])),
        Expr::Slice(start, end, step) => Some(PathStep::Slice(*start, *end, *step)),
        Expr::Every => Some(PathStep::Every),
        _ => None,
    }
}

fn walk<'a>(steps: &[PathStep], value: Json<'a>) -> Vec<Json<'a>> {
    let mut current = vec![value];
    for step in steps {
        let mut next = Vec::new();
        let several = current.len() > 1;
        for value in current {
            apply(step, value, &mut next);
        }
        // `$..a..a` finds a nested value once per way down, and the ways multiply with each step.
        if several && matches!(step, PathStep::Descend(_)) {
            let mut seen = HashSet::with_capacity(next.len());
            next.retain(|value| seen.insert(value.index()));
        }
        current = next;
    }
    current
}

fn apply<'a>(step: &PathStep, value: Json<'a>, out: &mut Vec<Json<'a>>) {
    match step {
        PathStep::Field(name) => out.extend(value.get(name)),
        PathStep::Index(index) => {
            let index = if *index < 0 { value.elements().size_hint().0 as i64 + index } else { *index };
            out.extend(usize::try_from(index).ok().and_then(|index| value.elements().nth(index)));
        }
        PathStep::Slice(start, end, step) => {
            let elements: Vec<_> = value.elements().collect();
            let indexes = evaluate::slice_indexes(elements.len(), *start, *end, *step);
            out.extend(indexes.map(|index| elements[index]));
        }
        PathStep::Every if value.is_array() => out.extend(value.elements()),
        PathStep::Every => out.extend(value.members().map(|(_, member)| member)),
        PathStep::Descend(name) => descend(name, value, out),
    }
}

/// Walks the whole value, a value before what it holds.
fn descend<'a>(name: &str, value: Json<'a>, out: &mut Vec<Json<'a>>) {
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        out.extend(value.get(name));
        let from = waiting.len();
        waiting.extend(value.members().map(|(_, member)| member).chain(value.elements()));
        waiting[from..].reverse();
    }
}

#[cfg(test)]
mod tests;
