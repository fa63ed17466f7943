//! Attributes of objects, and where the methods of each type are.

use std::rc::Rc;

use super::fault::{Outcome, raise, unsupported};
use super::library::{Given, hash, regex};
use super::machine::Machine;
use super::value::Value;

impl Machine<'_> {
    /// Evaluates `object.name`.
    pub(super) fn attribute(&mut self, object: &Value, name: &str) -> Outcome<Value> {
        let found = match object {
            Value::Moment(moment) => moment.attribute(name),
            Value::Delta(delta) => delta.attribute(name),
            Value::Response(response) => return response.attribute(self, name),
            Value::Exception(exception) if name == "args" => Some(Value::tuple(exception.arguments.clone())),
            Value::Class(class) if name == "__name__" => Some(Value::text(class.name())),
            Value::Function(closure) if name == "__name__" => {
                Some(Value::text(self.program.codes[closure.code].name.as_str()))
            }
            _ => None,
        };
        if let Some(value) = found {
            return Ok(value);
        }
        if name.starts_with("__") {
            return unsupported(format!("`{name}`"));
        }
        if has_method(object, name) {
            return Ok(Value::Method(Rc::new((object.clone(), name.into()))));
        }
        raise("AttributeError", format!("'{}' object has no attribute '{name}'", object.type_name()))
    }

    pub(super) fn set_attribute(&mut self, object: &Value, name: &str, value: Value) -> Outcome<()> {
        match object {
            Value::Response(response) => response.set_attribute(name, &value),
            other => {
                raise("AttributeError", format!("'{}' object has no attribute '{name}'", other.type_name()))
            }
        }
    }

    /// Calls `object.name(...)`.
    pub(super) fn call_method(&mut self, object: &Value, name: &str, given: Given) -> Outcome<Value> {
        self.step()?;
        match object {
            Value::Text(text) => self.text_method(text, name, given),
            Value::Bytes(bytes) => self.bytes_method(bytes, name, given),
            Value::List(list) => self.list_method(list, name, given),
            Value::Tuple(items) => self.sequence_method(items, name, given),
            Value::Dict(dict) => self.dict_method(dict, name, given),
            Value::Set(set) => self.set_method(set, name, given),
            Value::Moment(moment) => moment.method(self, name, given),
            Value::Delta(delta) => delta.method(name),
            Value::Pattern(pattern) => regex::method(self, pattern, name, given),
            Value::Found(found) => found.method(name, given),
            Value::Response(response) => response.method(self, name, given),
            Value::Digest(digest) => hash::digest_method(self, digest, name),
            Value::Float(number) if name == "is_integer" => {
                Ok(Value::Bool(number.is_finite() && number.fract() == 0.0))
            }
            Value::Iterator(_) if name == "close" => Ok(Value::None),
            other => {
                raise("AttributeError", format!("'{}' object has no attribute '{name}'", other.type_name()))
            }
        }
    }
}

/// Returns whether a method can be taken from an object without a call.
fn has_method(object: &Value, name: &str) -> bool {
    let names: &[&str] = match object {
        Value::Text(_) => &super::methods::TEXT,
        Value::List(_) => &super::containers::LIST,
        Value::Dict(_) => &super::containers::DICT,
        Value::Set(_) => &super::containers::SET,
        Value::Moment(_) => &["isoformat", "strftime", "timestamp", "date", "replace"],
        Value::Pattern(_) => &["search", "match", "fullmatch", "findall", "finditer", "sub", "split"],
        Value::Found(_) => &["group", "groups", "groupdict", "start", "end", "span"],
        _ => &[],
    };
    names.contains(&name)
}
