//! From one dialect to another: a config is read, not resolved, and written out again.
//!
//! References stay references and environment variables stay names, so that no secret gets into the text. What a script
//! computes is written as its result.

use std::path::Path;

use spile_core::{Diagnostic, Diagnostics};

use crate::dialects::{self, DIALECTS, Reading};
use crate::load::{Environment, read_file};
use crate::providers::Providers;
use crate::write;

/// The outcome of [`convert`].
#[derive(Debug)]
pub struct Converted {
    /// The config in the other dialect; `None` if and only if a finding is an error.
    pub text: Option<String>,
    /// All findings: what is wrong, and what could not be carried over.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a config and writes it in the dialect with the name `to`.
pub fn convert(path: &Path, to: &str, block: Option<usize>, environment: &Environment) -> Converted {
    let mut diagnostics = Diagnostics::new();
    let text = read_and_write(path, to, block, environment, &mut diagnostics);
    let text = if diagnostics.has_errors() { None } else { text };
    Converted { text, diagnostics: diagnostics.into_sorted() }
}

fn read_and_write(
    path: &Path,
    to: &str,
    block: Option<usize>,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let file = read_file(path, environment, diagnostics)?;
    let dialect = dialects::for_path(path, diagnostics)?;
    if write::is_marked(&file.text) {
        diagnostics.push(
            Diagnostic::error("config/not-carried-over", "the config holds characters that conversion needs")
                .hint("Remove the private-use characters U+E000 and U+E001 from the file."),
        );
        return None;
    }
    let named = Environment {
        variables: environment
            .variables
            .keys()
            .map(|name| (name.clone(), write::environment_marker(name)))
            .collect(),
        ..environment.clone()
    };
    let providers = Providers::read(environment, diagnostics);
    let reading = Reading {
        file: &file,
        text: &file.text,
        environment: &named,
        providers: &providers,
        block,
        pipeline: None,
    };
    let source = dialect.read(&reading, diagnostics)?;
    let written = write::write(to, &source, diagnostics);
    if written.is_none() {
        let known: Vec<&str> =
            DIALECTS.iter().map(|dialect| dialect.name).filter(|name| *name != "document").collect();
        diagnostics.push(
            Diagnostic::error("config/unknown-dialect", format!("there is no dialect `{to}` to write"))
                .hint(format!("Choose one of {}.", known.join(", "))),
        );
    }
    written
}
