//! Resources that depend on others: requests, rows, order, verdicts, and `kill -9` in the middle of them.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Place, Recorded, Reply, Server};

const OWNERS: u64 = 300;

/// `owners` in pages of 20; `owners/N/items` in pages of 2 with N % 4 pages' worth of rows; `items/ID/notes`.
fn api(request: &Recorded) -> Reply {
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["owners"] => {
            let page = request.number("page", 1);
            let rows: Vec<_> = ((page - 1) * 20..(page * 20).min(OWNERS))
                .map(|id| json!({"id": id, "name": format!("owner {id}"), "deep": {"key": [id * 2]}}))
                .collect();
            Reply::json(json!({"data": rows, "total_pages": OWNERS.div_ceil(20)}))
        }
        ["owners", owner, "items"] => {
            let owner: u64 = owner.parse().unwrap();
            let offset = request.number("offset", 0);
            let total = (owner % 4) * 2;
            let rows: Vec<_> =
                (offset..(offset + 2).min(total)).map(|n| json!({"id": owner * 10 + n, "n": n})).collect();
            Reply::json(json!({"data": rows, "total": total}))
        }
        ["notes"] => {
            let item = request.number("item", 0);
            Reply::json(json!({"data": [{"id": format!("note of {item}")}]}))
        }
        ["maybe", id] if id.parse::<u64>().unwrap() % 2 == 0 => {
            Reply::json(json!({"error": "gone"})).status(404)
        }
        ["maybe", id] => Reply::json(json!({"id": id})),
        _ => Reply::json(json!({"error": "no such path"})).status(400),
    }
}

fn config(place: &Place, server: &Server, disposition: &str) {
    let text = format!(
        r#"
client: {{base_url: "{}"}}
resource_defaults: {{primary_key: id, write_disposition: {disposition}}}
resources:
  - name: notes
    include_from_parent: [id, _owners_name]
    endpoint:
      path: notes
      params: {{item: "{{resources.items.id}}", n: "x{{resources.items.n}}"}}
      data_selector: data
      paginator: single_page
  - name: owners
    endpoint:
      path: owners
      data_selector: data
      paginator: {{type: page_number, base_page: 1, total_path: total_pages}}
  - name: items
    include_from_parent: [name]
    endpoint:
      path: "owners/{{owner}}/items"
      params:
        owner: {{type: resolve, resource: owners, field: id}}
      data_selector: data
      paginator: {{type: offset, limit: 2}}
"#,
        server.url("")
    );
    place.write("family.yaml", &text);
}

fn items_total() -> u64 {
    (0..OWNERS).map(|owner| (owner % 4) * 2).sum()
}

fn assert_whole(place: &Place) {
    let rows = |table: &str| {
        place
            .row("family.duckdb", &format!("select count(*), count(distinct id) from family_dataset.{table}"))
    };
    let (owners, items) = (OWNERS.to_string(), items_total().to_string());
    assert_eq!(rows("owners"), [owners.clone(), owners]);
    assert_eq!(rows("items"), [items.clone(), items.clone()]);
    assert_eq!(rows("notes"), [items.clone(), items]);
    let wrong = place.row(
        "family.duckdb",
        "select (select count(*) from family_dataset.items where _owners_name != 'owner ' || (id // 10)), \
         (select count(*) from family_dataset.notes where id != 'note of ' || _items_id), \
         (select count(*) from family_dataset.notes where _items__owners_name != 'owner ' || (_items_id // 10))",
    );
    assert_eq!(wrong, ["0", "0", "0"]);
}

#[test]
fn three_generations() {
    let server = Server::start(api);
    let place = Place::new();
    config(&place, &server, "append");
    let report = place.run(&["run", "family.yaml", "--output", "json"]).expect(0).json();
    assert_whole(&place);
    let requests = server.take();
    let items_pages: u64 = (0..OWNERS).map(|owner| (owner % 4).max(1)).sum();
    assert_eq!(requests.len() as u64, OWNERS.div_ceil(20) + items_pages + items_total());
    assert!(requests.iter().filter(|request| request.path == "/notes").all(|request| {
        let item = request.number("item", 0);
        request.param("n") == Some(&format!("x{}", item % 10)) && request.param("owner").is_none()
    }));
    for (index, (name, status)) in
        [("notes", "complete_as_told"), ("owners", "proven_complete"), ("items", "proven_complete")]
            .into_iter()
            .enumerate()
    {
        let resource = &report["resources"][index];
        assert_eq!(resource["name"], name);
        assert_eq!(resource["verdict"]["status"], status, "{resource}");
    }
    // The ledger has the children in the order of their parents, whatever came first.
    let order: Vec<u64> = place
        .committed_pages("family")
        .iter()
        .filter(|page| page["resource"] == "items")
        .map(|page| page["family"]["parent"].as_u64().unwrap())
        .collect();
    assert!(order.is_sorted() && order.len() as u64 == items_pages);
}

#[test]
fn a_parent_that_is_not_selected_is_fetched_and_not_loaded() {
    let server = Server::start(api);
    let place = Place::new();
    config(&place, &server, "replace");
    place.run(&["run", "family.yaml", "items", "--limit-pages", "2"]).expect(0);
    let tables = place.query(
        "family.duckdb",
        "select table_name from information_schema.tables where table_name not like '\\_dlt%' escape '\\'",
    );
    assert_eq!(tables, [["items"]]);
    assert!(server.take().iter().all(|request| request.path != "/notes"));
}

#[test]
fn killed_between_parents_and_children() {
    let server = Server::start(|request| {
        std::thread::sleep(Duration::from_millis(1));
        api(request)
    });
    let place = Place::new();
    config(&place, &server, "append");
    let args = ["run", "family.yaml", "--output", "json"];
    let whole =
        OWNERS.div_ceil(20) + (0..OWNERS).map(|owner| (owner % 4).max(1)).sum::<u64>() + items_total();
    let mut kills = 0;
    loop {
        let mut child = place.spawn(&args);
        let deadline = Instant::now() + Duration::from_mins(1);
        let before =
            place.path(".spile/family/packages").exists().then(|| place.staged_pages("family").len());
        let before = before.unwrap_or(0);
        let ended = loop {
            assert!(Instant::now() < deadline, "nothing was staged");
            if child.try_wait().unwrap().is_some() {
                break true;
            }
            let packages = place.path(".spile/family/packages");
            if packages.exists() && place.staged_pages("family").len() > before {
                break false;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        if ended || kills == 3 {
            assert!(child.wait().unwrap().success());
            break;
        }
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        kills += 1;
    }
    assert_whole(&place);
    assert_eq!(place.row("family.duckdb", "select count(*) from family_dataset._dlt_loads"), ["1"]);
    let pages = place.committed_pages("family");
    let ids: std::collections::HashSet<_> = pages.iter().map(|page| page["id"].to_string()).collect();
    assert_eq!((pages.len() as u64, ids.len() as u64), (whole, whole), "after {kills} kills");
}

#[test]
fn ignored_answers_leave_a_parent_without_rows() {
    let server = Server::start(api);
    let place = Place::new();
    let text = format!(
        r#"{{"client": {{"base_url": "{}"}}, "resources": [
            {{"name": "owners", "selected": false, "endpoint": {{"path": "owners", "paginator": "single_page"}}}},
            {{"name": "maybe", "endpoint": {{"path": "maybe/{{resources.owners.id}}",
              "response_actions": [{{"status_code": 404, "action": "ignore"}}]}}}}]}}"#,
        server.url("")
    );
    place.write("maybe.json", &text);
    let report = place.run(&["run", "maybe.json", "--output", "json"]).expect(3).json();
    assert_eq!(report["resources"][1]["records_loaded"], 10);
    let reasons = report["resources"][1]["verdict"]["reasons"].to_string();
    assert!(reasons.contains("10 of 20 parent rows were ignored"), "{reasons}");
    let pages: Vec<_> = server.take().iter().map(|request| request.path.clone()).collect();
    assert_eq!(pages.len(), 21);
}

#[test]
fn broken_families_are_named() {
    for (resources, code) in [
        (r#"[{"name": "a", "endpoint": "x/{resources.nope.id}"}]"#, "config/unknown-parent"),
        (r#"[{"name": "a", "endpoint": "x/{resources.a.id}"}]"#, "config/cycle"),
        (
            r#"[{"name": "a", "endpoint": "x/{resources.b.id}"}, {"name": "b", "endpoint": "x/{resources.a.id}"}]"#,
            "config/cycle",
        ),
        (
            r#"[{"name": "a", "endpoint": "x/{resources.b.id}/{resources.c.id}"}, "b", "c"]"#,
            "config/two-parents",
        ),
        (r#"[{"name": "a", "include_from_parent": ["id"]}]"#, "config/no-parent"),
        (r#"[{"name": "a", "endpoint": "x/{resources.b}"}, "b"]"#, "config/invalid-expression"),
        (
            r#"[{"name": "a", "endpoint": {"path": "x", "params": {"p": {"type": "resolve", "resource": "b", "field": "id"}}}}, "b"]"#,
            "config/unbound-resolve",
        ),
        (
            r#"[{"name": "a", "endpoint": {"path": "x", "params": {"p": "{resources.b.id:05d}"}}}, "b"]"#,
            "config/not-supported",
        ),
    ] {
        let place = Place::new();
        place.write(
            "c.json",
            &format!(r#"{{"client": {{"base_url": "http://127.0.0.1:9"}}, "resources": {resources}}}"#),
        );
        let outcome = place.run(&["check", "c.json"]);
        assert!(outcome.status != 0, "{resources}");
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(said.contains(code), "{code}: {said}");
    }
}
