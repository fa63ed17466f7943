//! Resources that are paged in parts: once per row of a parent, once per window of a cursor, or both.
//!
//! ```text
//! parent ──pages──▶ staging
//!    └──rows──▶ child: some runs, one per row and window, side by side ──pages in the order of the parts──▶ staging
//! ```
//!
//! Invariants: a page of a child leaves after the page of its parent, and all pages of a part leave before those of the
//! next, so the ledger needs the newest part to say how far a resource is; nothing is held but some runs, each with at
//! most a page waiting. Runs do not know of each other: what they say of the cursor is folded in the order of the parts.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use spile_core::{Error, ErrorKind, Event, Page, ParentRow, Plan, ResourcePlan, Result};
use spile_extract::{Counters, ExtractEnv, ResourceStart, extract_resource, fold_states};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::extraction::{Shared, interrupted};
use crate::parent_cursors::MovedCursors;
use crate::parts::{Opener, Part, PartContext, Parts};

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

/// Where a resource that is paged in parts goes on.
pub(crate) struct PartsStart {
    /// What is known of the parts that are to come.
    pub(crate) parts: Parts,
    /// Where the first of them goes on, when it is half done.
    pub(crate) first: Option<ResourceStart>,
    /// The cursor state after the staged pages.
    pub(crate) cursor_state: Option<Value>,
    /// The cursors of single parent rows after the staged pages.
    pub(crate) moved: MovedCursors,
    /// Pages staged.
    pub(crate) pages: u64,
}

/// The pages of one part.
struct Run {
    pages: mpsc::Receiver<Page>,
    task: JoinHandle<Result<()>>,
    cursor_key: Option<String>,
}

/// A resource under way that is paged in parts.
pub(crate) struct InParts {
    pub(crate) shared: Shared,
    pub(crate) index: usize,
    pub(crate) counters: Arc<Counters>,
    pub(crate) start: PartsStart,
    /// Where the parent's rows come from, while there is a parent that still gives some.
    pub(crate) rows: Option<mpsc::Receiver<ParentRow>>,
    pub(crate) outlet: Outlet,
}

impl InParts {
    /// Pages the resource part by part.
    pub(crate) async fn extract(mut self) -> Result<()> {
        let plan = Arc::clone(&self.shared.plan);
        let resource = &plan.resources[self.index];
        if *self.shared.cancel.borrow() {
            return Err(interrupted());
        }
        let observer = Arc::clone(&self.shared.observer);
        let words = self.start.parts.opener().describe();
        observer.on_event(&Event::ResourceStarted { resource: &resource.name, window: words.as_deref() });
        let mut runs: VecDeque<Run> = VecDeque::new();
        let width = self.width();
        let limit = plan.page_limit.unwrap_or(u64::MAX);
        while self.start.pages < limit {
            if runs.len() < width
                && let Some(part) = self.start.parts.next(&context(&plan, resource))?
            {
                runs.push_back(self.run(part));
                continue;
            }
            if runs.is_empty() && self.rows.is_none() {
                break;
            }
            tokio::select! {
                row = next_row(&mut self.rows), if runs.len() < width => match row {
                    Some(row) => self.start.parts.push(row),
                    None => self.rows = None,
                },
                page = next_page(&mut runs) => match (page, runs.front()) {
                    (Some(mut page), Some(run)) => {
                        self.start.fold(&mut page, run.cursor_key.as_deref(), resource, &plan)?;
                        self.start.pages += 1;
                        self.outlet.send(page).await?;
                    }
                    _ => {
                        if let Some(run) = runs.pop_front() {
                            run.task.await.unwrap_or_else(|panic| Err(ended_abnormally(panic)))?;
                        }
                    }
                },
            }
        }
        observer.on_event(&Event::ResourceFinished { resource: &resource.name });
        Ok(())
    }

    /// Returns how many parts are looked at side by side.
    fn width(&self) -> usize {
        let plan = &self.shared.plan;
        // Every part has a page or more, so a part beyond the page limit would be asked for in vain.
        let pages_left =
            plan.page_limit.map_or(u64::MAX, |limit| limit.saturating_sub(self.start.pages).max(1));
        // The transport bounds what is in flight; the rest are pages that wait for their turn.
        let window = plan.client.manners.concurrency.max(1).saturating_mul(2);
        usize::try_from(pages_left).map_or(window, |left| left.min(window))
    }

    fn run(&mut self, part: Part) -> Run {
        let start = self.start.first.take().unwrap_or_else(|| ResourceStart::fresh(None));
        let start = ResourceStart { parent: part.row, window: part.window, part: part.place, ..start };
        let (sender, pages) = mpsc::channel(1);
        let (shared, counters, index) = (self.shared.clone(), Arc::clone(&self.counters), self.index);
        let task = tokio::spawn(async move {
            let env = ExtractEnv {
                plan: &shared.plan,
                transport: &*shared.transport,
                ahead: &shared.ahead,
                observer: &*shared.observer,
                cancel: shared.cancel.subscribe(),
                run_start_microseconds: shared.run_start_microseconds,
            };
            Box::pin(extract_resource(&shared.plan.resources[index], start, &env, &counters, sender)).await
        });
        Run { pages, task, cursor_key: part.cursor_key }
    }
}

impl PartsStart {
    /// Puts the cursor state of all parts so far in the place of the state that one part knows.
    fn fold(
        &mut self,
        page: &mut Page,
        key: Option<&str>,
        resource: &ResourcePlan,
        plan: &Plan,
    ) -> Result<()> {
        let Some(incremental) = &resource.incremental else { return Ok(()) };
        let state = page.evidence.cursor_state.take();
        match (self.parts.opener(), key) {
            (Opener::PerParent { stored, .. }, Some(key)) => {
                let most = plan.limits.parent_cursors_max;
                let folded = self.moved.fold(key, state.as_ref(), incremental, stored, most);
                page.evidence.cursor_state =
                    folded.map_err(|error| error.with("resource", &resource.name))?;
                page.evidence.cursor_key = Some(key.to_owned());
            }
            (Opener::Shared(windows), _) => {
                let before = self.cursor_state.as_ref();
                let folded = fold_states(incremental, Some(windows.whole()), before, state.as_ref());
                self.cursor_state.clone_from(&folded);
                page.evidence.cursor_state = folded;
            }
            (Opener::PerParent { .. } | Opener::Nothing, _) => {}
        }
        Ok(())
    }
}

/// Returns what of the plan the parts of a resource are made by.
pub(crate) fn context<'a>(plan: &'a Plan, resource: &'a ResourcePlan) -> PartContext<'a> {
    PartContext {
        incremental: resource.incremental.as_ref(),
        bound: resource.family.parent.as_ref().map_or(&[][..], |parent| &parent.bound),
        limits: &plan.limits,
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
