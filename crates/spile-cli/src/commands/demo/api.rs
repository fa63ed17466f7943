//! The demo's API: two services on one loopback port, each in the manner of the API that its config was written for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LINK};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use spile::{Error, ErrorKind};
use tokio::runtime::Runtime;

use super::records;

/// Largest page that the API gives, whatever is asked for.
const PAGE_SIZE_MAX: u64 = 5_000;

/// A running API; it stops with the value.
pub(super) struct Api {
    address: SocketAddr,
    runtime: Runtime,
}

impl Api {
    /// Returns host and port.
    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Serves until the process is interrupted.
    pub(super) fn wait(self) {
        // An error here means that no signal can be waited for; serving on would never end.
        let _ends_either_way = self.runtime.block_on(tokio::signal::ctrl_c());
    }
}

struct Settings {
    records: u64,
    latency: Duration,
    base: String,
}

type Params = Query<Vec<(String, String)>>;

/// Starts the API on the loopback interface.
pub(super) fn start(port: u16, records: u64, latency_ms: u64) -> Result<Api, Error> {
    let failed = |cause: std::io::Error| {
        Error::new(ErrorKind::Unavailable, "demo/port", format!("could not serve on 127.0.0.1:{port}"))
            .hint("Choose another port with --port, or leave it out to get a free one.")
            .source_error(cause)
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(failed)?;
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))))
        .map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let settings =
        Settings { records, latency: Duration::from_millis(latency_ms), base: format!("http://{address}") };
    let router = Router::new()
        .route("/v2/calls/reporting/simple", get(calls))
        .route("/v3/a/{account}/{file}", get(account))
        .with_state(Arc::new(settings));
    runtime.spawn(async move { axum::serve(listener, router).await });
    Ok(Api { address, runtime })
}

/// The first API: page numbers, newest first, filtered by `filters.dateCreated.from` and `.to`.
async fn calls(State(settings): State<Arc<Settings>>, headers: HeaderMap, Query(params): Params) -> Response {
    tokio::time::sleep(settings.latency).await;
    if headers.get("access_key_id").is_none_or(|token| token != records::ACCESS_TOKEN) {
        return refuse(StatusCode::UNAUTHORIZED, "the access token is missing or wrong");
    }
    let time = |name| param(&params, name).map(seconds);
    let (Ok(from), Ok(to)) =
        (time("filters.dateCreated.from").transpose(), time("filters.dateCreated.to").transpose())
    else {
        return refuse(StatusCode::BAD_REQUEST, "a filter is neither ISO 8601 nor Unix seconds");
    };
    let size = number(&params, &["max", "limit"], 100).clamp(1, PAGE_SIZE_MAX);
    let page = number(&params, &["page"], 1).max(1);
    let range = records::calls_between(settings.records, from, to);
    let total = range.end - range.start;
    let pages = total.div_ceil(size);
    let first = range.start + (page - 1) * size;
    let mut body = String::with_capacity(size as usize * 760 + 200);
    body.push_str(r#"{"success":true,"items":["#);
    for index in first..(first + size).min(range.end) {
        if index > first {
            body.push(',');
        }
        records::write_call(&mut body, index);
    }
    body.push_str(&format!(
        r#"],"pagination":{{"pages":{pages},"total":{total},"current":{page},"max":{size}}}}}"#
    ));
    json(body)
}

/// The second API: four collections, paged by `Link` headers.
async fn account(
    State(settings): State<Arc<Settings>>,
    Path((account, file)): Path<(String, String)>,
    headers: HeaderMap,
    Query(params): Params,
) -> Response {
    tokio::time::sleep(settings.latency).await;
    if headers.get(AUTHORIZATION).is_none_or(|key| key != records::API_KEY) {
        return refuse(StatusCode::UNAUTHORIZED, "the API key is missing or wrong");
    }
    let (kind, total) = match file.as_str() {
        "calls.json" => ("calls", 450),
        "text-messages.json" => ("conversations", 120),
        "users.json" => ("users", 25),
        "companies.json" => ("companies", 12),
        _ => return refuse(StatusCode::NOT_FOUND, "no such collection"),
    };
    let size = number(&params, &["per_page", "limit"], 100).clamp(1, 250);
    let page = number(&params, &["page"], 1).max(1);
    let pages = u64::div_ceil(total, size);
    let mut body = format!(
        r#"{{"page":{page},"per_page":{size},"total_pages":{pages},"total_records":{total},"{kind}":["#
    );
    for index in (page - 1) * size..(page * size).min(total) {
        if index > (page - 1) * size {
            body.push(',');
        }
        records::write_account_record(&mut body, kind, index);
    }
    body.push_str("]}");
    let mut response = json(body);
    if page < pages {
        let next = format!(
            "<{}/v3/a/{account}/{file}?per_page={size}&page={}>; rel=\"next\"",
            settings.base,
            page + 1
        );
        if let Ok(next) = next.parse() {
            response.headers_mut().insert(LINK, next);
        }
    }
    response
}

fn param<'a>(params: &'a [(String, String)], name: &str) -> Option<&'a str> {
    params.iter().find(|(existing, _)| existing == name).map(|(_, value)| value.as_str())
}

fn number(params: &[(String, String)], names: &[&str], default: u64) -> u64 {
    names.iter().find_map(|name| param(params, name)?.parse().ok()).unwrap_or(default)
}

fn seconds(text: &str) -> Result<i64, jiff::Error> {
    match text.parse() {
        Ok(seconds) => Ok(seconds),
        Err(_) => text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second),
    }
}

fn json(body: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

fn refuse(status: StatusCode, message: &str) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], format!(r#"{{"error":"{message}"}}"#)).into_response()
}
