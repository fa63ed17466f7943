//! PostgreSQL's place: a URL, or dlt's credentials as a URL or field by field.
//!
//! Invariant: the password is known to the redactor before anything can print it.

use percent_encoding::percent_decode_str;
use spile_core::{DestinationPlan, Diagnostic, Secret, Store};
use url::Url;

use super::POSTGRES;
use crate::providers::variable_name;
use crate::resolve::Resolver;
use crate::resolve::read::toml_place;

/// Where dlt keeps the credentials.
const CREDENTIALS: [&[&str]; 2] =
    [&["destination", POSTGRES, "credentials"], &["destination", "credentials"]];

/// Returns whether a text is a URL of a PostgreSQL database.
pub(super) fn is_url(text: &str) -> bool {
    text.starts_with("postgresql://") || text.starts_with("postgres://")
}

impl Resolver<'_> {
    /// Makes the plan of a URL.
    pub(super) fn postgres(&mut self, url: &str) -> DestinationPlan {
        // The whole URL too: an error of a library could quote it as it stands.
        self.providers.add_secret(url);
        if let Some(password) = Url::parse(url).ok().as_ref().and_then(Url::password) {
            self.providers.add_secret(password);
            self.providers.add_secret(&percent_decode_str(password).decode_utf8_lossy());
        }
        DestinationPlan { kind: POSTGRES.to_owned(), location: Secret::new(url) }
    }

    /// Looks `destination.postgres.credentials` up: a URL, or a table of its parts.
    pub(super) fn postgres_credentials(&mut self) -> Option<DestinationPlan> {
        let url = match self.postgres_part(None) {
            Some(url) if is_url(&url) => url,
            Some(_) => {
                self.report(
                    Diagnostic::error(
                        "config/invalid-value",
                        "destination.postgres.credentials is not a postgresql:// url",
                    )
                    .hint(
                        "Write `postgresql://user:password@host:port/database`, or a table of these parts.",
                    ),
                );
                return None;
            }
            None => self.credentials_url()?,
        };
        Some(self.postgres(&url))
    }

    /// Puts the URL together from the fields of the credentials.
    fn credentials_url(&mut self) -> Option<String> {
        let mut url = Url::parse("postgresql://localhost").expect("the text above is a url");
        let database = self.needed_credential("database")?;
        let user = self.needed_credential("username")?;
        let host = self.needed_credential("host")?;
        let mut refused = None;
        let mut keep = |field: &'static str, kept: bool| {
            if !kept && refused.is_none() {
                refused = Some(field);
            }
        };
        keep("host", url.set_host(Some(&host)).is_ok());
        keep("username", url.set_username(&user).is_ok());
        if let Some(password) = self.postgres_part(Some("password")) {
            keep("password", url.set_password(Some(&password)).is_ok());
        }
        if let Some(port) = self.postgres_part(Some("port")) {
            keep("port", port.parse().is_ok_and(|port| url.set_port(Some(port)).is_ok()));
        }
        // `push` encodes what would end the path, such as a slash in the name.
        let path = url.path_segments_mut().map(|mut path| {
            path.clear().push(&database);
        });
        keep("database", path.is_ok());
        for option in ["connect_timeout", "sslmode", "sslrootcert"] {
            if let Some(value) = self.postgres_part(Some(option)) {
                url.query_pairs_mut().append_pair(option, &value);
            }
        }
        let Some(field) = refused else { return Some(url.into()) };
        self.report(Diagnostic::error(
            "config/invalid-value",
            format!("destination.postgres.credentials.{field} cannot be part of a url"),
        ));
        None
    }

    fn needed_credential(&mut self, field: &'static str) -> Option<String> {
        let found = self.postgres_part(Some(field));
        if found.is_none() {
            let path = [CREDENTIALS[0], &[field]].concat();
            let message = format!("the destination `postgres` has no credentials: `{field}` is not set");
            self.report(Diagnostic::error("config/missing-secret", message).hint(format!(
                "Set the environment variable {} to a postgresql:// url, or add {} to .dlt/secrets.toml.",
                variable_name(CREDENTIALS[0]),
                toml_place(&path)
            )));
        }
        found
    }

    /// Looks the credentials or a field of them up.
    fn postgres_part(&mut self, field: Option<&'static str>) -> Option<String> {
        let paths: Vec<Vec<&str>> =
            CREDENTIALS.iter().map(|path| path.iter().copied().chain(field).collect()).collect();
        let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
        // All providers are read, as dlt does; only the password and the whole are secrets.
        let store = if matches!(field, None | Some("password")) { Store::Secrets } else { Store::Config };
        self.destination_text(&paths, store)
    }
}
