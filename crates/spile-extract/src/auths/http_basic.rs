//! User name and password, as HTTP's basic scheme has it.
//!
//! Example: `{"type": "http_basic", "username": "u", "password": dlt.secrets["password"]}`. In dlt: `HttpBasicAuth`. No
//! known differences; both parts are encoded as UTF-8.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use spile_core::{
    Auth, Credential, CredentialPlace, Def, Diagnostics, FieldDoc, Node, RequestDraft, Result, Secret,
};

use crate::fields::Fields;

pub(super) const DEF: Def<dyn Auth> = Def {
    name: "http_basic",
    aliases: &[],
    summary: "Sends user name and password.",
    fields: &[
        FieldDoc { name: "username", shape: "string", default: "", summary: "The user name." },
        FieldDoc { name: "password", shape: "secret", default: "", summary: "The password." },
    ],
    shorthand: true,
    parse,
};

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Auth>> {
    let mut fields = Fields::new("auth `http_basic`".to_owned(), node, DEF.fields, diagnostics);
    let username = fields.required_scalar("username");
    let password = fields.required_scalar("password");
    let encoded = STANDARD.encode(format!("{username}:{password}"));
    fields.finish(Arc::new(HttpBasic(Secret::new(format!("Basic {encoded}")))))
}

#[derive(Debug)]
struct HttpBasic(Secret);

impl Auth for HttpBasic {
    fn apply(&self, draft: &mut RequestDraft) -> Result<()> {
        draft.credentials.push(Credential {
            place: CredentialPlace::Header,
            name: "Authorization".to_owned(),
            value: self.0.clone(),
        });
        Ok(())
    }
}
