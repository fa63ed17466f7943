//! `json` and `data`: what a request carries, and which placeholders it may hold.
//!
//! Invariant: a placeholder that is a whole value of `json` keeps its type; everywhere else values become texts, as in dlt.

use serde_json::Value as Json;
use spile_core::{BodyTemplate, DataTemplate, Diagnostic, Key, Node, ParamValue, TemplatePart, Value};

use crate::fields::{not_supported, wrong_type};
use crate::resolve::Resolver;
use crate::resolve::read::holds_secret;

impl Resolver<'_> {
    /// Resolves `json` and `data`, of which one can be sent. Empty ones count as absent next to the other, as in dlt.
    pub(super) fn bodies(
        &mut self,
        json: Option<&Node>,
        data: Option<&Node>,
    ) -> (Option<BodyTemplate>, Option<DataTemplate>) {
        let is_empty = |node: &Node| match &node.value {
            Value::Map(entries) => entries.is_empty(),
            Value::List(items) => items.is_empty(),
            Value::String(text) => text.is_empty(),
            _ => false,
        };
        let data = data.filter(|node| !is_empty(node));
        let json = json.filter(|node| data.is_none() || !is_empty(node));
        if let (Some(_), Some(data)) = (json, data) {
            self.report(
                Diagnostic::error("config/conflicting-fields", "`json` and `data` cannot both be sent")
                    .at(&super::start_of(data))
                    .hint("Keep the one that the API takes."),
            );
            return (None, None);
        }
        (json.and_then(|body| self.json_body(body)), data.and_then(|body| self.data_body(body)))
    }

    fn json_body(&mut self, node: &Node) -> Option<BodyTemplate> {
        let Value::Map(_) = node.value else {
            self.report(wrong_type("json", "a map", node));
            return None;
        };
        let resolved = self.resolved(node)?;
        self.body_value(&resolved)
    }

    fn body_value(&mut self, node: &Node) -> Option<BodyTemplate> {
        Some(match &node.value {
            Value::Null => BodyTemplate::Literal(Json::Null),
            Value::Bool(boolean) => BodyTemplate::Literal(Json::Bool(*boolean)),
            Value::Int(number) => BodyTemplate::Literal(Json::from(*number)),
            Value::Float(number) => BodyTemplate::Literal(Json::from(*number)),
            Value::String(text) => self.body_text(text, node)?,
            Value::List(items) => {
                let items: Vec<Option<BodyTemplate>> =
                    items.iter().map(|item| self.body_value(item)).collect();
                body_list(items.into_iter().collect::<Option<_>>()?)
            }
            Value::Map(entries) => {
                let mut object = Vec::new();
                for (key, value) in entries {
                    let at = Node::new(Value::Null, key.span.clone());
                    let name = self.body_text(&key.name, &at);
                    let value = self.body_value(value);
                    let BodyTemplate::Literal(Json::String(name)) = name? else {
                        self.report(
                            not_supported("a placeholder in the name of a value in json", &key.span)
                                .hint("Write the name as it is sent."),
                        );
                        return None;
                    };
                    object.push((name, value?));
                }
                body_map(object)
            }
            Value::Reference(_) | Value::Concat(_) | Value::Function(_) => {
                self.report(wrong_type("a value in json", "a plain value", node));
                return None;
            }
        })
    }

    fn body_text(&mut self, text: &str, node: &Node) -> Option<BodyTemplate> {
        let parts = self.template_parts(text, "json", node)?;
        Some(match parts.as_slice() {
            [] => BodyTemplate::Literal(Json::from("")),
            [TemplatePart::Text(text)] => BodyTemplate::Literal(Json::from(text.as_str())),
            [part] => BodyTemplate::Value(part.clone()),
            _ => BodyTemplate::Text(parts),
        })
    }

    /// Resolves `data`: a map or a list of pairs is a form, a text is sent as it is.
    fn data_body(&mut self, node: &Node) -> Option<DataTemplate> {
        match &node.value {
            Value::Map(entries) => {
                let mut fields = Vec::new();
                for (key, value) in entries {
                    fields.extend(self.form_field(key, value)?);
                }
                Some(DataTemplate::Form(fields))
            }
            Value::List(items) => {
                let mut fields = Vec::new();
                for item in items {
                    let pair = match &item.value {
                        Value::List(pair) => <&[Node; 2]>::try_from(pair.as_slice()).ok(),
                        _ => None,
                    };
                    let Some([name, value]) = pair else {
                        self.report(wrong_type("a field of data", "a pair of name and value", item));
                        return None;
                    };
                    let key =
                        Key { name: self.string(name, "the name of a field")?, span: name.span.clone() };
                    fields.extend(self.form_field(&key, value)?);
                }
                Some(DataTemplate::Form(fields))
            }
            Value::String(_) | Value::Reference(_) | Value::Concat(_) => {
                let text = self.text(node, "data")?;
                if text.secret {
                    return Some(DataTemplate::Text(ParamValue::Literal(text.value)));
                }
                self.template(&text.value, "data", node).map(DataTemplate::Text)
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Function(_) => {
                self.report(wrong_type("data", "a map, a list of pairs or a text", node));
                None
            }
        }
    }

    /// Resolves the fields of one name; a list is several of them, and null is none.
    fn form_field(&mut self, key: &Key, node: &Node) -> Option<Vec<(String, ParamValue)>> {
        let name = self.plain_name(&key.name, "data", &key.span)?;
        let items = match &node.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut fields = Vec::new();
        for item in items.iter().filter(|item| !item.is_null()) {
            let resolved = self.resolved(item)?;
            let Some(text) = super::scalar_text(&resolved.value) else {
                let what = format!("the field `{name}` of data");
                self.report(wrong_type(&what, "a text, a number, a boolean or a list", &resolved));
                return None;
            };
            let value = if holds_secret(item) {
                ParamValue::Literal(text)
            } else {
                self.template(&text, "data", item)?
            };
            fields.push((name.clone(), value));
        }
        Some(fields)
    }
}

/// A list without placeholders is literal as a whole.
fn body_list(items: Vec<BodyTemplate>) -> BodyTemplate {
    let literal: Option<Vec<Json>> = items.iter().map(as_literal).collect();
    literal.map_or(BodyTemplate::List(items), |values| BodyTemplate::Literal(Json::Array(values)))
}

/// An object without placeholders is literal as a whole.
fn body_map(entries: Vec<(String, BodyTemplate)>) -> BodyTemplate {
    let literal: Option<serde_json::Map<String, Json>> =
        entries.iter().map(|(name, value)| Some((name.clone(), as_literal(value)?))).collect();
    literal.map_or(BodyTemplate::Map(entries), |values| BodyTemplate::Literal(Json::Object(values)))
}

fn as_literal(template: &BodyTemplate) -> Option<Json> {
    match template {
        BodyTemplate::Literal(value) => Some(value.clone()),
        _ => None,
    }
}
