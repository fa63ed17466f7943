//! Transcripts: a config and the answers give exactly these requests and this end.

use spile_core::{Diagnostics, Document, Method, Paginator, Position, RequestDraft, ResponseView, Step};
use std::sync::Arc;
use url::Url;

use super::PAGINATORS;
use crate::select;
use crate::testing::node;

const LINK: &str = "link: ";

fn parse(config: &str) -> Result<Arc<dyn Paginator>, Vec<String>> {
    let node = node(config);
    let name = node.get("type").unwrap_or(&node).as_str().unwrap().to_owned();
    let mut diagnostics = Diagnostics::new();
    let paginator = (PAGINATORS.find(&name).unwrap().parse)(&node, &mut diagnostics);
    paginator.ok_or_else(|| diagnostics.iter().map(|d| format!("{} {}", d.code, d.message)).collect())
}

/// Runs answers through a paginator. An answer is a body, or `link: <header>` and a body after a line break. Returns the
/// requests (query and JSON body), and how it ended.
fn transcript(config: &str, answers: &[&str]) -> (Vec<String>, String) {
    let paginator = parse(config).unwrap();
    let (mut position, mut requests, mut records_before) = (Position::Start, Vec::new(), 0);
    for (index, answer) in answers.iter().enumerate() {
        let mut draft = RequestDraft {
            method: Method::Get,
            url: Url::parse("http://h/v1/items").unwrap(),
            params: vec![("q".to_owned(), "1".to_owned())],
            headers: Vec::new(),
            data: None,
            json: None,
            credentials: Vec::new(),
        };
        paginator.apply(&position, &mut draft).unwrap();
        let url = draft.target();
        let body = draft.json.map(|json| format!(" {json}")).unwrap_or_default();
        requests.push(format!("{}{body}", &url.as_str()["http://h".len()..]));
        let (headers, body) = match answer.strip_prefix(LINK) {
            Some(rest) => {
                let (header, body) = rest.split_once('\n').unwrap();
                (vec![("link".to_owned(), header.to_owned()), ("x-next".to_owned(), header.to_owned())], body)
            }
            None => (Vec::new(), *answer),
        };
        let document = Document::parse(body.as_bytes().to_vec()).unwrap();
        let matches = select::detect(document.root()).matches(document.root());
        let records = select::select(&matches).records;
        let response = ResponseView {
            url: &url,
            headers: &headers,
            body: document.root(),
            record_count: records.len(),
            last_record: records.last().copied(),
            pages_before: index as u64,
            records_before,
        };
        records_before += records.len() as u64;
        match paginator.next(&position, &response) {
            Ok(Step::Next(next)) => {
                position = serde_json::from_value(serde_json::to_value(next).unwrap()).unwrap();
            }
            Ok(Step::Done(reason)) => return (requests, format!("{reason:?}")),
            Err(error) => return (requests, error.code().to_owned()),
        }
    }
    (requests, "more".to_owned())
}

fn check(config: &str, answers: &[&str], requests: &[&str], end: &str) {
    let found = transcript(config, answers);
    assert_eq!(
        (found.0.iter().map(String::as_str).collect::<Vec<_>>(), found.1.as_str()),
        (requests.to_vec(), end),
        "{config}"
    );
}

#[test]
fn page_number() {
    let items = r#"{"items":[1],"total":2}"#;
    check(
        r#""page_number""#,
        &[items, items],
        &["/v1/items?q=1&page=0", "/v1/items?q=1&page=1"],
        "TotalReached",
    );
    let config = r#"{"type":"page_number","base_page":1,"total_path":null}"#;
    check(config, &["[1]", "[]"], &["/v1/items?q=1&page=1", "/v1/items?q=1&page=2"], "EmptyPage");
    let config =
        r#"{"type":"page_number","base_page":1,"page_param":"p","maximum_page":2,"total_path":null}"#;
    check(config, &["[1]"], &["/v1/items?q=1&p=1"], "ConfiguredMaximum");
    check(r#"{"type":"page_number"}"#, &["[1]"], &["/v1/items?q=1&page=0"], "source/no-total");
    let config = r#"{"type":"page_number","page":3,"page_body_path":"a.page","total_path":null,"has_more_path":"more"}"#;
    check(
        config,
        &[r#"{"items":[1],"more":"yes"}"#, r#"{"items":[1],"more":false}"#],
        &[r#"/v1/items?q=1 {"a":{"page":3}}"#, r#"/v1/items?q=1 {"a":{"page":4}}"#],
        "NoNext",
    );
    check(config, &[r#"{"items":[1]}"#], &[r#"/v1/items?q=1 {"a":{"page":3}}"#], "source/no-has-more");
}

#[test]
fn offset() {
    let config = r#"{"type":"offset","limit":2}"#;
    let requests = ["/v1/items?q=1&offset=0&limit=2", "/v1/items?q=1&offset=2&limit=2"];
    check(config, &[r#"{"data":[1,2],"total":"3"}"#; 2], &requests, "TotalReached");
    check(config, &[r#"{"data":[1,2],"total":[3]}"#], &requests[..1], "source/no-total");
    let config = r#"{"type":"offset","limit":2,"total_path":"","maximum_offset":3}"#;
    check(config, &["[1,2]"; 2], &requests, "ConfiguredMaximum");
    assert_eq!(parse(config).unwrap().page_size(), Some(2));
}

#[test]
fn cursor_as_in_dlt() {
    let requests = ["/v1/items?q=1", "/v1/items?q=1&cursor=abc"];
    let first = r#"{"data":[1],"cursors":{"next":"abc"}}"#;
    check(r#""cursor""#, &[first, r#"{"data":[1],"cursors":{"next":""}}"#], &requests, "NoNext");
    check(r#""cursor""#, &[r#"{"data":[1]}"#], &requests[..1], "NoNext");
    let config =
        r#"{"type":"cursor","cursor_path":"next","cursor_body_path":"v.after","has_more_path":"more"}"#;
    check(
        config,
        &[r#"{"data":[1],"next":7,"more":true}"#, r#"{"data":[1],"next":8,"more":false}"#],
        &["/v1/items?q=1", r#"/v1/items?q=1 {"v":{"after":7}}"#],
        "NoNext",
    );
    let config = r#"{"type":"cursor","cursor_path":"items[-1].id","cursor_param":"since"}"#;
    check(
        config,
        &[r#"{"items":[{"id":1},{"id":5}]}"#, r#"{"items":[]}"#],
        &["/v1/items?q=1", "/v1/items?q=1&since=5"],
        "NoNext",
    );
    // A token that is a list becomes a repeated parameter; one that is a URL is still a token.
    let config = r#"{"type":"cursor","cursor_path":"next"}"#;
    check(
        config,
        &[r#"{"next":[1,true]}"#, r#"{"next":"http://h/x"}"#, "{}"],
        &["/v1/items?q=1", "/v1/items?q=1&cursor=1&cursor=True", "/v1/items?q=1&cursor=http%3A%2F%2Fh%2Fx"],
        "NoNext",
    );
}

/// The first seed: pages are counted, and exactly as many requests are sent as there are pages.
#[test]
fn seed_a() {
    let config = r#"{"type":"cursor","limit":102,"cursor_param":"page","stop_condition":"no_more_pages"}"#;
    let requests =
        ["/v1/items?q=1&limit=102", "/v1/items?q=1&page=2&limit=102", "/v1/items?q=1&page=3&limit=102"];
    let page = |current| {
        format!(r#"{{"items":[1],"pagination":{{"pages":3,"total":3,"current":{current},"max":102}}}}"#)
    };
    check(config, &[&page(1), &page(2), &page(3)], &requests, "TotalReached");
    // Zero is unknown: the end is the empty page, and a short page is not the end.
    let page = |items, current| {
        format!(r#"{{"items":{items},"pagination":{{"pages":0,"total":0,"current":{current}}}}}"#)
    };
    check(config, &[&page("[1,2]", 1), &page("[3]", 2), &page("[]", 3)], &requests, "EmptyPage");
    check(
        config,
        &[r#"{"items":[1],"page":1}"#, r#"{"items":[1]}"#, r#"{"items":[]}"#],
        &requests,
        "EmptyPage",
    );
    check(config, &[r#"{"items":[1],"total":2}"#; 2], &requests[..2], "TotalReached");
    check(config, &[r#"{"items":[1],"has_more":false}"#], &requests[..1], "NoNext");
    check(config, &[r#"{"items":[1],"meta":{"next_page":null}}"#], &requests[..1], "NoNext");
    assert_eq!(parse(config).unwrap().page_size(), Some(102));
}

/// The second seed: the `Link` header leads on, and its URL carries all it needs.
#[test]
fn seed_b() {
    let config = r#"{"type":"cursor","limit":100,"cursor_value":"{{ headers['link']['next']['url'] }}",
        "stop_condition":"{{ 'next' not in headers['link'] }}"}"#;
    check(
        config,
        &["link: </v1/items?page=2&limit=100>; rel=\"next last\"\n[1]", "link: <x>; rel=\"first\"\n[1]"],
        &["/v1/items?q=1&limit=100", "/v1/items?page=2&limit=100"],
        "StopCondition",
    );
    check(config, &["[1]"], &["/v1/items?q=1&limit=100"], "StopCondition");
    let without_stop =
        r#"{"type":"cursor","limit_param":"n","limit":5,"cursor_value":"{{ response.next }}"}"#;
    check(
        without_stop,
        &[r#"{"next":"t"}"#, r#"{"next":"http://h/z?a"}"#, r#"{"next":null}"#],
        &["/v1/items?q=1&n=5", "/v1/items?q=1&cursor=t&n=5", "/z?a"],
        "NoNext",
    );
}

#[test]
fn what_the_value_is_used_for() {
    let url = r#"{"next":"/v1/x"}"#;
    for (extra, second) in [
        ("", "/v1/x"),
        (r#","next_url":false"#, "/v1/items?q=1&cursor=%2Fv1%2Fx"),
        (r#","cursor_param":"c""#, "/v1/items?q=1&c=%2Fv1%2Fx"),
        (r#","cursor_param":"c","next_url":true"#, "/v1/x"),
    ] {
        let config = format!(r#"{{"type":"cursor","cursor_value":"{{{{ response.next }}}}"{extra}}}"#);
        check(&config, &[url, "{}"], &["/v1/items?q=1", second], "NoNext");
    }
}

#[test]
fn links_and_header_cursors() {
    check(
        r#""json_link""#,
        &[r#"{"next":"?page=2"}"#, r#"{"next":"//h/other?page=3"}"#, r#"{"next":""}"#],
        &["/v1/items?q=1", "/v1/items?page=2", "/other?page=3"],
        "NoNext",
    );
    check(r#""json_response""#, &[r#"{"next":5}"#], &["/v1/items?q=1"], "source/bad-link");
    check(r#""json_link""#, &[r#"{"next":"ftp://h/"}"#], &["/v1/items?q=1"], "source/bad-link");
    check(
        r#"{"type":"header_link","links_next_key":"Next"}"#,
        &["link: <http://h/n?page=2>; rel=next\n[1]", "[1]"],
        &["/v1/items?q=1", "/n?page=2"],
        "NoNext",
    );
    check(
        r#"{"type":"header_cursor","cursor_key":"X-Next"}"#,
        &["link: abc\n[1]", "link: \n[1]"],
        &["/v1/items?q=1", "/v1/items?q=1&cursor=abc"],
        "NoNext",
    );
    check(r#""single_page""#, &[r#"{"next":"http://h/"}"#], &["/v1/items?q=1"], "SinglePage");
}

#[test]
fn auto() {
    let first = "/v1/items?q=1";
    for (answers, second, end) in [
        (vec!["link: </n>; rel=next\n[1]", "[1]"], Some("/n"), "NoNext"),
        (vec![r#"{"paging":{"next":{"href":"/n"}}}"#, "{}"], Some("/n"), "NoNext"),
        (vec![r#"{"@odata.nextLink":"http://h/n?a b"}"#, "{}"], Some("/n?a%20b"), "NoNext"),
        (vec![r#"{"m":{"next":"/n"},"total_pages":9}"#, "{}"], Some("/n"), "NoNext"),
        (
            vec![r#"{"items":[1],"pages":2}"#, r#"{"items":[1],"pages":2}"#],
            Some("/v1/items?q=1&page=2"),
            "TotalReached",
        ),
        (vec![r#"{"items":[1],"page":0,"total_pages":2}"#; 2], Some("/v1/items?q=1&page=1"), "TotalReached"),
        (
            vec![r#"{"items":[1],"total_pages":3}"#, r#"{"items":[]}"#],
            Some("/v1/items?q=1&page=2"),
            "EmptyPage",
        ),
        (vec![r#"{"items":[1],"total_pages":1}"#], None, "TotalReached"),
        (vec![r#"{"next_cursor":"t"}"#, r#"{"next_cursor":null}"#], Some("/v1/items?q=1&cursor=t"), "NoNext"),
        (vec![r#"{"next_page":2}"#, "{}"], Some("/v1/items?q=1&page=2"), "NoNext"),
        (vec![r#"{"items":[1],"next_review_date":"2026-01-01"}"#], None, "SinglePage"),
        (vec![r#"{"items":[1],"next":null}"#], None, "SinglePage"),
        (vec!["[1]"], None, "SinglePage"),
    ] {
        let requests: Vec<&str> = std::iter::once(first).chain(second).collect();
        check(r#""auto""#, &answers, &requests, end);
    }
}

#[test]
fn findings() {
    for (config, expected) in [
        (
            r#"{"type":"page_number","limit":1}"#,
            "config/unknown-field unknown key `limit` in paginator `page_number`",
        ),
        (r#"{"type":"offset"}"#, "config/missing-field paginator `offset` needs `limit`"),
        (
            r#"{"type":"offset","limit":"5"}"#,
            "config/wrong-type `limit` of paginator `offset` is a string, expected an integer",
        ),
        (
            r#"{"type":"offset","limit":0}"#,
            "config/wrong-value `limit` of paginator `offset` is 0, expected at least 1",
        ),
        (
            r#"{"type":"cursor","stop_condition":"no_more"}"#,
            "config/unknown-condition unknown stop condition `no_more`",
        ),
        (
            r#"{"type":"cursor","cursor_param":"a","cursor_body_path":"b"}"#,
            "config/conflicting-fields both `cursor_param` and `cursor_body_path` are given",
        ),
        (r#"{"type":"cursor","cursor_path":"a[?]"}"#, "config/invalid-path"),
        (r#"{"type":"cursor","cursor_value":"{{ a b }}"}"#, "config/invalid-template"),
        (
            r#"{"type":"cursor","cursor_value":"response.next"}"#,
            "config/invalid-template `cursor_value` has no expression",
        ),
        (
            r#"{"type":"cursor","limit_param":"max","cursor_path":"next"}"#,
            "config/missing-field `limit_param` of paginator `cursor` needs `limit`",
        ),
        (
            r#"{"type":"cursor","next_url":true,"cursor_param":"page"}"#,
            "config/missing-field `next_url` of paginator `cursor` needs `cursor_value` or `cursor_path`",
        ),
        (
            r#"{"type":"page_number","total_path":null,"stop_after_empty_page":false}"#,
            "config/endless-paginator nothing would ever end the paging",
        ),
    ] {
        let findings = parse(config).unwrap_err();
        assert!(findings.len() == 1 && findings[0].starts_with(expected), "{config}: {findings:?}");
    }
}

#[test]
fn the_table_is_in_order() {
    assert!(PAGINATORS.rows.is_sorted_by_key(|row| row.name));
    assert_eq!(PAGINATORS.find("json_response").unwrap().name, "json_link");
}
