//! What a path can find: values of the body, and values made of them by sums, sorts and functions.
//!
//! Comparing follows jsonpath-ng: numbers compare with numbers and texts with texts; everything else is equal or not.

use std::cmp::Ordering;
use std::rc::Rc;

use super::lex::Comparison;
use super::tree::{Arithmetic, Literal};
use crate::json::{Json, JsonKind};

/// Longer texts and lists are not made by a product.
const PRODUCT_MAX: usize = 1 << 20;

/// A value.
#[derive(Clone)]
pub(super) enum Value<'a> {
    Json(Json<'a>),
    Int(i128),
    Float(f64),
    Text(Rc<str>),
    List(Rc<Vec<Value<'a>>>),
}

/// What two values are compared by.
enum Scalar<'v> {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(&'v str),
    Nested,
}

impl<'a> Value<'a> {
    /// Makes a text.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(Rc::from(text))
    }

    /// Returns the text when this is one.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Json(json) => json.as_str(),
            Self::Text(text) => Some(text),
            Self::Int(_) | Self::Float(_) | Self::List(_) => None,
        }
    }

    /// Returns the elements when this is a list.
    pub(super) fn elements(&self) -> Option<Vec<Value<'a>>> {
        match self {
            Self::Json(json) => json.is_array().then(|| json.elements().map(Value::Json).collect()),
            Self::List(elements) => Some(elements.to_vec()),
            Self::Int(_) | Self::Float(_) | Self::Text(_) => None,
        }
    }

    /// Counts characters, elements or members.
    pub(super) fn length(&self) -> Option<usize> {
        match self {
            Self::Json(json) => match json.kind() {
                JsonKind::String(text) => Some(text.chars().count()),
                JsonKind::Array(length) | JsonKind::Object(length) => Some(length),
                _ => None,
            },
            Self::Text(text) => Some(text.chars().count()),
            Self::List(elements) => Some(elements.len()),
            Self::Int(_) | Self::Float(_) => None,
        }
    }

    /// Writes the value as JSON.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Json(json) => json.write(out),
            Self::Int(number) => out.push_str(&number.to_string()),
            Self::Float(number) => out.push_str(&serde_json::Value::from(*number).to_string()),
            Self::Text(text) => out.push_str(&serde_json::Value::from(&**text).to_string()),
            Self::List(elements) => write_list(elements, out),
        }
    }

    fn scalar(&self) -> Scalar<'_> {
        match self {
            Self::Json(json) => match json.kind() {
                JsonKind::Null => Scalar::Null,
                JsonKind::Bool(value) => Scalar::Bool(value),
                JsonKind::Int(number) => Scalar::Int(number.into()),
                JsonKind::BigInt(number) => Scalar::Int(number),
                JsonKind::Float(number) => Scalar::Float(number),
                JsonKind::String(text) => Scalar::Text(text),
                JsonKind::Array(_) | JsonKind::Object(_) => Scalar::Nested,
            },
            Self::Int(number) => Scalar::Int(*number),
            Self::Float(number) => Scalar::Float(*number),
            Self::Text(text) => Scalar::Text(text),
            Self::List(_) => Scalar::Nested,
        }
    }

    /// Compares as a filter does.
    pub(super) fn compares(&self, comparison: Comparison, other: &Value<'_>) -> bool {
        compare(comparison, order(&self.scalar(), &other.scalar()), || self.equals(other))
    }

    /// Compares with a value that is written in the path.
    pub(super) fn compares_literal(&self, comparison: Comparison, literal: &Literal) -> bool {
        let scalar = match literal {
            Literal::Null => Scalar::Null,
            Literal::Bool(value) => Scalar::Bool(*value),
            Literal::Int(number) => Scalar::Int((*number).into()),
            Literal::Float(number) => Scalar::Float(*number),
            Literal::Text(text) => Scalar::Text(text),
        };
        let own = self.scalar();
        compare(comparison, order(&own, &scalar), || same(&own, &scalar))
    }

    /// Returns whether two values are the same, whatever the order of members.
    pub(super) fn equals(&self, other: &Value<'_>) -> bool {
        let members = |value: &Value<'_>| match value {
            Value::Json(json) if json.is_object() => Some(json.members().count()),
            _ => None,
        };
        match (self, other) {
            (Value::Json(left), Value::Json(right)) if left.is_object() && right.is_object() => {
                members(self) == members(other)
                    && left.members().all(|(name, value)| {
                        right.get(name).is_some_and(|other| Value::Json(value).equals(&Value::Json(other)))
                    })
            }
            _ => match (self.elements(), other.elements()) {
                (Some(left), Some(right)) => {
                    left.len() == right.len()
                        && left.iter().zip(&right).all(|(left, right)| left.equals(right))
                }
                (None, None) => same(&self.scalar(), &other.scalar()),
                _ => false,
            },
        }
    }

    /// Orders as Python does: numbers and booleans, texts, lists. `None` where Python raises an error.
    pub(super) fn python_order(&self, other: &Value<'_>) -> Option<Ordering> {
        if let (Some(left), Some(right)) = (self.elements(), other.elements()) {
            let differs = left.iter().zip(&right).find(|(left, right)| !left.equals(right));
            return match differs {
                Some((left, right)) => left.python_order(right),
                None => Some(left.len().cmp(&right.len())),
            };
        }
        order(&number(self.scalar()), &number(other.scalar()))
    }

    /// Adds, subtracts or multiplies as Python does; `None` where it raises an error, or the result is too large.
    pub(super) fn calculate(&self, operator: Arithmetic, other: &Value<'a>) -> Option<Value<'a>> {
        let (left, right) = (number(self.scalar()), number(other.scalar()));
        match (left, operator, right) {
            (Scalar::Int(left), Arithmetic::Add, Scalar::Int(right)) => {
                left.checked_add(right).map(Value::Int)
            }
            (Scalar::Int(left), Arithmetic::Subtract, Scalar::Int(right)) => {
                left.checked_sub(right).map(Value::Int)
            }
            (Scalar::Int(left), Arithmetic::Multiply, Scalar::Int(right)) => {
                left.checked_mul(right).map(Value::Int)
            }
            (Scalar::Text(left), Arithmetic::Add, Scalar::Text(right)) => {
                Some(Value::text(&format!("{left}{right}")))
            }
            (Scalar::Text(text), Arithmetic::Multiply, Scalar::Int(times))
            | (Scalar::Int(times), Arithmetic::Multiply, Scalar::Text(text)) => {
                let times = usize::try_from(times.max(0)).ok()?;
                (text.len().checked_mul(times)? <= PRODUCT_MAX).then(|| Value::text(&text.repeat(times)))
            }
            (Scalar::Nested, operator, Scalar::Int(times)) => repeat(self, operator, times),
            (Scalar::Int(times), operator, Scalar::Nested) => repeat(other, operator, times),
            (Scalar::Nested, Arithmetic::Add, Scalar::Nested) => {
                let both = [self.elements()?, other.elements()?].concat();
                Some(Value::List(Rc::new(both)))
            }
            (left, operator, right) => {
                let (left, right) = (float(&left)?, float(&right)?);
                let result = match operator {
                    Arithmetic::Add => left + right,
                    Arithmetic::Subtract => left - right,
                    Arithmetic::Multiply => left * right,
                };
                result.is_finite().then_some(Value::Float(result))
            }
        }
    }
}

/// Writes values as a JSON list.
pub(super) fn write_list(values: &[Value<'_>], out: &mut String) {
    out.push('[');
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        value.write(out);
    }
    out.push(']');
}

fn repeat<'a>(list: &Value<'a>, operator: Arithmetic, times: i128) -> Option<Value<'a>> {
    let elements = list.elements().filter(|_| operator == Arithmetic::Multiply)?;
    let times = usize::try_from(times.max(0)).ok()?;
    (elements.len().checked_mul(times)? <= PRODUCT_MAX)
        .then(|| Value::List(Rc::new(vec![elements; times].concat())))
}

/// Python counts with booleans.
fn number(scalar: Scalar<'_>) -> Scalar<'_> {
    match scalar {
        Scalar::Bool(value) => Scalar::Int(value.into()),
        other => other,
    }
}

fn float(scalar: &Scalar<'_>) -> Option<f64> {
    match scalar {
        Scalar::Int(number) => Some(*number as f64),
        Scalar::Float(number) => Some(*number),
        Scalar::Null | Scalar::Bool(_) | Scalar::Text(_) | Scalar::Nested => None,
    }
}

/// Orders two numbers or two texts; nothing else has an order.
fn order(left: &Scalar<'_>, right: &Scalar<'_>) -> Option<Ordering> {
    match (left, right) {
        (Scalar::Text(left), Scalar::Text(right)) => Some(left.cmp(right)),
        (Scalar::Int(left), Scalar::Int(right)) => Some(left.cmp(right)),
        (Scalar::Float(left), Scalar::Float(right)) => left.partial_cmp(right),
        (Scalar::Int(left), Scalar::Float(right)) => exact(*left, *right),
        (Scalar::Float(left), Scalar::Int(right)) => exact(*right, *left).map(Ordering::reverse),
        _ => None,
    }
}

/// Orders a whole number and a double without rounding either.
fn exact(whole: i128, double: f64) -> Option<Ordering> {
    // 2^127: beyond it a double is larger than every whole number there is here.
    const BEYOND: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;
    if double.is_nan() {
        return None;
    }
    if double >= BEYOND {
        return Some(Ordering::Less);
    }
    if double < -BEYOND {
        return Some(Ordering::Greater);
    }
    let floor = double.floor();
    Some(whole.cmp(&(floor as i128)).then(if double > floor { Ordering::Less } else { Ordering::Equal }))
}

fn same(left: &Scalar<'_>, right: &Scalar<'_>) -> bool {
    match (left, right) {
        (Scalar::Null, Scalar::Null) => true,
        (Scalar::Bool(left), Scalar::Bool(right)) => left == right,
        _ => order(left, right) == Some(Ordering::Equal),
    }
}

/// Without an order, only being equal counts.
fn compare(comparison: Comparison, order: Option<Ordering>, equal: impl FnOnce() -> bool) -> bool {
    let order = order.or_else(|| equal().then_some(Ordering::Equal));
    match comparison {
        Comparison::Equal => order == Some(Ordering::Equal),
        Comparison::NotEqual => order != Some(Ordering::Equal),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        // A pattern is matched where it was compiled.
        Comparison::Matches => false,
    }
}
