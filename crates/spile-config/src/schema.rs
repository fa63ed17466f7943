//! The JSON Schema (2020-12) of the config language, made of the component tables, for editors.
//!
//! Not the judge of a config: `spile check` is, which also knows values that two keys decide together. Invariant, held by
//! tests: what `check` accepts validates, and a key that no table has does not.

use serde_json::{Map, Value, json};
use spile_core::{Def, FieldDoc, Registry};

use crate::keys::{KEY_GROUPS, KeyGroup};
use crate::load::Registries;

/// Makes the schema.
pub fn schema(registries: &Registries) -> Value {
    let mut definitions = Map::new();
    for group in KEY_GROUPS {
        definitions.insert(group.name.to_owned(), of_group(group));
    }
    definitions.insert("paginator".to_owned(), of_registry(registries.paginators, false));
    definitions.insert("auth".to_owned(), of_registry(registries.auths, true));
    definitions.insert(
        "placeholder".to_owned(),
        json!({
            "type": "string", "pattern": "^\\$\\{(secrets|config|env)\\..+\\}$",
            "description": "A value that is looked up: ${secrets.key}, ${config.key} or ${env.NAME}."
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Spile config",
        "description": "A dlt rest_api config in YAML, TOML or JSON, with what Spile adds.",
        "anyOf": [top(false), top(true)],
        "$defs": definitions,
    })
}

/// The top of a file: the config itself, or one source under its name; settings stand beside either.
fn top(named: bool) -> Value {
    let fields =
        |name: &str| KEY_GROUPS.iter().find(|group| group.name == name).map_or(&[][..], |group| group.fields);
    let mut properties = Map::new();
    properties.insert("$schema".to_owned(), json!({"type": "string"}));
    for field in fields("settings") {
        properties.insert(field.name.to_owned(), of_field(field));
    }
    let required = if named {
        let mut inner = properties.clone();
        inner.insert("type".to_owned(), json!({"enum": ["rest_api", "dlt.sources.rest_api.rest_api"]}));
        let source = config_object(inner, fields("config"));
        let sources = json!({
            "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": source,
            "description": "The source under its name."
        });
        properties.insert("sources".to_owned(), sources);
        return json!({
            "type": "object", "properties": properties, "required": ["sources"], "additionalProperties": false
        });
    } else {
        fields("config")
    };
    config_object(properties, required)
}

fn config_object(mut properties: Map<String, Value>, fields: &[FieldDoc]) -> Value {
    properties.extend(fields.iter().map(|field| (field.name.to_owned(), of_field(field))));
    object(&properties, &required(fields))
}

fn required(fields: &[FieldDoc]) -> Vec<&'static str> {
    fields.iter().filter(|field| field.default.is_empty()).map(|field| field.name).collect()
}

fn object(properties: &Map<String, Value>, required: &[&str]) -> Value {
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn of_group(group: &KeyGroup) -> Value {
    let properties: Map<String, Value> =
        group.fields.iter().map(|field| (field.name.to_owned(), of_field(field))).collect();
    let mut schema = object(&properties, &required(group.fields));
    schema["description"] = json!(group.summary);
    if group.name == "column" {
        schema["patternProperties"] = json!({"^x-": {}});
    }
    schema
}

/// A component by its bare name, or as a map with its `type`. An open field of an auth is looked up, so none is required,
/// and an auth without a type is a bearer token.
fn of_registry<S: ?Sized>(registry: &Registry<S>, is_auth: bool) -> Value {
    let names = |row: &Def<S>| -> Vec<&'static str> {
        std::iter::once(row.name).chain(row.aliases.iter().copied()).collect()
    };
    let bare: Vec<&str> = registry.rows.iter().filter(|row| row.shorthand).flat_map(names).collect();
    let mut choices = vec![json!({"enum": bare}), json!({"$ref": "#/$defs/placeholder"})];
    for row in registry.rows {
        let mut properties = Map::new();
        let kind = json!({"enum": names(row), "description": row.summary});
        properties.insert("type".to_owned(), kind);
        properties.extend(row.fields.iter().map(|field| (field.name.to_owned(), of_field(field))));
        let mut needed = if is_auth { Vec::new() } else { required(row.fields) };
        if !is_auth || row.name != "bearer" {
            needed.insert(0, "type");
        }
        let mut schema = object(&properties, &needed);
        schema["title"] = json!(row.name);
        schema["description"] = json!(row.summary);
        choices.push(schema);
    }
    json!({"anyOf": choices})
}

fn of_field(field: &FieldDoc) -> Value {
    let is_required = field.default.is_empty();
    let mut choices: Vec<Value> = alternatives(field.shape).into_iter().map(of_shape).collect();
    let is_text_already = choices.iter().any(|choice| choice["type"] == "string" || choice == &json!({}));
    if !is_text_already {
        choices.push(json!({"$ref": "#/$defs/placeholder"}));
    }
    if !is_required {
        choices.push(json!({"type": "null"}));
    }
    let description = if is_required || field.default == "null" {
        field.summary.to_owned()
    } else {
        format!("{} Default: {}.", field.summary, field.default)
    };
    json!({"description": description, "anyOf": choices})
}

/// Splits a shape at the `or`s that stand outside of parentheses.
fn alternatives(shape: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (at, letter) in shape.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ' ' if depth == 0 && shape[at..].starts_with(" or ") && at >= start => {
                parts.push(&shape[start..at]);
                start = at + " or ".len();
            }
            _ => {}
        }
    }
    parts.push(&shape[start..]);
    parts
}

/// Reads one alternative of a shape.
fn of_shape(shape: &str) -> Value {
    if let Some(items) = shape.strip_prefix("list of ") {
        return json!({"type": "array", "items": of_shape(items)});
    }
    if let Some(inner) = shape.strip_prefix('(').and_then(|shape| shape.strip_suffix(')')) {
        return json!({"anyOf": alternatives(inner).into_iter().map(of_shape).collect::<Vec<_>>()});
    }
    if let Some(values) = shape.strip_prefix("map of ") {
        let values = json!({"anyOf": [of_shape(values), {"$ref": "#/$defs/placeholder"}, {"type": "null"}]});
        return json!({"type": "object", "additionalProperties": values});
    }
    if let Some(word) = shape.strip_prefix('`').and_then(|word| word.strip_suffix('`')) {
        return json!({"const": word});
    }
    match shape {
        "string" | "path" | "template" | "secret" => json!({"type": "string"}),
        "integer" | "number" | "boolean" | "null" => json!({"type": shape}),
        // Only scripts have functions; the dialects that editors check do not.
        "function" => json!({"type": "null"}),
        "map" => json!({"type": "object"}),
        "json_schema" => json!({
            "type": "object", "required": ["type", "properties"],
            "properties": {"type": {"anyOf": [{"type": "string"}, {"type": "array"}]}, "properties": {"type": "object"}},
        }),
        "any" => json!({}),
        group => json!({"$ref": format!("#/$defs/{group}")}),
    }
}
