//! `endpoint`: everything that makes up a request.

use std::sync::Arc;

use spile_core::{
    ActionEffect, Auth, BodyTemplate, ClientPlan, DataTemplate, DecoderPlan, Diagnostic, IncrementalPlan,
    JsonPath, Method, Node, Paginator, ParamValue, ResponseAction, Value,
};

use crate::fields::{KnownKeys, wrong_type};
use crate::interpolate;
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
        "data",
        "decoder",
    ],
    later: &[],
};

pub(super) const ACTION: KnownKeys =
    KnownKeys { of: "a response action", known: &["status_code", "content", "action"], later: &[] };

/// The parts of a resource plan that come from its endpoint.
pub(super) struct EndpointParts {
    pub(super) method: Method,
    pub(super) target: Target,
    pub(super) params: Vec<(String, ParamValue)>,
    pub(super) headers: Vec<(String, ParamValue)>,
    pub(super) without_headers: Vec<String>,
    pub(super) json: Option<BodyTemplate>,
    pub(super) data: Option<DataTemplate>,
    pub(super) decoder: DecoderPlan,
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
        self.references.has_incremental = get("incremental").is_some();
        let decoder = self.decoder(get("decoder"), get("data_selector").is_some() || single_entity);
        let mut bound = Vec::new();
        let target = path.and_then(|(path, path_node)| {
            self.url(name, &path, path_node, get("params"), client?, &mut bound)
        });
        let params = self.params(get("params"), &bound, &mut credentials);
        let (headers, without_headers) = self.endpoint_headers(get("headers"), &mut credentials);
        credentials.extend(auth);
        if let Some(paginator) = &paginator {
            self.warn_of_shadowed_params(get("params"), &params, paginator.as_ref());
        }
        let (json, data) = self.bodies(get("json"), get("data"));
        let actions = get("response_actions").map(|node| self.actions(node)).unwrap_or_default();
        Some(EndpointParts {
            method: method?,
            target: target?,
            params,
            headers,
            without_headers,
            json,
            data,
            decoder: decoder.ok()?,
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

    /// Reports a placeholder that has no meaning here, or none yet.
    pub(super) fn refuse_field(&mut self, field: &str, place: &str, node: &Node) {
        let span = super::path::inside(&node.span, &format!("{{{field}}}"));
        let diagnostic = super::params::invalid_expression(&format!("`{field}`"), place, &span);
        let diagnostic = match field.split('.').next() {
            Some("incremental") if !self.references.has_incremental => diagnostic
                .label("the endpoint has no `incremental`")
                .hint("Add `incremental` with `cursor_path` to the endpoint, or double literal braces."),
            Some("incremental") => diagnostic
                .hint("Of `incremental` there are start_value, last_value, initial_value and end_value."),
            _ => diagnostic,
        };
        self.report(diagnostic);
    }
}
