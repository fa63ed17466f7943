//! `import_schema_path`, `export_schema_path` and `spile schema dataset`: schema files go from Spile to dlt and back.

use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Place, Reply, Server, python, repository};

fn dlt(args: &[&str]) -> Value {
    let output =
        Command::new(python()).arg(repository().join("testdata/oracle/schema_files.py")).args(args).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn records() -> Server {
    Server::start(|_| {
        Reply::json(r#"{"data": [{"id": 1, "Odd Näme": "on", "lines": [{"at": "2024-01-01T00:00:00Z"}]}]}"#)
    })
}

fn config(server: &Server, more: Value) -> Value {
    let mut config = json!({
        "client": {"base_url": server.url("/")},
        "resources": [{
            "name": "orders", "primary_key": "id", "write_disposition": "merge",
            "columns": {"id": {"description": "yes: 'quoted' # text"}, "price": {"data_type": "decimal", "precision": 10, "scale": 2}},
            "endpoint": {"path": "o", "data_selector": "data", "paginator": "single_page"},
        }],
    });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

#[test]
fn dlt_reads_what_spile_exports_and_computes_the_same_hash() {
    let server = records();
    for (naming, column) in [("snake_case", "odd_n_me"), ("direct", "Odd Näme")] {
        let place = Place::new().variable("SCHEMA__NAMING", naming);
        let config = config(&server, json!({"import_schema_path": "in", "export_schema_path": "out/deep"}));
        place.write("c.json", &config.to_string());
        place.run(&["run", "c.json"]).expect(0);
        let exported = place.path("out/deep/rest_api.schema.yaml");
        let read = dlt(&["read", exported.to_str().unwrap()]);
        assert_eq!(read["naming"], naming);
        assert_eq!(read["tables"]["orders"][column]["data_type"], "text");
        assert_eq!(read["tables"]["orders"]["id"]["description"], "yes: 'quoted' # text");
        // What the first run leaves to import says what was declared and nothing of the data.
        let stub = dlt(&["read", place.path("in/rest_api.schema.yaml").to_str().unwrap()]);
        assert_eq!(stub["tables"]["orders"].as_object().unwrap().len(), 2, "{stub}");

        let printed = place.run(&["schema", "dataset", "c"]).expect(0).stdout;
        assert_eq!(printed.trim_end(), std::fs::read_to_string(&exported).unwrap().trim_end());
        let stored = place.run(&["schema", "dataset", "c", "--output", "json"]).expect(0).json();
        assert_eq!(stored["version_hash"], read["hash"]);
        assert_eq!(stored["tables"]["orders"]["name"], "orders");

        // A run that changes nothing leaves both files as they are.
        let before = std::fs::metadata(&exported).unwrap().modified().unwrap();
        place.run(&["run", "c.json"]).expect(0);
        assert_eq!(std::fs::metadata(&exported).unwrap().modified().unwrap(), before);
    }
}

#[test]
fn spile_and_dlt_start_from_each_others_files() {
    let server = records();
    let place = Place::new();
    let of_dlt = place.write("dlt.json", &config(&server, json!({})).to_string());
    let (by_dlt, by_spile) = (place.path("by_dlt"), place.path("by_spile"));
    let loaded = dlt(&["load", by_dlt.to_str().unwrap(), of_dlt.to_str().unwrap()]);
    // dlt's files, its first stub and its export, are where Spile starts.
    for folder in ["import", "export"] {
        let name = format!("from_{folder}");
        let settings = json!({
            "pipeline": name, "import_schema_path": format!("by_dlt/{folder}"), "export_schema_path": "by_spile/import",
        });
        place.write("spile.json", &config(&server, settings).to_string());
        place.run(&["run", "spile.json"]).expect(0);
        let stored = place.run(&["schema", "dataset", &name, "--output", "json"]).expect(0).json();
        let columns = |table: &str| -> Vec<String> {
            stored["tables"][table]["columns"].as_object().unwrap().keys().cloned().collect()
        };
        let mut expected: Vec<&String> = loaded["tables"]["orders"].as_object().unwrap().keys().collect();
        let mut found = columns("orders");
        expected.sort();
        found.sort();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "from dlt's {folder}");
        assert_eq!(columns("orders__lines").len(), 5);
    }
    // And Spile's export is where dlt starts.
    let back = dlt(&["load", by_spile.to_str().unwrap(), of_dlt.to_str().unwrap()]);
    assert_eq!(back["tables"], loaded["tables"]);
}

#[test]
fn an_edited_file_decides_types_before_data_and_none_after() {
    let server = records();
    let place = Place::new();
    place.write("c.json", &config(&server, json!({"import_schema_path": "in"})).to_string());
    place.run(&["run", "c.json"]).expect(0);
    let path = place.path("in/rest_api.schema.yaml");
    let stub = std::fs::read_to_string(&path).unwrap();
    let edited = stub.replace(
        "      price:\n",
        "      added:\n        data_type: date\n      odd_n_me:\n        data_type: bigint\n      price:\n",
    );
    std::fs::write(&path, &edited).unwrap();
    let again = place.run(&["run", "c.json"]).expect(0);
    assert!(again.stdout.contains("odd_n_me") || again.stderr.contains("odd_n_me"), "{again:?}");
    let columns = &place.run(&["schema", "dataset", "c", "--output", "json"]).expect(0).json()["tables"]["orders"]
        ["columns"];
    assert_eq!(columns["odd_n_me"]["data_type"], "text");
    assert_eq!(columns["added"]["data_type"], "date");
    // In a dataset without rows the file decides.
    place.run(&["run", "c.json", "--dataset", "fresh"]).expect(0);
    let fresh =
        place.run(&["schema", "dataset", "c", "--dataset", "fresh", "--output", "json"]).expect(0).json();
    let columns = &fresh["tables"]["orders"]["columns"];
    assert_eq!(
        (&columns["odd_n_me"]["data_type"], &columns["odd_n_me__v_text"]["data_type"]),
        (&json!("bigint"), &json!("text"))
    );
    // A file that is no schema stops the run before anything is sent.
    std::fs::write(&path, "name: rest_api\n").unwrap();
    server.take();
    let refused = place.run(&["run", "c.json"]).expect(1);
    assert!(refused.stderr.contains("schema/import") && server.count() == 0, "{}", refused.stderr);
    let missing = place.run(&["schema", "dataset", "c", "--schema", "nobody"]).expect(1);
    assert!(missing.stderr.contains("schema/missing"), "{}", missing.stderr);
}
