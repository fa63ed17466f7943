//! dlt's JSONPath dialect: each path of `testdata/jsonpath/cases.txt`, and made-up ones, evaluated by real dlt and by Spile.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};
use spile_core::{Document, JsonPath};

use crate::harness::{python, repository};

/// Where Spile decides otherwise than jsonpath-ng, with the row of `COMPATIBILITY.md` that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Differs {
    No,
    /// "A path that finds a value several times".
    FoundOnce,
    /// "A path on values of the wrong kind": an exception there, nothing here.
    NothingHere,
    /// "A path that cannot be evaluated": refused by `check` here.
    RefusedHere,
    /// "Letters beyond ASCII in a name without quotes".
    AcceptedHere,
}

struct Case {
    document: String,
    path: String,
    differs: Differs,
}

fn cases(documents: &mut Map<String, Value>) -> Vec<Case> {
    let text = std::fs::read_to_string(repository().join("testdata/jsonpath/cases.txt")).unwrap();
    let mut document = String::new();
    let mut cases = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        if let Some(rest) = line.strip_prefix("document ") {
            let (name, body) = rest.split_once(' ').unwrap();
            document = name.to_owned();
            documents.insert(document.clone(), serde_json::from_str(body).unwrap());
            continue;
        }
        let (path, differs) = match line.strip_prefix('!').and_then(|line| line.rsplit_once(" # ")) {
            Some((path, "found once")) => (path, Differs::FoundOnce),
            Some((path, "nothing here")) => (path, Differs::NothingHere),
            Some((path, "refused here")) => (path, Differs::RefusedHere),
            Some((path, "accepted here")) => (path, Differs::AcceptedHere),
            Some((_, other)) => panic!("unknown difference {other}"),
            None => (line, Differs::No),
        };
        cases.push(Case { document: document.clone(), path: path.to_owned(), differs });
    }
    cases
}

fn ask_dlt(documents: &Map<String, Value>, cases: &[Case]) -> Vec<Value> {
    let asked: Vec<_> = cases.iter().map(|case| json!([case.document, case.path])).collect();
    let mut child = Command::new(python())
        .arg(repository().join("testdata/jsonpath/evaluate.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = json!({"documents": documents, "cases": asked}).to_string();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn ask_spile(body: &str, path: &str) -> Value {
    let path = match JsonPath::parse(path) {
        Ok(path) => path,
        Err(error) => return json!({"refused": error.to_string()}),
    };
    let document = Document::parse(body.as_bytes().to_vec()).unwrap();
    let matches = path.matches(document.root());
    let mut text = String::from("[");
    for (index, value) in matches.values().iter().enumerate() {
        text.push_str(if index > 0 { "," } else { "" });
        value.write(&mut text);
    }
    json!({"found": text + "]"})
}

/// Python writes numbers its own way; what counts is the value.
fn canonical(text: &str) -> Value {
    fn walk(value: Value) -> Value {
        match value {
            Value::Number(number) => json!(number.as_f64()),
            Value::Array(items) => items.into_iter().map(walk).collect(),
            Value::Object(members) => members.into_iter().map(|(name, value)| (name, walk(value))).collect(),
            other => other,
        }
    }
    walk(serde_json::from_str(text).unwrap())
}

/// Says how two answers differ; `None` when they agree as claimed.
fn disagreement(case: &Case, dlt: &Value, spile: &Value) -> Option<String> {
    let found = |answer: &Value| match answer.get("found") {
        Some(Value::String(text)) => Some(canonical(text)),
        Some(value) => Some(canonical(&value.to_string())),
        None => None,
    };
    let agrees = match (case.differs, found(dlt), found(spile)) {
        (Differs::No, Some(dlt), Some(spile)) => dlt == spile,
        (Differs::No, None, None) => dlt.get("refused").is_some() && spile.get("refused").is_some(),
        (Differs::FoundOnce, Some(Value::Array(dlt)), Some(Value::Array(spile))) => {
            let mut once: Vec<Value> = Vec::new();
            for value in &dlt {
                if !once.contains(value) {
                    once.push(value.clone());
                }
            }
            dlt != spile && once == spile
        }
        (Differs::NothingHere, dlt, Some(spile)) => dlt != Some(json!([])) && spile == json!([]),
        (Differs::RefusedHere, dlt_found, None) => dlt_found.is_some() || dlt.get("failed").is_some(),
        (Differs::AcceptedHere, None, Some(_)) => dlt.get("refused").is_some(),
        _ => false,
    };
    (!agrees).then(|| format!("{} {}\n    dlt:   {dlt}\n    Spile: {spile}", case.document, case.path))
}

#[test]
fn paths_find_what_dlt_finds() {
    let mut documents = Map::new();
    let cases = cases(&mut documents);
    assert!(cases.len() >= 60, "{} paths", cases.len());
    let dlt = ask_dlt(&documents, &cases);
    let wrong: Vec<_> = cases
        .iter()
        .zip(&dlt)
        .filter_map(|(case, dlt)| {
            let spile = ask_spile(&documents[&case.document].to_string(), &case.path);
            disagreement(case, dlt, &spile)
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
