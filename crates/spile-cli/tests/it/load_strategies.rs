//! Merge strategies from the command line, where dlt is no oracle: records that an API gives twice in one load.

use serde_json::{Value, json};

use crate::harness::{Place, Reply, Server};

/// A record in two versions, the second one twice: pages that shift under a reader give that.
fn repeats() -> Value {
    let record = |v: u64, tags: &[&str]| json!({"id": 1, "v": v, "tags": tags});
    json!([record(1, &["a", "b"]), record(2, &["c"]), record(2, &["c"])])
}

/// dlt stores repeats twice, with one row key, or an arbitrary one of them; see `COMPATIBILITY.md`.
#[test]
fn of_repeats_one_enters_with_its_nested_rows() {
    let server = Server::start(|_| Reply::json(json!({"data": repeats()})));
    for (strategy, versions, tags) in [
        ("delete-insert", vec!["2"], vec!["c"]),
        ("upsert", vec!["2"], vec!["c"]),
        ("insert-only", vec!["1"], vec!["a", "b"]),
        ("scd2", vec!["1", "2"], vec!["a", "b", "c"]),
    ] {
        let place = Place::new();
        let config = json!({
            "client": {"base_url": server.url("")},
            "resources": [{
                "name": "rows", "primary_key": "id",
                "write_disposition": {"disposition": "merge", "strategy": strategy},
                "endpoint": {"path": "rows", "data_selector": "data", "paginator": "single_page"},
            }],
        });
        place.write("twice.json", &config.to_string());
        for run in 0..2 {
            place.run(&["run", "twice.json"]).expect(0);
            let column = |sql: &str| -> Vec<String> {
                place.query("twice.duckdb", sql).into_iter().map(|mut row| row.remove(0)).collect()
            };
            assert_eq!(
                column("SELECT v FROM twice_dataset.rows ORDER BY 1"),
                versions,
                "{strategy}, run {run}"
            );
            let found = column("SELECT value FROM twice_dataset.rows__tags ORDER BY 1");
            assert_eq!(found, tags, "{strategy}, run {run}");
        }
    }
}
