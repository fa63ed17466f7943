//! Credentials as components.

use std::fmt;

use crate::error::Result;
use crate::request::RequestDraft;
use crate::secret::Secret;

/// Where a credential goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialPlace {
    /// A request header.
    Header,
    /// A query parameter.
    Query,
}

/// A secret with its place on the wire.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Header or query.
    pub place: CredentialPlace,
    /// Header or parameter name.
    pub name: String,
    /// The value.
    pub value: Secret,
}

/// Adds credentials to a request. No I/O, no clock.
///
/// - `apply` only pushes to [`RequestDraft::credentials`]; the transport decides whether the target may see them.
/// - Applying twice to two drafts gives the same credentials.
pub trait Auth: fmt::Debug + Send + Sync {
    /// Adds the credentials.
    fn apply(&self, draft: &mut RequestDraft) -> Result<()>;
}
