//! How long pages and children take on a paused clock: what the order of requests costs, and nothing of the machine.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::time::{Duration, UNIX_EPOCH};

use spile_config::{Environment, Options, Registries, load_text};
use spile_extract::{BoxFuture, OutgoingRequest, Response, TokenStore};
use tokio::time::Instant;

use super::*;

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

/// Fetches everything; returns seconds, requests, and the pages in the order in which they came.
async fn fetch(
    text: &str,
    latency: Duration,
    answer: fn(&OutgoingRequest) -> String,
) -> (f64, u64, Vec<Page>) {
    let plan = Arc::new(plan(text));
    let slow = Slow {
        latency,
        slots: Semaphore::new(AT_ONCE),
        requests: AtomicU64::new(0),
        answer,
        tokens: TokenStore::default(),
    };
    let transport = Arc::new(slow);
    let shared = Shared {
        transport: Arc::clone(&transport) as Arc<dyn Transport>,
        ahead: Arc::new(AheadBudget::new(&plan.client.manners, &plan.limits)),
        observer: Arc::new(()),
        cancel: Arc::new(watch::channel(false).0),
        plan: Arc::clone(&plan),
    };
    let start = |resource: &ResourcePlan| match resource.family.parent {
        None => Start::Root(Box::new(ResourceStart::fresh(None))),
        Some(_) => Start::Child(Box::new(ChildStart {
            pending: Vec::new(),
            first: None,
            window: None,
            cursor_state: None,
            pages: 0,
        })),
    };
    let starts = plan.resources.iter().enumerate();
    let starts = starts
        .map(|(index, resource)| Unfinished { index, start: start(resource), next_ordinal: 0 })
        .collect();
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
