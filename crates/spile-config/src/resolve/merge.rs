//! `resource_defaults` under a resource, by dlt's rules and without dlt's aliasing: the result is a tree of its own.
//!
//! `endpoint.params` and `endpoint.json` merge by key, `columns` by column unless one is a JSON Schema; everything else is replaced as a whole, and
//! a null in the resource takes a default away.

use spile_core::{Key, Node, Value};

use crate::resolve::json_schema::is_schema;

/// Merges a resource map over the defaults map.
pub(super) fn resource(defaults: &Node, resource: &Node) -> Node {
    over(defaults, resource, |key, default, own| match key {
        "endpoint" => over(default, own, |key, default, own| match key {
            "params" | "json" => over(default, own, |_, _, own| own.clone()),
            _ => own.clone(),
        }),
        "columns" if is_schema(default) || is_schema(own) => own.clone(),
        "columns" => over(&columns(default), &columns(own), |_, default, own| {
            over(default, own, |_, _, own| own.clone())
        }),
        _ => own.clone(),
    })
}

/// Puts the entries of one map over another's; `both` decides where both have a key. Anything but two maps is replaced.
fn over(defaults: &Node, own: &Node, both: impl Fn(&str, &Node, &Node) -> Node) -> Node {
    let (Value::Map(default_entries), Value::Map(own_entries)) = (&defaults.value, &own.value) else {
        return own.clone();
    };
    let mut merged: Vec<(Key, Node)> = Vec::with_capacity(default_entries.len() + own_entries.len());
    for (key, default) in default_entries {
        match own.get(&key.name) {
            Some(node) => {
                let own_key = own_entries.iter().find(|(found, _)| found.name == key.name);
                let key = own_key.map_or(key, |(found, _)| found);
                merged.push((key.clone(), both(&key.name, default, node)));
            }
            None => merged.push((key.clone(), default.clone())),
        }
    }
    merged.extend(own_entries.iter().filter(|(key, _)| defaults.get(&key.name).is_none()).cloned());
    Node::new(Value::Map(merged), own.span.clone())
}

/// Writes the list form of columns (`[{name: id, ...}]`) as the map form. A malformed list stays and is reported later.
pub(super) fn columns(node: &Node) -> Node {
    let Value::List(items) = &node.value else { return node.clone() };
    let mut entries = Vec::with_capacity(items.len());
    for item in items {
        let (Value::Map(hints), Some(name)) = (&item.value, item.get("name")) else { return node.clone() };
        let Some(text) = name.as_str() else { return node.clone() };
        let key = Key { name: text.to_owned(), span: name.span.clone() };
        let rest = hints.iter().filter(|(key, _)| key.name != "name").cloned().collect();
        entries.push((key, Node::new(Value::Map(rest), item.span.clone())));
    }
    Node::new(Value::Map(entries), node.span.clone())
}
