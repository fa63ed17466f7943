//! What a user sees: the real binary, real HTTP on loopback, a real DuckDB file.

mod bad_input;
mod datasette;
mod harness;
mod kill;
mod oracle;
mod seeds;
mod tidy;
