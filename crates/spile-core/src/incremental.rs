//! Loading only what is new: the resolved form of dlt's `incremental` and of the seeds' `incremental_sync`.

use std::sync::Arc;

use jiff::Span;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::function::CursorConvert;
use crate::json_path::JsonPath;

/// How a cursor value is written in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CursorFormat {
    /// As in the records; before any record is known: ISO 8601 in UTC.
    AsRecord,
    /// Unix seconds.
    Unix,
    /// Unix milliseconds.
    UnixMs,
    /// `2026-01-31T12:00:00Z`.
    Iso8601,
    /// A strftime pattern.
    Strftime(String),
}

/// Whether a bound belongs to the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeEdge {
    /// The bound itself belongs to it.
    Closed,
    /// The bound does not.
    Open,
}

/// What to do with a record whose cursor is missing or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingCursor {
    /// Fail the run.
    Raise,
    /// Keep the record.
    Include,
    /// Leave the record out.
    Exclude,
}

/// The order of the records that the config declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOrder {
    /// Oldest first.
    Asc,
    /// Newest first.
    Desc,
}

/// Where one bound is sent.
#[derive(Debug, Clone)]
pub struct CursorBound {
    /// Query parameter, if the bound is sent as one.
    pub param: Option<String>,
    /// How it is written.
    pub format: CursorFormat,
}

/// A distance between two cursor values.
#[derive(Debug, Clone, Copy)]
pub enum Stride {
    /// A length of time; months and years are those of the calendar, in UTC.
    Span(Span),
    /// What `lag` counts in: units for numbers, days for dates, seconds for all other times.
    Units(f64),
}

/// How a run's window is cut into windows that are asked for one by one.
#[derive(Debug, Clone, Copy)]
pub struct StepPlan {
    /// The length of a window.
    pub step: Stride,
    /// How much is taken off an end that does not belong to its window, for an API that reads both bounds as inclusive.
    pub granularity: Option<Stride>,
}

/// Which of the windows that a run's window is cut into; the only one where nothing is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowPart {
    /// Its number, from 0.
    pub index: u64,
    /// How many there are.
    pub count: u64,
}

impl WindowPart {
    /// The whole.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Returns whether a window is in front of it.
    pub fn has_previous(self) -> bool {
        self.index > 0
    }

    /// Returns whether a window follows it.
    pub fn has_next(self) -> bool {
        self.index + 1 < self.count
    }
}

/// A resolved incremental.
#[derive(Debug, Clone)]
pub struct IncrementalPlan {
    /// Path of the cursor in a record, raw names.
    pub cursor_path: JsonPath,
    /// Used until state exists.
    pub initial_value: Option<Value>,
    /// Fixed end; makes the run stateless.
    pub end_value: Option<Value>,
    /// How the start is sent.
    pub start: CursorBound,
    /// How the end is sent.
    pub end: CursorBound,
    /// Whether the window's end is the start of the run when no `end_value` is given (`incremental_sync`).
    pub end_is_run_start: bool,
    /// Converts values before they are sent; stored and compared is the value itself.
    pub convert: Option<Arc<dyn CursorConvert>>,
    /// Look-back, in seconds for times and in units for numbers.
    pub lag: Option<f64>,
    /// Whether smaller values are newer (`last_value_func: min`).
    pub descending: bool,
    /// Start edge.
    pub range_start: RangeEdge,
    /// End edge.
    pub range_end: RangeEdge,
    /// Missing cursors.
    pub on_missing: MissingCursor,
    /// Declared order, for early stop.
    pub row_order: Option<RowOrder>,
    /// Key for boundary deduplication; the resource's primary key unless given. Empty with `Some`: switched off.
    pub primary_key: Option<Vec<String>>,
    /// Whether and how the window is cut.
    pub step: Option<StepPlan>,
    /// Whether each row of the parent has a cursor of its own, where dlt shares one.
    pub per_parent: bool,
}
