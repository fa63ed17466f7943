//! Answers that are not JSON, and tokens that are fetched: what is loaded, and what a user reads when something is wrong.

use std::io::{Cursor, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::{Place, Recorded, Reply, Server, repository};

const CSV: &str = "id,name\n1,a\n2,\"b,c\"\n3,é\n";

fn gzip(body: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zip(files: &[&str]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for name in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(CSV.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn api(request: &Recorded) -> Reply {
    match request.path.trim_start_matches('/') {
        "csv" => Reply::of("text/csv", CSV),
        "csv_ragged" => Reply::of("text/csv", "id,name\n1,a\n2\n3,b\n"),
        "csv_as_json" => Reply::of("application/json", CSV),
        "html" => Reply::of("text/html", "<html><body>Please log in</body></html>"),
        "xml" => Reply::of(
            "application/xml",
            "<feed><entry id='1'><t>a</t></entry><entry id='2'><t>b</t></entry></feed>",
        ),
        "xml_broken" => {
            Reply::of("application/xml", "<feed>\n<entry id='1'/>\n<entry id='2'><t>b</entry>\n</feed>")
        }
        "lines" => Reply::of("application/x-ndjson", "{\"id\":1}\n{\"id\":2}\n"),
        "lines_broken" => Reply::of("application/x-ndjson", "{\"id\":1}\n{\"id\":2\n{\"id\":3}\n"),
        "gzip" => Reply::of("application/gzip", gzip(CSV)),
        "gzip_cut" => Reply::of("application/gzip", &gzip(&CSV.repeat(500))[..60]),
        "zip" => Reply::of("application/zip", zip(&["rows.csv"])),
        "zip_of_two" => Reply::of("application/zip", zip(&["rows.csv", "more.csv"])),
        "form" => {
            let fields: Vec<_> = url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
            Reply::json(json!([{"id": 1, "fields": Value::from(format!("{fields:?}"))}]))
        }
        _ => Reply::json(json!({"error": "not found"})).status(404),
    }
}

fn config(place: &Place, server: &Server, client: &str, endpoint: &str) {
    let text = format!(
        "client:\n  base_url: {}\n  retry: {{max_retries: 0}}\n{client}resources:\n- name: items\n  endpoint: {{paginator: \
         single_page, {endpoint}}}\n",
        server.url("")
    );
    place.write("api.yaml", &text);
}

#[test]
fn each_format_is_loaded() {
    let server = Server::start(api);
    for (endpoint, sql, expected) in [
        ("path: csv", "select string_agg(name, '|' order by id) from api_dataset.items", "a|b,c|é"),
        ("path: csv_as_json, decoder: csv", "select count(*) from api_dataset.items", "3"),
        (
            "path: xml, data_selector: feed.entry",
            "select string_agg(t, '|' order by t) from api_dataset.items",
            "a|b",
        ),
        ("path: lines", "select sum(id) from api_dataset.items", "3"),
        (
            "path: gzip, decoder: csv",
            "select string_agg(name, '|' order by id) from api_dataset.items",
            "a|b,c|é",
        ),
        ("path: zip", "select count(*) from api_dataset.items", "3"),
        ("path: zip_of_two, decoder: {member: more.csv}", "select count(*) from api_dataset.items", "3"),
        (
            "path: form, method: POST, data: {a: 1, b: [x, 'y z'], c: null}",
            "select fields from api_dataset.items",
            r#"[("a", "1"), ("b", "x"), ("b", "y z")]"#,
        ),
    ] {
        let place = Place::new();
        config(&place, &server, "", endpoint);
        place.run(&["run", "api.yaml"]).expect(0);
        assert_eq!(place.row("api.duckdb", sql), [expected], "{endpoint}");
    }
}

#[test]
fn a_broken_answer_is_named_with_its_place() {
    let server = Server::start(api);
    for (endpoint, said) in [
        ("path: csv_ragged", &["not CSV: a row has 1 field, expected 2", "line: 3"][..]),
        ("path: csv_as_json", &["answer is not JSON", "`endpoint.decoder`"]),
        ("path: html", &["an HTML page", "answer: Please log in"]),
        ("path: xml_broken, data_selector: feed.entry", &["not XML", "`</t>`", "line: 3"]),
        ("path: lines_broken", &["not JSON lines: the text ends too early", "line: 2"]),
        ("path: gzip", &["packed into a file is not JSON", "Name what is inside in `endpoint.decoder`"]),
        ("path: gzip_cut, decoder: csv", &["not gzip: it ends too early"]),
        ("path: zip_of_two", &["it holds `rows.csv`, `more.csv`", "`member`"]),
    ] {
        let place = Place::new();
        config(&place, &server, "", endpoint);
        let outcome = place.run(&["run", "api.yaml"]).expect(1);
        for text in said {
            assert!(outcome.stderr.contains(text), "{endpoint}: {text:?} is not in {}", outcome.stderr);
        }
        assert!(!outcome.stderr.contains('\u{fffd}'), "{endpoint}: {}", outcome.stderr);
        assert!(!place.path("api.duckdb").exists(), "{endpoint}: nothing is loaded");
    }
}

/// Gives tokens that the API takes three times, and rows to who has one.
fn guarded(request: &Recorded, uses: &AtomicUsize) -> Reply {
    let form: Vec<_> = url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
    let has =
        |name: &str, value: &str| form.iter().any(|field| *field == (name.to_owned(), value.to_owned()));
    match request.path.as_str() {
        "/token" if has("client_secret", "g00d-canary") && !has("refresh_token", "stale-canary") => {
            uses.store(0, Ordering::SeqCst);
            Reply::json(json!({"access_token": "t0ken-canary", "expires_in": 3600}))
        }
        "/token" if has("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer") => {
            let assertion = form.iter().find(|(name, _)| name == "assertion").map_or("", |(_, value)| value);
            let parts: Vec<&str> = assertion.split('.').collect();
            assert!(parts.len() == 3 && parts.iter().all(|part| !part.is_empty()), "{}", request.body);
            if request.header("x-tenant") != Some("t") {
                return Reply::json(json!({"error": "invalid_client", "error_description": "whose?"}))
                    .status(401);
            }
            uses.store(0, Ordering::SeqCst);
            Reply::json(json!({"access_token": "t0ken-canary", "expires_in": 3600}))
        }
        "/token" => {
            Reply::json(json!({"error": "invalid_grant", "error_description": "ask again"})).status(400)
        }
        "/login" if request.body.contains("g00d-canary") => {
            Reply::json(json!({"session": {"id": "t0ken-canary"}}))
        }
        "/login" => Reply::json(json!({"message": "no such user"})).status(403),
        _ if request.header("authorization") != Some("Bearer t0ken-canary") => {
            Reply::json(json!({"error": "no token"})).status(401)
        }
        // As if the token had expired before its time.
        _ if uses.fetch_add(1, Ordering::SeqCst) == 2 => Reply::json(json!({"error": "expired"})).status(401),
        _ => {
            let page = request.number("page", 0);
            Reply::json(json!({"data": if page < 6 { vec![json!({"id": page})] } else { vec![] }}))
        }
    }
}

#[test]
fn tokens_are_fetched_and_renewed_and_never_shown() {
    const PAGED: &str = "path: rows, data_selector: data, paginator: {type: page_number, total_path: null}";
    let (oauth, refresh, login) = ("oauth2_client_credentials", "oauth2_refresh_token", "session_token");
    let key = std::fs::read_to_string(repository().join("crates/spile-extract/tests/it/key.pem")).unwrap();
    let secret_line = key.lines().nth(1).unwrap();
    let jwt = "oauth_jwt";
    // A JSON text is a YAML scalar too.
    let signed = format!("auth_endpoint: URL/token, client_id: robot, private_key: {}", json!(key));
    let grant = "access_token_url: URL/token, client_id: me, client_secret: SECRET-canary";
    let form = "login_url: URL/login, token_path: session.id, prefix: 'Bearer ', login_json: {user: me, password: SECRET-canary}";
    for (kind, keys, secret, status, said) in [
        (oauth, grant.to_owned(), "g00d", 0, &[][..]),
        (
            oauth,
            grant.to_owned(),
            "wr0ng",
            1,
            &["source/token-refused", "invalid_grant: ask again", "/token"],
        ),
        (refresh, format!("{grant}, refresh_token: fresh-canary"), "g00d", 0, &[]),
        (refresh, format!("{grant}, refresh_token: stale-canary"), "g00d", 1, &["invalid_grant: ask again"]),
        (login, form.to_owned(), "g00d", 0, &[]),
        (login, form.to_owned(), "wr0ng", 1, &["source/token-refused", "403", "/login"]),
        (login, form.replace("session.id", "token"), "g00d", 1, &["has no `token`", "fields: session"]),
        (jwt, format!("{signed}, headers: {{X-Tenant: t}}"), "g00d", 0, &[]),
        (jwt, signed.clone(), "g00d", 1, &["source/token-refused", "invalid_client: whose?", "/token"]),
        (
            jwt,
            signed.replace(&json!(key).to_string(), "SECRET-canary"),
            "g00d",
            2,
            &["config/invalid-key", "RS256"],
        ),
    ] {
        let uses = AtomicUsize::new(0);
        let server = Server::start(move |request| guarded(request, &uses));
        let place = Place::new();
        let keys = keys.replace("URL", &server.url("")).replace("SECRET", secret);
        let client = format!("  auth: {{type: {kind}, {keys}}}\n");
        config(&place, &server, &client, PAGED);
        let text =
            std::fs::read_to_string(place.path("api.yaml")).unwrap().replace("paginator: single_page, ", "");
        place.write("api.yaml", &text);
        let outcome = place.run(&["run", "api.yaml"]).expect(status);
        for text in said {
            assert!(outcome.stderr.contains(text), "{kind}: {text:?} is not in {}", outcome.stderr);
        }
        let shown = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!shown.contains("canary") && !shown.contains(secret_line), "{kind}: {shown}");
        if status == 0 {
            let row = place.row("api.duckdb", "select count(*), count(distinct id) from api_dataset.items");
            assert_eq!(row, ["6", "6"], "{kind}");
            let asked = server.take().iter().filter(|request| request.method == "POST").count();
            assert!(asked >= 2, "{kind}: the token that was refused was not renewed");
        }
    }
}
