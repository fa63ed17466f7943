//! The table of destinations: one row per kind, one folder or file per row.

mod duckdb;
mod filesystem;
mod postgres;
mod sqlite;

pub use self::filesystem::memory_files;
use crate::open::DestinationDef;

/// All destinations, sorted by name.
pub static DESTINATIONS: &[DestinationDef] = &[
    duckdb::DEFINITION,
    filesystem::DEFINITION,
    filesystem::MEMORY,
    postgres::DEFINITION,
    sqlite::DEFINITION,
];
