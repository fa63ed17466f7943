//! Files: a folder or a bucket, with the options that dlt's configuration gives it.
//!
//! The outcome is one URL whose query holds the options; what the user wrote there wins. Invariant: keys of a bucket are
//! known to the redactor before anything can print them.

use std::path::Path;

use spile_core::{DestinationPlan, Diagnostic, Secret, Store};
use url::Url;

use super::{FILESYSTEM, MEMORY};
use crate::resolve::Resolver;

/// Options of the destination: dlt's paths, our name, and whether it is secret.
const OPTIONS: [(&[&[&str]], &str, Store); 4] = [
    (&[&["destination", FILESYSTEM, "layout"], &["destination", "layout"]], "layout", Store::Config),
    (
        &[&["destination", FILESYSTEM, "loader_file_format"], &["destination", "loader_file_format"]],
        "format",
        Store::Config,
    ),
    (
        &[&["normalize", "data_writer", "disable_compression"], &["data_writer", "disable_compression"]],
        "compress",
        Store::Config,
    ),
    (
        &[
            &["destination", FILESYSTEM, "credentials", "endpoint_url"],
            &["destination", "credentials", "endpoint_url"],
        ],
        "endpoint_url",
        Store::Config,
    ),
];

/// Credentials of a bucket: dlt's name, our name, the variables that every tool of AWS reads.
const CREDENTIALS: [(&str, &str, &[&str], Store); 4] = [
    ("region_name", "region", &["AWS_REGION", "AWS_DEFAULT_REGION"], Store::Config),
    ("aws_access_key_id", "aws_access_key_id", &["AWS_ACCESS_KEY_ID"], Store::Secrets),
    ("aws_secret_access_key", "aws_secret_access_key", &["AWS_SECRET_ACCESS_KEY"], Store::Secrets),
    ("aws_session_token", "aws_session_token", &["AWS_SESSION_TOKEN"], Store::Secrets),
];

/// Schemes of stores that dlt knows and Spile does not yet.
const LATER: [&str; 11] = ["gs", "gcs", "az", "abfs", "abfss", "adl", "azure", "r2", "hf", "sftp", "gdrive"];

/// Returns whether a text is the URL of a place for files.
pub(super) fn is_url(text: &str) -> bool {
    ["file:", "s3://", "memory://"].iter().any(|start| text.starts_with(start))
}

/// Returns whether a scheme is that of a store which dlt knows.
pub(super) fn is_later(scheme: &str) -> bool {
    LATER.contains(&scheme)
}

impl Resolver<'_> {
    /// Makes the plan of `filesystem`, whose place is in dlt's configuration.
    pub(super) fn files_of_settings(&mut self) -> Option<DestinationPlan> {
        let paths: [&[&str]; 2] =
            [&["destination", FILESYSTEM, "bucket_url"], &["destination", "bucket_url"]];
        if let Some(url) = self.destination_text(&paths, Store::Config) {
            return self.files(&url);
        }
        self.report(
            Diagnostic::error(
                "config/missing-bucket-url",
                "the destination `filesystem` has no place: `bucket_url` is not set",
            )
            .hint(
                "Set the environment variable DESTINATION__FILESYSTEM__BUCKET_URL, add `bucket_url = \"...\"` under \
                 `[destination.filesystem]` to .dlt/config.toml, or give a URL such as s3://bucket/prefix.",
            ),
        );
        None
    }

    /// Makes the plan of a URL or of a path, which is relative to the working directory.
    pub(super) fn files(&mut self, written: &str) -> Option<DestinationPlan> {
        let scheme = written.split_once("://").map(|(scheme, _)| scheme);
        if let Some(later) = scheme.filter(|scheme| LATER.contains(scheme)) {
            self.report(
                Diagnostic::error(
                    "config/destination-not-supported",
                    format!("files in `{later}://` are not supported yet"),
                )
                .hint("Use a folder, file:///path, or an S3-compatible store, s3://bucket/prefix."),
            );
            return None;
        }
        let Some(mut url) = self.files_url(written) else {
            self.report(
                Diagnostic::error(
                    "config/invalid-value",
                    "the place for files is not a URL that can be read",
                )
                .hint("Write a path, file:///path or s3://bucket/prefix."),
            );
            return None;
        };
        for (key, value) in url.query_pairs() {
            if CREDENTIALS.iter().any(|(_, name, _, store)| *name == key && *store == Store::Secrets) {
                self.providers.add_secret(&value);
            }
        }
        self.add_options(&mut url);
        let kind = if url.scheme() == "memory" { MEMORY } else { FILESYSTEM };
        Some(DestinationPlan { kind: kind.to_owned(), location: Secret::new(String::from(url)) })
    }

    fn files_url(&self, written: &str) -> Option<Url> {
        if written.starts_with("s3://") || written.starts_with("memory://") || written.starts_with("file:///")
        {
            return Url::parse(written).ok();
        }
        let written = written.strip_prefix("file:").unwrap_or(written);
        let (path, query) = written.split_once('?').unwrap_or((written, ""));
        let path = path.trim_start_matches("//");
        if path.is_empty() {
            return None;
        }
        let mut url =
            Url::from_directory_path(self.request.environment.working_directory.join(Path::new(path)))
                .ok()?;
        url.set_query(Some(query).filter(|query| !query.is_empty()));
        Some(url)
    }

    fn add_options(&mut self, url: &mut Url) {
        let has = |url: &Url, option: &str| url.query_pairs().any(|(key, _)| key == option);
        let is_bucket = url.scheme() == "s3";
        for (paths, option, store) in OPTIONS {
            if has(url, option) || (option == "endpoint_url" && !is_bucket) {
                continue;
            }
            let said =
                if option == "format" { self.option_or_setting(None, "loader_file_format") } else { None };
            let Some(value) = said.or_else(|| self.destination_text(paths, store)) else { continue };
            let value = if option == "compress" { opposite(&value) } else { value };
            url.query_pairs_mut().append_pair(option, &value);
        }
        for (field, option, variables, store) in CREDENTIALS {
            if !is_bucket || has(url, option) {
                continue;
            }
            let paths: [&[&str]; 2] =
                [&["destination", FILESYSTEM, "credentials", field], &["destination", "credentials", field]];
            let found = self.destination_text(&paths, store).or_else(|| self.variable(variables, store));
            if let Some(value) = found {
                url.query_pairs_mut().append_pair(option, &value);
            }
        }
    }

    /// Returns the first of some environment variables that is set.
    fn variable(&mut self, names: &[&str], store: Store) -> Option<String> {
        let variables = &self.request.environment.variables;
        let value = names.iter().find_map(|name| variables.get(*name)).filter(|value| !value.is_empty())?;
        if store == Store::Secrets {
            self.providers.add_secret(value);
        }
        Some(value.clone())
    }
}

/// Returns the opposite of a truth value; what is none stays, for the destination to refuse.
fn opposite(value: &str) -> String {
    match value.to_lowercase().as_str() {
        "true" | "1" | "yes" => "false".to_owned(),
        "false" | "0" | "no" => "true".to_owned(),
        _neither => value.to_owned(),
    }
}
