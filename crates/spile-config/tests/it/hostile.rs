//! Texts that are meant to take long or much: each ends soon with a finding. That they end is the test.

use crate::project::{Project, render};

fn findings(name: &str, text: &str) -> Vec<spile_core::Diagnostic> {
    Project::new().file(name, text).load(name).diagnostics
}

fn many(count: usize, separator: &str, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(separator)
}

#[test]
fn long_maps_and_lists() {
    let keys = many(200_000, ",", |number| format!("\"k{number}\":1"));
    for (name, text) in [
        ("c.json", format!("{{{keys}}}")),
        ("c.yaml", many(60_000, "\n", |number| format!("k{number}: 1"))),
        (
            "c.toml",
            format!(
                "resources = [{}]\n[client]\nbase_url = \"https://h\"\n",
                many(100_000, ",", |number| format!("\"r{number}\""))
            ),
        ),
    ] {
        let found = findings(name, &text);
        assert!(found.iter().any(|found| found.code == "config/too-large"), "{name}: {:?}", found.first());
    }
}

#[test]
fn more_findings_than_anybody_reads() {
    let keys = many(3_000, ",", |number| format!("\"k{number}\":1"));
    let text = format!("{{\"client\":{{\"base_url\":\"https://h\",{keys}}},\"resources\":[\"a\"]}}");
    let found = findings("c.json", &text);
    assert_eq!(found.len(), 501);
    let last = render(&found[500..]);
    assert!(last.contains("config/too-many-findings 0:0 2500 more findings"), "{last}");
}

#[test]
fn deep_nesting_and_aliases() {
    let bomb = format!(
        "a0: &a0 [x]\n{}",
        many(40, "\n", |number| {
            let next = number + 1;
            format!("a{next}: &a{next} [*a{number}, *a{number}, *a{number}]")
        })
    );
    let deep = "[".repeat(100_000);
    for (name, text, code) in [
        ("c.yaml", bomb, "config/yaml-unsupported"),
        ("c.yaml", deep.clone(), "config/yaml-syntax"),
        ("c.json", deep.clone(), "config/too-deep"),
        ("c.toml", format!("a = {deep}"), "config/toml-syntax"),
        ("c.py", deep, "config/too-deep"),
    ] {
        let found = findings(name, &text);
        assert!(found.iter().any(|found| found.code == code), "{name} {code}: {}", render(&found));
    }
}

#[test]
fn scripts_that_never_end() {
    for script in
        ["while True:\n    x = 1\n", "x = 'a'\nwhile True:\n    x = x + x\n", "def f():\n    f()\nf()\n"]
    {
        let text =
            format!("from dlt.sources.rest_api import rest_api_source\n{script}\nrest_api_source({{}})\n");
        let found = findings("c.py", &text);
        assert!(
            found.iter().any(|found| found.code == "config/python-unsupported"),
            "{script}{}",
            render(&found)
        );
    }
}
