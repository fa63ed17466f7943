//! `kill -9`, and the same command again: nothing lost, nothing doubled, nothing asked for twice.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Place, Recorded, Reply, Server};

const PAGES: u64 = 10_000;
const PAGE_ROWS: u64 = 12;

fn api(request: &Recorded) -> Reply {
    let page = request.number("page", 1);
    let first = (page - 1) * PAGE_ROWS;
    let items: Vec<_> = (first..first + PAGE_ROWS)
        .map(|id| json!({"id": id, "name": format!("row {id}"), "tags": [format!("t{}", id % 7)]}))
        .collect();
    Reply::json(
        json!({"items": items, "pagination": {"pages": PAGES, "total": PAGES * PAGE_ROWS, "current": page}}),
    )
}

fn config(place: &Place, server: &Server, write_disposition: &str) {
    let text = format!(
        r#"
client: {{base_url: "{}"}}
resource_defaults: {{primary_key: id, write_disposition: {write_disposition}}}
resources:
  - name: rows
    endpoint:
      path: rows
      data_selector: items
      paginator: {{type: page_number, base_page: 1, total_path: pagination.pages}}
"#,
        server.url("")
    );
    place.write("big.yaml", &text);
}

/// Waits for a line on standard error that holds `word`; false when the process ended before.
fn wait_for(child: &mut Child, word: &str) -> bool {
    let reader = BufReader::new(child.stderr.as_mut().unwrap());
    reader.lines().map_while(Result::ok).any(|line| line.contains(word))
}

fn kill(mut child: Child) {
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
}

fn assert_whole(place: &Place) {
    let total = (PAGES * PAGE_ROWS).to_string();
    let rows = place.row(
        "big.duckdb",
        "select count(*), count(distinct id), min(id), max(id), sum(id)::varchar from big_dataset.rows",
    );
    let last = PAGES * PAGE_ROWS - 1;
    let sum = last * (last + 1) / 2;
    assert_eq!(rows, [total.clone(), total.clone(), "0".into(), last.to_string(), sum.to_string()]);
    let children = place.row(
        "big.duckdb",
        "select count(*), count(distinct _dlt_parent_id) from big_dataset.rows__tags \
         where _dlt_parent_id in (select _dlt_id from big_dataset.rows)",
    );
    assert_eq!(children, [total.clone(), total]);
}

#[test]
fn killed_in_extraction_and_in_commit() {
    let server = Server::start(api);
    let place = Place::new();
    config(&place, &server, "append");
    let args = ["run", "big.yaml", "--output", "json", "--progress", "log"];

    let child = place.spawn(&args);
    let deadline = Instant::now() + Duration::from_mins(2);
    while place.path(".spile/big/packages").read_dir().map_or(0, Iterator::count) == 0
        || place.staged_pages("big").is_empty()
        || server.count() < 4_000
    {
        assert!(Instant::now() < deadline, "no page was staged");
        std::thread::sleep(Duration::from_millis(20));
    }
    kill(child);
    let staged = place.staged_pages("big").len() as u64;
    let sent = server.take().len() as u64;
    assert!(staged > 0 && staged < PAGES, "{staged} of {PAGES} pages staged");
    assert!(sent >= staged);
    assert!(!place.path("big.duckdb").exists(), "nothing is visible before the commit");

    let mut child = place.spawn(&args);
    assert!(wait_for(&mut child, "loading"), "the second run came to its commit");
    std::thread::sleep(Duration::from_millis(150));
    kill(child);
    let mut requested: Vec<u64> = server.take().iter().map(|request| request.number("page", 0)).collect();
    // Pages ahead of their turn arrive in any order.
    requested.sort_unstable();
    let missing: Vec<u64> = (staged + 1..=PAGES).collect();
    assert!(requested == missing, "only pages that were not staged are asked for, and each once");

    let report = place.run(&args).expect(0).json();
    assert_eq!(server.count(), 0, "a sealed load needs no request");
    assert_eq!(report["recovered_load_ids"].as_array().unwrap().len(), 1);
    assert_eq!(report["resources"][0]["verdict"]["status"], "proven_complete");
    assert_eq!(report["resources"][0]["pages"], PAGES);
    assert_whole(&place);
    let loads = place.row("big.duckdb", "select count(*), max(status) from big_dataset._dlt_loads");
    assert_eq!(loads, ["1", "0"], "the load is recorded once");
}

#[test]
fn killed_at_many_moments_of_the_commit() {
    let server = Server::start(api);
    for (round, delay_ms) in [0, 40, 120, 250, 500, 900].into_iter().enumerate() {
        let place = Place::new();
        let disposition = ["append", "merge", "replace"][round % 3];
        config(&place, &server, disposition);
        let args = ["run", "big.yaml", "--output", "json", "--progress", "log", "--limit-pages", "1500"];
        let mut child = place.spawn(&args);
        assert!(wait_for(&mut child, "loading"));
        std::thread::sleep(Duration::from_millis(delay_ms));
        kill(child);
        server.take();
        // A run that ended before the kill needs no second one; whether it did shows in its package being gone.
        if place.path(".spile/big/packages").read_dir().unwrap().count() > 0 {
            place.run(&args).expect(0);
        }
        let again = server.take().len();
        let rows = place.row("big.duckdb", "select count(*), count(distinct id) from big_dataset.rows");
        let expected = (1500 * PAGE_ROWS).to_string();
        assert_eq!(rows, [expected.clone(), expected], "{disposition}, killed after {delay_ms} ms");
        assert_eq!(again, 0, "{disposition}, killed after {delay_ms} ms");
    }
}
