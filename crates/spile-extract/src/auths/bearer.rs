//! A bearer token in the `Authorization` header.
//!
//! Example: `{"type": "bearer", "token": dlt.secrets["token"]}`. In dlt: `BearerTokenAuth`. No known differences.

use std::sync::Arc;

use spile_core::{
    Auth, Credential, CredentialPlace, Def, Diagnostics, FieldDoc, Node, RequestDraft, Result, Secret,
};

use crate::fields::Fields;

pub(super) const DEF: Def<dyn Auth> = Def {
    name: "bearer",
    aliases: &[],
    summary: "Sends a bearer token.",
    fields: &[FieldDoc { name: "token", shape: "secret", default: "", summary: "The token." }],
    shorthand: true,
    parse,
};

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Auth>> {
    let mut fields = Fields::new("auth `bearer`".to_owned(), node, DEF.fields, diagnostics);
    let token = fields.required_scalar("token");
    fields.finish(Arc::new(Bearer(Secret::new(format!("Bearer {token}")))))
}

#[derive(Debug)]
struct Bearer(Secret);

impl Auth for Bearer {
    fn apply(&self, draft: &mut RequestDraft) -> Result<()> {
        draft.credentials.push(Credential {
            place: CredentialPlace::Header,
            name: "Authorization".to_owned(),
            value: self.0.clone(),
        });
        Ok(())
    }
}
