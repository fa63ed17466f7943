//! Children: resources that are paged once per row of another.
//!
//! ```text
//! parent ──pages──▶ staging
//!    └──rows──▶ child: a window of runs, one per row, side by side ──pages in the order of the rows──▶ staging
//! ```
//!
//! Invariants: a page of a child leaves after the page of its parent, and all pages of a row leave before those of the
//! next, so the ledger needs one number to say how far a child is; nothing is held but a window of runs, each with at
//! most a page waiting.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use spile_core::{Error, ErrorKind, Event, Page, ParentRow, Result};
use spile_extract::{Counters, ExtractEnv, ResourceStart, Window, extract_resource};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::extraction::{Shared, interrupted};

/// Where pages and the rows for children go.
pub(crate) struct Outlet {
    pub(crate) pages: mpsc::Sender<Page>,
    pub(crate) children: Vec<mpsc::Sender<ParentRow>>,
    /// The number of the next row for children.
    pub(crate) next_ordinal: u64,
}

impl Outlet {
    /// Sends a page on, then its rows to the children.
    pub(crate) async fn send(&mut self, page: Page) -> Result<()> {
        let offers = if self.children.is_empty() { Vec::new() } else { page.evidence.family.offers.clone() };
        self.pages.send(page).await.map_err(|_| interrupted())?;
        for values in offers {
            let row = ParentRow { ordinal: self.next_ordinal, values };
            self.next_ordinal += 1;
            for child in &self.children {
                // A child that takes no more has reached its page limit, or failed and stops the whole run itself.
                let _closed = child.send(row.clone()).await.is_err();
            }
        }
        Ok(())
    }

    /// Sends on whatever comes.
    pub(crate) async fn forward(&mut self, mut pages: mpsc::Receiver<Page>) -> Result<()> {
        while let Some(page) = pages.recv().await {
            self.send(page).await?;
        }
        Ok(())
    }
}

/// Where a child goes on.
pub(crate) struct ChildStart {
    /// Rows whose parent page is staged while theirs are not; the first may be half done.
    pub(crate) pending: Vec<ParentRow>,
    /// Where the first of them goes on, when it is half done.
    pub(crate) first: Option<ResourceStart>,
    /// The window of the child.
    pub(crate) window: Option<Window>,
    /// The cursor state after the staged pages.
    pub(crate) cursor_state: Option<Value>,
    /// Pages staged.
    pub(crate) pages: u64,
}

/// The pages of one row of the parent.
struct Run {
    pages: mpsc::Receiver<Page>,
    task: JoinHandle<Result<()>>,
}

/// A child under way.
pub(crate) struct Child {
    pub(crate) shared: Shared,
    pub(crate) index: usize,
    pub(crate) counters: Arc<Counters>,
    pub(crate) start: ChildStart,
    pub(crate) rows: Option<mpsc::Receiver<ParentRow>>,
    pub(crate) outlet: Outlet,
}

impl Child {
    /// Pages the child for every row of its parent.
    pub(crate) async fn extract(mut self) -> Result<()> {
        let name = self.shared.plan.resources[self.index].name.clone();
        let observer = Arc::clone(&self.shared.observer);
        let words = self.start.window.as_ref().map(Window::describe);
        observer.on_event(&Event::ResourceStarted { resource: &name, window: words.as_deref() });
        let mut pending: VecDeque<ParentRow> = std::mem::take(&mut self.start.pending).into();
        let mut runs: VecDeque<Run> = VecDeque::new();
        let width = self.width();
        let limit = self.shared.plan.page_limit.unwrap_or(u64::MAX);
        while self.start.pages < limit {
            if runs.len() < width
                && let Some(row) = pending.pop_front()
            {
                runs.push_back(self.run(row));
                continue;
            }
            if runs.is_empty() && self.rows.is_none() {
                break;
            }
            tokio::select! {
                row = next_row(&mut self.rows), if runs.len() < width => match row {
                    Some(row) => runs.push_back(self.run(row)),
                    None => self.rows = None,
                },
                page = next_page(&mut runs) => match page {
                    Some(page) => {
                        self.start.cursor_state.clone_from(&page.evidence.cursor_state);
                        self.start.pages += 1;
                        self.outlet.send(page).await?;
                    }
                    None => {
                        if let Some(run) = runs.pop_front() {
                            run.task.await.unwrap_or_else(|panic| Err(ended_abnormally(panic)))?;
                        }
                    }
                },
            }
        }
        observer.on_event(&Event::ResourceFinished { resource: &name });
        Ok(())
    }

    /// Returns how many rows are looked at side by side. A cursor is shared by all rows, as in dlt, so it forbids that.
    fn width(&self) -> usize {
        let plan = &self.shared.plan;
        if plan.resources[self.index].incremental.is_some() {
            return 1;
        }
        // Every row has a page or more, so a row beyond the page limit would be asked for in vain.
        let pages_left =
            plan.page_limit.map_or(u64::MAX, |limit| limit.saturating_sub(self.start.pages).max(1));
        // The transport bounds what is in flight; the rest of the window are pages that wait for their turn.
        let window = plan.client.manners.concurrency.max(1).saturating_mul(2);
        usize::try_from(pages_left).map_or(window, |left| left.min(window))
    }

    fn run(&mut self, row: ParentRow) -> Run {
        let start = match self.start.first.take() {
            Some(start) => ResourceStart { parent: Some(row), ..start },
            None => ResourceStart {
                cursor_state: self.start.cursor_state.clone(),
                parent: Some(row),
                ..ResourceStart::fresh(self.start.window.clone())
            },
        };
        let (sender, pages) = mpsc::channel(1);
        let (shared, counters, index) = (self.shared.clone(), Arc::clone(&self.counters), self.index);
        let task = tokio::spawn(async move {
            let env = ExtractEnv {
                plan: &shared.plan,
                transport: &*shared.transport,
                ahead: &shared.ahead,
                observer: &*shared.observer,
                cancel: shared.cancel.subscribe(),
            };
            Box::pin(extract_resource(&shared.plan.resources[index], start, &env, &counters, sender)).await
        });
        Run { pages, task }
    }
}

/// Makes the error of a task that panicked.
pub(crate) fn ended_abnormally(panic: tokio::task::JoinError) -> Error {
    Error::new(ErrorKind::Bug, "bug/task", "a resource's task ended abnormally").source_error(panic)
}

async fn next_row(rows: &mut Option<mpsc::Receiver<ParentRow>>) -> Option<ParentRow> {
    match rows {
        Some(rows) => rows.recv().await,
        None => std::future::pending().await,
    }
}

async fn next_page(runs: &mut VecDeque<Run>) -> Option<Page> {
    match runs.front_mut() {
        Some(run) => run.pages.recv().await,
        None => std::future::pending().await,
    }
}
