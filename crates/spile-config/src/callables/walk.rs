//! Walking over things: `for`, comprehensions, and all functions that take an iterable.

use std::rc::Rc;

use super::fault::{Fault, Outcome, raise};
use super::machine::Machine;
use super::value::{Iterating, Key, List, Range, Value};

/// A walk that is under way.
pub(super) enum Walk {
    /// The list is looked at as it is when its turn comes, as in Python.
    List(Rc<List>, usize),
    Items(std::vec::IntoIter<Value>),
    Range(Range, i128),
    Iterator(Rc<Iterating>),
}

impl Machine<'_> {
    /// Begins to walk over a value.
    pub(super) fn walk(&mut self, value: &Value) -> Outcome<Walk> {
        Ok(match value {
            Value::List(list) => Walk::List(Rc::clone(list), 0),
            Value::Range(range) => Walk::Range(**range, 0),
            Value::Iterator(iterating) => Walk::Iterator(Rc::clone(iterating)),
            Value::Tuple(items) => Walk::Items(items.items.clone().into_iter()),
            Value::Dict(dict) => {
                let keys: Vec<Value> = dict.entries.borrow().keys().map(Key::value).collect();
                self.take_items(keys.len())?;
                Walk::Items(keys.into_iter())
            }
            Value::Set(set) => {
                let items: Vec<Value> = set.items.borrow().iter().map(Key::value).collect();
                self.take_items(items.len())?;
                Walk::Items(items.into_iter())
            }
            Value::Text(text) => {
                self.take_items(text.len())?;
                let characters: Vec<Value> =
                    text.chars().map(|character| Value::text(character.to_string())).collect();
                Walk::Items(characters.into_iter())
            }
            Value::Bytes(bytes) => {
                self.take_items(bytes.len())?;
                let numbers: Vec<Value> = bytes.iter().map(|byte| Value::Int(i128::from(*byte))).collect();
                Walk::Items(numbers.into_iter())
            }
            other => return raise("TypeError", format!("'{}' object is not iterable", other.type_name())),
        })
    }

    /// Takes the next item.
    pub(super) fn next(&mut self, walk: &mut Walk) -> Outcome<Option<Value>> {
        Ok(match walk {
            Walk::List(list, index) => {
                let item = list.items.borrow().get(*index).cloned();
                *index += 1;
                item
            }
            Walk::Items(items) => items.next(),
            Walk::Range(range, index) => {
                let item = range.get(*index).map(Value::Int);
                *index += 1;
                item
            }
            Walk::Iterator(iterating) => match iterating.items.borrow_mut().next() {
                Some(item) => Some(item),
                None => match iterating.ends_with.borrow_mut().take() {
                    Some(exception) => return Err(Fault::Raised(exception)),
                    None => None,
                },
            },
        })
    }

    /// Returns all that is left to walk over.
    pub(super) fn collect(&mut self, value: &Value) -> Outcome<Vec<Value>> {
        match value {
            Value::List(list) => {
                let items = list.items.borrow().clone();
                self.take_items(items.len())?;
                return Ok(items);
            }
            Value::Range(range) => {
                let length = usize::try_from(range.len()).unwrap_or(usize::MAX);
                // Before a list of a thousand million numbers is begun.
                self.take_items(length)?;
            }
            _ => {}
        }
        let mut walk = self.walk(value)?;
        let mut items = Vec::new();
        while let Some(item) = self.next(&mut walk)? {
            self.step()?;
            items.push(item);
        }
        self.take_items(items.len())?;
        Ok(items)
    }
}
