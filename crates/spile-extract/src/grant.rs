//! What the auths that fetch a token have in common: a request made of fields, and a token read from a path.
//!
//! No I/O: the request is sent, and the token kept and renewed, by the transport's `tokens`. The invariant: two auths with
//! the same settings have the same identity, which gives none of the settings away.

use std::time::SystemTime;

use serde_json::Value;
use spile_core::{
    Auth, Credential, CredentialPlace, Error, ErrorKind, Grant, Json, JsonKind, JsonPath, Method,
    RequestDraft, Result, Secret, Token, TokenRequest,
};
use url::{Url, form_urlencoded};

use crate::assertion::Assertion;
use crate::paginators::query_text;

/// The content type of a form.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// What is sent to the token endpoint.
pub(crate) enum Ask {
    /// A form.
    Form(Vec<(String, Secret)>),
    /// A form whose `refresh_token` is replaced by the newest that was given out.
    Refresh(Vec<(String, Secret)>),
    /// A form with a signed assertion.
    Assertion(Box<Assertion>),
    /// A JSON document.
    Json(Secret),
    /// Nothing but the headers.
    Nothing,
}

/// Where the answer has what.
pub(crate) struct Places {
    /// The token.
    pub(crate) token: JsonPath,
    /// The seconds that it is good for.
    pub(crate) lifetime: JsonPath,
    /// Those seconds when the answer does not say.
    pub(crate) default_lifetime_seconds: i64,
}

impl Places {
    /// The places that RFC 6749 names.
    pub(crate) fn oauth2(default_lifetime_seconds: i64) -> Self {
        let field = JsonPath::field;
        Self { token: field("access_token"), lifetime: field("expires_in"), default_lifetime_seconds }
    }
}

/// An auth whose token is fetched.
pub(crate) struct FetchedToken {
    name: &'static str,
    identity: String,
    method: Method,
    url: Url,
    headers: Vec<Credential>,
    ask: Ask,
    places: Places,
    /// Where the token goes, with what stands before it.
    carrier: Credential,
}

impl FetchedToken {
    /// Makes an auth that sends its token as a bearer token.
    pub(crate) fn bearer(name: &'static str, url: Url, ask: Ask, places: Places) -> Self {
        let carrier = Credential {
            place: CredentialPlace::Header,
            name: "Authorization".to_owned(),
            value: Secret::new("Bearer "),
        };
        Self {
            name,
            identity: String::new(),
            method: Method::Post,
            url,
            headers: Vec::new(),
            ask,
            places,
            carrier,
        }
        .identified()
    }

    /// Sends these headers along.
    pub(crate) fn with_headers(mut self, headers: Vec<Credential>) -> Self {
        self.headers = headers;
        self.identified()
    }

    /// Asks by another method and sends the token elsewhere; the carrier's value is what stands before the token.
    pub(crate) fn with_carrier(mut self, method: Method, carrier: Credential) -> Self {
        self.method = method;
        self.carrier = carrier;
        self.identified()
    }

    fn identified(mut self) -> Self {
        let mut hasher = blake3::Hasher::new();
        let mut add = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        add(self.name);
        add(self.url.as_str());
        add(crate::transport::method_name(self.method));
        for header in &self.headers {
            add(&header.name);
            add(header.value.expose());
        }
        match &self.ask {
            Ask::Form(fields) | Ask::Refresh(fields) => fields.iter().for_each(|(name, value)| {
                add(name);
                add(value.expose());
            }),
            Ask::Assertion(assertion) => assertion.identity().for_each(&mut add),
            Ask::Json(body) => add(body.expose()),
            Ask::Nothing => {}
        }
        add(self.places.token.as_str());
        add(self.places.lifetime.as_str());
        self.identity = hasher.finalize().to_hex().to_string();
        self
    }
}

impl std::fmt::Debug for FetchedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FetchedToken({})", self.name)
    }
}

impl Auth for FetchedToken {
    fn apply(&self, _draft: &mut RequestDraft) -> Result<()> {
        Ok(())
    }

    fn grant(&self) -> Option<&dyn Grant> {
        Some(self)
    }
}

impl Grant for FetchedToken {
    fn identity(&self) -> &str {
        &self.identity
    }

    fn request(&self, now: SystemTime, refresh: Option<&Secret>) -> Result<TokenRequest> {
        let body = match &self.ask {
            Ask::Form(fields) => Some((FORM, form(fields))),
            Ask::Refresh(fields) => {
                let mut fields = fields.clone();
                if let (Some(newest), Some((_, old))) =
                    (refresh, fields.iter_mut().find(|(name, _)| name == "refresh_token"))
                {
                    *old = newest.clone();
                }
                Some((FORM, form(&fields)))
            }
            Ask::Assertion(assertion) => Some((FORM, form(&assertion.fields(now)?))),
            Ask::Json(body) => Some(("application/json", body.clone())),
            Ask::Nothing => None,
        };
        Ok(TokenRequest { method: self.method, url: self.url.clone(), body, headers: self.headers.clone() })
    }

    fn refresh_token(&self) -> Option<&Secret> {
        let Ask::Refresh(fields) = &self.ask else { return None };
        fields.iter().find(|(name, _)| name == "refresh_token").map(|(_, token)| token)
    }

    fn token(&self, answer: Json<'_>) -> Result<Token> {
        let text = |path: &JsonPath| {
            path.first(answer).and_then(|value| match value.json().kind() {
                JsonKind::String("") => None,
                JsonKind::String(text) => Some(text.to_owned()),
                JsonKind::Int(number) => Some(number.to_string()),
                _ => None,
            })
        };
        let Some(value) = text(&self.places.token) else {
            let message = format!("the answer of the token endpoint has no `{}`", self.places.token.as_str());
            let fields = answer.members().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
            return Err(Error::new(ErrorKind::Auth, "source/no-token", message)
                .with("fields", fields)
                .hint("Check the token's URL and what is sent there against the API's documentation."));
        };
        let lifetime = self.places.lifetime.first(answer).and_then(|value| match value.json().kind() {
            JsonKind::Int(seconds) => Some(seconds as f64),
            JsonKind::Float(seconds) => Some(seconds),
            JsonKind::String(text) => text.trim().parse().ok(),
            _ => None,
        });
        Ok(Token {
            value: Secret::new(value),
            lifetime_seconds: lifetime.unwrap_or(self.places.default_lifetime_seconds as f64),
            refresh: text(&JsonPath::field("refresh_token")).map(Secret::new),
        })
    }

    fn credential(&self, token: &Secret) -> Credential {
        let value = Secret::new(format!("{}{}", self.carrier.value.expose(), token.expose()));
        Credential { place: self.carrier.place, name: self.carrier.name.clone(), value }
    }
}

/// Encodes a form.
pub(crate) fn form(fields: &[(String, Secret)]) -> Secret {
    let pairs = fields.iter().map(|(name, value)| (name.as_str(), value.expose()));
    Secret::new(form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

/// Sets fields as Python's dicts do: in place when they are there, at the end when not. Null takes a field away.
pub(crate) fn set_fields(fields: &mut Vec<(String, Secret)>, written: Vec<(String, Value)>) {
    for (name, value) in written {
        let at = fields.iter().position(|(existing, _)| *existing == name).unwrap_or(fields.len());
        fields.retain(|(existing, _)| *existing != name);
        let items = match value {
            Value::Null => Vec::new(),
            Value::Array(items) => items.into_iter().filter(|item| !item.is_null()).collect(),
            scalar => vec![scalar],
        };
        for (offset, item) in items.iter().enumerate() {
            fields.insert((at + offset).min(fields.len()), (name.clone(), Secret::new(query_text(item))));
        }
    }
}
