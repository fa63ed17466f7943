//! Finds the records of a page: by the config's selector, or as dlt does when there is none.
//!
//! Records stay where they are in the parsed body; what comes out is places on its tape.

use std::sync::Arc;

use spile_core::{Document, Json, JsonPath, Matches, ResourcePlan, Result};

/// Key names that dlt takes for the record list before any other list.
const RECORD_KEYS: [&str; 11] = [
    "data", "items", "results", "entries", "records", "rows", "entities", "payload", "content", "objects",
    "values",
];

/// Lists deeper than this are not looked for.
const DETECT_DEPTH_MAX: usize = 3;

/// The records of one page.
#[derive(Debug)]
pub(crate) struct Selection<'a> {
    /// The records in document order.
    pub(crate) records: Vec<Json<'a>>,
    /// Whether the selector matched anything, be it an empty list or null.
    pub(crate) matched: bool,
}

/// Takes the records of what a selector found. One match is unwrapped: a list gives its elements, null gives nothing, any
/// other value is one record. Several matches are one record each, as in dlt.
pub(crate) fn select<'a>(found: &'a Matches<'_>) -> Selection<'a> {
    let matches = found.values();
    let matched = !matches.is_empty();
    let records = match matches.as_slice() {
        [only] if only.is_array() => only.elements().collect(),
        [only] if only.is_null() => Vec::new(),
        _ => matches,
    };
    Selection { records, matched }
}

/// Returns the table of each record, when the config has a function that chooses it.
pub(crate) fn tables(resource: &ResourcePlan, document: &Document, records: &[u32]) -> Result<Vec<Arc<str>>> {
    match &resource.load.table_choice {
        Some(choice) if !records.is_empty() => {
            let rows: Vec<Json<'_>> = records.iter().map(|index| document.at(*index)).collect();
            choice.tables(&rows)
        }
        _ => Ok(Vec::new()),
    }
}

/// Finds the selector for a response as dlt does: of the lists at most three keys deep, the first with a well-known
/// name, else the first; without a list the whole body is the record.
///
/// Unlike dlt the path is made of literal keys, so that names with dots or spaces work.
pub(crate) fn detect(body: Json<'_>) -> JsonPath {
    let mut lists = Vec::new();
    collect_lists(body, &mut Vec::new(), &mut lists);
    let well_known = lists.iter().find(|keys| keys.last().is_some_and(|name| RECORD_KEYS.contains(name)));
    match well_known.or_else(|| lists.first()) {
        Some(keys) => JsonPath::fields(keys),
        None => JsonPath::fields(&[]),
    }
}

fn collect_lists<'a>(value: Json<'a>, keys: &mut Vec<&'a str>, lists: &mut Vec<Vec<&'a str>>) {
    if keys.len() == DETECT_DEPTH_MAX {
        return;
    }
    for (name, member) in value.members() {
        keys.push(name);
        if member.is_array() {
            lists.push(keys.clone());
        } else {
            collect_lists(member, keys, lists);
        }
        keys.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_select_as_dlt_does() {
        for (body, path, records, matched) in [
            (r#"{"items":[1,2]}"#, "items", "[1,2]", true),
            (r#"{"items":[]}"#, "items", "[]", true),
            (r#"{"items":null}"#, "items", "[]", true),
            (r#"{"items":{"a":1}}"#, "items", r#"[{"a":1}]"#, true),
            (r#"{"items":7}"#, "items", "[7]", true),
            (r#"{"a":1}"#, "items", "[]", false),
            (r#"[{"a":1},{"a":2}]"#, "$", r#"[{"a":1},{"a":2}]"#, true),
            (r#"{"a":1}"#, "$", r#"[{"a":1}]"#, true),
            (r#"{"items":[1,2]}"#, "items[*]", "[1,2]", true),
            (r#"{"items":[[5,6]]}"#, "items[*]", "[5,6]", true),
            (r#"{"a":[{"r":[1]},{"r":[2]}]}"#, "a[*].r", "[[1],[2]]", true),
            (r#"{"a":[{"n":2},{"n":1}]}"#, r"a[/n]", r#"[{"n":1},{"n":2}]"#, true),
            (r#"{"a":{"x":1,"y":2}}"#, "a.`keys`", r#"["x","y"]"#, true),
        ] {
            let document = Document::parse(body.as_bytes().to_vec()).unwrap();
            let matches = JsonPath::parse(path).unwrap().matches(document.root());
            let selection = select(&matches);
            let found: Vec<_> = selection.records.iter().map(|record| record.to_value()).collect();
            assert_eq!(serde_json::Value::from(found).to_string(), records, "{body} {path}");
            assert_eq!(selection.matched, matched, "{body} {path}");
        }
    }

    #[test]
    fn detection_prefers_known_names() {
        for (body, path) in [
            (r#"{"meta":{"tags":[1]},"data":[2]}"#, "data"),
            (r#"{"meta":{"tags":[1]}}"#, "meta.tags"),
            (r#"{"response":{"a b":{"rows":[]}}}"#, "response.a b.rows"),
            (r#"{"a":{"b":{"c":{"data":[1]}}},"x":1}"#, "$"),
            (r#"{"data":{"id":1}}"#, "$"),
            ("[1]", "$"),
        ] {
            let document = Document::parse(body.as_bytes().to_vec()).unwrap();
            assert_eq!(detect(document.root()).as_str(), path, "{body}");
        }
    }
}
