//! The parts that a resource is paged in: one for each row of its parent, for each window of its cursor, or for both.
//!
//! Pure. The invariant: the order of the parts, and what each one asks for, is a function of the plan, the parent's rows
//! and what was fixed when the package was opened; so a resumed run has the same ones.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use spile_core::{IncrementalPlan, Limits, ParentRow, Result, WindowPart};
use spile_extract::{Window, Windows};

use crate::parent_cursors::{self, ParentCursors};

/// One run over pages.
#[derive(Debug)]
pub(crate) struct Part {
    /// The parent's row, for a child.
    pub(crate) row: Option<ParentRow>,
    /// What is asked for, of an incremental resource.
    pub(crate) window: Option<Window>,
    /// Which of the windows that is, where a `step` cuts them.
    pub(crate) place: Option<WindowPart>,
    /// What the cursor is kept under, where each parent row has its own.
    pub(crate) cursor_key: Option<String>,
}

/// Where windows come from.
#[derive(Debug, Clone)]
pub(crate) enum Opener {
    /// The resource is not incremental.
    Nothing,
    /// All parent rows share one.
    Shared(Arc<Windows>),
    /// Each parent row has its own.
    PerParent {
        /// What is kept of earlier runs.
        stored: Arc<ParentCursors>,
        /// Windows that end with the run's start end there.
        run_start: Timestamp,
    },
}

/// The parts that are still to come.
#[derive(Debug)]
pub(crate) struct Parts {
    opener: Opener,
    /// Rows of the parent, or the one `None` of a resource without a parent.
    rows: VecDeque<Option<ParentRow>>,
    current: Option<Row>,
    /// The window that the first row goes on with.
    first_window: u64,
}

/// A row whose windows are handed out.
#[derive(Debug)]
struct Row {
    parent: Option<ParentRow>,
    cursor_key: Option<String>,
    windows: Option<Arc<Windows>>,
    next: u64,
}

impl Parts {
    /// Starts with some rows, the first of them at a window.
    pub(crate) fn new(opener: Opener, rows: VecDeque<Option<ParentRow>>, first_window: u64) -> Self {
        Self { opener, rows, current: None, first_window }
    }

    /// Adds a row of the parent.
    pub(crate) fn push(&mut self, row: ParentRow) {
        self.rows.push_back(Some(row));
    }

    /// Returns what all rows have in common.
    pub(crate) fn opener(&self) -> &Opener {
        &self.opener
    }

    /// Returns the next part, if its row is there.
    pub(crate) fn next(&mut self, context: &PartContext<'_>) -> Result<Option<Part>> {
        loop {
            if let Some(current) = &mut self.current {
                let count = current.windows.as_ref().map_or(1, |windows| windows.count());
                if current.next < count {
                    let index = current.next;
                    current.next += 1;
                    return current.part(index, context).map(Some);
                }
            }
            let Some(row) = self.rows.pop_front() else { return Ok(None) };
            let next = std::mem::take(&mut self.first_window);
            self.current = Some(self.opener.row(row, next, context)?);
        }
    }
}

/// What of the plan the parts are made by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartContext<'a> {
    pub(crate) incremental: Option<&'a IncrementalPlan>,
    /// The parent's values that the child is asked for with.
    pub(crate) bound: &'a [String],
    pub(crate) limits: &'a Limits,
}

impl Opener {
    /// Returns in words what is asked for.
    pub(crate) fn describe(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Shared(windows) if windows.count() > 1 => {
                Some(format!("{} in {} windows", windows.whole().describe(), windows.count()))
            }
            Self::Shared(windows) => Some(windows.whole().describe()),
            Self::PerParent { .. } => Some("for each parent row from its own cursor on".to_owned()),
        }
    }

    fn row(&self, row: Option<ParentRow>, next: u64, context: &PartContext<'_>) -> Result<Row> {
        let (windows, cursor_key) = match (self, context.incremental, &row) {
            (Self::Shared(windows), Some(_), _) => (Some(Arc::clone(windows)), None),
            (Self::PerParent { stored, run_start }, Some(plan), Some(row)) => {
                let key = parent_cursors::key(context.bound, row);
                let state = stored.state(&key, plan);
                let window = Window::open(plan, state.as_ref(), *run_start)?;
                (Some(Arc::new(Windows::cut(plan, window, context.limits.windows_max)?)), Some(key))
            }
            (Self::Nothing | Self::Shared(_) | Self::PerParent { .. }, _, _) => (None, None),
        };
        Ok(Row { parent: row, cursor_key, windows, next })
    }
}

impl Row {
    fn part(&self, index: u64, context: &PartContext<'_>) -> Result<Part> {
        let (window, place) = match (&self.windows, context.incremental) {
            (Some(windows), Some(plan)) => (Some(windows.get(plan, index)?), windows.part(index)),
            _ => (None, None),
        };
        Ok(Part { row: self.parent.clone(), window, place, cursor_key: self.cursor_key.clone() })
    }
}
