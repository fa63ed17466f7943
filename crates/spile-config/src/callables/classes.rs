//! Types and exception classes: what `isinstance`, `except` and `raise` compare.

use std::sync::Arc;

use super::value::Value;

/// A class.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Class {
    /// One that Python or a library brings.
    Builtin(&'static str),
    /// An exception class of the script: its name, and what it is derived from.
    Script(Arc<str>, Box<Class>),
}

/// Exception classes and their bases, those of the libraries that scripts catch included.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("ArithmeticError", "Exception"),
    ("AssertionError", "Exception"),
    ("AttributeError", "Exception"),
    ("BaseException", ""),
    ("ConnectionError", "RequestException"),
    ("Exception", "BaseException"),
    ("HTTPError", "RequestException"),
    ("IgnoreResponseException", "Exception"),
    ("IndexError", "LookupError"),
    ("JSONDecodeError", "ValueError"),
    ("KeyError", "LookupError"),
    ("LookupError", "Exception"),
    ("NameError", "Exception"),
    ("NotImplementedError", "RuntimeError"),
    ("OSError", "Exception"),
    ("OverflowError", "ArithmeticError"),
    ("ParserError", "ValueError"),
    ("RecursionError", "RuntimeError"),
    ("RequestException", "OSError"),
    ("RuntimeError", "Exception"),
    ("StopIteration", "Exception"),
    ("Timeout", "RequestException"),
    ("TypeError", "Exception"),
    ("UnboundLocalError", "NameError"),
    ("UnicodeDecodeError", "UnicodeError"),
    ("UnicodeEncodeError", "UnicodeError"),
    ("UnicodeError", "ValueError"),
    ("ValueError", "Exception"),
    ("ZeroDivisionError", "ArithmeticError"),
    ("error", "Exception"),
];

/// Names in the libraries that are another class's.
const ALIASES: &[(&str, &str)] = &[("IOError", "OSError"), ("EnvironmentError", "OSError")];

/// Types that are no exceptions.
const TYPES: &[&str] = &[
    "bool",
    "bytes",
    "date",
    "datetime",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "object",
    "set",
    "str",
    "timedelta",
    "tuple",
    "NoneType",
];

/// Interfaces that scripts ask for, each with the types that have them.
const INTERFACES: &[(&str, &[&str])] = &[
    ("Mapping", &["dict"]),
    ("MutableMapping", &["dict"]),
    ("Sequence", &["list", "tuple", "str", "bytes", "range"]),
    ("Iterable", &["list", "tuple", "str", "bytes", "range", "dict", "set", "generator"]),
    ("Number", &["int", "float", "bool"]),
];

impl Class {
    /// Finds the class of a dotted path; what it is imported from does not matter for exceptions.
    pub(super) fn find(path: &str) -> Option<Self> {
        let (module, name) = path.rsplit_once('.')?;
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, class)| class);
        let exceptions = || EXCEPTIONS.iter().map(|(name, _)| *name).find(|known| *known == name);
        let found = match module {
            "builtins" => TYPES.iter().copied().find(|known| *known == name).or_else(exceptions),
            "datetime" => ["date", "datetime", "timedelta"].into_iter().find(|known| *known == name),
            "pendulum" if name == "DateTime" => Some("datetime"),
            "pendulum" if name == "Date" => Some("date"),
            "json" | "json.decoder" | "re" | "pendulum.exceptions" | "pendulum.parsing.exceptions" => {
                exceptions()
            }
            "collections.abc" | "numbers" | "typing" => {
                INTERFACES.iter().map(|(name, _)| *name).find(|known| *known == name)
            }
            _ if module.starts_with("requests") || module.starts_with("dlt.sources.helpers") => exceptions(),
            _ => None,
        };
        found.map(Self::Builtin)
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Builtin(name) => name,
            Self::Script(name, _) => name,
        }
    }

    fn base(&self) -> Option<Self> {
        match self {
            Self::Script(_, base) => Some((**base).clone()),
            Self::Builtin(name) => EXCEPTIONS
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, base)| *base)
                .filter(|base| !base.is_empty())
                .map(Self::Builtin),
        }
    }

    /// Returns whether instances can be raised.
    pub(super) fn is_exception(&self) -> bool {
        match self {
            Self::Script(..) => true,
            Self::Builtin(name) => EXCEPTIONS.iter().any(|(known, _)| known == name),
        }
    }

    /// Returns whether this class is `other` or derived from it.
    pub(super) fn is_subclass(&self, other: &Self) -> bool {
        let mut class = Some(self.clone());
        while let Some(this) = class {
            if this == *other {
                return true;
            }
            class = this.base();
        }
        *other == Self::Builtin("object")
    }

    /// Returns whether a value is an instance.
    pub(super) fn has_instance(&self, value: &Value) -> bool {
        if let Value::Exception(exception) = value {
            return exception.class.is_subclass(self);
        }
        let Self::Builtin(wanted) = self else { return false };
        let name = value.type_name();
        if let Some((_, types)) = INTERFACES.iter().find(|(interface, _)| interface == wanted) {
            return types.contains(&name);
        }
        match (*wanted, value) {
            ("object", _) | ("int", Value::Bool(_)) | ("date", Value::Moment(_)) => true,
            (wanted, _) => wanted == name,
        }
    }
}
