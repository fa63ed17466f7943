//! The crate from outside: config texts in, plans and findings out.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

mod broken;
mod components;
mod convert;
mod dialects;
mod hostile;
mod json_schema;
mod mutations;
mod own;
mod places;
mod project;
mod python;
mod resolve;
mod seeds;
mod settings;
