//! What each reader accepts beyond the plain form.

use crate::project::{Project, render, seed, yaml};

const BODY: &str = "client: {base_url: https://h/x}\nresources: [a]\n";

#[test]
fn a_named_source_and_settings_beside_it() {
    let plan = yaml(
        "pipeline: p\ndestination: duckdb:///d/e.duckdb\ndataset: My Data\nsources:\n  shop:\n    type: rest_api\n    \
         max_table_nesting: 2\n    client: {base_url: https://h}\n    resources: [a]\n",
    )
    .plan("c.yaml");
    assert_eq!(
        (plan.pipeline.as_str(), plan.source.as_str(), plan.dataset.as_str()),
        ("p", "shop", "my_data")
    );
    assert!(plan.destination.location.expose().ends_with("/d/e.duckdb"));
    assert_eq!(plan.resources[0].load.max_table_nesting, Some(2));
}

#[test]
fn yaml_scalars_anchors_and_merges() {
    let plan = yaml(
        "client: {base_url: https://h}\nresource_defaults: &d\n  write_disposition: merge\nresources:\n- name: a\n  <<: *d\n  \
         endpoint:\n    params: {a: yes, b: 0x10, c: 1e3, d: ~, e: '1', f: TRUE, g: !!str 7, h: [1, null, x]}\n",
    )
    .plan("c.yaml");
    let params: Vec<String> =
        plan.resources[0].params.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    let literal = |name: &str, value: &str| format!("{name}=Literal({value:?})");
    assert_eq!(
        params,
        [
            literal("a", "yes"),
            literal("b", "16"),
            literal("c", "1000.0"),
            literal("e", "1"),
            literal("f", "True"),
            literal("g", "7"),
            literal("h", "1"),
            literal("h", "x"),
        ]
    );
}

#[test]
fn placeholders() {
    let project = yaml(
        "client: {base_url: '${env.BASE}/v1', headers: {X: 'k ${secrets.a.b} ${config.c}', Y: '$${z}'}}\nresources: [a]\n",
    )
    .variable("BASE", "https://h")
    .variable("A__B", "sesame")
    .file(".dlt/config.toml", "c = 5\n");
    let plan = project.plan("c.yaml");
    let values: Vec<&str> = plan.client.headers.iter().map(|header| header.value.expose()).collect();
    assert_eq!(plan.client.base_url.as_str(), "https://h/v1");
    assert_eq!(values, ["k sesame 5", "${z}"]);
    assert_eq!(plan.redactor.redact("say sesame"), "say ***");
}

#[test]
fn documents_with_several_blocks() {
    let text = format!("# a\n```yaml\n{BODY}```\n```json\n{{}}\n```\n~~~yml\n{BODY}~~~\n");
    let mut project = Project::new().file("c.md", text);
    let found = project.load("c.md").diagnostics;
    assert!(render(&found).contains("config/several-blocks 10:1"), "{}", render(&found));
    assert!(found[0].message.contains("1 (yaml, line 2); 2 (yaml, line 9)"), "{}", found[0].message);
    project.options.block = Some(2);
    project.plan("c.md");
    project.options.block = Some(3);
    assert_eq!(project.load("c.md").diagnostics[0].code, "config/unknown-block");
}

/// A block in a list item is indented with it; its lines and columns stay those of the document.
#[test]
fn indented_blocks() {
    let script = "from dlt.sources.rest_api import rest_api_source\n\ndef make():\n    return 'https://h'\n\nrest_api_source({'client': {'base_url': make()}, 'resources': ['a']})\n";
    let json = "{\"client\": {\"base_url\": \"https://h\"},\n \"resources\": [\"a\"]}\n";
    let toml = "resources = [\"a\"]\n[client]\nbase_url = \"https://h\"\n";
    for (language, text) in [("python", script), ("yaml", BODY), ("json", json), ("toml", toml)] {
        let inside = text.lines().fold(String::new(), |inside, line| inside + "   " + line + "\n");
        let document = format!("1. Like this:\n\n   ```{language}\n{inside}   ```\n2. Run it.\n");
        Project::new().file("c.md", &document).plan("c.md");
        let wrong = document.replace("https://h", "h");
        let found = render(&Project::new().file("c.md", &wrong).load("c.md").diagnostics);
        let is_place = |line: &str| line.contains("return") || line.contains("base_url");
        let line = wrong.lines().position(is_place).unwrap() + 1;
        assert!(found.starts_with(&format!("config/invalid-url {line}:")), "{language}: {found}");
    }
}

#[test]
fn a_byte_order_mark_is_not_counted() {
    for (name, text) in [
        ("c.json", "{\"client\": {\"base_url\": \"https://h\"}, \"resources\": [\"a\"]}"),
        ("c.toml", "resources = [\"a\"]\n[client]\nbase_url = \"https://h\"\n"),
        ("c.yaml", BODY),
        (
            "c.py",
            "from dlt.sources.rest_api import rest_api_source as s\ns({'client': {'base_url': 'https://h'}, 'resources': ['a']})\n",
        ),
    ] {
        Project::new().file(name, format!("\u{feff}{text}")).plan(name);
    }
}

/// Whatever the text, reading reports and does not panic.
#[test]
fn hostile_texts() {
    let deep =
        |open: &str, close: &str, count: usize| format!("{}{}", open.repeat(count), close.repeat(count));
    let texts = [
        String::new(),
        "\0".to_owned(),
        "&a [*a]".to_owned(),
        "- - - -".to_owned(),
        "? [a]\n: b".to_owned(),
        "x = \"\\ud800\"".to_owned(),
        deep("[", "]", 100_000),
        deep("{\"a\":", "}", 5_000),
        deep("{a: ", "}", 5_000),
        "x = ".to_owned() + &"-".repeat(100_000) + "1",
        "x = ".to_owned() + &"not ".repeat(20_000) + "1",
        "x = ".to_owned() + &"a.".repeat(50_000) + "b",
        "x = 1".to_owned() + &"+1".repeat(50_000),
        "def f():\n  return f()\nf()".to_owned(),
        "x = f'{x!r:>{y}}'".to_owned(),
        "x = 1".to_owned() + &" + 1".repeat(120_000),
        "x = ['a']\n".to_owned() + &"x = [x, x]\n".repeat(50),
        "x = 'a'\n".to_owned() + &"x = x + x\n".repeat(50),
        "a: &x [1,1]\n".to_owned() + &"b: &x [*x,*x]\n".repeat(50),
        "```python\nrest_api_source(".to_owned(),
        "a: &x [1,2]\nb: &y [*x,*x]\nc: &z [*y,*y]\n".to_owned(),
        "client: {base_url: 'https://[', headers: {'': '\n'}}\nresources: [{}, '', 1, null]".to_owned(),
        "client: {base_url: 'https://h'}\nresources: [{name: a, endpoint: {path: '{', params: {'}': '{'}, json: {'{': 1}}}]".to_owned(),
    ];
    for name in ["c.yaml", "c.toml", "c.json", "c.py", "c.md"] {
        for text in &texts {
            let found = Project::new().file(name, text).load(name);
            assert!(found.plan.is_none(), "{name}: {}", &text[..text.len().min(60)]);
        }
    }
}

/// Cut and garbled seeds are read to the end without a panic; what is left of them may even be a config.
#[test]
fn garbled_seeds() {
    let mut project = Project::new();
    for name in ["calls.md", "calls.py", "calls.yaml", "calls.toml", "calls.json"] {
        let text = seed(name);
        for (at, garbage) in
            (0..text.len()).step_by(7).zip(["", "\"", "{", "]", "\n", "\u{e9}", ": "].iter().cycle())
        {
            let rest: &[u8] = if at % 3 == 0 { &[] } else { &text[at + 1..] };
            project = project.file(name, [&text[..at], garbage.as_bytes(), rest].concat());
            let found = render(&project.load(name).diagnostics);
            assert!(
                !found.contains("the script cannot be read"),
                "the evaluator panicked at byte {at} of {name}"
            );
        }
    }
}
