//! Turns pages into Arrow batches and schema changes, in dlt's layout.
//!
//! ```text
//! page ──▶ walk ──▶ cells ──▶ columns ──▶ batches
//!            │         └─ coerce, iso, literal: types and values
//!            └─ shape: which column or nested table a key leads to
//! ```
//!
//! The [`Normalizer`] owns the schema of a run and the open column builders of all its tables. Nothing here does I/O,
//! reads the clock or draws randomness: row ids are derived from the load and the page.
//!
//! Where Spile stores a value differently from dlt, on purpose:
//!
//! - a whole number beyond 64 bits becomes text, with a warning (dlt stops the pipeline);
//! - a value that fits neither its column nor the variant column gets a variant of the variant (dlt fails);
//! - a decimal with more places than its column goes to a variant (dlt rounds or fails), and so does the text `nan`;
//! - a key of which no letter is left is stored as `_empty`, with a warning (dlt fails);
//! - two keys that meet in one column or table: the last one is stored there as in dlt, the earlier one, which dlt loses,
//!   beside it, with a warning;
//! - an empty list never takes the place of a list that meets it in one table (dlt drops both);
//! - a declared type that comes after the column has data has no effect, with a warning (dlt changes the schema only);
//! - a `_dlt` column that is added to a table with rows is nullable (dlt fails at the load);
//! - a nested list whose table belongs to a resource is an error (dlt mixes the rows);
//! - a null, missing or unusable value of a primary key is an error here (in dlt at the load, or never);
//! - a nested row that brings its own `_dlt_id` is linked to its parent all the same (dlt fails at the load).

mod catalog;
mod coerce;
mod columns;
mod contract;
mod ids;
mod iso;
mod lineage;
mod literal;
mod merge_hints;
mod nested_hints;
mod normalizer;
mod remarks;
mod schema_hints;
mod shape;
mod table;
mod walk;
mod warnings;

pub use normalizer::{Flushed, Normalizer};
pub use remarks::{DroppedCount, Remarks};
