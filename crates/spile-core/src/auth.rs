//! Credentials as components.

use std::fmt;
use std::time::SystemTime;

use url::Url;

use crate::error::Result;
use crate::json::Json;
use crate::plan::Method;
use crate::request::RequestDraft;
use crate::secret::Secret;

/// Where a credential goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialPlace {
    /// A request header.
    Header,
    /// A query parameter.
    Query,
    /// A cookie; several share one header.
    Cookie,
    /// No credential, but the lack of one: the header is not sent, whoever set it before.
    WithoutHeader,
}

/// A secret with its place on the wire.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Header, query or cookie.
    pub place: CredentialPlace,
    /// Header, parameter or cookie name.
    pub name: String,
    /// The value.
    pub value: Secret,
}

/// Adds credentials to a request. No I/O, no clock.
///
/// - `apply` only pushes to [`RequestDraft::credentials`]; the transport decides whether the target may see them.
/// - Applying twice to two drafts gives the same credentials.
pub trait Auth: fmt::Debug + Send + Sync {
    /// Adds the credentials that are known beforehand.
    fn apply(&self, draft: &mut RequestDraft) -> Result<()>;

    /// Returns how a token is got, for an auth whose credential is fetched.
    fn grant(&self) -> Option<&dyn Grant> {
        None
    }
}

/// A way to get a token. No I/O and no clock: who sends the request and keeps the token is told what to send.
///
/// - The same identity means the same token: resources that say the same share it.
/// - What [`Grant::request`] returns goes to its URL's origin and nowhere else.
pub trait Grant: fmt::Debug + Send + Sync {
    /// Returns a text that is the same for the same settings and gives none of them away.
    fn identity(&self) -> &str;

    /// Makes the request. `refresh` is the newest refresh token, if an earlier answer gave one.
    fn request(&self, now: SystemTime, refresh: Option<&Secret>) -> Result<TokenRequest>;

    /// Returns the refresh token of the config, for a grant that asks with one.
    fn refresh_token(&self) -> Option<&Secret> {
        None
    }

    /// Reads the answer to the request.
    fn token(&self, answer: Json<'_>) -> Result<Token>;

    /// Makes the credential of a token.
    fn credential(&self, token: &Secret) -> Credential;
}

/// A request for a token.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// GET or POST.
    pub method: Method,
    /// Where tokens are given out.
    pub url: Url,
    /// The body with its content type. It holds credentials.
    pub body: Option<(&'static str, Secret)>,
    /// Headers.
    pub headers: Vec<Credential>,
}

/// A token that was given out.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token.
    pub value: Secret,
    /// Seconds that it is good for.
    pub lifetime_seconds: f64,
    /// What the next one is asked for with.
    pub refresh: Option<Secret>,
}
