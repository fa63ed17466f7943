//! User name and password, as HTTP's basic scheme has it.
//!
//! Example: `{"type": "http_basic", "username": "u", "password": dlt.secrets["password"]}`. In dlt: `HttpBasicAuth`. No
//! known differences; both parts are encoded as UTF-8.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use spile_core::{Auth, Def, Diagnostics, FieldDoc, Node, Secret};

use super::Authorization;
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
    fields.finish(Arc::new(Authorization(Secret::new(format!("Basic {encoded}")))))
}
