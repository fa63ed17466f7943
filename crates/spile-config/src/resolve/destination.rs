//! Where the data goes: a name resolved through configuration as dlt does, or a URL.

mod files;
mod postgres;
mod sqlite;

use std::path::Path;

use spile_core::{DestinationPlan, Diagnostic, Secret, Store, Value};

use crate::fields::nearest;
use crate::resolve::Resolver;
use crate::resolve::read::Reported;

const DUCKDB: &str = "duckdb";
const FILESYSTEM: &str = "filesystem";
const MEMORY: &str = "memory";
const POSTGRES: &str = "postgres";
const SQLITE: &str = "sqlite";

/// Names of kinds, for "did you mean".
const KINDS: [&str; 6] = [DUCKDB, FILESYSTEM, MEMORY, POSTGRES, sqlite::DLT_NAME, SQLITE];

/// Kinds that dlt knows; they are named so that the answer is "not yet" and not "unknown".
const LATER: [&str; 9] = [
    "athena",
    "bigquery",
    "clickhouse",
    "databricks",
    "lancedb",
    "motherduck",
    "mssql",
    "redshift",
    "snowflake",
];

impl Resolver<'_> {
    pub(super) fn destination(&mut self) -> Option<DestinationPlan> {
        let written = self.option_or_setting(self.request.options.destination.as_ref(), "destination");
        let written = written.unwrap_or_else(|| DUCKDB.to_owned());
        if let Some(path) = duckdb_path(&written) {
            return Some(self.duckdb(path));
        }
        if Path::new(&written).extension().is_some_and(|extension| extension == DUCKDB)
            && !written.contains("://")
        {
            return Some(self.duckdb(&written));
        }
        if written == DUCKDB {
            let path = self.duckdb_credentials().ok()?;
            let path = path.unwrap_or_else(|| format!("{}.duckdb", self.names.pipeline));
            return Some(self.duckdb(duckdb_path(&path).unwrap_or(&path)));
        }
        if written == POSTGRES {
            return self.postgres_credentials();
        }
        if postgres::is_url(&written) {
            return Some(self.postgres(&written));
        }
        if written == FILESYSTEM {
            return self.files_of_settings();
        }
        if files::is_url(&written) {
            return self.files(&written);
        }
        if written == MEMORY {
            return self.files("memory://spile");
        }
        if written == SQLITE || written == sqlite::DLT_NAME {
            return self.sqlite_of_settings();
        }
        if let Some(path) = sqlite::path_of(&written) {
            return Some(self.sqlite(path));
        }
        let kind = written.split(':').next().unwrap_or_default();
        if written.contains("://") && files::is_later(kind) {
            return self.files(&written);
        }
        let known = LATER.contains(&kind);
        // The URL itself may hold a password.
        let message = if known {
            format!("the destination `{kind}` is not supported yet")
        } else {
            format!("there is no destination `{kind}`")
        };
        let diagnostic = Diagnostic::error("config/destination-not-supported", message);
        let diagnostic = match self.request.source.setting("destination") {
            Some(node) if self.request.options.destination.is_none() => diagnostic.at(&node.span),
            _ => diagnostic,
        };
        let near = nearest(kind, KINDS.into_iter()).map(|near| format!(" Did you mean `{near}`?"));
        self.report(diagnostic.hint(format!(
            "Use a name that `spile list destinations` prints, or a URL: duckdb:///file.duckdb, \
             postgresql://user@host/database, sqlite:///file.db, file:///folder, s3://bucket/prefix.{}",
            near.unwrap_or_default()
        )));
        None
    }

    /// Looks `destination.duckdb.credentials` up: a path, a URL, or a table with `database`.
    fn duckdb_credentials(&mut self) -> Result<Option<String>, Reported> {
        let asked = "destination.duckdb.credentials";
        let table = [vec!["destination", DUCKDB, "credentials"], vec!["destination", "credentials"]];
        let database: Vec<Vec<&str>> = table.iter().map(|path| [&path[..], &["database"]].concat()).collect();
        let Self { names, providers, .. } = self;
        // A path is no secret, but dlt keeps it where secrets are; all providers are read.
        let mut search =
            |paths: &[Vec<&str>]| providers.search_for_pipeline(&names.pipeline, paths, Store::Config, asked);
        let found = search(&database).or_else(|| search(&table));
        match found {
            None => Ok(None),
            Some(Value::String(path)) => Ok(Some(path)),
            Some(_) => {
                self.report(
                    Diagnostic::error(
                        "config/wrong-type",
                        format!("{asked} must be a path or a table with `database`"),
                    )
                    .hint("Write for example `credentials = \"duckdb:///data/file.duckdb\"`."),
                );
                Err(Reported)
            }
        }
    }

    /// Looks a text of the destination's settings up, under the first of the paths that is set. A table is not found as
    /// itself. All providers are read, as dlt does.
    fn destination_text(&mut self, paths: &[&[&str]], store: Store) -> Option<String> {
        let asked = paths[0].join(".");
        let paths: Vec<Vec<&str>> = paths.iter().map(|path| path.to_vec()).collect();
        let is_table = |value: &Value| matches!(value, Value::Map(_));
        if self.providers.peek(&paths, store).is_some_and(|(_, value)| is_table(&value)) {
            return None;
        }
        let pipeline = self.names.pipeline.clone();
        match self.providers.search_for_pipeline(&pipeline, &paths, store, &asked)? {
            Value::String(text) => Some(text),
            Value::Int(number) => Some(number.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            _not_text => None,
        }
    }

    fn duckdb(&self, path: &str) -> DestinationPlan {
        let path = path.split('?').next().unwrap_or(path);
        let full = self.request.environment.working_directory.join(Path::new(path));
        DestinationPlan {
            kind: DUCKDB.to_owned(),
            location: Secret::new(full.to_string_lossy().into_owned()),
        }
    }
}

/// Returns the path of a DuckDB URL. Three slashes start a relative path and four an absolute one, as in dlt.
fn duckdb_path(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("duckdb:")?;
    let path = rest.strip_prefix("///").or_else(|| rest.strip_prefix("//")).unwrap_or(rest);
    (!path.is_empty()).then_some(path)
}
