//! Lets go of values without recursion: a list in a list in a list, a million levels deep, must not overflow the stack
//! when it is dropped.

use std::rc::Rc;

use super::value::{Closure, Dict, Exception, Iterating, List, Tuple, Value};

fn is_container(value: &Value) -> bool {
    matches!(
        value,
        Value::List(_)
            | Value::Tuple(_)
            | Value::Dict(_)
            | Value::Function(_)
            | Value::Iterator(_)
            | Value::Exception(_)
            | Value::Method(_)
    )
}

/// Drops values level by level.
fn unwind(mut pending: Vec<Value>) {
    if !pending.iter().any(is_container) {
        return;
    }
    while let Some(value) = pending.pop() {
        match value {
            Value::List(list) => {
                pending.extend(Rc::into_inner(list).map(|list| list.items.take()).into_iter().flatten());
            }
            Value::Tuple(tuple) => {
                if let Some(mut tuple) = Rc::into_inner(tuple) {
                    pending.append(&mut tuple.items);
                }
            }
            Value::Dict(dict) => {
                if let Some(dict) = Rc::into_inner(dict) {
                    pending.extend(dict.entries.take().into_values());
                }
            }
            Value::Function(closure) => {
                if let Some(mut closure) = Rc::into_inner(closure) {
                    pending.append(&mut closure.defaults);
                }
            }
            Value::Iterator(iterating) => {
                if let Some(iterating) = Rc::into_inner(iterating) {
                    pending.extend(iterating.items.take());
                }
            }
            Value::Exception(exception) => {
                if let Some(mut exception) = Rc::into_inner(exception) {
                    pending.append(&mut exception.arguments);
                }
            }
            Value::Method(method) => pending.extend(Rc::into_inner(method).map(|(object, _)| object)),
            _ => {} // Holds no other values.
        }
    }
}

impl Drop for List {
    fn drop(&mut self) {
        unwind(self.items.take());
    }
}

impl Drop for Tuple {
    fn drop(&mut self) {
        unwind(std::mem::take(&mut self.items));
    }
}

impl Drop for Dict {
    fn drop(&mut self) {
        unwind(self.entries.take().into_values().collect());
    }
}

impl Drop for Closure {
    fn drop(&mut self) {
        unwind(std::mem::take(&mut self.defaults));
    }
}

impl Drop for Iterating {
    fn drop(&mut self) {
        unwind(self.items.take().collect());
    }
}

impl Drop for Exception {
    fn drop(&mut self) {
        unwind(std::mem::take(&mut self.arguments));
    }
}
