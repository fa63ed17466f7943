//! `client`: base URL, headers, trusted hosts, limits.
//!
//! Paginator and auth of the client are resolved per resource, in `components`.

use spile_core::{
    ClientPlan, Credential, CredentialPlace, Diagnostic, Limits, Manners, Node, RateLimit, Secret,
};
use url::{Origin, Url};

use crate::fields::{KnownKeys, wrong_type};
use crate::resolve::Resolver;

pub(super) const CLIENT: KnownKeys = KnownKeys {
    of: "client",
    known: &[
        "base_url",
        "headers",
        "auth",
        "paginator",
        "retry",
        "timeout",
        "total_timeout",
        "concurrency",
        "parallel_pages",
        "rate_limit",
        "trusted_hosts",
        "proxy",
        "ca_bundle",
        "limits",
    ],
    later: &[
        ("session", "Remove it; retries and timeouts are set by `client.retry` and `client.timeout`."),
        ("verify", "Certificates are always checked; name your authority's file in `client.ca_bundle`."),
    ],
};

pub(super) const RATE_LIMIT: KnownKeys =
    KnownKeys { of: "client.rate_limit", known: &["requests", "seconds"], later: &[] };

pub(super) const LIMITS: KnownKeys = KnownKeys {
    of: "client.limits",
    known: &[
        "pages_max",
        "windows_max",
        "parent_cursors_max",
        "body_bytes_max",
        "redirects_max",
        "nesting_max",
        "columns_max",
        "tables_max",
        "pages_in_flight_max",
        "ahead_bytes_max",
        "resources_in_flight_max",
    ],
    later: &[],
};

/// Parts of header names whose values are never shown, even when they are written in the config.
const SENSITIVE_HEADERS: [&str; 5] = ["auth", "key", "token", "secret", "cookie"];

impl Resolver<'_> {
    pub(super) fn client(&mut self, node: &Node) -> Option<ClientPlan> {
        self.entries(node, "client")?;
        CLIENT.check(node, self.diagnostics);
        let base_url = self.required(node, "base_url", "client").and_then(|url| self.base_url(url));
        let headers = self.client_headers(node);
        let retry = self.retry(node);
        let manners = self.manners(node);
        let network = self.network(node);
        let base_url = base_url?;
        let trusted_origins = self.trusted_origins(node, &base_url);
        Some(ClientPlan { base_url, trusted_origins, headers, retry, manners, network })
    }

    /// Reads how much may be asked at once, how fast, and for how long.
    fn manners(&mut self, client: &Node) -> Manners {
        let mut manners = Manners::default();
        let get = |key: &str| client.get(key).filter(|node| !node.is_null());
        if let Some(node) = get("concurrency") {
            match self.count(node, "concurrency") {
                Some(0) => self.report(wrong_type("concurrency", "a whole number from 1", node)),
                Some(number) => manners.concurrency = usize::try_from(number.min(1000)).unwrap_or(1000),
                None => {} // Reported.
            }
        }
        if let Some(parallel) = get("parallel_pages").and_then(|node| self.boolean(node, "parallel_pages")) {
            manners.parallel_pages = parallel;
        }
        if let Some(seconds) = get("total_timeout").and_then(|node| self.amount(node, "total_timeout")) {
            manners.total_timeout_seconds = Some(seconds).filter(|seconds| *seconds > 0.0);
        }
        manners.rate_limit = get("rate_limit").and_then(|node| self.rate_limit(node));
        manners
    }

    fn rate_limit(&mut self, node: &Node) -> Option<RateLimit> {
        self.entries(node, "client.rate_limit")?;
        RATE_LIMIT.check(node, self.diagnostics);
        let requests_node = self.required(node, "requests", "client.rate_limit")?;
        let requests = self.count(requests_node, "requests")?;
        if requests == 0 {
            self.report(wrong_type("requests", "a whole number from 1", requests_node));
            return None;
        }
        let seconds = match node.get("seconds").filter(|node| !node.is_null()) {
            Some(node) => self.amount(node, "seconds")?,
            None => 1.0,
        };
        Some(RateLimit { requests: u32::try_from(requests).unwrap_or(u32::MAX), seconds })
    }

    fn base_url(&mut self, node: &Node) -> Option<Url> {
        let text = self.text(node, "base_url")?;
        if self.has_empty_base_url() {
            return self.base_url_of_paths(node);
        }
        let invalid = |message: String, hint: &'static str| {
            Diagnostic::error("config/invalid-url", message).at(&node.span).hint(hint)
        };
        let url = match Url::parse(&text.value) {
            Ok(url) => url,
            Err(error) => {
                self.report(invalid(
                    format!("base_url is not a URL: {error}"),
                    "Write it in full, for example https://api.example.com/v2.",
                ));
                return None;
            }
        };
        let problem = if !matches!(url.scheme(), "http" | "https") {
            Some(("base_url must start with http:// or https://", "Only HTTP APIs can be read."))
        } else if !url.username().is_empty() || url.password().is_some() {
            Some(("base_url holds credentials", "Move them to `auth` with type `http_basic`."))
        } else if url.query().is_some() {
            Some(("base_url holds a query", "Move the query to `params` of the endpoints."))
        } else {
            None
        };
        if let Some((message, hint)) = problem {
            self.report(invalid(message.to_owned(), hint));
            return None;
        }
        Some(url)
    }

    fn client_headers(&mut self, client: &Node) -> Vec<Credential> {
        let Some(node) = client.get("headers") else { return Vec::new() };
        let Some(entries) = self.entries(node, "headers") else { return Vec::new() };
        let mut headers = Vec::new();
        for (key, node) in entries {
            let Some(text) = self.text(node, &format!("the header `{}`", key.name)) else { continue };
            if !is_header_name(&key.name) || !is_header_value(&text.value) {
                self.report(invalid_header(&key.name).at(&key.span));
                continue;
            }
            if is_sensitive_header(&key.name) {
                self.providers.add_secret(&text.value);
            }
            headers.push(Credential {
                place: CredentialPlace::Header,
                name: key.name.clone(),
                value: Secret::new(text.value),
            });
        }
        headers
    }

    fn trusted_origins(&mut self, client: &Node, base_url: &Url) -> Vec<Origin> {
        let mut origins = vec![base_url.origin()];
        let hosts = client.get("trusted_hosts").filter(|node| !node.is_null());
        for host in hosts.and_then(|node| self.strings(node, "trusted_hosts")).unwrap_or_default() {
            let text = if host.contains("://") { host } else { format!("{}://{host}", base_url.scheme()) };
            match Url::parse(&text) {
                Ok(url) if url.has_host() => origins.push(url.origin()),
                _ => {
                    let diagnostic =
                        Diagnostic::error("config/invalid-url", "a trusted host is not a host name");
                    let diagnostic = match hosts {
                        Some(node) => diagnostic.at(&node.span),
                        None => diagnostic,
                    };
                    self.report(diagnostic.hint("Write `host`, `host:port` or `https://host:port`."));
                }
            }
        }
        origins
    }

    pub(super) fn limits(&mut self, client: Option<&Node>) -> Limits {
        let mut limits = Limits::default();
        let Some(node) = client.and_then(|client| client.get("limits")) else { return limits };
        LIMITS.check(node, self.diagnostics);
        let Some(entries) = self.entries(node, "client.limits") else { return limits };
        for (key, node) in entries {
            if !LIMITS.known.contains(&key.name.as_str()) {
                continue;
            }
            let Some(number) = self.count(node, &key.name) else { continue };
            if number == 0 && key.name != "redirects_max" {
                self.report(wrong_type(&key.name, "a whole number from 1", node));
                continue;
            }
            let size = usize::try_from(number).unwrap_or(usize::MAX);
            match key.name.as_str() {
                "pages_max" => limits.pages_max = number,
                "windows_max" => limits.windows_max = number,
                "parent_cursors_max" => limits.parent_cursors_max = size,
                "body_bytes_max" => limits.body_bytes_max = size,
                "redirects_max" => limits.redirects_max = u32::try_from(number).unwrap_or(u32::MAX),
                "nesting_max" => limits.nesting_max = size,
                "columns_max" => limits.columns_max = size,
                "tables_max" => limits.tables_max = size,
                "ahead_bytes_max" => limits.ahead_bytes_max = size,
                "pages_in_flight_max" => limits.pages_in_flight_max = size,
                _ => limits.resources_in_flight_max = size,
            }
        }
        limits
    }
}

/// Returns whether a header's value is kept out of messages by its name alone.
pub(super) fn is_sensitive_header(name: &str) -> bool {
    let name = name.to_lowercase();
    SENSITIVE_HEADERS.iter().any(|part| name.contains(part))
}

/// Returns whether a text can be the name of a header.
pub(super) fn is_header_name(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token)
}

/// Returns whether a text can be the value of a header.
pub(super) fn is_header_value(value: &str) -> bool {
    !value.bytes().any(|byte| byte == b'\t' || byte.is_ascii_control())
}

/// Says that a header cannot be sent; the value is not shown.
pub(super) fn invalid_header(name: &str) -> Diagnostic {
    Diagnostic::error("config/invalid-header", format!("the header `{}` cannot be sent", name.escape_debug()))
        .hint("Names hold letters, digits and dashes; values hold no line breaks.")
}
