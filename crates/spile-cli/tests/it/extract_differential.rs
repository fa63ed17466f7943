//! Real dlt and Spile against the same recording server: the same requests and the same rows, case by case.
//!
//! A case is a resource: paginator × auth × parent form × incremental. All cases of one auth are one config.

use serde_json::{Value, json};

use crate::differential::{self, Both};
use crate::harness::{Recorded, Reply, Server};

const ROWS: u64 = 7;
const PAGE: u64 = 3;

const PAGINATORS: [(&str, &str); 10] = [
    ("single", r#""single_page""#),
    ("pages", r#"{"type": "page_number", "base_page": 1, "total_path": "total_pages"}"#),
    ("number", r#"{"type": "page_number", "base_page": 1, "page_param": "p", "total_path": null}"#),
    ("bounded", r#"{"type": "page_number", "base_page": 1, "total_path": null, "maximum_page": 3}"#),
    ("offset", r#"{"type": "offset", "limit": 3}"#),
    ("more", r#"{"type": "offset", "limit": 3, "total_path": null, "has_more_path": "more"}"#),
    ("json", r#"{"type": "json_link", "next_url_path": "links.next"}"#),
    ("link", r#""header_link""#),
    ("cursor", r#"{"type": "cursor", "cursor_path": "token", "cursor_param": "after"}"#),
    ("header", r#"{"type": "header_cursor", "cursor_key": "x-next", "cursor_param": "after"}"#),
];

const AUTHS: [(&str, &str); 5] = [
    ("none", "null"),
    ("bearer", r#"{"type": "bearer", "token": "canary"}"#),
    ("key", r#"{"type": "api_key", "name": "X-Key", "api_key": "canary"}"#),
    ("query", r#"{"type": "api_key", "name": "key", "api_key": "canary", "location": "query"}"#),
    ("basic", r#"{"type": "http_basic", "username": "user", "password": "canary"}"#),
];

const PARENTS: [&str; 3] = ["alone", "resolve", "param"];

fn api(address: &str, request: &Recorded) -> Reply {
    if request.path == "/parents" {
        return Reply::json(json!({"data": [{"id": 11}, {"id": 12}, {"id": 13}]}));
    }
    let kind = request.path.trim_start_matches('/').split('_').next().unwrap_or_default();
    let (page, offset) = match kind {
        "pages" | "bounded" | "json" | "link" => (request.number("page", 1), None),
        "number" => (request.number("p", 1), None),
        "offset" | "more" => (0, Some(request.number("offset", 0))),
        "cursor" | "header" => (request.number("after", 1), None),
        _ => (1, None),
    };
    let first = offset.unwrap_or_else(|| (page.max(1) - 1) * PAGE);
    let rows: Vec<_> = (first..(first + PAGE).min(ROWS))
        .map(|id| json!({"id": id, "updated": format!("2024-01-0{}", id + 1)}))
        .collect();
    let more = first + PAGE < ROWS;
    let next = format!("http://{address}{}?page={}&extra=a%20b", request.path, page + 1);
    let mut body = json!({"data": rows});
    match kind {
        "pages" => body["total_pages"] = json!(ROWS.div_ceil(PAGE)),
        "offset" => body["total"] = json!(ROWS),
        "more" => body["more"] = json!(more),
        "json" if more => body["links"] = json!({"next": next}),
        "cursor" if more => body["token"] = json!(page + 1),
        _ => {}
    }
    match kind {
        "link" if more => Reply::json(body).header("link", format!("<{next}>; rel=\"next\"")),
        "header" if more => Reply::json(body).header("x-next", (page + 1).to_string()),
        _ => Reply::json(body),
    }
}

/// Returns the config of one auth and the names of its cases.
fn config(url: &str, auth: &str) -> (Value, Vec<String>) {
    let mut resources =
        vec![json!({"name": "parents", "endpoint": {"path": "parents", "paginator": "single_page"}})];
    let mut names = Vec::new();
    for (kind, paginator) in PAGINATORS {
        for parent in PARENTS {
            for incremental in [false, true] {
                let name = format!("{kind}_{parent}_{}", if incremental { "since" } else { "all" });
                let mut endpoint = json!({
                    "path": name,
                    "data_selector": "data",
                    "params": {"a": 1, "b": ["x", "y"], "c": null},
                    "paginator": serde_json::from_str::<Value>(paginator).unwrap(),
                });
                match parent {
                    "resolve" => {
                        endpoint["path"] = json!(format!("{name}/of/{{id}}/items"));
                        endpoint["params"]["id"] =
                            json!({"type": "resolve", "resource": "parents", "field": "id"});
                    }
                    "param" => endpoint["params"]["parent"] = json!("{resources.parents.id}"),
                    _ => {}
                }
                if incremental {
                    endpoint["incremental"] = json!({"cursor_path": "updated", "initial_value": "2024-01-03", "start_param": "since"});
                }
                resources.push(json!({"name": name, "endpoint": endpoint}));
                names.push(name);
            }
        }
    }
    let auth: Value = serde_json::from_str(auth).unwrap();
    let mut client = json!({"base_url": url});
    if !auth.is_null() {
        client["auth"] = auth;
    }
    (json!({"client": client, "resources": resources}), names)
}

#[test]
fn dlt_sends_the_same_requests_and_gets_the_same_rows() {
    let server = Server::start(|request| api(request.header("host").unwrap(), request));
    let (mut cases, mut differences) = (0, Vec::new());
    for (auth_name, auth) in AUTHS {
        let (config, names) = config(&server.url(""), auth);
        let both = Both::run(&config, &server);
        cases += names.len();
        assert!(names.iter().all(|name| both.has_rows(name)), "dlt gave no rows");
        differences.extend(names.iter().flat_map(|name| both.differences(auth_name, name)));
    }
    differential::assert_equal("extract_differential", cases, &differences);
}
