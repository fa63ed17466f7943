//! Rows against the window: which are kept, which are dropped and counted, and what the cursor state is after them.
//!
//! The rules are dlt's, including the deduplication at the boundary by hashes in the state. For `incremental_sync` the
//! edges are as coarse as what was sent: a row that is written as the bound was written belongs to the window.

use std::cmp::Ordering;

use indexmap::IndexSet;
use serde_json::{Value, json};
use spile_core::{
    AskedBounds, Error, ErrorKind, IncrementalPlan, Json, Match, MissingCursor, RangeEdge, Result, RowOrder,
    WindowPart,
};

use super::compare::{Cursor, Reading};
use super::format::{self, TimeForm};
use super::hash;
use super::window::{Window, reading};

/// What the filter did with a page.
#[derive(Debug, Default)]
pub(crate) struct Filtered {
    /// Tape indices of the rows to load.
    pub(crate) kept: Vec<u32>,
    /// Rows beyond a bound that the request carries.
    pub(crate) outside: u64,
    /// Rows that the previous run has.
    pub(crate) duplicates: u64,
    /// Whether ordered rows have left the window, so that nothing more can come.
    pub(crate) passed: bool,
}

/// Where a row is.
enum Verdict {
    Keep,
    /// On an edge that does not belong to the window.
    OnOpenEdge,
    Duplicate,
    BeforeStart,
    AfterEnd,
}

/// Filters the rows of one resource, page by page.
pub(crate) struct RowFilter<'a> {
    plan: &'a IncrementalPlan,
    window: &'a Window,
    /// Which of the run's windows it is: at a border between two, a row belongs to the later one.
    part: WindowPart,
    asked: AskedBounds,
    /// Key for deduplication; empty: the whole row.
    key: &'a [String],
    deduplicates: bool,
    reading: Reading,
    start: Option<Cursor<'static>>,
    end: Option<Cursor<'static>>,
    /// The newest value so far, compared and as it was found.
    last: Option<(Cursor<'static>, Value)>,
    start_hashes: IndexSet<String>,
    /// Hashes of the rows at the newest value.
    hashes: IndexSet<String>,
    start_digest_bytes: usize,
    digest_bytes: usize,
    /// `start_value` of the state: set to the previous run's last value by the first page with rows.
    state_start: Value,
}

impl<'a> RowFilter<'a> {
    /// Starts at the beginning of the window, or after the pages that `resumed` is the state of.
    pub(crate) fn new(
        plan: &'a IncrementalPlan,
        window: &'a Window,
        part: WindowPart,
        asked: AskedBounds,
        primary_key: &'a [String],
        resumed: Option<&Value>,
    ) -> Self {
        let reading = reading(plan);
        let cursor =
            |value: &Option<Value>| value.as_ref().and_then(|value| Cursor::of_value(value, reading));
        let start = cursor(&window.start);
        let start_hashes = stored_hashes(window.state.as_ref());
        let resumed_last = resumed.and_then(|state| state.get("last_value")).cloned();
        // A window in the middle has no part in the state before it has rows.
        let start_value = window.start.clone().filter(|_| !part.has_previous());
        let last_value = resumed_last.filter(|last| !last.is_null()).or(start_value);
        let last = last_value.and_then(|value| Some((Cursor::of_value(&value, reading)?, value)));
        let key = plan.primary_key.as_deref().unwrap_or(primary_key);
        let switched_off = plan.primary_key.as_ref().is_some_and(Vec::is_empty);
        let has_lag = plan.lag.is_some_and(|lag| lag != 0.0);
        let deduplicates =
            !switched_off && !has_lag && plan.end_value.is_none() && plan.range_start == RangeEdge::Closed;
        let hashes = resumed.map_or_else(|| start_hashes.clone(), |state| stored_hashes(Some(state)));
        let state_start = resumed.or(window.state.as_ref()).and_then(|state| state.get("start_value"));
        Self {
            plan,
            window,
            part,
            asked,
            key,
            deduplicates,
            reading,
            start,
            end: cursor(&window.end),
            last,
            start_digest_bytes: digest_bytes(&start_hashes),
            digest_bytes: digest_bytes(&hashes),
            start_hashes,
            hashes,
            state_start: state_start.or(plan.initial_value.as_ref()).cloned().unwrap_or_default(),
        }
    }

    /// Filters the rows of a page.
    pub(crate) fn page(&mut self, records: &[Json<'_>]) -> Result<Filtered> {
        let mut filtered = Filtered::default();
        for record in records {
            match self.row(*record)? {
                Some(Verdict::Keep) => filtered.kept.push(record.index()),
                Some(Verdict::Duplicate) => filtered.duplicates += 1,
                Some(Verdict::BeforeStart) => {
                    filtered.outside += u64::from(self.asked.start);
                    filtered.passed |= self.plan.row_order == Some(RowOrder::Desc);
                }
                Some(Verdict::AfterEnd) => {
                    filtered.outside += u64::from(self.asked.end);
                    filtered.passed |= self.plan.row_order == Some(RowOrder::Asc);
                }
                Some(Verdict::OnOpenEdge) | None => {}
            }
        }
        if !filtered.kept.is_empty() {
            self.state_start = self.previous_last();
        }
        Ok(filtered)
    }

    /// Returns dlt's stored form of the state; `None` for a stateless run.
    pub(crate) fn state(&self) -> Option<Value> {
        if self.plan.end_value.is_some() {
            return None;
        }
        let initial = self.window.state.as_ref().and_then(|state| state.get("initial_value"));
        let hashes: Vec<&String> = if self.deduplicates { self.hashes.iter().collect() } else { Vec::new() };
        Some(json!({
            "initial_value": initial.or(self.plan.initial_value.as_ref()),
            "last_value": self.last_value(),
            "unique_hashes": hashes,
            "start_value": self.state_start,
        }))
    }

    /// The newest value; with a lag it may be older than what the state has, and the state never goes back.
    fn last_value(&self) -> Value {
        let previous = self.previous_last();
        match (&self.last, Cursor::of_value(&previous, self.reading)) {
            (Some((last, _)), Some(stored)) if !self.is_newer(last, &stored).unwrap_or(true) => previous,
            (Some((_, value)), _) => value.clone(),
            (None, _) => previous,
        }
    }

    fn previous_last(&self) -> Value {
        let stored = self.window.state.as_ref().and_then(|state| state.get("last_value"));
        stored
            .filter(|last| !last.is_null())
            .or(self.plan.initial_value.as_ref())
            .cloned()
            .unwrap_or_default()
    }

    /// Judges one row; `None`: the config wants it left out for its missing cursor.
    fn row(&mut self, record: Json<'_>) -> Result<Option<Verdict>> {
        if record.is_null() {
            return Ok(Some(Verdict::Keep));
        }
        let found = self.plan.cursor_path.first(record).filter(|value| !value.json().is_null());
        let Some(found) = found.as_ref().map(Match::json) else {
            return match self.plan.on_missing {
                MissingCursor::Include => Ok(Some(Verdict::Keep)),
                MissingCursor::Exclude => Ok(None),
                MissingCursor::Raise => Err(self.missing()),
            };
        };
        let Some(value) = Cursor::of_record(found, self.reading) else {
            return Err(self.not_comparable("a nested value"));
        };
        if let Some(verdict) = self.beyond_end(&value)? {
            return Ok(Some(verdict));
        }
        if let Some(verdict) = self.at_start(&value, record)? {
            return Ok(Some(verdict));
        }
        self.advance(value, found, record)?;
        Ok(Some(Verdict::Keep))
    }

    fn beyond_end(&self, value: &Cursor<'_>) -> Result<Option<Verdict>> {
        let Some(end) = &self.end else { return Ok(None) };
        Ok(match self.order(value, end)? {
            Ordering::Greater if self.is_written_as(value, End::Last) => {
                self.part.has_next().then_some(Verdict::OnOpenEdge)
            }
            Ordering::Greater => Some(Verdict::AfterEnd),
            Ordering::Equal if self.part.has_next() || self.plan.range_end == RangeEdge::Open => {
                Some(Verdict::OnOpenEdge)
            }
            Ordering::Equal | Ordering::Less => None,
        })
    }

    fn at_start(&self, value: &Cursor<'_>, record: Json<'_>) -> Result<Option<Verdict>> {
        let Some(start) = &self.start else { return Ok(None) };
        Ok(match self.order(value, start)? {
            Ordering::Less if !self.part.has_previous() && self.is_written_as(value, End::First) => None,
            Ordering::Less => Some(Verdict::BeforeStart),
            // The hashes are those of the run's start, and a key may come again at a later cursor.
            Ordering::Equal if self.part.has_previous() => None,
            Ordering::Equal if self.plan.range_start == RangeEdge::Open => Some(Verdict::OnOpenEdge),
            Ordering::Equal if self.deduplicates && !self.start_hashes.is_empty() => {
                let hash = self.hash(record, self.start_digest_bytes)?;
                self.start_hashes.contains(&hash).then_some(Verdict::Duplicate)
            }
            Ordering::Equal | Ordering::Greater => None,
        })
    }

    /// Moves the newest value on and remembers the rows that are at it.
    fn advance(&mut self, value: Cursor<'_>, found: Json<'_>, record: Json<'_>) -> Result<()> {
        let order = match &self.last {
            Some((last, _)) => self.order(&value, last)?,
            None => Ordering::Greater,
        };
        if order == Ordering::Greater {
            self.last = Some((value.into_owned(), found.to_value()));
            self.hashes.clear();
            self.digest_bytes = hash::DIGEST_BYTES;
        }
        if order != Ordering::Less && self.deduplicates {
            let hash = self.hash(record, self.digest_bytes)?;
            self.hashes.insert(hash);
        }
        Ok(())
    }

    /// Compares in the direction of the cursor: greater is newer.
    fn order(&self, value: &Cursor<'_>, bound: &Cursor<'_>) -> Result<Ordering> {
        let order = value.compare(bound).ok_or_else(|| self.not_comparable(value.kind()))?;
        Ok(if self.plan.descending { order.reverse() } else { order })
    }

    fn is_newer(&self, value: &Cursor<'_>, bound: &Cursor<'_>) -> Result<bool> {
        Ok(self.order(value, bound)? == Ordering::Greater)
    }

    /// Returns whether a row's time, written as the bound was written, is the bound.
    fn is_written_as(&self, value: &Cursor<'_>, end: End) -> bool {
        let (text, format) = match end {
            End::First => (&self.window.start_text, &self.plan.start.format),
            End::Last => (&self.window.end_text, &self.plan.end.format),
        };
        let bound = match end {
            End::First => &self.window.start,
            End::Last => &self.window.end,
        };
        let (Reading::Times, Some(text), Some(instant)) = (self.reading, text, value.instant()) else {
            return false;
        };
        let form = bound.as_ref().and_then(format::recognise).map_or(TimeForm::DEFAULT, |(_, form)| form);
        format::write(instant, format, form).is_ok_and(|written| written == *text)
    }

    fn hash(&self, record: Json<'_>, digest_bytes: usize) -> Result<String> {
        if self.key.is_empty() {
            return Ok(hash::of_record(record, digest_bytes));
        }
        hash::of_key(record, self.key, digest_bytes).map_err(|column| {
            Error::new(ErrorKind::Data, "incremental/key-missing", format!("a record has no key `{column}`"))
                .hint("Check `primary_key`; rows at the boundary are recognised by it.")
        })
    }

    fn missing(&self) -> Error {
        let path = self.plan.cursor_path.as_str();
        Error::new(
            ErrorKind::Data,
            "incremental/cursor-missing",
            format!("a record has no cursor at `{path}`"),
        )
        .hint("Set `on_cursor_value_missing` to `include` or `exclude`, or correct `cursor_path`.")
    }

    fn not_comparable(&self, kind: &str) -> Error {
        let path = self.plan.cursor_path.as_str();
        let message =
            format!("a record has {kind} at the cursor `{path}`, which does not compare with the window");
        Error::new(ErrorKind::Data, "incremental/cursor-kind", message)
            .hint("Give `initial_value` in the form that the records have.")
    }
}

/// Which end of the window.
#[derive(Clone, Copy)]
enum End {
    First,
    Last,
}

pub(super) fn stored_hashes(state: Option<&Value>) -> IndexSet<String> {
    let hashes = state.and_then(|state| state.get("unique_hashes")).and_then(Value::as_array);
    hashes.into_iter().flatten().filter_map(|hash| hash.as_str().map(str::to_owned)).collect()
}

/// Hashes from before dlt 1.29 keep their length until the set is made anew.
fn digest_bytes(hashes: &IndexSet<String>) -> usize {
    if hashes.iter().any(|hash| hash.len() == hash::LEGACY_HASH_LENGTH) {
        hash::LEGACY_DIGEST_BYTES
    } else {
        hash::DIGEST_BYTES
    }
}
