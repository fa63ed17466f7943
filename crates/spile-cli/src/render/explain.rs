//! The tree of `spile explain`, drawn from its document.

use serde_json::Value;

/// The bound of pages that nobody sets; it is no news.
const PAGES_MAX_USUAL: u64 = 10_000_000;

/// Draws a plan.
pub(crate) fn tree(document: &Value) -> String {
    let client = &document["client"];
    let mut text = format!(
        "pipeline {} into {}, dataset {}\nclient {}: {} retries, {} s timeout\n",
        word(&document["pipeline"]),
        word(&document["destination"]),
        word(&document["dataset"]),
        word(&client["base_url"]),
        client["retries_max"],
        client["timeout_seconds"],
    );
    if let Some(refresh) = document["refresh"].as_str() {
        text.push_str(&format!("refresh {refresh}\n"));
    }
    let resources = document["resources"].as_array().map_or(&[][..], Vec::as_slice);
    for resource in resources.iter().filter(|resource| resource["parent"].is_null()) {
        text.push('\n');
        family(resource, resources, 0, &mut text);
    }
    let values = document["values"].as_array().map_or(&[][..], Vec::as_slice);
    if !values.is_empty() {
        text.push_str("\nvalues\n");
    }
    for value in values {
        let kind = if value["secret"] == Value::Bool(true) { "secret" } else { "config" };
        text.push_str(&format!("  {kind} {} from {}\n", word(&value["key"]), word(&value["found_in"])));
    }
    text
}

/// Draws a resource and, under it, those that are read for each of its rows.
fn family(resource: &Value, resources: &[Value], depth: usize, text: &mut String) {
    branch(resource, depth, text);
    for child in resources.iter().filter(|child| child["parent"] == resource["name"]) {
        family(child, resources, depth + 1, text);
    }
}

fn branch(resource: &Value, depth: usize, text: &mut String) {
    let mut lines = Vec::new();
    if let Some(rows) = resource["rows"].as_str() {
        lines.push(("rows", rows.to_owned()));
    } else {
        requests(resource, &mut lines);
    }
    let steps: Vec<String> = resource["steps"].as_array().into_iter().flatten().map(word).collect();
    if !steps.is_empty() {
        lines.push(("steps", steps.join(", then ")));
    }
    let incremental = &resource["incremental"];
    if !incremental.is_null() {
        let mut cursor = word(&incremental["cursor_path"]);
        for (name, key) in
            [("from", "initial_value"), ("to", "end_value"), ("sent as", "start_param"), ("and", "end_param")]
        {
            if !incremental[key].is_null() {
                cursor.push_str(&format!(" {name} {}", word(&incremental[key])));
            }
        }
        if incremental["per_parent"] == Value::Bool(true) {
            cursor.push_str(", one for each parent row");
        }
        lines.push(("cursor", cursor));
        lines.extend(windows(&incremental["windows"]).map(|line| ("windows", line)));
    }
    let mut table = format!("{}, {}", word(&resource["table"]), word(&resource["write_disposition"]));
    for (name, key) in [("primary key", "primary_key"), ("merge key", "merge_key"), ("declared", "columns")] {
        let words: Vec<String> = resource[key].as_array().into_iter().flatten().map(word).collect();
        if !words.is_empty() {
            table.push_str(&format!(", {name} {}", words.join(" ")));
        }
    }
    lines.push(("table", table));
    let indent = "    ".repeat(depth);
    let mut heading = word(&resource["name"]);
    if let Some(parent) = resource["parent"].as_str() {
        heading.push_str(&format!(", for each row of {parent}"));
    }
    if resource["loaded"] == Value::Bool(false) {
        heading.push_str(", read for its children only");
    }
    text.push_str(&format!("{indent}{heading}\n"));
    let last = lines.len() - 1;
    for (index, (name, line)) in lines.iter().enumerate() {
        text.push_str(&format!("{indent}{} {name:<8} {line}\n", if index == last { "└" } else { "├" }));
    }
}

/// Draws how the range of a cursor is cut.
fn windows(windows: &Value) -> Option<String> {
    if let Some(error) = windows["error"].as_str() {
        return Some(error.to_owned());
    }
    let count = windows["count"].as_u64()?;
    let bounds = |window: &Value| format!("{} to {}", word(&window["start"]), word(&window["end"]));
    let first = bounds(&windows["first"]);
    Some(match count {
        1 => format!("1: {first}"),
        _ => format!("{count}: {first}, … {}", bounds(&windows["last"])),
    })
}

/// Adds what is requested, and how its pages are walked.
fn requests(resource: &Value, lines: &mut Vec<(&'static str, String)>) {
    let mut request = format!("{} {}", word(&resource["method"]), word(&resource["url"]));
    let mut separator = if request.contains('?') { '&' } else { '?' };
    for param in resource["params"].as_array().into_iter().flatten() {
        request.push_str(&format!("{separator}{}={}", word(&param["name"]), word(&param["value"])));
        separator = '&';
    }
    lines.push(("request", request));
    if resource["credentials"].as_u64().is_some_and(|count| count > 0) {
        let count = resource["credentials"].as_u64().unwrap_or_default();
        lines.push(("auth", super::count(count, "credential")));
    }
    let size =
        resource["page_size"].as_u64().map_or_else(String::new, |size| format!(", {size} rows a page"));
    let ends: Vec<String> = resource["ends"].as_array().into_iter().flatten().map(word).collect();
    let mut pages = format!("{}{size}, until {}", word(&resource["paginator"]), ends.join(" or "));
    if let Some(most) = resource["pages_max"].as_u64().filter(|most| *most != PAGES_MAX_USUAL) {
        pages.push_str(&format!(", at most {}", super::count(most, "page")));
    }
    lines.push(("pages", pages));
    let records = resource["records"].as_str().filter(|path| !path.is_empty());
    lines.push(("records", records.map_or_else(|| "found on the first page".to_owned(), str::to_owned)));
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
