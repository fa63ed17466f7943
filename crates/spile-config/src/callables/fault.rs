//! Why a function stops: an exception that Python would raise and a script may catch, or a stop that it may not.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::classes::Class;
use super::value::{Exception, Value};

/// Why the evaluation does not go on.
pub(super) enum Fault {
    /// A Python exception; `except` sees it.
    Raised(Rc<Exception>),
    /// Not for the script to catch: a budget is used up, or something is not supported.
    Stopped(Box<Stop>),
}

/// What the user is told when a function is stopped.
pub(super) struct Stop {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) hint: String,
    pub(super) place: Option<(u32, u32)>,
    pub(super) function: Option<Rc<str>>,
}

/// The outcome of evaluating something.
pub(super) type Outcome<T> = Result<T, Fault>;

/// Raises an exception of a class with a message.
pub(super) fn raise<T>(class: &'static str, message: impl Into<Rc<str>>) -> Outcome<T> {
    raise_with(Class::Builtin(class), vec![Value::text(message)])
}

/// Raises an exception.
pub(super) fn raise_with<T>(class: Class, arguments: Vec<Value>) -> Outcome<T> {
    Err(Fault::Raised(exception(class, arguments)))
}

/// Makes an exception.
pub(super) fn exception(class: Class, arguments: Vec<Value>) -> Rc<Exception> {
    Rc::new(Exception { class, arguments, place: Cell::new(None), function: RefCell::new(None) })
}

/// Stops because something cannot be done as Python does it.
pub(super) fn unsupported<T>(what: impl Into<String>) -> Outcome<T> {
    stop(
        "script/unsupported",
        format!("{} is not supported in a function", what.into()),
        "Write it another way, or transform the rows after loading.",
    )
}

/// Stops with a message and what to do.
pub(super) fn stop<T>(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Outcome<T> {
    Err(Fault::Stopped(Box::new(Stop {
        code,
        message: message.into(),
        hint: hint.into(),
        place: None,
        function: None,
    })))
}

impl Fault {
    /// Notes where it happened, unless that is known already.
    pub(super) fn at(self, place: (u32, u32), function: &str) -> Self {
        match self {
            Self::Raised(exception) => {
                if exception.place.get().is_none() {
                    exception.place.set(Some(place));
                    *exception.function.borrow_mut() = Some(function.into());
                }
                Self::Raised(exception)
            }
            Self::Stopped(mut stop) => {
                if stop.place.is_none() {
                    stop.place = Some(place);
                    stop.function = Some(function.into());
                }
                Self::Stopped(stop)
            }
        }
    }
}
