//! OAuth 2.0 client credentials: known by name, refused with a clear word.
//!
//! In dlt: `OAuth2ClientCredentials`. It needs requests of its own, which the pure `Auth` trait cannot make, so this row
//! only keeps the name from being reported as unknown.

use std::sync::Arc;

use spile_core::{Auth, Def, Diagnostic, Diagnostics, FieldDoc, Node};

pub(super) const DEF: Def<dyn Auth> = Def {
    name: "oauth2_client_credentials",
    aliases: &[],
    summary: "Fetches a token for a client id and secret (not supported yet).",
    fields: &[
        FieldDoc {
            name: "access_token_url",
            shape: "string",
            default: "",
            summary: "Where tokens are given out.",
        },
        FieldDoc { name: "client_id", shape: "string", default: "", summary: "The client id." },
        FieldDoc { name: "client_secret", shape: "secret", default: "", summary: "The client secret." },
        FieldDoc {
            name: "access_token_request_data",
            shape: "map",
            default: "{}",
            summary: "Further fields of the token request.",
        },
        FieldDoc {
            name: "default_token_expiration",
            shape: "integer",
            default: "3600",
            summary: "Seconds that a token lives when the answer does not say.",
        },
    ],
    shorthand: true,
    parse,
};

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Auth>> {
    diagnostics.push(
        Diagnostic::error("config/not-supported", "auth `oauth2_client_credentials` is not supported yet")
            .at(&node.span)
            .hint("Fetch a token beforehand and use `{\"type\": \"bearer\", \"token\": ...}`."),
    );
    None
}
