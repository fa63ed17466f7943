//! YAML documents that are no configs, such as schemas, as plain values.

use serde_json::{Map, Value as Json};
use spile_core::{Diagnostic, Diagnostics, Node, SourceFile, Value};

use crate::dialects::read_yaml_tree;

/// Reads the one YAML document of a text; the findings say what is wrong with it.
pub fn read_yaml(name: &str, text: &str) -> Result<Json, Vec<Diagnostic>> {
    let mut diagnostics = Diagnostics::new();
    let file = SourceFile::new(name, text);
    match read_yaml_tree(&file, text, &mut diagnostics) {
        Some(tree) if !diagnostics.has_errors() => Ok(plain(&tree)),
        _with_findings => Err(diagnostics.into_sorted()),
    }
}

/// Returns the value without its places. YAML has neither references nor functions; they are null here.
pub(crate) fn plain(node: &Node) -> Json {
    match &node.value {
        Value::Bool(boolean) => Json::from(*boolean),
        Value::Int(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::String(text) => Json::from(text.as_str()),
        Value::List(items) => Json::Array(items.iter().map(plain).collect()),
        Value::Map(entries) => Json::Object(
            entries.iter().map(|(key, node)| (key.name.clone(), plain(node))).collect::<Map<_, _>>(),
        ),
        Value::Null | Value::Reference(_) | Value::Concat(_) | Value::Function(_) => Json::Null,
    }
}
