//! Compiled functions: an immutable program that threads share and machines run.
//!
//! Names are resolved here: a variable is a slot of its own activation or of one around it, or a global of the program.
//! Invariant: a program holds no reference into the syntax tree, and nothing in it changes when it runs.

use std::sync::Arc;

use ruff_python_ast::{CmpOp, Operator, UnaryOp};
use spile_core::SourceFile;

use super::classes::Class;
use super::library::Native;
use super::library::time::{Delta, Moment};

/// Byte range in the script.
pub(super) type Place = (u32, u32);

/// All functions of a script that a config names, and what they use.
pub(crate) struct Program {
    /// The script, for positions.
    pub(super) file: Arc<SourceFile>,
    pub(super) codes: Vec<Code>,
    pub(super) globals: Vec<Global>,
    /// Texts, shared by all machines.
    pub(super) texts: Vec<Arc<str>>,
    /// The functions that the config names.
    pub(super) entries: Vec<Entry>,
    /// The time that the script sees, in microseconds since 1970: when the run started.
    pub(super) now_microseconds: i64,
}

/// A function that the config names.
pub(super) struct Entry {
    /// What it is called in messages.
    pub(super) name: String,
    /// The global that holds it.
    pub(super) global: usize,
}

/// A name outside of the functions.
pub(super) struct Global {
    pub(super) name: String,
    pub(super) value: GlobalValue,
}

/// What a global is.
pub(super) enum GlobalValue {
    /// Still being compiled; never seen by a machine.
    Pending,
    /// A value that the config's evaluation knows.
    Constant(Constant),
    /// A function of the script, with the defaults of its parameters.
    Function { code: usize, defaults: Vec<usize> },
    /// A code without parameters that is run when the name is first used.
    Expression(usize),
}

/// A value from outside of the functions.
#[derive(Clone, Debug)]
pub(crate) enum Constant {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    List(Vec<Constant>),
    Dict(Vec<(Arc<str>, Constant)>),
    Moment(Moment),
    Delta(Delta),
}

/// The code of one function.
pub(super) struct Code {
    pub(super) name: String,
    pub(super) parameters: Vec<Parameter>,
    /// Slots of an activation; parameters come first, in order.
    pub(super) slots: usize,
    /// The names of the slots, for messages.
    pub(super) slot_names: Vec<String>,
    pub(super) body: Vec<Statement>,
    pub(super) is_generator: bool,
}

/// A parameter.
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) kind: ParameterKind,
    pub(super) has_default: bool,
}

/// How a parameter takes its argument.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ParameterKind {
    PositionOnly,
    Plain,
    KeywordOnly,
    /// `*arguments`.
    Rest,
    /// `**keywords`.
    Keywords,
}

/// A statement.
pub(super) struct Statement {
    pub(super) kind: StatementKind,
    pub(super) place: Place,
}

pub(super) enum StatementKind {
    Expression(Expression),
    Assign(Vec<Target>, Expression),
    Augment(Target, Operator, Expression),
    Return(Option<Expression>),
    If(Vec<(Expression, Vec<Statement>)>, Vec<Statement>),
    For(Target, Expression, Vec<Statement>, Vec<Statement>),
    While(Expression, Vec<Statement>, Vec<Statement>),
    Break,
    Continue,
    Pass,
    Raise(Option<Expression>),
    Assert(Expression, Option<Expression>),
    Try(Box<Try>),
    /// A function inside the function.
    Define(usize, usize, Vec<Expression>),
    Delete(Vec<Target>),
}

pub(super) struct Try {
    pub(super) body: Vec<Statement>,
    pub(super) handlers: Vec<Handler>,
    pub(super) orelse: Vec<Statement>,
    pub(super) finally: Vec<Statement>,
}

pub(super) struct Handler {
    pub(super) classes: Option<Expression>,
    pub(super) slot: Option<usize>,
    pub(super) body: Vec<Statement>,
}

/// Where a value is put.
pub(super) enum Target {
    Local(usize),
    Outer(usize, usize),
    Item(Expression, Expression),
    Attribute(Expression, Box<str>),
    /// A tuple or list of targets; the index of the starred one.
    Unpack(Vec<Target>, Option<usize>),
}

/// An expression.
pub(super) struct Expression {
    pub(super) kind: Kind,
    pub(super) place: Place,
}

pub(super) enum Kind {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(usize),
    Bytes(Box<[u8]>),
    Local(usize),
    Outer(usize, usize),
    Global(usize),
    Native(&'static Native),
    Class(Class),
    /// A method named by its type: `str.lower`.
    TypeMethod(Box<str>),
    /// Does nothing and is `None`: a line for a log.
    Silent,
    List(Vec<Item>),
    Tuple(Vec<Item>),
    Set(Vec<Item>),
    /// An entry without a key is an unpacking.
    Dict(Vec<(Option<Expression>, Expression)>),
    Joined(Vec<Piece>),
    Attribute(Box<Expression>, Box<str>),
    Subscript(Box<Expression>, Box<Expression>),
    Slice(Box<[Option<Expression>; 3]>),
    Call(Box<Expression>, Arguments),
    Method(Box<Expression>, Box<str>, Arguments),
    Unary(UnaryOp, Box<Expression>),
    Binary(Box<Expression>, Operator, Box<Expression>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Compare(Box<Expression>, Vec<(CmpOp, Expression)>),
    If(Box<[Expression; 3]>),
    Lambda(usize, Vec<Expression>),
    Comprehension(Box<Comprehension>),
    Walrus(usize, Box<Expression>),
    Yield(Option<Box<Expression>>),
    YieldFrom(Box<Expression>),
}

/// An element of a display, or an unpacking.
pub(super) struct Item {
    pub(super) starred: bool,
    pub(super) value: Expression,
}

/// A part of an f-string.
pub(super) enum Piece {
    Text(usize),
    Field { value: Expression, conversion: Option<char>, spec: Vec<Piece> },
}

#[derive(Default)]
pub(super) struct Arguments {
    pub(super) positional: Vec<Item>,
    /// Without a name: an unpacking.
    pub(super) named: Vec<(Option<Box<str>>, Expression)>,
}

pub(super) struct Comprehension {
    pub(super) kind: ComprehensionKind,
    pub(super) generators: Vec<Generator>,
    pub(super) element: Expression,
    /// The value of a dict's entry.
    pub(super) value: Option<Expression>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ComprehensionKind {
    List,
    Set,
    Dict,
    /// A generator expression.
    Generator,
}

pub(super) struct Generator {
    pub(super) target: Target,
    pub(super) iterable: Expression,
    pub(super) conditions: Vec<Expression>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.entries.iter().map(|entry| entry.name.as_str()).collect();
        write!(f, "Program({})", names.join(", "))
    }
}
