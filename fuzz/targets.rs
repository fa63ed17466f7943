//! What each fuzz target does with its bytes, and what must hold whatever the bytes are.
//!
//! Shared by the fuzzer's programs and by `crates/spile/tests/fuzz_inputs.rs`, which runs the inputs that once found
//! something on every `cargo test`. Not a place for expectations about single inputs: those belong into unit tests.

#![allow(dead_code, reason = "each fuzzer program uses one of the targets")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use spile_config::{Environment, Options, Registries, Resolved, load_text};
use spile_core::{
    Diagnostics, Document, JsonPath, Matches, Method, Node, Position, RequestDraft, ResponseView, Severity,
    SourceFile, Span, Step,
};
use spile_extract::{AUTHS, PAGINATORS};
use url::Url;

/// Does something with bytes; a panic is a finding.
pub(crate) type Target = fn(&[u8]);

/// All targets by name, as `scripts/fuzz` runs them.
pub(crate) const TARGETS: [(&str, Target); 10] = [
    ("document", document),
    ("expressions", expressions),
    ("jinja", jinja),
    ("json", json),
    ("json_path", json_path),
    ("link_header", link_header),
    ("python", python),
    ("resolve", resolve),
    ("toml", toml),
    ("yaml", yaml),
];

/// A Markdown document with a config in a fenced block.
pub(crate) fn document(data: &[u8]) {
    config("c.md", data);
}

/// A config in JSON.
pub(crate) fn json(data: &[u8]) {
    config("c.json", data);
}

/// A dlt script.
pub(crate) fn python(data: &[u8]) {
    config("c.py", data);
}

/// A config in TOML.
pub(crate) fn toml(data: &[u8]) {
    config("c.toml", data);
}

/// A config in YAML.
pub(crate) fn yaml(data: &[u8]) {
    config("c.yaml", data);
}

/// `{resources.parent.field}`, `{incremental.start_value}` and `${env.NAME}`, in every place that takes them.
pub(crate) fn expressions(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let incremental = json!({"cursor_path": "at", "initial_value": text});
    let config = json!({
        "client": {"base_url": "https://host/v1", "headers": {"A": text}},
        "resources": [
            "parents",
            {"name": "path", "endpoint": {"path": text, "params": {"id": 1}}},
            {"name": "params", "endpoint": {"params": {"a": text, "b": [text]}, "incremental": incremental}},
            {"name": "names", "endpoint": {"params": {text: "x"}, "headers": {text: "x"}}},
            {"name": "body", "endpoint": {"headers": {"A": text}, "json": {"a": [text, {text: text}]}}},
            {"name": "children", "endpoint": {"path": format!("parents/{{resources.parents.id}}/{text}")}},
        ]
    });
    check(&load("c.json", &config.to_string()));
}

/// A config from a tree of known keys and odd values: the bytes choose.
pub(crate) fn resolve(data: &[u8]) {
    let mut bytes = data.iter().copied();
    let config = tree(&mut bytes, 6);
    check(&load("c.json", &config.to_string()));
}

/// A path into a response: it compiles or not, and finds no more than there is.
pub(crate) fn json_path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(path) = JsonPath::parse(text) else { return };
    let body = br#"{"data":[{"id":1,"a b":{"x":[1,2,3]}},{"id":null}],"next":"u","meta":{"total":2}}"#;
    let document = Document::parse(body.to_vec()).expect("the body is JSON");
    // Values that the path makes itself are not counted.
    if let Matches::Body(found) = path.matches(document.root()) {
        assert!(found.len() <= 16, "a path finds {} of 14 values", found.len());
    }
}

/// A Jinja expression on a response: the fuel ends it.
pub(crate) fn jinja(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let written = json!({"type": "cursor", "cursor_value": text, "stop_condition": text});
    page(&written, &[("link".to_owned(), "</n>; rel=next".to_owned())]);
}

/// A `Link` header: a relation is found or not, and its target is a URL or an error.
pub(crate) fn link_header(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    page(
        &json!("header_link"),
        &[("link".to_owned(), text.to_owned()), ("link".to_owned(), text.to_owned())],
    );
}

/// Walks two pages with a paginator.
fn page(written: &Value, headers: &[(String, String)]) {
    let node = node(written);
    let name = node.get("type").unwrap_or(&node).as_str().expect("the type is a text").to_owned();
    let row = PAGINATORS.find(&name).expect("the paginator is in the table");
    let mut diagnostics = Diagnostics::new();
    let Some(paginator) = (row.parse)(&node, &mut diagnostics) else {
        assert!(diagnostics.has_errors(), "neither a paginator nor an error");
        return;
    };
    let url = Url::parse("https://host/v1/items").expect("a URL");
    let body = br#"{"items":[{"id":1},{"id":2}],"next":"/v1/items?page=2","total":3}"#;
    let document = Document::parse(body.to_vec()).expect("the body is JSON");
    let response = ResponseView {
        url: &url,
        headers,
        body: document.root(),
        record_count: 2,
        last_record: document.root().get("items").and_then(|items| items.elements().last()),
        pages_before: 0,
        records_before: 0,
    };
    if let Ok(Step::Next(position)) = paginator.next(&Position::Start, &response) {
        let mut draft = RequestDraft {
            method: Method::Get,
            url: url.clone(),
            params: Vec::new(),
            headers: Vec::new(),
            json: None,
            data: None,
            credentials: Vec::new(),
        };
        // Either outcome is fine; what must not happen is a panic.
        if paginator.apply(&position, &mut draft).is_ok() {
            draft.target();
        }
    }
}

fn config(name: &str, data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    check(&load(name, text));
}

fn load(name: &str, text: &str) -> Resolved {
    let environment = Environment {
        variables: BTreeMap::from([("A".to_owned(), "x".to_owned())]),
        working_directory: PathBuf::from("/nowhere/spile-fuzz"),
        global_directory: None,
        now_microseconds: 1_711_888_215_000_000,
    };
    let registries = Registries { paginators: &PAGINATORS, auths: &AUTHS };
    load_text(Path::new(name), text, &Options::default(), &environment, &registries)
}

/// What holds for every config: a plan or an error, every finding with a hint and a place inside its file.
fn check(resolved: &Resolved) {
    let has_errors = resolved.diagnostics.iter().any(|found| found.severity == Severity::Error);
    assert_eq!(resolved.plan.is_none(), has_errors, "a plan and no error, or an error and no plan");
    for found in &resolved.diagnostics {
        assert!(found.code != "config/internal", "{}", found.message);
        assert!(found.hint.as_ref().is_some_and(|hint| !hint.is_empty()), "{} has no hint", found.code);
        if let Some(span) = &found.span {
            let text = span.file.text.get(span.start..span.end);
            assert!(text.is_some(), "{} is at {}..{}", found.code, span.start, span.end);
        }
    }
    if let Some(plan) = &resolved.plan {
        spile_config::explain(plan);
    }
}

/// Keys and texts that mean something somewhere in a config.
const WORDS: [&str; 64] = [
    "client",
    "base_url",
    "headers",
    "auth",
    "paginator",
    "retry",
    "timeout",
    "rate_limit",
    "concurrency",
    "limits",
    "trusted_hosts",
    "resources",
    "resource_defaults",
    "name",
    "endpoint",
    "path",
    "method",
    "params",
    "json",
    "data",
    "data_selector",
    "incremental",
    "response_actions",
    "type",
    "cursor",
    "offset",
    "page_number",
    "limit",
    "token",
    "bearer",
    "api_key",
    "http_basic",
    "write_disposition",
    "merge",
    "strategy",
    "primary_key",
    "merge_key",
    "columns",
    "data_type",
    "schema_contract",
    "max_table_nesting",
    "table_name",
    "selected",
    "include_from_parent",
    "resolve",
    "resource",
    "field",
    "cursor_path",
    "initial_value",
    "end_value",
    "start_param",
    "lag",
    "row_order",
    "references",
    "incremental_sync",
    "cursor_field",
    "https://host/v1",
    "a",
    "b",
    "{resources.a.id}",
    "{incremental.start_value}",
    "a/{resources.b.id}",
    "${env.A}",
    "processing_steps",
];

/// Makes a tree out of bytes: each byte chooses what comes next.
fn tree(bytes: &mut impl Iterator<Item = u8>, depth: usize) -> Value {
    let Some(choice) = bytes.next() else { return Value::Null };
    let count = usize::from(choice >> 5);
    match choice % 8 {
        0..=3 if depth > 0 => {
            let mut map = serde_json::Map::new();
            for _ in 0..=count {
                let Some(key) = bytes.next() else { break };
                map.insert(WORDS[usize::from(key) % WORDS.len()].to_owned(), tree(bytes, depth - 1));
            }
            Value::Object(map)
        }
        4 if depth > 0 => Value::Array((0..count).map(|_| tree(bytes, depth - 1)).collect()),
        5 => Value::from(i64::from(bytes.next().unwrap_or_default()) - 3),
        6 => [json!(null), json!(true), json!(0.5), json!(1e300), json!("")][count % 5].clone(),
        _ => Value::from(WORDS[usize::from(bytes.next().unwrap_or_default()) % WORDS.len()]),
    }
}

/// Writes a tree as the node that a reader would make of it.
fn node(value: &Value) -> Node {
    let file = SourceFile::new("fuzz", "x");
    let span = Span::new(&file, 0, 1);
    let value = match value {
        Value::String(text) => spile_core::Value::String(text.clone()),
        Value::Object(entries) => spile_core::Value::Map(
            entries
                .iter()
                .map(|(name, value)| {
                    (spile_core::Key { name: name.clone(), span: span.clone() }, node(value))
                })
                .collect(),
        ),
        _ => spile_core::Value::Null,
    };
    Node::new(value, span)
}
