//! Methods of lists, tuples, dicts and sets.

use std::rc::Rc;

use super::fault::{Outcome, raise};
use super::library::{Given, builtins, construct};
use super::machine::{Machine, refuse_change};
use super::operators::{self, equal};
use super::value::{Dict, Key, List, Set, TextKey, Value};

/// The methods of lists.
pub(super) const LIST: [&str; 11] =
    ["append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"];

/// The methods of dicts.
pub(super) const DICT: [&str; 10] =
    ["clear", "copy", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"];

/// The methods of sets.
pub(super) const SET: [&str; 14] = [
    "add",
    "clear",
    "copy",
    "difference",
    "discard",
    "intersection",
    "isdisjoint",
    "issubset",
    "issuperset",
    "pop",
    "remove",
    "symmetric_difference",
    "union",
    "update",
];

fn no_method<T>(kind: &str, name: &str) -> Outcome<T> {
    raise("AttributeError", format!("'{kind}' object has no attribute '{name}'"))
}

fn key_error<T>(key: Value) -> Outcome<T> {
    super::fault::raise_with(super::classes::Class::Builtin("KeyError"), vec![key])
}

impl Machine<'_> {
    pub(super) fn list_method(&mut self, list: &Rc<List>, name: &str, given: Given) -> Outcome<Value> {
        if list.frozen && !matches!(name, "copy" | "count" | "index") {
            return if LIST.contains(&name) { refuse_change("list") } else { no_method("list", name) };
        }
        match name {
            "append" => {
                self.take_items(1)?;
                list.items.borrow_mut().push(given.one(name)?);
            }
            "extend" => {
                let more = self.collect(&given.one(name)?)?;
                list.items.borrow_mut().extend(more);
            }
            "insert" => {
                let [Some(index), Some(item)] = given.bind(name, ["index", "object"])? else {
                    return raise("TypeError", "insert expected 2 arguments");
                };
                let mut items = list.items.borrow_mut();
                let length = items.len() as i128;
                let index = index.as_int().unwrap_or(0);
                let index = if index < 0 { index + length } else { index }.clamp(0, length);
                items.insert(usize::try_from(index).unwrap_or(0), item);
            }
            "pop" => {
                let [index] = given.bind(name, ["index"])?;
                let mut items = list.items.borrow_mut();
                if items.is_empty() {
                    return raise("IndexError", "pop from empty list");
                }
                let length = items.len() as i128;
                let index = index.map_or(Some(-1), |index| index.as_int()).unwrap_or(-1);
                let index = if index < 0 { index + length } else { index };
                return match usize::try_from(index).ok().filter(|index| *index < items.len()) {
                    Some(index) => Ok(items.remove(index)),
                    None => raise("IndexError", "pop index out of range"),
                };
            }
            "remove" => {
                let item = given.one(name)?;
                let mut items = list.items.borrow_mut();
                match items.iter().position(|candidate| equal(candidate, &item)) {
                    Some(index) => items.remove(index),
                    None => return raise("ValueError", "list.remove(x): x not in list"),
                };
            }
            "clear" => list.items.borrow_mut().clear(),
            "reverse" => list.items.borrow_mut().reverse(),
            "sort" => {
                let items = list.items.borrow().clone();
                let sorted = builtins::sort(self, items, given.named)?;
                *list.items.borrow_mut() = sorted;
            }
            "copy" => {
                let items = list.items.borrow().clone();
                return self.list(items);
            }
            _ => {
                let items = list.items.borrow().clone();
                return self.sequence_method(&items, name, given);
            }
        }
        Ok(Value::None)
    }

    pub(super) fn sequence_method(&mut self, items: &[Value], name: &str, given: Given) -> Outcome<Value> {
        match name {
            "count" => {
                let item = given.one(name)?;
                Ok(Value::Int(items.iter().filter(|candidate| equal(candidate, &item)).count() as i128))
            }
            "index" => {
                let item = given.one(name)?;
                match items.iter().position(|candidate| equal(candidate, &item)) {
                    Some(index) => Ok(Value::Int(index as i128)),
                    None => raise("ValueError", format!("{} is not in list", operators::shown(&item))),
                }
            }
            other => no_method("list", other),
        }
    }

    pub(super) fn dict_method(&mut self, dict: &Rc<Dict>, name: &str, given: Given) -> Outcome<Value> {
        let changes = matches!(name, "clear" | "pop" | "popitem" | "setdefault" | "update");
        if dict.frozen && changes {
            return refuse_change("dict");
        }
        match name {
            "get" => {
                let [key, default] = given.bind(name, ["key", "default"])?;
                let found = match &key {
                    Some(Value::Text(name)) => dict.entries.borrow().get(&TextKey(name)).cloned(),
                    Some(key) => dict.entries.borrow().get(&operators::key(key)?).cloned(),
                    None => return raise("TypeError", "get expected at least 1 argument, got 0"),
                };
                Ok(found.or(default).unwrap_or(Value::None))
            }
            // Keys can be combined like sets.
            "keys" => {
                let keys: indexmap::IndexSet<_, _> = dict.entries.borrow().keys().cloned().collect();
                self.take_items(keys.len())?;
                Ok(Value::Set(Rc::new(Set { items: keys.into(), frozen: true, is_frozenset: true })))
            }
            "values" | "items" => {
                let entries = dict.entries.borrow();
                let items: Vec<Value> = match name {
                    "values" => entries.values().cloned().collect(),
                    _ => entries
                        .iter()
                        .map(|(key, value)| Value::tuple(vec![key.value(), value.clone()]))
                        .collect(),
                };
                self.take_items(3 * items.len())?;
                Ok(Value::list(items))
            }
            "pop" => {
                let [key, default] = given.bind(name, ["key", "default"])?;
                let key = key.unwrap_or(Value::None);
                match (dict.entries.borrow_mut().shift_remove(&operators::key(&key)?), default) {
                    (Some(value), _) | (None, Some(value)) => Ok(value),
                    (None, None) => key_error(key),
                }
            }
            "popitem" => match dict.entries.borrow_mut().pop() {
                Some((key, value)) => Ok(Value::tuple(vec![key.value(), value])),
                None => raise("KeyError", "popitem(): dictionary is empty"),
            },
            "setdefault" => {
                let [key, default] = given.bind(name, ["key", "default"])?;
                let key = operators::key(&key.unwrap_or(Value::None))?;
                self.take_items(2)?;
                let mut entries = dict.entries.borrow_mut();
                Ok(entries.entry(key).or_insert_with(|| default.unwrap_or(Value::None)).clone())
            }
            "update" => {
                for source in given.positional {
                    let more = construct::pairs(self, &source)?;
                    self.take_items(2 * more.len())?;
                    dict.entries.borrow_mut().extend(more);
                }
                for (name, value) in given.named {
                    dict.entries.borrow_mut().insert(Key::Text((&*name).into()), value);
                }
                Ok(Value::None)
            }
            "clear" => {
                dict.entries.borrow_mut().clear();
                Ok(Value::None)
            }
            "copy" => {
                let entries = dict.entries.borrow().clone();
                self.take_items(2 * entries.len())?;
                Ok(Value::dict(entries))
            }
            "most_common" => {
                let [limit] = given.bind(name, ["n"])?;
                let mut pairs: Vec<(Key, Value)> =
                    dict.entries.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
                pairs.sort_by_key(|(_, count)| std::cmp::Reverse(count.as_int()));
                let limit =
                    limit.and_then(|limit| limit.as_int()).map_or(usize::MAX, |limit| limit.max(0) as usize);
                let pairs = pairs.into_iter().take(limit);
                self.list(pairs.map(|(key, count)| Value::tuple(vec![key.value(), count])).collect())
            }
            other => no_method("dict", other),
        }
    }

    pub(super) fn set_method(&mut self, set: &Rc<Set>, name: &str, given: Given) -> Outcome<Value> {
        let changes = matches!(name, "add" | "clear" | "discard" | "pop" | "remove" | "update");
        if changes && set.is_frozenset {
            return no_method("frozenset", name);
        }
        if changes && set.frozen {
            return refuse_change("set");
        }
        match name {
            "add" => {
                self.take_items(1)?;
                set.items.borrow_mut().insert(operators::key(&given.one(name)?)?);
            }
            "discard" | "remove" => {
                let item = given.one(name)?;
                let found = set.items.borrow_mut().shift_remove(&operators::key(&item)?);
                if !found && name == "remove" {
                    return key_error(item);
                }
            }
            "clear" => set.items.borrow_mut().clear(),
            "pop" => {
                return super::fault::unsupported("`pop` of a set, which takes any element,");
            }
            "update" => {
                for iterable in given.positional {
                    let keys = self.keys(&iterable)?;
                    set.items.borrow_mut().extend(keys);
                }
            }
            "copy" => return Ok(Value::set(set.items.borrow().iter().cloned())),
            "union" | "intersection" | "difference" | "symmetric_difference" => {
                let mut items = set.items.borrow().clone();
                for iterable in given.positional {
                    let other: indexmap::IndexSet<Key, rustc_hash::FxBuildHasher> =
                        self.keys(&iterable)?.into_iter().collect();
                    items = match name {
                        "union" => items.union(&other).cloned().collect(),
                        "intersection" => items.intersection(&other).cloned().collect(),
                        "difference" => items.difference(&other).cloned().collect(),
                        _ => items.symmetric_difference(&other).cloned().collect(),
                    };
                }
                return Ok(Value::set(items));
            }
            "issubset" | "issuperset" | "isdisjoint" => {
                let other: indexmap::IndexSet<Key, rustc_hash::FxBuildHasher> =
                    self.keys(&given.one(name)?)?.into_iter().collect();
                let items = set.items.borrow();
                return Ok(Value::Bool(match name {
                    "issubset" => items.is_subset(&other),
                    "issuperset" => items.is_superset(&other),
                    _ => items.is_disjoint(&other),
                }));
            }
            other => return no_method("set", other),
        }
        Ok(Value::None)
    }

    fn keys(&mut self, iterable: &Value) -> Outcome<Vec<Key>> {
        self.collect(iterable)?.iter().map(operators::key).collect()
    }
}
