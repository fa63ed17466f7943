//! `spile state`: what is shown is where the next run starts, and an exported state starts it there.

use serde_json::{Value, json};

use crate::harness::{Place, Recorded, Reply, Server};

fn api(request: &Recorded) -> Reply {
    let since = request.param("since").unwrap_or_default().to_owned();
    let rows = (1..=3).map(|day| json!({"id": day, "at": format!("2024-01-0{day}")}));
    let new: Vec<Value> = rows.filter(|row| row["at"].as_str().unwrap() >= since.as_str()).collect();
    Reply::json(json!({ "data": new }))
}

fn place(server: &Server) -> Place {
    let place = Place::new();
    let config = json!({
        "client": {"base_url": server.url("")},
        "resources": [{
            "name": "orders",
            "primary_key": "id",
            "write_disposition": "merge",
            "endpoint": {
                "path": "orders", "data_selector": "data", "paginator": "single_page",
                "params": {"since": "{incremental.start_value}"},
                "incremental": {"cursor_path": "at", "initial_value": "2024-01-01"},
            },
        }],
    });
    place.write("shop.json", &config.to_string());
    place
}

fn since(server: &Server) -> Vec<String> {
    server.take().iter().filter_map(|request| request.param("since").map(str::to_owned)).collect()
}

#[test]
fn an_exported_state_starts_another_dataset_where_the_first_one_stood() {
    let server = Server::start(api);
    let first = place(&server);
    first.run(&["run", "shop.json"]).expect(0);
    assert_eq!(since(&server), ["2024-01-01"]);
    let shown = first.run(&["state", "show", "shop"]).expect(0).stdout;
    assert!(shown.starts_with("shop: state version 1, dataset shop_dataset in "), "{shown}");
    assert!(shown.contains("rest_api  orders    at      \"2024-01-03\""), "{shown}");
    let shown = first.run(&["state", "show", "shop", "--output", "json"]).expect(0).stdout;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["cursors"][0]["last_value"], "2024-01-03", "{shown}");

    let exported = first.run(&["state", "export", "shop"]).expect(0).stdout;
    let second = place(&server);
    second.write("state.json", &exported);
    let told = second.run(&["state", "import", "shop", "state.json"]).expect(0).stdout;
    assert!(told.starts_with("imported 1 cursor as version 1 of the state of shop"), "{told}");
    second.run(&["run", "shop.json"]).expect(0);
    assert_eq!(since(&server), ["2024-01-03"], "the other dataset goes on from the imported cursor");
}

#[test]
fn a_cursor_is_set_back_by_hand() {
    let server = Server::start(api);
    let place = place(&server);
    place.run(&["run", "shop.json"]).expect(0);
    let exported = place.run(&["state", "export", "shop"]).expect(0).stdout;
    place.write("same.json", &exported);
    let told = place.run(&["state", "import", "shop", "same.json"]).expect(0).stdout;
    assert!(told.contains("nothing was changed"), "{told}");
    place.write("back.json", &exported.replace("2024-01-03", "2024-01-02"));
    let told = place.run(&["state", "import", "shop", "back.json"]).expect(0).stdout;
    assert!(told.contains("as version 2"), "{told}");
    server.take();
    place.run(&["run", "shop.json"]).expect(0);
    assert_eq!(since(&server), ["2024-01-02"]);
    let versions =
        "select string_agg(version::varchar, ' ' order by version) from shop_dataset._dlt_pipeline_state";
    assert_eq!(place.row("shop.duckdb", versions), ["1 2 3"]);
}

#[test]
fn what_is_no_state_of_the_pipeline_is_refused() {
    let server = Server::start(api);
    let place = place(&server);
    let outcome = place.run(&["state", "show", "shop"]).expect(1);
    assert!(outcome.stderr.contains("error[state/none]"), "{}", outcome.stderr);
    place.run(&["run", "shop.json"]).expect(0);
    let exported = place.run(&["state", "export", "shop"]).expect(0).stdout;
    for (document, code) in [
        ("{", "state/unreadable-document"),
        ("[]", "state/invalid-document"),
        (r#"{"pipeline_name": "shop", "sources": []}"#, "state/invalid-document"),
        (&exported.replace("\"shop\"", "\"other\""), "state/invalid-document"),
    ] {
        place.write("state.json", document);
        let outcome = place.run(&["state", "import", "shop", "state.json"]).expect(1);
        assert!(outcome.stderr.contains(code) && outcome.stderr.contains("hint:"), "{}", outcome.stderr);
    }
    let missing = place.run(&["state", "import", "shop", "missing.json"]).expect(1);
    assert!(missing.stderr.contains("state/unreadable-document"), "{}", missing.stderr);
    assert_eq!(place.run(&["state", "export", "shop"]).expect(0).stdout, exported, "nothing was changed");
}
