//! Paths: placeholders bound and encoded, and joined to the base URL.
//!
//! A placeholder's value is percent-encoded, the template is not. dlt reads the braces of a path twice, so a literal
//! brace takes four of them; so it does here.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use spile_core::{ClientPlan, Diagnostic, Node, Span, Store};
use url::Url;

use crate::interpolate::{self, Piece};
use crate::providers::variable_name;
use crate::resolve::{Resolver, params};

/// All but the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Resolver<'_> {
    /// Binds a path and joins it. Params that the path takes are added to `bound`.
    pub(super) fn url(
        &mut self,
        resource: &str,
        path: &str,
        node: &Node,
        params: Option<&Node>,
        client: &ClientPlan,
        bound: &mut Vec<String>,
    ) -> Option<Url> {
        let pieces = match interpolate::split(path) {
            Ok(pieces) => pieces,
            Err(problem) => {
                self.report(params::invalid_expression(problem, "path", &node.span));
                return None;
            }
        };
        let mut text = String::new();
        let mut complete = true;
        for piece in pieces {
            match piece {
                Piece::Text(literal) => {
                    if let Some(literal) = twice_unescaped(&literal) {
                        text.push_str(&literal);
                    } else {
                        self.report(
                            params::invalid_expression("a brace", "path", &node.span)
                                .hint("A literal brace in a path takes four: {{{{ and }}}}."),
                        );
                        complete = false;
                    }
                }
                Piece::Field(field) => match self.placeholder(resource, field, node, params, bound) {
                    Some(value) => text.extend(utf8_percent_encode(&value, SEGMENT)),
                    None => complete = false,
                },
            }
        }
        if !complete {
            return None;
        }
        self.join(client, &text, node)
    }

    fn placeholder(
        &mut self,
        resource: &str,
        field: &str,
        node: &Node,
        params: Option<&Node>,
        bound: &mut Vec<String>,
    ) -> Option<String> {
        // dlt drops conversions and format specs of path placeholders.
        let name = field.split(['!', ':']).next().unwrap_or(field);
        if name.is_empty() || name.contains(['.', '[']) {
            self.refuse_field(field, "path", node);
            return None;
        }
        if let Some(param) = params.and_then(|params| params.get(name)).filter(|param| !param.is_null()) {
            bound.push(name.to_owned());
            return self.bound_param(name, param);
        }
        let argument = self.request.arguments.iter().find(|(key, _)| key.name == name);
        if let Some((key, value)) = argument {
            self.arguments_used.push(key.name.clone());
            return params::scalar_text(&value.value);
        }
        let from_source = self.request.source.setting("arguments").and_then(|arguments| arguments.get(name));
        if let Some(value) = from_source {
            return self.bound_param(name, value);
        }
        let found =
            self.looked_up(&[name], Store::Config, name).and_then(|value| params::scalar_text(&value));
        if found.is_none() {
            self.report(self.unbound(resource, name, field, node));
        }
        found
    }

    fn bound_param(&mut self, name: &str, node: &Node) -> Option<String> {
        let resolved = self.resolved(node)?;
        let text = params::scalar_text(&resolved.value);
        if text.is_none() {
            let resolve = node.get("type").and_then(Node::as_str) == Some("resolve");
            self.report(if resolve {
                crate::fields::not_supported("a resource that depends on another resource", &node.span)
                    .hint("Dependent resources come in a later version.")
            } else {
                crate::fields::wrong_type(
                    &format!("the path parameter `{name}`"),
                    "a text or a number",
                    &resolved,
                )
            });
        }
        text
    }

    fn unbound(&self, resource: &str, name: &str, field: &str, node: &Node) -> Diagnostic {
        let section = ["sources", &self.names.section, name];
        let message = format!("the path of `{resource}` needs a value for `{name}`");
        Diagnostic::error("config/unbound-path-parameter", message)
            .at(&inside(&node.span, &format!("{{{field}}}")))
            .label("no value for this")
            .hint(format!(
                "Say `--set {name}=VALUE`; also looked in endpoint.params, in the source's arguments, in the environment \
                 variables {} and {}, and for `{name}` under [sources.{}] and at the top of .dlt/secrets.toml and \
                 .dlt/config.toml.",
                variable_name(&section),
                variable_name(&[name]),
                self.names.section,
            ))
    }

    /// Joins as dlt does; an absolute path takes the place of the base URL.
    fn join(&mut self, client: &ClientPlan, path: &str, node: &Node) -> Option<Url> {
        let path = path.trim_end_matches(['?', '&']);
        let lower = path.get(..8).unwrap_or(path).to_lowercase();
        let text = if lower.starts_with("http://") || lower.starts_with("https://") {
            path.to_owned()
        } else if path.trim_start_matches('/').is_empty() {
            client.base_url.as_str().trim_end_matches('/').to_owned()
        } else {
            format!("{}/{}", client.base_url.as_str().trim_end_matches('/'), path.trim_start_matches('/'))
        };
        match Url::parse(&text) {
            Ok(mut url) => {
                url.set_fragment(None);
                Some(url)
            }
            Err(error) => {
                self.report(
                    Diagnostic::error("config/invalid-url", format!("the path does not give a URL: {error}"))
                        .at(&node.span)
                        .hint("Write the path relative to base_url, or a full URL."),
                );
                None
            }
        }
    }
}

/// Reads the braces that the first reading left; a lone one or a field is refused.
fn twice_unescaped(text: &str) -> Option<String> {
    match interpolate::split(text).ok()?.as_slice() {
        [] => Some(String::new()),
        [Piece::Text(text)] => Some(text.clone()),
        _ => None,
    }
}

/// Narrows a span to the first place of a text inside it, if the source has it written like that.
pub(super) fn inside(span: &Span, needle: &str) -> Span {
    let source = span.file.text.get(span.start..span.end).unwrap_or_default();
    match source.find(needle) {
        Some(at) => Span::new(&span.file, span.start + at, span.start + at + needle.len()),
        None => span.clone(),
    }
}
