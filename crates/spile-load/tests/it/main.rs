//! The conformance suite: what every destination promises, one test per clause.
#![expect(clippy::unwrap_used, reason = "tests panic")]

mod clearing;
mod destinations;
mod documents;
mod existing;
mod files;
mod fixture;
mod load;
mod merge;
mod promises;
mod read;
mod segment;
mod strategies;
