//! Real dlt on the same responses: the same tables, columns, types and rows, case by case.

use std::process::Command;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::harness::{Place, Reply, Server, python, repository};

/// Runs the cases of `testdata/oracle/cases` whose name `take` says yes to; returns what differs. `runs_made` is all runs of a
/// case, but for the test of the comparison itself.
fn differences(take: impl Fn(&str) -> bool, runs_made: impl Fn(usize) -> usize) -> Vec<String> {
    let folder = repository().join("testdata/oracle");
    let mut cases: Vec<_> =
        folder.join("cases").read_dir().unwrap().flatten().map(|entry| entry.path()).collect();
    cases.sort();
    let mut differences = Vec::new();
    for path in cases {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !take(&name) {
            continue;
        }
        let case: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let runs = case["runs"].as_array().unwrap().clone();
        let count = runs.len();
        let current = Mutex::new(0);
        let server = Server::start(move |request| {
            if let Some(run) = request.path.strip_prefix("/run/") {
                *current.lock().unwrap() = run.parse().unwrap();
                return Reply::json(json!({}));
            }
            Reply::json(json!({"data": runs[*current.lock().unwrap()]}))
        });
        let place = Place::new();
        let mut config = case["config"].clone();
        config["client"]["base_url"] = json!(server.url(""));
        place.write("oracle.json", &config.to_string());
        for run in 0..runs_made(count) {
            switch_run(&server, run);
            let outcome = place.run(&["run", "oracle.json", "--dataset", "data"]);
            if outcome.status != 0 {
                differences
                    .push(format!("{name}: exit {}\n{}{}", outcome.status, outcome.stdout, outcome.stderr));
            }
        }
        let work = place.path("dlt");
        std::fs::create_dir(&work).unwrap();
        let output = Command::new(python())
            .arg(folder.join("compare.py"))
            .args([
                path.as_os_str(),
                server.url("").as_ref(),
                place.path("oracle.duckdb").as_ref(),
                work.as_ref(),
            ])
            .output()
            .unwrap();
        if !output.status.success() {
            let text = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            differences.push(format!("{name}: {text}"));
        }
    }
    differences
}

fn switch_run(server: &Server, run: usize) {
    use std::io::{Read, Write};
    let address = server.url("");
    let mut stream = std::net::TcpStream::connect(address.strip_prefix("http://").unwrap()).unwrap();
    write!(stream, "GET /run/{run} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn dlt_makes_the_same_dataset_a_to_m() {
    let differences = differences(|name| name < "merge_l", |count| count);
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

#[test]
fn dlt_makes_the_same_dataset_m_to_z() {
    let differences = differences(|name| name >= "merge_l", |count| count);
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

#[test]
fn a_difference_is_seen() {
    let differences = differences(|name| name == "merge_children", |count| count - 1);
    assert_eq!(differences.len(), 1);
    assert!(differences[0].contains("Users") || differences[0].contains("users"), "{}", differences[0]);
}
