//! Python's types, called: `int(...)`, `dict(...)`, `range(...)` and the others.

use super::{Given, Native};
use crate::callables::fault::{Outcome, raise};
use crate::callables::machine::Machine;
use crate::callables::value::{Dict, Key, Range, Set, Value};
use crate::callables::{format, operators};

pub(super) const FUNCTIONS: &[Native] = &[
    Native { path: "builtins.dict.fromkeys", call: from_keys },
    Native {
        path: "builtins.new.bool",
        call: |_, given| Ok(Value::Bool(optional(given, "bool")?.is_some_and(|value| value.truth()))),
    },
    Native { path: "builtins.new.bytes", call: new_bytes },
    Native { path: "builtins.new.dict", call: new_dict },
    Native { path: "builtins.new.float", call: new_float },
    Native { path: "builtins.new.frozenset", call: new_frozenset },
    Native { path: "builtins.new.int", call: new_int },
    Native { path: "builtins.new.list", call: new_list },
    Native { path: "builtins.new.set", call: new_set },
    Native { path: "builtins.new.str", call: new_str },
    Native { path: "builtins.new.tuple", call: new_tuple },
    Native { path: "builtins.range", call: range },
];

fn optional(given: Given, function: &str) -> Outcome<Option<Value>> {
    let [value] = given.bind(function, [""])?;
    Ok(value)
}

fn from_keys(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [keys, value] = given.bind("fromkeys", ["iterable", "value"])?;
    let keys = machine.collect(&keys.unwrap_or(Value::None))?;
    let value = value.unwrap_or(Value::None);
    let keys: Outcome<Vec<Key>> = keys.iter().map(operators::key).collect();
    Ok(Value::dict(keys?.into_iter().map(|key| (key, value.clone()))))
}

fn new_bytes(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [source, _encoding] = given.bind("bytes", ["source", "encoding"])?;
    match source {
        None => Ok(Value::Bytes(Vec::new().into())),
        Some(bytes @ Value::Bytes(_)) => Ok(bytes),
        Some(Value::Text(text)) => Ok(Value::Bytes(text.as_bytes().to_vec().into())),
        Some(other) => {
            let mut bytes = Vec::new();
            for item in machine.collect(&other)? {
                match item.as_int().and_then(|number| u8::try_from(number).ok()) {
                    Some(byte) => bytes.push(byte),
                    None => return raise("ValueError", "bytes must be in range(0, 256)"),
                }
            }
            Ok(Value::Bytes(bytes.into()))
        }
    }
}

fn new_dict(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let mut entries = Vec::new();
    for source in given.positional {
        entries.extend(pairs(machine, &source)?);
    }
    entries.extend(given.named.into_iter().map(|(name, value)| (Key::Text((&*name).into()), value)));
    machine.take_items(2 * entries.len())?;
    Ok(Value::dict(entries))
}

/// Reads the entries that `dict(...)` and `update(...)` take.
pub(in crate::callables) fn pairs(machine: &mut Machine<'_>, source: &Value) -> Outcome<Vec<(Key, Value)>> {
    if let Value::Dict(dict) = source {
        return Ok(dict.entries.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect());
    }
    let mut entries = Vec::new();
    for item in machine.collect(source)? {
        let pair = machine.collect(&item)?;
        let Ok([key, value]) = <[Value; 2]>::try_from(pair) else {
            return raise("ValueError", "dictionary update sequence element has not length 2");
        };
        entries.push((operators::key(&key)?, value));
    }
    Ok(entries)
}

fn new_float(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    match optional(given, "float")? {
        None => Ok(Value::Float(0.0)),
        Some(Value::Text(text)) => {
            let plain = text.trim().replace('_', "");
            let number = match plain.to_lowercase().trim_start_matches(['+', '-']) {
                "inf" | "infinity" => {
                    Some(if plain.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY })
                }
                "nan" => Some(f64::NAN),
                _ => plain.parse().ok(),
            };
            match number {
                Some(number) => Ok(Value::Float(number)),
                None => raise(
                    "ValueError",
                    format!("could not convert string to float: {}", operators::shown(&Value::Text(text))),
                ),
            }
        }
        Some(value) => match value.as_float() {
            Some(number) => Ok(Value::Float(number)),
            None => raise(
                "TypeError",
                format!("float() argument must be a string or a real number, not '{}'", value.type_name()),
            ),
        },
    }
}

fn new_int(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [value, base] = given.bind("int", ["x", "base"])?;
    let base = match base.as_ref().map(Value::as_int) {
        None => 10,
        Some(Some(base @ 2..=36)) => base as u32,
        Some(_) => return raise("ValueError", "int() base must be >= 2 and <= 36"),
    };
    match value {
        None => Ok(Value::Int(0)),
        Some(Value::Text(text)) => {
            let plain = text.trim().to_lowercase();
            let (sign, digits) = match plain.strip_prefix('-') {
                Some(digits) => ("-", digits),
                None => ("", plain.strip_prefix('+').unwrap_or(&plain)),
            };
            let prefix = match base {
                16 => "0x",
                8 => "0o",
                2 => "0b",
                _ => "",
            };
            let digits = digits.strip_prefix(prefix).unwrap_or(digits);
            let misplaced = digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
            let number = i128::from_str_radix(&format!("{sign}{}", digits.replace('_', "")), base);
            match number {
                Ok(number) if !misplaced && !digits.starts_with(['+', '-']) => Ok(Value::Int(number)),
                _ => raise(
                    "ValueError",
                    format!(
                        "invalid literal for int() with base {base}: {}",
                        operators::shown(&Value::Text(text))
                    ),
                ),
            }
        }
        Some(Value::Float(number)) if number.is_nan() => {
            raise("ValueError", "cannot convert float NaN to integer")
        }
        Some(Value::Float(number)) if number.abs() < 1.7e38 => Ok(Value::Int(number.trunc() as i128)),
        Some(Value::Float(_)) => raise("OverflowError", "cannot convert float to so large an integer"),
        Some(value) => match value.as_int() {
            Some(number) => Ok(Value::Int(number)),
            None => raise(
                "TypeError",
                format!(
                    "int() argument must be a string, a bytes-like object or a real number, not '{}'",
                    value.type_name()
                ),
            ),
        },
    }
}

fn new_list(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let items = match optional(given, "list")? {
        Some(iterable) => machine.collect(&iterable)?,
        None => Vec::new(),
    };
    Ok(Value::list(items))
}

fn new_tuple(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let items = match optional(given, "tuple")? {
        Some(iterable) => machine.collect(&iterable)?,
        None => Vec::new(),
    };
    Ok(Value::tuple(items))
}

fn new_set(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let items = match optional(given, "set")? {
        Some(iterable) => machine.collect(&iterable)?,
        None => Vec::new(),
    };
    machine.set_of(items)
}

fn new_frozenset(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let Value::Set(set) = new_set(machine, given)? else { return Ok(Value::None) };
    let items = set.items.take();
    Ok(Value::Set(std::rc::Rc::new(Set { items: items.into(), frozen: true, is_frozenset: true })))
}

fn new_str(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [value, encoding] = given.bind("str", ["object", "encoding"])?;
    match (value, encoding) {
        (None, _) => Ok(Value::text("")),
        (Some(bytes @ Value::Bytes(_)), Some(encoding)) => {
            machine.call_method(&bytes, "decode", Given { positional: vec![encoding], named: Vec::new() })
        }
        (Some(value), _) => {
            let text = format::display(&value)?;
            machine.text(text)
        }
    }
}

fn range(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let mut numbers = Vec::new();
    for value in &given.positional {
        match value.as_int() {
            // Far beyond what anybody walks over, and safe to count with.
            Some(number) => numbers.push(number.clamp(-(1 << 100), 1 << 100)),
            None => {
                return raise(
                    "TypeError",
                    format!("'{}' object cannot be interpreted as an integer", value.type_name()),
                );
            }
        }
    }
    let (start, stop, step) = match numbers.as_slice() {
        [stop] => (0, *stop, 1),
        [start, stop] => (*start, *stop, 1),
        [_, _, 0] => return raise("ValueError", "range() arg 3 must not be zero"),
        [start, stop, step] => (*start, *stop, *step),
        _ => return raise("TypeError", "range expected 1 to 3 arguments"),
    };
    Ok(Value::Range(std::rc::Rc::new(Range { start, stop, step })))
}

/// Makes a dict whose missing entries are made by a function.
pub(super) fn default_dict(factory: Option<Value>, entries: Vec<(Key, Value)>) -> Value {
    let entries: indexmap::IndexMap<_, _, _> = entries.into_iter().collect();
    Value::Dict(std::rc::Rc::new(Dict {
        entries: entries.into(),
        frozen: false,
        factory: factory.filter(|factory| !matches!(factory, Value::None)),
    }))
}
