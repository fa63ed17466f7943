//! Expressions. Each evaluates to an object, or to nothing after a finding said why.

use ruff_python_ast::{BoolOp, Expr, ExprDict, Number};
use ruff_text_size::Ranged;
use spile_core::{Key, Node, Reference, Store, Value};

use super::interpret::Interpreter;
use super::object::{Object, replace};
use super::{describe, span, unsupported};
use crate::dialects::duplicate_key;
use crate::dialects::placeholder::missing_variable;

/// Deepest nesting of expressions, operators in a row included.
const DEPTH_MAX: usize = 400;

/// Most expressions and copied nodes, about thirty times what a large config takes.
pub(super) const WORK_MAX: usize = 500_000;

impl<'p> Interpreter<'p, '_> {
    /// Evaluates an expression that must be part of a config.
    pub(super) fn evaluate_node(&mut self, expression: &'p Expr) -> Option<Node> {
        let object = self.evaluate(expression)?;
        let what = match expression {
            Expr::Name(name) => format!("`{}`", name.id),
            other => describe(other).to_owned(),
        };
        self.freeze(&object, &what, expression)
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
            Some(object) => object.weight(),
            None => 1,
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
            Expr::List(list) => Some(Object::list(self.items(&list.elts)?, at)),
            Expr::Tuple(tuple) => Some(Object::list(self.items(&tuple.elts)?, at)),
            Expr::Dict(dict) if has_other_keys(dict) => Some(Object::Deferred(expression, self.frame_id())),
            Expr::Dict(dict) => Some(Object::map(self.dict(dict)?, at)),
            Expr::Lambda(lambda) => self.lambda(lambda),
            Expr::Set(_) | Expr::SetComp(_) | Expr::BytesLiteral(_) => {
                Some(Object::Deferred(expression, self.frame_id()))
            }
            Expr::Name(name) => self.name(name.id.as_str(), expression),
            Expr::Attribute(attribute) => {
                let base = self.evaluate(&attribute.value)?;
                self.attribute(base, attribute.attr.as_str(), expression)
            }
            Expr::Subscript(subscript) => {
                let base = self.evaluate(&subscript.value)?;
                self.subscript(base, &subscript.slice, expression)
            }
            Expr::Call(call) if self.is_for_functions(call) => {
                Some(Object::Deferred(expression, self.frame_id()))
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
            Expr::ListComp(list) => self.comprehend(&list.generators, &list.elt, expression),
            Expr::Generator(list) => self.comprehend(&list.generators, &list.elt, expression),
            Expr::DictComp(dict) => self.comprehend_dict(dict, expression),
            Expr::Compare(_) => self.truth(expression).and_then(|truth| node(Value::Bool(truth))),
            Expr::If(conditional) => {
                let taken = self.truth(&conditional.test)?;
                self.evaluate(if taken { &conditional.body } else { &conditional.orelse })
            }
            Expr::YieldFrom(inner) => {
                let value = self.evaluate(&inner.value)?;
                self.take_resources(&value, &*inner.value);
                Some(value)
            }
            Expr::Yield(inner) => match &inner.value {
                Some(value) => {
                    let yielded = self.evaluate(value)?;
                    self.take_resources(&yielded, &**value);
                    Some(yielded)
                }
                None => self.refuse_expression("an empty `yield`", expression),
            },
            other => self.refuse_expression(describe(other), expression),
        }
    }

    /// Evaluates the elements of a list. What could not be evaluated stays in it as unknown.
    fn items(&mut self, elements: &'p [Expr]) -> Option<Vec<Object<'p>>> {
        let mut items = Vec::with_capacity(elements.len());
        for element in elements {
            if let Expr::Starred(starred) = element {
                match self.evaluate(&starred.value) {
                    Some(Object::List(more, _)) => items.extend(more.borrow().iter().cloned()),
                    Some(Object::Unknown) | None => items.push(Object::Unknown),
                    Some(_) => return self.refuse_expression("an unpacking of anything but a list", element),
                }
            } else {
                items.push(self.evaluate(element).unwrap_or(Object::Unknown));
            }
        }
        Some(items)
    }

    /// Evaluates a dict. As in Python the last of two equal keys wins; that it is written twice is surely not meant.
    fn dict(&mut self, dict: &'p ExprDict) -> Option<Vec<(Key, Object<'p>)>> {
        let mut entries: Vec<(Key, Object<'p>)> = Vec::with_capacity(dict.items.len());
        let mut complete = true;
        for item in &dict.items {
            let value = self.evaluate(&item.value).unwrap_or(Object::Unknown);
            let Some(key) = &item.key else {
                match value {
                    Object::Map(more, _) => {
                        more.borrow().iter().for_each(|entry| replace(&mut entries, entry.clone()));
                    }
                    Object::Unknown => complete = false,
                    _ => {
                        self.refuse("an unpacking of anything but a dict", &item.value);
                        complete = false;
                    }
                }
                continue;
            };
            let Some(key) = self.key(key) else {
                complete = false;
                continue;
            };
            let written = |(existing, _): &&(Key, Object<'p>)| existing.name == key.name;
            if let Some((first, _)) = entries.iter().find(written)
                && dict.items.iter().any(|other| other.key.as_ref().is_some_and(|other| is_at(other, first)))
            {
                duplicate_key(&key, first, self.diagnostics);
            }
            replace(&mut entries, (key, value));
        }
        complete.then_some(entries)
    }

    /// Evaluates the key of a dict. Keys of configs are texts.
    pub(super) fn key(&mut self, expression: &'p Expr) -> Option<Key> {
        match self.evaluate_node(expression)?.value {
            Value::String(name) => Some(Key { name, span: span(self.reading, expression.range()) }),
            _ => self.refuse_expression("a key that is not a string", expression),
        }
    }

    fn name(&mut self, name: &str, expression: &Expr) -> Option<Object<'p>> {
        match self.lookup(name) {
            Some(Object::Unknown) => return None,
            Some(bound) => return Some(bound),
            None => {}
        }
        match name {
            // Documents often leave the imports out.
            "dlt" | "os" | "pendulum" => Some(Object::Path(name.to_owned())),
            "rest_api_source" | "rest_api_resources" => {
                Some(Object::Path(format!("dlt.sources.rest_api.{name}")))
            }
            "print" | "dict" | "str" | "list" | "tuple" | "len" | "range" | "enumerate" | "zip"
            | "sorted" | "int" | "float" | "bool" | "any" | "all" | "isinstance" | "Exception"
            | "ValueError" | "reversed" => Some(Object::Path(format!("builtins.{name}"))),
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
            // No arguments are given to a script that is read.
            Object::Path(path) if path == "sys" && name == "argv" => {
                let at = span(self.reading, expression.range());
                let script = Object::text(self.reading.file.name.clone(), at.clone());
                Some(Object::list(vec![script], at))
            }
            Object::Path(path) => Some(Object::Path(format!("{path}.{name}"))),
            Object::Unknown => None,
            Object::Instance(instance) => self.instance_attribute(&instance, name, expression),
            Object::Opaque | Object::Pipeline | Object::Class(..) => Some(Object::Opaque),
            // What is done to a part of a source changes the load.
            Object::Source | Object::Part => Some(Object::Part),
            Object::Node(_)
            | Object::List(..)
            | Object::Map(..)
            | Object::Moment(_)
            | Object::Duration(_)
            | Object::Function(_)
            | Object::Resource(_)
            | Object::Lambda(..)
            | Object::Deferred(..) => self.refuse_expression("this attribute", expression),
        }
    }

    fn subscript(&mut self, base: Object<'p>, index: &'p Expr, expression: &Expr) -> Option<Object<'p>> {
        match base {
            Object::Opaque | Object::Pipeline | Object::Class(..) => return Some(Object::Opaque),
            Object::Source | Object::Part => return Some(Object::Part),
            Object::Unknown => return None,
            // `list[str]` and the like, in annotations that are evaluated.
            Object::Path(ref path) if path.starts_with("builtins.") => return Some(Object::Opaque),
            _ => {}
        }
        let index = self.evaluate_node(index)?;
        let at = span(self.reading, expression.range());
        match (base, index.value) {
            (Object::Path(path), Value::String(key)) => self.stored(&path, key, expression),
            (Object::Node(Node { value: Value::Reference(reference), .. }), Value::String(key)) => {
                let key = format!("{}.{key}", reference.key);
                Some(Object::Node(Node::new(Value::Reference(Reference { key, ..reference }), at)))
            }
            (Object::Map(entries, _), Value::String(key)) => {
                let found = entries.borrow().iter().find(|(found, _)| found.name == key).cloned();
                match found {
                    Some((_, found)) => Some(found),
                    None => self.refuse_expression(&format!("the missing key `{key}`"), expression),
                }
            }
            (Object::List(items, _), Value::Int(index)) => {
                let found = position(index, items.borrow().len()).map(|index| items.borrow()[index].clone());
                match found {
                    Some(found) => Some(found),
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

/// Returns whether a dict has keys that no config has, but that functions look things up by.
fn has_other_keys(dict: &ExprDict) -> bool {
    dict.items.iter().filter_map(|item| item.key.as_ref()).any(|key| {
        matches!(
            key,
            Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) | Expr::NoneLiteral(_) | Expr::Tuple(_)
        )
    })
}

/// Counts a negative index from the end.
pub(super) fn position(index: i64, length: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(i64::try_from(length).ok()?)? } else { index };
    usize::try_from(index).ok().filter(|index| *index < length)
}

fn is_at(expression: &Expr, key: &Key) -> bool {
    expression.range().start().to_usize() == key.span.start
}
