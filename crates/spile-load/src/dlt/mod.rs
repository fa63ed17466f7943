//! The documents that dlt keeps in a destination: its schema and its pipeline state, with their hashes.
//!
//! Pure: text in, values out. Invariant: what is written here is read back by dlt 1.31 and by this module as the same
//! value, and the hashes equal the ones dlt computes itself.

mod hash;
mod reconcile;
mod schema;
mod state;
mod system;

pub use hash::{schema_version_hash, state_version_hash};
pub use schema::{schema_from_json, schema_to_json};
pub use state::{decode_state, encode_state};
pub use system::finalize_schema;

pub(crate) use hash::digest_text;
pub(crate) use reconcile::reconcile;
pub(crate) use state::decode_document;
pub(crate) use system::{LOADS_TABLE, STATE_TABLE, VERSION_TABLE};

/// The engine version of dlt's stored schema that is read and written.
pub(crate) const SCHEMA_ENGINE_VERSION: u64 = 11;

/// The engine version of dlt's stored pipeline state, used when a state does not say.
pub(crate) const STATE_ENGINE_VERSION: i64 = 4;
