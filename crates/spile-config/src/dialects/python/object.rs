//! What an expression evaluates to, and the way from there into a config.
//!
//! Lists and dicts are shared as in Python: a change through one name is seen through all. They become a tree of their own
//! when a source takes them.

use std::cell::RefCell;
use std::rc::Rc;

use ruff_python_ast::{Expr, ExprLambda, StmtClassDef, StmtFunctionDef};
use ruff_text_size::Ranged;
use spile_core::{Key, Node, Span, Value};

use super::interpret::Interpreter;
use super::moments::{Duration, Moment};
use super::own_classes::Instance;
use super::span;
use crate::callables::FunctionSource;
use crate::dialects::{DEPTH_MAX, too_deep};

/// The entries of a dict, shared.
pub(super) type Entries<'p> = Rc<RefCell<Vec<(Key, Object<'p>)>>>;

/// The items of a list, shared.
pub(super) type Items<'p> = Rc<RefCell<Vec<Object<'p>>>>;

/// A function and the frame it was defined in.
#[derive(Clone, Copy)]
pub(super) struct Function<'p> {
    pub(super) definition: &'p StmtFunctionDef,
    pub(super) frame: usize,
}

/// What an expression evaluates to.
#[derive(Clone)]
pub(super) enum Object<'p> {
    /// A scalar, or something that is looked up later.
    Node(Node),
    /// A list or a tuple.
    List(Items<'p>, Span),
    /// A dict.
    Map(Entries<'p>, Span),
    /// A date or a time.
    Moment(Moment),
    /// A difference of times.
    Duration(Duration),
    /// A module, or a name in one: `dlt.secrets`.
    Path(String),
    /// A function of the script.
    Function(Function<'p>),
    /// A lambda, and the frame it was made in. It runs on data only.
    Lambda(&'p ExprLambda, usize),
    /// What `self` is in the `__init__` of a class of the script.
    Instance(Rc<RefCell<Instance<'p>>>),
    /// A class of the script, and the frame it was made in.
    Class(&'p StmtClassDef, usize),
    /// An expression that only functions need, such as a set or a compiled pattern, and the frame it stands in.
    Deferred(&'p Expr, usize),
    /// A source that was captured.
    Source,
    /// A part of one: some of its resources, or one of them.
    Part,
    /// A resource whose rows the script makes, in the form of a config.
    Resource(Node),
    /// A pipeline that was captured.
    Pipeline,
    /// Something that exists only when Python runs, such as the result of a load.
    Opaque,
    /// What could not be evaluated and was reported.
    Unknown,
}

impl<'p> Object<'p> {
    pub(super) fn list(items: Vec<Object<'p>>, at: Span) -> Self {
        Self::List(Rc::new(RefCell::new(items)), at)
    }

    pub(super) fn map(entries: Vec<(Key, Object<'p>)>, at: Span) -> Self {
        Self::Map(Rc::new(RefCell::new(entries)), at)
    }

    pub(super) fn text(text: impl Into<String>, at: Span) -> Self {
        Self::Node(Node::new(Value::String(text.into()), at))
    }

    /// Makes an object of a tree.
    pub(super) fn of(node: Node) -> Self {
        match node.value {
            Value::List(items) => Self::list(items.into_iter().map(Self::of).collect(), node.span),
            Value::Map(entries) => {
                Self::map(entries.into_iter().map(|(key, node)| (key, Self::of(node))).collect(), node.span)
            }
            _ => Self::Node(node),
        }
    }

    /// Returns the text of a string.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Node(node) => node.as_str(),
            _ => None,
        }
    }

    /// Returns what a copy of the name costs: containers are shared.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Node(node) => 1 + node.as_str().map_or(0, |text| text.len() / 64),
            _ => 1,
        }
    }

    /// Says what this is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Node(node) => node.kind(),
            Self::List(..) => "a list",
            Self::Map(..) => "a map",
            Self::Moment(_) => "a date",
            Self::Duration(_) => "a time difference",
            Self::Path(_) => "a library object",
            Self::Function(_) | Self::Lambda(..) => "a function",
            Self::Class(..) => "a class",
            Self::Instance(_) => "an object",
            Self::Deferred(expression, _) => super::describe(expression),
            Self::Source => "a source",
            Self::Part => "a part of a source",
            Self::Resource(_) => "a resource",
            Self::Pipeline => "a pipeline",
            Self::Opaque | Self::Unknown => "a value that exists only at run time",
        }
    }
}

impl<'p> Interpreter<'p, '_> {
    /// Makes the tree of an object that a config needs. `at` is where it is needed.
    pub(super) fn freeze(&mut self, object: &Object<'p>, what: &str, at: &impl Ranged) -> Option<Node> {
        let place = span(self.reading, at.range());
        self.frozen(object, what, &place, 0)
    }

    fn frozen(&mut self, object: &Object<'p>, what: &str, at: &Span, depth: usize) -> Option<Node> {
        if depth > DEPTH_MAX {
            too_deep(at, self.diagnostics);
            return None;
        }
        self.work += object.weight();
        if self.work > super::evaluate::WORK_MAX {
            self.refuse_at("a script that computes so much", at);
            return None;
        }
        match object {
            Object::Node(node) => Some(node.clone()),
            Object::List(items, place) => {
                let items = items.borrow().clone();
                let frozen: Vec<Option<Node>> =
                    items.iter().map(|item| self.frozen(item, item.kind(), place, depth + 1)).collect();
                Some(Node::new(Value::List(frozen.into_iter().collect::<Option<_>>()?), place.clone()))
            }
            Object::Map(entries, place) => {
                let entries = entries.borrow().clone();
                let mut frozen = Vec::with_capacity(entries.len());
                let mut complete = true;
                for (key, value) in entries {
                    match self.frozen(&value, value.kind(), &key.span, depth + 1) {
                        Some(node) => frozen.push((key, node)),
                        None => complete = false,
                    }
                }
                complete.then(|| Node::new(Value::Map(frozen), place.clone()))
            }
            Object::Path(path) => match path.strip_prefix("dlt.destinations.") {
                Some(name) => Some(Node::new(Value::String(name.to_owned()), at.clone())),
                None => self.refused(what, at),
            },
            Object::Unknown => None,
            Object::Moment(_) | Object::Duration(_) => {
                let hint = "Write it as a text: call `.isoformat()` or `.strftime(...)`.";
                self.diagnostics.push(super::unsupported_at(what, at).hint(hint));
                None
            }
            Object::Resource(resource) => Some(resource.clone()),
            Object::Function(function) if self.makes_resource(function.definition) => {
                self.resource_of(*function, at)
            }
            Object::Function(function) => {
                Some(self.function_node(FunctionSource::Definition(function.definition), function.frame, at))
            }
            Object::Lambda(lambda, frame) => {
                Some(self.function_node(FunctionSource::Lambda(lambda), *frame, at))
            }
            Object::Deferred(expression, _) => {
                let place = span(self.reading, expression.range());
                self.refused(super::describe(expression), &place)
            }
            Object::Class(..)
            | Object::Instance(_)
            | Object::Source
            | Object::Part
            | Object::Pipeline
            | Object::Opaque => self.refused(what, at),
        }
    }

    fn refused<T>(&mut self, what: &str, at: &Span) -> Option<T> {
        self.refuse_at(what, at);
        None
    }

    pub(super) fn refuse_at(&mut self, what: &str, at: &Span) {
        self.diagnostics.push(super::unsupported_at(what, at));
    }
}

/// Puts an entry in place of the one with its key, or at the end.
pub(super) fn replace<T>(entries: &mut Vec<(Key, T)>, entry: (Key, T)) {
    match entries.iter_mut().find(|(key, _)| key.name == entry.0.name) {
        Some(existing) => *existing = entry,
        None => entries.push(entry),
    }
}
