//! The configs of dlt's own tests, in our words, and what else its validation decides: real dlt and `spile check` on each.
//!
//! A case of `accepted.py` is one that dlt makes a source of, a case of `refused.py` one that it does not; dlt itself is
//! asked, so that the files cannot claim what is not so. Where Spile decides otherwise the case says it and why.
//! `docs/config-cases.md` counts them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Place, python, repository};

/// What a case says about Spile where it is not of dlt's opinion.
#[derive(Debug, Clone, PartialEq)]
enum Claim {
    Same,
    /// With the code of the error.
    Refuses(String),
    Accepts,
    /// Something of Python's that may be refused as such.
    MayRefuse,
}

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) script: String,
    environment: Vec<(String, String)>,
    claim: Claim,
    why: String,
}

/// Splits a file into cases; what comes before the first belongs to each.
fn cases(file: &str) -> Vec<Case> {
    let path = repository().join("testdata/dlt-configs").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let mut parts = text.split("\n# case ");
    let head = parts.next().unwrap();
    parts.map(|part| case(head, part)).collect()
}

/// Returns the cases that both accept.
pub(crate) fn accepted_by_both() -> Vec<Case> {
    cases("accepted.py").into_iter().filter(|case| case.claim == Claim::Same).collect()
}

fn case(head: &str, part: &str) -> Case {
    let (name, body) = part.split_once('\n').unwrap();
    let (mut environment, mut claim, mut why) = (Vec::new(), Claim::Same, String::new());
    for line in body.lines() {
        if let Some((name, value)) = line.strip_prefix("# env ").and_then(|line| line.split_once('=')) {
            environment.push((name.to_owned(), value.to_owned()));
        } else if let Some((said, reason)) =
            line.strip_prefix("# spile ").and_then(|line| line.split_once(": "))
        {
            claim = match said.split_once(' ') {
                Some(("refuses", code)) => Claim::Refuses(code.to_owned()),
                Some(("may", "refuse")) => Claim::MayRefuse,
                _ => Claim::Accepts,
            };
            reason.clone_into(&mut why);
        }
    }
    Case { name: name.to_owned(), script: format!("{head}\n{body}"), environment, claim, why }
}

/// Makes a source of each script with real dlt; gives the error or an empty text.
const ORACLE: &str = r#"
import json, os, sys, types, warnings
warnings.filterwarnings("ignore")
outcomes = {}
for number, case in enumerate(json.load(sys.stdin)):
    os.environ.update(case["environment"])
    module = types.ModuleType(f"case_{number}")
    sys.modules[module.__name__] = module
    try:
        exec(compile(case["script"], "case.py", "exec"), module.__dict__)
        outcomes[case["name"]] = ""
    except Exception as error:
        outcomes[case["name"]] = f"{type(error).__name__}: {error}"
    for name in case["environment"]:
        del os.environ[name]
json.dump(outcomes, sys.stdout)
"#;

fn ask_dlt(cases: &[Case]) -> BTreeMap<String, String> {
    let place = Place::new();
    let input: Vec<Value> = cases
        .iter()
        .map(|case| {
            let environment: BTreeMap<_, _> = case.environment.iter().cloned().collect();
            json!({"name": case.name, "script": case.script, "environment": environment})
        })
        .collect();
    let input = place.write("cases.json", &Value::from(input).to_string());
    let output = Command::new(python())
        .args(["-c", ORACLE])
        .current_dir(place.path(""))
        .env("RUNTIME__DLTHUB_TELEMETRY", "false")
        .env("HOME", place.path(""))
        .stdin(std::fs::File::open(input).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the codes of the errors that `spile check` finds.
fn ask_spile(case: &Case) -> Vec<String> {
    let mut place = Place::new();
    for (name, value) in &case.environment {
        place = place.variable(name, value);
    }
    place.write("case.py", &case.script);
    let found = place.run(&["check", "case.py", "--output", "json"]);
    assert!(matches!(found.status, 0 | 2), "{}: {found:?}", case.name);
    let diagnostics = found.json()["diagnostics"].as_array().cloned().unwrap_or_default();
    diagnostics
        .iter()
        .filter(|found| found["severity"] == "error")
        .map(|found| found["code"].as_str().unwrap().to_owned())
        .collect()
}

/// Says what is not as the case says, if anything.
fn contradiction(case: &Case, dlt_accepts: bool, codes: &[String]) -> Option<String> {
    let unsupported =
        |code: &String| matches!(code.as_str(), "config/not-supported" | "config/python-unsupported");
    let as_said = match &case.claim {
        Claim::Same => codes.is_empty() == dlt_accepts,
        Claim::Accepts => codes.is_empty() && !dlt_accepts,
        Claim::Refuses(code) => dlt_accepts && codes.contains(code),
        Claim::MayRefuse => codes.iter().all(unsupported),
    };
    (!as_said).then(|| format!("{}: {:?}, Spile finds {codes:?}", case.name, case.claim))
}

#[test]
fn dlt_and_spile_accept_the_same_configs() {
    let mut problems = Vec::new();
    for (file, dlt_accepts) in [("accepted.py", true), ("refused.py", false)] {
        let cases = cases(file);
        let by_dlt = ask_dlt(&cases);
        for case in &cases {
            let error = &by_dlt[&case.name];
            if error.is_empty() != dlt_accepts {
                problems.push(format!("{file}: {}: dlt says {error:?}", case.name));
            }
            problems.extend(contradiction(case, dlt_accepts, &ask_spile(case)));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_table_of_the_cases_is_current() {
    let (accepted, refused) = (cases("accepted.py"), cases("refused.py"));
    let count =
        |cases: &[Case], wanted: fn(&Claim) -> bool| cases.iter().filter(|case| wanted(&case.claim)).count();
    let same = |claim: &Claim| *claim == Claim::Same;
    let refuses = |claim: &Claim| matches!(claim, Claim::Refuses(_));
    let may = |claim: &Claim| *claim == Claim::MayRefuse;
    let accepts = |claim: &Claim| *claim == Claim::Accepts;
    let mut text = String::from(DOCUMENT);
    for (name, cases) in [("accepts", &accepted), ("refuses", &refused)] {
        let counts = [same, refuses, may, accepts].map(|wanted| count(cases, wanted));
        let [same, refuses, may, accepts] = counts;
        writeln!(text, "| {name} | {} | {same} | {refuses} | {accepts} | {may} |", cases.len()).unwrap();
    }
    text.push_str("\n## Where the two differ\n\n| dlt | Case | Spile | Why |\n|---|---|---|---|\n");
    for (dlt, cases) in [("accepts", &accepted), ("refuses", &refused)] {
        for case in cases.iter().filter(|case| case.claim != Claim::Same) {
            let spile = match &case.claim {
                Claim::Refuses(code) => format!("`{code}`"),
                Claim::MayRefuse => "may refuse".to_owned(),
                Claim::Accepts | Claim::Same => "accepts".to_owned(),
            };
            writeln!(text, "| {dlt} | {} | {spile} | {} |", case.name, case.why).unwrap();
        }
    }
    crate::harness::same_document("docs/config-cases.md", &text);
}

const DOCUMENT: &str = "# dlt's configs, case by case

Written by `crates/spile-cli/tests/it/dlt_configs.rs` from `testdata/dlt-configs`: the configurations of dlt's own test suite
in our words, and what else its validation decides. The test makes a source of each with real dlt, checks each with
`spile check`, and fails where the two are not of the opinion that the case says.

| dlt | Cases | Spile the same | refuses | accepts | may refuse |
|---|---|---|---|---|---|
";
