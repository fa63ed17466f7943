//! The table of dialects, and the one shape that all of them read into.
//!
//! A dialect turns text into a [`SourceConfig`] and leaves references in it unresolved; a script may ask whether one is
//! set. Invariant: every node carries the place
//! where it was written, in the file as the user has it.

mod document;
mod json;
mod placeholder;
mod python;
mod toml;
mod yaml;

use std::path::Path;
use std::sync::Arc;

use spile_core::{Diagnostic, Diagnostics, Key, Node, SourceFile, Span, Value};

use crate::callables::Program;
use crate::load::Environment;
use crate::providers::Providers;

pub(crate) use toml::read_tree as read_toml_tree;
pub(crate) use yaml::read_tree as read_yaml_tree;

/// Deepest nesting that any reader accepts.
pub(crate) const DEPTH_MAX: usize = 64;

/// More entries than any map of a config has. It bounds the search for repeated keys.
pub(crate) const ENTRIES_MAX: usize = 10_000;

/// One way to write a config.
pub struct Dialect {
    /// Its name.
    pub name: &'static str,
    /// File extensions, lower case.
    pub extensions: &'static [&'static str],
    /// What it is, in one sentence.
    pub summary: &'static str,
    read: fn(&Reading<'_>, &mut Diagnostics) -> Option<SourceConfig>,
    evaluated: bool,
}

impl Dialect {
    /// Reads a text; `None` when a finding was reported that leaves nothing to resolve.
    pub(crate) fn read(&self, reading: &Reading<'_>, diagnostics: &mut Diagnostics) -> Option<SourceConfig> {
        (self.read)(reading, diagnostics)
    }

    /// Returns whether reading evaluates code, so that a failure leaves holes in the tree.
    pub(crate) fn is_evaluated(&self) -> bool {
        self.evaluated
    }
}

/// All dialects, sorted by name.
pub const DIALECTS: &[Dialect] = &[
    Dialect {
        name: "document",
        extensions: &["md", "markdown", "txt"],
        summary: "A document with the config in a fenced python, yaml, toml or json block.",
        read: document::read,
        evaluated: true,
    },
    Dialect {
        name: "json",
        extensions: &["json"],
        summary: "The config as a JSON object, with ${secrets.x}, ${config.x} and ${env.X} in strings.",
        read: json::read,
        evaluated: false,
    },
    Dialect {
        name: "python",
        extensions: &["py"],
        summary: "A dlt script as it is; it is read, never executed.",
        read: python::read,
        evaluated: true,
    },
    Dialect {
        name: "toml",
        extensions: &["toml"],
        summary: "The config as a TOML table, with ${secrets.x}, ${config.x} and ${env.X} in strings.",
        read: toml::read,
        evaluated: false,
    },
    Dialect {
        name: "yaml",
        extensions: &["yaml", "yml"],
        summary: "The config as a YAML mapping, with ${secrets.x}, ${config.x} and ${env.X} in strings.",
        read: yaml::read,
        evaluated: false,
    },
];

/// A text to read. `text` has the length and the line breaks of the file's text; what does not belong to the config is
/// blanked out, so that byte offsets need no translation.
pub(crate) struct Reading<'a> {
    pub(crate) file: &'a Arc<SourceFile>,
    pub(crate) text: &'a str,
    pub(crate) environment: &'a Environment,
    pub(crate) providers: &'a Providers,
    pub(crate) block: Option<usize>,
    /// The pipeline that is asked for, which chooses between several of a script.
    pub(crate) pipeline: Option<&'a str>,
}

impl Reading<'_> {
    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }
}

/// A config as written.
#[derive(Debug)]
pub(crate) struct SourceConfig {
    /// The map with `client`, `resources` and `resource_defaults`.
    pub(crate) config: Node,
    /// What stands beside the map: `name`, `max_table_nesting`, `pipeline`, `destination`, `dataset`, ...
    pub(crate) settings: Vec<(Key, Node)>,
    /// The functions that nodes refer to.
    pub(crate) functions: Option<Arc<Program>>,
    /// A limit of pages that a script sets.
    pub(crate) page_limit: Option<u64>,
}

impl SourceConfig {
    /// Returns a setting that is not null.
    pub(crate) fn setting(&self, name: &str) -> Option<&Node> {
        self.settings
            .iter()
            .find(|(key, _)| key.name == name)
            .map(|(_, node)| node)
            .filter(|node| !node.is_null())
    }
}

/// Finds the dialect of a file.
pub(crate) fn for_path(path: &Path, diagnostics: &mut Diagnostics) -> Option<&'static Dialect> {
    let extension =
        path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    let dialect = DIALECTS.iter().find(|dialect| dialect.extensions.contains(&extension.as_str()));
    if dialect.is_none() {
        let known: Vec<String> = DIALECTS
            .iter()
            .flat_map(|dialect| dialect.extensions)
            .map(|extension| format!(".{extension}"))
            .collect();
        diagnostics.push(
            Diagnostic::error(
                "config/unknown-dialect",
                format!("{} has no extension of a known dialect", path.display()),
            )
            .hint(format!("Known extensions are {}.", known.join(", "))),
        );
    }
    dialect
}

/// Keys that may stand beside `client` and `resources` in the data dialects.
pub(crate) const SETTING_KEYS: [&str; 15] = [
    "name",
    "section",
    "max_table_nesting",
    "parallelized",
    "root_key",
    "schema_contract",
    "arguments",
    "pipeline",
    "destination",
    "dataset",
    "loader_file_format",
    "refresh",
    "dev_mode",
    "import_schema_path",
    "export_schema_path",
];

/// Splits the top of a data dialect: the dict itself, or one entry under `sources`, and the settings beside it. `$schema` is
/// for editors.
pub(crate) fn split_top(top: Node, diagnostics: &mut Diagnostics) -> Option<SourceConfig> {
    let Value::Map(entries) = top.value else {
        diagnostics.push(
            Diagnostic::error("config/wrong-type", format!("the config must be a map, found {}", top.kind()))
                .at(&top.span)
                .hint("Write `client` and `resources` at the top level."),
        );
        return None;
    };
    let mut settings = Vec::new();
    let mut rest = Vec::new();
    for (key, node) in entries {
        if SETTING_KEYS.contains(&key.name.as_str()) {
            settings.push((key, node));
        } else if key.name != "$schema" {
            rest.push((key, node));
        }
    }
    let (config, more) = match rest.iter().position(|(key, _)| key.name == "sources") {
        Some(index) if rest.len() == 1 => named_source(rest.remove(index).1, diagnostics)?,
        _ => (Node::new(Value::Map(rest), top.span), Vec::new()),
    };
    settings.extend(more);
    Some(SourceConfig { config, settings, functions: None, page_limit: None })
}

/// Takes the one entry of `sources: {name: {...}}` apart.
fn named_source(sources: Node, diagnostics: &mut Diagnostics) -> Option<(Node, Vec<(Key, Node)>)> {
    let span = sources.span.clone();
    let entries = match sources.value {
        Value::Map(entries) => entries,
        _ => Vec::new(),
    };
    let [(key, node)] = <[_; 1]>::try_from(entries)
        .inspect_err(|entries| {
            let names: Vec<&str> = entries.iter().map(|(key, _)| key.name.as_str()).collect();
            diagnostics.push(
                Diagnostic::error(
                    "config/several-sources",
                    "`sources` must be a map with exactly one source",
                )
                .at(&span)
                .label(if names.is_empty() { "no source here".to_owned() } else { names.join(", ") })
                .hint("Put each source into a file of its own."),
            );
        })
        .ok()?;
    let name = Node::new(Value::String(key.name.clone()), key.span.clone());
    let name_key = Key { name: "name".to_owned(), span: key.span };
    let mut settings = vec![(name_key, name)];
    let Value::Map(entries) = node.value else {
        diagnostics.push(
            Diagnostic::error("config/wrong-type", format!("a source must be a map, found {}", node.kind()))
                .at(&node.span),
        );
        return None;
    };
    let mut config = Vec::new();
    for (key, node) in entries {
        match key.name.as_str() {
            "type" if matches!(node.as_str(), Some("rest_api" | "dlt.sources.rest_api.rest_api")) => {}
            name if SETTING_KEYS.contains(&name) => settings.push((key, node)),
            _ => config.push((key, node)),
        }
    }
    Some((Node::new(Value::Map(config), node.span), settings))
}

/// Reports a repeated key.
pub(crate) fn duplicate_key(key: &Key, first: &Key, diagnostics: &mut Diagnostics) {
    let (line, _) = first.span.line_column();
    diagnostics.push(
        Diagnostic::error("config/duplicate-key", format!("the key `{}` is written twice", key.name))
            .at(&key.span)
            .label(format!("first written on line {line}"))
            .hint("Remove one of the two; which one would win differs between tools."),
    );
}

/// Reports a map or list that is too long to be part of a config.
pub(crate) fn too_long(what: &str, span: &Span, diagnostics: &mut Diagnostics) {
    diagnostics.push(
        Diagnostic::error("config/too-large", format!("{what} has more than {ENTRIES_MAX} entries"))
            .at(span)
            .hint("Check that this is the config and not its data."),
    );
}

/// Reports a nesting that is too deep.
pub(crate) fn too_deep(span: &Span, diagnostics: &mut Diagnostics) {
    diagnostics.push(
        Diagnostic::error(
            "config/too-deep",
            format!("the config is nested more than {DEPTH_MAX} levels deep"),
        )
        .at(span)
        .hint("No key of a source config needs that depth; check for unclosed brackets."),
    );
}
