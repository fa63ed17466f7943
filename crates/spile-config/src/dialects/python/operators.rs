//! Operators and conditions on known values.
//!
//! Only what configs use is computed; an operation on a value that is looked up later is refused, unless it joins texts.

use std::cmp::Ordering;

use ruff_python_ast::{CmpOp, Expr, ExprBinOp, ExprCompare, ExprUnaryOp, Operator, UnaryOp};
use ruff_text_size::Ranged;
use spile_core::{Node, Value};

use super::interpret::Interpreter;
use super::object::{Object, replace};
use super::{moments, span, strings};

/// Longest text that a repetition makes.
const REPEATED_BYTES_MAX: usize = 1 << 16;

impl<'p> Interpreter<'p, '_> {
    pub(super) fn operation(&mut self, operation: &'p ExprBinOp, expression: &Expr) -> Option<Object<'p>> {
        let left = self.evaluate(&operation.left)?;
        let right = self.evaluate(&operation.right)?;
        self.binary(left, operation.op, right, expression)
    }

    /// Computes an operation on two objects.
    pub(super) fn binary(
        &mut self,
        left: Object<'p>,
        operator: Operator,
        right: Object<'p>,
        at: &impl Ranged,
    ) -> Option<Object<'p>> {
        let place = span(self.reading, at.range());
        let result = match (left, operator, right) {
            (Object::Unknown, _, _) | (_, _, Object::Unknown) => return None,
            (Object::Node(left), operator, Object::Node(right)) => scalar(&left, operator, &right)
                .map(|value| Object::Node(Node::new(value, place.clone())))
                .or_else(|| {
                    let texts = operator == Operator::Add && is_text(&left) && is_text(&right);
                    texts.then(|| Object::Node(strings::join(vec![left, right], place.clone())))
                }),
            (Object::List(left, _), Operator::Add, Object::List(right, _)) => {
                let mut items = left.borrow().clone();
                items.extend(right.borrow().iter().cloned());
                self.work += items.len();
                Some(Object::list(items, place))
            }
            (Object::Map(left, _), Operator::BitOr, Object::Map(right, _)) => {
                let mut entries = left.borrow().clone();
                right.borrow().iter().for_each(|entry| replace(&mut entries, entry.clone()));
                self.work += entries.len();
                Some(Object::map(entries, place))
            }
            (left, Operator::BitOr, _) if self.is_resource(&left) => return self.refuse_pipe(at),
            (left, Operator::Add, right) => moments::combine(&left, &right, 1),
            (left, Operator::Sub, right) => moments::combine(&left, &right, -1),
            _ => None,
        };
        match result {
            Some(object) => Some(object),
            None => self.refuse_expression("this operation", at),
        }
    }

    pub(super) fn unary(&mut self, operation: &'p ExprUnaryOp, expression: &Expr) -> Option<Object<'p>> {
        let at = span(self.reading, expression.range());
        if operation.op == UnaryOp::Not {
            let truth = self.truth(&operation.operand)?;
            return Some(Object::Node(Node::new(Value::Bool(!truth), at)));
        }
        let operand = self.evaluate_node(&operation.operand)?;
        let value = match (operation.op, operand.value) {
            (UnaryOp::USub, Value::Int(number)) => number.checked_neg().map(Value::Int),
            (UnaryOp::USub, Value::Float(number)) => Some(Value::Float(-number)),
            (UnaryOp::UAdd, value @ (Value::Int(_) | Value::Float(_))) => Some(value),
            _ => None,
        };
        match value {
            Some(value) => Some(Object::Node(Node::new(value, at))),
            None => self.refuse_expression("this operation", expression),
        }
    }

    /// Decides a condition.
    pub(super) fn truth(&mut self, expression: &'p Expr) -> Option<bool> {
        if let Expr::Compare(compare) = expression {
            return self.comparison(compare, expression);
        }
        if self.dotted(expression).is_some_and(|path| path.ends_with("TYPE_CHECKING")) {
            return Some(false);
        }
        let value = self.evaluate(expression)?;
        self.object_truth(Some(&value), expression)
    }

    /// Decides a chain of comparisons such as `a < b < c`.
    fn comparison(&mut self, compare: &'p ExprCompare, expression: &Expr) -> Option<bool> {
        let mut left = self.evaluate(&compare.left)?;
        for (operator, right) in compare.ops.iter().zip(&compare.comparators) {
            let right = self.evaluate(right)?;
            let held = match operator {
                CmpOp::Eq => equal(&left, &right),
                CmpOp::NotEq => equal(&left, &right).map(|equal| !equal),
                CmpOp::Is => is(&left, &right),
                CmpOp::IsNot => is(&left, &right).map(|same| !same),
                CmpOp::In => contains(&right, &left),
                CmpOp::NotIn => contains(&right, &left).map(|found| !found),
                CmpOp::Lt => order(&left, &right).map(Ordering::is_lt),
                CmpOp::LtE => order(&left, &right).map(Ordering::is_le),
                CmpOp::Gt => order(&left, &right).map(Ordering::is_gt),
                CmpOp::GtE => order(&left, &right).map(Ordering::is_ge),
            };
            match held {
                Some(true) => left = right,
                Some(false) => return Some(false),
                None => return self.refuse_expression("this comparison", expression),
            }
        }
        Some(true)
    }

    pub(super) fn object_truth(&mut self, object: Option<&Object<'p>>, at: &Expr) -> Option<bool> {
        let truth = match object {
            Some(Object::Node(node)) => {
                match &node.value {
                    Value::Null => Some(false),
                    Value::Bool(boolean) => Some(*boolean),
                    Value::Int(number) => Some(*number != 0),
                    Value::Float(number) => Some(*number != 0.0),
                    Value::String(text) => Some(!text.is_empty()),
                    // What is missing counts as set: it is reported when it is looked up.
                    Value::Reference(reference) => {
                        let path: Vec<&str> = reference.key.split('.').collect();
                        let found = self.reading.providers.peek(&[path], reference.store);
                        Some(found.is_none_or(
                            |(_, value)| !matches!(value, Value::String(text) if text.is_empty()),
                        ))
                    }
                    Value::List(_) | Value::Map(_) | Value::Concat(_) => None,
                    Value::Function(_) => Some(true),
                }
            }
            Some(Object::List(items, _)) => Some(!items.borrow().is_empty()),
            Some(Object::Map(entries, _)) => Some(!entries.borrow().is_empty()),
            Some(
                Object::Moment(_)
                | Object::Function(_)
                | Object::Lambda(..)
                | Object::Source
                | Object::Part
                | Object::Pipeline,
            ) => Some(true),
            Some(Object::Unknown) => return None,
            _ => None,
        };
        if truth.is_none() {
            self.refuse("this condition", at);
        }
        truth
    }
}

fn is_text(node: &Node) -> bool {
    matches!(node.value, Value::String(_) | Value::Concat(_) | Value::Reference(_))
}

/// Computes an operation on two scalars as Python does.
fn scalar(left: &Node, operator: Operator, right: &Node) -> Option<Value> {
    match (&left.value, &right.value) {
        (Value::Int(left), Value::Int(right)) => whole(*left, operator, *right),
        (Value::Int(left), Value::Float(right)) => real(*left as f64, operator, *right),
        (Value::Float(left), Value::Int(right)) => real(*left, operator, *right as f64),
        (Value::Float(left), Value::Float(right)) => real(*left, operator, *right),
        (Value::String(text), Value::Int(times)) | (Value::Int(times), Value::String(text))
            if operator == Operator::Mult =>
        {
            let times = usize::try_from(*times).unwrap_or(0);
            (text.len().checked_mul(times)? <= REPEATED_BYTES_MAX).then(|| Value::String(text.repeat(times)))
        }
        _ => None,
    }
}

fn whole(left: i64, operator: Operator, right: i64) -> Option<Value> {
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Sub => left.checked_sub(right),
        Operator::Mult => left.checked_mul(right),
        Operator::Pow => left.checked_pow(u32::try_from(right).ok()?),
        // Python rounds down and gives the remainder the sign of the divisor.
        Operator::FloorDiv => {
            let quotient = left.checked_div(right)?;
            Some(if left % right != 0 && (left < 0) != (right < 0) { quotient - 1 } else { quotient })
        }
        Operator::Mod => {
            let rest = left.checked_rem(right)?;
            Some(if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest })
        }
        Operator::Div => return (right != 0).then(|| Value::Float(left as f64 / right as f64)),
        _ => None,
    }
    .map(Value::Int)
}

fn real(left: f64, operator: Operator, right: f64) -> Option<Value> {
    let number = match operator {
        Operator::Add => left + right,
        Operator::Sub => left - right,
        Operator::Mult => left * right,
        Operator::Div if right != 0.0 => left / right,
        _ => return None,
    };
    number.is_finite().then_some(Value::Float(number))
}

fn equal(left: &Object<'_>, right: &Object<'_>) -> Option<bool> {
    match (left, right) {
        (Object::Node(left), Object::Node(right)) => match (&left.value, &right.value) {
            (Value::String(left), Value::String(right)) => Some(left == right),
            (Value::Bool(left), Value::Bool(right)) => Some(left == right),
            (Value::Null, Value::Null) => Some(true),
            (Value::Reference(_) | Value::Concat(_), _) | (_, Value::Reference(_) | Value::Concat(_)) => None,
            (left, right) => match (number(left), number(right)) {
                (Some(left), Some(right)) => left.partial_cmp(&right).map(Ordering::is_eq),
                _ => Some(false),
            },
        },
        (Object::Moment(left), Object::Moment(right)) => Some(left == right),
        (Object::Node(node), Object::List(..) | Object::Map(..))
        | (Object::List(..) | Object::Map(..), Object::Node(node)) => {
            (!matches!(node.value, Value::Reference(_))).then_some(false)
        }
        _ => None,
    }
}

/// Decides `is`, which configs use for None, True and False.
fn is(left: &Object<'_>, right: &Object<'_>) -> Option<bool> {
    let singleton = |object: &Object<'_>| match object {
        Object::Node(node) => matches!(node.value, Value::Null | Value::Bool(_)),
        _ => false,
    };
    match (left, right) {
        (Object::Node(_), Object::Node(_)) if singleton(left) && singleton(right) => equal(left, right),
        // What is missing counts as set here, as in conditions.
        (Object::Unknown | Object::Opaque, _) | (_, Object::Unknown | Object::Opaque) => None,
        _ if singleton(left) || singleton(right) => Some(false),
        _ => None,
    }
}

fn contains(holder: &Object<'_>, item: &Object<'_>) -> Option<bool> {
    match holder {
        Object::List(items, _) => {
            for candidate in items.borrow().iter() {
                if equal(candidate, item)? {
                    return Some(true);
                }
            }
            Some(false)
        }
        Object::Map(entries, _) => {
            let name = item.as_text()?;
            Some(entries.borrow().iter().any(|(key, _)| key.name == name))
        }
        _ => Some(holder.as_text()?.contains(item.as_text()?)),
    }
}

fn order(left: &Object<'_>, right: &Object<'_>) -> Option<Ordering> {
    match (left, right) {
        (Object::Moment(left), Object::Moment(right)) => left.order(*right),
        (Object::Node(left), Object::Node(right)) => match (left.as_str(), right.as_str()) {
            (Some(left), Some(right)) => Some(left.cmp(right)),
            _ => number(&left.value)?.partial_cmp(&number(&right.value)?),
        },
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}
