//! The shape of the repository: dependency edges, lengths, tables, codes, links.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::{Place, repository};

/// Which of our crates each may depend on.
const EDGES: [(&str, &[&str]); 7] = [
    ("spile-core", &[]),
    ("spile-config", &["spile-core"]),
    ("spile-extract", &["spile-core"]),
    ("spile-normalize", &["spile-core"]),
    ("spile-load", &["spile-core"]),
    ("spile", &["spile-config", "spile-core", "spile-extract", "spile-load", "spile-normalize"]),
    ("spile-cli", &["spile"]),
];

/// Files longer than this are split.
const FILE_LINES_MAX: usize = 500;

/// Product files that are longer today. The list only shrinks.
const LONG_FILES: [&str; 0] = [];

#[test]
fn crates_depend_only_where_they_may() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(repository())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut found = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let edges: BTreeSet<&str> = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| dependency["name"].as_str().unwrap())
            .filter(|name| name.starts_with("spile"))
            .collect();
        found.insert(package["name"].as_str().unwrap(), edges);
    }
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        EDGES.into_iter().map(|(name, edges)| (name, edges.iter().copied().collect())).collect();
    assert_eq!(found, allowed);
}

fn sources(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A file without the tests at its end.
fn product(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod tests {").map_or(text, |tests| &text[..tests])
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let root = repository();
    let mut long = Vec::new();
    for path in sources(&root.join("crates"), "rs") {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let is_test = name.contains("/tests/") || name.ends_with("tests.rs") || name.contains("/examples/");
        assert!(text.starts_with("//!"), "{name} does not open with what it is for");
        let holes = ["todo", "unimplemented"].map(|word| format!("{word}!("));
        assert!(!holes.iter().any(|hole| text.contains(hole.as_str())), "{name} has a hole");
        if !is_test && product(&text).lines().count() > FILE_LINES_MAX {
            long.push(name);
        }
    }
    assert_eq!(long, LONG_FILES, "split the new ones; take those that got shorter off the list");
}

#[test]
fn every_component_file_has_its_row() {
    for (folder, listing) in [
        ("crates/spile-extract/src/paginators", "paginators"),
        ("crates/spile-extract/src/auths", "auths"),
        ("crates/spile-load/src/destinations", "destinations"),
    ] {
        let listed = Place::new().run(&["list", listing, "--output", "json"]).expect(0).json();
        let rows: Vec<&Value> = listed.as_array().unwrap().iter().collect();
        let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted, "{listing} are sorted and unique");
        for row in &rows {
            assert!(row["summary"].as_str().unwrap().ends_with('.'), "{row}");
            for field in row["fields"].as_array().unwrap() {
                assert!(!field["summary"].as_str().unwrap().is_empty(), "{field}");
            }
        }
        let mut files: Vec<String> = repository()
            .join(folder)
            .read_dir()
            .unwrap()
            .flatten()
            .map(|entry| entry.path().file_stem().unwrap().to_str().unwrap().to_owned())
            .filter(|stem| !SHARED_FILES.contains(&stem.as_str()))
            .collect();
        files.sort();
        for file in files {
            assert!(names.contains(&file.as_str()), "{folder}/{file} has no row in `spile list {listing}`");
        }
    }
}

/// Files in a table's folder that are not a component.
const SHARED_FILES: [&str; 4] = ["mod", "tests", "range", "cursor_rules"];

/// Error codes in a text: lower-case words joined by dashes, after a known area and a slash.
fn codes(text: &str) -> BTreeSet<String> {
    let areas = [
        "config",
        "source",
        "script",
        "incremental",
        "limit",
        "state",
        "destination",
        "data",
        "run",
        "cli",
        "show",
        "schema",
        "demo",
        "bug",
    ];
    let mut found = BTreeSet::new();
    for area in areas {
        let opening = format!("\"{area}/");
        for (start, _) in text.match_indices(&opening) {
            let code = text[start + 1..].split('"').next().unwrap();
            let slug = &code[area.len() + 1..];
            let is_slug = !slug.is_empty()
                && slug
                    .chars()
                    .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
            if is_slug {
                found.insert(code.to_owned());
            }
        }
    }
    found
}

#[test]
fn every_error_code_is_documented() {
    let root = repository();
    let mut used = BTreeSet::new();
    for path in sources(&root.join("crates"), "rs") {
        if path.to_str().unwrap().contains("/tests") || path.ends_with("tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        used.extend(codes(product(&text)));
    }
    let documentation = std::fs::read_to_string(root.join("docs/errors.md")).unwrap();
    let documented: BTreeSet<String> = documentation
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(code, _)| code.to_owned()))
        .collect();
    let missing: Vec<_> = used.difference(&documented).collect();
    let stale: Vec<_> = documented.difference(&used).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "not in docs/errors.md: {missing:?}; no longer used: {stale:?}"
    );
}

#[test]
fn architecture_names_only_what_exists() {
    let root = repository();
    for document in ["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md", "COMPATIBILITY.md"] {
        let text = std::fs::read_to_string(root.join(document)).unwrap();
        for quoted in text.split('`').skip(1).step_by(2) {
            let is_path = quoted.contains('/')
                && ["crates/", "docs/", "bench/", "examples/", "scripts/", "testdata/", ".ci/"]
                    .iter()
                    .any(|start| quoted.starts_with(start))
                && !quoted.contains(['*', '<', ' ', '{']);
            assert!(
                !is_path || root.join(quoted).exists(),
                "{document} names `{quoted}`, which is not there"
            );
        }
    }
}

#[test]
fn every_fault_names_the_test_that_holds_it() {
    let root = repository();
    let tests: String = sources(&root.join("crates"), "rs")
        .iter()
        .filter(|path| path.to_str().unwrap().contains("/tests"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let document = std::fs::read_to_string(root.join("docs/faults.md")).unwrap();
    let rows: Vec<&str> = document.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 20);
    for row in rows {
        let held = row.trim_end_matches(" |").rsplit_once(" | ").map_or("", |(_, held)| held);
        let names: Vec<&str> = held.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "nothing holds: {row}");
        for name in names {
            assert!(
                tests.contains(&format!("fn {name}(")),
                "docs/faults.md names `{name}`, which is no test"
            );
        }
    }
}
