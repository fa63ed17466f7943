//! OAuth 2.0 client credentials: a token for a client id and secret.
//!
//! Example: `{"type": "oauth2_client_credentials", "access_token_url": "https://auth.example.com/token", "client_id":
//! "spile", "client_secret": dlt.secrets["secret"]}`. In dlt: `OAuth2ClientCredentials`. Known differences: the token is
//! renewed a little before it expires and once when the API answers 401, and all resources share it; an answer without
//! a token is an error. Beyond dlt: `client_authentication: basic`.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use spile_core::{Auth, Credential, CredentialPlace, Def, Diagnostic, Diagnostics, FieldDoc, Node, Secret};

use crate::fields::Fields;
use crate::grant::{Ask, FetchedToken, Places, set_fields};

/// Seconds that a token is believed to be good for when the answer does not say.
pub(super) const LIFETIME_SECONDS: i64 = 3600;

pub(super) const URL: FieldDoc = FieldDoc {
    name: "access_token_url",
    shape: "string",
    default: "",
    summary: "Where tokens are given out.",
};

pub(super) const ID: FieldDoc =
    FieldDoc { name: "client_id", shape: "string", default: "", summary: "The client id." };

pub(super) const DATA: FieldDoc = FieldDoc {
    name: "access_token_request_data",
    shape: "map",
    default: "{}",
    summary: "Further fields of the token request, such as `scope`; they replace those of the same name.",
};

pub(super) const EXPIRATION: FieldDoc = FieldDoc {
    name: "default_token_expiration",
    shape: "integer",
    default: "3600",
    summary: "Seconds that a token is good for when the answer does not say.",
};

pub(super) const AUTHENTICATION: FieldDoc = FieldDoc {
    name: "client_authentication",
    shape: "`body` or `basic`",
    default: "body",
    summary: "Whether id and secret go into the form or into a basic `Authorization` header (beyond dlt).",
};

pub(super) const DEF: Def<dyn Auth> = Def {
    name: "oauth2_client_credentials",
    aliases: &[],
    summary: "Fetches a token for a client id and secret.",
    fields: &[
        URL,
        ID,
        FieldDoc { name: "client_secret", shape: "secret", default: "", summary: "The client secret." },
        DATA,
        EXPIRATION,
        AUTHENTICATION,
        FieldDoc {
            name: "access_token",
            shape: "secret",
            default: "null",
            summary: "Not used, as in dlt: a token is fetched in any case.",
        },
    ],
    shorthand: true,
    parse,
};

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Auth>> {
    let title = "auth `oauth2_client_credentials`".to_owned();
    let mut fields = Fields::new(title, node, DEF.fields, diagnostics);
    let url = fields.url("access_token_url");
    let id = fields.required_scalar("client_id");
    let secret = fields.required_scalar("client_secret");
    let data = fields.map("access_token_request_data");
    let lifetime = fields.integer("default_token_expiration").given().unwrap_or(LIFETIME_SECONDS);
    let mut form = Vec::new();
    let basic = client(&mut fields, &id, Some(&secret), &mut form);
    form.push(("grant_type".to_owned(), Secret::new("client_credentials")));
    set_fields(&mut form, data);
    let auth = FetchedToken::bearer(DEF.name, url?, Ask::Form(form), Places::oauth2(lifetime));
    fields.finish(Arc::new(auth.with_headers(basic)))
}

/// Puts id and secret where `client_authentication` says: into the form, or into the header that is returned.
pub(super) fn client(
    fields: &mut Fields<'_, '_>,
    id: &str,
    secret: Option<&str>,
    form: &mut Vec<(String, Secret)>,
) -> Vec<Credential> {
    let basic = match fields.string("client_authentication").given().as_deref() {
        None | Some("body") => false,
        Some("basic") => true,
        Some(other) => {
            let span = fields.span("client_authentication").clone();
            let finding =
                Diagnostic::error("config/wrong-value", format!("unknown `client_authentication` `{other}`"));
            fields.report(finding.at(&span).hint("Use `body` or `basic`."));
            false
        }
    };
    if basic {
        let encoded = STANDARD.encode(format!("{id}:{}", secret.unwrap_or_default()));
        return vec![Credential {
            place: CredentialPlace::Header,
            name: "Authorization".to_owned(),
            value: Secret::new(format!("Basic {encoded}")),
        }];
    }
    form.push(("client_id".to_owned(), Secret::new(id)));
    if let Some(secret) = secret {
        form.push(("client_secret".to_owned(), Secret::new(secret)));
    }
    Vec::new()
}
