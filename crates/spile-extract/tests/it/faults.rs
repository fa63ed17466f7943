//! What servers and networks do wrong.

use std::io::Write;
use std::sync::atomic::Ordering;

use spile_core::ErrorKind;

use crate::fixture::{SECRET, plan, run, run_until_first_retry};
use crate::server::{Reply, Server};

const GOOD: &str = r#"[{"id":1}]"#;

/// Answers `bad` to the first `times` requests and a good page afterwards.
async fn after(bad: Reply, times: usize) -> Server {
    Server::start(move |number, _| if number < times { bad.clone() } else { Reply::json(GOOD) }).await
}

#[tokio::test]
async fn passing_trouble_is_retried() {
    for (bad, times) in [
        (Reply::new(500, &[], b"oops"), 2),
        (Reply::new(503, &[("retry-after", "0")], b""), 2),
        (Reply::new(429, &[], b""), 2),
        (Reply::json(GOOD).cut(3), 2),
        (Reply { bytes: Vec::new(), close: true }, 2),
        (
            Reply {
                bytes: b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\nff\r\n[1".to_vec(),
                close: true,
            },
            1,
        ),
        (Reply { bytes: b"HTTP/1.0 200 X\r\n\r\n[{\"id\"".to_vec(), close: true }, 1),
        (Reply::json(""), 1),
        (Reply::new(200, &[], b"<html><title>Back soon</title></html>"), 1),
    ] {
        let text = String::from_utf8_lossy(&bad.bytes).into_owned();
        let server = after(bad, times).await;
        let outcome = run(&plan(&server.url("/"), r#""single_page""#)).await;
        assert!(outcome.result.is_ok(), "{text}: {:?}", outcome.result);
        assert_eq!(outcome.records(), [r#"[{"id":1}]"#]);
        assert_eq!(outcome.pages[0].evidence.retries, times as u64, "{text}");
        assert_eq!(outcome.counters.requests.load(Ordering::Relaxed), times as u64 + 1);
        assert_eq!(
            (outcome.retries.len(), outcome.counters.retries.load(Ordering::Relaxed)),
            (times, times as u64)
        );
    }
}

#[tokio::test]
async fn lasting_trouble_is_named() {
    let html = b"<!doctype html><title>Log in</title><p>s3cret-canary</p>";
    for (bad, kind, code, message, requests) in [
        (
            Reply::new(500, &[], b"{\"error\": \"s3cret-canary\"}"),
            ErrorKind::Source,
            "source/http-status",
            "the server answered 500 Internal Server Error",
            3,
        ),
        (
            Reply::new(429, &[], b""),
            ErrorKind::Source,
            "source/http-status",
            "the server answered 429 Too Many Requests",
            3,
        ),
        (
            Reply::new(401, &[], b"no"),
            ErrorKind::Auth,
            "source/unauthorized",
            "the server answered 401 Unauthorized",
            1,
        ),
        (
            Reply::new(404, &[], b""),
            ErrorKind::Source,
            "source/http-status",
            "the server answered 404 Not Found",
            1,
        ),
        (
            Reply::new(200, &[], html),
            ErrorKind::Source,
            "source/not-json",
            "the server answered with an HTML page titled \"Log in\"",
            2,
        ),
        (
            Reply::json("{\"a\": }"),
            ErrorKind::Source,
            "source/not-json",
            "the server's answer is not valid JSON",
            2,
        ),
        (
            Reply::json(r#"[{"s": "ok"}, {"s": "half \ud800"}]"#),
            ErrorKind::Source,
            "source/not-json",
            "the server's answer is not valid JSON",
            2,
        ),
        (
            Reply::json("nothing here"),
            ErrorKind::Source,
            "source/not-json",
            "the server's answer is not JSON",
            2,
        ),
        (
            Reply::json(""),
            ErrorKind::Source,
            "source/not-json",
            "the server answered 200 with an empty body",
            3,
        ),
        (
            Reply::json(GOOD).cut(1),
            ErrorKind::Unavailable,
            "source/cut-off",
            "the connection broke off in the middle of an answer",
            3,
        ),
    ] {
        let server = after(bad, usize::MAX).await;
        let outcome = run(&plan(&server.url("/?api_key=zzz"), r#""single_page""#)).await;
        let error = outcome.error();
        assert_eq!((error.kind(), error.code(), error.message()), (kind, code, message));
        assert_eq!(server.asked().len(), requests, "{message}");
        let text = format!("{error:?} {:?}", outcome.retries);
        assert!(!text.contains(SECRET) && !text.contains("zzz"), "{text}");
        for part in ["resource: items", "method: GET", "page: 1", &format!("attempts: {requests}")] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[tokio::test]
async fn a_refused_connection_is_unreachable() {
    let server = after(Reply::json(GOOD), 0).await;
    let url = server.url("/");
    let closed = url.replace(&server.address.port().to_string(), "1");
    let outcome = run(&plan(&closed, r#""single_page""#)).await;
    assert_eq!(
        (outcome.error().kind(), outcome.error().code()),
        (ErrorKind::Unavailable, "source/unreachable")
    );
}

#[tokio::test]
async fn rate_limits_outlast_the_other_retries() {
    let server = after(Reply::new(429, &[], b""), 6).await;
    let mut plan = plan(&server.url("/"), r#""single_page""#);
    plan.client.retry.rate_limit_wait_seconds_max = 10.0;
    assert_eq!(run(&plan).await.pages[0].evidence.retries, 6);
}

#[tokio::test]
async fn bodies_are_decoded_and_bounded() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(format!("[{}0]", "0,".repeat(10_000)).as_bytes()).unwrap();
    let body = encoder.finish().unwrap();
    assert!(body.len() < 1_000);
    let server = after(Reply::new(200, &[("content-encoding", "gzip")], &body), usize::MAX).await;
    let mut plan = plan(&server.url("/"), r#""single_page""#);
    let outcome = run(&plan).await;
    assert_eq!((outcome.pages[0].evidence.records, outcome.pages[0].evidence.bytes), (10_001, 20_003));
    plan.limits.body_bytes_max = 20_000;
    let outcome = run(&plan).await;
    assert_eq!((outcome.error().kind(), outcome.error().code()), (ErrorKind::Limit, "limit/body-bytes"));
}

#[tokio::test]
async fn a_server_that_stalls_is_given_up() {
    let silent = Reply { bytes: Vec::new(), close: false };
    let half = Reply { bytes: b"HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\n[1".to_vec(), close: false };
    for stalled in [silent, half] {
        let server = after(stalled, usize::MAX).await;
        let mut plan = plan(&server.url("/"), r#""single_page""#);
        plan.client.retry.timeout_seconds = 0.05;
        let outcome = run(&plan).await;
        assert_eq!(
            (outcome.error().kind(), outcome.error().code()),
            (ErrorKind::Unavailable, "source/timeout")
        );
        assert_eq!(server.asked().len(), 3);
    }
}

#[tokio::test]
async fn a_stopped_run_does_not_wait() {
    let server = after(Reply::new(500, &[], b""), usize::MAX).await;
    let mut plan = plan(&server.url("/"), r#""single_page""#);
    plan.client.retry.backoff_seconds = 1000.0;
    plan.client.retry.wait_seconds_max = 1000.0;
    let outcome = run_until_first_retry(&plan).await;
    assert_eq!((outcome.error().kind(), server.asked().len()), (ErrorKind::Interrupted, 1));
}

#[tokio::test]
async fn https_needs_no_certificates_to_be_refused() {
    let outcome = run(&plan("https://127.0.0.1:1/", r#""single_page""#)).await;
    assert_eq!(outcome.error().kind(), ErrorKind::Unavailable);
}
