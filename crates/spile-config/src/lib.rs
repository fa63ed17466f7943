//! Reads any dialect into one source config and resolves it into a plan, collecting positioned diagnostics.
//!
//! ```text
//! text ──▶ Node tree ──▶ overrides ──▶ Plan
//!  dialect    (spans)      --set        resolve
//! ```
//!
//! Reading never evaluates user code and never fails: what is wrong is reported, all of it, each finding with its place.
//! Invariants: the process environment and the clock are never read here (both come in through [`Environment`]); the
//! same config gives the same [`Plan`](spile_core::Plan) in every dialect; secrets leave this crate only inside types
//! that do not print them.

mod callables;
mod convert;
mod dialects;
mod explain;
mod fields;
mod fingerprint;
mod interpolate;
mod keys;
mod load;
mod locate;
mod providers;
mod read_yaml;
mod resolve;
mod schema;
mod set;
mod write;

pub use convert::{Converted, convert};
pub use dialects::{DIALECTS, Dialect};
pub use explain::{explain, target};
pub use keys::{KEY_GROUPS, KeyGroup};
pub use load::{Environment, Options, Registries, Resolved, load, load_text};
pub use locate::locate;
pub use read_yaml::read_yaml;
pub use schema::schema;
pub use write::write_yaml;
