//! What is legal and surely not meant: the warning, its place, and that the same config without it has none.

use crate::harness::Place;

/// Returns the warnings of a YAML config: each code, and the line from where the warning points.
fn warnings(text: &str) -> Vec<(String, String)> {
    let place = Place::new();
    place.write("c.yaml", text);
    let found = place.run(&["check", "c.yaml", "--output", "json"]).expect(0).json();
    let found = found["diagnostics"].as_array().unwrap().clone();
    let warning = |found: &serde_json::Value| {
        assert!(!found["hint"].as_str().unwrap_or_default().is_empty(), "{found}");
        let place = |key: &str| usize::try_from(found[key].as_u64().unwrap()).unwrap() - 1;
        let line = text.lines().nth(place("line")).unwrap();
        (found["code"].as_str().unwrap().to_owned(), line[place("column")..].to_owned())
    };
    found.iter().map(warning).collect()
}

#[test]
fn what_is_surely_not_meant_is_said_at_its_place() {
    for (client, resource, expected) in [
        // The paginator of the client and the single entity.
        (
            "paginator: json_link",
            "{name: a, endpoint: {paginator: auto}}",
            "config/overridden-paginator auto}",
        ),
        ("paginator: json_link", "{name: a, endpoint: {paginator: header_link}}", ""),
        ("paginator: auto", "{name: a, endpoint: {paginator: auto}}", ""),
        (
            "paginator: json_link",
            "{name: a, endpoint: {path: 'a?x={x}', params: {x: 1}}}",
            "config/overridden-paginator 'a?x",
        ),
        ("paginator: json_link", "{name: a, endpoint: {path: 'a/{x}', params: {x: 1}}}", ""),
        (
            "paginator: json_link",
            "{name: a, endpoint: {path: 'a/{x}', data_selector: data, params: {x: 1}}}",
            "config/overridden-paginator 'a/{x}",
        ),
        ("timeout: 9", "{name: a, endpoint: {path: 'a/{x}', data_selector: data, params: {x: 1}}}", ""),
        // Bounds.
        ("paginator: {type: page_number, base_page: 1, maximum_page: 5}", "a", "config/exclusive-maximum 5}"),
        ("paginator: {type: page_number, maximum_page: 5}", "a", ""),
        ("paginator: {type: offset, limit: 5000}", "a", "config/large-limit 5000"),
        ("paginator: {type: offset, limit: 1000}", "a", ""),
        // Parameters that the paginator writes too.
        (
            "paginator: {type: offset, limit: 100}",
            "{name: a, endpoint: {params: {q: 1, limit: 50}}}",
            "config/shadowed-parameter limit: 50",
        ),
        ("paginator: {type: offset, limit: 100}", "{name: a, endpoint: {params: {q: 1, limit: 100}}}", ""),
        (
            "paginator: {type: page_number, page_param: p}",
            "{name: a, endpoint: {params: {p: 7, page: 7}}}",
            "config/shadowed-parameter p: 7",
        ),
        ("paginator: cursor", "{name: a, endpoint: {params: {cursor: x}}}", ""),
        // Hints that reach nothing.
        ("timeout: 9", "{name: a, write_disposition: merge}", "config/merge-without-key merge}"),
        ("timeout: 9", "{name: a, write_disposition: merge, primary_key: id}", ""),
        ("timeout: 9", "{name: a, write_disposition: merge, columns: {id: {primary_key: true}}}", ""),
        ("timeout: 9", "{name: a, merge_key: day}", "config/no-effect day"),
        ("timeout: 9", "{name: a, columns: {a.b: {data_type: text}}}", "config/unreachable-hint a.b:"),
        ("timeout: 9", "{name: a, primary_key: [id, a.b]}", "config/unreachable-hint a.b]"),
        ("timeout: 9", "{name: a, columns: {a__b: {data_type: text}}}", ""),
        ("timeout: 9", "{name: a, file_format: parquet}", "config/no-effect parquet"),
        // Incremental keys that switch each other off.
        (
            "timeout: 9",
            "{name: a, endpoint: {incremental: {cursor_path: t, initial_value: 1, end_value: 5, lag: 1}}}",
            "config/no-effect 1}}}",
        ),
        ("timeout: 9", "{name: a, endpoint: {incremental: {cursor_path: t, initial_value: 1, lag: 1}}}", ""),
    ] {
        let text = format!("client: {{base_url: 'https://h', {client}}}\nresources:\n  - {resource}\n");
        let found = warnings(&text);
        match expected.split_once(' ') {
            None => assert!(found.is_empty(), "{text}{found:?}"),
            Some((code, place)) => {
                let as_expected = found.len() == 1 && found[0].0 == code && found[0].1.starts_with(place);
                assert!(as_expected, "{text}{found:?}");
            }
        }
    }
}

#[test]
fn a_variable_that_no_template_has_is_an_error() {
    let place = Place::new();
    let paginator = "{type: cursor, cursor_value: '{{ respose.next }}'}";
    place.write(
        "c.yaml",
        &format!("client: {{base_url: 'https://h', paginator: {paginator}}}\nresources: [a]\n"),
    );
    let found = place.run(&["check", "c.yaml"]).expect(2);
    assert!(found.stderr.contains("there is no variable `respose`"), "{}", found.stderr);
    assert!(found.stderr.contains("c.yaml:1:"), "{}", found.stderr);
}
