//! The way to the API: through which proxy, and which authorities may vouch for who answers.

use crate::secret::Secret;

/// Through what requests go.
#[derive(Debug, Clone, Default)]
pub enum ProxyPlan {
    /// What the environment says: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, less `NO_PROXY`.
    #[default]
    Environment,
    /// Nothing, whatever the environment says.
    Direct,
    /// This URL, less `NO_PROXY`. It may hold a user and a password.
    Url(Secret),
}

/// What lies between Spile and the API.
#[derive(Debug, Clone, Default)]
pub struct NetworkPlan {
    /// Through what requests go.
    pub proxy: ProxyPlan,
    /// The authorities that are trusted instead of the system's, as PEM.
    pub authorities: Option<Vec<u8>>,
}
