//! Instances that dlt configs hold instead of dicts: `HeaderLinkPaginator()`, `BearerTokenAuth(token=...)`,
//! `dlt.sources.incremental("updated_at")`.
//!
//! Each becomes the dict form with the same meaning. Arguments keep their names.

use ruff_python_ast::ExprCall;
use ruff_text_size::Ranged;
use spile_core::{Key, Node, Value};

use super::interpret::Interpreter;
use super::object::Object;
use super::span;

/// A class and the `type` it stands for.
pub(super) struct Class {
    /// The class name.
    pub(super) name: &'static str,
    /// The `type` of the dict form.
    pub(super) kind: &'static str,
    /// Positional arguments in order.
    pub(super) arguments: &'static [&'static str],
}

pub(super) const CLASSES: [Class; 14] = [
    Class { name: "JSONLinkPaginator", kind: "json_link", arguments: &["next_url_path"] },
    Class { name: "JSONResponsePaginator", kind: "json_link", arguments: &["next_url_path"] },
    Class { name: "HeaderLinkPaginator", kind: "header_link", arguments: &["links_next_key"] },
    Class {
        name: "HeaderCursorPaginator",
        kind: "header_cursor",
        arguments: &["cursor_key", "cursor_param"],
    },
    Class {
        name: "JSONResponseCursorPaginator",
        kind: "cursor",
        arguments: &["cursor_path", "cursor_param"],
    },
    Class { name: "OffsetPaginator", kind: "offset", arguments: &["limit", "offset"] },
    Class { name: "PageNumberPaginator", kind: "page_number", arguments: &["base_page", "page"] },
    Class { name: "SinglePagePaginator", kind: "single_page", arguments: &[] },
    Class { name: "BearerTokenAuth", kind: "bearer", arguments: &["token"] },
    Class { name: "APIKeyAuth", kind: "api_key", arguments: &["name", "api_key", "location"] },
    Class { name: "HttpBasicAuth", kind: "http_basic", arguments: &["username", "password"] },
    Class {
        name: "OAuth2ClientCredentials",
        kind: "oauth2_client_credentials",
        arguments: &[
            "access_token",
            "access_token_url",
            "client_id",
            "client_secret",
            "access_token_request_data",
            "default_token_expiration",
        ],
    },
    Class {
        name: "OAuthJWTAuth",
        kind: "oauth_jwt",
        arguments: &[
            "token",
            "client_id",
            "private_key",
            "auth_endpoint",
            "scopes",
            "headers",
            "private_key_passphrase",
            "default_token_expiration",
        ],
    },
    Class {
        name: "incremental",
        kind: "incremental",
        arguments: &["cursor_path", "initial_value", "last_value_func", "primary_key", "end_value"],
    },
];

/// Finds the class of a dotted path in dlt.
pub(super) fn find(path: &str) -> Option<&'static Class> {
    let (module, name) = path.rsplit_once('.')?;
    // Before it was part of dlt, the source was a package of one's own.
    let is_dlt = module.starts_with("dlt") || module.starts_with("rest_api");
    is_dlt.then(|| CLASSES.iter().find(|class| class.name == name)).flatten()
}

impl<'p> Interpreter<'p, '_> {
    /// Makes the dict form of an instance.
    pub(super) fn instance(&mut self, class: &Class, call: &'p ExprCall) -> Option<Object<'p>> {
        let at = span(self.reading, call.range());
        let kind_key = Key { name: "type".to_owned(), span: at.clone() };
        let mut entries = vec![(kind_key, Node::new(Value::String(class.kind.to_owned()), at.clone()))];
        if call.arguments.args.len() > class.arguments.len() {
            return self.refuse_expression("a call with so many arguments", call);
        }
        for (name, argument) in class.arguments.iter().zip(&*call.arguments.args) {
            let key = Key { name: (*name).to_owned(), span: span(self.reading, argument.range()) };
            entries.push((key, self.evaluate_node(argument)?));
        }
        for keyword in &call.arguments.keywords {
            for (name, value) in self.keyword(keyword)? {
                let key = Key { name, span: span(self.reading, keyword.range()) };
                entries.push((key, self.freeze(&value, value.kind(), keyword)?));
            }
        }
        Some(Object::of(Node::new(Value::Map(entries), at)))
    }
}
