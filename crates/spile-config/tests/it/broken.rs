//! Broken configs: the code and the place of the first finding.

use crate::project::{Project, render, yaml};

/// A config around one resource, which starts on line 3.
fn resource(text: &str) -> String {
    format!("client: {{base_url: https://h}}\nresources:\n- {}\n", text.replace('\n', "\n  "))
}

/// Checks the code and the place of one of the findings.
fn check(cases: &[(String, &str)]) {
    for (text, expected) in cases {
        let found = render(&yaml(text).load("c.yaml").diagnostics);
        assert!(
            found.lines().any(|line| line.starts_with(expected)),
            "{text}\nexpected {expected}\nfound {found}"
        );
    }
}

#[test]
fn the_top_and_the_client() {
    check(&[
        ("a: [".to_owned(), "config/yaml-syntax 1:5"),
        ("- a\n".to_owned(), "config/wrong-type 1:1"),
        ("resources: []\n".to_owned(), "config/missing-field 1:1"),
        ("client: {base_url: https://h}\n".to_owned(), "config/missing-field 1:1"),
        ("client: {}\nresources: []\n".to_owned(), "config/missing-field 1:9"),
        ("client: 5\nresources: []\n".to_owned(), "config/wrong-type 1:9"),
        ("client: {base_url: https://h}\nresources: x\n".to_owned(), "config/wrong-type 2:12"),
        ("client: {base_url: h/x}\nresources: []\n".to_owned(), "config/invalid-url 1:20"),
        ("client: {base_url: 'ftp://h'}\nresources: []\n".to_owned(), "config/invalid-url 1:20"),
        ("client: {base_url: 'https://u:p@h'}\nresources: []\n".to_owned(), "config/invalid-url 1:20"),
        ("client: {base_url: https://h, timout: 3}\nresources: []\n".to_owned(), "config/unknown-field 1:31"),
        (
            "client: {base_url: https://h, session: 3}\nresources: []\n".to_owned(),
            "config/not-supported 1:31",
        ),
        (
            "client: {base_url: https://h, headers: {A: 1}}\nresources: []\n".to_owned(),
            "config/wrong-type 1:44",
        ),
        (
            "client: {base_url: https://h, headers: {'A b': x}}\nresources: []\n".to_owned(),
            "config/invalid-header 1:41",
        ),
        (
            "client: {base_url: https://h, retry: {max_retries: -1}}\nresources: []\n".to_owned(),
            "config/wrong-type 1:52",
        ),
        (
            "client: {base_url: https://h, retry: {statuses: [200]}}\nresources: []\n".to_owned(),
            "config/wrong-type 1:50",
        ),
        (
            "client: {base_url: https://h, limits: {pages_max: 0}}\nresources: []\n".to_owned(),
            "config/wrong-type 1:51",
        ),
        ("client: {base_url: https://h}\nclient: {}\nresources: []\n".to_owned(), "config/duplicate-key 2:1"),
        (
            "client: {base_url: https://h}\nresorces: []\nresources: []\n".to_owned(),
            "config/unknown-field 2:1",
        ),
        ("client: {base_url: '${secret.x}'}\nresources: []\n".to_owned(), "config/invalid-placeholder 1:20"),
        (
            "client: {base_url: https://h, headers: {A: '${secrets.x}'}}\nresources: []\n".to_owned(),
            "config/missing-secret 1:44",
        ),
    ]);
}

#[test]
fn resources() {
    check(&[
        (resource("name: a\nendpont: x"), "config/unknown-field 4:3"),
        (resource("name: a\nparams: {}"), "config/unknown-field 4:3"),
        (resource("endpoint: x"), "config/missing-field 3:3"),
        (resource("5"), "config/wrong-type 3:3"),
        (resource("name: a\nwrite_disposition: upsert"), "config/invalid-value 4:22"),
        (resource("name: a\nwrite_disposition: skip"), "config/not-supported 4:22"),
        (
            resource("name: a\nwrite_disposition: {disposition: merge, strategy: cdc}"),
            "config/not-supported 4:53",
        ),
        (
            resource("name: a\nwrite_disposition: {disposition: merge, strategy: upset}"),
            "config/invalid-value 4:53",
        ),
        (
            resource("name: a\nwrite_disposition: {disposition: merge, strategy: upsert}"),
            "config/missing-field 4:22",
        ),
        (
            resource("name: a\nwrite_disposition: {disposition: replace, strategy: swap}"),
            "config/invalid-value 4:55",
        ),
        (
            resource(
                "name: a\nwrite_disposition: {disposition: merge, strategy: scd2, validity_column_names: [a]}",
            ),
            "config/wrong-type 4:82",
        ),
        (
            resource(
                "name: a\nwrite_disposition: {disposition: merge, strategy: scd2, boundary_timestamp: soon}",
            ),
            "config/invalid-value 4:79",
        ),
        (
            resource("name: a\nwrite_disposition: {disposition: merge, source_filter: x}"),
            "config/not-supported 4:43",
        ),
        (resource("name: a\ncolumns: {x: {data_type: int}}"), "config/invalid-value 4:28"),
        (resource("name: a\ncolumns: {x: {row_key: true}}"), "config/not-supported 4:17"),
        (resource("name: a\nnested_hints: [x]"), "config/wrong-type 4:17"),
        (resource("name: a\nnested_hints: {x: 5}"), "config/wrong-type 4:21"),
        (resource("name: a\nnested_hints: {'': {}}"), "config/invalid-value 4:18"),
        (resource("name: a\nnested_hints: {x: {colums: {}}}"), "config/unknown-field 4:22"),
        (resource("name: a\nnested_hints: {x: {primary_key: id}}"), "config/not-supported 4:22"),
        (resource("name: a\nnested_hints: {x: {merge_key: id}}"), "config/not-supported 4:22"),
        (resource("name: a\nnested_hints: {x: {write_disposition: merge}}"), "config/not-supported 4:22"),
        (resource("name: a\nnested_hints: {x: {schema_contract: freeze}}"), "config/not-supported 4:22"),
        (
            resource("name: a\nnested_hints: {x: {columns: {id: {primary_key: true}}}}"),
            "config/not-supported 4:37",
        ),
        (
            resource("name: a\nnested_hints: {x: {columns: [{name: id, merge_key: true}]}}"),
            "config/not-supported 4:43",
        ),
        (
            resource("name: a\nnested_hints: {x: {columns: {id: {precision: null}}}}"),
            "config/not-supported 4:48",
        ),
        (
            resource("name: a\nnested_hints: {x: {columns: {id: {name: _dlt_id, unique: false}}}}"),
            "config/not-supported 4:31",
        ),
        (resource("name: a\nschema_contract: freeze\nnested_hints: {x: {}}"), "config/not-supported 5:18"),
        (resource("name: a\nnested_hints: {x__y: {}}"), "config/unreachable-hint 4:18"),
        (resource("name: a\nschema_contract: frozen"), "config/invalid-value 4:20"),
        (resource("name: a\nprocessing_steps: [{filter: f}]"), "config/wrong-type 4:31"),
        (resource("name: a\ninclude_from_parent: [x]"), "config/no-parent 4:24"),
        (resource("name: a\nprimary_key: 5"), "config/wrong-type 4:16"),
    ]);
}

#[test]
fn endpoints() {
    check(&[
        (resource("name: a\nendpoint: {method: get}"), "config/invalid-value 4:22"),
        (resource("name: a\nendpoint: {data_selector: 'a['}"), "config/invalid-jsonpath 4:29"),
        (resource("name: a\nendpoint: {paginator: ofset}"), "config/unknown-paginator 4:25"),
        (resource("name: a\nendpoint: {paginator: offset}"), "config/missing-field 4:25"),
        (resource("name: a\nendpoint: {paginator: {limit: 3}}"), "config/missing-field 4:25"),
        (resource("name: a\nendpoint: {auth: baerer}"), "config/unknown-auth 4:20"),
        (resource("name: a\nendpoint: {auth: bearer}"), "config/missing-secret 4:20"),
        (resource("name: a\nendpoint: {path: 'x/{y}/z'}"), "config/unbound-path-parameter 4:23"),
        (
            resource("name: a\nendpoint: {path: 'x/{y}/{z}', params: {y: 1}}"),
            "config/unbound-path-parameter 4:27",
        ),
        (resource("name: a\nendpoint: {path: '{{x}}'}"), "config/invalid-expression 4:20"),
        (resource("name: a\nendpoint: {path: '{resources.b.id}'}"), "config/unknown-parent 4:21"),
        (
            resource("name: a\nendpoint: {path: '{incremental.start_value}'}"),
            "config/invalid-expression 4:21",
        ),
        (resource("name: a\nendpoint: {params: {x: '{y}'}}"), "config/invalid-expression 4:27"),
        (resource("name: a\nendpoint: {params: {x: '{\"a\": 1}'}}"), "config/invalid-expression 4:27"),
        (
            resource("name: a\nendpoint: {params: {x: '{incremental.start_value}'}}"),
            "config/invalid-expression 4:27",
        ),
        (
            resource("name: a\nendpoint: {params: {x: {type: resolve, resource: b, field: c}}}"),
            "config/unbound-resolve 4:26",
        ),
        (resource("name: a\nendpoint: {params: {x: {y: 1}}}"), "config/wrong-type 4:26"),
        (resource("name: a\nendpoint: {json: [1]}"), "config/wrong-type 4:20"),
        (
            resource("name: a\nendpoint: {json: {x: '{incremental.start_value}'}}"),
            "config/invalid-expression 4:25",
        ),
        (resource("name: a\nendpoint: {data: 5}"), "config/wrong-type 4:20"),
        (resource("name: a\nendpoint: {data: [[a, 1], [b]]}"), "config/wrong-type 4:29"),
        (resource("name: a\nendpoint: {data: {x: {y: 1}}}"), "config/wrong-type 4:24"),
        (resource("name: a\nendpoint: {data: {x: 1}, json: {y: 1}}"), "config/conflicting-fields 4:20"),
        (resource("name: a\nendpoint: {data: '{x}'}"), "config/invalid-expression 4:21"),
        (resource("name: a\nendpoint: {decoder: yaml}"), "config/invalid-value 4:23"),
        (resource("name: a\nendpoint: {decoder: xml}"), "config/missing-field 4:23"),
        (resource("name: a\nendpoint: {decoder: {type: csv, delimiter: ab}}"), "config/wrong-type 4:46"),
        (resource("name: a\nendpoint: {decoder: {type: json, columns: [a]}}"), "config/invalid-value 4:23"),
        (resource("name: a\nendpoint: {decoder: {typ: csv}}"), "config/unknown-field 4:24"),
        (resource("name: a\nendpoint: {response_actions: {}}"), "config/wrong-type 4:32"),
    ]);
}

#[test]
fn incrementals() {
    check(&[
        (resource("name: a\nendpoint: {incremental: {initial_value: 1}}"), "config/missing-field 4:27"),
        (resource("name: a\nendpoint: {incremental: {cursor_path: 'x&y'}}"), "config/invalid-jsonpath 4:41"),
        (
            resource("name: a\nendpoint: {incremental: {cursor_path: x, end_value: 2}}"),
            "config/missing-field 4:27",
        ),
        (
            resource("name: a\nendpoint: {incremental: {cursor_path: x, convert: f}}"),
            "config/wrong-type 4:53",
        ),
        (
            resource("name: a\nendpoint: {incremental: {cursor_path: x, row_order: up}}"),
            "config/invalid-value 4:55",
        ),
        (resource("name: a\nincremental_sync: {cursor_feld: x}"), "config/unknown-field 4:22"),
        (
            resource("name: a\nincremental_sync: {cursor_field: x, param_format: epoch}"),
            "config/invalid-value 4:53",
        ),
        (
            resource(
                "name: a\nincremental_sync: {cursor_field: x}\nendpoint: {incremental: {cursor_path: x}}",
            ),
            "config/invalid-value 4:21",
        ),
    ]);
}

#[test]
fn duplicate_resources() {
    let found = render(
        &yaml("client: {base_url: https://h}\nresources: [a, {name: a}]\n").load("c.yaml").diagnostics,
    );
    assert!(found.starts_with("config/duplicate-resource 2:23"), "{found}");
}

#[test]
fn json_and_toml_syntax() {
    for (name, text, expected) in [
        ("c.json", "{\"a\": 1,}", "config/json-syntax 1:9 invalid JSON: a trailing comma"),
        ("c.json", "{\"a\": [1,\n]}", "config/json-syntax 2:1 invalid JSON: a trailing comma"),
        ("c.json", "{\n  // x\n}", "config/json-syntax 2:3 invalid JSON: expected a key"),
        ("c.json", "{\"a\": True}", "config/json-syntax 1:7 invalid JSON: a Python word"),
        ("c.json", "{\"a\": 'x'}", "config/json-syntax 1:7 invalid JSON: a single quote"),
        ("c.json", "{\"a\": 12345678901234567890}", "config/json-syntax 1:7 invalid JSON: an invalid number"),
        ("c.yaml", "a: 12345678901234567890\n", "config/yaml-unsupported 1:4"),
        ("c.yaml", "a: .nan\n", "config/yaml-unsupported 1:4"),
        ("c.yaml", "a: !!set x\nb: !x y\n", "config/yaml-unsupported 2:4"),
        ("c.yaml", "a: 1\n---\nb: 1\n", "config/yaml-unsupported 3:1"),
        ("c.json", "{\"a\": 01}", "config/json-syntax 1:7 invalid JSON: an invalid number"),
        ("c.json", "{\"a\": \"x", "config/json-syntax 1:7 invalid JSON: a string that is not closed"),
        ("c.json", "{} x", "config/json-syntax 1:4 invalid JSON: the text goes on"),
        ("c.json", "", "config/json-syntax 1:1 invalid JSON: the text ends"),
        ("c.json", "{\"client\": 1, \"client\": 2}", "config/duplicate-key 1:15"),
        ("c.toml", "a = \n", "config/toml-syntax 1:5"),
        ("c.toml", "[client]\nbase_url = 1\nbase_url = 2\n", "config/duplicate-key 3:1"),
        ("c.ini", "", "config/unknown-dialect 0:0"),
        ("c.md", "# nothing\n", "config/no-block 0:0"),
        (
            "c.md",
            "é\n```yaml\nclient: {base_url: https://h}\nresources: [{nme: a}]\n```\n",
            "config/unknown-field 4:14",
        ),
    ] {
        let found = render(&Project::new().file(name, text).load(name).diagnostics);
        assert!(
            found.lines().any(|line| line.starts_with(expected)),
            "{text}\nexpected {expected}\nfound {found}"
        );
    }
    let found = Project::new().file("c.json", b"{\"a\": \"\xff\"}").load("c.json").diagnostics;
    assert_eq!(found[0].code, "config/not-utf8");
    assert_eq!(Project::new().load("none.py").diagnostics[0].code, "config/unreadable");
}

#[test]
fn everything_wrong_is_reported_together_and_once() {
    let text = "client: {base_url: nope, headers: {A: 1}, authh: x}\nresource_defaults: {endpoint: {paginator: nope}}\n\
                resources:\n- {name: a, write_disposition: x}\n- {name: b, endpoint: {method: PUT}}\n";
    let found = render(&yaml(text).load("c.yaml").diagnostics);
    let places: Vec<&str> = found.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(places, ["1:20", "1:39", "1:43", "2:43", "4:32", "5:32"], "{found}");
    assert!(found.contains("did you mean `auth`?"), "{found}");
}

#[test]
fn the_command_line() {
    let text = "client: {base_url: https://h}\nresources: [calls, users]\n";
    let mut project = yaml(text);
    project.options.resources = vec!["call".to_owned()];
    project.options.destination = Some("mssql://u:p@h/d".to_owned());
    let found = render(&project.load("c.yaml").diagnostics);
    assert!(
        found.contains("config/unknown-resource 0:0") && found.contains("Did you mean `calls`?"),
        "{found}"
    );
    assert!(found.contains("config/destination-not-supported 0:0"), "{found}");
    for (set, expected) in [
        ("client.base_url", "config/invalid-set 1:1"),
        ("clent.base_url=x", "config/unknown-field 1:1"),
        ("client.retry.max_retris=2", "config/unknown-field 1:14"),
        ("resources.cals.endpoint=x", "config/unknown-path 1:11"),
        ("resources.9.endpoint=x", "config/unknown-path 1:11"),
        ("client.base_url=7", "config/wrong-type 1:17"),
        ("acount=7", "config/unused-argument 1:1"),
    ] {
        let found = render(&yaml(text).set(set).load("c.yaml").diagnostics);
        assert!(found.starts_with(expected), "{set}\nexpected {expected}\nfound {found}");
    }
}
