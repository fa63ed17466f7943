//! Everything that SQL destinations share: the statements as pure text, and the one destination that runs them.
//!
//! A database adds a [`dialect::SqlDialect`] (pure) and a [`connection::SqlPlace`] (I/O). No module here knows which
//! database it talks to.

mod append;
mod clear;
mod commit;
pub(crate) mod connection;
mod ddl;
mod destination;
pub(crate) mod dialect;
#[cfg(debug_assertions)]
mod hold;
pub(crate) mod identifier;
mod merge;
mod migrate;
mod replace;
mod system;
#[cfg(test)]
mod tests;

pub(crate) use clear::newest_to_keep;
pub(crate) use commit::segments_by_table;
pub(crate) use destination::SqlDestination;
