//! The ways to present credentials: one row and one file each.
//!
//! Nothing here decides who may see a credential: that is the transport's.

mod api_key;
mod bearer;
mod http_basic;
mod oauth2_client_credentials;
mod oauth2_refresh_token;
mod oauth_jwt;
mod session_token;
#[cfg(test)]
mod tests;

use spile_core::{Auth, Credential, CredentialPlace, Registry, RequestDraft, Result, Secret};

/// All auths.
pub static AUTHS: Registry<dyn Auth> = Registry {
    kind: "auth",
    rows: &[
        api_key::DEF,
        bearer::DEF,
        http_basic::DEF,
        oauth2_client_credentials::DEF,
        oauth2_refresh_token::DEF,
        oauth_jwt::DEF,
        session_token::DEF,
    ],
};

/// A value for the `Authorization` header that the config holds whole.
#[derive(Debug)]
struct Authorization(Secret);

impl Auth for Authorization {
    fn apply(&self, draft: &mut RequestDraft) -> Result<()> {
        draft.credentials.push(Credential {
            place: CredentialPlace::Header,
            name: "Authorization".to_owned(),
            value: self.0.clone(),
        });
        Ok(())
    }
}
