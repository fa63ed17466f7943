//! Configs written out: the way back from a tree to a dialect.
//!
//! What a dialect cannot say is listed and left out, never approximated. Invariant: reading the written text gives the
//! same plan, the listed keys apart.

mod bracketed;
mod functions;
mod plain_yaml;
mod text;
mod toml;
mod yaml;

use spile_core::{Diagnostic, Diagnostics, Key, Node, Span};

use crate::dialects::SourceConfig;

pub use plain_yaml::write_yaml;
pub(crate) use text::{environment_marker, is_marked};

/// Writes a config in a data dialect or as a script. `None`: nothing writes that dialect.
pub(crate) fn write(dialect: &str, source: &SourceConfig, diagnostics: &mut Diagnostics) -> Option<String> {
    let source = &functions::left_out(source, diagnostics);
    Some(match dialect {
        "json" => bracketed::json(&top(source)),
        "python" => bracketed::python(source, diagnostics),
        "toml" => toml::document(&top(source), diagnostics),
        "yaml" => yaml::document(&top(source)),
        _ => return None,
    })
}

/// Returns the entries of a data dialect's top: the settings and then the config.
fn top(source: &SourceConfig) -> Vec<(Key, Node)> {
    let mut entries: Vec<(Key, Node)> =
        source.settings.iter().filter(|(_, node)| !node.is_null()).cloned().collect();
    if let spile_core::Value::Map(config) = &source.config.value {
        entries.extend(config.iter().cloned());
    }
    entries
}

/// Says that the target dialect cannot hold something.
fn not_carried_over(what: &str, span: &Span, hint: &str) -> Diagnostic {
    Diagnostic::warning("config/not-carried-over", format!("{what} is not carried over")).at(span).hint(hint)
}
