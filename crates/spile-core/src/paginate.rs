//! Paginators as pure functions from a position and a response to the next position.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::request::{RequestDraft, ResponseView};

/// Where a resource is in its pages: small, serialisable, and all that a paginator remembers, so that a run that died
/// goes on from the position in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// The first request.
    Start,
    /// A page number.
    Page(i64),
    /// An offset in records.
    Offset(i64),
    /// A cursor token, with the number of the page it leads to.
    Cursor {
        /// The token, as JSON so that its type survives.
        token: serde_json::Value,
        /// 1-based number of the page.
        page: i64,
    },
    /// A URL to follow.
    Url(String),
    /// A position of a paginator that `auto` found on the first page.
    Detected {
        /// What was found, in the detector's own words, such as `json_link:paging.next`.
        paginator: String,
        /// The position in it.
        position: Box<Position>,
    },
}

/// Why paging ended. The caller holds it against totals to form the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The API said there is no next page (no link, no cursor, has-more false).
    NoNext,
    /// A page without records.
    EmptyPage,
    /// A total that the API reports was reached.
    TotalReached,
    /// A bound in the config was reached (`maximum_page`, `maximum_offset`).
    ConfiguredMaximum,
    /// A `stop_condition` of the config was true.
    StopCondition,
    /// The paginator asks for one page only.
    SinglePage,
    /// The same page came twice; set by the caller or by a paginator that compares.
    RepeatedPage,
    /// `--limit-pages`; set by the caller.
    PageLimit,
    /// A row beyond the window in an ordered response; set by the caller.
    WindowPassed,
    /// An answer that `response_actions` says to ignore; set by the caller.
    Ignored,
    /// All rows that the script makes were taken; there is no paginator.
    RowsEnded,
}

/// What follows a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Ask for this position.
    Next(Position),
    /// Nothing more.
    Done(StopReason),
}

/// Positions that will probably be asked for, known before the pages in front of them are answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ahead {
    /// What follows, in order, never beyond an end that is known.
    pub positions: Vec<Position>,
    /// Whether the answer says where the end is.
    pub end_known: bool,
}

/// A way to walk pages.
///
/// - A paginator holds no state: everything it must remember is in the [`Position`].
/// - `apply` with [`Position::Start`] gives the first request.
/// - `next` is a function of its arguments alone; it does no I/O and reads no clock.
/// - The caller enforces page limits and stops on a repeated position or page.
/// - `ahead` foretells what `next` will say. The caller only fetches early by it: a page counts when `next` asks for it.
pub trait Paginator: fmt::Debug + Send + Sync {
    /// Returns the name of the row in the registry.
    fn name(&self) -> &'static str;

    /// Edits the request for a position.
    fn apply(&self, position: &Position, draft: &mut RequestDraft) -> Result<()>;

    /// Returns what follows the answer to `position`.
    fn next(&self, position: &Position, response: &ResponseView<'_>) -> Result<Step>;

    /// Returns up to `count` positions that start with `next`, which follows the answer `response`; none when they cannot
    /// be computed.
    fn ahead(&self, _next: &Position, _response: &ResponseView<'_>, _count: usize) -> Ahead {
        Ahead::default()
    }

    /// Returns the page size that the config asks for, if it asks for one.
    fn page_size(&self) -> Option<u64>;

    /// Returns what ends paging, each way in words that follow "until".
    fn ends(&self) -> Vec<String>;
}
