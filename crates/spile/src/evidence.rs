//! What the ledger says about one resource, folded page by page: where to go on, and what the verdict rests on.
//!
//! A resource that is paged in parts is folded part by part: of a finished one only counts are left, however many there are.

use std::collections::BTreeMap;

use serde_json::Value;
use spile_core::{PageEvidence, Position, StopReason, Totals, VerdictStatus, WindowPart};

use crate::verdict;

/// The running sum of a resource's pages.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResourceEvidence {
    /// Pages staged.
    pub(crate) pages: u64,
    /// Pages of these that an earlier, interrupted run staged.
    pub(crate) pages_resumed: u64,
    /// Pages that had records.
    pub(crate) pages_with_records: u64,
    /// Records that the selector found.
    pub(crate) records: u64,
    /// Records handed to the normaliser.
    pub(crate) kept: u64,
    /// Records outside the requested window.
    pub(crate) outside_window: u64,
    /// Records of the newest page.
    pub(crate) last_page_records: u64,
    /// Totals on the first page that had any.
    pub(crate) totals_first: Option<Totals>,
    /// Totals on the newest page that had any.
    pub(crate) totals_last: Option<Totals>,
    /// Whether the selector matched on any page.
    pub(crate) selector_matched: bool,
    /// Whether it matched on the newest page.
    pub(crate) selector_matched_last: bool,
    /// Why paging ended; `None` while it goes on.
    pub(crate) stop: Option<StopReason>,
    /// Whether there was a next position when it ended.
    pub(crate) next_known: bool,
    /// Where to go on.
    pub(crate) next: Option<Position>,
    /// Body hash of the newest page.
    pub(crate) last_body_hash: Option<String>,
    /// Incremental state after the newest page.
    pub(crate) cursor_state: Option<Value>,
    /// Why pages were no longer asked for ahead; the first sentence ...
    pub(crate) one_by_one: Option<String>,
    /// ... of so many, which are more than one only for a resource in parts.
    pub(crate) one_by_one_count: u64,
    /// Whether rows between two pages may be missing.
    pub(crate) may_skip_rows: bool,
    /// Sentences about odd things.
    pub(crate) warnings: Vec<String>,
    /// Rows given to children.
    pub(crate) offered: u64,
    /// The cursors of single parent rows after the newest page, where each row has its own.
    pub(crate) parent_cursors: BTreeMap<String, Value>,
    /// The parts that it is paged in; `None` for a resource that is paged in one go.
    pub(crate) parts: Option<Box<PartsEvidence>>,
}

/// The parts of a resource that is paged once per parent row, per window or both, as far as it has been paged.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartsEvidence {
    /// The number of the newest one's parent row; 0 without a parent.
    pub(crate) row: u64,
    /// The newest one's window; `None` where nothing is cut.
    pub(crate) window: Option<WindowPart>,
    /// The pages of the newest one.
    pub(crate) run: ResourceEvidence,
    /// Rows whose pages are all staged, in all windows.
    pub(crate) rows_finished: u64,
    /// Parts whose pages are all staged.
    pub(crate) finished: u64,
    /// Of these, parts whose answer the config says to ignore.
    pub(crate) ignored: u64,
    /// Of these, parts whose totals agree.
    pub(crate) proven: u64,
    /// Of these, parts where something looks wrong or is missing ...
    pub(crate) doubtful: u64,
    /// ... with the worst status and the first sentence of it.
    pub(crate) doubt: Option<(VerdictStatus, String)>,
    /// Of these, parts whose last page the selector did not match.
    pub(crate) selector_missed: u64,
    /// Records of the fullest only page that ended without a total.
    pub(crate) only_page_records_max: u64,
}

impl PartsEvidence {
    fn add(&mut self, page: &PageEvidence) {
        let row = page.family.parent.unwrap_or(0);
        if (self.row, self.window) != (row, page.window) || self.run.stop.is_some() {
            (self.row, self.window) = (row, page.window);
            self.run = ResourceEvidence::default();
        }
        self.run.add_page(page);
        if self.run.stop.is_none() {
            return;
        }
        self.finished += 1;
        if !self.window.is_some_and(WindowPart::has_next) {
            self.rows_finished = row + 1;
        }
        let run = &self.run;
        self.ignored += u64::from(run.stop == Some(StopReason::Ignored));
        self.selector_missed += u64::from(verdict::selector_missed(run));
        let verdict = verdict::of_run(run);
        match verdict.status {
            VerdictStatus::ProvenComplete => self.proven += 1,
            VerdictStatus::CompleteAsTold | VerdictStatus::Limited => {
                if run.pages == 1 && verdict::ended_by_link(run) {
                    self.only_page_records_max = self.only_page_records_max.max(run.last_page_records);
                }
            }
            VerdictStatus::Suspicious | VerdictStatus::Incomplete => {
                self.doubtful += 1;
                if self.doubt.as_ref().is_none_or(|(worst, _)| *worst < verdict.status) {
                    self.doubt = Some((verdict.status, verdict.reasons.join("; ")));
                }
            }
        }
    }
}

/// Warnings kept per resource; an API that is odd on every page needs no more.
const WARNINGS_MAX: usize = 20;

impl ResourceEvidence {
    /// Adds a staged page.
    pub(crate) fn add(&mut self, page: &PageEvidence) {
        self.add_page(page);
        if page.family.parent.is_some() || page.window.is_some() {
            self.parts.get_or_insert_default().add(page);
        }
        if let (Some(key), Some(cursor)) = (&page.cursor_key, &page.cursor_state) {
            self.parent_cursors.insert(key.clone(), cursor.clone());
        }
    }

    fn add_page(&mut self, page: &PageEvidence) {
        self.pages += 1;
        self.offered += page.family.offers.len() as u64;
        self.pages_with_records += u64::from(page.records > 0);
        self.records += page.records;
        self.kept += page.kept;
        self.outside_window += page.outside_window;
        self.last_page_records = page.records;
        if page.totals != Totals::default() {
            self.totals_first.get_or_insert(page.totals);
            self.totals_last = Some(page.totals);
        }
        self.selector_matched |= page.selector_matched;
        self.selector_matched_last = page.selector_matched;
        self.stop.clone_from(&page.stop);
        self.next_known = page.next.is_some();
        self.next.clone_from(&page.next);
        self.last_body_hash = Some(page.body_hash.clone());
        if page.cursor_state.is_some() {
            self.cursor_state.clone_from(&page.cursor_state);
        }
        if let Some(reason) = &page.one_by_one {
            self.one_by_one.get_or_insert_with(|| reason.clone());
            self.one_by_one_count += 1;
        }
        self.may_skip_rows |= page.may_skip_rows;
        for warning in &page.warnings {
            if self.warnings.len() < WARNINGS_MAX && !self.warnings.contains(warning) {
                self.warnings.push(warning.clone());
            }
        }
    }

    /// Returns whether all pages of a resource without a parent are staged.
    pub(crate) fn finished(&self) -> bool {
        match &self.parts {
            Some(parts) => parts.rows_finished > 0,
            None => self.stop.is_some(),
        }
    }

    /// Returns how many of the parent's rows have all their pages staged.
    pub(crate) fn rows_finished(&self) -> u64 {
        self.parts.as_ref().map_or(0, |parts| parts.rows_finished)
    }

    /// Returns the row whose parts are not all staged, and the first such window, with its pages if there are some.
    pub(crate) fn under_way(&self) -> Option<(u64, u64, Option<&ResourceEvidence>)> {
        let parts = self.parts.as_ref()?;
        let window = parts.window.map_or(0, |part| part.index);
        if parts.run.stop.is_none() {
            return Some((parts.row, window, Some(&parts.run)));
        }
        parts.window.is_some_and(WindowPart::has_next).then_some((parts.row, window + 1, None))
    }
}
