//! Query parameters and headers: how values become texts, and which placeholders they may hold.
//!
//! Texts are written as Python writes them, since that is what dlt sends: `True`, `1.5`, repeated keys for lists, nothing
//! for null. A value that refers to a secret becomes a credential.

use std::sync::Arc;

use spile_core::{Auth, CredentialPlace, Diagnostic, Node, ParamValue, Span, TemplatePart, Value};

use crate::fields::{not_supported, wrong_type};
use crate::interpolate::{self, Piece};
use crate::resolve::Resolver;
use crate::resolve::client::{invalid_header, is_header_name, is_header_value, is_sensitive_header};
use crate::resolve::components::SecretValue;
use crate::resolve::read::holds_secret;

impl Resolver<'_> {
    /// Resolves `params` without those that the path took.
    pub(super) fn params(
        &mut self,
        node: Option<&Node>,
        bound: &[String],
        auth: &mut Vec<Arc<dyn Auth>>,
    ) -> Vec<(String, ParamValue)> {
        let Some(entries) = node.and_then(|node| self.entries(node, "params")) else { return Vec::new() };
        let mut params = Vec::new();
        for (key, value) in entries {
            if bound.contains(&key.name) {
                continue;
            }
            let Some(name) = self.plain_name(&key.name, "params", &key.span) else { continue };
            let items = match &value.value {
                Value::List(items) => items.as_slice(),
                Value::Map(_) => {
                    self.special_param(&name, value);
                    continue;
                }
                _ => std::slice::from_ref(value),
            };
            for item in items.iter().filter(|item| !item.is_null()) {
                let Some(text) = self.param_text(&name, item) else { continue };
                if holds_secret(item) {
                    auth.push(Arc::new(SecretValue::new(CredentialPlace::Query, &name, text)));
                } else if let Some(template) = self.template(&text, "params", item) {
                    params.push((name.clone(), template));
                }
            }
        }
        params
    }

    /// Resolves endpoint headers, and which of the client's a null takes away.
    pub(super) fn endpoint_headers(
        &mut self,
        node: Option<&Node>,
        auth: &mut Vec<Arc<dyn Auth>>,
    ) -> (Vec<(String, ParamValue)>, Vec<String>) {
        let (mut headers, mut without) = (Vec::new(), Vec::new());
        let Some(entries) = node.and_then(|node| self.entries(node, "headers")) else {
            return (headers, without);
        };
        for (key, value) in entries {
            let Some(name) = self.plain_name(&key.name, "headers", &key.span) else { continue };
            if value.is_null() {
                without.push(name);
                continue;
            }
            let Some(text) = self.string(value, &format!("the header `{name}`")) else { continue };
            if !is_header_name(&name) || !is_header_value(&text) {
                self.report(invalid_header(&name).at(&key.span));
            } else if holds_secret(value) {
                auth.push(Arc::new(SecretValue::new(CredentialPlace::Header, &name, text)));
            } else if let Some(template) = self.template(&text, "headers", value) {
                if is_sensitive_header(&name) {
                    self.providers.add_secret(&text);
                }
                headers.push((name, template));
            }
        }
        (headers, without)
    }

    /// Reads a parameter that is a map. `incremental` was taken by the incremental; the rest cannot be sent.
    fn special_param(&mut self, name: &str, node: &Node) {
        match node.get("type").and_then(Node::as_str) {
            Some("incremental") => {}
            Some("resolve") => self.report(
                Diagnostic::error(
                    "config/unbound-resolve",
                    format!("the path does not use the parameter `{name}`, which is resolved from a parent"),
                )
                .at(&node.span)
                .hint("Write {resources.<parent>.<field>} as the parameter's value to send it in the query."),
            ),
            _ => self.report(
                wrong_type(&format!("the parameter `{name}`"), "a text, a number, a boolean or a list", node)
                    .hint("A map must have the type `incremental` or `resolve`."),
            ),
        }
    }

    fn param_text(&mut self, name: &str, node: &Node) -> Option<String> {
        let resolved = self.resolved(node)?;
        let text = scalar_text(&resolved.value);
        if text.is_none() {
            let what = format!("the parameter `{name}`");
            self.report(wrong_type(&what, "a text, a number or a boolean", &resolved));
        }
        text
    }

    /// Reads the name of a parameter or header; doubled braces stand for single ones.
    pub(super) fn plain_name(&mut self, text: &str, place: &str, span: &Span) -> Option<String> {
        let node = Node::new(Value::Null, span.clone());
        match self.template(text, place, &node)? {
            ParamValue::Literal(name) => Some(name),
            ParamValue::Template(_) => {
                self.report(
                    not_supported("a placeholder in the name of a parameter or header", span)
                        .hint("Write the name as it is sent."),
                );
                None
            }
        }
    }

    /// Splits a text into what is known now and what is known when the run starts.
    pub(super) fn template(&mut self, text: &str, place: &str, node: &Node) -> Option<ParamValue> {
        let parts = self.template_parts(text, place, node)?;
        if text.contains("{{ ") && text.contains(" }}") {
            self.report(
                Diagnostic::warning(
                    "config/template-not-evaluated",
                    format!("a template in {place} is sent as it is"),
                )
                .at(&node.span)
                .label("`{{` stands for a literal brace here, as in dlt")
                .hint("Use `{incremental.start_value}` for the cursor."),
            );
        }
        Some(match parts.as_slice() {
            [] => ParamValue::Literal(String::new()),
            [TemplatePart::Text(text)] => ParamValue::Literal(text.clone()),
            _ => ParamValue::Template(parts),
        })
    }

    /// Splits a text into its parts; what cannot be named is reported.
    pub(super) fn template_parts(
        &mut self,
        text: &str,
        place: &str,
        node: &Node,
    ) -> Option<Vec<TemplatePart>> {
        let pieces = match interpolate::split(text) {
            Ok(pieces) => pieces,
            Err(problem) => {
                self.report(invalid_expression(problem, place, &node.span));
                return None;
            }
        };
        let parts = pieces.into_iter().map(|piece| match piece {
            Piece::Text(text) => Some(TemplatePart::Text(text)),
            Piece::Field(field) => self.named_part(field, place, node),
        });
        parts.collect()
    }

    /// Reads what stands in braces: a bound of the incremental or a field of the parent.
    pub(super) fn named_part(&mut self, field: &str, place: &str, node: &Node) -> Option<TemplatePart> {
        if field.starts_with("resources.") {
            return self.parent_field(field, place, node).map(TemplatePart::Parent);
        }
        let bound = self.references.has_incremental.then_some(field).and_then(incremental_part);
        if bound.is_none() {
            self.refuse_field(field, place, node);
        }
        bound
    }
}

/// Returns the bound that a field of `incremental` names.
fn incremental_part(field: &str) -> Option<TemplatePart> {
    match field {
        "incremental.start_value" => Some(TemplatePart::IncrementalStart),
        "incremental.last_value" => Some(TemplatePart::IncrementalLast),
        "incremental.initial_value" => Some(TemplatePart::IncrementalInitial),
        "incremental.end_value" => Some(TemplatePart::IncrementalEnd),
        _ => None,
    }
}

/// Says that a text is not a valid format text.
pub(super) fn invalid_expression(problem: &str, place: &str, span: &Span) -> Diagnostic {
    Diagnostic::error("config/invalid-expression", format!("{problem} in {place} is not a valid expression"))
        .at(span)
        .hint("Double literal curly braces: {{ and }}.")
}

/// Writes a scalar as Python's `str()` does.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(float_text(*number)),
        Value::String(text) => Some(text.clone()),
        Value::Null
        | Value::Reference(_)
        | Value::Concat(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Function(_) => None,
    }
}

/// Writes a float as Python's `repr` does: shortest digits, an exponent below 1e-4 and from 1e16.
fn float_text(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let power: i32 = exponent.parse().unwrap_or(0);
    if number != 0.0 && !(-4..16).contains(&power) {
        let sign = if power < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", power.abs());
    }
    format!("{number:?}")
}

#[cfg(test)]
mod tests {
    use super::float_text;

    #[test]
    fn floats_as_python_writes_them() {
        for (number, text) in [
            (1.5, "1.5"),
            (1.0, "1.0"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (1.5e-5, "1.5e-05"),
            (0.0001, "0.0001"),
            (0.0, "0.0"),
        ] {
            assert_eq!(float_text(number), text);
        }
    }
}
