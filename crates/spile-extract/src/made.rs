//! Pages of rows that a script makes itself: the same ledger, children and steps as for answers, and no request.
//!
//! All pages are made at once, within the budget of the script's functions, and leave one by one. The position is the number
//! of the page, so a run that is gone on with makes them again and leaves out those that are staged; that they are the same
//! is held against the hash of the last of them.

use std::sync::Arc;

use spile_core::{
    Document, Error, ErrorKind, Event, FamilyEvidence, Json, Page, PageEvidence, PageId, Position,
    ResourcePlan, Result, RowSource, StopReason, Totals,
};
use tokio::sync::mpsc;

use crate::extract::{ExtractEnv, ResourceStart};
use crate::{binding, select};

/// Sends the pages that a script makes, from where `start` says.
pub(crate) async fn extract(
    rows: &Arc<dyn RowSource>,
    resource: &ResourcePlan,
    start: ResourceStart,
    env: &ExtractEnv<'_>,
    pages: mpsc::Sender<Page>,
) -> Result<()> {
    env.observer.on_event(&Event::ResourceStarted { resource: &resource.name, window: None });
    let (source, started) = (Arc::clone(rows), env.run_start_microseconds);
    // The functions compute, and may do so for seconds: not on a thread that others wait for.
    let made = tokio::task::spawn_blocking(move || source.pages(started)).await;
    let texts = match made {
        Ok(texts) => texts.map_err(|error| error.with("resource", &resource.name))?,
        Err(panic) => {
            return Err(Error::new(ErrorKind::Bug, "bug/task", "a resource's task ended abnormally")
                .source_error(panic));
        }
    };
    let first = number_of(&start.position);
    check_staged(resource, &start, &texts, first)?;
    // Without any rows there is still a page that says so.
    let count = texts.len().max(1);
    let mut texts = texts.into_iter().skip(first);
    for number in first..count {
        if *env.cancel.borrow() {
            return Err(closed());
        }
        let text = texts.next().unwrap_or_else(|| "[]".to_owned());
        let page = page(resource, number, count, text, env)
            .map_err(|error| error.with("resource", &resource.name).with("page", number + 1))?;
        env.observer.on_event(&Event::PageFetched {
            resource: &resource.name,
            records: page.evidence.records,
            bytes: page.evidence.bytes,
            pages_total: None,
        });
        let is_last = page.evidence.stop.is_some();
        pages.send(page).await.map_err(|_| closed())?;
        if is_last {
            break;
        }
    }
    env.observer.on_event(&Event::ResourceFinished { resource: &resource.name });
    Ok(())
}

fn page(
    resource: &ResourcePlan,
    number: usize,
    count: usize,
    text: String,
    env: &ExtractEnv<'_>,
) -> Result<Page> {
    if number as u64 >= env.plan.limits.pages_max {
        let message = format!("`{}` has more than {} pages", resource.name, env.plan.limits.pages_max);
        return Err(Error::new(ErrorKind::Limit, "limit/pages", message)
            .hint("Yield lists of rows instead of single ones, or raise the limit."));
    }
    let position = position_of(number);
    let bytes = text.len() as u64;
    let body_hash = hash(&text);
    let made = Document::parse(text.into_bytes()).map_err(|error| {
        Error::new(ErrorKind::Bug, "bug/rows", "rows that functions made cannot be read back")
            .source_error(error)
    })?;
    let rows: Vec<_> = made.root().elements().collect();
    let count_of_rows = rows.len() as u64;
    let stepped = resource.steps.as_ref().map(|steps| steps.run(&rows)).transpose()?;
    let document = stepped.unwrap_or(made);
    let records: Vec<u32> = document.root().elements().map(Json::index).collect();
    let offers = match resource.family.offers.as_slice() {
        [] => Vec::new(),
        offers => records
            .iter()
            .map(|index| binding::offer(offers, document.at(*index), &resource.name))
            .collect::<Result<_>>()?,
    };
    let records = if resource.family.hidden { Vec::new() } else { records };
    let tables = select::tables(resource, &document, &records)?;
    let ended = number + 1 >= count;
    let at_limit = env.plan.page_limit.is_some_and(|limit| number as u64 + 1 >= limit);
    let evidence = PageEvidence {
        resource: resource.name.clone(),
        id: PageId::new(&resource.name, "", &position),
        position,
        next: (!ended).then(|| position_of(number + 1)),
        stop: match (ended, at_limit) {
            (true, _) => Some(StopReason::RowsEnded),
            (false, true) => Some(StopReason::PageLimit),
            (false, false) => None,
        },
        bytes,
        body_hash,
        records: count_of_rows,
        kept: records.len() as u64,
        outside_window: 0,
        duplicates: 0,
        totals: Totals::default(),
        selector_matched: true,
        retries: 0,
        cursor_state: None,
        cursor_key: None,
        window: None,
        family: FamilyEvidence { parent: None, offers },
        warnings: Vec::new(),
        one_by_one: None,
        may_skip_rows: false,
    };
    Ok(Page { document, records, tables, evidence })
}

/// Sees that the pages before the first one are those that were staged, as far as that is known.
fn check_staged(
    resource: &ResourcePlan,
    start: &ResourceStart,
    texts: &[String],
    first: usize,
) -> Result<()> {
    let Some(staged) = start.last_body_hash.as_ref().filter(|_| first > 0) else { return Ok(()) };
    if texts.get(first - 1).is_some_and(|text| hash(text) == *staged) {
        return Ok(());
    }
    let message = "a function of the script made other rows than before the interruption";
    Err(Error::new(ErrorKind::State, "script/rows-changed", message)
        .with("resource", &resource.name)
        .with("page", first)
        .hint("Remove the pipeline's folder `packages` in the work directory and run again; nothing in it is loaded yet."))
}

fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

fn position_of(number: usize) -> Position {
    match i64::try_from(number) {
        Ok(0) | Err(_) => Position::Start,
        Ok(number) => Position::Page(number),
    }
}

fn number_of(position: &Position) -> usize {
    match position {
        Position::Page(number) => usize::try_from(*number).unwrap_or(0),
        Position::Start
        | Position::Offset(_)
        | Position::Cursor { .. }
        | Position::Url(_)
        | Position::Detected { .. } => 0,
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Interrupted, "run/interrupted", "nobody takes the pages any more")
}
