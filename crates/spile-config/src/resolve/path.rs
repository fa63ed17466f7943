//! Paths: placeholders bound and encoded, and joined to the base URL.
//!
//! A placeholder's value is percent-encoded, the template is not. dlt reads the braces of a path twice, so a literal
//! brace takes four of them; so it does here.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use spile_core::{ClientPlan, Diagnostic, Node, Span, Store, TemplatePart};
use url::Url;

use crate::interpolate::{self, Piece};
use crate::providers::variable_name;
use crate::resolve::{Resolver, params};

/// All but the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where an endpoint is.
pub(super) enum Target {
    /// Known now.
    Fixed(Url),
    /// Known when the run starts, or for each row of the parent.
    Template(Vec<TemplatePart>),
}

/// What stands for a placeholder.
enum Filling {
    Text(String),
    Later(TemplatePart),
}

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
    ) -> Option<Target> {
        let pieces = match interpolate::split(path) {
            Ok(pieces) => pieces,
            Err(problem) => {
                self.report(params::invalid_expression(problem, "path", &node.span));
                return None;
            }
        };
        let mut parts: Vec<TemplatePart> = Vec::new();
        let mut complete = true;
        for piece in pieces {
            match piece {
                Piece::Text(literal) => {
                    if let Some(literal) = twice_unescaped(&literal) {
                        push_text(&mut parts, &literal);
                    } else {
                        self.report(
                            params::invalid_expression("a brace", "path", &node.span)
                                .hint("A literal brace in a path takes four: {{{{ and }}}}."),
                        );
                        complete = false;
                    }
                }
                Piece::Field(field) => match self.placeholder(resource, field, node, params, bound) {
                    Some(Filling::Text(value)) => {
                        push_text(&mut parts, &utf8_percent_encode(&value, SEGMENT).to_string());
                    }
                    Some(Filling::Later(part)) => parts.push(part),
                    None => complete = false,
                },
            }
        }
        if !complete {
            return None;
        }
        match parts.as_slice() {
            [] => self.join(client, "", node).map(Target::Fixed),
            [TemplatePart::Text(text)] => self.join(client, text, node).map(Target::Fixed),
            _ => self.join_parts(client, parts, node).map(Target::Template),
        }
    }

    /// Joins a path that is known for each row only. A trial with a plain value finds what cannot become a URL.
    fn join_parts(
        &mut self,
        client: &ClientPlan,
        mut parts: Vec<TemplatePart>,
        node: &Node,
    ) -> Option<Vec<TemplatePart>> {
        if let Some(TemplatePart::Text(last)) = parts.last_mut() {
            last.truncate(last.trim_end_matches(['?', '&']).len());
        }
        let trial: String =
            parts.iter().map(|part| if let TemplatePart::Text(text) = part { text } else { "x" }).collect();
        self.join(client, &trial, node)?;
        if !is_absolute(&trial) {
            let base = format!("{}/", client.base_url.as_str().trim_end_matches('/'));
            match parts.first_mut() {
                Some(TemplatePart::Text(first)) => {
                    *first = format!("{base}{}", first.trim_start_matches('/'));
                }
                _ => parts.insert(0, TemplatePart::Text(base)),
            }
        }
        Some(parts)
    }

    fn placeholder(
        &mut self,
        resource: &str,
        field: &str,
        node: &Node,
        params: Option<&Node>,
        bound: &mut Vec<String>,
    ) -> Option<Filling> {
        if field.starts_with("resources.") {
            return self.named_part(field, "path", node).map(Filling::Later);
        }
        // dlt drops conversions and format specs of path placeholders.
        let name = field.split(['!', ':']).next().unwrap_or(field);
        if name.starts_with("incremental.") {
            return self.named_part(name, "path", node).map(Filling::Later);
        }
        if name.is_empty() || name.contains(['.', '[']) {
            self.refuse_field(field, "path", node);
            return None;
        }
        if let Some(param) = params.and_then(|params| params.get(name)).filter(|param| !param.is_null()) {
            bound.push(name.to_owned());
            if param.get("type").and_then(Node::as_str) == Some("resolve") {
                return self.resolve_param(param).map(TemplatePart::Parent).map(Filling::Later);
            }
            return self.bound_param(name, param).map(Filling::Text);
        }
        let argument = self.request.arguments.iter().find(|(key, _)| key.name == name);
        if let Some((key, value)) = argument {
            self.arguments_used.push(key.name.clone());
            return params::scalar_text(&value.value).map(Filling::Text);
        }
        let from_source = self.request.source.setting("arguments").and_then(|arguments| arguments.get(name));
        if let Some(value) = from_source {
            return self.bound_param(name, value).map(Filling::Text);
        }
        let found =
            self.looked_up(&[name], Store::Config, name).and_then(|value| params::scalar_text(&value));
        if found.is_none() {
            self.report(self.unbound(resource, name, field, node));
        }
        found.map(Filling::Text)
    }

    fn bound_param(&mut self, name: &str, node: &Node) -> Option<String> {
        let resolved = self.resolved(node)?;
        let text = params::scalar_text(&resolved.value);
        if text.is_none() {
            let what = format!("the path parameter `{name}`");
            self.report(crate::fields::wrong_type(&what, "a text or a number", &resolved));
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
        if !is_absolute(path) && self.has_empty_base_url() {
            self.report_relative_path(node);
            return None;
        }
        let text = if is_absolute(path) {
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

/// Returns whether a path takes the place of the base URL.
pub(super) fn is_absolute(path: &str) -> bool {
    let lower = path.get(..8).unwrap_or(path).to_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

fn push_text(parts: &mut Vec<TemplatePart>, text: &str) {
    match parts.last_mut() {
        Some(TemplatePart::Text(last)) => last.push_str(text),
        _ => parts.push(TemplatePart::Text(text.to_owned())),
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
