//! Instances that dlt configs hold instead of dicts: `HeaderLinkPaginator()`, `BearerTokenAuth(token=...)`,
//! `dlt.sources.incremental("updated_at")`.
//!
//! Each becomes the dict form with the same meaning. Arguments keep their names.

/// A class and the `type` it stands for.
pub(super) struct Class {
    /// The class name.
    pub(super) name: &'static str,
    /// The `type` of the dict form.
    pub(super) kind: &'static str,
    /// Positional arguments in order.
    pub(super) arguments: &'static [&'static str],
}

pub(super) const CLASSES: [Class; 13] = [
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
        arguments: &["access_token_url", "client_id", "client_secret"],
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
    module.starts_with("dlt").then(|| CLASSES.iter().find(|class| class.name == name)).flatten()
}
