//! Methods of texts, lists and dicts that scripts build configs with.

use ruff_python_ast::ExprCall;
use ruff_text_size::Ranged;
use spile_core::{Key, Node, Span, Value};

use super::evaluate::position;
use super::interpret::Interpreter;
use super::object::{Entries, Items, Object, replace};
use super::{span, strings};
use crate::interpolate::{self, Piece};

impl<'p> Interpreter<'p, '_> {
    /// Evaluates the plain arguments of a call.
    pub(super) fn arguments(&mut self, call: &'p ExprCall) -> Option<Vec<Object<'p>>> {
        let mut arguments = Vec::with_capacity(call.arguments.args.len());
        for argument in &call.arguments.args {
            if argument.is_starred_expr() {
                return self.refuse_expression("an unpacking of arguments", argument);
            }
            arguments.push(self.evaluate(argument)?);
        }
        Some(arguments)
    }

    /// Calls a method of a dict.
    pub(super) fn map_method(
        &mut self,
        entries: &Entries<'p>,
        method: &str,
        call: &'p ExprCall,
    ) -> Option<Object<'p>> {
        let at = span(self.reading, call.range());
        if method == "update" {
            return self.update(entries, call);
        }
        let arguments = self.arguments(call)?;
        let named = |name: &str| entries.borrow().iter().find(|(key, _)| key.name == name).cloned();
        let null = || Object::Node(Node::new(Value::Null, at.clone()));
        let key = arguments.first().and_then(Object::as_text);
        match (method, key) {
            ("get", Some(key)) => Some(
                named(key).map_or_else(|| arguments.get(1).cloned().unwrap_or_else(null), |(_, found)| found),
            ),
            ("setdefault", Some(key)) => {
                if let Some((_, found)) = named(key) {
                    return Some(found);
                }
                let value = arguments.get(1).cloned().unwrap_or_else(null);
                entries.borrow_mut().push((Key { name: key.to_owned(), span: at }, value.clone()));
                Some(value)
            }
            ("pop", Some(key)) => {
                match named(key).map(|(_, found)| found).or_else(|| arguments.get(1).cloned()) {
                    Some(found) => {
                        entries.borrow_mut().retain(|(existing, _)| existing.name != key);
                        Some(found)
                    }
                    None => self.refuse_expression(&format!("the missing key `{key}`"), call),
                }
            }
            ("copy", None) => {
                self.work += entries.borrow().len();
                Some(Object::map(entries.borrow().clone(), at))
            }
            ("keys" | "values" | "items", None) => {
                let part = |(key, value): &(Key, Object<'p>)| {
                    let name = Object::text(key.name.clone(), key.span.clone());
                    match method {
                        "keys" => name,
                        "values" => value.clone(),
                        _ => Object::list(vec![name, value.clone()], key.span.clone()),
                    }
                };
                self.work += entries.borrow().len();
                Some(Object::list(entries.borrow().iter().map(part).collect(), at))
            }
            _ => {
                self.refuse_expression(&format!("the method `{method}` of a dict with these arguments"), call)
            }
        }
    }

    fn update(&mut self, entries: &Entries<'p>, call: &'p ExprCall) -> Option<Object<'p>> {
        for argument in &call.arguments.args {
            let Object::Map(more, _) = self.evaluate(argument)? else {
                return self.refuse_expression("`update` with anything but a dict", argument);
            };
            let more = more.borrow().clone();
            self.work += more.len();
            for entry in more {
                replace(&mut entries.borrow_mut(), entry);
            }
        }
        for keyword in &call.arguments.keywords {
            for (name, value) in self.keyword(keyword)? {
                let key = Key { name, span: span(self.reading, keyword.range()) };
                replace(&mut entries.borrow_mut(), (key, value));
            }
        }
        Some(Object::Node(Node::new(Value::Null, span(self.reading, call.range()))))
    }

    /// Calls a method of a list.
    pub(super) fn list_method(
        &mut self,
        items: &Items<'p>,
        method: &str,
        call: &'p ExprCall,
    ) -> Option<Object<'p>> {
        let at = span(self.reading, call.range());
        let arguments = self.arguments(call)?;
        let done = || Some(Object::Node(Node::new(Value::Null, at.clone())));
        match (method, arguments.as_slice()) {
            ("append", [item]) => {
                items.borrow_mut().push(item.clone());
                done()
            }
            ("extend", [more]) => {
                let more = self.iterate(more, call)?;
                self.work += more.len();
                items.borrow_mut().extend(more);
                done()
            }
            ("insert", [Object::Node(index), item]) => {
                let length = items.borrow().len();
                let Value::Int(index) = index.value else {
                    return self.refuse_expression("an index that is no number", call);
                };
                let index = position(index, length).unwrap_or(if index < 0 { 0 } else { length });
                items.borrow_mut().insert(index, item.clone());
                done()
            }
            ("pop", []) if !items.borrow().is_empty() => items.borrow_mut().pop(),
            ("copy", []) => {
                self.work += items.borrow().len();
                Some(Object::list(items.borrow().clone(), at))
            }
            ("reverse", []) => {
                items.borrow_mut().reverse();
                done()
            }
            _ => {
                self.refuse_expression(&format!("the method `{method}` of a list with these arguments"), call)
            }
        }
    }

    /// Calls a method of a text.
    pub(super) fn text_method(
        &mut self,
        text: &Node,
        method: &str,
        call: &'p ExprCall,
    ) -> Option<Object<'p>> {
        let at = span(self.reading, call.range());
        let Value::String(text) = &text.value else {
            return self.refuse_expression(&format!("the method `{method}` of {}", text.kind()), call);
        };
        if method == "format" {
            return self.format(text, call, at);
        }
        let arguments = self.arguments(call)?;
        if let ("join", [Object::List(items, _)]) = (method, arguments.as_slice()) {
            let mut parts = Vec::new();
            for (index, item) in items.borrow().iter().enumerate() {
                let Object::Node(node) = item else {
                    return self.refuse_expression("a join of anything but texts", call);
                };
                if index > 0 {
                    parts.push(Node::new(Value::String(text.clone()), at.clone()));
                }
                parts.push(node.clone());
            }
            return Some(Object::Node(strings::join(parts, at)));
        }
        let words: Vec<&str> = arguments.iter().filter_map(Object::as_text).collect();
        if words.len() != arguments.len() {
            return self.refuse_expression(&format!("the method `{method}` with these arguments"), call);
        }
        let truth = |truth: bool| Object::Node(Node::new(Value::Bool(truth), at.clone()));
        let plain = |text: String| Object::text(text, at.clone());
        let object = match (method, words.as_slice()) {
            ("upper", []) => plain(text.to_uppercase()),
            ("lower", []) => plain(text.to_lowercase()),
            ("strip", []) => plain(text.trim().to_owned()),
            ("lstrip", []) => plain(text.trim_start().to_owned()),
            ("rstrip", []) => plain(text.trim_end().to_owned()),
            ("strip", [set]) => plain(text.trim_matches(|found| set.contains(found)).to_owned()),
            ("lstrip", [set]) => plain(text.trim_start_matches(|found| set.contains(found)).to_owned()),
            ("rstrip", [set]) => plain(text.trim_end_matches(|found| set.contains(found)).to_owned()),
            ("removeprefix", [part]) => plain(text.strip_prefix(part).unwrap_or(text).to_owned()),
            ("removesuffix", [part]) => plain(text.strip_suffix(part).unwrap_or(text).to_owned()),
            ("replace", [from, to]) if !from.is_empty() => plain(text.replace(from, to)),
            ("startswith", [part]) => truth(text.starts_with(part)),
            ("endswith", [part]) => truth(text.ends_with(part)),
            ("split", []) => {
                Object::list(text.split_whitespace().map(|part| plain(part.to_owned())).collect(), at.clone())
            }
            ("split", [separator]) if !separator.is_empty() => {
                Object::list(text.split(separator).map(|part| plain(part.to_owned())).collect(), at.clone())
            }
            _ => {
                return self.refuse_expression(
                    &format!("the method `{method}` of a text with these arguments"),
                    call,
                );
            }
        };
        self.work += text.len() / 64;
        Some(object)
    }

    /// Evaluates `"{}/{name}".format(...)` without format specs.
    fn format(&mut self, text: &str, call: &'p ExprCall, at: Span) -> Option<Object<'p>> {
        let positional = self.arguments(call)?;
        let mut named = Vec::new();
        for keyword in &call.arguments.keywords {
            named.extend(self.keyword(keyword)?);
        }
        let Ok(pieces) = interpolate::split(text) else {
            return self.refuse_expression("a format with these braces", call);
        };
        let mut next = 0;
        let mut parts = Vec::new();
        for piece in pieces {
            let field = match piece {
                Piece::Text(text) => {
                    parts.push(Node::new(Value::String(text), at.clone()));
                    continue;
                }
                Piece::Field(field) => field,
            };
            let found = if field.is_empty() {
                next += 1;
                positional.get(next - 1)
            } else if let Ok(index) = field.parse::<usize>() {
                positional.get(index)
            } else {
                named.iter().find(|(name, _)| name == field).map(|(_, value)| value)
            };
            let Some(found) = found else {
                return self.refuse_expression(&format!("the field `{{{field}}}`"), call);
            };
            parts.push(self.written(found, call)?);
        }
        Some(Object::Node(strings::join(parts, at)))
    }
}
