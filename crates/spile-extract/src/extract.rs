//! The loop over the pages of one resource.
//!
//! It holds the control flow and the state; what a page is, what follows it and whether it is new is computed elsewhere.
//! The invariant: pages leave in order, each with its complete evidence, and the last one says why it is the last.

use serde_json::Value;
use spile_core::{
    Credential, Error, ErrorKind, Event, Json, JsonPath, Observer, Page, PageEvidence, PageId, Plan,
    Position, Redactor, RequestDraft, ResourcePlan, ResponseView, Result, Secret, Step, StopReason, Totals,
};
use tokio::sync::{mpsc, watch};
use url::Url;

use crate::guard::PagingGuard;
use crate::incremental::{RowFilter, Window};
use crate::transport::{Answer, Exchange, OutgoingRequest, Scrubber, Transport};
use crate::{Counters, request, select, totals};

/// Where a resource starts: at the beginning, or after the last staged page of a run that died.
#[derive(Debug, Clone)]
pub struct ResourceStart {
    /// The position to ask for first.
    pub position: Position,
    /// The window, fixed when the run first started.
    pub window: Option<Window>,
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
}

impl ResourceStart {
    /// Starts at the beginning.
    pub fn fresh(window: Option<Window>) -> Self {
        Self {
            position: Position::Start,
            window,
            cursor_state: None,
            pages_before: 0,
            records_before: 0,
            last_body_hash: None,
            next_is_resume: false,
        }
    }
}

/// What extraction needs from outside.
#[derive(Clone)]
pub struct ExtractEnv<'a> {
    /// The plan that the resource is part of.
    pub plan: &'a Plan,
    /// Sends requests.
    pub transport: &'a dyn Transport,
    /// Is told what happens.
    pub observer: &'a dyn Observer,
    /// Becomes true when the user stops the run.
    pub cancel: watch::Receiver<bool>,
}

/// Fetches the pages of a resource and sends them on, in order, until there are no more.
///
/// It waits when the channel is full, and ends with an error of kind `Interrupted` when nobody receives any more.
pub async fn extract_resource(
    resource: &ResourcePlan,
    start: ResourceStart,
    env: &ExtractEnv<'_>,
    counters: &Counters,
    pages: mpsc::Sender<Page>,
) -> Result<()> {
    let window = start.window.clone();
    let scrubber = scrubber(resource, env.plan)?;
    let words = window.as_ref().map(Window::describe);
    env.observer.on_event(&Event::ResourceStarted { resource: &resource.name, window: words.as_deref() });
    let exchange = Exchange {
        resource: &resource.name,
        retry: &env.plan.client.retry,
        transport: env.transport,
        observer: env.observer,
        counters,
        scrubber: &scrubber,
        cancel: env.cancel.clone(),
    };
    let mut run = ResourceRun::new(resource, start, window.as_ref(), env.plan, &scrubber)?;
    loop {
        let request = run.request()?;
        let answer = exchange.fetch(&request, run.pages_before + 1).await?;
        let page = run.page(answer).map_err(|error| run.explain(error, &request))?;
        env.observer.on_event(&Event::PageFetched {
            resource: &resource.name,
            records: page.evidence.records,
            bytes: page.evidence.bytes,
            pages_total: page.evidence.totals.pages,
        });
        let is_last = page.evidence.stop.is_some();
        if pages.send(page).await.is_err() {
            return Err(Error::new(
                ErrorKind::Interrupted,
                "run/interrupted",
                "nobody takes the pages any more",
            ));
        }
        if is_last {
            env.observer.on_event(&Event::ResourceFinished { resource: &resource.name });
            return Ok(());
        }
    }
}

/// Makes the scrubber: the plan's secrets, and what auths make of them (such as the encoding of basic credentials).
fn scrubber(resource: &ResourcePlan, plan: &Plan) -> Result<Scrubber> {
    let mut draft = RequestDraft {
        method: resource.method,
        url: resource.url.clone(),
        params: Vec::new(),
        headers: Vec::new(),
        json: None,
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
    Ok(Scrubber::new(&plan.redactor, Redactor::new(made)))
}

/// The state of one resource between two pages.
struct ResourceRun<'a> {
    resource: &'a ResourcePlan,
    plan: &'a Plan,
    scrubber: &'a Scrubber,
    draft: RequestDraft,
    window_key: String,
    filter: Option<RowFilter<'a>>,
    guard: PagingGuard,
    /// The config's selector, or the one found on the first page of this run.
    selector: Option<JsonPath>,
    position: Position,
    pages_before: u64,
    records_before: u64,
}

impl<'a> ResourceRun<'a> {
    fn new(
        resource: &'a ResourcePlan,
        start: ResourceStart,
        window: Option<&'a Window>,
        plan: &'a Plan,
        scrubber: &'a Scrubber,
    ) -> Result<Self> {
        let filter = match (&resource.incremental, window) {
            (Some(incremental), Some(window)) => Some(RowFilter::new(
                incremental,
                window,
                &resource.load.primary_key,
                start.cursor_state.as_ref(),
            )),
            (Some(_), None) => {
                let message = format!("resource `{}` is incremental but has no window", resource.name);
                return Err(Error::new(ErrorKind::Bug, "bug/no-window", message));
            }
            (None, _) => None,
        };
        Ok(Self {
            resource,
            plan,
            scrubber,
            draft: request::draft(resource, window, scrubber)?,
            window_key: window.map(Window::key).unwrap_or_default(),
            filter,
            guard: PagingGuard::new(start.last_body_hash),
            selector: resource.data_selector.clone(),
            position: start.position,
            pages_before: start.pages_before,
            records_before: start.records_before,
        })
    }

    /// Makes the request for the current position.
    fn request(&self) -> Result<OutgoingRequest> {
        if self.pages_before >= self.plan.limits.pages_max {
            let message = format!(
                "resource `{}` has more than {} pages",
                self.resource.name, self.plan.limits.pages_max
            );
            return Err(Error::new(ErrorKind::Limit, "limit/pages", message)
                .with("resource", &self.resource.name)
                .hint("Check the paginator's stop rule, or raise the limit."));
        }
        let mut draft = self.draft.clone();
        self.resource.paginator.apply(&self.position, &mut draft)?;
        keep_tls(&self.resource.url, &mut draft.url)?;
        Ok(OutgoingRequest::new(draft, self.scrubber))
    }

    /// Makes the page of an answer and moves on to what follows it.
    fn page(&mut self, answer: Answer) -> Result<Page> {
        let body = answer.document.root();
        let selector = self.selector.get_or_insert_with(|| select::detect(body));
        let selection = select::select(selector, body);
        let found = selection.records;
        let count = found.len() as u64;
        let totals = totals::read(body, found.len());
        let mut warnings = Vec::new();
        if let Some(sentence) = self.guard.repetition(&self.position, &answer.body_hash, &found) {
            warnings.push(sentence);
            return Ok(self.repeated_page(answer, totals, warnings));
        }
        let step = self.resource.paginator.next(&self.position, &self.view(&answer, body, &found))?;
        let page_size = self.resource.paginator.page_size();
        warnings.extend(self.guard.short_page(self.pages_before + 1, count, page_size, totals));
        let (records, outside_window, duplicates, passed) = match &mut self.filter {
            Some(filter) => {
                let filtered = filter.page(&found)?;
                (filtered.kept, filtered.outside, filtered.duplicates, filtered.passed)
            }
            None => (found.iter().map(|record| record.index()).collect(), 0, 0, false),
        };
        let (next, stop) = self.follow(step, passed);
        let evidence = PageEvidence {
            resource: self.resource.name.clone(),
            id: PageId::new(&self.resource.name, &self.window_key, &self.position),
            position: self.position.clone(),
            next: next.clone(),
            stop,
            bytes: answer.bytes,
            body_hash: answer.body_hash,
            records: count,
            kept: records.len() as u64,
            outside_window,
            duplicates,
            totals,
            selector_matched: selection.matched,
            retries: answer.retries,
            cursor_state: self.filter.as_ref().and_then(RowFilter::state),
            warnings,
        };
        self.pages_before += 1;
        self.records_before += count;
        if let Some(next) = next {
            self.position = next;
        }
        Ok(Page { document: answer.document, records, evidence })
    }

    /// Returns what follows and why nothing does. At a page limit both are known: there is more, but it is not asked for.
    fn follow(&self, step: Step, passed: bool) -> (Option<Position>, Option<StopReason>) {
        match step {
            Step::Done(reason) => (None, Some(reason)),
            Step::Next(_) if passed => (None, Some(StopReason::WindowPassed)),
            Step::Next(next) => {
                let at_limit = self.plan.page_limit.is_some_and(|limit| self.pages_before + 1 >= limit);
                (Some(next), at_limit.then_some(StopReason::PageLimit))
            }
        }
    }

    /// Makes the evidence of a page that was there before: it ends paging and counts for nothing.
    fn repeated_page(&self, answer: Answer, totals: Totals, warnings: Vec<String>) -> Page {
        let evidence = PageEvidence {
            resource: self.resource.name.clone(),
            id: PageId::new(&self.resource.name, &self.window_key, &self.position),
            position: self.position.clone(),
            next: None,
            stop: Some(StopReason::RepeatedPage),
            bytes: answer.bytes,
            body_hash: answer.body_hash,
            records: 0,
            kept: 0,
            outside_window: 0,
            duplicates: 0,
            totals,
            selector_matched: true,
            retries: answer.retries,
            cursor_state: self.filter.as_ref().and_then(RowFilter::state),
            warnings,
        };
        Page { document: answer.document, records: Vec::new(), evidence }
    }

    fn view<'v>(&self, answer: &'v Answer, body: Json<'v>, records: &[Json<'v>]) -> ResponseView<'v> {
        ResponseView {
            url: &answer.url,
            headers: &answer.headers,
            body,
            record_count: records.len(),
            last_record: records.last().copied(),
            pages_before: self.pages_before,
            records_before: self.records_before,
        }
    }

    /// Adds to an error which page it is about.
    fn explain(&self, error: Error, request: &OutgoingRequest) -> Error {
        error
            .with("resource", &self.resource.name)
            .with("url", self.scrubber.url(&request.url))
            .with("page", self.pages_before + 1)
    }
}

/// Keeps a followed link on https when the resource is on https. Servers behind a proxy often write `http` for their own
/// address; any other host is refused.
fn keep_tls(origin: &Url, target: &mut Url) -> Result<()> {
    if origin.scheme() != "https" || target.scheme() != "http" {
        return Ok(());
    }
    if target.host() == origin.host() && target.port().is_none() && target.set_scheme("https").is_ok() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Source,
        "source/insecure-link",
        "the next link leads from https to http, which is not followed",
    )
    .hint("Ask the API's operator for https links, or use a paginator that does not follow links."))
}
