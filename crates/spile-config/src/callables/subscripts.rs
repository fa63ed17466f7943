//! Subscripts: `object[index]`, read, set and deleted, and slices.

use super::fault::{Outcome, raise};
use super::machine::{Machine, refuse_change};
use super::operators::key;
use super::value::{TextKey, Value};

impl Machine<'_> {
    /// Evaluates `object[index]`.
    pub(super) fn item(&mut self, object: &Value, index: &Value) -> Outcome<Value> {
        match object {
            Value::Dict(dict) => {
                let found = match index {
                    Value::Text(name) => dict.entries.borrow().get(&TextKey(name)).cloned(),
                    other => dict.entries.borrow().get(&key(other)?).cloned(),
                };
                match (found, &dict.factory) {
                    (Some(value), _) => Ok(value),
                    (None, Some(factory)) => {
                        let value = self.call(factory, super::library::Given::default())?;
                        dict.entries.borrow_mut().insert(key(index)?, value.clone());
                        Ok(value)
                    }
                    (None, None) => super::fault::raise_with(
                        super::classes::Class::Builtin("KeyError"),
                        vec![index.clone()],
                    ),
                }
            }
            Value::List(list) => {
                let items = list.items.borrow();
                Ok(items[position(index, items.len(), "list")?].clone())
            }
            Value::Tuple(items) => Ok(items[position(index, items.len(), "tuple")?].clone()),
            Value::Text(text) => {
                let at = position(index, text.chars().count(), "string")?;
                Ok(Value::text(text.chars().nth(at).map(String::from).unwrap_or_default()))
            }
            Value::Bytes(bytes) => Ok(Value::Int(i128::from(bytes[position(index, bytes.len(), "bytes")?]))),
            Value::Range(range) => {
                let length = usize::try_from(range.len()).unwrap_or(usize::MAX);
                let at = position(index, length, "range object")?;
                Ok(Value::Int(range.get(at as i128).unwrap_or_default()))
            }
            Value::Found(found) => found.item(index),
            Value::Response(_) | Value::Class(_) => {
                raise("TypeError", format!("'{}' object is not subscriptable", object.type_name()))
            }
            other => raise("TypeError", format!("'{}' object is not subscriptable", other.type_name())),
        }
    }

    pub(super) fn set_item(&mut self, object: &Value, index: &Value, value: Value) -> Outcome<()> {
        match object {
            Value::Dict(dict) if dict.frozen => refuse_change("dict"),
            Value::Dict(dict) => {
                self.take_items(2)?;
                dict.entries.borrow_mut().insert(key(index)?, value);
                Ok(())
            }
            Value::List(list) if list.frozen => refuse_change("list"),
            Value::List(list) => {
                let mut items = list.items.borrow_mut();
                let at = position(index, items.len(), "list assignment")?;
                items[at] = value;
                Ok(())
            }
            other => {
                raise("TypeError", format!("'{}' object does not support item assignment", other.type_name()))
            }
        }
    }

    #[expect(clippy::unused_self, reason = "reads better beside its siblings")]
    pub(super) fn delete_item(&mut self, object: &Value, index: &Value) -> Outcome<()> {
        match object {
            Value::Dict(dict) if dict.frozen => refuse_change("dict"),
            Value::Dict(dict) => match dict.entries.borrow_mut().shift_remove(&key(index)?) {
                Some(_) => Ok(()),
                None => {
                    super::fault::raise_with(super::classes::Class::Builtin("KeyError"), vec![index.clone()])
                }
            },
            Value::List(list) if list.frozen => refuse_change("list"),
            Value::List(list) => {
                let mut items = list.items.borrow_mut();
                let at = position(index, items.len(), "list assignment")?;
                items.remove(at);
                Ok(())
            }
            other => {
                raise("TypeError", format!("'{}' object doesn't support item deletion", other.type_name()))
            }
        }
    }

    /// Evaluates `object[start:stop:step]`.
    pub(super) fn sliced(&mut self, object: &Value, bounds: [Option<i128>; 3]) -> Outcome<Value> {
        let step = bounds[2].unwrap_or(1);
        if step == 0 {
            return raise("ValueError", "slice step cannot be zero");
        }
        let pick = |length: usize| picked(length, bounds[0], bounds[1], step);
        match object {
            Value::Text(text) => {
                let characters: Vec<char> = text.chars().collect();
                let text = pick(characters.len()).map(|index| characters[index]).collect();
                self.text(text)
            }
            Value::List(list) => {
                let items = list.items.borrow();
                let items = pick(items.len()).map(|index| items[index].clone()).collect();
                self.list(items)
            }
            Value::Tuple(items) => {
                Ok(Value::tuple(pick(items.len()).map(|index| items[index].clone()).collect()))
            }
            Value::Bytes(bytes) => {
                let bytes: Vec<u8> = pick(bytes.len()).map(|index| bytes[index]).collect();
                Ok(Value::Bytes(bytes.into()))
            }
            Value::Dict(_) => raise("TypeError", "unhashable type: 'slice'"),
            other => raise("TypeError", format!("'{}' object is not subscriptable", other.type_name())),
        }
    }
}

/// Walks over the places that a slice picks.
fn picked(length: usize, start: Option<i128>, stop: Option<i128>, step: i128) -> impl Iterator<Item = usize> {
    let length = length as i128;
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let clamp = |bound: i128| (if bound < 0 { bound + length } else { bound }).clamp(low, high);
    let start = start.map_or(if step > 0 { low } else { high }, clamp);
    let stop = stop.map_or(if step > 0 { high } else { low }, clamp);
    let range = super::value::Range { start, stop, step };
    (0..range.len()).filter_map(move |index| range.get(index)).filter_map(|at| usize::try_from(at).ok())
}

/// Returns the place that an index names.
fn position(index: &Value, length: usize, what: &str) -> Outcome<usize> {
    let Some(number) = index.as_int() else {
        return raise("TypeError", format!("{what} indices must be integers, not {}", index.type_name()));
    };
    let number = if number < 0 { number + length as i128 } else { number };
    match usize::try_from(number).ok().filter(|at| *at < length) {
        Some(at) => Ok(at),
        None => raise("IndexError", format!("{what} index out of range")),
    }
}
