//! A token for a signed assertion (JWT bearer grant), as service accounts have it.
//!
//! Example: `{"type": "oauth_jwt", "auth_endpoint": "https://auth.example.com/token", "client_id": "robot", "private_key":
//! dlt.secrets["key"], "scopes": ["read"]}`. In dlt: `OAuthJWTAuth`, as an instance only. Known differences: keys with a
//! passphrase are refused. Beyond dlt: `algorithm`.

use std::sync::Arc;

use jsonwebtoken::Algorithm;
use spile_core::{Auth, Def, Diagnostic, Diagnostics, FieldDoc, Node, Secret};

use super::oauth2_client_credentials::{EXPIRATION, LIFETIME_SECONDS};
use crate::assertion::Assertion;
use crate::fields::Fields;
use crate::grant::{Ask, FetchedToken, Places};

pub(super) const DEF: Def<dyn Auth> = Def {
    name: "oauth_jwt",
    aliases: &[],
    summary: "Fetches a token for an assertion that a private key signs.",
    fields: &[
        FieldDoc { name: "client_id", shape: "string", default: "", summary: "Who asks: `iss` and `sub`." },
        FieldDoc {
            name: "private_key",
            shape: "secret",
            default: "",
            summary: "The key as PEM text, or the shared secret of an HS algorithm.",
        },
        FieldDoc {
            name: "auth_endpoint",
            shape: "string",
            default: "",
            summary: "Where tokens are given out, and the assertion's `aud`.",
        },
        FieldDoc {
            name: "scopes",
            shape: "string or list of string",
            default: "null",
            summary: "What is asked for; a list is joined by spaces.",
        },
        FieldDoc { name: "headers", shape: "map", default: "null", summary: "Headers of the token request." },
        FieldDoc {
            name: "private_key_passphrase",
            shape: "secret",
            default: "null",
            summary: "Refused: give the key without one.",
        },
        EXPIRATION,
        FieldDoc {
            name: "algorithm",
            shape: "string",
            default: "RS256",
            summary: "RS, PS or HS with 256, 384 or 512, ES256, ES384 or EdDSA (beyond dlt).",
        },
    ],
    shorthand: true,
    parse,
};

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Auth>> {
    let mut fields = Fields::new("auth `oauth_jwt`".to_owned(), node, DEF.fields, diagnostics);
    let url = fields.url("auth_endpoint");
    let client_id = fields.required_scalar("client_id");
    let private_key = Secret::new(fields.required_scalar("private_key"));
    let scopes = fields.strings("scopes").map(|scopes| scopes.join(" "));
    let headers = fields.headers("headers");
    let lifetime = fields.integer("default_token_expiration").given().unwrap_or(LIFETIME_SECONDS);
    let algorithm = algorithm(&mut fields)?;
    if fields.scalar("private_key_passphrase").given().is_some() {
        let span = fields.span("private_key_passphrase").clone();
        let finding =
            Diagnostic::error("config/not-supported", "a private key with a passphrase is not supported yet");
        fields.report(
            finding.at(&span).hint("Take the passphrase off with `openssl pkey -in key.pem -out plain.pem`."),
        );
        return None;
    }
    let url = url?;
    let audience = fields.string("auth_endpoint").given().unwrap_or_default();
    match Assertion::new(client_id, audience, scopes, private_key, algorithm) {
        Ok(assertion) => {
            let ask = Ask::Assertion(Box::new(assertion));
            let auth = FetchedToken::bearer(DEF.name, url, ask, Places::oauth2(lifetime));
            fields.finish(Arc::new(auth.with_headers(headers)))
        }
        Err(problem) => {
            if node.get("private_key").is_some_and(|key| !key.is_null()) {
                let span = fields.span("private_key").clone();
                let message = format!("`private_key` cannot sign with {algorithm:?}: {problem}");
                let hint = "Give the whole PEM text, lines and all: PKCS#1 or PKCS#8 for RSA, PKCS#8 for the others.";
                fields.report(Diagnostic::error("config/invalid-key", message).at(&span).hint(hint));
            }
            None
        }
    }
}

/// Reads `algorithm`; nothing when it was reported as unknown.
fn algorithm(fields: &mut Fields<'_, '_>) -> Option<Algorithm> {
    let Some(name) = fields.string("algorithm").given() else { return Some(Algorithm::RS256) };
    let known = name.parse().ok();
    if known.is_none() {
        let span = fields.span("algorithm").clone();
        let finding = Diagnostic::error("config/wrong-value", format!("unknown `algorithm` `{name}`"));
        fields.report(finding.at(&span).hint("Use for example RS256, ES256 or HS256."));
    }
    known
}
