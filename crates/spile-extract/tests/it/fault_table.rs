//! The faults that dlt's reliability was measured with, one by one; `docs/faults.md` lists them.

use std::time::Duration;

use spile_core::{ErrorKind, StopReason};

use crate::fixture::{plan, run};
use crate::server::{Reply, Server};

const PAGES: usize = 5;

/// A page of an API that says how many pages there are.
fn page(number: usize) -> Reply {
    Reply::json(&format!(r#"{{"data":[{{"id":{number}}}],"total_pages":{PAGES}}}"#))
}

fn asked_page(target: &str) -> usize {
    target.rsplit("page=").next().unwrap().parse().unwrap()
}

/// An API with five pages that answers `bad` on page 3, as many times as told.
async fn paged(bad: Reply, times: usize) -> Server {
    let left = std::sync::atomic::AtomicUsize::new(times);
    Server::start(move |_, asked| {
        let number = asked_page(asked.target());
        let fails = number == 3
            && left
                .fetch_update(
                    std::sync::atomic::Ordering::SeqCst,
                    std::sync::atomic::Ordering::SeqCst,
                    |left| left.checked_sub(1),
                )
                .is_ok();
        if fails { bad.clone() } else { page(number) }
    })
    .await
}

fn paged_plan(server: &Server) -> spile_core::Plan {
    let paginator = r#"{"type": "page_number", "base_page": 1, "total_path": "total_pages"}"#;
    let mut plan = plan(&server.url("/items"), paginator);
    plan.resources[0].data_selector = Some(spile_core::JsonPath::parse("data").unwrap());
    plan.client.manners.parallel_pages = false;
    plan
}

#[tokio::test]
async fn one_fault_in_the_middle_loses_nothing() {
    let chunked_cut = "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"dat\r\n";
    for (name, bad) in [
        ("429", Reply::new(429, &[], b"")),
        (
            "429 with a date in the past",
            Reply::new(429, &[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")], b""),
        ),
        ("500", Reply::new(500, &[], b"")),
        ("502", Reply::new(502, &[], b"")),
        ("503", Reply::new(503, &[("retry-after", "0")], b"")),
        ("504", Reply::new(504, &[], b"")),
        ("408", Reply::new(408, &[], b"")),
        ("closed without an answer", Reply { bytes: Vec::new(), close: true }),
        ("cut in the head", Reply { bytes: b"HTTP/1.1 200 X\r\nconten".to_vec(), close: true }),
        ("cut in the body", page(3).cut(5)),
        (
            "content length too long",
            Reply { bytes: b"HTTP/1.1 200 X\r\ncontent-length: 99\r\n\r\n{}".to_vec(), close: true },
        ),
        ("cut between chunks", Reply { bytes: chunked_cut.as_bytes().to_vec(), close: true }),
        ("truncated JSON", Reply::json(r#"{"data":[{"id":3}"#)),
        ("malformed JSON", Reply::json(r#"{"data":[{"id":}]}"#)),
        ("HTML with 200", Reply::new(200, &[("content-type", "text/html")], b"<html>busy</html>")),
        ("empty body with 200", Reply::json("")),
        ("garbage for an answer", Reply { bytes: b"\x00\x01garbage\r\n\r\n".to_vec(), close: true }),
    ] {
        let server = paged(bad, 1).await;
        let outcome = run(&paged_plan(&server)).await;
        assert!(outcome.result.is_ok(), "{name}: {:?}", outcome.result);
        let expected: Vec<String> = (1..=PAGES).map(|number| format!(r#"[{{"id":{number}}}]"#)).collect();
        assert_eq!(outcome.records(), expected, "{name}");
        assert_eq!(outcome.pages[2].evidence.retries, 1, "{name}");
    }
}

#[tokio::test]
async fn a_lasting_fault_keeps_the_pages_before_it() {
    for (name, bad, code) in [
        ("500 for ever", Reply::new(500, &[], b""), "source/http-status"),
        ("404 on page 3", Reply::new(404, &[], b""), "source/http-status"),
        ("malformed for ever", Reply::json("{]"), "source/not-json"),
        ("reset for ever", Reply { bytes: Vec::new(), close: true }, "source/cut-off"),
        ("redirects in a circle", Reply::new(302, &[("location", "/items?page=3")], b""), "limit/redirects"),
        ("redirects nowhere", Reply::new(302, &[("location", "http://[")], b""), "source/bad-redirect"),
    ] {
        let server = paged(bad, usize::MAX).await;
        let outcome = run(&paged_plan(&server)).await;
        assert_eq!(outcome.error().code(), code, "{name}");
        assert_eq!(outcome.pages.len(), 2, "{name}");
        // What follows is in the ledger, so the next run goes on with page 3.
        assert!(outcome.pages[1].evidence.next.is_some(), "{name}");
    }
}

#[tokio::test]
async fn an_error_with_200_does_not_pass_for_the_end() {
    for body in
        ["null", r#"{"error":"busy"}"#, r#"{"error":"busy","total_pages":5}"#, r#"{"data":null,"error":1}"#]
    {
        let server = paged(Reply::json(body), usize::MAX).await;
        let outcome = run(&paged_plan(&server)).await;
        let seen = if let Err(error) = &outcome.result {
            // Paging needs a total that is not there.
            error.code() == "source/no-total"
        } else {
            // The page says that its selector matched nothing, or the API said before that there is more: the verdict
            // is suspicious, or incomplete.
            let pages = &outcome.pages;
            pages.iter().any(|page| !page.evidence.selector_matched)
                || pages[0].evidence.totals.pages > Some(pages.len() as u64)
        };
        assert!(seen, "{body}: {:?}", outcome.result);
    }
}

#[tokio::test]
async fn circles_end() {
    let cursor = Server::start(|_, _| Reply::json(r#"{"data":[{"id":1}],"next":"same"}"#)).await;
    let outcome = run(&plan(&cursor.url("/"), r#"{"type": "cursor", "cursor_path": "next"}"#)).await;
    outcome.result.as_ref().unwrap();
    assert_eq!(outcome.pages.last().unwrap().evidence.stop, Some(StopReason::RepeatedPage));
    assert!(cursor.asked().len() < 4);
    let auto = Server::start(|_, asked| {
        Reply::json(&format!(
            r#"{{"data":[{{"id":{}}}],"page":{0},"pages":3}}"#,
            asked.target().rsplit("page=").next().unwrap().parse().unwrap_or(1)
        ))
    })
    .await;
    let outcome = run(&plan(&auto.url("/"), r#""auto""#)).await;
    assert_eq!(outcome.records(), [r#"[{"id":1}]"#, r#"[{"id":2}]"#, r#"[{"id":3}]"#]);
}

#[tokio::test]
async fn a_byte_order_mark_is_no_fault() {
    let server = paged(Reply::json("\u{feff}{\"data\":[{\"id\":3}],\"total_pages\":5}"), 1).await;
    let outcome = run(&paged_plan(&server)).await;
    assert_eq!((outcome.records().len(), outcome.pages[2].evidence.retries), (5, 0));
}

#[tokio::test]
async fn an_answer_that_drips_for_ever_ends() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _request = stream.read(&mut [0; 4096]).await;
                let mut alive =
                    stream.write_all(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n").await;
                while alive.is_ok() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    alive = stream.write_all(b"1\r\n \r\n").await;
                }
            });
        }
    });
    let mut plan = plan(&url, r#""single_page""#);
    plan.client.manners.total_timeout_seconds = Some(0.2);
    plan.client.retry.retries_max = 1;
    let outcome = run(&plan).await;
    assert_eq!((outcome.error().kind(), outcome.error().code()), (ErrorKind::Unavailable, "source/too-slow"));
}

#[tokio::test]
async fn an_endless_body_ends_at_the_limit() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _request = stream.read(&mut [0; 4096]).await;
                let mut alive = stream.write_all(b"HTTP/1.1 200 X\r\n\r\n[1").await;
                while alive.is_ok() {
                    alive = stream.write_all(&[b' '; 4096]).await;
                }
            });
        }
    });
    let mut plan = plan(&url, r#""single_page""#);
    plan.limits.body_bytes_max = 100_000;
    assert_eq!(run(&plan).await.error().code(), "limit/body-bytes");
}
