//! A key in a header, in the query or in a cookie.
//!
//! Example: `{"type": "api_key", "name": "X-Api-Key", "api_key": dlt.secrets["key"], "location": "header"}`. In dlt:
//! `APIKeyAuth`. Beyond dlt: `prefix`, put before the key (`Token token=`). Known differences: `location: cookie`
//! works, where dlt fails at the first request.

use std::sync::Arc;

use spile_core::{
    Auth, Credential, CredentialPlace, Def, Diagnostic, Diagnostics, FieldDoc, Node, RequestDraft, Result,
    Secret,
};

use crate::fields::Fields;

pub(super) const DEF: Def<dyn Auth> = Def {
    name: "api_key",
    aliases: &[],
    summary: "Sends a key in a header, in the query or in a cookie.",
    fields: &[
        FieldDoc { name: "api_key", shape: "secret", default: "", summary: "The key." },
        FieldDoc {
            name: "name",
            shape: "string",
            default: "Authorization",
            summary: "The header, query parameter or cookie.",
        },
        FieldDoc {
            name: "location",
            shape: "`header` or `query` or `param` or `cookie`",
            default: "header",
            summary: "Where the key goes; `param` is another word for `query`.",
        },
        FieldDoc {
            name: "prefix",
            shape: "string",
            default: "null",
            summary: "Text before the key, such as `Token token=` (beyond dlt).",
        },
    ],
    shorthand: true,
    parse,
};

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Auth>> {
    let mut fields = Fields::new("auth `api_key`".to_owned(), node, DEF.fields, diagnostics);
    let key = fields.required_scalar("api_key");
    let name = fields.string("name").given().unwrap_or_else(|| "Authorization".to_owned());
    let prefix = fields.string("prefix").given().unwrap_or_default();
    let place = place(&mut fields);
    let value = Secret::new(format!("{prefix}{key}"));
    fields.finish(Arc::new(ApiKey(Credential { place, name, value })))
}

/// Reads `location`.
pub(super) fn place(fields: &mut Fields<'_, '_>) -> CredentialPlace {
    match fields.string("location").given().as_deref() {
        None | Some("header") => CredentialPlace::Header,
        Some("query" | "param") => CredentialPlace::Query,
        Some("cookie") => CredentialPlace::Cookie,
        Some(other) => {
            let span = fields.span("location").clone();
            let finding =
                Diagnostic::error("config/wrong-value", format!("unknown location `{other}` of an auth"));
            fields.report(finding.at(&span).hint("Use `header`, `query` or `cookie`."));
            CredentialPlace::Header
        }
    }
}

#[derive(Debug)]
struct ApiKey(Credential);

impl Auth for ApiKey {
    fn apply(&self, draft: &mut RequestDraft) -> Result<()> {
        draft.credentials.push(self.0.clone());
        Ok(())
    }
}
