//! The normaliser from outside: dlt's answers, limits and errors, and arbitrary pages.

mod arbitrary;
mod behaviour;
mod golden_cases;
mod support;
