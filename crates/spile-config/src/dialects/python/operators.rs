//! Operators and conditions on known values.
//!
//! Only what configs use is computed; an operation on a value that is looked up later is refused, unless it joins texts.

use ruff_python_ast::{Expr, ExprBinOp, ExprUnaryOp, Operator, UnaryOp};
use ruff_text_size::Ranged;
use spile_core::{Node, Value};

use super::evaluate::replace;
use super::interpret::{Interpreter, Object};
use super::{span, strings};

impl<'p> Interpreter<'p, '_> {
    pub(super) fn operation(&mut self, operation: &'p ExprBinOp, expression: &Expr) -> Option<Object<'p>> {
        let left = self.evaluate_node(&operation.left)?;
        let right = self.evaluate_node(&operation.right)?;
        let at = span(self.reading, expression.range());
        let is_text =
            |node: &Node| matches!(node.value, Value::String(_) | Value::Concat(_) | Value::Reference(_));
        let value = match (operation.op, left.value, right.value) {
            (Operator::Add, left_value, right_value) => {
                let left = Node::new(left_value, left.span);
                let right = Node::new(right_value, right.span);
                if is_text(&left) && is_text(&right) {
                    return Some(Object::Node(strings::join(vec![left, right], at)));
                }
                match (left.value, right.value) {
                    (Value::List(mut items), Value::List(more)) => {
                        items.extend(more);
                        Some(Value::List(items))
                    }
                    (Value::Int(left), Value::Int(right)) => left.checked_add(right).map(Value::Int),
                    _ => None,
                }
            }
            (Operator::Sub, Value::Int(left), Value::Int(right)) => left.checked_sub(right).map(Value::Int),
            (Operator::Mult, Value::Int(left), Value::Int(right)) => left.checked_mul(right).map(Value::Int),
            (Operator::BitOr, Value::Map(mut entries), Value::Map(more)) => {
                for entry in more {
                    replace(&mut entries, entry);
                }
                Some(Value::Map(entries))
            }
            _ => None,
        };
        match value {
            Some(value) => Some(Object::Node(Node::new(value, at))),
            None => self.refuse_expression("this operation", expression),
        }
    }

    pub(super) fn unary(&mut self, operation: &'p ExprUnaryOp, expression: &Expr) -> Option<Object<'p>> {
        let operand = self.evaluate_node(&operation.operand)?;
        let value = match (operation.op, operand.value) {
            (UnaryOp::USub, Value::Int(number)) => number.checked_neg().map(Value::Int),
            (UnaryOp::USub, Value::Float(number)) => Some(Value::Float(-number)),
            (UnaryOp::UAdd, value @ (Value::Int(_) | Value::Float(_))) => Some(value),
            (UnaryOp::Not, Value::Bool(boolean)) => Some(Value::Bool(!boolean)),
            _ => None,
        };
        match value {
            Some(value) => Some(Object::Node(Node::new(value, span(self.reading, expression.range())))),
            None => self.refuse_expression("this operation", expression),
        }
    }

    /// Decides a condition: comparisons of known values by `==` and `!=`, and Python's truth of known values.
    pub(super) fn truth(&mut self, expression: &'p Expr) -> Option<bool> {
        if let Expr::Compare(compare) = expression {
            if let ([operator], [right]) = (&*compare.ops, &*compare.comparators) {
                let left = self.evaluate_node(&compare.left)?;
                let right = self.evaluate_node(right)?;
                let equal = match (&left.value, &right.value) {
                    (Value::String(left), Value::String(right)) => Some(left == right),
                    (Value::Int(left), Value::Int(right)) => Some(left == right),
                    (Value::Bool(left), Value::Bool(right)) => Some(left == right),
                    _ => None,
                };
                match (operator.as_str(), equal) {
                    ("==", Some(equal)) => return Some(equal),
                    ("!=", Some(equal)) => return Some(!equal),
                    _ => {}
                }
            }
            self.refuse("this comparison", expression);
            return None;
        }
        if self.dotted(expression).is_some_and(|path| path.ends_with("TYPE_CHECKING")) {
            return Some(false);
        }
        let value = self.evaluate(expression)?;
        self.object_truth(Some(&value), expression)
    }

    pub(super) fn object_truth(&mut self, object: Option<&Object<'p>>, at: &Expr) -> Option<bool> {
        let truth =
            match object {
                Some(Object::Node(node)) => match &node.value {
                    Value::Null => Some(false),
                    Value::Bool(boolean) => Some(*boolean),
                    Value::Int(number) => Some(*number != 0),
                    Value::Float(number) => Some(*number != 0.0),
                    Value::String(text) => Some(!text.is_empty()),
                    Value::List(items) => Some(!items.is_empty()),
                    Value::Map(entries) => Some(!entries.is_empty()),
                    // What is missing counts as set: it is reported when it is looked up.
                    Value::Reference(reference) => {
                        let path: Vec<&str> = reference.key.split('.').collect();
                        let found = self.reading.providers.peek(&[path], reference.store);
                        Some(found.is_none_or(
                            |(_, value)| !matches!(value, Value::String(text) if text.is_empty()),
                        ))
                    }
                    Value::Concat(_) => None,
                },
                _ => None,
            };
        if truth.is_none() {
            self.refuse("this condition", at);
        }
        truth
    }
}
