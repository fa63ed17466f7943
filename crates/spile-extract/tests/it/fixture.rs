//! Plans for the tests: one resource against a local server, with everything else at its plainest.

use std::sync::{Arc, Mutex};

use spile_core::{
    Auth, ClientPlan, Credential, CredentialPlace, DestinationPlan, Diagnostics, Error, Event, Limits,
    LoadPlan, Method, Observer, Page, Paginator, Plan, Redactor, ResourcePlan, Result, RetryPlan, Secret,
    WriteDisposition,
};
use spile_extract::{
    AUTHS, AheadBudget, Counters, ExtractEnv, HttpTransport, PAGINATORS, ResourceStart, Transport,
    extract_resource,
};
use tokio::sync::{mpsc, watch};
use url::Url;

use crate::testing::node;

pub(crate) const SECRET: &str = "s3cret-canary";

/// Makes a plan for one resource at `url`, with an API key in `X-Key` and a secret client header.
pub(crate) fn plan(url: &str, paginator: &str) -> Plan {
    let url = Url::parse(url).unwrap();
    let resource = ResourcePlan {
        name: "items".to_owned(),
        rows: None,
        method: Method::Get,
        url: url.clone(),
        params: Vec::new(),
        headers: Vec::new(),
        without_headers: Vec::new(),
        json: None,
        data: None,
        target: None,
        auth: vec![auth(&format!(r#"{{"type":"api_key","name":"X-Key","api_key":"{SECRET}"}}"#))],
        paginator: paginator_of(paginator),
        decoder: spile_core::DecoderPlan::default(),
        data_selector: None,
        actions: Vec::new(),
        steps: None,
        family: spile_core::FamilyPlan::default(),
        incremental: None,
        load: LoadPlan {
            table: "items".to_owned(),
            table_choice: None,
            write_disposition: WriteDisposition::Append,
            merge: spile_core::MergePlan::default(),
            primary_key: vec!["id".to_owned()],
            merge_key: Vec::new(),
            columns: Vec::new(),
            nested_hints: Vec::new(),
            max_table_nesting: None,
            schema_contract: None,
            table_hints: Vec::new(),
        },
    };
    Plan {
        naming: None,
        schema_files: spile_core::SchemaFiles::default(),
        pipeline: "test".to_owned(),
        source: "rest_api".to_owned(),
        dataset: "test_dataset".to_owned(),
        destination: DestinationPlan { kind: "duckdb".to_owned(), location: Secret::new("x.duckdb") },
        client: ClientPlan {
            trusted_origins: vec![url.origin()],
            base_url: url,
            headers: vec![Credential {
                place: CredentialPlace::Header,
                name: "X-Client".to_owned(),
                value: Secret::new(SECRET),
            }],
            manners: spile_core::Manners::default(),
            network: spile_core::NetworkPlan::default(),
            retry: RetryPlan {
                statuses: vec![429],
                all_server_errors: true,
                retries_max: 2,
                backoff_seconds: 0.001,
                wait_seconds_max: 0.01,
                jitter: true,
                rate_limit_wait_seconds_max: 0.0,
                timeout_seconds: 5.0,
            },
        },
        resources: vec![resource],
        limits: Limits::default(),
        page_limit: None,
        backfill: false,
        refresh: None,
        dev_mode: false,
        fingerprint: String::new(),
        redactor: Redactor::new(vec![Secret::new(SECRET)]),
        provenance: Vec::new(),
    }
}

pub(crate) fn auth(config: &str) -> Arc<dyn Auth> {
    let node = node(config);
    let row = AUTHS.find(node.get("type").unwrap().as_str().unwrap()).unwrap();
    (row.parse)(&node, &mut Diagnostics::new()).unwrap()
}

fn paginator_of(config: &str) -> Arc<dyn Paginator> {
    let node = node(config);
    let row = PAGINATORS.find(node.get("type").unwrap_or(&node).as_str().unwrap()).unwrap();
    (row.parse)(&node, &mut Diagnostics::new()).unwrap()
}

/// What came out of a run.
pub(crate) struct Outcome {
    pub(crate) pages: Vec<Page>,
    pub(crate) result: Result<()>,
    pub(crate) counters: Counters,
    pub(crate) retries: Vec<String>,
}

impl Outcome {
    /// Returns the error of a failed run.
    pub(crate) fn error(&self) -> &Error {
        self.result.as_ref().unwrap_err()
    }

    /// Returns the records of each page, as JSON.
    pub(crate) fn records(&self) -> Vec<String> {
        let page = |page: &Page| {
            let records: Vec<_> =
                page.records.iter().map(|index| page.document.at(*index).to_value()).collect();
            serde_json::Value::from(records).to_string()
        };
        self.pages.iter().map(page).collect()
    }
}

/// Remembers retries, and stops the run at the first when it is told to.
struct Log {
    retries: Mutex<Vec<String>>,
    cancel: watch::Sender<bool>,
    stops: bool,
}

impl Observer for Log {
    fn on_event(&self, event: &Event<'_>) {
        if let Event::Retrying { reason, .. } = event {
            self.retries.lock().unwrap().push((*reason).to_owned());
            self.cancel.send_replace(self.stops);
        }
    }
}

pub(crate) async fn run(plan: &Plan) -> Outcome {
    run_with(plan, ResourceStart::fresh(None), false).await
}

pub(crate) async fn run_from(plan: &Plan, start: ResourceStart) -> Outcome {
    run_with(plan, start, false).await
}

pub(crate) async fn run_until_first_retry(plan: &Plan) -> Outcome {
    run_with(plan, ResourceStart::fresh(None), true).await
}

async fn run_with(plan: &Plan, start: ResourceStart, stops: bool) -> Outcome {
    let transport = HttpTransport::new(&plan.client, &plan.limits).unwrap();
    let (cancel, cancelled) = watch::channel(false);
    let (counters, log) = (Counters::default(), Log { retries: Mutex::default(), cancel, stops });
    let (sender, mut receiver) = mpsc::channel(1);
    let ahead = AheadBudget::new(&plan.client.manners, &plan.limits);
    let env = ExtractEnv {
        plan,
        transport: &transport,
        ahead: &ahead,
        observer: &log,
        cancel: cancelled,
        run_start_microseconds: 0,
    };
    let collect = async {
        let mut pages = Vec::new();
        while let Some(page) = receiver.recv().await {
            pages.push(page);
        }
        pages
    };
    let extraction = crosses_threads(extract_resource(&plan.resources[0], start, &env, &counters, sender));
    let (result, pages) = tokio::join!(extraction, collect);
    Outcome { pages, result, counters, retries: log.retries.into_inner().unwrap() }
}

/// Runs the resource so many times at once over one transport.
pub(crate) async fn run_side_by_side(plan: &Plan, times: usize) -> Vec<Result<()>> {
    let transport: Arc<dyn Transport> = Arc::new(HttpTransport::new(&plan.client, &plan.limits).unwrap());
    let plan = Arc::new(plan.clone());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..times {
        let (plan, transport) = (Arc::clone(&plan), Arc::clone(&transport));
        tasks.spawn(async move {
            let (cancel, cancelled) = watch::channel(false);
            let (counters, log) =
                (Counters::default(), Log { retries: Mutex::default(), cancel, stops: false });
            let (sender, mut receiver) = mpsc::channel(1);
            let ahead = AheadBudget::new(&plan.client.manners, &plan.limits);
            let env = ExtractEnv {
                plan: &plan,
                transport: &*transport,
                ahead: &ahead,
                observer: &log,
                cancel: cancelled,
                run_start_microseconds: 0,
            };
            let extraction =
                extract_resource(&plan.resources[0], ResourceStart::fresh(None), &env, &counters, sender);
            let drain = async { while receiver.recv().await.is_some() {} };
            tokio::join!(extraction, drain).0
        });
    }
    tasks.join_all().await
}

/// The engine runs extraction on any thread, so the future must allow it.
fn crosses_threads<F: Future + Send>(future: F) -> F {
    future
}
