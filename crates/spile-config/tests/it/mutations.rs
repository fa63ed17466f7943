//! Good configs broken in hundreds of ways, in all dialects: each is caught, near its place, with a hint.
//!
//! The mutants are enumerated, not drawn, so that every run has the same ones. A mutant is made in the tree and written by
//! the converter; its place is the line that holds its mark.

use std::path::Path;

use serde_json::{Value, json};
use spile_config::{Environment, convert};
use spile_core::{Diagnostic, Severity};

use crate::project::Project;

const MARK: &str = "mutant77";

/// What is written, and the extension that it is read by. The document is the YAML in a fenced block.
const DIALECTS: [(&str, &str); 5] =
    [("json", "json"), ("python", "py"), ("toml", "toml"), ("yaml", "yaml"), ("yaml", "md")];

/// Maps whose keys are the user's own.
const FREE: [&str; 4] = ["params", "headers", "json", "columns"];

fn good() -> Value {
    json!({
        "name": "shop",
        "client": {
            "base_url": "https://host/v1", "headers": {"Accept": "text/plain"}, "timeout": 30,
            "retry": {"max_retries": 2, "backoff_factor": 1.5, "jitter": true},
            "limits": {"pages_max": 5, "columns_max": 9}
        },
        "resource_defaults": {"write_disposition": "merge", "primary_key": "id"},
        "resources": [
            {
                "name": "users", "table_name": "people", "selected": true, "max_table_nesting": 2,
                "columns": {"age": {"data_type": "bigint", "nullable": false}},
                "endpoint": {
                    "path": "users/list", "method": "GET", "data_selector": "data.items",
                    "params": {"size": 10},
                    "incremental": {
                        "cursor_path": "updated", "start_param": "since", "initial_value": "2024-01-01",
                        "row_order": "asc", "on_cursor_value_missing": "raise", "range_end": "open"
                    }
                }
            },
            {
                "name": "orders", "write_disposition": {"disposition": "merge", "strategy": "delete-insert"},
                "incremental_sync": {"cursor_field": "at", "start_time_param": "from", "param_format": "unix"},
                "endpoint": {"path": "orders", "json": {"query": "all"}}
            }
        ]
    })
}

/// A broken tree and what it is.
struct Mutant {
    what: String,
    tree: Value,
}

/// The places of all keys that Spile knows, as JSON pointers.
fn places(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            for (key, inner) in entries {
                let pointer = format!("{pointer}/{key}");
                found.push(pointer.clone());
                if key == "columns" {
                    for name in inner.as_object().unwrap().keys() {
                        places(&inner[name], &format!("{pointer}/{name}"), found);
                    }
                } else if !FREE.contains(&key.as_str()) {
                    places(inner, &pointer, found);
                }
            }
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| places(item, &format!("{pointer}/{index}"), found));
        }
        _ => {}
    }
}

fn mutants() -> Vec<Mutant> {
    let good = good();
    let mut pointers = Vec::new();
    places(&good, "", &mut pointers);
    let mut all = Vec::new();
    for pointer in &pointers {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        // A misspelt key, which carries the mark in its spelling.
        let mut tree = good.clone();
        let map = tree.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        let renamed = std::mem::take(map)
            .into_iter()
            .map(|(name, value)| if name == key { (format!("{key}_{MARK}"), value) } else { (name, value) });
        *map = renamed.collect();
        all.push(Mutant { what: format!("misspelt {pointer}"), tree });
        // Values of a type that the key cannot have. A text is a legal value of some.
        for (kind, value) in
            [("list", json!([MARK, 7])), ("map", json!({MARK: {MARK: MARK}})), ("text", json!(MARK))]
        {
            let takes_text = [
                "name",
                "base_url",
                "primary_key",
                "table_name",
                "path",
                "data_selector",
                "cursor_path",
                "start_param",
                "initial_value",
                "cursor_field",
                "start_time_param",
                "endpoint",
                "strategy",
            ];
            let takes_map = ["headers", "params", "json", "columns"];
            let legal =
                (kind == "text" && takes_text.contains(&key)) || (kind == "map" && takes_map.contains(&key));
            if !legal {
                let mut tree = good.clone();
                *tree.pointer_mut(pointer).unwrap() = value;
                all.push(Mutant { what: format!("{kind} in {pointer}"), tree });
            }
        }
    }
    for (pointer, value) in [
        ("/client/base_url", json!("ftp://mutant77")),
        ("/client/base_url", json!("mutant77/no-scheme")),
        ("/client/base_url", json!("https://mutant77:secret@host")),
        ("/resources/0/endpoint/path", json!("users/{mutant77}")),
        ("/resources/0/endpoint/path", json!("users/{mutant77")),
        ("/resources/0/endpoint/params/size", json!("{mutant77}")),
        ("/resources/0/endpoint/data_selector", json!("mutant77[")),
        ("/resources/0/endpoint/incremental/cursor_path", json!("mutant77|x")),
        ("/resources/1/incremental_sync/cursor_field", json!("mutant77[")),
        ("/client/headers/Accept", json!("mutant77\nX: y")),
        ("/resources/0/endpoint/paginator", json!("mutant77")),
        ("/resources/0/endpoint/auth", json!("mutant77")),
        ("/resources/1/write_disposition/strategy", json!("mutant77")),
        ("/client/timeout", json!("${env.mutant77}")),
    ] {
        let mut tree = good.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        tree.pointer_mut(parent).unwrap()[key] = value;
        all.push(Mutant { what: format!("bad value in {pointer}"), tree });
    }
    all
}

/// What came of one mutant in one dialect; `None`: caught near its place.
fn problem(text: &str, findings: &[Diagnostic]) -> Option<&'static str> {
    let lines: Vec<usize> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains(MARK))
        .map(|(index, _)| index + 1)
        .collect();
    let errors: Vec<&Diagnostic> =
        findings.iter().filter(|found| found.severity == Severity::Error).collect();
    let near = |found: &&&Diagnostic| {
        found.span.as_ref().is_some_and(|span| {
            let line = span.line_column().0;
            lines.iter().any(|marked| marked.abs_diff(line) <= 1)
        })
    };
    match (errors.is_empty(), errors.iter().find(near)) {
        (true, _) => Some("not caught"),
        (false, None) => Some("caught elsewhere"),
        (false, Some(_)) => None,
    }
}

#[test]
fn broken_configs_are_caught_where_they_are_broken() {
    let (mut count, mut uncaught, mut elsewhere) = (0, Vec::new(), Vec::new());
    for mutant in mutants() {
        let written = Project::new().file("m.json", mutant.tree.to_string());
        let environment = Environment {
            variables: [("mutant77".to_owned(), "x".to_owned())].into(),
            working_directory: written.path().to_owned(),
            global_directory: None,
            now_microseconds: 0,
        };
        for (dialect, extension) in DIALECTS {
            let converted = convert(Path::new("m.json"), dialect, None, &environment);
            let Some(mut text) = converted.text else { continue };
            if extension == "md" {
                text = format!("# A shop\n\nIts API:\n\n```yaml\n{text}```\n\nThat is all.\n");
            }
            // A script has no place for an unknown setting.
            if !text.contains(MARK) {
                continue;
            }
            let name = format!("c.{extension}");
            let found = Project::new().file(&name, &text).load(&name).diagnostics;
            count += 1;
            assert!(found.iter().all(|found| found.hint.is_some()), "{} {extension}: no hint", mutant.what);
            match problem(&text, &found) {
                None => {}
                Some("not caught") => uncaught.push(format!("{} {extension}", mutant.what)),
                Some(_) => elsewhere.push(format!("{} {extension}: {:?}", mutant.what, found[0].span)),
            }
        }
    }
    let caught = count - uncaught.len();
    println!("{count} broken configs, {caught} caught, {} of them elsewhere", elsewhere.len());
    assert!(count >= 300, "{count}");
    assert!(
        uncaught.len() * 20 <= count,
        "{} of {count} not caught\n{}",
        uncaught.len(),
        uncaught.join("\n")
    );
    assert!(elsewhere.len() * 20 <= count, "{} elsewhere\n{}", elsewhere.len(), elsewhere.join("\n"));
}
