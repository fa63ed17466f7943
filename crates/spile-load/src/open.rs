//! From a destination as planned to one that is open.

use std::fmt;
use std::path::PathBuf;

use spile_core::{Destination, DestinationPlan, Error, ErrorKind, FieldDoc, Result};

use crate::destinations::DESTINATIONS;

/// What opening needs beside the plan. Nothing here is read from the environment.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// The dataset, normalised.
    pub dataset: String,
    /// Whether nothing will be committed.
    pub read_only: bool,
    /// Memory that the database's engine may use inside this process; `None`: the destination's default.
    pub memory_limit_bytes: Option<u64>,
    /// Threads that it may use; `None`: the destination's default.
    pub threads: Option<usize>,
    /// DuckDB's shared library, given by the user. Nothing else is tried when it is set.
    pub duckdb_library: Option<PathBuf>,
    /// More files or folders to look for shared libraries in, such as the folder of the program.
    pub library_search: Vec<PathBuf>,
    /// Where a library that is embedded in the program may be unpacked; `None`: the system's folder for temporary
    /// files.
    pub cache_directory: Option<PathBuf>,
}

/// One row: a kind of destination.
pub struct DestinationDef {
    /// The name a user writes.
    pub name: &'static str,
    /// Other spellings.
    pub aliases: &'static [&'static str],
    /// dlt's destination that reads what this one writes.
    pub dlt_name: &'static str,
    /// What it is for, in one sentence.
    pub summary: &'static str,
    /// The parts of its location.
    pub fields: &'static [FieldDoc],
    /// Opens it: checks that it can be reached and writes nothing.
    pub open: fn(&DestinationPlan, &OpenOptions) -> Result<Box<dyn Destination>>,
}

impl fmt::Debug for DestinationDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DestinationDef").field(&self.name).finish()
    }
}

/// Returns what dlt keeps in its state as the type of a destination.
pub fn dlt_destination_type(kind: &str) -> String {
    let name = DESTINATIONS.iter().find(|row| row.name == kind).map_or(kind, |row| row.dlt_name);
    format!("dlt.destinations.{name}")
}

/// Opens the destination of a plan.
pub fn open(plan: &DestinationPlan, options: &OpenOptions) -> Result<Box<dyn Destination>> {
    let kind = plan.kind.as_str();
    let row = DESTINATIONS.iter().find(|row| row.name == kind || row.aliases.contains(&kind));
    let row = row.ok_or_else(|| {
        let known: Vec<&str> = DESTINATIONS.iter().map(|row| row.name).collect();
        Error::new(
            ErrorKind::Config,
            "destination/unknown",
            "the destination is not known or not supported yet",
        )
        .with("destination", kind)
        .hint(format!("Use one of: {}.", known.join(", ")))
    })?;
    (row.open)(plan, options)
}
