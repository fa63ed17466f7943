//! What a path means, as a tree: one kind of node for each thing jsonpath-ng has.

use super::functions::Function;
use super::lex::Comparison;

/// A path or a part of one.
#[derive(Debug, Clone)]
pub(super) enum Expr {
    /// `$`.
    Root,
    /// `` `this` `` and `@`.
    This,
    /// `` `parent` ``.
    Parent,
    /// `name`, `a,b`, `['a','b']`.
    Fields(Vec<String>),
    /// `[0]`, `[0,-1]`.
    Index(Vec<i64>),
    /// `[start:end:step]`.
    Slice(Option<i64>, Option<i64>, Option<i64>),
    /// `*`, `[*]`.
    Every,
    /// `left.right`.
    Child(Box<Expr>, Box<Expr>),
    /// `left..right`.
    Descend(Box<Expr>, Box<Expr>),
    /// `left|right`.
    Union(Box<Expr>, Box<Expr>),
    /// `left where right`, and `wherenot` when the flag is false.
    Where(Box<Expr>, Box<Expr>, bool),
    /// `[?condition]`.
    Filter(Box<Condition>),
    /// `` `sorted` `` without keys, `[/a, \b]` with keys that are descending where the flag is true.
    Sorted(Vec<(Expr, bool)>),
    /// `left + right`.
    Arithmetic(Box<Operand>, Arithmetic, Box<Operand>),
    /// `` `len` `` and the like.
    Call(Function),
}

/// A side of a sum, a difference or a product.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// A number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A single name counts as a text, as in jsonpath-ng: `'id-' + $.id`.
    Text(String),
    /// A path.
    Path(Expr),
}

/// What is done with two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
}

/// What a filter asks for.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    /// Whether the path finds something, be it null or false.
    Exists(Expr),
    /// Whether it finds nothing.
    Missing(Expr),
    /// Whether one of the values found compares so.
    Compare(Expr, Comparison, Literal),
    /// The same with the values that a second path finds.
    CompareWith(Expr, Comparison, Expr),
    /// Whether one of the values found is a text in which the pattern is found.
    Matches(Expr, regex::Regex),
}

/// A value that is written in a path.
#[derive(Debug, Clone)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

impl Expr {
    /// Makes `self.right`.
    pub(super) fn child(self, right: Expr) -> Expr {
        Expr::Child(Box::new(self), Box::new(right))
    }
}
