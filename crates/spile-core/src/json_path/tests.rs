//! What paths find and which are refused, without dlt: the comparison with it is in `crates/spile-cli/tests/it/json_paths.rs`.

use super::*;

const BODY: &str = r#"{"items":[{"id":1,"t":[5],"n":"b"},{"id":2,"n":"a"}],"meta":{"next page":"u?page=3","x-y":{"0":7}},"data":null,"@odata.count":2}"#;

fn found(path: &str, body: &str) -> String {
    let document = Document::parse(body.as_bytes().to_vec()).unwrap();
    let values: Vec<_> = JsonPath::parse(path)
        .unwrap()
        .matches(document.root())
        .values()
        .iter()
        .map(|value| value.to_value())
        .collect();
    serde_json::Value::from(values).to_string()
}

#[test]
fn plain_paths_and_others() {
    for (path, expected) in [
        ("items.[0].id", "[1]"),
        ("items[-1].id", "[2]"),
        ("items[::-1].id", "[2,1]"),
        ("meta.'next page'", r#"["u?page=3"]"#),
        ("meta.x-y.0", "[7]"),
        ("$..id", "[1,2]"),
        ("data", "[null]"),
        ("nothing.here", "[]"),
        ("['@odata.count']", "[2]"),
        ("items[?(@.id > 1)].n", r#"["a"]"#),
        ("items[/n][0].id", "[2]"),
        ("items.`len`", "[2]"),
        ("$.items[0].id + 1", "[2]"),
        ("meta['next page'].`split(=, 1, -1)`", r#"["3"]"#),
    ] {
        assert_eq!(found(path, BODY), expected, "{path}");
    }
}

#[test]
fn only_plain_paths_are_steps() {
    for (path, is_plain) in
        [("$.a.b[0][1:2].*", true), ("$..a.b", true), ("a,b", false), ("$..[0]", false), ("a.$", false)]
    {
        let path = JsonPath::parse(path).unwrap();
        assert_eq!(matches!(path.compiled, Compiled::Steps(_)), is_plain, "{path:?}");
    }
}

/// Each of these names would be found once per way down: more often than there are atoms.
#[test]
fn repeated_ways_find_each_value_once() {
    let body = format!("{}1{}", r#"{"a":"#.repeat(60), "}".repeat(60));
    let document = Document::parse(body.into_bytes()).unwrap();
    for (path, count) in [
        (format!("${}", "..a".repeat(30)), 31),
        (format!("$.{}", vec!["(a,a)"; 30].join(".")), 1),
        (format!("${}", "..*".repeat(30)), 31),
        (format!("$.{}", vec!["(a|a)"; 16].join(".")), 1),
    ] {
        assert_eq!(JsonPath::parse(&path).unwrap().matches(document.root()).values().len(), count, "{path}");
    }
}

#[test]
fn errors_say_where() {
    for (path, at, message) in [
        ("", 1, "the path is empty"),
        ("..a", 1, "a path does not begin with `..`; write `$..`"),
        ("a[", 3, "expected an index"),
        ("a['x", 3, "the quote is not closed"),
        ("a..", 4, "the path ends too early"),
        ("a b", 3, "expected `.` or `[`"),
        ("a[?(@.x ==)]", 11, "expected a value"),
        ("a[?@.x ==]", 10, "expected a value"),
        ("a & b", 3, "intersections"),
        ("[?(@.x)]", 2, "a filter or a sort needs a path before"),
        ("a.`size`", 3, "there is no function `size`"),
        ("a[?(@.x =~ '(?=a)')]", 12, "the pattern cannot be used"),
        ("a.2fa", 4, "expected `.` or `[`"),
        ("a{b", 2, "unexpected '{'"),
        ("a.`sub(/(a)/, \\\\2)`", 3, "the replacement names no group"),
    ] {
        let error = JsonPath::parse(path).unwrap_err().to_string();
        assert!(
            error.starts_with(message) && error.ends_with(&format!(" at character {at}")),
            "{path}: {error}"
        );
    }
    for path in
        ["(".repeat(300), "1 + ".repeat(100), "a".to_owned() + &"[?(a".repeat(100), "a.".repeat(400) + "a"]
    {
        JsonPath::parse(&path).unwrap_err();
    }
}
