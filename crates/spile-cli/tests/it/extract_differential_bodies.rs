//! Real dlt and Spile against the same recording server, for all that is not a plain GET: POST with JSON and form bodies,
//! placeholders everywhere, `auto`, selectors, `response_actions` and fetched tokens.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::differential::{self, Both};
use crate::harness::{Recorded, Reply, Server};

const ROWS: u64 = 7;
const PAGE: u64 = 3;

/// How a page is asked for, and what the API answers with it.
const PAGINATORS: [(&str, &str); 6] = [
    ("single", r#""single_page""#),
    ("page", r#"{"type": "page_number", "base_page": 1, "total_path": null, "page_param": "page"}"#),
    (
        "bodypage",
        r#"{"type": "page_number", "base_page": 1, "total_path": null, "page_body_path": "paging.page"}"#,
    ),
    (
        "bodyoffset",
        r#"{"type": "offset", "limit": 3, "total_path": "total", "offset_body_path": "offset", "limit_body_path": "limit"}"#,
    ),
    ("bodycursor", r#"{"type": "cursor", "cursor_path": "token", "cursor_body_path": "variables.after"}"#),
    ("json", r#"{"type": "json_link", "next_url_path": "next"}"#),
];

/// Bodies; `@` stands for what differs between forms of parents and incrementals.
const BODIES: [&str; 3] = ["none", "json", "form"];
const PARENTS: [&str; 2] = ["alone", "child"];
const SINCE: [&str; 2] = ["all", "since"];

/// Answers of APIs whose paging is to be found out; the keys beside `data`.
const AUTO: [&str; 8] = ["link", "next", "nested", "relative", "cursor", "deepcursor", "nothing", "nulled"];

/// Selector and answer. Rows have ids.
const SELECTORS: [(&str, Option<&str>, &str); 20] = [
    ("s1", None, r#"{"meta": {"total": 2}, "items": [{"id": 1}, {"id": 2}]}"#),
    ("s2", None, r#"[{"id": 1}, {"id": 2}]"#),
    ("s3", None, r#"{"id": 5, "name": "x"}"#),
    ("s4", None, r#"{"a": {"b": {"results": [{"id": 1}]}}, "z": [{"id": 9}]}"#),
    ("s5", None, r#"{"a": [{"id": 9}], "b": {"data": [{"id": 3}]}}"#),
    ("s6", None, r#"{"a": {"b": {"c": {"data": [{"id": 3}]}}}, "id": 4}"#),
    ("s7", Some("$"), r#"{"id": 5}"#),
    ("s8", Some("a.b"), r#"{"a": {"b": [{"id": 1}, {"id": 2}]}}"#),
    ("s9", Some("a[*]"), r#"{"a": [{"id": 1}, {"id": 2}]}"#),
    ("s10", Some("a[*].rows[*]"), r#"{"a": [{"rows": [{"id": 1}]}, {"rows": [{"id": 2}, {"id": 3}]}]}"#),
    ("s11", Some("a[0]"), r#"{"a": [{"id": 1}, {"id": 2}]}"#),
    ("s12", Some("a[-1]"), r#"{"a": [{"id": 1}, {"id": 2}]}"#),
    ("s13", Some("a[1:]"), r#"{"a": [{"id": 1}, {"id": 2}, {"id": 3}]}"#),
    ("s14", Some("['odd name'].x-y"), r#"{"odd name": {"x-y": [{"id": 1}]}}"#),
    ("s15", Some("a.*"), r#"{"a": {"k": {"id": 1}, "l": {"id": 2}}}"#),
    ("s16", Some("data"), r#"{"data": []}"#),
    (
        "s17",
        Some("a[?(@.ok == true)]"),
        r#"{"a": [{"id": 1, "ok": true}, {"id": 2, "ok": false}, {"id": 3}]}"#,
    ),
    ("s18", Some("a[\\id][0:2]"), r#"{"a": [{"id": 1}, {"id": 3}, {"id": 2}]}"#),
    ("s19", Some("$..id.`parent`"), r#"{"a": [{"id": 1}, {"k": {"id": 2}}]}"#),
    ("s20", Some("(a|b)[*]"), r#"{"a": [{"id": 1}], "b": [{"id": 2}]}"#),
];

fn api(address: &str, request: &Recorded) -> Reply {
    let name = request.path.trim_start_matches('/').split('/').next().unwrap_or_default();
    match name {
        "token" => return Reply::json(json!({"access_token": "canary-token", "expires_in": 3600})),
        "parents" => {
            return Reply::json(json!({"data": [{"id": 11, "tag": "a b"}, {"id": 12, "tag": "c/d"}]}));
        }
        _ => {}
    }
    if let Some((_, _, body)) = SELECTORS.iter().find(|(known, _, _)| *known == name) {
        return Reply::json(body);
    }
    let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
    let form: BTreeMap<String, String> =
        url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
    let number = |pointer: &str, field: &str| {
        body.pointer(pointer)
            .and_then(Value::as_u64)
            .or_else(|| form.get(field).and_then(|text| text.parse().ok()))
    };
    let kind = name.split('_').next().unwrap_or_default();
    if kind == "missing" && request.path.contains("12") {
        return Reply::json(json!({"error": "gone"})).status(404);
    }
    let page = match kind {
        "bodypage" => number("/paging/page", "paging.page").unwrap_or(1),
        "bodycursor" => number("/variables/after", "variables.after").unwrap_or(1),
        "cursor" | "deepcursor" => request.number("cursor", 1),
        "page" | "json" | "link" | "next" | "nested" | "relative" => request.number("page", 1),
        _ => 1,
    };
    let first = number("/offset", "offset").unwrap_or((page.max(1) - 1) * PAGE);
    let rows: Vec<_> = (first..(first + PAGE).min(ROWS)).map(|id| json!({"id": id, "at": id})).collect();
    let more = first + PAGE < ROWS;
    let next = format!("http://{address}{}?page={}", request.path, page + 1);
    let relative = format!("?page={}", page + 1);
    match kind {
        "bodyoffset" => Reply::json(json!({"data": rows, "total": ROWS})),
        "bodycursor" if more => Reply::json(json!({"data": rows, "token": page + 1})),
        "json" | "next" if more => Reply::json(json!({"data": rows, "next": next})),
        "link" if more => {
            Reply::json(json!({"data": rows})).header("link", format!("<{next}>; rel=\"next\""))
        }
        "nested" if more => Reply::json(json!({"data": rows, "links": {"next": {"href": next}}})),
        "relative" if more => {
            Reply::json(json!({"data": rows, "paging": {"next_page": format!("{}{relative}", request.path)}}))
        }
        "cursor" if more => Reply::json(json!({"data": rows, "next_cursor": page + 1})),
        "deepcursor" if more => {
            Reply::json(json!({"data": rows, "meta": {"nextToken": (page + 1).to_string()}}))
        }
        "nulled" => Reply::json(json!({"data": rows, "next": null})),
        _ => Reply::json(json!({"data": rows})),
    }
}

/// POST: paginator × body × parent × incremental, values in all places with their types.
fn posts(resources: &mut Vec<Value>) {
    for (kind, paginator) in PAGINATORS {
        for body in BODIES {
            // A form that pages are asked for in is a fix of Spile's, which `COMPATIBILITY.md` has.
            if kind.starts_with("body") && body == "form" {
                continue;
            }
            for parent in PARENTS {
                for since in SINCE {
                    let name = format!("{kind}_{body}_{parent}_{since}");
                    let mut fields = json!({"a": 1, "b": true, "c": "{{x}}", "d": null});
                    let mut endpoint = json!({
                        "path": name,
                        "method": "POST",
                        "data_selector": "data",
                        "paginator": serde_json::from_str::<Value>(paginator).unwrap(),
                    });
                    if parent == "child" {
                        fields["parent"] = json!("{resources.parents.id}");
                        fields["text"] = json!("<{resources.parents.tag}>");
                        endpoint["path"] = json!(format!("{name}/{{resources.parents.id}}/rows"));
                        endpoint["headers"] = json!({"X-Key": "{resources.parents.tag}"});
                    }
                    if since == "since" {
                        fields["since"] = json!("{incremental.start_value}");
                        fields["text2"] = json!("from {incremental.initial_value}");
                        endpoint["incremental"] = json!({"cursor_path": "at", "initial_value": 2});
                        endpoint["params"] = json!({"since": "{incremental.start_value}"});
                    }
                    match body {
                        "json" => {
                            fields["deep"] = json!({"list": [fields["parent"], 1.5, {"k": fields["since"]}]});
                            endpoint["json"] = fields;
                        }
                        "form" => {
                            fields["e"] = json!(["x", "y z"]);
                            endpoint["data"] = fields;
                        }
                        _ => {}
                    }
                    resources.push(json!({"name": name, "endpoint": endpoint}));
                }
            }
        }
    }
}

/// GET: paths and headers with placeholders, `auto`, selectors, ignored answers, and bodies of other shapes.
fn others(resources: &mut Vec<Value>) {
    let since = json!({"cursor_path": "at", "initial_value": 2, "end_value": 5});
    let mut add = |name: &str, endpoint: Value| resources.push(json!({"name": name, "endpoint": endpoint}));
    add(
        "path_since",
        json!({"path": "path_since/{incremental.start_value}/to/{incremental.end_value}/rows",
        "data_selector": "data", "paginator": "single_page", "incremental": since}),
    );
    add(
        "header_since",
        json!({"path": "header_since", "data_selector": "data", "paginator": "single_page",
        "incremental": since, "headers": {"X-Key": "{incremental.start_value}-{incremental.end_value}"}}),
    );
    add(
        "query_since",
        json!({"path": "query_since?fixed=1", "data_selector": "data", "paginator": "single_page",
        "incremental": since, "params": {"filter": "at>={incremental.start_value}&at<{incremental.end_value}", "q": "{{raw}}"}}),
    );
    add(
        "pairs_form",
        json!({"path": "pairs_form", "method": "POST", "data_selector": "data",
        "paginator": "single_page", "data": [["a", "1"], ["a", "2"], ["b", "x y"]]}),
    );
    add(
        "raw_text",
        json!({"path": "raw_text", "method": "POST", "data_selector": "data",
        "paginator": "single_page", "data": "a,b;{{c}}"}),
    );
    add(
        "empty_json",
        json!({"path": "empty_json", "data_selector": "data", "paginator": "single_page", "json": {}}),
    );
    add(
        "both_empty",
        json!({"path": "both_empty", "method": "POST", "data_selector": "data",
        "paginator": "single_page", "json": {}, "data": {"a": "b"}}),
    );
    add(
        "no_header",
        json!({"path": "no_header", "data_selector": "data", "paginator": "single_page",
        "headers": {"x-client": null, "X-Key": "own"}}),
    );
    for (name, path) in [
        ("tagged_one", "tagged_one/{resources.parents.tag}/x"),
        ("single_tag", "single_tag/{resources.parents.id}"),
    ] {
        add(name, json!({"path": path, "data_selector": "data", "paginator": "single_page"}));
    }
    add(
        "missing_child",
        json!({"path": "missing_child/{resources.parents.id}/rows", "data_selector": "data",
        "paginator": "single_page", "response_actions": [{"status_code": 404, "action": "ignore"}]}),
    );
    add(
        "missing_words",
        json!({"path": "missing_words/{resources.parents.id}/rows", "data_selector": "data",
        "paginator": "single_page", "response_actions": [{"content": "gone", "action": "ignore"}]}),
    );
    // Both conditions hold or the action waits; the first that ignores decides, in the middle of paging too.
    for (name, actions) in [
        (
            "missing_both",
            json!([
                {"status_code": 404, "content": "another word", "action": "raise"},
                {"status_code": 404, "content": "gone", "action": "ignore"},
            ]),
        ),
        ("ignored_ok", json!([{"status_code": 200, "content": "\"id\"", "action": "ignore"}])),
        (
            "ignored_by_none",
            json!([{"status_code": 404, "action": "ignore"}, {"content": "gone", "action": "ignore"}]),
        ),
        ("ignored_other_status", json!([{"status_code": 201, "content": "\"id\"", "action": "ignore"}])),
    ] {
        let path = if name == "missing_both" { "missing_both/{resources.parents.id}/rows" } else { name };
        add(
            name,
            json!({"path": path, "data_selector": "data", "paginator": "single_page", "response_actions": actions}),
        );
    }
    add(
        "page_ignored",
        json!({"path": "page_ignored", "data_selector": "data", "response_actions": [{"content": "\"id\":3", "action": "ignore"}],
        "paginator": {"type": "page_number", "base_page": 1, "total_path": null}}),
    );
    for kind in AUTO {
        for method in ["GET", "POST"] {
            add(
                &format!("{kind}_{method}").to_lowercase(),
                json!({"path": format!("{kind}_{method}").to_lowercase(), "method": method, "paginator": "auto"}),
            );
        }
    }
    for (name, selector, _) in SELECTORS {
        let mut endpoint = json!({"path": name, "paginator": "single_page"});
        if let Some(selector) = selector {
            endpoint["data_selector"] = json!(selector);
        }
        add(name, endpoint);
    }
}

#[test]
fn dlt_sends_the_same_bodies_and_gets_the_same_rows() {
    let server = Server::start(|request| api(request.header("host").unwrap(), request));
    let mut resources = vec![
        json!({"name": "parents", "endpoint": {"path": "parents", "data_selector": "data", "paginator": "single_page"}}),
    ];
    posts(&mut resources);
    others(&mut resources);
    let token = json!({"type": "oauth2_client_credentials", "access_token_url": server.url("/token"),
        "client_id": "spile", "client_secret": "canary", "access_token_request_data": {"scope": "a b"}});
    let (mut cases, mut differences) = (0, Vec::new());
    for (auth_name, auth) in [("none", Value::Null), ("oauth2", token)] {
        let mut client =
            json!({"base_url": server.url(""), "headers": {"X-Client": "of the client", "X-Key": "shared"}});
        if !auth.is_null() {
            client["auth"] = auth;
        }
        let config = json!({"client": client, "resources": resources});
        let mut both = Both::run(&config, &server);
        // dlt fetches a token per resource, Spile one; what is sent for it is the same.
        let (our_tokens, their_tokens) = (both.ours.remove("token"), both.theirs.remove("token"));
        assert_eq!(our_tokens.as_deref().map(<[_]>::first), their_tokens.as_deref().map(<[_]>::first));
        assert_eq!(our_tokens.map(|tokens| tokens.len()), (auth_name == "oauth2").then_some(1));
        for resource in &resources[1..] {
            cases += 1;
            differences.extend(both.differences(auth_name, resource["name"].as_str().unwrap()));
        }
    }
    differential::assert_equal("extract_differential_bodies", cases, &differences);
}
