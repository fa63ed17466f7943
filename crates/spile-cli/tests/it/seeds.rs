//! Both seed configs, verbatim, against servers in the manner of the APIs they were written for.

use serde_json::{Value, json};

use crate::harness::{Outcome, Place, Recorded, Reply, Server};

const DAY: i64 = 86_400;

/// Call `index`: made at noon of a day in 2026, the oldest is 0.
fn call(index: i64) -> Value {
    let day = 20_454 + index / 4; // 2026-01-01
    let seconds = day * DAY + 43_200 + index % 4;
    json!({
        "id": format!("call-{index}"), "dateCreated": iso(seconds), "type": "inbound", "duration": index % 60,
        "anonymous": index % 2 == 0, "bridged": {"agent": format!("a{}", index % 3)},
        "recordings": (0..index % 3).map(|n| json!({"n": n, "tags": ["x"]})).collect::<Vec<_>>(),
    })
}

fn iso(seconds: i64) -> String {
    // Jan to Dec 2026 by month lengths is all these tests need.
    let mut day = seconds / DAY - 20_454;
    let mut month = 1;
    for length in [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    let rest = seconds % DAY;
    format!("2026-{month:02}-{:02}T{:02}:{:02}:{:02}Z", day + 1, rest / 3600, rest / 60 % 60, rest % 60)
}

/// The first seed's API: newest first, both bounds inclusive, page size clamped to 100.
fn calls_api(calls: i64) -> impl Fn(&Recorded) -> Reply + Send + Sync {
    move |request| {
        assert_eq!(request.path, "/v2/calls/reporting/simple");
        if request.header("access_key_id") != Some("the-access-token") {
            return Reply::json(json!({"error": "unauthorized"})).status(401);
        }
        let from = request.param("filters.dateCreated.from").unwrap_or("");
        let to = request.param("filters.dateCreated.to").unwrap_or("9");
        let mut matching: Vec<Value> = (0..calls).map(call).collect();
        matching.retain(|call| {
            let created = call["dateCreated"].as_str().unwrap();
            from <= created && created <= to
        });
        matching.reverse();
        let size = request.number("limit", 100).min(100) as usize;
        let page = request.number("page", 1) as usize;
        let pages = matching.len().div_ceil(size);
        let items: Vec<&Value> = matching.iter().skip((page - 1) * size).take(size).collect();
        let pagination = json!({"pages": pages, "total": matching.len(), "current": page, "max": size});
        Reply::json(json!({"items": items, "pagination": pagination}))
    }
}

fn run_calls(place: &Place, server: &Server) -> Outcome {
    let base = format!("client.base_url={}", server.url("/v2"));
    place.run(&["run", "calls.md", "--set", &base, "--output", "json"])
}

#[test]
fn the_first_seed_loads_all_and_then_only_what_is_new() {
    let server = Server::start(calls_api(350));
    let place = Place::new().variable("ACCESS_TOKEN", "the-access-token");
    place.copy("seeds/calls.md");

    let report = run_calls(&place, &server).expect(0).json();
    let requests = server.take();
    assert_eq!(requests.len(), 4, "350 calls at 100 a page are four requests and not one more");
    assert_eq!(requests[0].param("page"), None, "the first request sends no page");
    let mut pages: Vec<_> = requests.iter().map(|request| request.number("page", 1)).collect();
    pages.sort_unstable();
    assert_eq!(pages, [1, 2, 3, 4], "those after the first come in any order");
    assert!(requests.iter().all(|request| request.param("limit") == Some("102")));
    assert!(requests.iter().all(|request| request.param("filters.dateCreated.from").is_none()));
    let end = requests[0].param("filters.dateCreated.to").unwrap().to_owned();
    assert!(
        requests.iter().all(|request| request.param("filters.dateCreated.to") == Some(&end)),
        "the end is fixed once"
    );
    assert_eq!(report["status"], "done");
    assert_eq!(report["resources"][0]["verdict"]["status"], "proven_complete");
    assert_eq!(report["requests"], 4);
    assert_eq!(report["tables"][0], json!({"name": "calls", "rows": 350}));
    assert!(
        report["warnings"].to_string().contains("102"),
        "a clamped page size is said: {}",
        report["warnings"]
    );

    let newest = iso((20_454 + 349 / 4) * DAY + 43_200 + 349 % 4);
    let report = run_calls(&place, &server).expect(0).json();
    let requests = server.take();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].param("filters.dateCreated.from"), Some(newest.as_str()));
    assert!(report["resources"][0]["window"].as_str().unwrap().contains(&newest));
    let row = place.row(
        "calls.duckdb",
        "select count(*), count(distinct id), sum(duration), min(date_created)::varchar from calls_dataset.calls",
    );
    let durations: i64 = (0..350).map(|index| index % 60).sum();
    assert_eq!(row[..3], ["350", "350", &durations.to_string()]);
    let children = place.row(
        "calls.duckdb",
        "select count(*), count(distinct r._dlt_id), count(distinct c._dlt_id) \
         from calls_dataset.calls__recordings r join calls_dataset.calls c on c._dlt_id = r._dlt_parent_id",
    );
    let recordings: i64 = (0..350).map(|index| index % 3).sum();
    assert_eq!(children[..2], [recordings.to_string(), recordings.to_string()]);
    let loads = place.row("calls.duckdb", "select count(*), max(status) from calls_dataset._dlt_loads");
    assert_eq!(loads, ["1", "0"], "a run without anything new makes no load");
}

#[test]
fn the_ledger_adds_up_to_the_rows() {
    let server = Server::start(calls_api(250));
    let place = Place::new().variable("ACCESS_TOKEN", "the-access-token");
    place.copy("seeds/calls.md");
    run_calls(&place, &server).expect(0);
    let pages = place.committed_pages("calls");
    let ids: std::collections::BTreeSet<&str> =
        pages.iter().map(|page| page["id"].as_str().unwrap()).collect();
    assert_eq!((pages.len(), ids.len()), (3, 3), "every page has an id of its own");
    let kept: u64 = pages.iter().map(|page| page["kept"].as_u64().unwrap()).sum();
    let rows = place.row("calls.duckdb", "select count(*) from calls_dataset.calls");
    assert_eq!(rows, [kept.to_string()]);
    assert_eq!(server.count(), 3);
}

/// The second seed's API: page, `per_page`, totals in the body; `Link` headers if asked for.
fn accounts_api(link: bool) -> impl Fn(&Recorded) -> Reply + Send + Sync {
    move |request| {
        if request.header("authorization") != Some("Token token=abc") {
            return Reply::json(json!({"error": "unauthorized"})).status(401);
        }
        let (key, total) = match request.path.as_str() {
            "/v3/a/ACC%201/calls.json" => ("calls", 450),
            "/v3/a/ACC%201/text-messages.json" => ("conversations", 120),
            "/v3/a/ACC%201/users.json" => ("users", 25),
            "/v3/a/ACC%201/companies.json" => ("companies", 100),
            other => return Reply::json(json!({"error": format!("no {other}")})).status(404),
        };
        let page = request.number("page", 1);
        let pages = u64::div_ceil(total, 100);
        let records: Vec<Value> = ((page - 1) * 100..(page * 100).min(total))
            .map(|n| json!({"id": n, "name": format!("{key} {n}")}))
            .collect();
        let mut body = json!({"page": page, "per_page": 100, "total_pages": pages, "total_records": total});
        body[key] = Value::Array(records);
        let reply = Reply::json(body);
        if link && page < pages {
            let host = request.header("host").unwrap();
            return reply
                .header("link", format!("<http://{host}{}?page={}>; rel=\"next\"", request.path, page + 1));
        }
        reply
    }
}

fn run_accounts(place: &Place, server: &Server) -> Outcome {
    let base = format!("client.base_url={}", server.url("/v3/a/"));
    place.run(&["run", "accounts.md", "--set", &base, "--set", "account_id=ACC 1", "--output", "json"])
}

#[test]
fn the_second_seed_follows_links() {
    let server = Server::start(accounts_api(true));
    let place = Place::new().variable("API_KEY", "Token token=abc");
    place.copy("seeds/accounts.md");
    for _ in 0..2 {
        let report = run_accounts(&place, &server).expect(0).json();
        assert_eq!(server.take().len(), 5 + 2 + 1 + 1);
        for resource in report["resources"].as_array().unwrap() {
            assert_eq!(resource["verdict"]["status"], "proven_complete", "{resource}");
        }
    }
    for (table, rows) in [("calls", "450"), ("conversations", "120"), ("users", "25"), ("companies", "100")] {
        let found = place.row(
            "accounts.duckdb",
            &format!("select count(*), count(distinct id) from accounts_dataset.{table}"),
        );
        assert_eq!(found, [rows, rows], "{table}");
    }
}

#[test]
fn a_missing_link_header_is_caught_by_the_totals() {
    let server = Server::start(accounts_api(false));
    let place = Place::new().variable("API_KEY", "Token token=abc");
    place.copy("seeds/accounts.md");
    let outcome = run_accounts(&place, &server).expect(3);
    let report = outcome.json();
    assert_eq!(report["status"], "suspicious");
    let calls = &report["resources"][0];
    assert_eq!(calls["verdict"]["status"], "incomplete");
    let reasons = calls["verdict"]["reasons"].as_array().unwrap();
    assert!(
        reasons.iter().any(|reason| reason == "the API reports 5 pages, but paging ended after 1"),
        "{reasons:?}"
    );
    assert_eq!(report["resources"][3]["verdict"]["status"], "proven_complete", "companies has one page only");
}

#[test]
fn the_demo_runs_and_shows_its_tables() {
    let place = Place::new();
    let outcome = place.run(&["demo"]).expect(0);
    for expected in
        ["calls__recordings", "conversations", "proven complete", "requested from 2026-11-01T00:00:00Z"]
    {
        assert!(outcome.stdout.contains(expected), "{expected}: {}", outcome.stdout);
    }
    let shown = place.run(&["show", "calls", "--destination", "spile_demo.duckdb"]).expect(0);
    assert!(shown.stdout.contains("calls__recordings__tags"), "{}", shown.stdout);
    let rows = place.row("spile_demo.duckdb", "select count(*), count(distinct id) from calls_dataset.calls");
    assert_eq!(rows, ["2500", "2500"]);
}

#[test]
fn templates_see_the_arguments_of_the_source() {
    let server = Server::start(|request: &Recorded| {
        Reply::json(if request.param("after").is_none() { r#"[{"id": 1}]"# } else { "[]" })
    });
    let place = Place::new();
    let text = format!(
        "client: {{base_url: '{}'}}\narguments: {{region: eu}}\nresources:\n  - name: rows\n    endpoint:\n      path: rows\n      \
         paginator:\n        type: cursor\n        cursor_param: after\n        cursor_value: \"{{{{ config.region if last_page_size \
         else '' }}}}\"\n",
        server.url("")
    );
    place.write("shop.yaml", &text);
    let after = || {
        server
            .take()
            .iter()
            .filter_map(|request| request.param("after").map(str::to_owned))
            .collect::<Vec<_>>()
    };
    place.run(&["run", "shop.yaml"]).expect(0);
    assert_eq!(after(), ["eu"]);
    place.run(&["run", "shop.yaml", "--set", "region=us"]).expect(0);
    assert_eq!(after(), ["us"]);
    place.write("shop.yaml", &text.replace("arguments: {region: eu}\n", ""));
    let outcome = place.run(&["run", "shop.yaml"]).expect(1);
    assert!(outcome.stderr.contains("no argument `region`"), "{}", outcome.stderr);
}
