//! OAuth 2.0 with a refresh token: a person has agreed once, and the refresh token stands for that.
//!
//! Example: `{"type": "oauth2_refresh_token", "access_token_url": "https://auth.example.com/token", "client_id": "spile",
//! "client_secret": dlt.secrets["secret"], "refresh_token": dlt.secrets["refresh"]}`. Not in dlt. When an answer brings a
//! new refresh token, it is used for the rest of the run and written nowhere; the run says so, since the config's may have
//! ended with that.

use std::sync::Arc;

use spile_core::{Auth, Def, Diagnostics, FieldDoc, Node, Secret};

use super::oauth2_client_credentials::{AUTHENTICATION, DATA, EXPIRATION, ID, LIFETIME_SECONDS, URL, client};
use crate::fields::Fields;
use crate::grant::{Ask, FetchedToken, Places, set_fields};

pub(super) const DEF: Def<dyn Auth> = Def {
    name: "oauth2_refresh_token",
    aliases: &[],
    summary: "Fetches a token for a refresh token (beyond dlt).",
    fields: &[
        URL,
        ID,
        FieldDoc { name: "refresh_token", shape: "secret", default: "", summary: "The refresh token." },
        FieldDoc {
            name: "client_secret",
            shape: "secret",
            default: "null",
            summary: "The client secret, for clients that have one.",
        },
        DATA,
        EXPIRATION,
        AUTHENTICATION,
    ],
    shorthand: true,
    parse,
};

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Auth>> {
    let mut fields = Fields::new("auth `oauth2_refresh_token`".to_owned(), node, DEF.fields, diagnostics);
    let url = fields.url("access_token_url");
    let id = fields.required_scalar("client_id");
    let refresh = fields.required_scalar("refresh_token");
    let secret = fields.scalar("client_secret").given();
    let data = fields.map("access_token_request_data");
    let lifetime = fields.integer("default_token_expiration").given().unwrap_or(LIFETIME_SECONDS);
    let mut form = vec![
        ("grant_type".to_owned(), Secret::new("refresh_token")),
        ("refresh_token".to_owned(), Secret::new(refresh)),
    ];
    let basic = client(&mut fields, &id, secret.as_deref(), &mut form);
    set_fields(&mut form, data);
    let auth = FetchedToken::bearer(DEF.name, url?, Ask::Refresh(form), Places::oauth2(lifetime));
    fields.finish(Arc::new(auth.with_headers(basic)))
}
