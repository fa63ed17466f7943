//! Expressions. Each evaluates to an object, or to nothing after a finding said why.

use ruff_python_ast::{BoolOp, Expr, ExprDict, Number};
use ruff_text_size::Ranged;
use spile_core::{Key, Node, Reference, Store, Value};

use super::interpret::{Interpreter, Object};
use super::{describe, span, unsupported};
use crate::dialects::duplicate_key;
use crate::dialects::placeholder::missing_variable;

/// Deepest nesting of expressions, operators in a row included.
const DEPTH_MAX: usize = 400;

/// Most expressions and copied nodes, about a hundred times what a large config takes.
const WORK_MAX: usize = 2_000_000;

impl<'p> Interpreter<'p, '_> {
    /// Evaluates an expression that must be part of a config.
    pub(super) fn evaluate_node(&mut self, expression: &'p Expr) -> Option<Node> {
        match self.evaluate(expression)? {
            Object::Node(node) => Some(node),
            Object::Unknown => None,
            Object::Path(_) | Object::Function(_) | Object::Source | Object::Pipeline | Object::Opaque => {
                let what = match expression {
                    Expr::Name(name) => format!("`{}`", name.id),
                    other => describe(other).to_owned(),
                };
                self.refuse(&what, expression);
                None
            }
        }
    }

    /// Evaluates an expression, up to a depth that no config reaches.
    pub(super) fn evaluate(&mut self, expression: &'p Expr) -> Option<Object<'p>> {
        if self.depth >= DEPTH_MAX {
            return self.refuse_expression("an expression nested this deeply", expression);
        }
        self.depth += 1;
        let object = self.evaluate_shallow(expression);
        self.depth -= 1;
        // Names that double with every line would fill the memory before anybody notices.
        self.work += match &object {
            Some(Object::Node(node)) if expression.is_name_expr() => weight(node),
            _ => 1,
        };
        if self.work > WORK_MAX {
            return self.refuse_expression("a script that computes so much", expression);
        }
        object
    }

    fn evaluate_shallow(&mut self, expression: &'p Expr) -> Option<Object<'p>> {
        let at = span(self.reading, expression.range());
        let node = |value| Some(Object::Node(Node::new(value, at.clone())));
        match expression {
            Expr::NoneLiteral(_) => node(Value::Null),
            Expr::BooleanLiteral(literal) => node(Value::Bool(literal.value)),
            Expr::StringLiteral(literal) => node(Value::String(literal.value.to_str().to_owned())),
            Expr::NumberLiteral(literal) => match &literal.value {
                Number::Int(number) => match number.as_i64() {
                    Some(number) => node(Value::Int(number)),
                    None => self.refuse_expression("a number beyond 64 bits", expression),
                },
                Number::Float(number) => node(Value::Float(*number)),
                Number::Complex { .. } => self.refuse_expression("a complex number", expression),
            },
            Expr::FString(string) => self.f_string(string).map(Object::Node),
            Expr::List(list) => self.items(&list.elts).and_then(|items| node(Value::List(items))),
            Expr::Tuple(tuple) => self.items(&tuple.elts).and_then(|items| node(Value::List(items))),
            Expr::Dict(dict) => self.dict(dict).and_then(|entries| node(Value::Map(entries))),
            Expr::Name(name) => self.name(name.id.as_str(), expression),
            Expr::Attribute(attribute) => {
                let base = self.evaluate(&attribute.value)?;
                self.attribute(base, attribute.attr.as_str(), expression)
            }
            Expr::Subscript(subscript) => {
                let base = self.evaluate(&subscript.value)?;
                self.subscript(base, &subscript.slice, expression)
            }
            Expr::Call(call) => self.evaluate_call(call),
            Expr::BinOp(operation) => self.operation(operation, expression),
            Expr::UnaryOp(operation) => self.unary(operation, expression),
            Expr::BoolOp(operation) => {
                let stop_at = operation.op == BoolOp::Or;
                let mut value = None;
                for operand in &operation.values {
                    value = Some(self.evaluate(operand)?);
                    if self.object_truth(value.as_ref(), operand)? == stop_at {
                        break;
                    }
                }
                value
            }
            Expr::If(conditional) => {
                let taken = self.truth(&conditional.test)?;
                self.evaluate(if taken { &conditional.body } else { &conditional.orelse })
            }
            Expr::YieldFrom(inner) => self.evaluate(&inner.value),
            Expr::Yield(inner) => match &inner.value {
                Some(value) => self.evaluate(value),
                None => self.refuse_expression("an empty `yield`", expression),
            },
            other => self.refuse_expression(describe(other), expression),
        }
    }

    fn items(&mut self, elements: &'p [Expr]) -> Option<Vec<Node>> {
        let mut items = Vec::with_capacity(elements.len());
        let mut complete = true;
        for element in elements {
            match element {
                Expr::Starred(starred) => match self.evaluate_node(&starred.value) {
                    Some(Node { value: Value::List(more), .. }) => items.extend(more),
                    Some(_) => {
                        self.refuse("an unpacking of anything but a list", element);
                        complete = false;
                    }
                    None => complete = false,
                },
                _ => match self.evaluate_node(element) {
                    Some(node) => items.push(node),
                    None => complete = false,
                },
            }
        }
        complete.then_some(items)
    }

    /// Evaluates a dict. As in Python the last of two equal keys wins; that it is written twice is surely not meant.
    fn dict(&mut self, dict: &'p ExprDict) -> Option<Vec<(Key, Node)>> {
        let mut entries: Vec<(Key, Node)> = Vec::with_capacity(dict.items.len());
        let mut complete = true;
        for item in &dict.items {
            let value = self.evaluate_node(&item.value);
            let Some(key) = &item.key else {
                match value {
                    Some(Node { value: Value::Map(more), .. }) => {
                        for entry in more {
                            replace(&mut entries, entry);
                        }
                    }
                    Some(_) => {
                        self.refuse("an unpacking of anything but a dict", &item.value);
                        complete = false;
                    }
                    None => complete = false,
                }
                continue;
            };
            let name = match self.evaluate_node(key) {
                Some(Node { value: Value::String(name), .. }) => name,
                Some(_) => {
                    self.refuse("a key that is not a string", key);
                    complete = false;
                    continue;
                }
                None => {
                    complete = false;
                    continue;
                }
            };
            let key = Key { name, span: span(self.reading, key.range()) };
            let written = |(existing, _): &&(Key, Node)| existing.name == key.name;
            if let Some((first, _)) = entries.iter().find(written)
                && dict.items.iter().any(|other| other.key.as_ref().is_some_and(|other| is_at(other, first)))
            {
                duplicate_key(&key, first, self.diagnostics);
            }
            match value {
                Some(value) => replace(&mut entries, (key, value)),
                None => complete = false,
            }
        }
        complete.then_some(entries)
    }

    fn name(&mut self, name: &str, expression: &Expr) -> Option<Object<'p>> {
        match self.lookup(name) {
            Some(Object::Unknown) => return None,
            Some(bound) => return Some(bound),
            None => {}
        }
        match name {
            // Documents often leave the imports out.
            "dlt" | "os" => Some(Object::Path(name.to_owned())),
            "rest_api_source" | "rest_api_resources" => {
                Some(Object::Path(format!("dlt.sources.rest_api.{name}")))
            }
            "print" | "dict" | "str" => Some(Object::Path(format!("builtins.{name}"))),
            "max" | "min" => {
                let value = Value::String(name.to_owned());
                Some(Object::Node(Node::new(value, span(self.reading, expression.range()))))
            }
            "__name__" => {
                let value = Value::String("__main__".to_owned());
                Some(Object::Node(Node::new(value, span(self.reading, expression.range()))))
            }
            _ => {
                self.refuse(&format!("the unknown name `{name}`"), expression);
                None
            }
        }
    }

    fn attribute(&mut self, base: Object<'p>, name: &str, expression: &Expr) -> Option<Object<'p>> {
        match base {
            Object::Path(path)
                if name == "value" && matches!(path.as_str(), "dlt.secrets" | "dlt.config") =>
            {
                self.diagnostics.push(
                    unsupported(self.reading, &format!("`{path}.value` in this place"), expression).hint(
                        format!("Write {path}[\"key\"]; dlt injects .value into arguments of sources only."),
                    ),
                );
                None
            }
            Object::Path(path) => Some(Object::Path(format!("{path}.{name}"))),
            Object::Unknown => None,
            Object::Opaque | Object::Source | Object::Pipeline => Some(Object::Opaque),
            Object::Node(_) | Object::Function(_) => self.refuse_expression("this attribute", expression),
        }
    }

    fn subscript(&mut self, base: Object<'p>, index: &'p Expr, expression: &Expr) -> Option<Object<'p>> {
        if matches!(base, Object::Opaque | Object::Source | Object::Pipeline) {
            return Some(Object::Opaque);
        }
        let index = self.evaluate_node(index)?;
        let at = span(self.reading, expression.range());
        match (base, index.value) {
            (Object::Path(path), Value::String(key)) => self.stored(&path, key, expression),
            (Object::Node(Node { value: Value::Reference(reference), .. }), Value::String(key)) => {
                let key = format!("{}.{key}", reference.key);
                Some(Object::Node(Node::new(Value::Reference(Reference { key, ..reference }), at)))
            }
            (Object::Node(node), Value::String(key)) => match node.get(&key) {
                Some(found) => Some(Object::Node(found.clone())),
                None => self.refuse_expression(&format!("the missing key `{key}`"), expression),
            },
            (Object::Node(Node { value: Value::List(items), .. }), Value::Int(index)) => {
                let index = if index < 0 { index + items.len() as i64 } else { index };
                match usize::try_from(index).ok().and_then(|index| items.get(index)) {
                    Some(found) => Some(Object::Node(found.clone())),
                    None => self.refuse_expression("an index outside the list", expression),
                }
            }
            _ => self.refuse_expression("this subscript", expression),
        }
    }

    /// Evaluates `dlt.secrets["a.b"]`, `dlt.config["a.b"]` and `os.environ["A"]`.
    pub(super) fn stored(&mut self, path: &str, key: String, expression: &Expr) -> Option<Object<'p>> {
        let at = span(self.reading, expression.range());
        let value = match path {
            "dlt.secrets" => Value::Reference(Reference { store: Store::Secrets, key }),
            "dlt.config" => Value::Reference(Reference { store: Store::Config, key }),
            "os.environ" => {
                let Some(value) = self.reading.environment.variables.get(&key) else {
                    self.diagnostics.push(missing_variable(&key).at(&at));
                    return None;
                };
                Value::String(value.clone())
            }
            _ => return self.refuse_expression("this subscript", expression),
        };
        Some(Object::Node(Node::new(value, at)))
    }

    /// Returns the imported path that an expression names, if it names one.
    pub(super) fn dotted(&self, expression: &Expr) -> Option<String> {
        match expression {
            Expr::Name(name) => match self.lookup(name.id.as_str()) {
                Some(Object::Path(path)) => Some(path),
                Some(_) => None,
                None => (name.id.as_str() == "dlt").then(|| "dlt".to_owned()),
            },
            Expr::Attribute(attribute) => {
                let Expr::Name(_) = &*attribute.value else { return None };
                Some(format!("{}.{}", self.dotted(&attribute.value)?, attribute.attr))
            }
            _ => None,
        }
    }

    pub(super) fn refuse_expression<T>(&mut self, what: &str, expression: &impl Ranged) -> Option<T> {
        self.refuse(what, expression);
        None
    }
}

/// Returns what a copy of a node costs.
fn weight(node: &Node) -> usize {
    match &node.value {
        Value::String(text) => 1 + text.len() / 64,
        Value::List(items) | Value::Concat(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|(_, node)| weight(node)).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Reference(_) => 1,
    }
}

fn is_at(expression: &Expr, key: &Key) -> bool {
    expression.range().start().to_usize() == key.span.start
}

/// Puts an entry in place of the one with its key, or at the end.
pub(super) fn replace(entries: &mut Vec<(Key, Node)>, entry: (Key, Node)) {
    match entries.iter_mut().find(|(key, _)| key.name == entry.0.name) {
        Some(existing) => *existing = entry,
        None => entries.push(entry),
    }
}
