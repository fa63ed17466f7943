//! What in-file tests share: nodes from JSON.

use spile_core::{Key, Node, SourceFile, Span, Value};

/// Makes a node tree of a JSON text; every node has the span of the whole text.
pub(crate) fn node(json: &str) -> Node {
    let file = SourceFile::new("test", json);
    let span = Span::new(&file, 0, json.len());
    build(&serde_json::from_str(json).unwrap(), &span)
}

fn build(json: &serde_json::Value, span: &Span) -> Node {
    let value = match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap()), Value::Int)
        }
        serde_json::Value::String(text) => Value::String(text.clone()),
        serde_json::Value::Array(items) => Value::List(items.iter().map(|item| build(item, span)).collect()),
        serde_json::Value::Object(members) => Value::Map(
            members
                .iter()
                .map(|(name, member)| (Key { name: name.clone(), span: span.clone() }, build(member, span)))
                .collect(),
        ),
    };
    Node::new(value, span.clone())
}
