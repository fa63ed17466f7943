//! JSON, and Python's literals: the same brackets with other words.

use spile_core::{Diagnostics, Key, Node, Value};

use super::not_carried_over;
use super::text::{self, as_expression, quoted, with_placeholders};
use crate::dialects::SourceConfig;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    Json,
    Python,
}

/// Arguments of `rest_api_source` that a script can give beside the dict.
const SOURCE_ARGUMENTS: [&str; 6] =
    ["name", "section", "max_table_nesting", "root_key", "schema_contract", "parallelized"];

/// Arguments of `dlt.pipeline` with the settings they come from.
const PIPELINE_ARGUMENTS: [(&str, &str); 3] =
    [("pipeline", "pipeline_name"), ("destination", "destination"), ("dataset", "dataset_name")];

pub(super) fn json(entries: &[(Key, Node)]) -> String {
    let mut text = String::new();
    map(entries, 0, Words::Json, &mut text);
    text.push('\n');
    text
}

pub(super) fn python(source: &SourceConfig, diagnostics: &mut Diagnostics) -> String {
    let mut call = String::new();
    value(&source.config, 0, Words::Python, &mut call);
    let mut pipeline = Vec::new();
    for (key, node) in source.settings.iter().filter(|(_, node)| !node.is_null()) {
        let mut written = String::new();
        value(node, 0, Words::Python, &mut written);
        if SOURCE_ARGUMENTS.contains(&key.name.as_str()) {
            call.push_str(&format!(", {}={written}", key.name));
        } else if let Some((_, name)) = PIPELINE_ARGUMENTS.iter().find(|(setting, _)| *setting == key.name) {
            pipeline.push(format!("{name}={written}"));
        } else {
            diagnostics.push(not_carried_over(
                &format!("`{}`", key.name),
                &key.span,
                "A script has no place for it; say it with `--set`.",
            ));
        }
    }
    let pipeline = pipeline.join(", ");
    let system =
        if call.contains("os.environ[") || pipeline.contains("os.environ[") { "import os\n\n" } else { "" };
    format!(
        "{system}import dlt\nfrom dlt.sources.rest_api import rest_api_source\n\nsource = rest_api_source({call})\n\n\
         pipeline = dlt.pipeline({pipeline})\n\nif __name__ == \"__main__\":\n    print(pipeline.run(source))\n"
    )
}

fn value(node: &Node, depth: usize, words: Words, text: &mut String) {
    match &node.value {
        Value::Map(entries) => map(entries, depth, words, text),
        Value::List(items) => list(items, depth, words, text),
        _ => text.push_str(&leaf(node, words)),
    }
}

fn leaf(node: &Node, words: Words) -> String {
    match (&node.value, words) {
        (Value::Null, Words::Python) => "None".to_owned(),
        (Value::Bool(true), Words::Python) => "True".to_owned(),
        (Value::Bool(false), Words::Python) => "False".to_owned(),
        (other, _) => match (text::parts(node), words) {
            (Some(parts), Words::Json) => quoted(&with_placeholders(&parts)),
            (Some(parts), Words::Python) => as_expression(&parts),
            (None, _) => text::scalar(other).unwrap_or_default(),
        },
    }
}

fn map(entries: &[(Key, Node)], depth: usize, words: Words, text: &mut String) {
    if entries.is_empty() {
        return text.push_str("{}");
    }
    text.push_str("{\n");
    for (index, (key, node)) in entries.iter().enumerate() {
        indent(depth + 1, text);
        text.push_str(&quoted(&key.name));
        text.push_str(": ");
        value(node, depth + 1, words, text);
        text.push_str(if index + 1 < entries.len() || words == Words::Python { ",\n" } else { "\n" });
    }
    indent(depth, text);
    text.push('}');
}

fn list(items: &[Node], depth: usize, words: Words, text: &mut String) {
    if items.is_empty() {
        return text.push_str("[]");
    }
    text.push_str("[\n");
    for (index, item) in items.iter().enumerate() {
        indent(depth + 1, text);
        value(item, depth + 1, words, text);
        text.push_str(if index + 1 < items.len() || words == Words::Python { ",\n" } else { "\n" });
    }
    indent(depth, text);
    text.push(']');
}

fn indent(depth: usize, text: &mut String) {
    text.extend(std::iter::repeat_n("    ", depth));
}
