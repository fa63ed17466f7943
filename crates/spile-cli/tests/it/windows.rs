//! A range that is read in windows, and cursors of parent rows: the rows of one window, whatever pages, borders and kills
//! there are. That a kill after any single page costs no page is held in `crates/spile/src/extraction/tests.rs`.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Place, Recorded, Reply, Server, python, repository};

const PAGE: u64 = 4;

/// What the API can page by.
const PAGINATORS: [(&str, &str); 7] = [
    ("single", r#""single_page""#),
    ("pages", r#"{"type": "page_number", "base_page": 1, "total_path": "total_pages"}"#),
    ("number", r#"{"type": "page_number", "base_page": 1, "total_path": null}"#),
    ("offset", r#"{"type": "offset", "limit": 4}"#),
    ("json", r#"{"type": "json_link", "next_url_path": "next"}"#),
    ("link", r#""header_link""#),
    ("cursor", r#"{"type": "cursor", "cursor_path": "token", "cursor_param": "page"}"#),
];

/// The moments of the records: every 37 hours of 2024, and the first moment of each month.
fn moments() -> Vec<String> {
    let start: jiff::Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    let mut all: BTreeSet<String> =
        (0..236).map(|step| (start + Duration::from_secs(step * 37 * 3600)).to_string()).collect();
    all.extend((1..=12).map(|month| format!("2024-{month:02}-01T00:00:00Z")));
    all.into_iter().collect()
}

/// Both bounds are inclusive, as with many APIs; whoever asks from border to border gets borders twice.
fn api(request: &Recorded) -> Reply {
    let kind = request.path.trim_start_matches('/');
    let (from, to) = (request.param("from").unwrap_or(""), request.param("to").unwrap_or("~"));
    let rows = moments().into_iter().enumerate().filter(|(_, at)| at.as_str() >= from && at.as_str() <= to);
    let rows: Vec<Value> = rows.map(|(id, at)| json!({"id": id, "at": at})).collect();
    let total = rows.len() as u64;
    let page = request.number("page", 1);
    let first = request.number("offset", (page - 1) * PAGE);
    let size = if kind == "single" { total } else { PAGE };
    let rows: Vec<Value> = rows.into_iter().skip(first as usize).take(size as usize).collect();
    let more = kind != "single" && first + PAGE < total;
    let query: Vec<String> = request
        .query
        .iter()
        .filter(|(name, _)| name != "page")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let next = format!(
        "http://{}{}?{}&page={}",
        request.header("host").unwrap(),
        request.path,
        query.join("&"),
        page + 1
    );
    let mut body = json!({"data": rows});
    match kind {
        "pages" => body["total_pages"] = json!(total.div_ceil(PAGE)),
        "offset" => body["total"] = json!(total),
        "json" if more => body["next"] = json!(next),
        "cursor" if more => body["token"] = json!(page + 1),
        "link" if more => return Reply::json(body).header("link", format!("<{next}>; rel=\"next\"")),
        _ => {}
    }
    Reply::json(body)
}

fn config(server: &Server, extra: &Value) -> Value {
    let resources: Vec<Value> = PAGINATORS
        .iter()
        .map(|(kind, paginator)| {
            let mut incremental = json!({"cursor_path": "at", "initial_value": "2024-01-01T00:00:00Z",
                "start_param": "from", "end_param": "to"});
            incremental.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            json!({"name": kind, "primary_key": "id", "endpoint": {"path": kind, "data_selector": "data",
                "paginator": serde_json::from_str::<Value>(paginator).unwrap(), "incremental": incremental}})
        })
        .collect();
    json!({"client": {"base_url": server.url("")}, "resources": resources})
}

#[test]
fn every_paginator_gives_the_rows_of_one_window() {
    let server = Server::start(api);
    let place = Place::new();
    let year = json!({"end_value": "2025-01-01T00:00:00Z"});
    for (name, extra, borders) in [
        ("whole", json!({}), Vec::new()),
        ("monthly", json!({"step": "P1M"}), vec!["2024-03-01T00:00:00Z"; 2]),
        (
            "apart",
            json!({"step": {"days": 10}, "cursor_granularity": "PT1S"}),
            vec!["2024-02-29T23:59:59Z", "2024-03-01T00:00:00Z"],
        ),
    ] {
        let mut extra = extra;
        extra.as_object_mut().unwrap().extend(year.as_object().unwrap().clone());
        place.write(&format!("{name}.json"), &config(&server, &extra).to_string());
        let report = place.run(&["run", &format!("{name}.json"), "--output", "json"]).expect(0).json();
        let requests = server.take();
        for (resource, (kind, _)) in report["resources"].as_array().unwrap().iter().zip(PAGINATORS) {
            assert_eq!(resource["records_loaded"], moments().len() as u64, "{name}: {resource}");
            let sql = format!(
                "select count(*), count(distinct id), count(distinct \"at\") from {name}_dataset.\"{kind}\""
            );
            let expected = vec![moments().len().to_string(); 3];
            assert_eq!(place.row(&format!("{name}.duckdb"), &sql), expected, "{name} {kind}");
            let asked: BTreeSet<_> = requests
                .iter()
                .filter(|request| request.path == format!("/{kind}"))
                .map(|request| (request.param("from").unwrap(), request.param("to").unwrap()))
                .collect();
            if let [end, start] = borders[..] {
                let ends: Vec<_> = asked.iter().map(|(_, to)| *to).collect();
                let starts: Vec<_> = asked.iter().map(|(from, _)| *from).collect();
                assert_eq!(asked.len(), if name == "monthly" { 12 } else { 37 }, "{name} {kind}");
                assert!(ends.contains(&end) && starts.contains(&start), "{name} {kind}: {asked:?}");
                let words = resource["verdict"]["reasons"].to_string();
                assert!(words.contains(&format!("all pages of {} windows", asked.len())), "{words}");
            }
        }
    }
}

#[test]
fn a_second_run_asks_for_what_is_new_and_knows_the_border() {
    let server = Server::start(api);
    let place = Place::new();
    let mut document = config(&server, &json!({"step": "P2Y"}));
    document["resources"].as_array_mut().unwrap().truncate(2);
    place.write("twice.json", &document.to_string());
    place.run(&["run", "twice.json"]).expect(0);
    server.take();
    let report = place.run(&["run", "twice.json", "--output", "json"]).expect(0).json();
    let last = moments().pop().unwrap();
    assert!(server.take().iter().any(|request| request.param("from") == Some(&last)));
    assert_eq!(report["resources"][0]["records"], 1, "the newest record is read again");
    assert_eq!(report["resources"][0]["records_loaded"], 0, "and known");
    // A backfill is cut as well, and a limit holds over all windows.
    let report = place
        .run(&[
            "run",
            "twice.json",
            "pages",
            "--since",
            "2020-01-01",
            "--until",
            "2025-01-01",
            "--limit-pages",
            "3",
            "--output",
            "json",
        ])
        .expect(0)
        .json();
    assert_eq!(report["resources"][0]["pages"], 3);
    assert_eq!(report["resources"][0]["verdict"]["status"], "limited", "{report}");
    assert!(server.take().iter().any(|request| request.param("from") == Some("2020-01-01")));
}

#[test]
fn killed_in_the_middle_of_windows() {
    const WINDOWS: u64 = 150;
    const PAGES: u64 = 12;
    let server = Server::start(|request| {
        std::thread::sleep(Duration::from_millis(2));
        let (from, to) = (request.number("from", 0), request.number("to", 0));
        let rows = from..to;
        let offset = request.number("offset", 0);
        let page: Vec<_> =
            rows.clone().skip(offset as usize).take(2).map(|id| json!({"id": id, "at": id})).collect();
        Reply::json(json!({"data": page, "total": to - from}))
    });
    let place = Place::new();
    place.write("cut.json", &json!({"client": {"base_url": server.url("")}, "resources": [{"name": "rows", "endpoint":
        {"path": "rows", "data_selector": "data", "paginator": {"type": "offset", "limit": 2}, "incremental":
        {"cursor_path": "at", "initial_value": 0, "end_value": WINDOWS * PAGES * 2, "step": PAGES * 2, "start_param":
        "from", "end_param": "to"}}}]}).to_string());
    let args = ["run", "cut.json", "--output", "json"];
    let asked = |requests: &[Recorded]| -> Vec<(u64, u64)> {
        let mut asked: Vec<_> =
            requests.iter().map(|request| (request.number("from", 0), request.number("offset", 0))).collect();
        asked.sort_unstable();
        asked
    };
    let mut child = place.spawn(&args);
    let deadline = Instant::now() + Duration::from_mins(2);
    let folder = place.path(".spile/cut/packages");
    while !folder.exists() || place.staged_pages("cut").is_empty() {
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none(), "no page was staged");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    let staged: BTreeSet<(u64, u64)> = place
        .staged_pages("cut")
        .iter()
        .map(|page| {
            let offset = page["position"]["offset"].as_u64().unwrap_or(0);
            (page["window"]["index"].as_u64().unwrap() * PAGES * 2, offset)
        })
        .collect();
    assert!(!staged.is_empty() && (staged.len() as u64) < WINDOWS * PAGES, "{} pages", staged.len());
    server.take();
    let report = place.run(&args).expect(0).json();
    let all: Vec<(u64, u64)> =
        (0..WINDOWS).flat_map(|window| (0..PAGES).map(move |page| (window * PAGES * 2, page * 2))).collect();
    let missing: Vec<_> = all.into_iter().filter(|page| !staged.contains(page)).collect();
    // Requests that were under way at the kill may have been recorded since, so the sum is the report's.
    assert_eq!(report["requests"], missing.len(), "each page that was not staged is asked for once");
    let asked = asked(&server.take());
    assert!(missing.iter().all(|page| asked.contains(page)), "and no other");
    assert_eq!(report["resources"][0]["verdict"]["status"], "proven_complete");
    let total = (WINDOWS * PAGES * 2).to_string();
    let rows = place.row("cut.duckdb", "select count(*), count(distinct id) from cut_dataset.rows");
    assert_eq!(rows, [total.clone(), total]);
}

/// Two owners, one of them slower; a third comes and the first goes.
fn owners_api(run: usize, request: &Recorded) -> Reply {
    let since = request.number("since", 0);
    let items = |owner: u64| -> Vec<u64> {
        match (owner, run) {
            (1, _) => vec![100, 101],
            (2, 0) => vec![10, 11],
            (2, _) => vec![10, 11, 12],
            _ => vec![5],
        }
    };
    let owners: &[u64] = if run == 1 { &[2, 3] } else { &[1, 2, 3] };
    if request.path == "/owners" {
        let owners = if run == 0 { &[1, 2][..] } else { owners };
        return Reply::json(Value::from(owners.iter().map(|id| json!({"id": id})).collect::<Vec<_>>()));
    }
    let owner: u64 = request.path.split('/').nth(2).unwrap().parse().unwrap();
    let rows: Vec<_> = items(owner)
        .into_iter()
        .filter(|at| *at >= since)
        .map(|at| json!({"id": format!("{owner}-{at}"), "at": at}))
        .collect();
    Reply::json(Value::from(rows))
}

#[test]
fn a_slower_parent_loses_nothing_and_dlt_goes_on() {
    let current = std::sync::Arc::new(std::sync::Mutex::new(0));
    let seen = std::sync::Arc::clone(&current);
    let server = Server::start(move |request| owners_api(*seen.lock().unwrap(), request));
    let place = Place::new();
    let document = |extra: Value| {
        let mut incremental = json!({"cursor_path": "at", "initial_value": 0, "start_param": "since"});
        incremental.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({"client": {"base_url": server.url("")}, "resources": [
            {"name": "owners", "endpoint": {"path": "owners", "paginator": "single_page"}, "write_disposition": "replace"},
            {"name": "items", "primary_key": "id", "write_disposition": "merge", "endpoint": {
                "path": "owners/{resources.owners.id}/items", "paginator": "single_page", "incremental": incremental}}]})
    };
    place.write("mix.json", &document(json!({"per_parent": true})).to_string());
    let asked = |requests: Vec<Recorded>| -> Vec<String> {
        let of_items = requests.iter().filter(|request| request.path.ends_with("items"));
        let mut asked: Vec<_> = of_items
            .map(|request| format!("{}?{}", request.path, request.param("since").unwrap_or("-")))
            .collect();
        asked.sort();
        asked
    };
    for (run, expected, rows) in [
        (0, vec!["/owners/1/items?0", "/owners/2/items?0"], 4),
        (1, vec!["/owners/2/items?11", "/owners/3/items?0"], 6),
        // The first owner was gone and comes back.
        (2, vec!["/owners/1/items?101", "/owners/2/items?12", "/owners/3/items?5"], 6),
    ] {
        *current.lock().unwrap() = run;
        place.run(&["run", "mix.json"]).expect(0);
        assert_eq!(asked(server.take()), expected, "run {run}");
        let found = place.row("mix.duckdb", "select count(*), count(distinct id) from mix_dataset.items");
        assert_eq!(found, [rows.to_string(), rows.to_string()], "run {run}");
    }
    // dlt refuses the key, so it gets the config without it; it reads the dataset and keeps our part of the state.
    let theirs = place.write("dlt.json", &document(json!({})).to_string());
    let output = Command::new(python())
        .arg(repository().join("testdata/interchange/run.py"))
        .args([theirs, place.path("mix.duckdb"), "mix".into(), place.path("dlt")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    server.take();
    place.run(&["run", "mix.json"]).expect(0);
    assert_eq!(
        asked(server.take()),
        ["/owners/1/items?101", "/owners/2/items?12", "/owners/3/items?5"],
        "cursors are still there after dlt's run"
    );
    let found = place.row("mix.duckdb", "select count(*), count(distinct id) from mix_dataset.items");
    assert_eq!(found, ["6", "6"]);
    let limited = json!({"per_parent": true});
    let mut limited = document(limited);
    limited["client"]["limits"] = json!({"parent_cursors_max": 2});
    place.write("limited.json", &limited.to_string());
    let outcome = place.run(&["run", "limited.json"]).expect(1);
    assert!(outcome.stderr.contains("more than 2 parent rows have a cursor `at`"), "{outcome:?}");
}

#[test]
fn explain_shows_windows_and_check_refuses_what_cannot_be() {
    let place = Place::new();
    let of = |incremental: &str| {
        format!(
            "client: {{base_url: 'http://127.0.0.1:9'}}\nresources:\n- {{name: a, endpoint: {{incremental: {{cursor_path: at, {incremental}}}}}}}\n"
        )
    };
    let both = "start_param: from, end_param: to";
    place.write(
        "a.yaml",
        &of(&format!("initial_value: '2024-01-31', end_value: '2024-06-15', step: P1M, {both}")),
    );
    let shown = place.run(&["explain", "a.yaml"]).expect(0).stdout;
    assert!(shown.contains("windows  5: 2024-01-31 to 2024-02-29, … 2024-05-31 to 2024-06-15"), "{shown}");
    place.write(
        "b.yaml",
        &of(&format!(
            "initial_value: '2014-01-01T00:00:00Z', end_value: '2024-01-01T00:00:00Z', step: PT1S, {both}"
        )),
    );
    let shown = place.run(&["explain", "b.yaml"]).expect(0).stdout;
    assert!(shown.contains("cuts the range into 315532800 windows, more than 100000"), "{shown}");
    for (incremental, words) in [
        ("initial_value: 0, step: 5, start_param: from", "`step` needs both bounds"),
        (&format!("step: P1D, {both}"), "`step` needs the key `initial_value`"),
        (
            &format!("initial_value: 0, end_value: 9, last_value_func: min, step: 5, {both}"),
            "a cursor that grows",
        ),
        (&format!("initial_value: 0, step: 0, {both}"), "step must be a duration such as P30D"),
        (&format!("initial_value: 0, step: -P1D, {both}"), "step must be a duration such as P30D"),
        (&format!("initial_value: 0, step: 30 days, {both}"), "step must be a duration such as P30D"),
        (&format!("initial_value: 0, step: {{day: 1}}, {both}"), "Write `days`"),
        (&format!("initial_value: 0, cursor_granularity: 1, {both}"), "no meaning without `step`"),
        ("initial_value: 0, per_parent: true", "`per_parent` needs a resource that depends on another"),
    ] {
        place.write("c.yaml", &of(incremental));
        let outcome = place.run(&["check", "c.yaml"]).expect(2);
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(said.contains(words), "{incremental}: {said}");
    }
}

#[test]
fn a_refresh_token_that_was_replaced_is_told() {
    let server = Server::start(|request| match request.path.as_str() {
        "/token" => Reply::json(json!({"access_token": "t", "refresh_token": "second", "expires_in": 3600})),
        "/gone" => Reply::json(json!({})).status(404),
        _ => Reply::json(json!([{"id": 1}])),
    });
    let place = Place::new();
    for (path, refresh, status, told) in
        [("rows", "first", 0, true), ("rows", "second", 0, false), ("gone", "first", 1, true)]
    {
        place.write(
            "t.json",
            &json!({"client": {"base_url": server.url(""), "auth": {"type": "oauth2_refresh_token",
            "access_token_url": server.url("/token"), "client_id": "c", "refresh_token": refresh}},
            "resources": [{"name": "rows", "endpoint": {"path": path, "paginator": "single_page"}}]})
            .to_string(),
        );
        let outcome = place.run(&["run", "t.json"]).expect(status);
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert_eq!(said.contains("gave a new refresh token"), told, "{path} {refresh}: {said}");
        assert!(!said.contains("second"), "{said}");
    }
}
