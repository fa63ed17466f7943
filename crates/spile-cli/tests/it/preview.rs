//! `spile preview`: requests, answers and tables are shown, secrets are not, and nothing is left behind.

use serde_json::{Value, json};

use crate::harness::{Place, Recorded, Reply, Server};

const TOKEN: &str = "tok-3f9a2c-secret";

fn api(request: &Recorded) -> Reply {
    let authorization = request.header("authorization").unwrap_or_default().to_owned();
    match request.path.as_str() {
        "/token" => Reply::json(json!({"access_token": TOKEN, "expires_in": 3600})),
        "/broken" => Reply::json(json!({"error": "no such thing", "you_sent": authorization})).status(404),
        "/orders" => {
            let page = request.number("page", 1);
            let rows: Vec<Value> = (1..=4)
                .map(|row| json!({"id": page * 10 + row, "at": "2024-05-06T07:08:09Z", "note": authorization, "lines": [{"sku": "a"}]}))
                .collect();
            Reply::json(json!({"data": rows, "total": 9}))
        }
        _ => Reply::json(json!([{"line": 1}])),
    }
}

fn place(server: &Server) -> Place {
    let place = Place::new();
    let config = json!({
        "client": {
            "base_url": server.url(""),
            "auth": {
                "type": "oauth2_client_credentials", "access_token_url": server.url("/token"),
                "client_id": "shop", "client_secret": "sec-77d1e0-secret",
            },
        },
        "resources": [
            {"name": "orders", "endpoint": {
                "path": "orders", "data_selector": "data",
                "paginator": {"type": "page_number", "base_page": 1, "total_path": "total"},
            }},
            {"name": "lines", "endpoint": {"path": "orders/{resources.orders.id}/lines"}},
            {"name": "broken", "endpoint": {"path": "broken"}},
        ],
    });
    place.write("shop.json", &config.to_string());
    place
}

#[test]
fn a_page_of_each_resource_is_shown_and_nothing_is_left() {
    let server = Server::start(api);
    let place = place(&server);
    let outcome = place.run(&["preview", "shop.json", "orders", "lines"]).expect(0);
    let requests: Vec<String> = server.take().into_iter().map(|request| request.path).collect();
    assert_eq!(requests, ["/token", "/orders", "/orders/11/lines"]);
    for part in [
        "POST http://",
        "the answer holds a token and is not shown",
        "/orders?page=1\n  answered  200, application/json, ",
        "\"note\":\"Bearer ***\"",
        "orders    ",
        "orders: 4 rows\ncolumn        type       row 1",
        "at            timestamp  2024-05-06T07:08:09Z  ",
        "orders__lines: 4 rows",
        "lines: 1 row\n",
        "nothing was loaded",
    ] {
        assert!(outcome.stdout.contains(part), "{part}\n{}", outcome.stdout);
    }
    assert!(!outcome.stdout.contains("-secret"), "{}", outcome.stdout);
    assert!(!place.path("shop.duckdb").exists() && !place.path(".spile").exists());
}

#[test]
fn what_the_api_refuses_is_shown_too() {
    let server = Server::start(api);
    let outcome = place(&server).run(&["preview", "shop.json", "broken"]).expect(1);
    assert!(
        outcome.stdout.contains("answered  404") && outcome.stdout.contains("no such thing"),
        "{}",
        outcome.stdout
    );
    assert!(outcome.stderr.contains("error["), "{}", outcome.stderr);
    assert!(!format!("{}{}", outcome.stdout, outcome.stderr).contains("-secret"));
}

#[test]
fn one_document_for_scripts() {
    let server = Server::start(api);
    let args = ["preview", "shop.json", "orders", "--output", "json", "--rows", "2", "--limit-pages", "2"];
    let outcome = place(&server).run(&args).expect(0);
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(document["requests"].as_array().unwrap().len(), 3, "{document}");
    assert_eq!(document["tables"][0]["rows"], 8);
    assert_eq!(
        document["tables"][0]["columns"][0],
        json!({"name": "id", "data_type": "bigint", "values": ["11", "12"]})
    );
}
