//! An empty `base_url`, which dlt allows when every path is a full URL.
//!
//! The first full URL of the resources then says which origin is the API's own, and so which one sees credentials.
//! Invariant: a relative path under an empty base URL is an error at the path, never a request to a guessed place.

use spile_core::{Diagnostic, Node, Value};
use url::Url;

use crate::resolve::Resolver;
use crate::resolve::path::is_absolute;

impl Resolver<'_> {
    /// Returns whether `base_url` is written as an empty text.
    pub(super) fn has_empty_base_url(&self) -> bool {
        self.client_node("base_url").and_then(Node::as_str) == Some("")
    }

    /// Returns the origin of the first full URL among the paths.
    pub(super) fn base_url_of_paths(&mut self, node: &Node) -> Option<Url> {
        let config = &self.request.source.config;
        let resources = match config.get("resources").map(|resources| &resources.value) {
            Some(Value::List(items)) => items.as_slice(),
            _ => &[],
        };
        let written = resources.iter().filter_map(|resource| {
            let endpoint = resource.get("endpoint").unwrap_or(resource);
            endpoint.as_str().or_else(|| endpoint.get("path").and_then(Node::as_str))
        });
        let first = written.filter(|path| is_absolute(path)).find_map(|path| Url::parse(path).ok());
        let Some(mut url) = first else {
            self.report(
                Diagnostic::error("config/invalid-url", "base_url is empty, and no path is a full URL")
                    .at(&node.span)
                    .hint("Write the base URL in full, for example https://api.example.com/v2."),
            );
            return None;
        };
        url.set_path("/");
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    }

    /// Says that a path has nothing to stand on.
    pub(super) fn report_relative_path(&mut self, node: &Node) {
        self.report(
            Diagnostic::error(
                "config/invalid-url",
                "a relative path needs a base URL, and `base_url` is empty",
            )
            .at(&node.span)
            .hint("Write the path as a full URL, or give `client.base_url`."),
        );
    }
}
