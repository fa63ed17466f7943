//! `collections`, `itertools`, `functools`, `copy` and `operator`, as far as rows are made with them.

use super::{Given, Native, construct};
use crate::callables::fault::{Outcome, raise};
use crate::callables::machine::Machine;
use crate::callables::operators;
use crate::callables::value::{Dict, Key, List, NESTING_MAX, Value};

pub(super) const FUNCTIONS: &[Native] = &[
    Native { path: "collections.Counter", call: counter },
    Native { path: "collections.OrderedDict", call: ordered_dict },
    Native { path: "collections.defaultdict", call: default_dict },
    Native { path: "copy.copy", call: copy },
    Native { path: "copy.deepcopy", call: deep_copy },
    Native { path: "functools.reduce", call: reduce },
    Native { path: "itertools.chain", call: chain },
    Native { path: "itertools.chain.from_iterable", call: chain_from },
    Native { path: "itertools.islice", call: slice },
];

fn ordered_dict(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let class = Value::Class(crate::callables::classes::Class::Builtin("dict"));
    machine.call(&class, given)
}

fn counter(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [iterable] = given.bind("Counter", ["iterable"])?;
    let mut counts: Vec<(Key, Value)> = Vec::new();
    let mut places = indexmap::IndexMap::<Key, i128>::new();
    for item in machine.collect(&iterable.unwrap_or_else(|| Value::tuple(Vec::new())))? {
        *places.entry(operators::key(&item)?).or_insert(0) += 1;
    }
    counts.extend(places.into_iter().map(|(key, count)| (key, Value::Int(count))));
    let zero = super::find("builtins.new.int").map(Value::Native);
    Ok(construct::default_dict(zero, counts))
}

fn default_dict(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let mut positional = given.positional.into_iter();
    let factory = positional.next();
    let mut entries = Vec::new();
    for source in positional {
        entries.extend(construct::pairs(machine, &source)?);
    }
    Ok(construct::default_dict(factory, entries))
}

fn copy(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    copied(machine, &given.one("copy")?, 1)
}

fn deep_copy(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    copied(machine, &given.positional.into_iter().next().unwrap_or(Value::None), NESTING_MAX)
}

/// Copies so many levels. As in Python what cannot change is shared.
pub(in crate::callables) fn copied(
    machine: &mut Machine<'_>,
    value: &Value,
    levels: usize,
) -> Outcome<Value> {
    let Some(left) = levels.checked_sub(1) else { return Ok(value.clone()) };
    Ok(match value {
        Value::List(list) => {
            let items: Outcome<Vec<Value>> =
                list.items.borrow().iter().map(|item| copied(machine, item, left)).collect();
            machine.list(items?)?
        }
        Value::Tuple(items) => {
            let items: Outcome<Vec<Value>> = items.iter().map(|item| copied(machine, item, left)).collect();
            Value::tuple(items?)
        }
        Value::Dict(dict) => {
            let mut entries = dict.entries.borrow().clone();
            machine.take_items(2 * entries.len())?;
            for value in entries.values_mut() {
                *value = copied(machine, value, left)?;
            }
            Value::Dict(std::rc::Rc::new(Dict {
                entries: entries.into(),
                frozen: false,
                factory: dict.factory.clone(),
            }))
        }
        Value::Set(set) if !set.is_frozenset => {
            machine.take_items(set.items.borrow().len())?;
            Value::set(set.items.borrow().iter().cloned())
        }
        other => other.clone(),
    })
}

fn reduce(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [Some(function), Some(iterable), initial] =
        given.bind("reduce", ["function", "iterable", "initial"])?
    else {
        return raise("TypeError", "reduce expected at least 2 arguments");
    };
    let mut items = machine.collect(&iterable)?.into_iter();
    let Some(mut total) = initial.or_else(|| items.next()) else {
        return raise("TypeError", "reduce() of empty iterable with no initial value");
    };
    for item in items {
        total = machine.call(&function, Given { positional: vec![total, item], named: Vec::new() })?;
    }
    Ok(total)
}

fn chain(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let mut items = Vec::new();
    for iterable in given.positional {
        items.extend(machine.collect(&iterable)?);
    }
    Ok(Value::iterator(items))
}

fn chain_from(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let mut items = Vec::new();
    for iterable in machine.collect(&given.one("from_iterable")?)? {
        items.extend(machine.collect(&iterable)?);
    }
    Ok(Value::iterator(items))
}

fn slice(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let mut positional = given.positional.into_iter();
    let iterable = positional.next().unwrap_or(Value::None);
    let bounds: Vec<Option<i128>> = positional.map(|bound| bound.as_int()).collect();
    let bounds = match bounds.as_slice() {
        [stop] => [None, *stop, None],
        [start, stop] => [*start, *stop, None],
        [start, stop, step] => [*start, *stop, *step],
        _ => return raise("TypeError", "islice expected 2 to 4 arguments"),
    };
    let items = machine.collect(&iterable)?;
    let list = Value::List(std::rc::Rc::new(List { items: items.into(), frozen: false }));
    let picked = machine.sliced(&list, bounds)?;
    Ok(Value::iterator(machine.collect(&picked)?))
}
