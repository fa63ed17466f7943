//! Fetches all resources at once and feeds the staging thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use spile_core::{Error, ErrorKind, Observer, Page, Plan, Position, ResourcePlan, Result};
use spile_extract::{Counters, ExtractEnv, ResourceStart, Transport, Window, extract_resource};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use crate::package::OpenPackage;

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
    pub(crate) observer: Arc<dyn Observer>,
    /// Set to true to stop every task at its next step.
    pub(crate) cancel: Arc<watch::Sender<bool>>,
}

/// Where each resource that is not finished goes on, by index in the plan.
pub(crate) fn starts(plan: &Plan, package: &OpenPackage) -> Vec<(usize, ResourceStart)> {
    let mut starts = Vec::new();
    for (index, resource) in plan.resources.iter().enumerate() {
        let window: Option<Window> = package.opened.windows.get(&resource.name).cloned();
        let start = match package.evidence.get(&resource.name) {
            Some(evidence) if evidence.finished() => continue,
            Some(evidence) => ResourceStart {
                position: evidence.next.clone().unwrap_or(Position::Start),
                window,
                cursor_state: evidence.cursor_state.clone(),
                pages_before: evidence.pages,
                records_before: evidence.records,
                last_body_hash: evidence.last_body_hash.clone(),
                next_is_resume: evidence.pages > 0,
            },
            None => ResourceStart {
                position: Position::Start,
                window,
                cursor_state: None,
                pages_before: 0,
                records_before: 0,
                last_body_hash: None,
                next_is_resume: false,
            },
        };
        starts.push((index, start));
    }
    starts
}

/// Fetches until every resource is finished or one fails. The first failure stops the others; it is returned after
/// they have stopped, so that every page that was sent to `pages` is whole.
pub(crate) async fn extract_all(
    shared: &Shared,
    starts: Vec<(usize, ResourceStart)>,
    counters: &BTreeMap<String, Arc<Counters>>,
    pages: mpsc::Sender<Page>,
) -> Result<()> {
    let slots = Arc::new(Semaphore::new(shared.plan.limits.resources_in_flight_max.max(1)));
    let mut tasks = JoinSet::new();
    for (index, start) in starts {
        let (shared, slots, pages) = (shared.clone(), Arc::clone(&slots), pages.clone());
        let counters = Arc::clone(&counters[&shared.plan.resources[index].name]);
        tasks.spawn(async move {
            let _slot = slots.acquire().await.expect("the semaphore is never closed");
            if *shared.cancel.borrow() {
                return Err(interrupted());
            }
            let resource: &ResourcePlan = &shared.plan.resources[index];
            let env = ExtractEnv {
                plan: &shared.plan,
                transport: &*shared.transport,
                observer: &*shared.observer,
                cancel: shared.cancel.subscribe(),
            };
            Box::pin(extract_resource(resource, start, &env, &counters, pages)).await
        });
    }
    drop(pages);
    let mut first_error: Option<Error> = None;
    while let Some(joined) = tasks.join_next().await {
        let outcome = joined.unwrap_or_else(|panic| {
            Err(Error::new(ErrorKind::Bug, "bug/task", "a resource's task ended abnormally")
                .source_error(panic))
        });
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
