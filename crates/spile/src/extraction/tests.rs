//! How long pages and children take on a paused clock: what the order of requests costs, and nothing of the machine.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::time::{Duration, UNIX_EPOCH};

use indexmap::IndexMap;
use serde_json::{Value, json};
use spile_config::{Environment, Options, Registries, load_text};
use spile_core::PageEvidence;
use spile_extract::{BoxFuture, OutgoingRequest, Response, TokenStore, Window};
use tokio::time::Instant;

use super::*;
use crate::evidence::ResourceEvidence;
use crate::ledger::Opened;
use crate::starts::{self, Remembered};

const AT_ONCE: usize = 16;

/// An API that takes its time, for so many requests at once.
struct Slow {
    latency: Duration,
    slots: Semaphore,
    requests: AtomicU64,
    answer: fn(&OutgoingRequest) -> String,
    tokens: TokenStore,
}

impl Transport for Slow {
    fn send<'a>(&'a self, request: &'a OutgoingRequest) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let _slot = self.slots.acquire().await.unwrap();
            tokio::time::sleep(self.latency).await;
            self.requests.fetch_add(1, Ordering::Relaxed);
            Ok(Response {
                status: 200,
                url: request.url.clone(),
                headers: Vec::new(),
                body: (self.answer)(request).into_bytes(),
                redirects: 0,
                received_at: UNIX_EPOCH,
            })
        })
    }

    fn tokens(&self) -> &TokenStore {
        &self.tokens
    }
}

fn plan(text: &str) -> Plan {
    let environment = Environment {
        variables: BTreeMap::new(),
        working_directory: PathBuf::from("/nowhere"),
        global_directory: None,
        now_microseconds: 0,
    };
    let registries = Registries { paginators: &spile_extract::PAGINATORS, auths: &spile_extract::AUTHS };
    let resolved = load_text(Path::new("c.yaml"), text, &Options::default(), &environment, &registries);
    resolved.plan.unwrap_or_else(|| panic!("{:?}", resolved.diagnostics))
}

const RUN_START: &str = "2026-03-01T12:00:00Z";

/// Returns where a run starts after some pages that an interrupted one has staged.
fn starts(plan: &Plan, staged: &[PageEvidence], state: Option<&Value>) -> Vec<Unfinished> {
    let mut windows = BTreeMap::new();
    for resource in &plan.resources {
        if let Some(incremental) = resource.incremental.as_ref().filter(|incremental| !incremental.per_parent)
        {
            let window = Window::open(incremental, None, RUN_START.parse().unwrap()).unwrap();
            windows.insert(resource.name.clone(), window);
        }
    }
    let opened = Opened {
        version: 1,
        load_id: String::new(),
        pipeline: String::new(),
        dataset: String::new(),
        destination: String::new(),
        fingerprint: String::new(),
        base: String::new(),
        run_start: RUN_START.to_owned(),
        windows,
    };
    let mut evidence: IndexMap<String, ResourceEvidence> = IndexMap::new();
    for page in staged {
        evidence.entry(page.resource.clone()).or_default().add(page);
    }
    let offers = |resource: &str, from: u64| {
        let pages = staged.iter().filter(|page| page.resource == resource);
        let rows = pages.flat_map(|page| page.family.offers.clone()).enumerate();
        let rows = rows.map(|(ordinal, values)| ParentRow { ordinal: ordinal as u64, values });
        Ok(rows.filter(|row| row.ordinal >= from).collect())
    };
    let remembered = Remembered { opened: &opened, evidence: &evidence, offers: &offers, state };
    starts::starts(plan, &remembered).unwrap()
}

/// Fetches everything; returns seconds, requests, and the pages in the order in which they came.
async fn fetch(
    text: &str,
    latency: Duration,
    answer: fn(&OutgoingRequest) -> String,
) -> (f64, u64, Vec<Page>) {
    let plan = plan(text);
    let starts = starts(&plan, &[], None);
    fetch_from(plan, starts, latency, answer).await
}

async fn fetch_from(
    plan: Plan,
    starts: Vec<Unfinished>,
    latency: Duration,
    answer: fn(&OutgoingRequest) -> String,
) -> (f64, u64, Vec<Page>) {
    let plan = Arc::new(plan);
    let slow = Slow {
        latency,
        slots: Semaphore::new(AT_ONCE),
        requests: AtomicU64::new(0),
        answer,
        tokens: TokenStore::default(),
    };
    let transport = Arc::new(slow);
    let shared = Shared {
        run_start_microseconds: 0,
        transport: Arc::clone(&transport) as Arc<dyn Transport>,
        ahead: Arc::new(AheadBudget::new(&plan.client.manners, &plan.limits)),
        observer: Arc::new(()),
        cancel: Arc::new(watch::channel(false).0),
        plan: Arc::clone(&plan),
    };
    let counters = plan.resources.iter().map(|resource| (resource.name.clone(), Arc::default())).collect();
    let (sender, mut receiver) = mpsc::channel(plan.limits.pages_in_flight_max);
    let began = Instant::now();
    let collect = async {
        let mut pages = Vec::new();
        while let Some(page) = receiver.recv().await {
            pages.push(page);
        }
        pages
    };
    let (extracted, pages) = tokio::join!(Box::pin(extract_all(&shared, starts, &counters, sender)), collect);
    extracted.unwrap();
    (began.elapsed().as_secs_f64(), transport.requests.load(Ordering::Relaxed), pages)
}

fn number(request: &OutgoingRequest, name: &str) -> u64 {
    let (_, value) = request.url.query_pairs().find(|(found, _)| found == name).unwrap();
    value.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_pages_take_a_sixteenth_of_the_time() {
    let answer = |request: &OutgoingRequest| {
        format!(r#"{{"items": [{{"id": {}}}], "pages": 1000}}"#, number(request, "page"))
    };
    let text = |parallel: bool| {
        format!(
            "client: {{base_url: 'http://h', concurrency: {AT_ONCE}, parallel_pages: {parallel}}}\nresources: [{{name: \
             items, endpoint: {{path: items, data_selector: items, paginator: {{type: page_number, base_page: 1, \
             total_path: pages}}}}}}]\n"
        )
    };
    let latency = Duration::from_millis(50);
    let (seconds, requests, pages) = fetch(&text(true), latency, answer).await;
    assert!(seconds <= 3.3, "{seconds} s");
    let (serial_seconds, serial_requests, serial) = fetch(&text(false), latency, answer).await;
    assert!(serial_seconds >= 50.0, "{serial_seconds} s");
    assert_eq!((requests, serial_requests), (1000, 1000));
    let evidence = |pages: &[Page]| pages.iter().map(|page| page.evidence.clone()).collect::<Vec<_>>();
    assert_eq!(evidence(&pages), evidence(&serial));
}

#[tokio::test(start_paused = true)]
async fn children_keep_all_places_busy() {
    const PARENTS: u64 = 10_000;
    let answer = |request: &OutgoingRequest| {
        if request.url.path() == "/parents" {
            let offset = number(request, "offset");
            let rows: Vec<String> =
                (offset..(offset + 500).min(PARENTS)).map(|id| format!(r#"{{"id": {id}}}"#)).collect();
            return format!(r#"{{"items": [{}], "total": {PARENTS}}}"#, rows.join(","));
        }
        r#"{"text": "x"}"#.to_owned()
    };
    let text = format!(
        "client: {{base_url: 'http://h', concurrency: {AT_ONCE}}}\nresources:\n- {{name: parents, endpoint: {{path: parents, \
         data_selector: items, paginator: {{type: offset, limit: 500}}}}}}\n- {{name: children, endpoint: {{path: \
         'children/{{resources.parents.id}}', data_selector: $, paginator: single_page}}}}\n"
    );
    let (seconds, requests, pages) = fetch(&text, Duration::from_millis(20), answer).await;
    let floor = requests as f64 * 0.02 / AT_ONCE as f64;
    assert!(seconds <= 1.05 * floor, "{seconds} s, {floor} s");
    let rows: Vec<u64> = pages.iter().filter_map(|page| page.evidence.family.parent).collect();
    assert_eq!(rows, (0..PARENTS).collect::<Vec<_>>(), "in the order of the parents");
}

/// Rows at every third minute from the first of January on, in pages of five, and at the first moment of each day.
fn events(request: &OutgoingRequest) -> String {
    let text = |name: &str| {
        let pair = request.url.query_pairs().find(|(found, _)| found == name);
        pair.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let at = |minute: u64| {
        let (day, minute) = (minute / 1440, minute % 1440);
        format!("2026-01-{:02}T{:02}:{:02}:00Z", day + 1, minute / 60, minute % 60)
    };
    if request.url.path() == "/owners" {
        return r#"{"items": [{"id": 0}, {"id": 1}, {"id": 2}, {"id": 1}]}"#.to_owned();
    }
    let owner = text("owner").parse().unwrap_or(3);
    let rows = (0..6000).filter(|minute| minute % 1440 == 0 || minute % 97 == owner);
    // Both bounds are inclusive.
    let to = Some(text("to")).filter(|to| !to.is_empty()).unwrap_or_else(|| "~".to_owned());
    let rows = rows.filter(|minute| at(*minute) >= text("from") && at(*minute) <= to);
    let rows: Vec<String> =
        rows.map(|minute| format!(r#"{{"id": {minute}, "at": "{}"}}"#, at(minute))).collect();
    let offset = text("offset").parse().unwrap_or(0).min(rows.len());
    let page = &rows[offset..(offset + 5).min(rows.len())];
    format!(r#"{{"items": [{}], "total": {}}}"#, page.join(","), rows.len())
}

fn events_config(family: bool, extra: &str) -> String {
    let (owners, owner) = if family {
        (
            "- {name: owners, endpoint: {path: owners, data_selector: items, paginator: single_page}}\n",
            "owner: '{resources.owners.id}'",
        )
    } else {
        ("", "x: '1'")
    };
    format!(
        "client: {{base_url: 'http://h', concurrency: {AT_ONCE}, parallel_pages: false}}\nresources:\n{owners}- name: events\n  \
         primary_key: id\n  endpoint:\n    path: events\n    data_selector: items\n    params: {{{owner}}}\n    paginator: {{type: \
         offset, limit: 5}}\n    incremental: {{cursor_path: at, initial_value: '2026-01-01T00:00:00Z', start_param: from, \
         end_param: to{extra}}}\n"
    )
}

fn of_events(pages: &[Page]) -> Vec<PageEvidence> {
    pages.iter().map(|page| page.evidence.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn windows_are_read_side_by_side_and_give_the_rows_of_one() {
    let latency = Duration::from_millis(20);
    let (_, _, whole) = fetch(&events_config(false, ""), latency, events).await;
    let (seconds, requests, cut) = fetch(&events_config(false, ", step: PT6H"), latency, events).await;
    let ids = |pages: &[Page]| -> Vec<Value> {
        let ids = |page: &Page| {
            page.records
                .iter()
                .map(|row| page.document.at(*row).get("id").unwrap().to_value())
                .collect::<Vec<_>>()
        };
        pages.iter().flat_map(ids).collect()
    };
    assert_eq!(ids(&cut), ids(&whole), "in the same order");
    let state = |pages: &[Page]| pages.last().unwrap().evidence.cursor_state.clone().unwrap();
    assert_eq!(state(&cut), state(&whole));
    assert_eq!(
        cut.iter().map(|page| page.evidence.outside_window).sum::<u64>(),
        0,
        "rows at borders are not odd"
    );
    let windows: Vec<u64> = cut.iter().map(|page| page.evidence.window.unwrap().index).collect();
    assert!(windows.is_sorted() && windows.last() == Some(&237), "{windows:?}");
    let floor = requests as f64 * 0.02 / AT_ONCE as f64;
    assert!(seconds <= 1.2 * floor + 0.1, "{seconds} s, {floor} s");
}

#[tokio::test(start_paused = true)]
async fn a_kill_after_any_page_costs_no_page() {
    for (family, extra) in [
        (false, ", end_value: '2026-01-04T12:00:00Z', step: P1D"),
        (false, ", step: P10D"),
        (true, ""),
        (true, ", step: P14D"),
        (true, ", per_parent: true"),
        (true, ", per_parent: true, step: P20D"),
    ] {
        let text = events_config(family, extra);
        let latency = Duration::from_millis(1);
        let by_resource = |pages: &[PageEvidence], name: &str| -> Vec<PageEvidence> {
            pages.iter().filter(|page| page.resource == name).cloned().collect()
        };
        let all = of_events(&fetch(&text, latency, events).await.2);
        assert!(all.len() > 5, "{extra}");
        for staged in 0..=all.len() {
            let plan = plan(&text);
            let starts = starts(&plan, &all[..staged], None);
            let (_, requests, pages) = fetch_from(plan, starts, latency, events).await;
            let rest = of_events(&pages);
            assert_eq!(requests as usize, all.len() - staged, "{extra} after {staged} pages");
            for name in ["owners", "events"] {
                let mut gone_on = by_resource(&all[..staged], name);
                gone_on.extend(by_resource(&rest, name));
                assert_eq!(gone_on, by_resource(&all, name), "{extra} after {staged} pages");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_parent_row_goes_on_from_its_own_cursor() {
    let text = events_config(true, ", per_parent: true, end_value: null");
    let at = "2026-01-03T00:00:00Z";
    let state = json!({"sources": {"rest_api": {"resources": {"events": {"spile": {"per_parent":
        {"at": {"[1]": [at, []], "[7]": ["2026-01-09T00:00:00Z", []]}}}}}}}});
    let plan = plan(&text);
    let starts = starts(&plan, &[], Some(&state));
    let (_, _, pages) = fetch_from(plan, starts, Duration::from_millis(1), events).await;
    let mut kept: BTreeMap<String, u64> = BTreeMap::new();
    for page in of_events(&pages) {
        if let Some(key) = page.cursor_key {
            *kept.entry(key).or_default() += page.kept;
        }
    }
    // Two of four rows are the same parent.
    let rows = |owner: u64, from: u64| {
        (from..6000).filter(|minute| minute % 1440 == 0 || minute % 97 == owner).count() as u64
    };
    assert_eq!(
        kept,
        BTreeMap::from([
            ("[0]".to_owned(), rows(0, 0)),
            ("[1]".to_owned(), 2 * rows(1, 2880)),
            ("[2]".to_owned(), rows(2, 0)),
        ])
    );
}
