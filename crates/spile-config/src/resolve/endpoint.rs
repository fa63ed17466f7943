//! `endpoint`: everything that makes up a request.

use std::sync::Arc;

use serde_json::Value as Json;
use spile_core::{
    ActionEffect, Auth, BodyTemplate, ClientPlan, Diagnostic, IncrementalPlan, JsonPath, Method, Node,
    Paginator, ParamValue, ResponseAction, TemplatePart, Value,
};

use crate::fields::{KnownKeys, not_supported, wrong_type};
use crate::interpolate::{self, Piece};
use crate::resolve::Resolver;
use crate::resolve::path::Target;
use crate::resolve::read::Reported;

pub(super) const ENDPOINT: KnownKeys = KnownKeys {
    of: "endpoint",
    known: &[
        "path",
        "method",
        "params",
        "json",
        "headers",
        "auth",
        "paginator",
        "data_selector",
        "incremental",
        "response_actions",
    ],
    later: &[("data", "Send a JSON body with `json`, if the API takes one.")],
};

pub(super) const ACTION: KnownKeys =
    KnownKeys { of: "a response action", known: &["status_code", "content", "action"], later: &[] };

/// The parts of a resource plan that come from its endpoint.
pub(super) struct EndpointParts {
    pub(super) method: Method,
    pub(super) target: Target,
    pub(super) params: Vec<(String, ParamValue)>,
    pub(super) headers: Vec<(String, ParamValue)>,
    pub(super) json: Option<BodyTemplate>,
    pub(super) actions: Vec<ResponseAction>,
    pub(super) auth: Vec<Arc<dyn Auth>>,
    pub(super) paginator: Arc<dyn Paginator>,
    pub(super) data_selector: Option<JsonPath>,
    pub(super) incremental: Option<IncrementalPlan>,
}

impl Resolver<'_> {
    /// Resolves an endpoint whose shorthands are written out and whose defaults are merged in.
    pub(super) fn endpoint(
        &mut self,
        name: &str,
        node: &Node,
        resource: &Node,
        client: Option<&ClientPlan>,
    ) -> Option<EndpointParts> {
        if !matches!(node.value, Value::Map(_)) {
            self.report(wrong_type("endpoint", "a path or a map", node));
            return None;
        }
        ENDPOINT.check(node, self.diagnostics);
        let get = |key: &str| node.get(key).filter(|node| !node.is_null());
        let method = match get("method") {
            Some(method) => self.choice(method, "method", &[("GET", Method::Get), ("POST", Method::Post)]),
            None => Some(Method::Get),
        };
        let path = node.get("path").and_then(|path| Some((self.string(path, "path")?, path)));
        let single_entity = path.as_ref().is_some_and(|(path, _)| interpolate::is_single_entity(path));
        let paginator = self.paginator(node.get("paginator"), single_entity);
        let written_path = path.as_ref().map(|(text, node)| (text.as_str(), *node));
        self.warn_of_overridden_paginator(node, written_path, single_entity);
        let data_selector = self.data_selector(get("data_selector"), single_entity);
        let auth = self.auth(node.get("auth"));
        // What the auth adds wins over parameters and headers of the same name, as in dlt, so it comes last.
        let mut credentials = Vec::new();
        let incremental = self.incremental(name, node, resource);
        let has_incremental = get("incremental").is_some();
        let mut bound = Vec::new();
        let target = path.and_then(|(path, path_node)| {
            self.url(name, &path, path_node, get("params"), client?, &mut bound)
        });
        let params = self.params(get("params"), has_incremental, &bound, &mut credentials);
        let headers = self.endpoint_headers(get("headers"), has_incremental, &mut credentials);
        credentials.extend(auth);
        if let Some(paginator) = &paginator {
            self.warn_of_shadowed_params(get("params"), &params, paginator.as_ref());
        }
        let json = get("json").and_then(|body| self.body(body));
        let actions = get("response_actions").map(|node| self.actions(node)).unwrap_or_default();
        Some(EndpointParts {
            method: method?,
            target: target?,
            params,
            headers,
            json,
            actions,
            auth: credentials,
            paginator: paginator?,
            data_selector: data_selector.ok()?,
            incremental: incremental.ok()?,
        })
    }

    /// Resolves the selector; without one the records are found on the first page.
    fn data_selector(
        &mut self,
        node: Option<&Node>,
        single_entity: bool,
    ) -> Result<Option<JsonPath>, Reported> {
        let text = self.optional(node, |this, node| this.string(node, "data_selector"))?;
        match (node, text.filter(|text| !text.is_empty())) {
            (Some(node), Some(text)) => {
                self.json_path(&text, node, "data_selector").map(Some).ok_or(Reported)
            }
            _ if single_entity => Ok(Some(JsonPath::fields(&[]))),
            _ => Ok(None),
        }
    }

    pub(super) fn json_path(&mut self, text: &str, node: &Node, what: &str) -> Option<JsonPath> {
        match JsonPath::parse(text) {
            Ok(path) => Some(path),
            Err(error) => {
                self.report(
                    Diagnostic::error(
                        "config/invalid-jsonpath",
                        format!("{what} is not a path that can be read: {error}"),
                    )
                    .at(&node.span)
                    .hint("Write for example items, data.rows, ['odd name'] or results[*]."),
                );
                None
            }
        }
    }

    /// Resolves `response_actions`: `ignore`, and functions that look at answers.
    fn actions(&mut self, node: &Node) -> Vec<ResponseAction> {
        let Value::List(items) = &node.value else {
            self.report(wrong_type("response_actions", "a list", node));
            return Vec::new();
        };
        items.iter().filter_map(|item| self.action(item)).collect()
    }

    fn action(&mut self, node: &Node) -> Option<ResponseAction> {
        if matches!(node.value, Value::Function(_)) {
            return Some(ResponseAction { status: None, content: None, effect: self.effect(node)? });
        }
        self.entries(node, "a response action")?;
        ACTION.check(node, self.diagnostics);
        let get = |key: &str| node.get(key).filter(|node| !node.is_null());
        let status = self.optional(get("status_code"), |this, node| this.count(node, "status_code")).ok()?;
        let content = self.optional(get("content"), |this, node| this.string(node, "content")).ok()?;
        let Some(action) = get("action") else {
            self.report(crate::fields::missing("action", "a response action", &super::start_of(node)));
            return None;
        };
        let effect = self.effect(action)?;
        if status.is_none() && content.is_none() && matches!(effect, ActionEffect::Ignore) {
            self.report(
                Diagnostic::warning(
                    "config/no-effect",
                    "an action without `status_code` and `content` never acts",
                )
                .at(&node.span)
                .hint("Say which answers are to be ignored, as in `\"status_code\": 404`."),
            );
        }
        // A number that is no status never comes, so the action never acts.
        let status = status.map(|status| u16::try_from(status).unwrap_or(u16::MAX));
        Some(ResponseAction { status, content, effect })
    }

    /// Resolves a JSON body; doubled braces stand for single ones.
    fn body(&mut self, node: &Node) -> Option<BodyTemplate> {
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
        let pieces = match interpolate::split(text) {
            Ok(pieces) => pieces,
            Err(problem) => {
                self.report(super::params::invalid_expression(problem, "json", &node.span));
                return None;
            }
        };
        let mut parts = Vec::new();
        for piece in pieces {
            parts.push(match piece {
                Piece::Text(text) => TemplatePart::Text(text),
                Piece::Field(field) if field.starts_with("resources.") => {
                    TemplatePart::Parent(self.parent_field(field, "json", node)?)
                }
                Piece::Field(field) => {
                    self.refuse_field(field, "json", node);
                    return None;
                }
            });
        }
        Some(match parts.as_slice() {
            [] => BodyTemplate::Literal(Json::from("")),
            [TemplatePart::Text(text)] => BodyTemplate::Literal(Json::from(text.as_str())),
            [TemplatePart::Parent(name)] => BodyTemplate::Offer(name.clone()),
            _ => BodyTemplate::Text(parts),
        })
    }

    /// Reports a placeholder that has no meaning here, or none yet.
    pub(super) fn refuse_field(&mut self, field: &str, place: &str, node: &Node) {
        let span = super::path::inside(&node.span, &format!("{{{field}}}"));
        let diagnostic = match field.split('.').next() {
            Some("incremental") => not_supported(&format!("`{{{field}}}` in {place}"), &span)
                .hint("Send the cursor as a query parameter or header for now."),
            _ => super::params::invalid_expression(&format!("`{field}`"), place, &span),
        };
        self.report(diagnostic);
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
