//! Evaluates a path that is more than names and indexes. Values know where they were found, for `$` and `` `parent` ``.
//!
//! The invariant: a value of the body is found once, however many ways of the path lead to it, so that no path can take more
//! than (its length) × (the size of the body).

use std::cmp::Ordering;
use std::collections::HashSet;
use std::rc::Rc;

use super::functions::Function;
use super::lex::Comparison;
use super::tree::{Condition, Expr, Operand};
use super::values::Value;
use crate::json::Json;

/// A value and the way to it.
pub(super) struct Found<'a> {
    pub(super) value: Value<'a>,
    step: Step<'a>,
    parent: Option<Rc<Found<'a>>>,
}

/// The last step to a value.
#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    This,
    Field(&'a str),
    Index(usize),
}

type Values<'a> = Vec<Rc<Found<'a>>>;

/// Finds all values in document order.
pub(super) fn find<'a>(expr: &Expr, root: Json<'a>) -> Vec<Value<'a>> {
    let root = Rc::new(Found { value: Value::Json(root), step: Step::This, parent: None });
    evaluate(expr, &root).into_iter().map(|found| found.value.clone()).collect()
}

fn evaluate<'a>(expr: &Expr, at: &Rc<Found<'a>>) -> Values<'a> {
    match expr {
        Expr::This => vec![Rc::clone(at)],
        Expr::Root => {
            let mut top = at;
            while let Some(parent) = &top.parent {
                top = parent;
            }
            vec![Rc::new(Found { value: top.value.clone(), step: Step::Root, parent: None })]
        }
        Expr::Parent => at.parent.iter().cloned().collect(),
        Expr::Fields(names) => once(names.iter().filter_map(|name| field(at, name)).collect()),
        Expr::Index(indexes) => once(indexed(at, indexes)),
        Expr::Slice(start, end, step) => sliced(at, *start, *end, *step),
        Expr::Every => children(at),
        Expr::Child(left, right) => {
            once(evaluate(left, at).iter().flat_map(|at| evaluate(right, at)).collect())
        }
        Expr::Descend(left, right) => once(descend(evaluate(left, at), right)),
        Expr::Union(left, right) => {
            let mut found = evaluate(left, at);
            found.extend(evaluate(right, at));
            once(found)
        }
        Expr::Where(left, right, wanted) => {
            let mut found = evaluate(left, at);
            found.retain(|at| evaluate(right, at).is_empty() != *wanted);
            found
        }
        Expr::Filter(condition) => {
            let mut found = children(at);
            found.retain(|at| holds(condition, at));
            found
        }
        Expr::Sorted(keys) => sorted(at, keys).into_iter().map(made).collect(),
        Expr::Arithmetic(left, operator, right) => {
            let (left, right) = (operands(left, at), operands(right, at));
            let pairs: Vec<_> = match (left, right) {
                (Ok(left), Ok(right)) if left.len() == right.len() => left.into_iter().zip(right).collect(),
                (Ok(_), Ok(_)) => return Vec::new(),
                (Ok(left), Err(right)) => left.into_iter().map(|left| (left, right.clone())).collect(),
                (Err(left), Ok(right)) => right.into_iter().map(|right| (left.clone(), right)).collect(),
                (Err(left), Err(right)) => vec![(left, right)],
            };
            let results: Option<Vec<_>> =
                pairs.iter().map(|(left, right)| left.calculate(*operator, right)).collect();
            results.unwrap_or_default().into_iter().map(made).collect()
        }
        Expr::Call(Function::Path) => vec![made(Value::text(&last_step(at.step)))],
        Expr::Call(function) => function.apply(&at.value).unwrap_or_default().into_iter().map(made).collect(),
    }
}

fn made(value: Value<'_>) -> Rc<Found<'_>> {
    Rc::new(Found { value, step: Step::This, parent: None })
}

fn child<'a>(at: &Rc<Found<'a>>, value: Value<'a>, step: Step<'a>) -> Rc<Found<'a>> {
    Rc::new(Found { value, step, parent: Some(Rc::clone(at)) })
}

/// Leaves a value of the body where it comes first.
fn once(mut found: Values<'_>) -> Values<'_> {
    if found.len() > 1 {
        let mut seen = HashSet::with_capacity(found.len());
        found.retain(|at| match &at.value {
            Value::Json(json) => seen.insert(json.index()),
            _ => true,
        });
    }
    found
}

fn field<'a>(at: &Rc<Found<'a>>, name: &str) -> Option<Rc<Found<'a>>> {
    let Value::Json(json) = &at.value else { return None };
    // As in JSON readers, the last member of a name is the one that counts.
    let (name, value) = json.members().filter(|(key, _)| *key == name).last()?;
    Some(child(at, Value::Json(value), Step::Field(name)))
}

fn elements<'a>(at: &Rc<Found<'a>>) -> Option<Values<'a>> {
    let elements = at.value.elements()?;
    Some(
        elements.into_iter().enumerate().map(|(index, value)| child(at, value, Step::Index(index))).collect(),
    )
}

fn children<'a>(at: &Rc<Found<'a>>) -> Values<'a> {
    if let Some(elements) = elements(at) {
        return elements;
    }
    let Value::Json(json) = &at.value else { return Vec::new() };
    json.members().map(|(name, value)| child(at, Value::Json(value), Step::Field(name))).collect()
}

fn indexed<'a>(at: &Rc<Found<'a>>, indexes: &[i64]) -> Values<'a> {
    let Some(elements) = elements(at) else { return Vec::new() };
    let length = elements.len() as i64;
    let place = |index: &i64| usize::try_from(if *index < 0 { length + index } else { *index }).ok();
    indexes.iter().filter_map(place).filter_map(|index| elements.get(index).cloned()).collect()
}

fn sliced<'a>(at: &Rc<Found<'a>>, start: Option<i64>, end: Option<i64>, step: Option<i64>) -> Values<'a> {
    let Some(elements) = elements(at) else { return Vec::new() };
    slice_indexes(elements.len(), start, end, step).map(|index| Rc::clone(&elements[index])).collect()
}

/// Returns the indexes of a slice as Python's `range(length)[start:end:step]` does; a step of zero gives none.
pub(super) fn slice_indexes(
    length: usize,
    start: Option<i64>,
    end: Option<i64>,
    step: Option<i64>,
) -> impl Iterator<Item = usize> {
    let length = length as i64;
    let step = step.unwrap_or(1);
    let (lowest, highest) = if step < 0 { (-1, length - 1) } else { (0, length) };
    let clamp =
        |bound: i64| (if bound < 0 { bound.saturating_add(length) } else { bound }).clamp(lowest, highest);
    let (first, last) = if step < 0 { (highest, lowest) } else { (lowest, highest) };
    let end = end.map_or(last, clamp);
    let first = Some(start.map_or(first, clamp)).filter(|_| step != 0);
    std::iter::successors(first, move |at| at.checked_add(step))
        .take_while(move |at| if step < 0 { *at > end } else { *at < end })
        .map(|at| at as usize)
}

/// Looks in each value and in everything inside of it, a value before what it holds.
fn descend<'a>(left: Values<'a>, right: &Expr) -> Values<'a> {
    let mut found = Vec::new();
    let mut waiting = left;
    waiting.reverse();
    while let Some(at) = waiting.pop() {
        found.extend(evaluate(right, &at));
        waiting.extend(children(&at).into_iter().rev());
    }
    found
}

/// The values of a side of a sum: found ones, or the one that is written.
fn operands<'a>(operand: &Operand, at: &Rc<Found<'a>>) -> Result<Vec<Value<'a>>, Value<'a>> {
    match operand {
        Operand::Int(number) => Err(Value::Int((*number).into())),
        Operand::Float(number) => Err(Value::Float(*number)),
        Operand::Text(text) => Err(Value::text(text)),
        Operand::Path(path) => Ok(evaluate(path, at).into_iter().map(|found| found.value.clone()).collect()),
    }
}

fn holds(condition: &Condition, at: &Rc<Found<'_>>) -> bool {
    match condition {
        Condition::All(all) => all.iter().all(|condition| holds(condition, at)),
        Condition::Any(any) => any.iter().any(|condition| holds(condition, at)),
        Condition::Exists(path) => !evaluate(path, at).is_empty(),
        Condition::Missing(path) => evaluate(path, at).is_empty(),
        Condition::Compare(path, comparison, literal) => {
            let found = evaluate(path, at);
            // What is missing differs from everything and is nothing.
            (found.is_empty() && *comparison == Comparison::NotEqual)
                || found.iter().any(|found| found.value.compares_literal(*comparison, literal))
        }
        Condition::CompareWith(path, comparison, other) => {
            let (found, others) = (evaluate(path, at), evaluate(other, at));
            if found.is_empty() || others.is_empty() {
                let equal = found.is_empty() && others.is_empty();
                return match comparison {
                    Comparison::Equal | Comparison::LessOrEqual | Comparison::GreaterOrEqual => equal,
                    Comparison::NotEqual => !equal,
                    Comparison::Less | Comparison::Greater | Comparison::Matches => false,
                };
            }
            found
                .iter()
                .any(|found| others.iter().any(|other| found.value.compares(*comparison, &other.value)))
        }
        Condition::Matches(path, pattern) => evaluate(path, at)
            .iter()
            .any(|found| found.value.as_text().is_some_and(|text| pattern.is_match(text))),
    }
}

/// Sorts a list, or the names of an object; `None` where Python raises an error.
fn sorted<'a>(at: &Rc<Found<'a>>, keys: &[(Expr, bool)]) -> Option<Value<'a>> {
    let names = |json: &Json<'a>| {
        let mut names: Vec<&str> = json.members().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(Value::text).collect()
    };
    let elements = match (at.value.elements(), &at.value) {
        (Some(elements), _) => elements,
        (None, Value::Json(json)) if json.is_object() && keys.is_empty() => {
            return Some(Value::List(Rc::new(names(json))));
        }
        _ => return None,
    };
    let by: Vec<Vec<Option<Value<'a>>>> = elements.iter().map(|element| sort_keys(element, keys)).collect();
    let order = |left: usize, right: usize| {
        if keys.is_empty() {
            return elements[left].python_order(&elements[right]);
        }
        for ((left, right), (_, descending)) in by[left].iter().zip(&by[right]).zip(keys) {
            // A key that is missing, or is there twice, decides nothing.
            let (Some(left), Some(right)) = (left, right) else { continue };
            if left.equals(right) {
                continue;
            }
            let order = left.python_order(right)?;
            return Some(if *descending { order.reverse() } else { order });
        }
        Some(Ordering::Equal)
    };
    let places = merge_sort((0..elements.len()).collect(), &order)?;
    Some(Value::List(Rc::new(places.into_iter().map(|place| elements[place].clone()).collect())))
}

fn sort_keys<'a>(element: &Value<'a>, keys: &[(Expr, bool)]) -> Vec<Option<Value<'a>>> {
    let element = made(element.clone());
    let only = |key: &Expr| match evaluate(key, &element).as_slice() {
        [one] => Some(one.value.clone()),
        _ => None,
    };
    keys.iter().map(|(key, _)| only(key)).collect()
}

/// The standard library's sorts want an order that holds together, which one with missing keys does not.
fn merge_sort(places: Vec<usize>, order: &impl Fn(usize, usize) -> Option<Ordering>) -> Option<Vec<usize>> {
    if places.len() < 2 {
        return Some(places);
    }
    let (left, right) = places.split_at(places.len() / 2);
    let left = merge_sort(left.to_vec(), order)?;
    let right = merge_sort(right.to_vec(), order)?;
    let mut merged = Vec::with_capacity(places.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(first), Some(second)) = (left.peek(), right.peek()) {
        let from_right = order(*second, *first)? == Ordering::Less;
        merged.extend(if from_right { right.next() } else { left.next() });
    }
    merged.extend(left);
    merged.extend(right);
    Some(merged)
}

/// Writes a step as jsonpath-ng does.
fn last_step(step: Step<'_>) -> String {
    match step {
        Step::Root => "$".to_owned(),
        Step::This => "`this`".to_owned(),
        Step::Index(index) => format!("[{index}]"),
        Step::Field(name) => {
            let bare = name.strip_prefix('@').unwrap_or(name);
            let plain = bare.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_@-".contains(&byte));
            if plain { name.to_owned() } else { format!("'{name}'") }
        }
    }
}
