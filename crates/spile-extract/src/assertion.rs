//! A signed statement of who asks for a token (RFC 7523): claims, key and algorithm.
//!
//! Not a reader of such statements. The invariant: a key that cannot sign is refused while the config is read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Map, Value};
use spile_core::{Error, ErrorKind, Result, Secret};

/// How long an assertion is good for, as in dlt.
const LIFETIME: Duration = Duration::from_hours(1);

/// The form's `grant_type`.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What is stated and how it is signed.
pub(crate) struct Assertion {
    pub(crate) client_id: String,
    pub(crate) audience: String,
    pub(crate) scopes: Option<String>,
    pub(crate) private_key: Secret,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Assertion {
    /// Reads the key and signs once, so that a bad key is found now. The error says in a few words what is wrong.
    pub(crate) fn new(
        client_id: String,
        audience: String,
        scopes: Option<String>,
        private_key: Secret,
        algorithm: Algorithm,
    ) -> Result<Self, String> {
        let bytes = private_key.expose().as_bytes();
        let key = match algorithm {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => Ok(EncodingKey::from_secret(bytes)),
            Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_pem(bytes),
            Algorithm::EdDSA => EncodingKey::from_ed_pem(bytes),
            _ => EncodingKey::from_rsa_pem(bytes),
        };
        let key = key.map_err(|error| error.to_string())?;
        let assertion = Self { client_id, audience, scopes, private_key, algorithm, key };
        assertion.sign(UNIX_EPOCH).map_err(|error| error.to_string())?;
        Ok(assertion)
    }

    /// Returns the fields of the form.
    pub(crate) fn fields(&self, now: SystemTime) -> Result<Vec<(String, Secret)>> {
        let signed = self.sign(now).map_err(|error| {
            Error::new(ErrorKind::Auth, "source/unsigned", "the assertion for a token cannot be signed")
                .source_error(error)
                .hint("Check `private_key` and `algorithm`.")
        })?;
        Ok(vec![
            ("grant_type".to_owned(), Secret::new(GRANT_TYPE)),
            ("assertion".to_owned(), Secret::new(signed)),
        ])
    }

    /// Returns all that makes this assertion what it is.
    pub(crate) fn identity(&self) -> impl Iterator<Item = &str> {
        [
            &self.client_id,
            &self.audience,
            self.scopes.as_deref().unwrap_or_default(),
            self.private_key.expose(),
        ]
        .into_iter()
    }

    fn sign(&self, now: SystemTime) -> Result<String, jsonwebtoken::errors::Error> {
        let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut claims = Map::new();
        for (name, value) in [("iss", &self.client_id), ("sub", &self.client_id), ("aud", &self.audience)] {
            claims.insert(name.to_owned(), Value::from(value.as_str()));
        }
        claims.insert("exp".to_owned(), Value::from(seconds(now + LIFETIME)));
        claims.insert("iat".to_owned(), Value::from(seconds(now)));
        if let Some(scopes) = &self.scopes {
            claims.insert("scope".to_owned(), Value::from(scopes.as_str()));
        }
        encode(&Header::new(self.algorithm), &claims, &self.key)
    }
}
