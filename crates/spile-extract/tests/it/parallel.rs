//! Pages that are asked for ahead of their turn: the same pages as one by one, or a reason why not, and never more
//! requests than pages and places.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use spile_core::{Page, Plan, Position, StopReason, Totals};
use spile_extract::ResourceStart;

use crate::fixture::{Outcome, plan, run, run_from};
use crate::server::{Asked, Reply, Server};

const SIZE: usize = 10;
const PLACES: usize = 16;

/// The styles of paging whose positions can be foretold: name, paginator, whether the end is.
const STYLES: [(&str, &str, bool); 7] = [
    ("pages", r#"{"type":"page_number","base_page":1,"total_path":"pages"}"#, true),
    ("pages", r#"{"type":"page_number","base_page":1,"total_path":null}"#, false),
    ("offset", r#"{"type":"offset","limit":10,"total_path":"total"}"#, true),
    ("offset", r#"{"type":"offset","limit":10,"total_path":null}"#, false),
    ("pages", r#"{"type":"cursor","limit":10,"cursor_param":"page","stop_condition":"no_more_pages"}"#, true),
    ("links", r#""header_link""#, true),
    ("auto", r#""auto""#, true),
];

/// Answers with a page of `rows` in the style.
fn answer(style: &str, asked: &Asked, rows: &[Value], totals: bool) -> Reply {
    let page = asked.number("page").unwrap_or(1);
    let offset = asked.number("offset").unwrap_or((page - 1) * SIZE);
    let here: Vec<_> = rows.iter().skip(offset).take(SIZE).collect();
    let pages = rows.len().div_ceil(SIZE);
    let host = asked.header("host").unwrap();
    let mut links = Vec::new();
    if style == "links" && page < pages {
        links.push(format!(r#"<http://{host}/items?page={}>; rel="next""#, page + 1));
        links.push(format!(r#"<http://{host}/items?page={pages}>; rel="last""#));
    }
    let mut body = json!({ "items": here });
    if totals && style != "links" {
        body["total"] = json!(rows.len());
        body["pages"] = json!(pages);
    }
    Reply::new(200, &[("link", &links.join(", "))], body.to_string().as_bytes())
}

fn rows(number: usize) -> Vec<Value> {
    (0..number).map(|id| json!({"id": id, "name": format!("row {id}")})).collect()
}

/// Makes the plan of a run that keeps so many requests in flight; one: page by page.
fn paging(server: &Server, paginator: &str, places: usize) -> Plan {
    let mut plan = plan(&server.url("/items"), paginator);
    plan.client.manners.concurrency = PLACES;
    plan.client.manners.parallel_pages = places > 1;
    plan.client.retry.backoff_seconds = 0.001;
    plan
}

fn said(outcome: &Outcome) -> Vec<&str> {
    outcome.pages.iter().filter_map(|page| page.evidence.one_by_one.as_deref()).collect()
}

fn evidence(pages: &[Page]) -> Vec<String> {
    pages.iter().map(|page| serde_json::to_string(&page.evidence).unwrap()).collect()
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

#[tokio::test]
async fn pages_ahead_are_the_pages_one_by_one() {
    for (style, paginator, end_known) in STYLES {
        for number in [0, 7, 10, 45, 80, 393, 400] {
            let (all, totals) = (rows(number), end_known);
            let server = Server::start(move |_, asked| answer(style, asked, &all, totals)).await;
            let serial = run(&paging(&server, paginator, 1)).await;
            let asked_serially = server.take();
            let parallel = run(&paging(&server, paginator, PLACES)).await;
            let asked = server.take();
            let case = format!("{number} rows, {paginator}");
            assert!(serial.result.is_ok() && parallel.result.is_ok(), "{case}: {:?}", parallel.result);
            assert_eq!(parallel.records(), serial.records(), "{case}");
            assert_eq!(evidence(&parallel.pages), evidence(&serial.pages), "{case}");
            assert_eq!(said(&parallel), [""; 0], "{case}");
            if end_known || number <= 80 {
                assert_eq!(sorted(asked), sorted(asked_serially), "{case}: not one request more");
            } else {
                // The last page is short, so that it is asked for what follows it in its turn.
                assert!(asked.len() <= serial.pages.len() + PLACES, "{case}: {} requests", asked.len());
            }
        }
    }
}

#[tokio::test]
async fn as_many_are_in_flight_as_the_config_allows() {
    let all = rows(400);
    // Every page but the first is held back until fifteen pages after it were asked for too, as far as there are any.
    let server = Server::start_holding(move |number, asked| {
        let requests = if number == 0 { 0 } else { (number + PLACES).min(40) };
        (answer("pages", asked, &all, true), requests)
    })
    .await;
    let mut plan = paging(&server, STYLES[0].1, PLACES);
    plan.client.retry.timeout_seconds = 120.0;
    let outcome = run(&plan).await;
    outcome.result.as_ref().unwrap();
    assert_eq!((outcome.pages.len(), server.take().len()), (40, 40));
}

/// What an API does to its rows while they are read; it is told how many requests came before.
type Change = fn(usize, &mut Vec<Value>);

#[tokio::test]
async fn rows_that_move_are_noticed() {
    let changes: [(&str, Change); 4] = [
        ("inserted at the front", |number, rows| {
            if number % 7 == 6 {
                rows.insert(0, json!({"id": 1000 + number}));
            }
        }),
        ("inserted at the end", |number, rows| {
            if number % 5 == 4 && rows.len() < 320 {
                rows.push(json!({"id": 1000 + number}));
            }
        }),
        ("deleted at the front", |number, rows| {
            if number % 7 == 6 {
                rows.remove(0);
            }
        }),
        ("in another order on every request", |number, rows| {
            let middle = (number * 37) % rows.len();
            rows.rotate_left(middle);
        }),
    ];
    for (what, change) in changes {
        for (style, paginator, end_known) in STYLES {
            let mut outcomes = Vec::new();
            for places in [1, PLACES] {
                let all = Mutex::new(rows(300));
                let server = Server::start(move |number, asked| {
                    let mut all = all.lock().unwrap();
                    change(number, &mut all);
                    answer(style, asked, &all, end_known)
                })
                .await;
                let outcome = run(&paging(&server, paginator, places)).await;
                outcome.result.as_ref().unwrap();
                let requests = server.take().len();
                assert!(requests <= outcome.pages.len() + PLACES, "{what}, {paginator}: {requests} requests");
                outcomes.push(outcome);
            }
            let (serial, parallel) = (&outcomes[0], &outcomes[1]);
            let told = !said(parallel).is_empty();
            // Rows that go without a trace (no total, no page that shrinks) are missed one by one just as well. Then
            // nothing proves the pages complete, and the verdict does not say so.
            let traceless =
                !end_known && parallel.pages.iter().all(|page| page.evidence.totals == Totals::default());
            assert!(
                told || parallel.records() == serial.records() || traceless,
                "{what}, {paginator}: {:?}",
                said(parallel)
            );
            assert!(said(parallel).len() <= 1 && said(serial).is_empty(), "{what}, {paginator}");
            // A total that moves never goes unnoticed, nor do rows that come in another order each time.
            let reports_rows = end_known && style != "links";
            assert!(told || !(reports_rows || what.starts_with("in another order")), "{what}, {paginator}");
        }
    }
}

#[tokio::test]
async fn pages_that_are_short_in_the_middle_end_it() {
    // The API filters after it has cut pages: page 12 has 4 records, page 20 none but the total goes on.
    let server = Server::start(|_, asked| {
        let page = asked.number("page").unwrap();
        let count = if page == 12 { 4 } else { SIZE };
        let here: Vec<_> = (0..count).map(|row| json!({"id": page * 100 + row})).collect();
        Reply::json(&json!({"items": here, "pages": 30}).to_string())
    })
    .await;
    let serial = run(&paging(&server, STYLES[0].1, 1)).await;
    server.take();
    let parallel = run(&paging(&server, STYLES[0].1, PLACES)).await;
    assert_eq!(parallel.records(), serial.records());
    assert_eq!(said(&parallel), ["page 12 had 4 records where others had 10, and more followed"]);
    assert!(server.take().len() <= 30 + PLACES);
}

#[tokio::test]
async fn an_api_that_cannot_take_it_is_asked_one_by_one() {
    // Only the page that follows the newest answer is given; all others are an error of the server.
    let newest = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |_, asked| {
        let page = asked.number("page").unwrap();
        if page > newest.load(Ordering::Relaxed) + 1 {
            return Reply::new(500, &[], b"one at a time");
        }
        newest.store(page, Ordering::Relaxed);
        answer("pages", asked, &rows(400), true)
    })
    .await;
    let outcome = run(&paging(&server, STYLES[0].1, PLACES)).await;
    outcome.result.as_ref().unwrap();
    assert_eq!(outcome.records().len(), 40);
    let words = "requests that were sent ahead of their turn failed, and did not when sent alone";
    assert!(said(&outcome).len() <= 1 && said(&outcome).iter().all(|said| *said == words));
}

#[tokio::test]
async fn pages_beyond_the_end_may_be_errors() {
    // Without a total, requests beyond the end are sent; what they answer is of no interest.
    let all = rows(393);
    let server = Server::start(move |_, asked| {
        if asked.number("page").unwrap() > 41 {
            return Reply::new(404, &[], b"no such page");
        }
        answer("pages", asked, &all, false)
    })
    .await;
    let outcome = run(&paging(&server, STYLES[1].1, PLACES)).await;
    outcome.result.as_ref().unwrap();
    assert_eq!((outcome.pages.len(), said(&outcome).len()), (41, 0));
    assert_eq!(outcome.pages[40].evidence.stop, Some(StopReason::EmptyPage));
}

#[tokio::test]
async fn limits_and_ledgers_hold() {
    let all = rows(400);
    let server = Server::start(move |_, asked| answer("pages", asked, &all, true)).await;
    let mut limited = paging(&server, STYLES[0].1, PLACES);
    limited.page_limit = Some(5);
    let outcome = run(&limited).await;
    assert_eq!(outcome.pages.last().unwrap().evidence.stop, Some(StopReason::PageLimit));
    assert_eq!((outcome.pages.len(), server.take().len()), (5, 5));
    // A run that died after page 9 goes on with page 10, and with as many at once.
    let whole = run(&paging(&server, STYLES[0].1, PLACES)).await;
    server.take();
    let last = &whole.pages[8].evidence;
    let start = ResourceStart {
        position: last.next.clone().unwrap(),
        pages_before: 9,
        records_before: 90,
        last_body_hash: Some(last.body_hash.clone()),
        next_is_resume: true,
        ..ResourceStart::fresh(None)
    };
    assert_eq!(start.position, Position::Page(10));
    let rest = run_from(&paging(&server, STYLES[0].1, PLACES), start).await;
    assert_eq!(evidence(&rest.pages), evidence(&whole.pages[9..]));
    assert_eq!(server.take().len(), 31);
}
