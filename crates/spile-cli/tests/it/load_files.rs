//! Files and SQLite from the command line: the same as dlt's, turns with dlt, `kill -9` while rows are loaded.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::harness::{Place, Recorded, Reply, Server, python, repository};

/// Runs one of the Python scripts and returns what it printed.
fn run_python(script: &str, args: &[&str]) -> String {
    let output =
        Command::new(python()).arg(repository().join("testdata").join(script)).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs dlt once.
fn run_dlt(place: &Place, config: &Path, destination: &str, name: &str, format: Option<&str>) {
    let work = place.path("dlt");
    let mut args = vec![config.to_str().unwrap(), destination, name, work.to_str().unwrap()];
    args.extend(format);
    run_python("interchange/run.py", &args);
}

/// Returns the URL of a folder of the place.
fn folder_url(place: &Place, name: &str) -> String {
    format!("file://{}", place.path(name).display())
}

#[test]
fn files_are_those_of_dlt() {
    let items = json!([
        {"id": 1, "name": "a\"x, y\n\u{e9}", "ok": true, "ratio": 0.5, "at": "2024-01-01T00:00:00Z", "large": 9_007_199_254_740_993_i64,
         "exact": "2024-01-01T00:00:00.123Z", "price": "1.25", "doc": {"a": [1, null, "é"]}, "day": "2024-01-02",
         "tags": [{"x": 1}, {"x": 2}]},
        {"id": 2, "name": null, "ok": false, "ratio": 3.0, "at": null},
    ]);
    let server = Server::start(move |_| Reply::json(&items));
    let place = Place::new();
    let config = json!({
        "client": {"base_url": server.url("")},
        "resources": [{
            "name": "items", "primary_key": "id", "write_disposition": "append",
            "columns": {"price": {"data_type": "decimal"}, "doc": {"data_type": "json"}, "day": {"data_type": "date"}},
            "endpoint": {"path": "items", "paginator": "single_page"},
        }],
    });
    let config = place.write("same.json", &config.to_string());
    for format in ["jsonl", "parquet", "csv"] {
        let name = format!("same_{format}");
        let [ours, theirs] = ["spile", "dlt"].map(|writer| format!("{writer}-{format}"));
        run_dlt(&place, &config, &folder_url(&place, &theirs), &name, Some(format));
        let destination = format!("{}?format={format}", folder_url(&place, &ours));
        place.run(&["run", "same.json", "--destination", &destination, "--pipeline", &name]).expect(0);
        let [ours, theirs] = [ours, theirs].map(|folder| place.path(&folder).join(format!("{name}_dataset")));
        let differences = run_python("files/compare.py", &[theirs.to_str().unwrap(), ours.to_str().unwrap()]);
        assert_eq!(differences, "", "{format}");
    }
}

const TURNS: usize = 6;

fn at(turn: usize) -> String {
    format!("2024-01-{:02}T00:00:00Z", turn + 1)
}

/// Every turn has an event that is new; the API answers all from `since` on, the last one again.
fn events(turn: usize, request: &Recorded) -> Reply {
    let since = request.param("since").unwrap_or_default();
    let all = (0..=turn).map(|id| json!({"id": id, "at": at(id), format!("column_{id}"): id, "tags": [id]}));
    let rows: Vec<Value> = all.filter(|row| row["at"].as_str().unwrap() >= since).collect();
    Reply::json(json!({ "data": rows }))
}

/// dlt and Spile take turns; nothing but the destination remembers.
fn take_turns(destination: impl Fn(&Place) -> String, count: impl Fn(&Place) -> Vec<i64>) {
    let current = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&current);
    let server = Server::start(move |request| events(*seen.lock().unwrap(), request));
    let place = Place::new();
    let config = json!({
        "client": {"base_url": server.url("")},
        "resources": [{
            "name": "events", "primary_key": "id", "write_disposition": "append",
            "endpoint": {
                "path": "events", "data_selector": "data", "paginator": "single_page",
                "params": {"since": "{incremental.start_value}"},
                "incremental": {"cursor_path": "at", "initial_value": "2023-01-01T00:00:00Z"},
            },
        }],
    });
    let config = place.write("mix.json", &config.to_string());
    let destination = destination(&place);
    for turn in 0..TURNS {
        *current.lock().unwrap() = turn;
        if turn % 2 == 0 {
            run_dlt(&place, &config, &destination, "mix", None);
        } else {
            place.run(&["run", "mix.json", "--destination", &destination]).expect(0);
        }
        let start = if turn == 0 { "2023-01-01T00:00:00Z".to_owned() } else { at(turn - 1) };
        let starts: Vec<String> =
            server.take().iter().map(|request| request.param("since").unwrap().to_owned()).collect();
        assert_eq!(starts, [start], "turn {turn}");
        let mut ids = count(&place);
        ids.sort_unstable();
        let expected: Vec<i64> = (0..=turn as i64).collect();
        assert_eq!(ids, expected, "turn {turn}");
        for folder in [place.path(".spile"), place.path("dlt")] {
            if folder.exists() {
                std::fs::remove_dir_all(folder).unwrap();
            }
        }
    }
    let shown =
        place.run(&["show", "mix", "--destination", &destination, "--output", "json"]).expect(0).json();
    let rows = |name: &str| {
        let tables = shown["tables"].as_array().unwrap();
        tables.iter().find(|table| table["name"] == name).unwrap()["rows"].clone()
    };
    assert_eq!(rows("events"), TURNS);
    assert_eq!(rows("events__tags"), TURNS);
    assert_eq!(shown["loads"].as_array().unwrap().len(), TURNS);
}

#[test]
fn turns_with_dlt_on_files() {
    take_turns(
        |place| folder_url(place, "lake"),
        |place| {
            let files = place.path("lake/mix_dataset/events/*.jsonl.gz");
            let sql = format!("select id from read_json('{}', union_by_name := true)", files.display());
            place.query("look.duckdb", &sql).iter().map(|row| row[0].parse().unwrap()).collect()
        },
    );
}

#[test]
fn turns_with_dlt_on_sqlite() {
    take_turns(
        |place| format!("sqlite:///{}", place.path("mix.db").display()),
        |place| query_sqlite(place, "mix__mix_dataset.db", "select id from events"),
    );
}

/// Returns the numbers of a query, row by row.
fn query_sqlite(place: &Place, file: &str, sql: &str) -> Vec<i64> {
    let script = "import json, sqlite3, sys\n\
                  print(json.dumps([x for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]) for x in row]))";
    let path = place.path(file);
    let output = Command::new(python()).args(["-c", script, path.to_str().unwrap(), sql]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

const ROWS: i64 = 6_000;

fn big(request: &Recorded) -> Reply {
    let page = request.number("page", 1) as i64;
    let rows: Vec<Value> =
        ((page - 1) * 1000..page * 1000).map(|id| json!({"id": id, "tags": [id]})).collect();
    Reply::json(json!({"items": rows, "pages": ROWS / 1000}))
}

/// Kills a run at a moment of its load, `round` milliseconds after the package was sealed; `false`: it had ended.
fn kill_while_loading(place: &Place, args: &[&str], packages: &str, round: u64) -> bool {
    let mut child = place.spawn(args);
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        let sealed = place.path(packages).read_dir().into_iter().flatten().flatten();
        if sealed.map(|entry| entry.path().join("manifest.json")).any(|manifest| manifest.exists()) {
            std::thread::sleep(std::time::Duration::from_millis(round * 7));
            child.kill().unwrap(); // SIGKILL
            child.wait().unwrap();
            return true;
        }
        std::thread::yield_now();
    }
}

/// Loads, kills, loads again: `count` returns rows, distinct ids and child rows. `times`: how often every row is there
/// after so many loads.
fn kills(destination: &str, disposition: &str, times: fn(i64) -> i64, count: &dyn Fn(&Place) -> Vec<i64>) {
    let server = Server::start(big);
    let place = Place::new();
    let config = json!({
        "client": {"base_url": server.url("")},
        "resources": [{
            "name": "rows", "primary_key": "id", "write_disposition": disposition,
            "endpoint": {
                "path": "rows", "data_selector": "items",
                "paginator": {"type": "page_number", "base_page": 1, "total_path": "pages"},
            },
        }],
    });
    place.write("big.json", &config.to_string());
    let args = ["run", "big.json", "--destination", destination];
    let whole = |loads: i64| vec![times(loads) * ROWS, ROWS, times(loads) * ROWS];
    place.run(&args).expect(0);
    for load in 2..5_i64 {
        if kill_while_loading(&place, &args, ".spile/big/packages", load.unsigned_abs() - 2) {
            if disposition == "replace" {
                assert!(count(&place)[0] >= ROWS, "`replace` never shows less than before");
            }
            place.run(&args).expect(0);
        }
        assert_eq!(count(&place), whole(load), "{destination} {disposition}, load {load}");
    }
    assert!(place.path(".spile/big/packages").read_dir().unwrap().next().is_none());
}

#[test]
fn kills_while_files_are_written() {
    let count = |place: &Place| {
        let folder = place.path("lake/big_dataset");
        let sql = format!(
            "select count(*), count(distinct id), (select count(*) from read_json('{0}/rows__tags/*.jsonl.gz')) \
             from read_json('{0}/rows/*.jsonl.gz')",
            folder.display()
        );
        place.row("look.duckdb", &sql).iter().map(|value| value.parse().unwrap()).collect()
    };
    kills("file:lake", "append", |loads| loads, &count);
    kills("file:lake", "replace", |_| 1, &count);
}

#[test]
fn kills_while_sqlite_is_written() {
    let count = |place: &Place| {
        let sql = "select count(*), count(distinct id), (select count(*) from rows__tags) from rows";
        query_sqlite(place, "big__big_dataset.db", sql)
    };
    kills("sqlite:///big.db", "append", |loads| loads, &count);
    kills("sqlite:///big.db", "merge", |_| 1, &count);
}

#[test]
fn merging_into_files_is_said_to_append() {
    let server = Server::start(|_| Reply::json(json!([{"id": 1}])));
    let place = Place::new();
    let config = json!({
        "client": {"base_url": server.url("")},
        "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
        "resources": [
            {"name": "items", "endpoint": {"path": "items", "paginator": "single_page"}},
            {"name": "packed", "file_format": "parquet", "endpoint": {"path": "items", "paginator": "single_page"}},
        ],
    });
    place.write("m.json", &config.to_string());
    let place = place
        .variable("DESTINATION__FILESYSTEM__BUCKET_URL", "lake")
        .variable("DESTINATION__FILESYSTEM__LAYOUT", "{table_name}/{YYYY}/{load_id}.{file_id}.{ext}")
        .variable("DATA_WRITER__DISABLE_COMPRESSION", "true");
    for _twice in 0..2 {
        let report =
            place.run(&["run", "m.json", "--destination", "filesystem", "--output", "json"]).expect(0).json();
        let warnings = report["warnings"].to_string();
        assert!(warnings.contains("items: rows are appended"), "{warnings}");
    }
    for (reader, files) in [("read_json", "items/2*/*.jsonl"), ("read_parquet", "packed/2*/*.parquet")] {
        let files = place.path("lake/m_dataset").join(files);
        let sql = format!("select count(*) from {reader}('{}')", files.display());
        assert_eq!(place.row("look.duckdb", &sql), ["2"]);
    }
}

#[test]
fn what_files_cannot_be_is_said() {
    let place = Place::new();
    place.write("c.json", r#"{"client": {"base_url": "http://127.0.0.1:1"}, "resources": ["a"]}"#);
    for (destination, code) in [
        ("filesystem", "config/missing-bucket-url"),
        ("gs://bucket", "config/destination-not-supported"),
        ("filesistem", "config/destination-not-supported"),
        ("s3://bucket?layout={x}", "destination/layout"),
        ("s3://bucket?aws_secret_acces_key=hunter22", "destination/location"),
        (
            "s3://bucket/x?endpoint_url=http://127.0.0.1:1&aws_access_key_id=k&aws_secret_access_key=hunter22&region=x",
            "destination/unreachable",
        ),
    ] {
        let outcome = place.run(&["run", "c.json", "--destination", destination]);
        let shown = format!("{outcome:?}");
        assert!(outcome.status != 0 && shown.contains(code), "{destination}: {shown}");
        assert!(!shown.contains("hunter22"), "{shown}");
    }
}
