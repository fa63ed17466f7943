//! The loop over the pages of one resource.
//!
//! It holds the control flow; the state is in `resource_run`. The invariant: pages leave in order, each with its complete
//! evidence, and the last one says why it is the last.

use serde_json::Value;
use spile_core::{
    Credential, Error, ErrorKind, Event, Observer, Page, ParentRow, Plan, Position, Redactor, RequestDraft,
    ResourcePlan, Result, Secret, WindowPart,
};
use tokio::sync::{mpsc, watch};

use crate::Counters;
use crate::ahead::{AheadBudget, AheadQueue, Early};
use crate::incremental::Window;
use crate::made;
use crate::resource_run::ResourceRun;
use crate::transport::{Exchange, Scrubber, Transport};

/// Where a resource starts: at the beginning, or after the last staged page of a run that died.
#[derive(Debug, Clone)]
pub struct ResourceStart {
    /// The position to ask for first.
    pub position: Position,
    /// The window, fixed when the run first started.
    pub window: Option<Window>,
    /// Which of the run's windows it is, where a `step` cuts it.
    pub part: Option<WindowPart>,
    /// The cursor state after the staged pages.
    pub cursor_state: Option<Value>,
    /// Staged pages.
    pub pages_before: u64,
    /// Records on them, before any filter.
    pub records_before: u64,
    /// Body hash of the last of them.
    pub last_body_hash: Option<String>,
    /// Whether pages were staged by a run that died.
    pub next_is_resume: bool,
    /// The parent's row that a child is paged for.
    pub parent: Option<ParentRow>,
}

impl ResourceStart {
    /// Starts at the beginning.
    pub fn fresh(window: Option<Window>) -> Self {
        Self {
            position: Position::Start,
            window,
            part: None,
            cursor_state: None,
            pages_before: 0,
            records_before: 0,
            last_body_hash: None,
            next_is_resume: false,
            parent: None,
        }
    }

    /// Returns whether it is one of many that make up a resource.
    pub(crate) fn is_part(&self) -> bool {
        self.parent.is_some() || self.part.is_some()
    }
}

/// What extraction needs from outside.
#[derive(Clone)]
pub struct ExtractEnv<'a> {
    /// The plan that the resource is part of.
    pub plan: &'a Plan,
    /// Sends requests.
    pub transport: &'a dyn Transport,
    /// What may be held of pages that were asked for ahead of their turn.
    pub ahead: &'a AheadBudget,
    /// Is told what happens.
    pub observer: &'a dyn Observer,
    /// Becomes true when the user stops the run.
    pub cancel: watch::Receiver<bool>,
    /// When the run started, also for one that is gone on with, in microseconds since 1970.
    pub run_start_microseconds: i64,
}

/// Fetches the pages of a resource, or those for one row of its parent or one of its windows, and sends them on, in order,
/// until there are no more. Start and end are told to the observer, but not for rows and windows, which may be many.
///
/// It waits when the channel is full, and ends with an error of kind `Interrupted` when nobody receives any more.
pub async fn extract_resource(
    resource: &ResourcePlan,
    start: ResourceStart,
    env: &ExtractEnv<'_>,
    counters: &Counters,
    pages: mpsc::Sender<Page>,
) -> Result<()> {
    if let Some(rows) = &resource.rows {
        return Box::pin(made::extract(rows, resource, start, env, pages)).await;
    }
    let window = start.window.clone();
    let scrubber = scrubber(resource, env)?;
    let is_part = start.is_part();
    if !is_part {
        let words = window.as_ref().map(Window::describe);
        env.observer.on_event(&Event::ResourceStarted { resource: &resource.name, window: words.as_deref() });
    }
    let exchange = Exchange {
        resource: &resource.name,
        retry: &env.plan.client.retry,
        transport: env.transport,
        observer: env.observer,
        counters,
        actions: &resource.actions,
        auth: &resource.auth,
        decoder: &resource.decoder,
        limits: &env.plan.limits,
        scrubber: &scrubber,
        cancel: env.cancel.clone(),
    };
    let mut run = ResourceRun::new(resource, start, window.as_ref(), env.plan, &scrubber)?;
    let mut ahead = AheadQueue::new(&exchange, env.ahead);
    loop {
        let (request, answer) = match ahead.take(run.position()).await {
            Some(Early { request, answer: Some(answer), .. }) => (request, answer),
            early => {
                let missed = early.map(|early| run.missed(early.refused)).is_some();
                let request = run.request()?;
                let mut answer = ahead.during(exchange.fetch(&request, run.page_number())).await?;
                answer.retries += u64::from(missed);
                (request, answer)
            }
        };
        let page = run.page(answer).map_err(|error| run.explain(error, &request))?;
        env.observer.on_event(&Event::PageFetched {
            resource: &resource.name,
            records: page.evidence.records,
            bytes: page.evidence.bytes,
            pages_total: page.evidence.totals.pages,
        });
        let is_last = page.evidence.stop.is_some();
        ahead.reach_out(&run, page.evidence.bytes);
        if ahead.during(pages.send(page)).await.is_err() {
            return Err(Error::new(
                ErrorKind::Interrupted,
                "run/interrupted",
                "nobody takes the pages any more",
            ));
        }
        if is_last {
            if !is_part {
                env.observer.on_event(&Event::ResourceFinished { resource: &resource.name });
            }
            return Ok(());
        }
    }
}

/// Makes the scrubber: the plan's secrets, and what auths make of them (such as the encoding of basic credentials).
fn scrubber(resource: &ResourcePlan, env: &ExtractEnv<'_>) -> Result<Scrubber> {
    let mut draft = RequestDraft {
        method: resource.method,
        url: resource.url.clone(),
        params: Vec::new(),
        headers: Vec::new(),
        json: None,
        data: None,
        credentials: Vec::new(),
    };
    for auth in &resource.auth {
        auth.apply(&mut draft)?;
    }
    let made: Vec<Secret> = draft
        .credentials
        .iter()
        .flat_map(|Credential { value, .. }| {
            // `Basic abc=`: the scheme alone is no secret, but what follows it is.
            let bare = value.expose().split_once(' ').map(|(_, bare)| Secret::new(bare));
            [Some(value.clone()), bare].into_iter().flatten()
        })
        .collect();
    Ok(Scrubber::new(&env.plan.redactor, Redactor::new(made), env.transport.tokens().clone()))
}
