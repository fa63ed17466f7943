//! SQLite's place: a path, or dlt's credentials of `sqlalchemy`.

use std::path::Path;

use spile_core::{DestinationPlan, Diagnostic, Secret, Store};

use super::SQLITE;
use crate::resolve::Resolver;

/// dlt's destination for SQLite and for other databases.
pub(super) const DLT_NAME: &str = "sqlalchemy";

/// Where dlt keeps the credentials.
const CREDENTIALS: [&[&str]; 2] =
    [&["destination", DLT_NAME, "credentials"], &["destination", "credentials"]];

/// Returns the path of a SQLite URL. Three slashes start a relative path and four an absolute one, as in dlt.
pub(super) fn path_of(text: &str) -> Option<&str> {
    let path = text.strip_prefix("sqlite:///")?;
    (!path.is_empty()).then_some(path)
}

impl Resolver<'_> {
    /// Makes the plan of a path, which is relative to the working directory.
    pub(super) fn sqlite(&self, path: &str) -> DestinationPlan {
        let full = self.request.environment.working_directory.join(Path::new(path));
        DestinationPlan {
            kind: SQLITE.to_owned(),
            location: Secret::new(full.to_string_lossy().into_owned()),
        }
    }

    /// Makes the plan of the credentials; without any, of a file that is named after the pipeline.
    pub(super) fn sqlite_of_settings(&mut self) -> Option<DestinationPlan> {
        let Some(url) = self.destination_text(&CREDENTIALS, Store::Secrets) else {
            let path = format!("{}.db", self.names.pipeline);
            return Some(self.sqlite(&path));
        };
        if let Some(path) = path_of(&url) {
            return Some(self.sqlite(path));
        }
        self.report(
            Diagnostic::error(
                "config/destination-not-supported",
                "of the databases behind `sqlalchemy` only SQLite is supported",
            )
            .hint("Write `credentials = \"sqlite:///file.db\"` under `[destination.sqlalchemy]`."),
        );
        None
    }
}
