//! Secrets that cannot be printed, and the redaction of texts that might hold one.

use std::fmt;
use std::sync::Arc;

/// A secret text. It prints as `***`; only [`Secret::expose`] gives it away.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Returns the text, for the wire and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Replaces every known secret value in a text by `***`: redaction by value, so that a server that echoes a key into
/// its error page gives nothing away.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
}

impl Redactor {
    /// Makes a redactor for the given values. Longer ones are replaced first; values shorter than four characters
    /// are left alone, since replacing them would garble every text without hiding anything.
    pub fn new(mut secrets: Vec<Secret>) -> Self {
        secrets.retain(|secret| secret.expose().len() >= 4);
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        secrets.dedup();
        Self { secrets }
    }

    /// Returns the text with every known secret replaced, also in its percent-encoded form.
    pub fn redact(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for secret in &self.secrets {
            let plain = secret.expose();
            if clean.contains(plain) {
                clean = clean.replace(plain, "***");
            }
            let encoded: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
            if encoded != plain && clean.contains(&encoded) {
                clean = clean.replace(&encoded, "***");
            }
        }
        clean
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

/// Query keys whose value is never shown, whatever the config says about them.
const SENSITIVE_QUERY_KEYS: [&str; 14] = [
    "access_key",
    "access_token",
    "access-token",
    "api_key",
    "api-key",
    "apikey",
    "auth",
    "client_secret",
    "key",
    "password",
    "pwd",
    "secret",
    "signature",
    "token",
];

/// Returns the URL for messages: no user info, no values of keys that sound secret.
pub fn redact_url(text: &str) -> String {
    let Ok(mut url) = url::Url::parse(text) else {
        return text.split('?').next().unwrap_or_default().to_owned();
    };
    if !url.username().is_empty() || url.password().is_some() {
        // A URL that has user info has an authority, so neither call can fail.
        let _infallible = url.set_username("");
        let _infallible = url.set_password(None);
    }
    let needs_redaction =
        url.query_pairs().any(|(key, _)| SENSITIVE_QUERY_KEYS.contains(&key.to_ascii_lowercase().as_str()));
    if needs_redaction {
        let shown: Vec<String> = url
            .query_pairs()
            .map(|(key, value)| {
                if SENSITIVE_QUERY_KEYS.contains(&key.to_ascii_lowercase().as_str()) {
                    format!("{key}=***")
                } else {
                    format!("{key}={value}")
                }
            })
            .collect();
        url.set_query(None);
        return format!("{url}?{}", shown.join("&"));
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_print() {
        let secret = Secret::new("hunter22");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
    }

    #[test]
    fn redaction_is_by_value_and_by_name() {
        let redactor = Redactor::new(vec![Secret::new("s3cr3t/x"), Secret::new("ab")]);
        assert_eq!(redactor.redact("a s3cr3t/x b s3cr3t%2Fx ab"), "a *** b *** ab");
        assert_eq!(redact_url("http://u:p@h/x?a=1&Token=zzz"), "http://h/x?a=1&Token=***");
        assert_eq!(redact_url("http://h/x?a=1"), "http://h/x?a=1");
    }
}
