//! Operators: arithmetic, comparison, membership, subscripts.

use std::cmp::Ordering;
use std::rc::Rc;

use ruff_python_ast::{CmpOp, Operator, UnaryOp};

use super::fault::{Outcome, raise, stop};
use super::format;
use super::library::time;
use super::machine::{Machine, refuse_change};
use super::value::{Key, NESTING_MAX, TextKey, Value};
use super::work;

/// Makes the key of a dict or set.
pub(super) fn key(value: &Value) -> Outcome<Key> {
    match Key::of(value) {
        Some(key) => Ok(key),
        None => raise("TypeError", format!("unhashable type: '{}'", value.type_name())),
    }
}

/// Decides `isinstance`, also against a tuple of classes.
pub(super) fn is_instance(value: &Value, classes: &Value) -> Outcome<bool> {
    match classes {
        Value::Class(class) => Ok(class.has_instance(value)),
        Value::None => Ok(matches!(value, Value::None)),
        Value::Tuple(classes) => {
            for class in classes.iter() {
                if is_instance(value, class)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => raise("TypeError", "isinstance() arg 2 must be a type or a tuple of types"),
    }
}

pub(super) fn unary(operator: UnaryOp, operand: &Value) -> Outcome<Value> {
    match (operator, operand) {
        (UnaryOp::Not, value) => Ok(Value::Bool(!value.truth())),
        (UnaryOp::USub, Value::Float(number)) => Ok(Value::Float(-number)),
        (UnaryOp::UAdd, Value::Float(number)) => Ok(Value::Float(*number)),
        (UnaryOp::USub, Value::Delta(delta)) => Ok(Value::Delta(delta.negated())),
        (operator, value) => match (operator, value.as_int()) {
            (UnaryOp::USub, Some(number)) => whole(number.checked_neg()),
            (UnaryOp::UAdd, Some(number)) => Ok(Value::Int(number)),
            (UnaryOp::Invert, Some(number)) => Ok(Value::Int(!number)),
            _ => raise(
                "TypeError",
                format!("bad operand type for unary {}: '{}'", operator.as_str(), value.type_name()),
            ),
        },
    }
}

fn whole(number: Option<i128>) -> Outcome<Value> {
    match number {
        Some(number) => Ok(Value::Int(number)),
        None => stop(
            "script/number",
            "a whole number goes beyond 128 bits",
            "No column can hold such a number; use floats or texts.",
        ),
    }
}

impl Machine<'_> {
    pub(super) fn binary(&mut self, left: &Value, operator: Operator, right: &Value) -> Outcome<Value> {
        match (left, operator, right) {
            (Value::Text(left), Operator::Add, Value::Text(right)) => self.text(format!("{left}{right}")),
            (Value::Text(text), Operator::Mod, values) => self.percent(text, values),
            (Value::Bytes(left), Operator::Add, Value::Bytes(right)) => {
                self.take(left.len() + right.len())?;
                Ok(Value::Bytes([&**left, &**right].concat().into()))
            }
            (Value::List(left), Operator::Add, Value::List(right)) => {
                let mut items = left.items.borrow().clone();
                items.extend(right.items.borrow().iter().cloned());
                self.list(items)
            }
            (Value::Tuple(left), Operator::Add, Value::Tuple(right)) => {
                self.take_items(left.len() + right.len())?;
                Ok(Value::tuple([&left[..], &right[..]].concat()))
            }
            (Value::Dict(left), Operator::BitOr, Value::Dict(right)) => {
                let mut entries = left.entries.borrow().clone();
                entries
                    .extend(right.entries.borrow().iter().map(|(key, value)| (key.clone(), value.clone())));
                self.take_items(2 * entries.len())?;
                Ok(Value::dict(entries))
            }
            (Value::Set(left), operator, Value::Set(right)) => {
                let (left, right) = (left.items.borrow(), right.items.borrow());
                let items: Vec<Key> = match operator {
                    Operator::BitOr => left.union(&right).cloned().collect(),
                    Operator::BitAnd => left.intersection(&right).cloned().collect(),
                    Operator::Sub => left.difference(&right).cloned().collect(),
                    Operator::BitXor => left.symmetric_difference(&right).cloned().collect(),
                    _ => return no_operator(operator, "set", "set"),
                };
                self.take_items(items.len())?;
                Ok(Value::set(items))
            }
            (sequence, Operator::Mult, times) | (times, Operator::Mult, sequence)
                if times.as_int().is_some() && is_sequence(sequence) =>
            {
                self.repeated(sequence, times)
            }
            (left, operator, right) => {
                if let Some(result) = time::operate(left, operator, right) {
                    return result;
                }
                match (left.as_int(), right.as_int()) {
                    (Some(left), Some(right)) => integers(left, operator, right),
                    _ => match (left.as_float(), right.as_float()) {
                        (Some(left), Some(right)) => floats(left, operator, right),
                        _ => no_operator(operator, left.type_name(), right.type_name()),
                    },
                }
            }
        }
    }

    fn repeated(&mut self, sequence: &Value, times: &Value) -> Outcome<Value> {
        let times = usize::try_from(times.as_int().unwrap_or(0).max(0)).unwrap_or(usize::MAX);
        Ok(match sequence {
            Value::Text(text) => {
                self.take(text.len().saturating_mul(times))?;
                Value::text(text.repeat(times))
            }
            Value::Bytes(bytes) => {
                self.take(bytes.len().saturating_mul(times))?;
                Value::Bytes(bytes.repeat(times).into())
            }
            Value::List(list) => {
                let items = list.items.borrow();
                self.take_items(items.len().saturating_mul(times))?;
                Value::list(items.iter().cloned().cycle().take(items.len() * times).collect())
            }
            Value::Tuple(items) => {
                self.take_items(items.len().saturating_mul(times))?;
                Value::tuple(items.iter().cloned().cycle().take(items.len() * times).collect())
            }
            other => other.clone(),
        })
    }

    /// Computes `left operator= right`. As in Python lists, dicts and sets change in place.
    pub(super) fn in_place(&mut self, left: &Value, operator: Operator, right: &Value) -> Outcome<Value> {
        match (left, operator) {
            (Value::List(list), Operator::Add) => {
                if list.frozen {
                    return refuse_change("list");
                }
                let more = self.collect(right)?;
                list.items.borrow_mut().extend(more);
                Ok(left.clone())
            }
            (Value::Dict(dict), Operator::BitOr) => {
                if dict.frozen {
                    return refuse_change("dict");
                }
                let Value::Dict(more) = right else {
                    return no_operator(operator, "dict", right.type_name());
                };
                let more = more.entries.borrow().clone();
                self.take_items(2 * more.len())?;
                dict.entries.borrow_mut().extend(more);
                Ok(left.clone())
            }
            (Value::Set(set), Operator::BitOr) if !set.is_frozenset => {
                if set.frozen {
                    return refuse_change("set");
                }
                let Value::Set(more) = right else {
                    return no_operator(operator, "set", right.type_name());
                };
                let more = more.items.borrow().clone();
                self.take_items(more.len())?;
                set.items.borrow_mut().extend(more);
                Ok(left.clone())
            }
            _ => self.binary(left, operator, right),
        }
    }

    pub(super) fn compare(&mut self, left: &Value, operator: CmpOp, right: &Value) -> Outcome<bool> {
        Ok(match operator {
            CmpOp::Eq => equal(left, right),
            CmpOp::NotEq => !equal(left, right),
            CmpOp::Is => left.is_same(right),
            CmpOp::IsNot => !left.is_same(right),
            CmpOp::In => self.contains(right, left)?,
            CmpOp::NotIn => !self.contains(right, left)?,
            CmpOp::Lt => order(left, right, "<")? == Some(Ordering::Less),
            CmpOp::LtE => matches!(order(left, right, "<=")?, Some(Ordering::Less | Ordering::Equal)),
            CmpOp::Gt => order(left, right, ">")? == Some(Ordering::Greater),
            CmpOp::GtE => matches!(order(left, right, ">=")?, Some(Ordering::Greater | Ordering::Equal)),
        })
    }

    fn contains(&mut self, holder: &Value, item: &Value) -> Outcome<bool> {
        match (holder, item) {
            (Value::Text(text), Value::Text(part)) => Ok(text.contains(&**part)),
            (Value::Text(_), other) => raise(
                "TypeError",
                format!("'in <string>' requires string as left operand, not {}", other.type_name()),
            ),
            (Value::Dict(dict), Value::Text(name)) => Ok(dict.entries.borrow().contains_key(&TextKey(name))),
            (Value::Dict(dict), item) => Ok(dict.entries.borrow().contains_key(&key(item)?)),
            (Value::Set(set), item) => Ok(set.items.borrow().contains(&key(item)?)),
            (Value::Range(range), item) => {
                let steps = item.as_int().and_then(|number| number.checked_sub(range.start));
                let steps = steps.filter(|distance| distance.checked_rem(range.step) == Some(0));
                let index = steps.and_then(|distance| distance.checked_div(range.step));
                Ok(index.is_some_and(|index| range.get(index).is_some()))
            }
            (holder, item) => {
                let mut walk = self.walk(holder).or_else(|_| {
                    raise("TypeError", format!("argument of type '{}' is not iterable", holder.type_name()))
                })?;
                while let Some(candidate) = self.next(&mut walk)? {
                    self.step()?;
                    if equal(&candidate, item) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

fn is_sequence(value: &Value) -> bool {
    matches!(value, Value::Text(_) | Value::Bytes(_) | Value::List(_) | Value::Tuple(_))
}

fn no_operator<T>(operator: Operator, left: &str, right: &str) -> Outcome<T> {
    raise(
        "TypeError",
        format!("unsupported operand type(s) for {}: '{left}' and '{right}'", operator.as_str()),
    )
}

fn integers(left: i128, operator: Operator, right: i128) -> Outcome<Value> {
    let divided = matches!(operator, Operator::Div | Operator::FloorDiv | Operator::Mod);
    if divided && right == 0 {
        return raise("ZeroDivisionError", "division by zero");
    }
    let number = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Sub => left.checked_sub(right),
        Operator::Mult => left.checked_mul(right),
        Operator::Div => return Ok(Value::Float(left as f64 / right as f64)),
        // Python rounds down and gives the remainder the sign of the divisor.
        Operator::FloorDiv => left.checked_div(right).map(|quotient| {
            if left % right != 0 && (left < 0) != (right < 0) { quotient - 1 } else { quotient }
        }),
        Operator::Mod => left
            .checked_rem(right)
            .map(|rest| if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest }),
        Operator::Pow if right < 0 => return floats(left as f64, operator, right as f64),
        Operator::Pow => u32::try_from(right).ok().and_then(|right| left.checked_pow(right)),
        Operator::BitAnd => Some(left & right),
        Operator::BitOr => Some(left | right),
        Operator::BitXor => Some(left ^ right),
        Operator::LShift => u32::try_from(right)
            .ok()
            .and_then(|right| 2_i128.checked_pow(right))
            .and_then(|factor| left.checked_mul(factor)),
        Operator::RShift => Some(left >> right.clamp(0, 127)),
        Operator::MatMult => return no_operator(operator, "int", "int"),
    };
    whole(number)
}

fn floats(left: f64, operator: Operator, right: f64) -> Outcome<Value> {
    let divided = matches!(operator, Operator::Div | Operator::FloorDiv | Operator::Mod);
    if divided && right == 0.0 {
        return raise("ZeroDivisionError", "float division by zero");
    }
    Ok(Value::Float(match operator {
        Operator::Add => left + right,
        Operator::Sub => left - right,
        Operator::Mult => left * right,
        Operator::Div => left / right,
        Operator::FloorDiv => {
            let rest = modulo(left, right);
            ((left - rest) / right).round()
        }
        Operator::Mod => modulo(left, right),
        Operator::Pow if left == 0.0 && right < 0.0 => {
            return raise("ZeroDivisionError", "0.0 cannot be raised to a negative power");
        }
        Operator::Pow => left.powf(right),
        _ => return no_operator(operator, "float", "float"),
    }))
}

fn modulo(left: f64, right: f64) -> f64 {
    let rest = left % right;
    if rest != 0.0 && (rest < 0.0) != (right < 0.0) { rest + right } else { rest }
}

/// Returns whether two values are equal in Python. What is nested without end equals nothing.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    equal_within(left, right, NESTING_MAX)
}

#[expect(clippy::float_cmp, reason = "it is what Python compares")]
fn equal_within(left: &Value, right: &Value, levels: usize) -> bool {
    let Some(levels) = levels.checked_sub(1).filter(|_| work::spend()) else { return false };
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::None, Value::None) => true,
        (Value::Bytes(left), Value::Bytes(right)) => left == right,
        (Value::List(left), Value::List(right)) => {
            Rc::ptr_eq(left, right) || all_equal(&left.items.borrow(), &right.items.borrow(), levels)
        }
        (Value::Tuple(left), Value::Tuple(right)) => all_equal(left, right, levels),
        (Value::Dict(left), Value::Dict(right)) => {
            let (left, right) = (left.entries.borrow(), right.entries.borrow());
            left.len() == right.len()
                && left.iter().all(|(key, value)| {
                    right.get(key).is_some_and(|other| equal_within(value, other, levels))
                })
        }
        (Value::Set(left), Value::Set(right)) => *left.items.borrow() == *right.items.borrow(),
        (Value::Range(left), Value::Range(right)) => left == right,
        (Value::Moment(left), Value::Moment(right)) => left.is_equal(right),
        (Value::Delta(left), Value::Delta(right)) => left == right,
        (Value::Zone(left), Value::Zone(right)) => left == right,
        (left, right) => match (left.as_int(), right.as_int()) {
            (Some(left), Some(right)) => left == right,
            _ => match (left.as_float(), right.as_float()) {
                (Some(left), Some(right)) => left == right,
                _ => left.is_same(right),
            },
        },
    }
}

fn all_equal(left: &[Value], right: &[Value], levels: usize) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal_within(left, right, levels))
}

/// Orders two values; `None` for a number that is no number.
pub(super) fn order(left: &Value, right: &Value, sign: &str) -> Outcome<Option<Ordering>> {
    order_within(left, right, sign, NESTING_MAX)
}

fn order_within(left: &Value, right: &Value, sign: &str, levels: usize) -> Outcome<Option<Ordering>> {
    let Some(levels) = levels.checked_sub(1).filter(|_| work::spend()) else {
        return raise("RecursionError", "maximum recursion depth exceeded in comparison");
    };
    let incomparable = || {
        raise(
            "TypeError",
            format!(
                "'{sign}' not supported between instances of '{}' and '{}'",
                left.type_name(),
                right.type_name()
            ),
        )
    };
    Ok(match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Bytes(left), Value::Bytes(right)) => Some(left.cmp(right)),
        (Value::List(left), Value::List(right)) => {
            return sequences(&left.items.borrow(), &right.items.borrow(), sign, levels);
        }
        (Value::Tuple(left), Value::Tuple(right)) => return sequences(left, right, sign, levels),
        (Value::Moment(left), Value::Moment(right)) => return left.order(right, sign).map(Some),
        (Value::Delta(left), Value::Delta(right)) => Some(left.cmp(right)),
        (Value::Set(left), Value::Set(right)) => {
            let (left, right) = (left.items.borrow(), right.items.borrow());
            match (left.is_subset(&right), right.is_subset(&left)) {
                (true, true) => Some(Ordering::Equal),
                (true, false) => Some(Ordering::Less),
                (false, true) => Some(Ordering::Greater),
                (false, false) => None,
            }
        }
        _ => match (left.as_int(), right.as_int()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => match (left.as_float(), right.as_float()) {
                (Some(left), Some(right)) => left.partial_cmp(&right),
                _ => return incomparable(),
            },
        },
    })
}

fn sequences(left: &[Value], right: &[Value], sign: &str, levels: usize) -> Outcome<Option<Ordering>> {
    for (left, right) in left.iter().zip(right) {
        if !equal(left, right) {
            return order_within(left, right, sign, levels);
        }
    }
    Ok(Some(left.len().cmp(&right.len())))
}

/// Orders for sorting, where every pair must have an order.
pub(super) fn sorting_order(left: &Value, right: &Value) -> Outcome<Ordering> {
    Ok(order(left, right, "<")?.unwrap_or(Ordering::Equal))
}

/// Writes a value for an error message, short.
pub(super) fn shown(value: &Value) -> String {
    let text = format::repr(value).unwrap_or_else(|_| value.type_name().to_owned());
    if text.chars().count() > 60 { text.chars().take(57).chain("...".chars()).collect() } else { text }
}
