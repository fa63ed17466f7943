//! Cursor states of runs that do not know of each other, as windows and parent rows side by side are, made one.
//!
//! Every such run starts with the state before it; the invariant is that folding theirs in order gives the state that one
//! run after the other would have left.

use std::cmp::Ordering;

use indexmap::IndexSet;
use serde_json::{Value, json};
use spile_core::IncrementalPlan;

use super::compare::Cursor;
use super::filter::stored_hashes;
use super::window::{Window, reading};

/// Folds the state of a page into the state of all runs before its own. Both are dlt's stored form.
pub fn fold_states(
    plan: &IncrementalPlan,
    window: Option<&Window>,
    before: Option<&Value>,
    page: Option<&Value>,
) -> Option<Value> {
    let (Some(before), Some(page)) = (before, page) else { return page.or(before).cloned() };
    let reading = reading(plan);
    let last = |state: &Value| Cursor::of_value(&state["last_value"], reading);
    let order = match (last(page), last(before)) {
        (Some(page), Some(before)) => {
            let order = page.compare(&before).unwrap_or(Ordering::Greater);
            if plan.descending { order.reverse() } else { order }
        }
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => Ordering::Equal,
    };
    let (newer, hashes) = match order {
        Ordering::Greater => (page, stored_hashes(Some(page))),
        Ordering::Less => (before, stored_hashes(Some(before))),
        Ordering::Equal => {
            let mut hashes: IndexSet<String> = stored_hashes(Some(before));
            hashes.extend(stored_hashes(Some(page)));
            (before, hashes)
        }
    };
    // The first page with rows sets it to the last value of the run before, and then it stays.
    let stored = window.and_then(|window| window.state.as_ref()).and_then(|state| state.get("last_value"));
    let previous = stored.filter(|last| !last.is_null()).or(plan.initial_value.as_ref());
    let is_set = Some(&before["start_value"]) == previous;
    Some(json!({
        "initial_value": page["initial_value"],
        "last_value": newer["last_value"],
        "unique_hashes": hashes,
        "start_value": if is_set { &before["start_value"] } else { &page["start_value"] },
    }))
}
