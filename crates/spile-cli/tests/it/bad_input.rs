//! Bad input gets a clear error, the right exit status, and nothing in the dataset; no output holds a secret.

use serde_json::json;

use crate::harness::{Outcome, Place, Reply, Server};

const SECRET: &str = "s3cr3t-canary-value";

fn place() -> Place {
    let place = Place::new().variable("ACCESS_TOKEN", SECRET).variable("API_KEY", SECRET);
    place.copy("seeds/calls.md");
    place.copy("seeds/accounts.md");
    place
}

#[track_caller]
fn assert_clean(place: &Place, outcome: &Outcome) {
    let all = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(!all.contains(SECRET), "the secret leaked: {all}");
    assert!(!all.contains("panicked"), "{all}");
    for database in ["calls.duckdb", "accounts.duckdb", "bad.duckdb"] {
        assert!(!place.path(database).exists(), "{database} was written");
    }
}

/// Runs a config that must be refused before any request.
#[track_caller]
fn invalid(name: &str, text: &str, expected: &[&str]) {
    let place = place();
    place.write(name, text);
    let outcome = place.run(&["run", name, "--output", "json"]).expect(2);
    assert_clean(&place, &outcome);
    for part in expected {
        assert!(outcome.stderr.contains(part), "{part:?} is not in: {}", outcome.stderr);
    }
    let report = outcome.json();
    assert_eq!(report["status"], "invalid");
    let diagnostic = &report["diagnostics"][0];
    assert_eq!(diagnostic["severity"], "error");
    assert!(diagnostic["hint"].is_string(), "{diagnostic}");
    assert!(diagnostic["line"].as_u64().is_some_and(|line| line > 0), "{diagnostic}");
    let checked = place.run(&["check", name]).expect(2);
    assert_eq!(checked.stderr, outcome.stderr, "check says what run says");
}

#[test]
fn a_wrong_config_is_shown_where_it_is() {
    invalid(
        "bad.yaml",
        "client:\n  base_url: http://127.0.0.1:9\n  paginatr: header_link\nresources: [a]\n",
        &["config/unknown-field", "bad.yaml:3:3", "paginator"],
    );
    invalid(
        "bad.json",
        "{\"client\": {\"base_url\": \"http://127.0.0.1:9\"},\n \"resources\": [{\"name\": \"a\", \"endpoint\": {\"params\": 3}}]}",
        &["config/wrong-type", "bad.json:2:"],
    );
    invalid(
        "bad.py",
        "from dlt.sources.rest_api import rest_api_source\nimport requests\n\nsource = rest_api_source({\n    \"client\": {\"base_url\": requests.get(\"x\").text},\n    \"resources\": [\"a\"],\n})\n",
        &["config/python-unsupported", "bad.py:5:"],
    );
    invalid("bad.toml", "[client]\nbase_url = \"http://127.0.0.1:9\"\nresources = [\n", &["bad.toml:3:"]);
}

#[test]
fn all_mistakes_are_shown_at_once() {
    let place = place();
    place.write(
        "bad.yaml",
        "client:\n  base_url: http://127.0.0.1:9\n  hedaers: {}\nresources:\n  - name: a\n    write_disposition: mergee\n  - name: a\n",
    );
    let outcome = place.run(&["run", "bad.yaml", "--output", "json"]).expect(2);
    let report = outcome.json();
    let lines: Vec<u64> = report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [3, 6, 7]);
}

#[test]
fn a_missing_secret_names_where_to_put_it() {
    let place = Place::new();
    place.copy("seeds/calls.md");
    let outcome = place.run(&["run", "calls.md", "--output", "json"]).expect(2);
    for part in ["config/missing-secret", "ACCESS_TOKEN", "secrets.toml", "calls.md:17:24"] {
        assert!(outcome.stderr.contains(part), "{part}: {}", outcome.stderr);
    }
}

#[test]
fn an_unbound_path_parameter_is_named_before_any_request() {
    let server = Server::start(|_| Reply::json(json!({})));
    let place = place();
    let base = format!("client.base_url={}", server.url("/v3/a/"));
    let outcome = place.run(&["run", "accounts.md", "--set", &base]).expect(2);
    assert_clean(&place, &outcome);
    for part in ["config/unbound-path-parameter", "account_id", "--set account_id="] {
        assert!(outcome.stderr.contains(part), "{part}: {}", outcome.stderr);
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn an_unreadable_file_is_named() {
    let outcome = Place::new().run(&["run", "nothing.yaml"]).expect(2);
    assert!(outcome.stderr.contains("nothing.yaml"), "{}", outcome.stderr);
    let outcome = Place::new().run(&["run", "nothing.xyz"]).expect(2);
    assert!(outcome.stderr.contains("nothing.xyz"), "{}", outcome.stderr);
}

#[track_caller]
fn failing(server: &Server, expected: &[&str]) -> Outcome {
    let place = place();
    let base = format!("client.base_url={}", server.url("/v2"));
    let args =
        ["run", "calls.md", "--set", &base, "--set", "client.retry.backoff_factor=0.01", "--output", "json"];
    let outcome = place.run(&args).expect(1);
    assert_clean(&place, &outcome);
    for part in expected {
        assert!(outcome.stderr.contains(part), "{part:?} is not in: {}", outcome.stderr);
    }
    let report = outcome.json();
    assert_eq!(report["status"], "failed");
    outcome
}

#[test]
fn a_401_says_who_refused_what() {
    // The server echoes the key, as careless ones do.
    let server = Server::start(|request| {
        let key = request.header("access_key_id").unwrap_or_default();
        Reply::json(json!({"error": format!("key {key} is not known")})).status(401)
    });
    failing(&server, &["source/unauthorized", "calls", "401", "is not known", "/v2/calls/reporting/simple"]);
    assert_eq!(server.count(), 1, "a refused credential is not tried again");
}

#[test]
fn html_instead_of_json_is_called_that() {
    let server = Server::start(|_| Reply {
        status: 200,
        headers: vec![("content-type", "text/html".into())],
        body: "<!doctype html><html><head><title>Please log in</title></head><body>x</body></html>".into(),
    });
    failing(&server, &["source/not-json", "Please log in", "calls"]);
}

#[test]
fn a_failing_server_is_tried_as_often_as_the_seed_says() {
    let server = Server::start(|_| Reply::json(json!({"error": "try later"})).status(503));
    failing(&server, &["source/http-status", "503", "try later", "attempts"]);
    assert_eq!(server.count(), 4, "one attempt and three retries");
}

#[test]
fn a_refused_connection_is_called_that() {
    let place = place();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let base = format!("client.base_url=http://127.0.0.1:{port}/v2");
    let args = ["run", "calls.md", "--set", &base, "--set", "client.retry.backoff_factor=0.01"];
    let outcome = place.run(&args).expect(1);
    assert_clean(&place, &outcome);
    assert!(outcome.stderr.contains("source/unreachable"), "{}", outcome.stderr);
}

#[test]
fn credentials_stay_with_the_configured_origin() {
    let thief = Server::start(|_| Reply::json(json!({"calls": [], "total_pages": 2})));
    let elsewhere = thief.url("/v3/a/ACC/calls.json?page=2");
    let server = Server::start(move |_| {
        Reply::json(json!({"calls": [{"id": 1}], "conversations": [], "users": [], "companies": []}))
            .header("link", format!("<{elsewhere}>; rel=\"next\""))
    });
    let place = place();
    let base = format!("client.base_url={}", server.url("/v3/a/"));
    let outcome = place.run(&[
        "run",
        "accounts.md",
        "calls",
        "--set",
        &base,
        "--set",
        "account_id=ACC",
        "--output",
        "json",
    ]);
    assert!(!format!("{}{}", outcome.stdout, outcome.stderr).contains(SECRET));
    for request in thief.take() {
        assert!(
            !format!("{request:?}").contains(SECRET),
            "the credential went to an origin that the config does not name: {request:?}"
        );
    }
}

#[test]
fn a_quoted_line_shows_no_secret() {
    let place = Place::new();
    place.write(
        "leaky.py",
        "rest_api_source({'client': {'base_url': 'https://me:hunter2@h/', 'auth': {'type': 'bearer', 'token': 'hunter2', 'typo': 1}}, \
         'resources': ['a']})\n",
    );
    let outcome = place.run(&["check", "leaky.py"]).expect(2);
    assert!(
        outcome.stderr.contains("config/unknown-field") && outcome.stderr.contains("'typo'"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("'token': '*******'"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
}

#[test]
fn commands_that_are_not_there_yet_say_so() {
    let outcome = Place::new().run(&["tape", "x"]).expect(2);
    assert!(outcome.stderr.contains("not there yet"), "{}", outcome.stderr);
}
