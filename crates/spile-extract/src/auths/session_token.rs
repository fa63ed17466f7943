//! A log-in that gives a token for the session, as APIs without OAuth have it.
//!
//! Example: `{"type": "session_token", "login_url": "https://api.example.com/login", "login_json": {"user": "u",
//! "password": dlt.secrets["password"]}, "token_path": "data.token"}`. Not in dlt, where one writes a class.

use std::sync::Arc;

use spile_core::{
    Auth, Credential, CredentialPlace, Def, Diagnostic, Diagnostics, FieldDoc, JsonPath, Method, Node, Secret,
};

use super::oauth2_client_credentials::{EXPIRATION, LIFETIME_SECONDS};
use crate::fields::Fields;
use crate::grant::{Ask, FetchedToken, Places, set_fields};

pub(super) const DEF: Def<dyn Auth> = Def {
    name: "session_token",
    aliases: &[],
    summary: "Logs in and sends the token that the log-in gives (beyond dlt).",
    fields: &[
        FieldDoc { name: "login_url", shape: "string", default: "", summary: "Where to log in." },
        FieldDoc {
            name: "login_method",
            shape: "`GET` or `POST`",
            default: "POST",
            summary: "How to log in.",
        },
        FieldDoc { name: "login_json", shape: "map", default: "null", summary: "The log-in as JSON." },
        FieldDoc { name: "login_data", shape: "map", default: "null", summary: "The log-in as a form." },
        FieldDoc { name: "login_headers", shape: "map", default: "null", summary: "Headers of the log-in." },
        FieldDoc {
            name: "token_path",
            shape: "path",
            default: "token",
            summary: "Where the answer has the token.",
        },
        FieldDoc {
            name: "expires_in_path",
            shape: "path",
            default: "expires_in",
            summary: "Where the answer has the seconds that the token is good for.",
        },
        EXPIRATION,
        FieldDoc {
            name: "name",
            shape: "string",
            default: "Authorization",
            summary: "The header, parameter or cookie that carries the token.",
        },
        FieldDoc {
            name: "location",
            shape: "`header` or `query` or `param` or `cookie`",
            default: "header",
            summary: "Where the token goes.",
        },
        FieldDoc {
            name: "prefix",
            shape: "string",
            default: "`Bearer ` in `Authorization`, else nothing",
            summary: "Text before the token.",
        },
    ],
    shorthand: false,
    parse,
};

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Auth>> {
    let mut fields = Fields::new("auth `session_token`".to_owned(), node, DEF.fields, diagnostics);
    let url = fields.url("login_url");
    let method = match fields.string("login_method").given().as_deref() {
        None | Some("POST") => Method::Post,
        Some("GET") => Method::Get,
        Some(other) => {
            let span = fields.span("login_method").clone();
            let finding =
                Diagnostic::error("config/wrong-value", format!("unknown `login_method` `{other}`"));
            fields.report(finding.at(&span).hint("Use `GET` or `POST`."));
            Method::Post
        }
    };
    let ask = match (fields.has("login_json"), fields.has("login_data")) {
        (true, true) => {
            let span = fields.span("login_data").clone();
            let finding =
                Diagnostic::error("config/wrong-value", "`login_json` and `login_data` cannot both be sent");
            fields.report(finding.at(&span).hint("Keep the one that the API takes."));
            Ask::Nothing
        }
        (true, false) => {
            let body: serde_json::Map<String, serde_json::Value> =
                fields.map("login_json").into_iter().collect();
            Ask::Json(Secret::new(serde_json::Value::Object(body).to_string()))
        }
        (false, true) => {
            let mut form = Vec::new();
            set_fields(&mut form, fields.map("login_data"));
            Ask::Form(form)
        }
        (false, false) => Ask::Nothing,
    };
    let headers = fields.headers("login_headers");
    let places = Places {
        token: fields.path("token_path").given().unwrap_or_else(|| JsonPath::field("token")),
        lifetime: fields.path("expires_in_path").given().unwrap_or_else(|| JsonPath::field("expires_in")),
        default_lifetime_seconds: fields
            .integer("default_token_expiration")
            .given()
            .unwrap_or(LIFETIME_SECONDS),
    };
    let place = super::api_key::place(&mut fields);
    let name = fields.string("name").given().unwrap_or_else(|| "Authorization".to_owned());
    let is_authorization = place == CredentialPlace::Header && name.eq_ignore_ascii_case("authorization");
    let default_prefix = if is_authorization { "Bearer " } else { "" };
    let prefix = fields.string("prefix").given().unwrap_or_else(|| default_prefix.to_owned());
    let carrier = Credential { place, name, value: Secret::new(prefix) };
    let auth = FetchedToken::bearer(DEF.name, url?, ask, places);
    fields.finish(Arc::new(auth.with_headers(headers).with_carrier(method, carrier)))
}
