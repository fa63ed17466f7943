//! The table of destinations: one row per kind, one folder or file per row.

mod duckdb;
mod postgres;

use crate::open::DestinationDef;

/// All destinations, sorted by name.
pub static DESTINATIONS: &[DestinationDef] = &[duckdb::DEFINITION, postgres::DEFINITION];
