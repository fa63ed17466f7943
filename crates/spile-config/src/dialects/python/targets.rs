//! Assignments: to names, to entries of dicts and lists, and in place.

use ruff_python_ast::{Expr, ExprSubscript, StmtAugAssign, StmtWith};
use ruff_text_size::Ranged;
use spile_core::Value;

use super::evaluate::position;
use super::interpret::{Flow, Interpreter};
use super::object::{Object, replace};

impl<'p> Interpreter<'p, '_> {
    pub(super) fn bind_target(&mut self, target: &'p Expr, value: Option<Object<'p>>) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str(), value),
            Expr::Subscript(subscript) => {
                let _done = self.put(subscript, value.unwrap_or(Object::Unknown));
            }
            Expr::Tuple(tuple) => self.unpack(&tuple.elts, value, target),
            Expr::List(list) => self.unpack(&list.elts, value, target),
            Expr::Attribute(attribute) => match self.evaluate(&attribute.value) {
                // An attribute of a logger or a client changes no config.
                Some(Object::Opaque | Object::Unknown) | None => {}
                Some(Object::Instance(instance)) => {
                    let value = value.unwrap_or(Object::Unknown);
                    self.set_instance_attribute(&instance, attribute.attr.as_str(), value, target);
                }
                Some(_) => self.refuse("an assignment to this attribute", target),
            },
            _ => self.refuse("an assignment to anything but a name", target),
        }
    }

    fn unpack(&mut self, targets: &'p [Expr], value: Option<Object<'p>>, at: &Expr) {
        let items = match value {
            Some(Object::List(items, _)) if items.borrow().len() == targets.len() => {
                items.borrow().iter().cloned().map(Some).collect()
            }
            Some(Object::List(..) | Object::Node(_) | Object::Map(..)) => {
                self.refuse("an unpacking of another number of values", at);
                vec![None; targets.len()]
            }
            Some(Object::Opaque) => vec![Some(Object::Opaque); targets.len()],
            _ => vec![None; targets.len()],
        };
        for (target, item) in targets.iter().zip(items) {
            self.bind_target(target, item);
        }
    }

    /// Puts a value into a dict or a list.
    fn put(&mut self, target: &'p ExprSubscript, value: Object<'p>) -> Option<()> {
        match self.evaluate(&target.value)? {
            Object::Map(entries, _) => {
                let key = self.key(&target.slice)?;
                replace(&mut entries.borrow_mut(), (key, value));
            }
            Object::List(items, _) => {
                let index = self.evaluate_node(&target.slice)?;
                let length = items.borrow().len();
                match index.value {
                    Value::Int(index) if position(index, length).is_some() => {
                        items.borrow_mut()[position(index, length)?] = value;
                    }
                    _ => self.refuse("an index outside the list", target),
                }
            }
            Object::Opaque | Object::Unknown => {}
            Object::Path(path) if path == "os.environ" || path.starts_with("dlt.") => {
                let at = super::span(self.reading, target.range());
                self.diagnostics.push(
                    super::unsupported_at(&format!("an assignment to `{path}`"), &at).hint(
                        "Set it in the environment of the run, or in .dlt/config.toml or .dlt/secrets.toml.",
                    ),
                );
            }
            _ => self.refuse("this assignment", target),
        }
        Some(())
    }

    /// Runs `name += value` and the like. As in Python, lists and dicts change in place.
    pub(super) fn augment(&mut self, assign: &'p StmtAugAssign) {
        let (Some(left), Some(right)) = (self.evaluate(&assign.target), self.evaluate(&assign.value)) else {
            return self.poison(&assign.target);
        };
        match (&left, assign.op.as_str(), &right) {
            (Object::List(items, _), "+", Object::List(more, _)) => {
                let more = more.borrow().clone();
                items.borrow_mut().extend(more);
            }
            (Object::Map(entries, _), "|", Object::Map(more, _)) => {
                let more = more.borrow().clone();
                for entry in more {
                    replace(&mut entries.borrow_mut(), entry);
                }
            }
            _ => {
                let value = self.binary(left, assign.op, right, assign);
                self.bind_target(&assign.target, value);
            }
        }
    }

    fn poison(&mut self, target: &'p Expr) {
        if let Expr::Name(name) = target {
            self.bind(name.id.as_str(), None);
        }
    }

    pub(super) fn delete(&mut self, target: &'p Expr) {
        match target {
            Expr::Name(name) => self.restore(name.id.as_str(), None),
            Expr::Subscript(subscript) => {
                let Some(Object::Map(entries, _)) = self.evaluate(&subscript.value) else {
                    return self.refuse("`del` of anything but a key", target);
                };
                let Some(key) = self.key(&subscript.slice) else { return };
                let length = entries.borrow().len();
                entries.borrow_mut().retain(|(existing, _)| existing.name != key.name);
                if entries.borrow().len() == length {
                    self.refuse(&format!("the missing key `{}`", key.name), target);
                }
            }
            _ => self.refuse("`del` of anything but a key", target),
        }
    }

    /// Runs the body of a `with`: an open file, a client or a progress bar is nothing that a config can hold.
    pub(super) fn with(&mut self, with: &'p StmtWith) -> Flow<'p> {
        for item in &with.items {
            let value = self.evaluate(&item.context_expr);
            if let Some(target) = &item.optional_vars {
                self.bind_target(target, value);
            }
        }
        self.block(&with.body)
    }
}
