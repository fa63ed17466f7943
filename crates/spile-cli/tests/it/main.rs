//! What a user sees: the real binary, real HTTP on loopback, a real DuckDB file.

#![expect(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    reason = "tests panic; the sums they compare are whole numbers"
)]

mod bad_input;
mod callables;
mod config_commands;
mod config_diagnostics;
mod datasette;
mod differential;
mod dlt_configs;
mod extract_dependents;
mod extract_differential;
mod extract_differential_bodies;
mod formats;
mod harness;
mod json_paths;
mod kill;
mod load_files;
mod load_interchange;
mod load_kills;
mod load_postgres;
mod load_strategies;
mod network;
mod oracle;
mod preview;
mod reference;
mod refresh;
mod schema;
mod schema_files;
mod seeds;
mod state;
mod tidy;
mod warnings;
mod windows;
