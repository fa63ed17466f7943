//! Where each resource starts: at the beginning, or after the last staged page of a run that died.
//!
//! Pure. The invariant: what is staged is not asked for again, and what follows is what would have followed.

use std::collections::VecDeque;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;
use spile_core::{Error, ErrorKind, ParentRow, Plan, Position, ResourcePlan, Result, WriteDisposition};
use spile_extract::{ResourceStart, Windows};

use crate::evidence::ResourceEvidence;
use crate::family::PartsStart;
use crate::ledger::Opened;
use crate::parent_cursors::{self, MovedCursors, ParentCursors};
use crate::parts::{Opener, Parts};

/// Where a resource goes on.
pub(crate) enum Start {
    /// One that is paged in one go.
    Whole(Box<ResourceStart>),
    /// One that is paged per row of another, or per window.
    InParts(Box<PartsStart>),
}

/// A resource that is not finished.
pub(crate) struct Unfinished {
    /// Its number in the plan.
    pub(crate) index: usize,
    pub(crate) start: Start,
    /// The number of the next row that it gives to children.
    pub(crate) next_ordinal: u64,
}

/// What is remembered of earlier runs, and of this one when it was interrupted.
pub(crate) struct Remembered<'a> {
    /// What was fixed when the package was opened.
    pub(crate) opened: &'a Opened,
    /// What the ledger says, by resource.
    pub(crate) evidence: &'a IndexMap<String, ResourceEvidence>,
    /// The rows that a resource has given to its children, from a number on.
    pub(crate) offers: &'a dyn Fn(&str, u64) -> Result<Vec<ParentRow>>,
    /// dlt's state document, as the destination has it.
    pub(crate) state: Option<&'a Value>,
}

/// Returns where each resource that is not finished goes on.
pub(crate) fn starts(plan: &Plan, remembered: &Remembered<'_>) -> Result<Vec<Unfinished>> {
    let mut starts = Vec::new();
    for (index, resource) in plan.resources.iter().enumerate() {
        if is_finished(plan, remembered.evidence, resource) {
            continue;
        }
        let evidence = remembered.evidence.get(&resource.name);
        let is_cut = resource.incremental.as_ref().is_some_and(|incremental| incremental.step.is_some());
        let start = if resource.family.parent.is_some() || is_cut {
            Start::InParts(Box::new(parts_start(plan, resource, remembered)?))
        } else {
            let window = remembered.opened.windows.get(&resource.name).cloned();
            let start = evidence.map_or_else(|| ResourceStart::fresh(None), going_on);
            Start::Whole(Box::new(ResourceStart { window, ..start }))
        };
        let next_ordinal = evidence.map_or(0, |evidence| evidence.offered);
        starts.push(Unfinished { index, start, next_ordinal });
    }
    Ok(starts)
}

/// Returns whether the ledger has all of a resource. A child ends with its parent, after the last row's last page.
fn is_finished(plan: &Plan, all: &IndexMap<String, ResourceEvidence>, resource: &ResourcePlan) -> bool {
    let evidence = all.get(&resource.name);
    let pages = evidence.map_or(0, |evidence| evidence.pages);
    if plan.page_limit.is_some_and(|limit| pages >= limit) {
        return true;
    }
    let Some(parent) = &resource.family.parent else {
        return evidence.is_some_and(ResourceEvidence::finished);
    };
    let Some(above) = plan.resources.iter().find(|above| above.name == parent.resource) else { return false };
    let offered = all.get(&above.name).map_or(0, |evidence| evidence.offered);
    let done = evidence.map_or(0, ResourceEvidence::rows_finished);
    is_finished(plan, all, above) && done >= offered
}

fn going_on(evidence: &ResourceEvidence) -> ResourceStart {
    ResourceStart {
        position: evidence.next.clone().unwrap_or(Position::Start),
        cursor_state: evidence.cursor_state.clone(),
        pages_before: evidence.pages,
        records_before: evidence.records,
        last_body_hash: evidence.last_body_hash.clone(),
        next_is_resume: evidence.pages > 0,
        ..ResourceStart::fresh(None)
    }
}

fn parts_start(plan: &Plan, resource: &ResourcePlan, remembered: &Remembered<'_>) -> Result<PartsStart> {
    let evidence = remembered.evidence.get(&resource.name);
    let under_way = evidence.and_then(ResourceEvidence::under_way);
    let opener = opener(plan, resource, remembered.opened, remembered.state)?;
    let mut first = under_way.and_then(|(_, _, run)| run).map(going_on);
    let mut moved = MovedCursors::default();
    if let (Opener::PerParent { stored, .. }, Some(incremental)) = (&opener, &resource.incremental) {
        if let Some(first) = &mut first {
            first.cursor_state =
                first.cursor_state.take().map(|kept| parent_cursors::expand(&kept, incremental));
        }
        let staged = evidence.map(|evidence| evidence.parent_cursors.clone()).unwrap_or_default();
        moved = MovedCursors::resumed(staged, stored);
    }
    let from = under_way
        .map_or_else(|| evidence.map_or(0, ResourceEvidence::rows_finished), |(ordinal, _, _)| ordinal);
    let rows = match &resource.family.parent {
        // One stands for the resource itself.
        None => VecDeque::from([None]),
        Some(parent) => {
            let given = remembered.evidence.get(&parent.resource).map_or(0, |parent| parent.offered);
            let rows = if given > from { (remembered.offers)(&parent.resource, from)? } else { Vec::new() };
            rows.into_iter().map(Some).collect()
        }
    };
    Ok(PartsStart {
        parts: Parts::new(opener, rows, under_way.map_or(0, |(_, window, _)| window)),
        first,
        cursor_state: evidence.and_then(|evidence| evidence.cursor_state.clone()),
        moved,
        pages: evidence.map_or(0, |evidence| evidence.pages),
    })
}

/// Returns where the windows of a resource in parts come from.
pub(crate) fn opener(
    plan: &Plan,
    resource: &ResourcePlan,
    opened: &Opened,
    state: Option<&Value>,
) -> Result<Opener> {
    let Some(incremental) = &resource.incremental else { return Ok(Opener::Nothing) };
    if incremental.per_parent {
        let state = state.filter(|_| keeps_cursors(plan, resource));
        let path = incremental.cursor_path.as_str();
        let stored = ParentCursors::read(state, &plan.source, &resource.name, path);
        let run_start = opened.run_start.parse().map_err(|error| {
            Error::new(ErrorKind::Bug, "bug/run-start", "the ledger's start of the run is no time")
                .source_error(error)
        })?;
        return Ok(Opener::PerParent { stored: Arc::new(stored), run_start });
    }
    let Some(window) = opened.windows.get(&resource.name) else { return Ok(Opener::Nothing) };
    let windows = Windows::cut(incremental, window.clone(), plan.limits.windows_max)
        .map_err(|error| error.with("resource", &resource.name))?;
    Ok(Opener::Shared(Arc::new(windows)))
}

/// Returns whether a run starts from what earlier ones have left. dlt forgets the cursor of a replaced resource: each run
/// loads it whole; and a backfill starts where it is told to.
pub(crate) fn keeps_cursors(plan: &Plan, resource: &ResourcePlan) -> bool {
    resource.load.write_disposition != WriteDisposition::Replace && !plan.backfill
}
