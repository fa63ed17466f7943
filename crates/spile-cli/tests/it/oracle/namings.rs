//! The naming conventions beside `snake_case`, held against real dlt: its cases of names and more odd names, nested,
//! declared and merged, under each of them.
//!
//! Always run on DuckDB, and one of them on PostgreSQL, where bytes count and case does; `SPILE_MATRIX=all` runs all on
//! both.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Case, Target, differences, report};
use crate::harness::{Place, Reply, Server, repository};
use crate::load_postgres::Postgres;

const CONVENTIONS: [&str; 4] = ["direct", "duck_case", "sql_cs_v1", "sql_ci_v1"];

fn file(path: &str) -> Map<String, Value> {
    let text = std::fs::read_to_string(repository().join("testdata/oracle").join(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The cases under a convention; what is accepted differs between them.
fn cases(convention: &str, destination: &str) -> Vec<Case> {
    let own = file("namings.json");
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    for (name, value) in file("cases/names.json").iter().chain(own["cases"].as_object().unwrap()) {
        let mut case = Case::read(name, value);
        let accepted = &own["accepted"][convention][name];
        let accepted = accepted.as_str().or(accepted[destination].as_str());
        case.accepted = accepted.map(str::to_owned);
        case.is_alone |= accepted.is_some();
        cases.insert(name.clone(), case);
    }
    cases.into_values().collect()
}

fn all() -> bool {
    std::env::var("SPILE_MATRIX").is_ok_and(|word| word == "all")
}

#[test]
fn every_convention_on_duckdb() {
    for convention in CONVENTIONS {
        let target = Target { variables: vec![("SCHEMA__NAMING", convention)], ..Target::default() };
        let cases = cases(convention, "duckdb");
        report(&cases, &differences(&cases, &target, |runs| runs));
    }
}

#[test]
fn every_convention_on_postgres() {
    let Some(postgres) = Postgres::start() else { return };
    let mut target = Target { postgres: Some(postgres), ..Target::default() };
    for convention in if all() { &CONVENTIONS[..] } else { &CONVENTIONS[..1] } {
        target.variables = vec![("SCHEMA__NAMING", convention)];
        let cases = cases(convention, "postgres");
        report(&cases, &differences(&cases, &target, |runs| runs));
    }
}

/// dlt refuses another convention once tables have rows, and goes on with the one that is there when none is asked for.
#[test]
fn a_dataset_keeps_its_convention() {
    let server = Server::start(|_| Reply::json(r#"{"data": [{"userName": 1}]}"#));
    let config = json!({
        "client": {"base_url": server.url("/")},
        "resources": [{"name": "My Users", "endpoint": {"path": "u", "data_selector": "data", "paginator": "single_page"}}],
    });
    let place = Place::new();
    place.write("c.json", &config.to_string());
    let run = |naming: &str| {
        place.write(".dlt/config.toml", naming);
        place.run(&["run", "c.json"])
    };
    run("[schema]\nnaming = 'direct'").expect(0);
    let refused = run("[schema]\nnaming = 'snake_case'").expect(1);
    assert!(refused.stderr.contains("state/naming-frozen"), "{}", refused.stderr);
    run("").expect(0);
    // Tables would be folders with slashes in their names.
    place.write(".dlt/config.toml", "[schema]\nnaming = 'direct'");
    let files = place.run(&["check", "c.json", "--destination", "file:///tmp/never"]).expect(2);
    assert!(files.stderr.contains("config/not-supported"), "{}", files.stderr);
    let shown = place.run(&["show", "c"]).expect(0).stdout;
    assert!(shown.contains("My Users") && !shown.contains("my_users"), "{shown}");
}

/// Where dlt fails: two spellings of a name on a destination that takes them for one, in one record and in several.
#[test]
fn spellings_share_a_column_or_are_kept_apart() {
    let server = Server::start(|_| {
        Reply::json(r#"{"data": [{"aB": 1, "Ab": 2, "Li": [1], "li": [2, 3]}, {"AB": 4, "LI": [5]}]}"#)
    });
    let config = json!({
        "client": {"base_url": server.url("/")},
        "resources": [{"name": "t", "endpoint": {"path": "u", "data_selector": "data", "paginator": "single_page"}}],
    });
    for destination in ["sqlite:///c.db", "duckdb:///c.duckdb"] {
        let place = Place::new().variable("SCHEMA__NAMING", "direct");
        place.write("c.json", &config.to_string());
        let args = ["run", "c.json", "--destination", destination, "--output", "json"];
        for _ in 0..2 {
            let report = place.run(&args).expect(0).json();
            let rows: Vec<(&str, u64)> = report["tables"]
                .as_array()
                .unwrap()
                .iter()
                .map(|table| (table["name"].as_str().unwrap(), table["rows"].as_u64().unwrap()))
                .collect();
            assert_eq!(rows.len(), 3, "{destination}: {rows:?}");
            assert_eq!(rows[..2], [("t", 2), ("t▶Li", 3)], "{destination}");
            assert!(rows[2].0.starts_with("t▶Li▶k_") && rows[2].1 == 1, "{destination}: {rows:?}");
        }
        let shown =
            place.run(&["show", "c", "--destination", destination, "--output", "json"]).expect(0).json();
        let table = shown["tables"].as_array().unwrap().iter().find(|table| table["name"] == "t").unwrap();
        let columns: Vec<&str> =
            table["columns"].as_array().unwrap().iter().map(|column| column[0].as_str().unwrap()).collect();
        assert!(columns[0] == "aB" && columns[1].starts_with("aB▶k_"), "{destination}: {columns:?}");
        assert_eq!(columns.len(), 4, "{destination}: {columns:?}");
    }
}
