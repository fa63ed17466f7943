//! What the ledger says about one resource, folded page by page: where to go on, and what the verdict rests on.

use serde_json::Value;
use spile_core::{PageEvidence, Position, StopReason, Totals};

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
    /// Sentences about odd things.
    pub(crate) warnings: Vec<String>,
}

/// Warnings kept per resource; an API that is odd on every page needs no more.
const WARNINGS_MAX: usize = 20;

impl ResourceEvidence {
    /// Adds a staged page.
    pub(crate) fn add(&mut self, page: &PageEvidence) {
        self.pages += 1;
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
        for warning in &page.warnings {
            if self.warnings.len() < WARNINGS_MAX && !self.warnings.contains(warning) {
                self.warnings.push(warning.clone());
            }
        }
    }

    /// Returns whether all pages are staged.
    pub(crate) fn finished(&self) -> bool {
        self.stop.is_some()
    }
}
