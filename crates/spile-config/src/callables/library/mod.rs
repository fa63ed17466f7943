//! What functions may call: a table of names with what they do. What is not in a table is refused when the script is
//! read.
//!
//! Nothing here touches a file, the network, a process or the clock.

pub(super) mod builtins;
pub(super) mod collections;
pub(super) mod construct;
pub(super) mod hash;
pub(super) mod json;
pub(super) mod math;
pub(super) mod regex;
pub(super) mod time;
pub(super) mod time_format;
pub(super) mod time_methods;

use super::code::Kind;
use super::fault::{Outcome, raise};
use super::machine::Machine;
use super::value::Value;

/// A function of Python or of a library.
pub(super) struct Native {
    /// Its full name.
    pub(super) path: &'static str,
    /// What it does.
    pub(super) call: fn(&mut Machine<'_>, Given) -> Outcome<Value>,
}

/// The arguments of a call.
#[derive(Default)]
pub(super) struct Given {
    pub(super) positional: Vec<Value>,
    pub(super) named: Vec<(Box<str>, Value)>,
}

impl Given {
    /// Puts arguments into the order of `names`.
    pub(super) fn bind<const N: usize>(
        self,
        function: &str,
        names: [&str; N],
    ) -> Outcome<[Option<Value>; N]> {
        let mut bound = [const { None }; N];
        if self.positional.len() > N {
            return raise(
                "TypeError",
                format!("{function}() takes at most {N} arguments ({} given)", self.positional.len()),
            );
        }
        for (place, value) in bound.iter_mut().zip(self.positional) {
            *place = Some(value);
        }
        for (name, value) in self.named {
            match names.iter().position(|known| **known == *name) {
                Some(index) if bound[index].is_none() => bound[index] = Some(value),
                Some(_) => {
                    return raise(
                        "TypeError",
                        format!("{function}() got multiple values for argument '{name}'"),
                    );
                }
                None => {
                    return raise(
                        "TypeError",
                        format!("{function}() got an unexpected keyword argument '{name}'"),
                    );
                }
            }
        }
        Ok(bound)
    }

    /// Takes exactly one argument.
    pub(super) fn one(self, function: &str) -> Outcome<Value> {
        match self.bind(function, [""])? {
            [Some(value)] => Ok(value),
            [None] => raise("TypeError", format!("{function}() takes exactly one argument (0 given)")),
        }
    }
}

/// All tables.
const TABLES: [&[Native]; 8] = [
    builtins::FUNCTIONS,
    collections::FUNCTIONS,
    construct::FUNCTIONS,
    hash::FUNCTIONS,
    json::FUNCTIONS,
    math::FUNCTIONS,
    regex::FUNCTIONS,
    time::FUNCTIONS,
];

/// Other names of things in the tables, by prefix.
const ALIASES: [(&str, &str); 8] = [
    ("dlt.common.pendulum.pendulum", "pendulum"),
    ("dlt.common.pendulum", "pendulum"),
    ("dlt.common.typing", "typing"),
    ("simplejson", "json"),
    ("builtins.max", "builtins.max"),
    ("dateutil.parser.isoparse", "datetime.datetime.fromisoformat"),
    ("pendulum.datetime.now", "pendulum.now"),
    ("datetime.UTC", "datetime.timezone.utc"),
];

/// Returns the name that the tables have.
pub(super) fn canonical(path: &str) -> String {
    for (prefix, name) in ALIASES {
        match path.strip_prefix(prefix) {
            Some("") => return name.to_owned(),
            Some(rest) if rest.starts_with('.') => return format!("{name}{rest}"),
            _ => {}
        }
    }
    path.to_owned()
}

/// Finds a function.
pub(super) fn find(path: &str) -> Option<&'static Native> {
    TABLES.iter().flat_map(|table| table.iter()).find(|native| native.path == path)
}

/// Finds a constant, or a method that is named by its type.
pub(super) fn constant(path: &str) -> Option<Kind> {
    Some(match path {
        "math.pi" => Kind::Float(std::f64::consts::PI),
        "math.e" => Kind::Float(std::f64::consts::E),
        "math.inf" => Kind::Float(f64::INFINITY),
        "math.nan" => Kind::Float(f64::NAN),
        "datetime.timezone.utc" | "pendulum.UTC" | "pytz.UTC" | "pytz.utc" => {
            Kind::Native(find("datetime.timezone.utc")?)
        }
        "re.I" | "re.IGNORECASE" => Kind::Int(regex::IGNORE_CASE),
        "re.M" | "re.MULTILINE" => Kind::Int(regex::MULTI_LINE),
        "re.S" | "re.DOTALL" => Kind::Int(regex::DOT_ALL),
        "re.A" | "re.ASCII" => Kind::Int(regex::ASCII),
        "re.X" | "re.VERBOSE" => Kind::Int(regex::VERBOSE),
        _ => {
            let (kind, method) = path.strip_prefix("builtins.")?.split_once('.')?;
            if !has_members(kind) || find(path).is_some() || method.contains('.') || method == "maketrans" {
                return None;
            }
            Kind::TypeMethod(method.into())
        }
    })
}

/// Returns whether a built-in type has members that scripts name by it.
pub(super) fn has_members(name: &str) -> bool {
    matches!(name, "str" | "dict" | "list" | "set" | "bytes" | "int" | "float")
}

/// Returns whether a path is a module with something in the tables.
pub(super) fn is_module(path: &str) -> bool {
    TABLES
        .iter()
        .flat_map(|table| table.iter())
        .any(|native| native.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// Says what to do instead of something that is not there.
pub(super) fn advice(path: &str) -> &'static str {
    let module = path.split('.').next().unwrap_or(path);
    match module {
        "requests" | "httpx" | "urllib" | "urllib3" | "aiohttp" | "http" | "socket" => {
            "A function has no network: make what it asks for a resource of its own, with its parent in `{resources.parent.field}`."
        }
        "os" | "environ" | "dlt" => {
            "Read it into a variable outside of the function, for example `limit = os.environ[\"LIMIT\"]`."
        }
        "open" | "pathlib" | "io" | "shutil" | "tempfile" | "csv" | "glob" => {
            "A function has no files: write the data into the script, or join it after loading."
        }
        "subprocess" | "sys" | "importlib" | "ctypes" | "threading" | "multiprocessing" | "asyncio" => {
            "A function runs by itself, without processes, threads or imports at run time."
        }
        "random" | "uuid" | "secrets" | "time" => {
            "A function gives the same for the same row, so that a run can be resumed; `hashlib` makes ids from values."
        }
        "pandas" | "polars" | "numpy" | "pyarrow" => {
            "Rows are plain dicts here: use Python's own functions, or transform the tables after loading."
        }
        "zoneinfo" | "pytz" | "dateutil" => {
            "Time zones other than fixed offsets are not there: convert times to UTC, or after loading."
        }
        _ => "Functions may use json, re, datetime, pendulum, math, hashlib, base64, copy and collections.",
    }
}
