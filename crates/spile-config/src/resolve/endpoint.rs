//! `endpoint`: everything that makes up a request.

use std::sync::Arc;

use serde_json::Value as Json;
use spile_core::{
    Auth, ClientPlan, Diagnostic, IncrementalPlan, JsonPath, Method, Node, Paginator, ParamValue, Value,
};
use url::Url;

use crate::fields::{KnownKeys, not_supported, wrong_type};
use crate::interpolate::{self, Piece};
use crate::resolve::Resolver;
use crate::resolve::read::Reported;

const ENDPOINT: KnownKeys = KnownKeys {
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
    ],
    later: &[
        ("data", "Send a JSON body with `json`, if the API takes one."),
        ("response_actions", "Remove them; every status from 400 ends the resource with an error for now."),
    ],
};

/// The parts of a resource plan that come from its endpoint.
pub(super) struct EndpointParts {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) params: Vec<(String, ParamValue)>,
    pub(super) headers: Vec<(String, ParamValue)>,
    pub(super) json: Option<Json>,
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
        let data_selector = self.data_selector(get("data_selector"), single_entity);
        let auth = self.auth(node.get("auth"));
        // What the auth adds wins over parameters and headers of the same name, as in dlt, so it comes last.
        let mut credentials = Vec::new();
        let incremental = self.incremental(name, node, resource);
        let has_incremental = get("incremental").is_some();
        let mut bound = Vec::new();
        let url = path.and_then(|(path, path_node)| {
            self.url(name, &path, path_node, get("params"), client?, &mut bound)
        });
        let params = self.params(get("params"), has_incremental, &bound, &mut credentials);
        let headers = self.endpoint_headers(get("headers"), has_incremental, &mut credentials);
        credentials.extend(auth);
        let json = get("json").and_then(|body| self.body(body));
        Some(EndpointParts {
            method: method?,
            url: url?,
            params,
            headers,
            json,
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

    /// Resolves a JSON body. Placeholders in it are refused for now; doubled braces stand for single ones.
    fn body(&mut self, node: &Node) -> Option<Json> {
        let Value::Map(_) = node.value else {
            self.report(wrong_type("json", "a map", node));
            return None;
        };
        let resolved = self.resolved(node)?;
        self.body_value(&resolved)
    }

    fn body_value(&mut self, node: &Node) -> Option<Json> {
        Some(match &node.value {
            Value::Null => Json::Null,
            Value::Bool(boolean) => Json::Bool(*boolean),
            Value::Int(number) => Json::from(*number),
            Value::Float(number) => Json::from(*number),
            Value::String(text) => Json::String(self.body_text(text, node)?),
            Value::List(items) => {
                let items: Vec<Option<Json>> = items.iter().map(|item| self.body_value(item)).collect();
                Json::Array(items.into_iter().collect::<Option<_>>()?)
            }
            Value::Map(entries) => {
                let mut object = serde_json::Map::new();
                for (key, value) in entries {
                    let name = self.body_text(&key.name, &Node::new(Value::Null, key.span.clone()));
                    let value = self.body_value(value);
                    object.insert(name?, value?);
                }
                Json::Object(object)
            }
            Value::Reference(_) | Value::Concat(_) => {
                self.report(wrong_type("a value in json", "a plain value", node));
                return None;
            }
        })
    }

    fn body_text(&mut self, text: &str, node: &Node) -> Option<String> {
        match interpolate::split(text) {
            Ok(pieces) => {
                let mut plain = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => plain.push_str(&text),
                        Piece::Field(field) => {
                            self.refuse_field(field, "json", node);
                            return None;
                        }
                    }
                }
                Some(plain)
            }
            Err(problem) => {
                self.report(super::params::invalid_expression(problem, "json", &node.span));
                None
            }
        }
    }

    /// Reports a placeholder that has no meaning here, or none yet.
    pub(super) fn refuse_field(&mut self, field: &str, place: &str, node: &Node) {
        let span = super::path::inside(&node.span, &format!("{{{field}}}"));
        let diagnostic = match field.split('.').next() {
            Some("resources") => not_supported("a resource that depends on another resource", &span)
                .hint("Dependent resources come in a later version."),
            Some("incremental") => not_supported(&format!("`{{{field}}}` in {place}"), &span)
                .hint("Send the cursor as a query parameter or header for now."),
            _ => super::params::invalid_expression(&format!("`{field}`"), place, &span),
        };
        self.report(diagnostic);
    }
}
