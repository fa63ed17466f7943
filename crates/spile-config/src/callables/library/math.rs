//! `math`.

use super::{Given, Native};
use crate::callables::fault::{Outcome, raise};
use crate::callables::machine::Machine;
use crate::callables::value::Value;

pub(super) const FUNCTIONS: &[Native] = &[
    Native { path: "math.ceil", call: |_, given| whole(given, f64::ceil) },
    Native { path: "math.cos", call: |_, given| real(given, f64::cos) },
    Native { path: "math.exp", call: |_, given| real(given, f64::exp) },
    Native { path: "math.fabs", call: |_, given| real(given, f64::abs) },
    Native { path: "math.floor", call: |_, given| whole(given, f64::floor) },
    Native { path: "math.isfinite", call: |_, given| Ok(Value::Bool(number(given)?.is_finite())) },
    Native { path: "math.isinf", call: |_, given| Ok(Value::Bool(number(given)?.is_infinite())) },
    Native { path: "math.isnan", call: |_, given| Ok(Value::Bool(number(given)?.is_nan())) },
    Native { path: "math.log", call: log },
    Native { path: "math.log10", call: |_, given| positive(given, f64::log10) },
    Native { path: "math.log2", call: |_, given| positive(given, f64::log2) },
    Native { path: "math.radians", call: |_, given| real(given, f64::to_radians) },
    Native { path: "math.sin", call: |_, given| real(given, f64::sin) },
    Native { path: "math.sqrt", call: sqrt },
    Native { path: "math.trunc", call: |_, given| whole(given, f64::trunc) },
];

fn number(given: Given) -> Outcome<f64> {
    let value = given.one("math")?;
    match value.as_float() {
        Some(number) => Ok(number),
        None => raise("TypeError", format!("must be real number, not {}", value.type_name())),
    }
}

fn real(given: Given, compute: fn(f64) -> f64) -> Outcome<Value> {
    Ok(Value::Float(compute(number(given)?)))
}

fn whole(given: Given, compute: fn(f64) -> f64) -> Outcome<Value> {
    if let [value] = given.positional.as_slice()
        && let Some(number) = value.as_int()
    {
        return Ok(Value::Int(number));
    }
    let number = number(given)?;
    if !number.is_finite() || number.abs() >= 1.7e38 {
        return raise("OverflowError", "cannot convert float infinity to integer");
    }
    Ok(Value::Int(compute(number) as i128))
}

fn positive(given: Given, compute: fn(f64) -> f64) -> Outcome<Value> {
    let number = number(given)?;
    if number <= 0.0 { raise("ValueError", "math domain error") } else { Ok(Value::Float(compute(number))) }
}

fn sqrt(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let number = number(given)?;
    if number < 0.0 { raise("ValueError", "math domain error") } else { Ok(Value::Float(number.sqrt())) }
}

fn log(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [value, base] = given.bind("log", ["x", "base"])?;
    match (value.and_then(|value| value.as_float()), base.map(|base| base.as_float())) {
        (Some(number), None) if number > 0.0 => Ok(Value::Float(number.ln())),
        (Some(number), Some(Some(base))) if number > 0.0 && base > 0.0 => {
            Ok(Value::Float(number.ln() / base.ln()))
        }
        _ => raise("ValueError", "math domain error"),
    }
}
