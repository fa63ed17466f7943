//! The conformance suite: what every destination promises, one test per clause.
#![expect(clippy::unwrap_used, reason = "tests panic")]

mod destinations;
mod documents;
mod existing;
mod fixture;
mod load;
mod merge;
mod read;
mod segment;
mod strategies;
