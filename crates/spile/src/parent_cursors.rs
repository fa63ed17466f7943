//! Cursors of single parent rows, where dlt has one for all of them.
//!
//! They are kept in dlt's state document beside dlt's own, under a key that dlt keeps and does not read: `spile` of the
//! resource. A cursor is its last value and the hashes of the rows at it, under the values that the child was asked for
//! with. The invariant: cursors are only added and moved, so those of parents that are gone stay, and a parent that comes
//! back goes on where it was.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use spile_core::{Error, ErrorKind, IncrementalPlan, ParentRow, Result};

use crate::state::object_in;

/// Keys of more bytes are kept as a hash.
const KEY_BYTES_MAX: usize = 64;

/// What earlier runs have left of one child's cursor.
#[derive(Debug, Clone, Default)]
pub(crate) struct ParentCursors {
    cursors: Map<String, Value>,
}

impl ParentCursors {
    /// Reads them from dlt's state document.
    pub(crate) fn read(state: Option<&Value>, source: &str, resource: &str, cursor_path: &str) -> Self {
        let found = state
            .and_then(|state| state.get("sources")?.get(source)?.get("resources")?.get(resource))
            .and_then(|resource| resource.get("spile")?.get("per_parent")?.get(cursor_path)?.as_object());
        Self { cursors: found.cloned().unwrap_or_default() }
    }

    /// Returns dlt's form of the state under a key.
    pub(crate) fn state(&self, key: &str, plan: &IncrementalPlan) -> Option<Value> {
        self.cursors.get(key).map(|cursor| expand(cursor, plan))
    }
}

/// Writes cursors of a run into the state of their resource.
pub(crate) fn write(resource: &mut Map<String, Value>, cursor_path: &str, moved: &BTreeMap<String, Value>) {
    let cursors = object_in(object_in(object_in(resource, "spile"), "per_parent"), cursor_path);
    for (key, cursor) in moved {
        cursors.insert(key.clone(), cursor.clone());
    }
}

/// Returns what a parent row's cursor is kept under: the values as JSON, or a hash of them when they are long.
pub(crate) fn key(bound: &[String], row: &ParentRow) -> String {
    let values: Vec<&Value> = bound.iter().map(|name| row.values.get(name).unwrap_or(&Value::Null)).collect();
    let text = json!(values).to_string();
    if text.len() <= KEY_BYTES_MAX {
        return text;
    }
    format!("#{}", &blake3::hash(text.as_bytes()).to_hex()[..32])
}

/// Makes dlt's form of a kept cursor.
pub(crate) fn expand(cursor: &Value, plan: &IncrementalPlan) -> Value {
    json!({
        "initial_value": plan.initial_value,
        "last_value": cursor[0],
        "unique_hashes": cursor[1].as_array().map_or(&[][..], Vec::as_slice),
        "start_value": plan.initial_value,
    })
}

/// Makes what is kept of dlt's form; `None` for a cursor that has not moved since the beginning.
fn compact(state: &Value, plan: &IncrementalPlan) -> Option<Value> {
    let (last, hashes) = (&state["last_value"], &state["unique_hashes"]);
    let has_moved = !last.is_null() && Some(last) != plan.initial_value.as_ref();
    let has_rows = hashes.as_array().is_some_and(|hashes| !hashes.is_empty());
    (has_moved || has_rows).then(|| json!([last, hashes]))
}

/// The cursors of a run, page by page.
#[derive(Debug, Default)]
pub(crate) struct MovedCursors {
    moved: BTreeMap<String, Value>,
    /// Keys that no earlier run has left.
    new: usize,
}

impl MovedCursors {
    /// Takes over what an interrupted run has staged.
    pub(crate) fn resumed(moved: BTreeMap<String, Value>, stored: &ParentCursors) -> Self {
        let new = moved.keys().filter(|key| !stored.cursors.contains_key(*key)).count();
        Self { moved, new }
    }

    /// Folds the state of a page in; returns what is kept under its key.
    pub(crate) fn fold(
        &mut self,
        key: &str,
        state: Option<&Value>,
        plan: &IncrementalPlan,
        stored: &ParentCursors,
        most: usize,
    ) -> Result<Option<Value>> {
        let before = self.moved.get(key).map(|cursor| expand(cursor, plan));
        let folded = spile_extract::fold_states(plan, None, before.as_ref(), state);
        let Some(cursor) = folded.and_then(|state| compact(&state, plan)) else { return Ok(None) };
        if !self.moved.contains_key(key) && !stored.cursors.contains_key(key) {
            self.new += 1;
            if self.new + stored.cursors.len() > most {
                let path = plan.cursor_path.as_str();
                let message = format!("more than {most} parent rows have a cursor `{path}` of their own");
                return Err(Error::new(ErrorKind::Limit, "limit/parent-cursors", message).hint(
                    "Raise `client.limits.parent_cursors_max`, or remove `per_parent`: all rows share one cursor then.",
                ));
            }
        }
        self.moved.insert(key.to_owned(), cursor.clone());
        Ok(Some(cursor))
    }
}
