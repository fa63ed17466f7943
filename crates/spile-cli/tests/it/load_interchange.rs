//! dlt and Spile take turns on one dataset: nothing is lost, doubled or read from the start again.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::harness::{Place, Recorded, Reply, Server, python, repository};

const RUNS: usize = 10;

/// The newest cursor value of a run.
fn at(run: usize) -> String {
    format!("2024-01-{:02}T00:00:00Z", run + 1)
}

/// What the API holds at a run: an item that is new, one that changes every time, a column that comes and goes; an
/// event that is new, and one that comes late with a cursor value that was read before.
fn rows(run: usize) -> Value {
    let changing = json!({"id": 0, "at": at(run), "tags": vec!["z"; run + 1]});
    let mut items = vec![changing];
    let mut events = vec![json!({"id": 0, "at": at(0)})];
    for earlier in 1..=run {
        let mut item = json!({"id": earlier, "at": at(earlier), "tags": ["a", earlier.to_string()]});
        if earlier % 2 == 1 {
            item[format!("column_{earlier}")] = json!(earlier);
        }
        items.push(item);
        events.push(json!({"id": earlier, "at": at(earlier)}));
        events.push(json!({"id": 100 + earlier, "at": at(earlier - 1)}));
    }
    json!({"items": items, "events": events})
}

fn api(run: usize, request: &Recorded) -> Reply {
    let since = request.param("since").unwrap_or_default();
    let mut rows = rows(run)[request.path.trim_start_matches('/')].take();
    rows.as_array_mut().unwrap().retain(|row| row["at"].as_str().unwrap() >= since);
    Reply::json(json!({"data": rows}))
}

fn resource(name: &str, write_disposition: &Value) -> Value {
    json!({
        "name": name,
        "primary_key": "id",
        "write_disposition": write_disposition,
        "endpoint": {
            "path": name,
            "data_selector": "data",
            "paginator": "single_page",
            "params": {"since": "{incremental.start_value}"},
            "incremental": {"cursor_path": "at", "initial_value": "2023-01-01T00:00:00Z"},
        },
    })
}

/// Runs real dlt on a config, into the file that Spile loads into.
fn run_dlt(place: &Place, config: &Path) {
    let output = Command::new(python())
        .arg(repository().join("testdata/interchange/run.py"))
        .args([config, &place.path("mix.duckdb"), Path::new("mix"), &place.path("dlt")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Takes turns and looks at the dataset after each; `forget` clears both working folders between the runs.
fn take_turns(first: usize, forget: bool, merge: &Value) {
    let current = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&current);
    let server = Server::start(move |request| api(*seen.lock().unwrap(), request));
    let place = Place::new();
    let config = json!({
        "client": {"base_url": server.url("")},
        "resources": [resource("items", merge), resource("events", &json!("append"))],
    });
    let config = place.write("mix.json", &config.to_string());
    for run in 0..RUNS {
        *current.lock().unwrap() = run;
        if run % 2 == first {
            run_dlt(&place, &config);
        } else {
            place.run(&["run", "mix.json"]).expect(0);
        }
        let start = if run == 0 { "2023-01-01T00:00:00Z".to_owned() } else { at(run - 1) };
        let requests = server.take();
        let starts: Vec<_> = requests.iter().map(|request| request.param("since").unwrap()).collect();
        assert_eq!(starts, [&start, &start], "run {run}");
        assert_dataset(&place, run);
        if forget {
            for folder in [place.path(".spile"), place.path("dlt")] {
                if folder.exists() {
                    std::fs::remove_dir_all(folder).unwrap();
                }
            }
        }
    }
}

fn assert_dataset(place: &Place, run: usize) {
    let counts = place.row(
        "mix.duckdb",
        "select (select count(*) from mix_dataset.items), (select count(distinct id) from mix_dataset.items), \
         (select count(*) from mix_dataset.items__tags), \
         (select count(*) from mix_dataset.items__tags as t \
          where not exists (select 1 from mix_dataset.items as i where i._dlt_id = t._dlt_root_id)), \
         (select count(*) from mix_dataset.events), (select count(distinct id) from mix_dataset.events), \
         (select count(distinct load_id) from mix_dataset._dlt_loads where status = 0)",
    );
    let events = 1 + 2 * run;
    let expected = [run + 1, run + 1, run + 1 + 2 * run, 0, events, events, run + 1].map(|n| n.to_string());
    assert_eq!(counts, expected, "run {run}");
    if run > 0 {
        let odd = if run % 2 == 1 { run } else { run - 1 };
        let sql = format!("select id, column_{odd} from mix_dataset.items where column_{odd} is not null");
        assert_eq!(place.row("mix.duckdb", &sql), [odd.to_string(), odd.to_string()]);
    }
}

#[test]
fn dlt_begins() {
    take_turns(0, false, &json!("merge"));
}

#[test]
fn spile_begins() {
    take_turns(1, false, &json!("merge"));
}

/// Both derive the same row keys: what one has stored, the other one finds.
#[test]
fn only_the_destination_is_kept() {
    take_turns(0, true, &json!({"disposition": "merge", "strategy": "upsert"}));
}

/// A version that one has stored is the same one to the other: it neither ends nor begins again.
#[test]
fn versions_change_hands() {
    // A record that changes with each load, one that stays, one that is there in every other load.
    let snapshot = |load: usize| {
        let record = |id: usize, v: usize| json!({"id": id, "v": v, "deep": {"at": [v, {"x": id}]}});
        let mut rows = vec![record(1, load), record(2, 0)];
        rows.extend(load.is_multiple_of(2).then(|| record(3, 0)));
        rows
    };
    let current = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&current);
    let server = Server::start(move |_| Reply::json(json!({"data": snapshot(*seen.lock().unwrap())})));
    let place = Place::new();
    let mut versions = resource("items", &json!({"disposition": "merge", "strategy": "scd2"}));
    versions["endpoint"] = json!({"path": "items", "data_selector": "data", "paginator": "single_page"});
    let config = json!({"client": {"base_url": server.url("")}, "resources": [versions]});
    let config = place.write("mix.json", &config.to_string());
    for load in 0..4 {
        *current.lock().unwrap() = load;
        if load % 2 == 0 {
            run_dlt(&place, &config);
        } else {
            place.run(&["run", "mix.json"]).expect(0);
        }
        let returns = load / 2 + 1;
        let counts = place.row(
            "mix.duckdb",
            "select count(*) filter (id = 1), count(*) filter (id = 2), count(*) filter (id = 3), \
             count(*) filter (_dlt_valid_to is null), (select count(*) from mix_dataset.items__deep__at) \
             from mix_dataset.items",
        );
        let active = if load % 2 == 0 { 3 } else { 2 };
        // Nested rows of a version are stored once: two for each version of 1, and for 2 and 3.
        let nested = 2 * (load + 1) + 4;
        let expected = [load + 1, 1, returns, active, nested].map(|count| count.to_string());
        assert_eq!(counts, expected, "load {load}");
    }
}
