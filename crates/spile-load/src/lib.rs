//! Writes sealed packages into destinations, and owns the conformance suite.
//!
//! ```text
//! sealed package ──▶ open destination ──▶ one transaction ──▶ receipt
//! ```
//!
//! Three layers, each of which knows only the one above it: [`DESTINATIONS`] is the table of kinds; the `sql` module
//! turns a package into statements once for all databases; a kind adds a dialect (pure text) and a connection (I/O).
//! Beside them stand dlt's own documents, [`schema_to_json`] and [`encode_state`], which make the dataset readable for
//! dlt.
//!
//! Destinations of files stand beside the `sql` module and share the segments and dlt's documents with it.
//!
//! Invariant: at a database a commit is one transaction: rows, tables, schema version, state and load record become
//! visible together or not at all. Where there are no transactions, the load record is written last.

mod cells;
mod destinations;
mod dlt;
mod open;
mod segments;
mod sql;

pub use destinations::{DESTINATIONS, memory_files};
pub use dlt::{
    decode_state, encode_state, finalize_schema, schema_from_json, schema_to_json, schema_version_hash,
    state_version_hash,
};
pub use open::{DestinationDef, OpenOptions, dlt_destination_type, open};
