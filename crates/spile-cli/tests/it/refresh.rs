//! `refresh` and `dev_mode`: the same tables, rows and cursors as dlt leaves, and nothing taken away before the commit.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::{Place, Recorded, Reply, Server, python, repository};

/// What the API has in a step: records that are new, lists that come and go.
fn api(step: usize, request: &Recorded) -> Reply {
    let rows: Vec<Value> = match request.path.trim_start_matches('/') {
        // What lies before the cursor is not given.
        "moving" => (0..=step)
            .map(|n| json!({"id": n, "at": format!("2024-01-0{}T00:00:00Z", n + 1)}))
            .filter(|row| request.param("since").is_none_or(|since| row["at"].as_str() >= Some(since)))
            .collect(),
        "nested" if step.is_multiple_of(2) => {
            vec![json!({"id": step, "list": [{"n": step}, {"n": 1}], "only": step})]
        }
        "nested" => vec![json!({"id": step, "other": "x"})],
        "merged" => {
            vec![json!({"id": 1, "v": step, "tags": ["a"]}), json!({"id": 10 + step, "v": 0, "tags": []})]
        }
        "gone" if step > 0 => Vec::new(),
        path if path.starts_with("children/") => vec![json!({"of": path, "step": step})],
        _ => vec![json!({"id": step, "v": format!("v{step}")})],
    };
    Reply::json(json!({"data": rows}))
}

fn config(url: &str) -> Value {
    let endpoint = |path: &str| json!({"path": path, "data_selector": "data", "paginator": "single_page"});
    let moving = json!({
        "path": "moving", "data_selector": "data", "paginator": "single_page",
        "incremental": {"cursor_path": "at", "initial_value": "2024-01-01T00:00:00Z", "start_param": "since"},
    });
    json!({
        "client": {"base_url": url},
        "resources": [
            {"name": "moving", "endpoint": moving},
            {"name": "nested", "endpoint": endpoint("nested")},
            {"name": "merged", "primary_key": "id", "write_disposition": "merge", "endpoint": endpoint("merged")},
            {"name": "replaced", "write_disposition": "replace", "endpoint": endpoint("replaced")},
            {"name": "gone", "table_name": "went", "endpoint": endpoint("gone")},
            {"name": "parents", "endpoint": endpoint("parents")},
            {"name": "children", "endpoint": endpoint("children/{resources.parents.id}")},
        ],
    })
}

/// One run: how it refreshes, and which resources it has.
type Step = (Option<&'static str>, &'static [&'static str]);

/// Runs the steps with Spile and with dlt and returns what each leaves after each.
fn sequences(steps: &[Step]) -> (Vec<Value>, Vec<Value>) {
    let (ours, place) = with_spile(steps);
    let servers: Vec<Server> =
        (0..steps.len()).map(|step| Server::start(move |request| api(step, request))).collect();
    let mut described = Vec::new();
    for (step, (refresh, resources)) in steps.iter().enumerate() {
        let name = format!("step-{step}.json");
        place.write(&name, &config(&servers[step].url("")).to_string());
        let resources = (!resources.is_empty()).then_some(resources);
        described.push(json!({"config": name, "refresh": refresh, "resources": resources}));
    }
    place.write("steps.json", &json!(described).to_string());
    (ours, look(&[place.path("").to_str().unwrap()]).as_array().unwrap().clone())
}

/// Runs `testdata/oracle/refresh.py`.
fn look(arguments: &[&str]) -> Value {
    let script = repository().join("testdata/oracle/refresh.py");
    let output = Command::new(python()).arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn with_spile(steps: &[Step]) -> (Vec<Value>, Place) {
    let current = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&current);
    let server = Server::start(move |request| api(seen.load(Ordering::SeqCst), request));
    let place = Place::new();
    place.write("refreshed.json", &config(&server.url("")).to_string());
    let mut looks = Vec::new();
    for (step, (refresh, resources)) in steps.iter().enumerate() {
        current.store(step, Ordering::SeqCst);
        let mut arguments = vec!["run", "refreshed.json", "--dataset", "data"];
        arguments.extend(*resources);
        if let Some(refresh) = refresh {
            arguments.extend(["--refresh", refresh]);
        }
        let outcome = place.run(&arguments);
        assert!(matches!(outcome.status, 0 | 3), "{outcome:?}");
        looks.push(look(&["--look", place.path("refreshed.duckdb").to_str().unwrap()]));
    }
    (looks, place)
}

#[test]
fn dlt_leaves_the_same_after_every_refresh() {
    let all: &[&str] = &[];
    let sequence: [Step; 9] = [
        // Before the first load there is nothing to take away.
        (Some("drop_sources"), all),
        (None, all),
        (Some("drop_data"), all),
        (None, all),
        (Some("drop_resources"), &["moving", "merged"]),
        (Some("drop_resources"), &["children"]),
        (Some("drop_data"), &["moving"]),
        (Some("drop_sources"), &["nested"]),
        (None, all),
    ];
    let (ours, theirs) = sequences(&sequence);
    assert_eq!((ours.len(), theirs.len()), (sequence.len(), sequence.len()));
    for (step, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        for key in ["tables", "sources", "schema_tables", "propagated", "schemas", "loads"] {
            assert_eq!(ours[key], theirs[key], "`{key}` after step {step}, {:?}", sequence[step]);
        }
    }
}

#[test]
fn a_run_that_fails_takes_nothing_away() {
    let broken = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&broken);
    let server = Server::start(move |request| match (seen.load(Ordering::SeqCst), request.path.as_str()) {
        (1, "/replaced") => Reply::json("{}").status(400),
        _ => api(0, request),
    });
    let place = Place::new();
    place.write("refreshed.json", &config(&server.url("")).to_string());
    let arguments = ["run", "refreshed.json", "--dataset", "data"];
    assert!(matches!(place.run(&arguments).status, 0 | 3));
    let database = place.path("refreshed.duckdb");
    let before = look(&["--look", database.to_str().unwrap()]);
    broken.store(1, Ordering::SeqCst);
    for mode in ["drop_sources", "drop_resources", "drop_data"] {
        place.run(&[&arguments[..], &["--refresh", mode]].concat()).expect(1);
        assert_eq!(look(&["--look", database.to_str().unwrap()]), before, "{mode}");
    }
}

#[test]
fn what_a_refresh_takes_away_is_said_and_what_is_no_refresh_is_refused() {
    let server = Server::start(|request| api(0, request));
    let place = Place::new();
    let text = json!({
        "client": {"base_url": server.url("")}, "refresh": "drop_data",
        "resources": [{"name": "nested", "endpoint": {"path": "nested", "data_selector": "data", "paginator": "single_page"}}],
    });
    place.write("c.json", &text.to_string());
    place.run(&["run", "c.json"]).expect(0);
    let told = place.run(&["run", "c.json"]).expect(0).stdout;
    assert!(told.contains("emptied before loading: nested__list, nested"), "{told}");
    // The command line wins over the config.
    let report =
        place.run(&["run", "c.json", "--refresh", "drop_sources", "--output", "json"]).expect(0).json();
    assert_eq!(report["clearing"]["dropped"], json!(["nested__list", "nested"]));
    assert_eq!(place.row("c.duckdb", "select count(*) from c_dataset.nested"), ["1"]);
    let explained = place.run(&["explain", "c.json"]).expect(0).stdout;
    assert!(explained.contains("refresh drop_data"), "{explained}");
    assert_eq!(place.run(&["run", "c.json", "--refresh", "all"]).status, 2);
    for (wrong, code) in [("\"everything\"", "config/invalid-value"), ("true", "config/wrong-type")] {
        place.write("w.json", &text.to_string().replace("\"drop_data\"", wrong));
        let refused = place.run(&["check", "w.json"]);
        assert!(refused.status == 2 && refused.stderr.contains(code), "{refused:?}");
    }
}

#[test]
fn every_run_of_dev_mode_has_a_dataset_of_its_own() {
    let server = Server::start(|request| api(2, request));
    let place = Place::new();
    let script = format!(
        "import dlt\nfrom dlt.sources.rest_api import rest_api_source\n\
         pipeline = dlt.pipeline('dev', destination='duckdb', dataset_name='shop', dev_mode=True)\n\
         pipeline.run(rest_api_source({{'client': {{'base_url': '{}'}}, 'resources': [{{'name': 'moving', 'endpoint': \
         {{'path': 'moving', 'data_selector': 'data', 'paginator': 'single_page', 'incremental': {{'cursor_path': 'at', \
         'start_param': 'since', 'initial_value': '2024-01-01T00:00:00Z'}}}}}}]}}))\n",
        server.url("")
    );
    place.write("dev.py", &script);
    let mut datasets: Vec<String> = (0..2)
        .map(|_| {
            let report = place.run(&["run", "dev.py", "--output", "json"]).expect(0).json();
            let dataset = report["dataset"].as_str().unwrap().to_owned();
            // The second run does not know the cursor of the first.
            assert_eq!(place.row("dev.duckdb", &format!("select count(*) from {dataset}.moving")), ["3"]);
            // Names are made of seconds.
            std::thread::sleep(std::time::Duration::from_millis(1_100));
            dataset
        })
        .collect();
    datasets.dedup();
    assert_eq!(datasets.len(), 2, "{datasets:?}");
    assert!(datasets.iter().all(|name| name.len() == "shop_20261122101530".len()), "{datasets:?}");
}
