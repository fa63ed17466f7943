//! Real dlt and Spile against the same recording server: what `extract_differential` and `extract_differential_bodies`
//! share.
//!
//! A case is a resource with a path of its own, by which its requests are told apart. What is compared: method, path, query,
//! body, the headers that matter, and the ids of the rows.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;

use serde_json::Value;

use crate::harness::{Place, Recorded, Server, python, repository};

/// How many cases each table of them has.
pub(crate) const CASES: [(&str, usize); 2] =
    [("extract_differential", 300), ("extract_differential_bodies", 226)];

/// A config as both have run it.
pub(crate) struct Both {
    place: Place,
    pub(crate) ours: BTreeMap<String, Vec<String>>,
    pub(crate) theirs: BTreeMap<String, Vec<String>>,
    rows: Value,
}

impl Both {
    /// Runs Spile, then dlt.
    pub(crate) fn run(config: &Value, server: &Server) -> Self {
        let place = Place::new();
        place.write("requests.json", &config.to_string());
        let outcome = place.run(&["run", "requests.json"]);
        assert!(matches!(outcome.status, 0 | 3), "{outcome:?}");
        let ours = by_case(&server.take());
        let configs = place.write("configs.json", &Value::from(vec![config.clone()]).to_string());
        let output = Command::new(python())
            .arg(repository().join("testdata/requests/rows.py"))
            .args([configs, place.path("dlt")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let theirs = by_case(&server.take());
        let rows = serde_json::from_slice(&output.stdout).unwrap();
        Self { place, ours, theirs, rows }
    }

    /// Returns whether dlt gave rows for a case.
    pub(crate) fn has_rows(&self, name: &str) -> bool {
        !self.rows[name].is_null()
    }

    /// Compares a case; returns what differs.
    pub(crate) fn differences(&self, auth: &str, name: &str) -> Vec<String> {
        let mut differences = Vec::new();
        let (ours, theirs) = (self.ours.get(name), self.theirs.get(name));
        assert!(ours.is_some(), "{name} was not compared");
        if ours != theirs {
            differences.push(format!("{auth} {name}: requests\n  spile {ours:#?}\n  dlt {theirs:#?}"));
        }
        let mut expected: Vec<u64> = serde_json::from_value(self.rows[name].clone()).unwrap_or_default();
        expected.sort_unstable();
        let found = self.found(name, expected.is_empty());
        if found != expected {
            differences.push(format!("{auth} {name}: rows {found:?}, dlt {expected:?}"));
        }
        differences
    }

    /// Returns the ids in a table. Where no rows are expected there may be no table.
    fn found(&self, name: &str, may_be_absent: bool) -> Vec<u64> {
        let there = format!(
            "select count(*) from information_schema.tables where table_schema = 'requests_dataset' and table_name = '{name}'"
        );
        if may_be_absent && self.place.row("requests.duckdb", &there) == ["0"] {
            return Vec::new();
        }
        let sql = format!("select id from requests_dataset.{name} order by id");
        self.place.query("requests.duckdb", &sql).iter().map(|row| row[0].parse().unwrap()).collect()
    }
}

/// Asserts that nothing differs and that no case was left out, and says how many there were.
#[track_caller]
pub(crate) fn assert_equal(table: &str, cases: usize, differences: &[String]) {
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
    let expected = CASES.iter().find(|(known, _)| *known == table).map(|(_, cases)| *cases);
    assert_eq!(Some(cases), expected, "{table}");
    let all: usize = CASES.iter().map(|(_, cases)| cases).sum();
    // Not by a macro: what those print is kept back when a test passes.
    #[expect(clippy::explicit_write, reason = "see above")]
    writeln!(std::io::stderr(), "{table}: {cases} of {all} cases are equal").unwrap();
}

/// The requests of each case, sorted: all that an API could tell apart.
fn by_case(requests: &[Recorded]) -> BTreeMap<String, Vec<String>> {
    let mut cases: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for request in requests {
        let case = request.path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
        let mut query = request.query.clone();
        query.sort();
        let kind = request.header("content-type").unwrap_or("-");
        let body = match kind {
            "application/json" => serde_json::from_str::<Value>(&request.body).unwrap().to_string(),
            "application/x-www-form-urlencoded" => {
                format!("{:?}", url::form_urlencoded::parse(request.body.as_bytes()).collect::<Vec<_>>())
            }
            _ => request.body.clone(),
        };
        let headers = ["authorization", "x-key", "x-client"].map(|name| request.header(name).unwrap_or("-"));
        cases
            .entry(case)
            .or_default()
            .push(format!("{} {} {query:?} {headers:?} {kind} {body}", request.method, request.path));
    }
    for requests in cases.values_mut() {
        requests.sort();
    }
    cases
}

#[test]
fn the_documents_say_how_many_cases_there_are() {
    let all: usize = CASES.iter().map(|(_, cases)| cases).sum();
    let text = std::fs::read_to_string(repository().join("COMPATIBILITY.md")).unwrap();
    assert!(text.contains(&format!("{all} cases of requests")), "COMPATIBILITY.md does not say {all}");
}
