//! Fetches all resources at once and feeds the staging thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use spile_core::{Error, ErrorKind, Observer, Page, ParentRow, Plan, ResourcePlan, Result};
use spile_extract::{AheadBudget, Counters, ExtractEnv, ResourceStart, Transport, extract_resource};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use crate::family::{InParts, Outlet, ended_abnormally};
use crate::starts::{Start, Unfinished};

/// Rows of a parent that may wait for one of its children.
const ROWS_WAITING_MAX: usize = 64;

/// What was sent for one resource.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Traffic {
    pub(crate) requests: u64,
    pub(crate) retries: u64,
    pub(crate) bytes: u64,
}

/// All that the tasks of a run share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) plan: Arc<Plan>,
    pub(crate) transport: Arc<dyn Transport>,
    /// What they may hold of pages that were asked for ahead of their turn.
    pub(crate) ahead: Arc<AheadBudget>,
    pub(crate) observer: Arc<dyn Observer>,
    /// Set to true to stop every task at its next step.
    pub(crate) cancel: Arc<watch::Sender<bool>>,
    /// When the run started, also for one that is gone on with.
    pub(crate) run_start_microseconds: i64,
}

/// Fetches until every resource is finished or one fails. The first failure stops the others; it is returned after
/// they have stopped, so that every page that was sent to `pages` is whole.
pub(crate) async fn extract_all(
    shared: &Shared,
    starts: Vec<Unfinished>,
    counters: &BTreeMap<String, Arc<Counters>>,
    pages: mpsc::Sender<Page>,
) -> Result<()> {
    let slots = Arc::new(Semaphore::new(shared.plan.limits.resources_in_flight_max.max(1)));
    let plan = &shared.plan;
    let mut senders: BTreeMap<String, Vec<mpsc::Sender<ParentRow>>> = BTreeMap::new();
    let mut receivers: BTreeMap<usize, mpsc::Receiver<ParentRow>> = BTreeMap::new();
    for unfinished in &starts {
        if let Some(parent) = &plan.resources[unfinished.index].family.parent {
            let (sender, receiver) = mpsc::channel(ROWS_WAITING_MAX);
            senders.entry(parent.resource.clone()).or_default().push(sender);
            receivers.insert(unfinished.index, receiver);
        }
    }
    let mut tasks = JoinSet::new();
    for Unfinished { index, start, next_ordinal } in starts {
        let name = &plan.resources[index].name;
        let children = senders.remove(name).unwrap_or_default();
        let outlet = Outlet { pages: pages.clone(), children, next_ordinal };
        let (shared, counters) = (shared.clone(), Arc::clone(&counters[name]));
        let slots = Arc::clone(&slots);
        match start {
            Start::Whole(start) => {
                tasks.spawn(async move {
                    let _slot = slots.acquire().await.expect("the semaphore is never closed");
                    Box::pin(extract_root(&shared, index, *start, &counters, outlet)).await
                });
            }
            Start::InParts(start) => {
                let rows = receivers.remove(&index);
                let is_child = rows.is_some();
                let parts = InParts { shared, index, counters, start: *start, rows, outlet };
                tasks.spawn(async move {
                    // A child takes no slot: its parent would wait for it while holding one.
                    let _slot = if is_child {
                        None
                    } else {
                        Some(slots.acquire().await.expect("the semaphore is never closed"))
                    };
                    Box::pin(parts.extract()).await
                });
            }
        }
    }
    // Children of finished parents see the end of their rows, and staging sees the end of pages.
    drop((senders, pages));
    first_failure(shared, tasks).await
}

async fn extract_root(
    shared: &Shared,
    index: usize,
    start: ResourceStart,
    counters: &Counters,
    mut outlet: Outlet,
) -> Result<()> {
    if *shared.cancel.borrow() {
        return Err(interrupted());
    }
    let resource: &ResourcePlan = &shared.plan.resources[index];
    let env = ExtractEnv {
        plan: &shared.plan,
        transport: &*shared.transport,
        ahead: &shared.ahead,
        observer: &*shared.observer,
        cancel: shared.cancel.subscribe(),
        run_start_microseconds: shared.run_start_microseconds,
    };
    if outlet.children.is_empty() {
        return extract_resource(resource, start, &env, counters, outlet.pages).await;
    }
    let (sender, receiver) = mpsc::channel(1);
    let (extracted, forwarded) =
        tokio::join!(extract_resource(resource, start, &env, counters, sender), outlet.forward(receiver));
    // What closed the channel comes first.
    forwarded?;
    extracted
}

async fn first_failure(shared: &Shared, mut tasks: JoinSet<Result<()>>) -> Result<()> {
    let mut first_error: Option<Error> = None;
    while let Some(joined) = tasks.join_next().await {
        let outcome = joined.unwrap_or_else(|panic| Err(ended_abnormally(panic)));
        if let Err(error) = outcome {
            shared.cancel.send_replace(true);
            // The tasks that stop because of the first failure say so too; only the first one counts.
            let keep_new = first_error.as_ref().is_none_or(|first| first.kind() == ErrorKind::Interrupted);
            if keep_new {
                first_error = Some(error);
            }
        }
    }
    first_error.map_or(Ok(()), Err)
}

/// Makes the error of a run that the user stopped.
pub(crate) fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, "run/interrupted", "the run was stopped")
        .hint("Run the same command again; it goes on from the first page that is not staged.")
}

/// Reads what was sent.
pub(crate) fn traffic(counters: &Counters) -> Traffic {
    Traffic {
        requests: counters.requests.load(Ordering::Relaxed),
        retries: counters.retries.load(Ordering::Relaxed),
        bytes: counters.bytes.load(Ordering::Relaxed),
    }
}

#[cfg(test)]
mod tests;
