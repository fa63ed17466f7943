//! Python's own functions, as far as configs are made with them.

use ruff_python_ast::ExprCall;
use ruff_text_size::Ranged;
use spile_core::{Key, Node, Value};

use super::interpret::Interpreter;
use super::object::{Object, replace};
use super::span;
use crate::resolve::scalar_text;

/// Longest `range`.
const RANGE_MAX: i64 = 100_000;

impl<'p> Interpreter<'p, '_> {
    pub(super) fn builtin(&mut self, name: &str, call: &'p ExprCall) -> Option<Object<'p>> {
        let at = span(self.reading, call.range());
        if name == "print" {
            return self.printed(call);
        }
        if name == "dict" {
            return self.dict_call(call);
        }
        let arguments = self.arguments(call)?;
        let plain = call.arguments.keywords.is_empty();
        let node = |value| Some(Object::Node(Node::new(value, at.clone())));
        match (name, arguments.as_slice()) {
            ("str", [value]) if plain => Some(Object::Node(self.written(value, call)?)),
            ("int" | "float", [Object::Node(found)]) if plain => match number(name, &found.value) {
                Some(value) => node(value),
                None => self.refuse_expression(&format!("`{name}` of {}", found.kind()), call),
            },
            ("bool", [value]) => {
                let first = call.arguments.args.first()?;
                self.object_truth(Some(value), first).and_then(|truth| node(Value::Bool(truth)))
            }
            ("len", [Object::List(items, _)]) => node(Value::Int(items.borrow().len() as i64)),
            ("len", [Object::Map(entries, _)]) => node(Value::Int(entries.borrow().len() as i64)),
            ("len", [value]) if value.as_text().is_some() => {
                node(Value::Int(value.as_text().map_or(0, |text| text.chars().count()) as i64))
            }
            ("list" | "tuple", []) => Some(Object::list(Vec::new(), at)),
            // The rows of a source exist only at run time.
            (_, [Object::Source | Object::Part | Object::Opaque]) | ("Exception" | "ValueError", _) => {
                Some(Object::Opaque)
            }
            ("list" | "tuple", [value]) => Some(Object::list(self.iterate(value, call)?, at)),
            ("reversed", [value]) => {
                let mut items = self.iterate(value, call)?;
                items.reverse();
                Some(Object::list(items, at))
            }
            ("sorted", [value]) if plain => self.sorted(value, call),
            ("range", _) => self.range(&arguments, call),
            ("enumerate", [value]) => {
                let start = match call.arguments.keywords.first() {
                    Some(keyword) => self.evaluate_node(&keyword.value)?.value,
                    None => Value::Int(0),
                };
                let Value::Int(start) = start else { return self.refuse_expression("this start", call) };
                let items = self.iterate(value, call)?;
                let pair = |(index, item)| {
                    let index = Node::new(Value::Int(index), at.clone());
                    Object::list(vec![Object::Node(index), item], at.clone())
                };
                Some(Object::list((start..).zip(items).map(pair).collect(), at.clone()))
            }
            ("zip", [left, right]) => {
                let (left, right) = (self.iterate(left, call)?, self.iterate(right, call)?);
                let pairs = left.into_iter().zip(right);
                let pairs = pairs.map(|(left, right)| Object::list(vec![left, right], at.clone())).collect();
                Some(Object::list(pairs, at.clone()))
            }
            _ => self.refuse_expression(&format!("`{name}` with these arguments"), call),
        }
    }

    fn range(&mut self, arguments: &[Object<'p>], call: &ExprCall) -> Option<Object<'p>> {
        let at = span(self.reading, call.range());
        let mut numbers = Vec::new();
        for argument in arguments {
            match argument {
                Object::Node(Node { value: Value::Int(number), .. }) => numbers.push(*number),
                _ => return self.refuse_expression("a range of anything but whole numbers", call),
            }
        }
        let (start, end, step) = match numbers.as_slice() {
            [end] => (0, *end, 1),
            [start, end] => (*start, *end, 1),
            [start, end, step] if *step != 0 => (*start, *end, *step),
            _ => return self.refuse_expression("this range", call),
        };
        let mut items = Vec::new();
        let mut number = start;
        while if step > 0 { number < end } else { number > end } {
            if items.len() as i64 >= RANGE_MAX {
                return self.refuse_expression("a range this long", call);
            }
            items.push(Object::Node(Node::new(Value::Int(number), at.clone())));
            number = number.saturating_add(step);
        }
        self.work += items.len();
        Some(Object::list(items, at))
    }

    fn sorted(&mut self, value: &Object<'p>, call: &ExprCall) -> Option<Object<'p>> {
        let at = span(self.reading, call.range());
        let mut items = self.iterate(value, call)?;
        if !items.iter().all(|item| item.as_text().is_some()) {
            return self.refuse_expression("sorting anything but texts", call);
        }
        items.sort_by(|left, right| left.as_text().cmp(&right.as_text()));
        Some(Object::list(items, at))
    }

    /// Writes an object as Python's `str` does.
    pub(super) fn written(&mut self, object: &Object<'p>, at: &impl Ranged) -> Option<Node> {
        let place = span(self.reading, at.range());
        match object {
            Object::Node(node) => match &node.value {
                Value::Reference(_) | Value::Concat(_) => Some(node.clone()),
                Value::Null => self.refuse_expression("None in a text", at),
                value => {
                    let text = scalar_text(value)?;
                    Some(Node::new(Value::String(text), place))
                }
            },
            Object::Moment(moment) => Some(Node::new(Value::String(moment.iso(' ')), place)),
            Object::Unknown => None,
            other => self.refuse_expression(&format!("{} in a text", other.kind()), at),
        }
    }

    /// What is printed does not matter, what is called while printing does.
    fn printed(&mut self, call: &'p ExprCall) -> Option<Object<'p>> {
        for argument in call.arguments.args.iter().filter(|argument| argument.is_call_expr()) {
            if self.has_run {
                break;
            }
            let _printed = self.evaluate(argument)?;
        }
        Some(Object::Opaque)
    }

    /// Evaluates `dict(...)` and the constructors of dlt's typed dicts.
    pub(super) fn dict_call(&mut self, call: &'p ExprCall) -> Option<Object<'p>> {
        let mut entries: Vec<(Key, Object<'p>)> = Vec::new();
        for argument in &call.arguments.args {
            match self.evaluate(argument)? {
                Object::Map(more, _) => {
                    more.borrow().iter().for_each(|entry| replace(&mut entries, entry.clone()));
                }
                _ => return self.refuse_expression("`dict` of anything but a dict", argument),
            }
        }
        for keyword in &call.arguments.keywords {
            for (name, value) in self.keyword(keyword)? {
                let key = Key { name, span: span(self.reading, keyword.range()) };
                replace(&mut entries, (key, value));
            }
        }
        Some(Object::map(entries, span(self.reading, call.range())))
    }
}

fn number(name: &str, value: &Value) -> Option<Value> {
    match (name, value) {
        ("int", Value::Int(number)) => Some(Value::Int(*number)),
        ("int", Value::Float(number)) if number.abs() < 9e15 => Some(Value::Int(number.trunc() as i64)),
        ("int", Value::String(text)) => text.trim().parse().ok().map(Value::Int),
        ("int", Value::Bool(boolean)) => Some(Value::Int(i64::from(*boolean))),
        ("float", Value::Int(number)) => Some(Value::Float(*number as f64)),
        ("float", Value::Float(number)) => Some(Value::Float(*number)),
        ("float", Value::String(text)) => {
            text.trim().parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
        }
        _ => None,
    }
}
