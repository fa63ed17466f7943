//! Values of the functions' language while they run: what Python objects are, as far as rows are made of them.
//!
//! Values are shared by reference as in Python. They live for one call of a machine and never leave its thread. What
//! comes from outside of a function is frozen: a change would be seen by later rows, and rows must not depend on which
//! rows came before them.

use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use indexmap::{Equivalent, IndexMap};

use super::classes::Class;
use super::library::Native;
use super::library::regex::{Found, Pattern};
use super::library::time::{Delta, Moment, Zone};
use super::response::Response;

/// Deepest nesting that is written, compared or used as a key; a row may have fewer levels anyway.
pub(super) const NESTING_MAX: usize = 200;

/// A value.
#[derive(Clone)]
pub(super) enum Value {
    /// A variable that has no value yet.
    Unbound,
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Rc<str>),
    Bytes(Rc<[u8]>),
    List(Rc<List>),
    Tuple(Rc<Tuple>),
    Dict(Rc<Dict>),
    Set(Rc<Set>),
    Range(Rc<Range>),
    /// What is walked over once: generators, `zip(...)`, `iter(...)`.
    Iterator(Rc<Iterating>),
    Function(Rc<Closure>),
    Native(&'static Native),
    /// A method that was taken from its object without being called.
    Method(Rc<(Value, Box<str>)>),
    Class(Class),
    Exception(Rc<Exception>),
    Moment(Moment),
    Delta(Delta),
    Zone(Zone),
    Pattern(Rc<Pattern>),
    Found(Rc<Found>),
    Response(Rc<Response>),
    /// What `hashlib` makes: bytes and their hexadecimal text.
    Digest(Rc<(Vec<u8>, String)>),
}

/// A list.
pub(super) struct List {
    pub(super) items: RefCell<Vec<Value>>,
    pub(super) frozen: bool,
}

/// A tuple.
pub(super) struct Tuple {
    pub(super) items: Vec<Value>,
}

impl std::ops::Deref for Tuple {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.items
    }
}

/// A dict.
pub(super) struct Dict {
    pub(super) entries: RefCell<IndexMap<Key, Value, rustc_hash::FxBuildHasher>>,
    pub(super) frozen: bool,
    /// `defaultdict` makes a missing entry by calling this.
    pub(super) factory: Option<Value>,
}

/// A set or a frozen set, in the order things were put in.
pub(super) struct Set {
    pub(super) items: RefCell<indexmap::IndexSet<Key, rustc_hash::FxBuildHasher>>,
    pub(super) frozen: bool,
    /// Whether Python calls it a `frozenset`.
    pub(super) is_frozenset: bool,
}

/// `range(...)`.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) start: i128,
    pub(super) stop: i128,
    pub(super) step: i128,
}

impl Range {
    pub(super) fn len(self) -> i128 {
        let (from, to, step) = if self.step > 0 {
            (self.start, self.stop, self.step)
        } else {
            (self.stop, self.start, self.step.saturating_neg())
        };
        if from >= to { 0 } else { (to - from - 1) / step + 1 }
    }

    pub(super) fn get(self, index: i128) -> Option<i128> {
        (0..self.len()).contains(&index).then(|| self.start + index * self.step)
    }
}

/// Something that is being walked over: what is left, and the exception that comes after it.
pub(super) struct Iterating {
    pub(super) items: RefCell<std::vec::IntoIter<Value>>,
    pub(super) ends_with: RefCell<Option<Rc<Exception>>>,
}

/// A function with what it sees.
pub(super) struct Closure {
    /// Which code of the program.
    pub(super) code: usize,
    /// The activation it was made in.
    pub(super) outer: Option<Rc<Frame>>,
    /// Values of the parameters that have a default, in order.
    pub(super) defaults: Vec<Value>,
}

/// The variables of one activation.
pub(super) struct Frame {
    pub(super) slots: RefCell<Vec<Value>>,
    pub(super) outer: Option<Rc<Frame>>,
    /// What a generator yielded so far.
    pub(super) yields: RefCell<Vec<Value>>,
}

/// A raised exception.
pub(super) struct Exception {
    pub(super) class: Class,
    pub(super) arguments: Vec<Value>,
    /// Where it was raised: byte range in the script.
    pub(super) place: Cell<Option<(u32, u32)>>,
    /// In which function.
    pub(super) function: RefCell<Option<Rc<str>>>,
}

impl Value {
    pub(super) fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn list(items: Vec<Value>) -> Self {
        Self::List(Rc::new(List { items: RefCell::new(items), frozen: false }))
    }

    pub(super) fn tuple(items: Vec<Value>) -> Self {
        Self::Tuple(Rc::new(Tuple { items }))
    }

    pub(super) fn iterator(items: Vec<Value>) -> Self {
        Self::iterator_then(items, None)
    }

    pub(super) fn iterator_then(items: Vec<Value>, ends_with: Option<Rc<Exception>>) -> Self {
        Self::Iterator(Rc::new(Iterating {
            items: RefCell::new(items.into_iter()),
            ends_with: RefCell::new(ends_with),
        }))
    }

    pub(super) fn dict(entries: impl IntoIterator<Item = (Key, Value)>) -> Self {
        Self::Dict(Rc::new(Dict {
            entries: RefCell::new(entries.into_iter().collect()),
            frozen: false,
            factory: None,
        }))
    }

    pub(super) fn set(items: impl IntoIterator<Item = Key>) -> Self {
        Self::Set(Rc::new(Set {
            items: RefCell::new(items.into_iter().collect()),
            frozen: false,
            is_frozenset: false,
        }))
    }

    /// Returns the text of a string.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns a whole number; booleans are 0 and 1.
    pub(super) fn as_int(&self) -> Option<i128> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Bool(boolean) => Some(i128::from(*boolean)),
            _ => None,
        }
    }

    /// Returns any number as a double.
    pub(super) fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(*number),
            other => other.as_int().map(|number| number as f64),
        }
    }

    /// Returns Python's name of the type.
    pub(super) fn type_name(&self) -> &str {
        match self {
            Self::Unbound | Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Dict(_) => "dict",
            Self::Set(set) if set.is_frozenset => "frozenset",
            Self::Set(_) => "set",
            Self::Range(_) => "range",
            Self::Iterator(_) => "generator",
            Self::Function(_) => "function",
            Self::Native(_) | Self::Method(_) => "builtin_function_or_method",
            Self::Class(_) => "type",
            Self::Exception(exception) => exception.class.name(),
            Self::Moment(moment) => moment.type_name(),
            Self::Delta(_) => "timedelta",
            Self::Zone(_) => "timezone",
            Self::Pattern(_) => "Pattern",
            Self::Found(_) => "Match",
            Self::Response(_) => "Response",
            Self::Digest(_) => "HASH",
        }
    }

    /// Returns Python's truth of the value.
    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Unbound | Self::None => false,
            Self::Bool(boolean) => *boolean,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Bytes(bytes) => !bytes.is_empty(),
            Self::List(list) => !list.items.borrow().is_empty(),
            Self::Tuple(items) => !items.is_empty(),
            Self::Dict(dict) => !dict.entries.borrow().is_empty(),
            Self::Set(set) => !set.items.borrow().is_empty(),
            Self::Range(range) => range.len() > 0,
            Self::Delta(delta) => !delta.is_zero(),
            Self::Response(response) => response.is_ok(),
            _ => true,
        }
    }

    /// Returns whether two names are bound to the same object, as `is` asks.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            // Small numbers and short texts are shared in Python; comparing by value is the useful answer for the others.
            (Self::Int(left), Self::Int(right)) => left == right,
            (Self::Text(left), Self::Text(right)) => left == right,
            (Self::Class(left), Self::Class(right)) => left == right,
            (Self::List(left), Self::List(right)) => Rc::ptr_eq(left, right),
            (Self::Dict(left), Self::Dict(right)) => Rc::ptr_eq(left, right),
            (Self::Set(left), Self::Set(right)) => Rc::ptr_eq(left, right),
            (Self::Tuple(left), Self::Tuple(right)) => Rc::ptr_eq(left, right),
            (Self::Function(left), Self::Function(right)) => Rc::ptr_eq(left, right),
            (Self::Exception(left), Self::Exception(right)) => Rc::ptr_eq(left, right),
            _ => false,
        }
    }
}

/// A key of a dict or an element of a set. As in Python, `1`, `1.0` and `True` are one key, and the first one stays.
#[derive(Clone)]
pub(super) enum Key {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Rc<str>),
    Bytes(Rc<[u8]>),
    Tuple(Rc<[Key]>),
    Moment(Moment),
    Class(Class),
}

/// A text that looks for a key without making one.
pub(super) struct TextKey<'t>(pub(super) &'t str);

impl Key {
    /// Makes a key; `None` when the value cannot be one.
    pub(super) fn of(value: &Value) -> Option<Self> {
        Self::within(value, NESTING_MAX)
    }

    fn within(value: &Value, levels: usize) -> Option<Self> {
        if !super::work::spend() {
            return None;
        }
        Some(match value {
            Value::None => Self::None,
            Value::Bool(boolean) => Self::Bool(*boolean),
            Value::Int(number) => Self::Int(*number),
            Value::Float(number) => Self::Float(*number),
            Value::Text(text) => Self::Text(Rc::clone(text)),
            Value::Bytes(bytes) => Self::Bytes(Rc::clone(bytes)),
            Value::Tuple(items) => {
                let levels = levels.checked_sub(1)?;
                let keys: Option<Vec<Self>> = items.iter().map(|item| Self::within(item, levels)).collect();
                Self::Tuple(keys?.into())
            }
            Value::Moment(moment) => Self::Moment(*moment),
            Value::Class(class) => Self::Class(class.clone()),
            _ => return None,
        })
    }

    /// Returns the object that the key was made of.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::None => Value::None,
            Self::Bool(boolean) => Value::Bool(*boolean),
            Self::Int(number) => Value::Int(*number),
            Self::Float(number) => Value::Float(*number),
            Self::Text(text) => Value::Text(Rc::clone(text)),
            Self::Bytes(bytes) => Value::Bytes(Rc::clone(bytes)),
            Self::Tuple(items) => Value::tuple(items.iter().map(Self::value).collect()),
            Self::Moment(moment) => Value::Moment(*moment),
            Self::Class(class) => Value::Class(class.clone()),
        }
    }

    /// Returns the number that a key stands for, so that equal numbers are one key.
    fn number(&self) -> Option<Result<i128, f64>> {
        match self {
            Self::Bool(boolean) => Some(Ok(i128::from(*boolean))),
            Self::Int(number) => Some(Ok(*number)),
            Self::Float(number) if number.fract() == 0.0 && number.abs() < 1e38 => Some(Ok(*number as i128)),
            Self::Float(number) => Some(Err(*number)),
            _ => None,
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(left), Self::Text(right)) => left == right,
            (Self::None, Self::None) => true,
            (Self::Bytes(left), Self::Bytes(right)) => left == right,
            (Self::Tuple(left), Self::Tuple(right)) => left == right,
            (Self::Moment(left), Self::Moment(right)) => left.is_equal(right),
            (Self::Class(left), Self::Class(right)) => left == right,
            _ => match (self.number(), other.number()) {
                (Some(Ok(left)), Some(Ok(right))) => left == right,
                (Some(Err(left)), Some(Err(right))) => left.to_bits() == right.to_bits(),
                _ => false,
            },
        }
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Text(text) => TextKey(text).hash(state),
            Self::None => state.write_u8(1),
            Self::Bytes(bytes) => bytes.hash(state),
            Self::Tuple(items) => items.iter().for_each(|item| item.hash(state)),
            Self::Moment(moment) => moment.hash_value().hash(state),
            Self::Class(class) => class.name().hash(state),
            Self::Bool(_) | Self::Int(_) | Self::Float(_) => match self.number() {
                Some(Ok(number)) => number.hash(state),
                Some(Err(number)) => number.to_bits().hash(state),
                None => {}
            },
        }
    }
}

impl Hash for TextKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Equivalent<Key> for TextKey<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        matches!(key, Key::Text(text) if **text == *self.0)
    }
}
