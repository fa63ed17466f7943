//! `kill -9` between any two statements of a commit: nothing lost, nothing doubled, nothing half seen.
//!
//! The binary under test holds at the step that it is told (`SPILE_HOLD_AT`, builds with debug assertions only), readers
//! look at the dataset meanwhile, and the process is killed. Always run: every disposition and strategy on every
//! destination, held at every fourth step; `SPILE_KILLS=all` holds at every step.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Place, Recorded, Reply, Server};
use crate::load_postgres::Postgres;

/// What one load does, and what is there after the loads 0 to k: rows, ids, the sum of `v`, active versions.
struct Way {
    name: &'static str,
    refresh: Option<&'static str>,
    disposition: fn() -> Value,
    expected: fn(usize) -> [usize; 4],
}

/// The sum of 0 to k.
fn triangle(k: usize) -> usize {
    k * (k + 1) / 2
}

fn merge(strategy: &str) -> Value {
    json!({"disposition": "merge", "strategy": strategy})
}

/// Loads that take away what was there before them.
const fn refreshing(name: &'static str) -> Way {
    Way { name, refresh: Some(name), disposition: || json!("append"), expected: |k| [3, 3, k, 3] }
}

const WAYS: [Way; 9] = [
    refreshing("drop_sources"),
    refreshing("drop_resources"),
    refreshing("drop_data"),
    Way {
        name: "append",
        refresh: None,
        disposition: || json!("append"),
        expected: |k| [3 * (k + 1), 3 + k, triangle(k), 3 * (k + 1)],
    },
    Way { name: "replace", refresh: None, disposition: || json!("replace"), expected: |k| [3, 3, k, 3] },
    Way {
        name: "delete_insert",
        refresh: None,
        disposition: || json!("merge"),
        expected: |k| [3 + k, 3 + k, k, 3 + k],
    },
    Way {
        name: "upsert",
        refresh: None,
        disposition: || merge("upsert"),
        expected: |k| [3 + k, 3 + k, k, 3 + k],
    },
    Way {
        name: "insert_only",
        refresh: None,
        disposition: || merge("insert-only"),
        expected: |k| [3 + k, 3 + k, 0, 3 + k],
    },
    Way {
        name: "scd2",
        refresh: None,
        disposition: || merge("scd2"),
        expected: |k| [2 * k + 3, 3 + k, triangle(k), 3],
    },
];

/// A record that changes with every load, one that stays, and one that is new; each with a list of two.
fn api(load: usize, _request: &Recorded) -> Reply {
    let record = |id: usize, v: usize| json!({"id": id, "v": v, "tags": [format!("{v}"), "t"]});
    Reply::json(json!({"data": [record(1, load), record(2, 0), record(10 + load, 0)]}))
}

/// Where a way is loaded into, and how it is looked at.
enum Target<'a> {
    DuckDb,
    Postgres(&'a Postgres),
}

impl Target<'_> {
    fn query(&self, place: &Place, name: &str) -> String {
        let dataset = format!("{name}_dataset");
        let active = if name == "scd2" { "WHERE _dlt_valid_to IS NULL" } else { "" };
        let sql = format!(
            "SELECT (SELECT count(*) FROM {dataset}.rows), (SELECT count(DISTINCT id) FROM {dataset}.rows), \
             (SELECT CAST(sum(v) AS bigint) FROM {dataset}.rows), (SELECT count(*) FROM {dataset}.rows {active}), \
             (SELECT count(*) FROM {dataset}.rows__tags), (SELECT count(*) FROM {dataset}.rows__tags AS t WHERE NOT EXISTS \
             (SELECT 1 FROM {dataset}.rows AS r WHERE r._dlt_id = t._dlt_parent_id)), \
             (SELECT count(*) FROM {dataset}._dlt_loads), (SELECT count(DISTINCT load_id) FROM {dataset}._dlt_loads)"
        );
        match self {
            Self::DuckDb => place.row(&format!("{name}.duckdb"), &sql).join(","),
            Self::Postgres(server) => server.query(&sql).join(";"),
        }
    }
}

/// What [`Target::query`] answers after the loads 0 to k.
fn whole(way: &Way, load: usize) -> String {
    let [rows, ids, sum, active] = (way.expected)(load);
    format!("{rows},{ids},{sum},{active},{},0,{},{}", 2 * rows, load + 1, load + 1)
}

fn load_and_kill(way: &Way, target: &Target<'_>) -> usize {
    let current = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&current);
    let server = Server::start(move |request| api(seen.load(Ordering::SeqCst), request));
    let place = match target {
        Target::DuckDb => Place::new(),
        Target::Postgres(server) => {
            Place::new().variable("DESTINATION__POSTGRES__CREDENTIALS", &server.url_of("postgres"))
        }
    };
    let config = json!({
        "refresh": way.refresh,
        "client": {"base_url": server.url("")},
        "resources": [{
            "name": "rows", "primary_key": "id", "write_disposition": (way.disposition)(),
            "endpoint": {"path": "rows", "data_selector": "data", "paginator": "single_page"},
        }],
    });
    let file = format!("{}.json", way.name);
    place.write(&file, &config.to_string());
    let destination = match target {
        Target::DuckDb => "duckdb",
        Target::Postgres(_) => "postgres",
    };
    let args = ["run", &*file, "--destination", destination];
    place.run(&args).expect(0);
    assert_eq!(target.query(&place, way.name), whole(way, 0), "{}", way.name);
    let stride = if std::env::var("SPILE_KILLS").is_ok_and(|word| word == "all") { 1 } else { 4 };
    for (kills, step) in (0..).step_by(stride).enumerate() {
        let load = kills + 1;
        current.store(load, Ordering::SeqCst);
        let killed = kill_at(&place, &args, step, || {
            // DuckDB's file is locked by its writer, and a table that is dropped by its transaction; other readers see what
            // was there before, or all of it.
            let drops = way.refresh.is_some_and(|refresh| refresh != "drop_data");
            if let (Target::Postgres(_), false) = (target, drops) {
                assert_is_one_of(way, target, &place, load, step);
            }
        });
        if killed {
            assert_is_one_of(way, target, &place, load, step);
            server.take();
            place.run(&args).expect(0);
            assert_eq!(server.count(), 0, "{}: a sealed load needs no request", way.name);
        }
        assert_eq!(target.query(&place, way.name), whole(way, load), "{}, killed at step {step}", way.name);
        if !killed {
            return kills;
        }
    }
    unreachable!("a commit has an end")
}

fn assert_is_one_of(way: &Way, target: &Target<'_>, place: &Place, load: usize, step: usize) {
    let found = target.query(place, way.name);
    let allowed = [whole(way, load - 1), whole(way, load)];
    assert!(allowed.contains(&found), "{}, step {step}: {found} is neither of {allowed:?}", way.name);
}

/// Runs until the step, calls `look`, and kills; `false` when the run ended before.
fn kill_at(place: &Place, args: &[&str], step: usize, look: impl FnOnce()) -> bool {
    let marker = place.path("held");
    let hold = format!("{step}:{}", marker.display());
    let mut child = place
        .command(args)
        .env("SPILE_HOLD_AT", hold)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !marker.exists() {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "the run failed before step {step}");
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    look();
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    std::fs::remove_file(marker).unwrap();
    true
}

#[test]
fn killed_between_statements_on_duckdb() {
    let kills: usize = WAYS.iter().map(|way| load_and_kill(way, &Target::DuckDb)).sum();
    println!("{kills} kills");
    assert!(kills >= WAYS.len() * 2, "{kills} kills");
}

#[test]
fn killed_between_statements_on_postgres() {
    let Some(postgres) = Postgres::start() else { return };
    let kills: usize = WAYS.iter().map(|way| load_and_kill(way, &Target::Postgres(&postgres))).sum();
    println!("{kills} kills");
    assert!(kills >= WAYS.len() * 2, "{kills} kills");
}
