//! dlt's rules for resources and endpoints.

use spile_core::{CursorFormat, ParamValue, Plan, TemplatePart};

use crate::project::{credentials, render, yaml};

fn resources(text: &str) -> Plan {
    yaml(&format!(
        "client: {{base_url: 'https://h/v1/', paginator: json_link, auth: {{token: tttt}}}}\n{text}"
    ))
    .plan("c.yaml")
}

#[test]
fn shorthands_and_default_paths() {
    let plan = resources(
        "resources: ['a/b?c=1', {name: n}, {name: m, endpoint: /x/}, {name: o, endpoint: {path: 'https://other/y'}}, {name: p, endpoint: {path: ''}}]\n",
    );
    let urls: Vec<&str> = plan.resources.iter().map(|resource| resource.url.as_str()).collect();
    assert_eq!(
        urls,
        ["https://h/v1/a/b?c=1", "https://h/v1/n", "https://h/v1/x/", "https://other/y", "https://h/v1"]
    );
    assert_eq!(plan.resources[0].load.table, "a/b?c=1");
    assert_eq!(plan.client.trusted_origins.len(), 1);
}

#[test]
fn paginator_precedence() {
    let plan = resources(
        "resource_defaults: {endpoint: {params: {z: 1}}}\nresources:\n- a\n- {name: b, endpoint: {paginator: single_page}}\n\
         - {name: c, endpoint: {paginator: auto}}\n- {name: d, endpoint: {path: 'x/{z}'}}\n\
         - {name: e, endpoint: {path: 'x/{z}', paginator: {type: cursor}, data_selector: rows}}\n\
         - {name: f, endpoint: {path: 'x/{z}', paginator: auto}}\n",
    );
    let found: Vec<(&str, Option<&str>)> = plan
        .resources
        .iter()
        .map(|resource| {
            (resource.paginator.name(), resource.data_selector.as_ref().map(spile_core::JsonPath::as_str))
        })
        .collect();
    assert_eq!(
        found,
        [
            ("json_link", None),
            ("single_page", None),
            ("json_link", None),
            ("single_page", Some("$")),
            ("cursor", Some("rows")),
            ("json_link", Some("$")),
        ]
    );
    assert_eq!(plan.resources[4].url.as_str(), "https://h/v1/x/1");
    assert_eq!(plan.resources[0].params.len(), 1, "binding a path takes nothing from other resources");
}

#[test]
fn auth_precedence() {
    let plan = resources(
        "resources:\n- a\n- {name: b, endpoint: {auth: null}}\n- {name: c, endpoint: {auth: {type: api_key, api_key: kkkk}}}\n\
         - {name: d, endpoint: {auth: [{token: uuuu}, {type: api_key, api_key: kkkk, name: X}]}}\n",
    );
    let found: Vec<Vec<String>> = plan.resources.iter().map(credentials).collect();
    assert_eq!(found[0], ["Header bearer: token=tttt"]);
    assert!(found[1].is_empty());
    assert_eq!(found[2], ["Header api_key: api_key=kkkk type=api_key"]);
    assert_eq!(found[3], ["Header bearer: token=uuuu", "Header api_key: api_key=kkkk name=X type=api_key"]);
}

#[test]
fn defaults_are_merged_by_dlts_rules() {
    let plan = resources(
        "resource_defaults: {write_disposition: merge, primary_key: id, columns: {x: {data_type: text}, y: {data_type: bigint}}, \
         endpoint: {params: {a: 1, b: 2}, headers: {H: '1'}, method: POST, json: {k: 1}}}\nresources:\n\
         - {name: a, primary_key: null, columns: [{name: y, nullable: false}, {name: z, data_type: bool}], endpoint: {params: {b: 3, c: 4}, headers: {I: '2'}}}\n",
    );
    let resource = &plan.resources[0];
    assert_eq!(
        format!("{:?}", resource.params),
        r#"[("a", Literal("1")), ("b", Literal("3")), ("c", Literal("4"))]"#
    );
    assert_eq!(resource.headers.len(), 1, "headers are replaced as a whole");
    assert_eq!(resource.json, Some(spile_core::BodyTemplate::Literal(serde_json::json!({"k": 1}))));
    assert!(resource.load.primary_key.is_empty());
    let columns: Vec<String> = resource
        .load
        .columns
        .iter()
        .map(|column| format!("{} {:?} {:?}", column.name, column.data_type, column.nullable))
        .collect();
    assert_eq!(columns, ["x Some(Text) None", "y Some(Bigint) Some(false)", "z Some(Bool) None"]);
}

#[test]
fn params_headers_and_templates() {
    let project = yaml(
        "client: {base_url: https://h}\nresources:\n- name: a\n  endpoint:\n    incremental: {cursor_path: t, initial_value: '2024'}\n    \
         params: {a: '{{x}}', b: 'from {incremental.start_value} to {incremental.end_value}', k: '${secrets.k}', n: null}\n    \
         headers: {H: '{incremental.last_value}', S: 'Key ${secrets.k}'}\n    json: {q: '{{ a }}'}\n",
    )
    .variable("K", "sesame");
    let plan = project.plan("c.yaml");
    let resource = &plan.resources[0];
    assert_eq!(resource.params[0], ("a".to_owned(), ParamValue::Literal("{x}".to_owned())));
    let parts = [
        TemplatePart::Text("from ".to_owned()),
        TemplatePart::IncrementalStart,
        TemplatePart::Text(" to ".to_owned()),
        TemplatePart::IncrementalEnd,
    ];
    assert_eq!(resource.params[1].1, ParamValue::Template(parts.to_vec()));
    assert_eq!(resource.params.len(), 2);
    assert_eq!(
        resource.headers,
        [("H".to_owned(), ParamValue::Template(vec![TemplatePart::IncrementalLast]))]
    );
    assert_eq!(
        credentials(resource),
        ["Query k: sesame", "Header S: Key sesame"],
        "secrets travel as credentials"
    );
    assert_eq!(resource.json, Some(spile_core::BodyTemplate::Literal(serde_json::json!({"q": "{ a }"}))));
}

#[test]
fn incremental_forms() {
    let plan = resources(
        "resources:\n- {name: a, endpoint: {params: {since: {type: incremental, cursor_path: t, initial_value: 5}}}}\n\
         - {name: b, endpoint: {incremental: {cursor_path: $.u, start_param: s, end_param: e, lag: 3, last_value_func: min, primary_key: []}}}\n\
         - {name: c, incremental_sync: {cursor_field: d.e, start_time_param: s, param_format: unix, lookback: 60}}\n",
    );
    let found: Vec<_> = plan.resources.iter().map(|resource| resource.incremental.clone().unwrap()).collect();
    assert_eq!(
        (found[0].start.param.as_deref(), found[0].initial_value.clone()),
        (Some("since"), Some(5.into()))
    );
    assert!(plan.resources[0].params.is_empty());
    assert_eq!(
        (found[1].end.param.as_deref(), found[1].lag, found[1].descending),
        (Some("e"), Some(3.0), true)
    );
    assert_eq!(found[1].primary_key, Some(Vec::new()));
    assert_eq!((found[2].start.format.clone(), found[2].end_is_run_start), (CursorFormat::Unix, false));
}

#[test]
fn backfill_windows() {
    let text = "client: {base_url: https://h}\nresources: [{name: a, endpoint: {incremental: {cursor_path: t}}}, b]\n";
    let mut project = yaml(text);
    project.options.since = Some("1700000000".to_owned());
    project.options.until = Some("2024-01-01".to_owned());
    let incremental = project.plan("c.yaml").resources[0].incremental.clone().unwrap();
    assert_eq!(incremental.initial_value, Some(1_700_000_000.into()));
    assert_eq!(incremental.end_value, Some("2024-01-01".into()));
    project.options.resources = vec!["b".to_owned()];
    assert_eq!(project.load("c.yaml").diagnostics[0].code, "config/no-incremental");
}

#[test]
fn selection() {
    let text = "client: {base_url: https://h}\nresources: [a, {name: b, selected: false}, {name: c, endpoint: {path: '{x}/y'}, selected: false}]\n";
    let names = |project: &crate::project::Project| -> Vec<String> {
        project.plan("c.yaml").resources.iter().map(|resource| resource.name.clone()).collect()
    };
    let mut project = yaml(text);
    assert_eq!(names(&project), ["a"]);
    project.options.resources = vec!["b".to_owned()];
    assert_eq!(names(&project), ["b"]);
}

#[test]
fn a_template_where_dlt_has_none_is_a_warning() {
    let project =
        yaml("client: {base_url: https://h}\nresources: [{name: a, endpoint: {params: {x: '{{ y }}'}}}]\n");
    let resolved = project.load("c.yaml");
    let found = render(&resolved.diagnostics);
    assert!(found.starts_with("config/template-not-evaluated 2:46"), "{found}");
    assert_eq!(resolved.plan.unwrap().resources[0].params[0].1, ParamValue::Literal("{ y }".to_owned()));
}
