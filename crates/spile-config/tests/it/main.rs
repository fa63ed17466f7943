//! The crate from outside: config texts in, plans and findings out.

mod broken;
mod components;
mod dialects;
mod project;
mod python;
mod resolve;
mod seeds;
mod settings;
