//! The normaliser from outside: dlt's answers, limits and errors, and arbitrary pages.

#![expect(clippy::unwrap_used, reason = "tests panic, they do not return errors")]

mod arbitrary;
mod behaviour;
mod contracts;
mod fast_path;
mod golden_cases;
mod pages;
mod row_ids;
mod support;
mod width;
