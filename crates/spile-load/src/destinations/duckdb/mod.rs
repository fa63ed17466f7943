//! DuckDB: one file, one schema per dataset.
//!
//! The location is a path or `duckdb:///path`. DuckDB itself is a shared library that is loaded at run time through
//! ADBC, so that no build needs it and a newer one can be put in its place.
//!
//! dlt's counterpart is `dlt.destinations.duckdb`. Known differences: a load is one transaction (dlt commits per file
//! and deletes before it inserts); there is no staging dataset.

mod connection;
mod dialect;
#[cfg(feature = "embed-duckdb")]
mod embedded;
mod error;
mod library;

use std::path::{Path, PathBuf};

use spile_core::{Destination, DestinationPlan, Error, ErrorKind, FieldDoc, Result};

use self::connection::DuckDbPlace;
use self::dialect::DuckDbDialect;
use crate::open::{DestinationDef, OpenOptions};
use crate::sql::SqlDestination;

/// The row of the destinations table.
pub(super) const DEFINITION: DestinationDef = DestinationDef {
    name: "duckdb",
    aliases: &[],
    dlt_name: "duckdb",
    summary: "A DuckDB database file, one schema per dataset.",
    fields: &[FieldDoc {
        name: "path",
        shape: "string",
        default: "<pipeline>.duckdb",
        summary: "The database file, relative to the working directory; it is created by the first load.",
    }],
    open,
};

fn open(plan: &DestinationPlan, options: &OpenOptions) -> Result<Box<dyn Destination>> {
    let path = database_path(plan.location.expose())?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        return Err(Error::new(
            ErrorKind::Config,
            "destination/folder",
            "the folder of the database is missing",
        )
        .with("folder", folder.display())
        .hint("Create the folder, or give another path for the DuckDB file."));
    }
    let driver = library::load(options)?;
    let place = DuckDbPlace::new(driver, path, options);
    Ok(Box::new(SqlDestination::new(place, DuckDbDialect, options.dataset.clone(), options.read_only)))
}

/// Reads a location: a path, or dlt's URL form in which three slashes start a relative path and four an absolute one.
fn database_path(location: &str) -> Result<PathBuf> {
    let refuse = |message: &str| {
        Error::new(ErrorKind::Config, "destination/location", message)
            .hint("Give the path of a DuckDB file, such as data.duckdb or duckdb:///data.duckdb.")
    };
    let path = match location.strip_prefix("duckdb:") {
        None => location,
        Some(rest) => rest
            .strip_prefix("///")
            .or_else(|| rest.strip_prefix("//"))
            .ok_or_else(|| refuse("the location of the duckdb destination is not a duckdb:/// url"))?,
    };
    if path.is_empty() {
        return Err(refuse("the location of the duckdb destination is empty"));
    }
    if path == ":memory:" {
        return Err(refuse(
            "a duckdb database in memory is not supported, since it would be lost at the end",
        ));
    }
    if path.starts_with("md:") || path.contains("://") {
        return Err(refuse("the location of the duckdb destination is not supported yet"));
    }
    if location.starts_with("duckdb:") && path.contains('?') {
        return Err(refuse("options in a duckdb url are not supported yet"));
    }
    Ok(Path::new(path).to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        for (location, path) in [
            ("a.duckdb", Some("a.duckdb")),
            ("/x/a.duckdb", Some("/x/a.duckdb")),
            ("duckdb:///a.duckdb", Some("a.duckdb")),
            ("duckdb:////x/a.duckdb", Some("/x/a.duckdb")),
            ("duckdb:///a.duckdb?threads=1", None),
            ("duckdb:a", None),
            ("duckdb:///", None),
            ("", None),
            (":memory:", None),
            ("md:cloud", None),
            ("postgresql://h/d", None),
        ] {
            assert_eq!(database_path(location).ok().as_deref(), path.map(Path::new), "{location}");
        }
    }
}
