//! Where the data goes: a name resolved through configuration as dlt does, or a URL.

mod postgres;

use std::path::Path;

use spile_core::{DestinationPlan, Diagnostic, Secret, Store, Value};

use crate::fields::nearest;
use crate::resolve::Resolver;
use crate::resolve::read::Reported;

const DUCKDB: &str = "duckdb";
const POSTGRES: &str = "postgres";

/// Kinds that dlt knows; they are named so that the answer is "not yet" and not "unknown".
const LATER: [&str; 11] = [
    "athena",
    "bigquery",
    "clickhouse",
    "databricks",
    "filesystem",
    "lancedb",
    "motherduck",
    "mssql",
    "redshift",
    "snowflake",
    "sqlalchemy",
];

impl Resolver<'_> {
    pub(super) fn destination(&mut self) -> Option<DestinationPlan> {
        let written = self.option_or_setting(self.request.options.destination.as_ref(), "destination");
        let written = written.unwrap_or_else(|| DUCKDB.to_owned());
        if let Some(path) = duckdb_path(&written) {
            return Some(self.duckdb(path));
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
        let kind = written.split(':').next().unwrap_or_default();
        let known = LATER.contains(&kind) || kind == "file";
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
        let near =
            nearest(kind, [DUCKDB, POSTGRES].into_iter()).map(|near| format!(" Did you mean `{near}`?"));
        self.report(
            diagnostic.hint(format!(
                "Use `duckdb`, `duckdb:///path/to/file.duckdb`, `postgres` or `postgresql://user@host/database`.{}",
                near.unwrap_or_default()
            )),
        );
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
