//! A bearer token in the `Authorization` header.
//!
//! Example: `{"type": "bearer", "token": dlt.secrets["token"]}`. In dlt: `BearerTokenAuth`. No known differences.

use std::sync::Arc;

use spile_core::{Auth, Def, Diagnostics, FieldDoc, Node, Secret};

use super::Authorization;
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
    fields.finish(Arc::new(Authorization(Secret::new(format!("Bearer {token}")))))
}
