//! One resource between two pages: makes requests, and pages of their answers.
//!
//! No I/O and no waiting: the loop in `extract` has those. The invariant: the evidence of a page is complete when the page
//! is made, what follows it included.

use serde_json::{Map, Value};
use spile_core::{
    Ahead, Credential, Document, Error, ErrorKind, FamilyEvidence, Json, JsonPath, Page, PageEvidence,
    PageId, ParentRow, Plan, Position, RequestDraft, ResourcePlan, ResponseView, Result, Step, StopReason,
    Totals, WindowPart,
};

use crate::extract::ResourceStart;
use crate::guard::PagingGuard;
use crate::incremental::{RowFilter, Window};
use crate::reach::Reach;
use crate::select::Selection;
use crate::transport::{Answer, OutgoingRequest, Scrubber};
use crate::{binding, followed, include, request, select, totals};

/// The state of one resource between two pages.
pub(crate) struct ResourceRun<'a> {
    resource: &'a ResourcePlan,
    plan: &'a Plan,
    scrubber: &'a Scrubber,
    draft: RequestDraft,
    window_key: String,
    filter: Option<RowFilter<'a>>,
    guard: PagingGuard,
    reach: Reach<'a>,
    /// The config's selector, or the one found on the first page of this run.
    selector: Option<JsonPath>,
    position: Position,
    pages_before: u64,
    records_before: u64,
    /// The number of the parent's row.
    parent: Option<u64>,
    /// Which of the run's windows.
    part: Option<WindowPart>,
    /// Columns from the parent's row.
    include: Vec<(String, Value)>,
}

impl<'a> ResourceRun<'a> {
    /// Starts where `start` says.
    pub(crate) fn new(
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
                start.part.unwrap_or(WindowPart::WHOLE),
                resource.asked_bounds(),
                &resource.load.primary_key,
                start.cursor_state.as_ref(),
            )),
            (Some(_), None) => {
                let message = format!("resource `{}` is incremental but has no window", resource.name);
                return Err(Error::new(ErrorKind::Bug, "bug/no-window", message));
            }
            (None, _) => None,
        };
        let is_part = start.is_part();
        Ok(Self {
            resource,
            plan,
            scrubber,
            draft: request::draft(resource, window, scrubber, start.parent.as_ref())?,
            window_key: page_key(window, start.parent.as_ref()),
            filter,
            guard: PagingGuard::new(start.last_body_hash),
            reach: reach(resource, plan, is_part),
            selector: resource.data_selector.clone(),
            position: start.position,
            pages_before: start.pages_before,
            records_before: start.records_before,
            parent: start.parent.as_ref().map(|row| row.ordinal),
            part: start.part,
            include: match (&resource.family.parent, &start.parent) {
                (Some(plan), Some(row)) => include::columns(plan, row),
                _ => Vec::new(),
            },
        })
    }

    /// Makes the request for the current position.
    pub(crate) fn request(&self) -> Result<OutgoingRequest> {
        if self.pages_before >= self.plan.limits.pages_max {
            let message = format!(
                "resource `{}` has more than {} pages",
                self.resource.name, self.plan.limits.pages_max
            );
            return Err(Error::new(ErrorKind::Limit, "limit/pages", message)
                .with("resource", &self.resource.name)
                .hint("Check the paginator's stop rule, or raise the limit."));
        }
        self.request_for(&self.position)
    }

    /// Makes the request for any position.
    pub(crate) fn request_for(&self, position: &Position) -> Result<OutgoingRequest> {
        let mut draft = self.draft.clone();
        self.resource.paginator.apply(position, &mut draft)?;
        followed::keep_tls(&self.resource.url, &mut draft.url)?;
        Ok(OutgoingRequest::new(draft, self.scrubber))
    }

    /// Makes the page of an answer and moves on to what follows it.
    pub(crate) fn page(&mut self, answer: Answer) -> Result<Page> {
        if answer.ignored {
            return Ok(self.ignored_page(answer));
        }
        let body = answer.document.root();
        let selector = self.selector.get_or_insert_with(|| select::detect(body));
        let matches = selector.matches(body);
        let Selection { records: found, matched } = select::select(&matches);
        let count = found.len() as u64;
        // A body that is itself the record has no envelope: its `total` is data.
        let is_record = matches!(found.as_slice(), [only] if only.index() == body.index());
        let totals = if is_record { Totals::default() } else { totals::read(body, found.len()) };
        if let Some(warning) = self.guard.repetition(&self.position, &answer.body_hash, &found) {
            return Ok(self.repeated_page(answer, totals, matched, warning));
        }
        let view = self.view(&answer, body, &found);
        let step = self.resource.paginator.next(&self.position, &view)?;
        let page_size = self.resource.paginator.page_size();
        let short = self.guard.short_page(self.page_number(), count, page_size, totals);
        let included =
            if self.include.is_empty() { None } else { Some(include::write(&found, &self.include)?) };
        let rows = match &included {
            Some(document) => document.root().elements().collect(),
            None => found,
        };
        let stepped = self.resource.steps.as_ref().map(|steps| steps.run(&rows)).transpose()?;
        let loaded: Vec<Json<'_>> = match &stepped {
            Some(document) => document.root().elements().collect(),
            None => rows.clone(),
        };
        let (mut records, outside_window, duplicates, passed) = match &mut self.filter {
            Some(filter) => {
                let filtered = filter.page(&loaded)?;
                (filtered.kept, filtered.outside, filtered.duplicates, filtered.passed)
            }
            None => (loaded.iter().map(|record| record.index()).collect(), 0, 0, false),
        };
        let made = matches.made();
        let holder = stepped.as_ref().or(included.as_ref()).or(made).unwrap_or(&answer.document);
        let offers = self.offers(holder, &records)?;
        if self.resource.family.hidden {
            records.clear();
        }
        let tables = select::tables(self.resource, holder, &records)?;
        let (next, stop) = self.follow(step, passed, &answer.tokens);
        let one_by_one = self.look_ahead(&rows, totals, next.as_ref().filter(|_| stop.is_none()), &view);
        let evidence = PageEvidence {
            next: next.clone(),
            stop,
            records: count,
            kept: records.len() as u64,
            outside_window,
            duplicates,
            selector_matched: matched,
            family: FamilyEvidence { parent: self.parent, offers },
            may_skip_rows: short.is_some()
                && (is_offset(&self.position) || next.as_ref().is_some_and(is_offset)),
            warnings: short.into_iter().collect(),
            one_by_one,
            ..self.evidence(&answer, totals)
        };
        self.pages_before += 1;
        self.records_before += count;
        if let Some(next) = next {
            self.position = next;
        }
        let document = stepped.or(included).or(matches.into_made()).unwrap_or(answer.document);
        Ok(Page { document, records, tables, evidence })
    }

    /// Returns what follows and why nothing does. At a page limit both are known: there is more, but it is not asked for.
    fn follow(
        &self,
        step: Step,
        passed: bool,
        tokens: &[Credential],
    ) -> (Option<Position>, Option<StopReason>) {
        match step {
            Step::Done(reason) => (None, Some(reason)),
            Step::Next(_) if passed => (None, Some(StopReason::WindowPassed)),
            Step::Next(mut next) => {
                let trusted = &self.plan.client.trusted_origins;
                for own in [&self.draft.credentials[..], tokens] {
                    followed::forget_credentials(&mut next, own, trusted);
                }
                // Pages are counted over all parent rows and windows, which are not known here.
                let at_limit = self.parent.is_none()
                    && self.part.is_none()
                    && self.plan.page_limit.is_some_and(|limit| self.page_number() >= limit);
                (Some(next), at_limit.then_some(StopReason::PageLimit))
            }
        }
    }

    /// Finds out what may be asked for before its turn; returns why nothing may from here on.
    fn look_ahead(
        &mut self,
        rows: &[Json<'_>],
        totals: Totals,
        next: Option<&Position>,
        view: &ResponseView<'_>,
    ) -> Option<String> {
        let limit = self.plan.page_limit.unwrap_or(u64::MAX).min(self.plan.limits.pages_max);
        let left = usize::try_from(limit.saturating_sub(self.page_number())).unwrap_or(usize::MAX);
        let count = self.reach.width_max().min(left);
        let ahead = match next {
            Some(next) if count > 0 => self.resource.paginator.ahead(next, view, count),
            _ => Ahead::default(),
        };
        self.reach.look(self.page_number(), rows, totals, next, ahead)
    }

    /// Returns the positions that may be asked for now, the next one first.
    pub(crate) fn reach(&self) -> &[Position] {
        self.reach.positions()
    }

    /// Takes note that an early request for the current position failed.
    pub(crate) fn missed(&mut self, refused: bool) {
        // For an API that limits how often it is asked the transport slows down; that is no reason to give up.
        if !refused {
            self.reach.missed();
        }
    }

    /// Takes what children need of the rows that were kept.
    fn offers(&self, document: &Document, records: &[u32]) -> Result<Vec<Map<String, Value>>> {
        let offers = &self.resource.family.offers;
        if offers.is_empty() {
            return Ok(Vec::new());
        }
        records.iter().map(|index| binding::offer(offers, document.at(*index), &self.resource.name)).collect()
    }

    /// Makes the page of an answer that the config says to ignore: it ends paging and counts for nothing.
    fn ignored_page(&self, answer: Answer) -> Page {
        let evidence = PageEvidence {
            stop: Some(StopReason::Ignored),
            selector_matched: true,
            ..self.evidence(&answer, Totals::default())
        };
        Page { document: answer.document, records: Vec::new(), tables: Vec::new(), evidence }
    }

    /// Makes the page that was there before: it ends paging and counts for nothing.
    fn repeated_page(&self, answer: Answer, totals: Totals, selector_matched: bool, warning: &str) -> Page {
        let evidence = PageEvidence {
            // A link that leads in a circle is a position that has an id already.
            id: PageId::new(&self.resource.name, &format!("{}#repeated", self.window_key), &self.position),
            stop: Some(StopReason::RepeatedPage),
            selector_matched,
            warnings: vec![warning.to_owned()],
            ..self.evidence(&answer, totals)
        };
        Page { document: answer.document, records: Vec::new(), tables: Vec::new(), evidence }
    }

    /// Returns what is known of every page before its records are looked at.
    fn evidence(&self, answer: &Answer, totals: Totals) -> PageEvidence {
        PageEvidence {
            resource: self.resource.name.clone(),
            id: PageId::new(&self.resource.name, &self.window_key, &self.position),
            position: self.position.clone(),
            next: None,
            stop: None,
            bytes: answer.bytes,
            body_hash: answer.body_hash.clone(),
            records: 0,
            kept: 0,
            outside_window: 0,
            duplicates: 0,
            totals,
            selector_matched: false,
            retries: answer.retries,
            cursor_state: self.filter.as_ref().and_then(RowFilter::state),
            cursor_key: None,
            window: self.part,
            family: FamilyEvidence { parent: self.parent, offers: Vec::new() },
            warnings: Vec::new(),
            one_by_one: None,
            may_skip_rows: false,
        }
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

    /// Returns the position that is asked for.
    pub(crate) fn position(&self) -> &Position {
        &self.position
    }

    /// Returns the 1-based number of the page that is asked for.
    pub(crate) fn page_number(&self) -> u64 {
        self.pages_before + 1
    }

    /// Adds to an error which page it is about.
    pub(crate) fn explain(&self, error: Error, request: &OutgoingRequest) -> Error {
        // What a function of the script says may quote an answer.
        let error = if error.code().starts_with("script/") {
            error.map_message(|text| self.scrubber.text(text))
        } else {
            error
        };
        error
            .with("resource", &self.resource.name)
            .with("url", self.scrubber.url(&request.url))
            .with("page", self.page_number())
    }
}

/// Returns whether a position counts the rows that were asked for, not those that came.
fn is_offset(position: &Position) -> bool {
    match position {
        Position::Detected { position, .. } => is_offset(position),
        Position::Offset(_) => true,
        Position::Start | Position::Page(_) | Position::Cursor { .. } | Position::Url(_) => false,
    }
}

/// Makes the guard of a resource. Pages are limited over all parent rows and windows, which one of them cannot know.
fn reach<'a>(resource: &'a ResourcePlan, plan: &Plan, is_part: bool) -> Reach<'a> {
    let manners = &plan.client.manners;
    let counts_elsewhere = is_part && plan.page_limit.is_some();
    let width = if manners.parallel_pages && !counts_elsewhere { manners.concurrency } else { 0 };
    let may_stop_early = resource.incremental.as_ref().is_some_and(|plan| plan.row_order.is_some());
    Reach::new(width, may_stop_early, &resource.load.primary_key)
}

/// Returns what tells the pages of this window and parent's row from all others of the resource.
fn page_key(window: Option<&Window>, parent: Option<&ParentRow>) -> String {
    let window = window.map(Window::key).unwrap_or_default();
    match parent {
        Some(row) => format!("{window}#{}#{}", row.ordinal, Value::Object(row.values.clone())),
        None => window,
    }
}
