//! Python's own functions.

use std::cmp::Ordering;

use super::{Given, Native};
use crate::callables::fault::{Fault, Outcome, raise, unsupported};
use crate::callables::machine::Machine;
use crate::callables::value::Value;
use crate::callables::{format, operators};

pub(super) const FUNCTIONS: &[Native] = &[
    Native { path: "builtins.abs", call: abs },
    Native { path: "builtins.all", call: |machine, given| any_or_all(machine, given, false) },
    Native { path: "builtins.any", call: |machine, given| any_or_all(machine, given, true) },
    Native { path: "builtins.callable", call: callable },
    Native { path: "builtins.chr", call: chr },
    Native { path: "builtins.divmod", call: divmod },
    Native { path: "builtins.enumerate", call: enumerate },
    Native { path: "builtins.filter", call: filter },
    Native { path: "builtins.getattr", call: getattr },
    Native { path: "builtins.hasattr", call: hasattr },
    Native { path: "builtins.isinstance", call: isinstance },
    Native { path: "builtins.iter", call: iter },
    Native { path: "builtins.len", call: len },
    Native { path: "builtins.map", call: map },
    Native { path: "builtins.max", call: |machine, given| extreme(machine, given, Ordering::Greater) },
    Native { path: "builtins.min", call: |machine, given| extreme(machine, given, Ordering::Less) },
    Native { path: "builtins.next", call: next },
    Native { path: "builtins.ord", call: ord },
    Native { path: "builtins.pow", call: pow },
    // What is printed is no data.
    Native { path: "builtins.print", call: |_, _| Ok(Value::None) },
    Native {
        path: "builtins.repr",
        call: |machine, given| {
            let text = format::repr(&given.one("repr")?)?;
            machine.text(text)
        },
    },
    Native { path: "builtins.reversed", call: reversed },
    Native { path: "builtins.round", call: round },
    Native { path: "builtins.sorted", call: sorted },
    Native { path: "builtins.sum", call: sum },
    Native { path: "builtins.type", call: type_of },
    Native { path: "builtins.zip", call: zip },
    Native {
        path: "typing.cast",
        call: |_, given| {
            let value = given.positional.into_iter().nth(1);
            value.map_or_else(|| raise("TypeError", "cast() takes 2 arguments"), Ok)
        },
    },
];

fn abs(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    match given.one("abs")? {
        Value::Float(number) => Ok(Value::Float(number.abs())),
        Value::Delta(delta) => Ok(Value::Delta(delta.absolute())),
        value => match value.as_int() {
            Some(number) => Ok(Value::Int(number.saturating_abs())),
            None => raise("TypeError", format!("bad operand type for abs(): '{}'", value.type_name())),
        },
    }
}

fn any_or_all(machine: &mut Machine<'_>, given: Given, stops_at: bool) -> Outcome<Value> {
    let iterable = given.one(if stops_at { "any" } else { "all" })?;
    let mut walk = machine.walk(&iterable)?;
    while let Some(item) = machine.next(&mut walk)? {
        machine.step()?;
        if item.truth() == stops_at {
            return Ok(Value::Bool(stops_at));
        }
    }
    Ok(Value::Bool(!stops_at))
}

fn callable(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let value = given.one("callable")?;
    let callable =
        matches!(value, Value::Function(_) | Value::Native(_) | Value::Method(_) | Value::Class(_));
    Ok(Value::Bool(callable))
}

fn chr(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let code = given.one("chr")?.as_int().and_then(|code| u32::try_from(code).ok());
    match code.and_then(char::from_u32) {
        Some(character) => Ok(Value::text(character.to_string())),
        None => raise("ValueError", "chr() arg not in range(0x110000)"),
    }
}

fn ord(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let value = given.one("ord")?;
    let mut characters = value.as_text().unwrap_or_default().chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Ok(Value::Int(i128::from(u32::from(character)))),
        _ => raise("TypeError", "ord() expected a character"),
    }
}

fn divmod(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [Some(left), Some(right)] = given.bind("divmod", ["x", "y"])? else {
        return raise("TypeError", "divmod expected 2 arguments");
    };
    let quotient = machine.binary(&left, ruff_python_ast::Operator::FloorDiv, &right)?;
    let rest = machine.binary(&left, ruff_python_ast::Operator::Mod, &right)?;
    Ok(Value::tuple(vec![quotient, rest]))
}

fn enumerate(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [iterable, start] = given.bind("enumerate", ["iterable", "start"])?;
    let start = start.map_or(Some(0), |start| start.as_int()).filter(|start| start.unsigned_abs() < 1 << 100);
    let Some(start) = start else {
        return raise("TypeError", "enumerate() needs a whole number to start from");
    };
    let (items, ends_with) = drained(machine, &iterable.unwrap_or(Value::None))?;
    machine.take_items(2 * items.len())?;
    let pairs = (start..).zip(items).map(|(index, item)| Value::tuple(vec![Value::Int(index), item]));
    Ok(Value::iterator_then(pairs.collect(), ends_with))
}

/// Takes all of an iterable, and the exception that ends it.
fn drained(
    machine: &mut Machine<'_>,
    iterable: &Value,
) -> Outcome<(Vec<Value>, Option<std::rc::Rc<crate::callables::value::Exception>>)> {
    if let Value::Iterator(iterating) = iterable {
        let items: Vec<Value> = iterating.items.take().collect();
        return Ok((items, iterating.ends_with.take()));
    }
    Ok((machine.collect(iterable)?, None))
}

fn filter(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [Some(function), Some(iterable)] = given.bind("filter", ["function", "iterable"])? else {
        return raise("TypeError", "filter expected 2 arguments");
    };
    let (items, mut ends_with) = drained(machine, &iterable)?;
    let mut kept = Vec::new();
    for item in items {
        let verdict = match &function {
            Value::None => Ok(item.clone()),
            function => machine.call(function, Given { positional: vec![item.clone()], named: Vec::new() }),
        };
        match verdict {
            Ok(verdict) if verdict.truth() => kept.push(item),
            Ok(_) => {}
            Err(Fault::Raised(exception)) => {
                ends_with = Some(exception);
                break;
            }
            Err(stopped) => return Err(stopped),
        }
    }
    machine.take_items(kept.len())?;
    Ok(Value::iterator_then(kept, ends_with))
}

fn map(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let mut positional = given.positional.into_iter();
    let Some(function) = positional.next() else { return raise("TypeError", "map() needs a function") };
    let mut columns = Vec::new();
    let mut ends_with = None;
    for iterable in positional {
        let (items, end) = drained(machine, &iterable)?;
        ends_with = ends_with.or(end);
        columns.push(items.into_iter());
    }
    let mut made = Vec::new();
    while let Some(arguments) = columns.iter_mut().map(Iterator::next).collect::<Option<Vec<Value>>>() {
        if arguments.is_empty() {
            return raise("TypeError", "map() must have at least two arguments");
        }
        match machine.call(&function, Given { positional: arguments, named: Vec::new() }) {
            Ok(value) => made.push(value),
            Err(Fault::Raised(exception)) => {
                ends_with = Some(exception);
                break;
            }
            Err(stopped) => return Err(stopped),
        }
    }
    machine.take_items(made.len())?;
    Ok(Value::iterator_then(made, ends_with))
}

fn zip(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    if given.named.iter().any(|(name, value)| &**name != "strict" || value.truth()) {
        return unsupported("`zip` with `strict`");
    }
    let mut columns = Vec::new();
    for iterable in given.positional {
        columns.push(machine.collect(&iterable)?.into_iter());
    }
    let mut rows = Vec::new();
    while let Some(row) = columns.iter_mut().map(Iterator::next).collect::<Option<Vec<Value>>>() {
        if row.is_empty() {
            break;
        }
        machine.take_items(row.len() + 1)?;
        rows.push(Value::tuple(row));
    }
    Ok(Value::iterator(rows))
}

fn getattr(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [Some(object), Some(Value::Text(name)), default] =
        given.bind("getattr", ["object", "name", "default"])?
    else {
        return raise("TypeError", "getattr(): attribute name must be string");
    };
    match (machine.attribute(&object, &name), default) {
        (Err(Fault::Raised(exception)), Some(default)) if exception.class.name() == "AttributeError" => {
            Ok(default)
        }
        (outcome, _) => outcome,
    }
}

fn hasattr(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [Some(object), Some(Value::Text(name))] = given.bind("hasattr", ["object", "name"])? else {
        return raise("TypeError", "hasattr(): attribute name must be string");
    };
    match machine.attribute(&object, &name) {
        Ok(_) => Ok(Value::Bool(true)),
        Err(Fault::Raised(exception)) if exception.class.name() == "AttributeError" => Ok(Value::Bool(false)),
        Err(fault) => Err(fault),
    }
}

fn isinstance(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [Some(object), Some(classes)] = given.bind("isinstance", ["object", "classes"])? else {
        return raise("TypeError", "isinstance expected 2 arguments");
    };
    operators::is_instance(&object, &classes).map(Value::Bool)
}

fn iter(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    match given.one("iter")? {
        iterator @ Value::Iterator(_) => Ok(iterator),
        other => Ok(Value::iterator(machine.collect(&other)?)),
    }
}

fn next(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [iterator, default] = given.bind("next", ["iterator", "default"])?;
    let iterator = iterator.unwrap_or(Value::None);
    if !matches!(iterator, Value::Iterator(_)) {
        return raise("TypeError", format!("'{}' object is not an iterator", iterator.type_name()));
    }
    let mut walk = machine.walk(&iterator)?;
    match (machine.next(&mut walk)?, default) {
        (Some(item), _) => Ok(item),
        (None, Some(default)) => Ok(default),
        (None, None) => raise("StopIteration", ""),
    }
}

fn len(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let length = match given.one("len")? {
        Value::Text(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => list.items.borrow().len(),
        Value::Tuple(items) => items.len(),
        Value::Dict(dict) => dict.entries.borrow().len(),
        Value::Set(set) => set.items.borrow().len(),
        Value::Range(range) => return Ok(Value::Int(range.len())),
        other => return raise("TypeError", format!("object of type '{}' has no len()", other.type_name())),
    };
    Ok(Value::Int(length as i128))
}

fn extreme(machine: &mut Machine<'_>, given: Given, wanted: Ordering) -> Outcome<Value> {
    let name = if wanted == Ordering::Greater { "max" } else { "min" };
    let (mut key, mut default) = (None, None);
    for (argument, value) in given.named {
        match &*argument {
            "key" => key = Some(value).filter(|value| !matches!(value, Value::None)),
            "default" => default = Some(value),
            other => {
                return raise("TypeError", format!("{name}() got an unexpected keyword argument '{other}'"));
            }
        }
    }
    let items = match given.positional.as_slice() {
        [] => return raise("TypeError", format!("{name} expected at least 1 argument, got 0")),
        [iterable] => machine.collect(iterable)?,
        several => several.to_vec(),
    };
    let mut best: Option<(Value, Value)> = None;
    for item in items {
        let rank = match &key {
            Some(key) => machine.call(key, Given { positional: vec![item.clone()], named: Vec::new() })?,
            None => item.clone(),
        };
        let sign = if wanted == Ordering::Greater { ">" } else { "<" };
        let better = match &best {
            Some((_, highest)) => operators::order(&rank, highest, sign)? == Some(wanted),
            None => true,
        };
        if better {
            best = Some((item, rank));
        }
    }
    match (best, default) {
        (Some((item, _)), _) | (None, Some(item)) => Ok(item),
        (None, None) => raise("ValueError", format!("{name}() iterable argument is empty")),
    }
}

fn pow(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    match given.bind("pow", ["base", "exp"])? {
        [Some(base), Some(exponent)] => machine.binary(&base, ruff_python_ast::Operator::Pow, &exponent),
        _ => raise("TypeError", "pow() needs 2 arguments"),
    }
}

fn reversed(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let value = given.one("reversed")?;
    if matches!(value, Value::Set(_) | Value::Iterator(_)) {
        return raise("TypeError", format!("'{}' object is not reversible", value.type_name()));
    }
    let mut items = machine.collect(&value)?;
    items.reverse();
    Ok(Value::iterator(items))
}

fn round(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [value, digits] = given.bind("round", ["number", "ndigits"])?;
    let value = value.unwrap_or(Value::None);
    let digits = digits.filter(|digits| !matches!(digits, Value::None));
    let digits = digits.map(|digits| digits.as_int().unwrap_or(0).clamp(-400, 400) as i32);
    match (&value, digits) {
        (Value::Float(number), None) if number.is_finite() => {
            Ok(Value::Int(number.round_ties_even() as i128))
        }
        (Value::Float(number), Some(_)) if !number.is_finite() => Ok(Value::Float(*number)),
        (Value::Float(_), None) => raise("ValueError", "cannot convert float NaN or infinity to integer"),
        // Exact decimal rounding of the double, half to even: what writing it with so many digits does.
        (Value::Float(number), Some(digits @ 0..)) => {
            let decimals = usize::try_from(digits).unwrap_or(0);
            Ok(Value::Float(format!("{number:.decimals$}").parse().unwrap_or(*number)))
        }
        (Value::Float(number), Some(digits)) => {
            let unit = 10_f64.powi(-digits);
            Ok(Value::Float((number / unit).round_ties_even() * unit))
        }
        (value, digits) => match (value.as_int(), digits) {
            (Some(number), None | Some(0..)) => Ok(Value::Int(number)),
            (Some(number), Some(digits)) => {
                let Some(unit) = 10_i128.checked_pow(digits.unsigned_abs()) else { return Ok(Value::Int(0)) };
                let (quotient, rest) = (number.div_euclid(unit), number.rem_euclid(unit));
                let up = rest > unit - rest || (rest == unit - rest && quotient % 2 != 0);
                match (quotient + i128::from(up)).checked_mul(unit) {
                    Some(number) => Ok(Value::Int(number)),
                    None => unsupported("rounding beyond 128 bits"),
                }
            }
            _ => raise("TypeError", format!("type {} doesn't define __round__ method", value.type_name())),
        },
    }
}

fn sorted(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let mut positional = given.positional.into_iter();
    let Some(iterable) = positional.next() else {
        return raise("TypeError", "sorted expected 1 argument, got 0");
    };
    let items = machine.collect(&iterable)?;
    let items = sort(machine, items, given.named)?;
    machine.list(items)
}

/// Sorts with `key` and `reverse`. The order of equal items stays, as in Python.
pub(in crate::callables) fn sort(
    machine: &mut Machine<'_>,
    items: Vec<Value>,
    named: Vec<(Box<str>, Value)>,
) -> Outcome<Vec<Value>> {
    let (mut key, mut reverse) = (None, false);
    for (name, value) in named {
        match &*name {
            "key" => key = Some(value).filter(|value| !matches!(value, Value::None)),
            "reverse" => reverse = value.truth(),
            other => {
                return raise("TypeError", format!("sort() got an unexpected keyword argument '{other}'"));
            }
        }
    }
    let mut ranked = Vec::with_capacity(items.len());
    for item in items {
        machine.step()?;
        let rank = match &key {
            Some(key) => machine.call(key, Given { positional: vec![item.clone()], named: Vec::new() })?,
            None => item.clone(),
        };
        ranked.push((rank, item));
    }
    let mut fault = None;
    ranked.sort_by(|(left, _), (right, _)| {
        let order = operators::sorting_order(left, right);
        let order = order.unwrap_or_else(|error| {
            fault.get_or_insert(error);
            Ordering::Equal
        });
        if reverse { order.reverse() } else { order }
    });
    match fault {
        Some(fault) => Err(fault),
        None => Ok(ranked.into_iter().map(|(_, item)| item).collect()),
    }
}

fn sum(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [iterable, start] = given.bind("sum", ["iterable", "start"])?;
    let mut total = start.unwrap_or(Value::Int(0));
    if let Value::Text(_) = total {
        return raise("TypeError", "sum() can't sum strings [use ''.join(seq) instead]");
    }
    let mut walk = machine.walk(&iterable.unwrap_or(Value::None))?;
    while let Some(item) = machine.next(&mut walk)? {
        machine.step()?;
        total = machine.binary(&total, ruff_python_ast::Operator::Add, &item)?;
    }
    Ok(total)
}

fn type_of(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    use crate::callables::classes::Class;
    let value = given.one("type")?;
    if let Value::Exception(exception) = &value {
        return Ok(Value::Class(exception.class.clone()));
    }
    match Class::find(&format!("builtins.{}", value.type_name()))
        .or_else(|| Class::find(&format!("datetime.{}", value.type_name())))
    {
        Some(class) => Ok(Value::Class(class)),
        None => unsupported(format!("`type` of {}", value.type_name())),
    }
}
