//! The one place of this crate that does I/O.
//!
//! [`Transport`] sends a request once, redirects included; when to send it again is decided by `retry` and `budget`,
//! what an unusable answer is called by `failure`. The invariant: credentials are joined here and nowhere else, per hop and by origin.

mod actions;
mod budget;
mod failure;
mod gate;
mod http;
mod pace;
#[cfg(test)]
mod politeness;
mod rate;
mod redirect;
mod retry;
mod tokens;
mod watched;

use std::future::Future;
use std::pin::Pin;
use std::time::SystemTime;

use spile_core::{Credential, FormBody, Method, Redactor, RequestDraft, Result, redact_url};
use url::{Origin, Url, form_urlencoded};

/// The status of an API that limits how often it may be asked.
const TOO_MANY_REQUESTS: u16 = 429;

pub use http::HttpTransport;
pub(crate) use retry::{Answer, Exchange};
pub use tokens::TokenStore;
pub use watched::{Exchanged, Watch, WatchedTransport};

/// A future that owns nothing but what it borrows.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A request that is ready to be sent, credentials still apart.
#[derive(Clone)]
pub struct OutgoingRequest {
    /// GET or POST.
    pub method: Method,
    /// The target with all parameters but those in [`Self::credentials`].
    pub url: Url,
    /// Headers that any host may see.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// Whether the body holds a secret, so that only trusted origins may see it.
    pub body_is_secret: bool,
    /// Headers and parameters that only trusted origins may see; a later one replaces an earlier one of that name.
    pub credentials: Vec<Credential>,
    /// The one origin that may see credentials, when it is not for the plan to say: that of a token's URL.
    pub only: Option<Origin>,
    /// Longest body of the answer, when that is less than the plan allows.
    pub body_bytes_max: Option<usize>,
}

impl OutgoingRequest {
    /// Makes a request of a finished draft.
    pub(crate) fn new(draft: RequestDraft, scrubber: &Scrubber) -> Self {
        let url = draft.target();
        let mut headers = draft.headers;
        let (body, kind) = match (draft.data, draft.json) {
            (Some(FormBody::Fields(fields)), _) => {
                let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
                (Some(form), Some("application/x-www-form-urlencoded"))
            }
            (Some(FormBody::Text(text)), _) => (Some(text), None),
            (None, Some(json)) => (Some(json.to_string()), Some("application/json")),
            (None, None) => (None, None),
        };
        headers.extend(kind.map(|kind| ("content-type".to_owned(), kind.to_owned())));
        let body_is_secret = body.as_deref().is_some_and(|body| scrubber.has_secret(body));
        Self {
            method: draft.method,
            url,
            headers,
            body: body.map(String::into_bytes),
            body_is_secret,
            credentials: draft.credentials,
            only: None,
            body_bytes_max: None,
        }
    }
}

/// An answer of any status, with its whole decoded body.
#[derive(Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The URL that answered, after redirects, without credentials that were added to it.
    pub url: Url,
    /// Header names (lower case) and values in the order received.
    pub headers: Vec<(String, String)>,
    /// The decoded body.
    pub body: Vec<u8>,
    /// Redirects that were followed.
    pub redirects: u64,
    /// When the head arrived; `Retry-After` dates are counted from here.
    pub received_at: SystemTime,
}

impl Response {
    /// Returns the first header of that name; the name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(existing, _)| existing == name).map(|(_, value)| value.as_str())
    }
}

/// Sends requests.
///
/// - `send` makes one attempt, following redirects; it never retries. It may wait for its turn.
/// - Any status is an answer, not an error.
/// - An error of kind `Unavailable` means that the same request may succeed later: not reached, timed out, cut off.
/// - An error never holds a credential.
pub trait Transport: Send + Sync {
    /// Sends a request and reads the whole answer.
    fn send<'a>(&'a self, request: &'a OutgoingRequest) -> BoxFuture<'a, Result<Response>>;

    /// Returns the tokens that were fetched over this transport.
    fn tokens(&self) -> &TokenStore;
}

/// Takes every known secret out of texts for people: those of the plan, those that auths make of them, and
/// tokens that were fetched.
pub(crate) struct Scrubber {
    plan: Redactor,
    made: Redactor,
    tokens: TokenStore,
}

impl Scrubber {
    /// Makes a scrubber.
    pub(crate) fn new(plan: &Redactor, made: Redactor, tokens: TokenStore) -> Self {
        Self { plan: plan.clone(), made, tokens }
    }

    /// Returns the text without secrets.
    pub(crate) fn text(&self, text: &str) -> String {
        self.plan.redact(&self.made.redact(&self.tokens.redact(text)))
    }

    /// Returns the URL without secrets.
    pub(crate) fn url(&self, url: &Url) -> String {
        self.text(&redact_url(url.as_str()))
    }

    /// Returns whether a text holds a secret.
    pub(crate) fn has_secret(&self, text: &str) -> bool {
        self.text(text) != text
    }
}

/// Returns the method as it is written on the wire.
pub(crate) fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
    }
}
