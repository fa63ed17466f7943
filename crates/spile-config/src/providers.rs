//! dlt's providers: environment variables, then `secrets.toml`, then `config.toml`.
//!
//! The project's `.dlt` comes before the user's. Secrets are never read from `config.toml`. Values stay what they are:
//! dlt turns an all-digit token into an integer and then fails on it; here a text stays a text.
//! Invariant: every value that was found is recorded with its place, and every secret value is known to the redactor.

use std::collections::BTreeMap;
use std::path::Path;

use spile_core::{
    Diagnostic, Diagnostics, Node, Provenance, Redactor, Reference, Secret, SourceFile, Span, Store, Value,
};

use crate::dialects::read_toml_tree;
use crate::load::Environment;

/// A parsed TOML file.
struct Tree {
    shown: String,
    node: Node,
}

/// A value with where it was found.
pub(crate) struct Found {
    pub(crate) value: Value,
    /// The place for people: a file, or an environment variable by name.
    pub(crate) place: String,
    /// The key that it was found under, which may be less precise than what was asked for.
    pub(crate) key: String,
    /// The place in a file.
    pub(crate) span: Option<Span>,
}

/// All places where values are looked up.
pub(crate) struct Providers {
    variables: BTreeMap<String, String>,
    secret_trees: Vec<Tree>,
    config_trees: Vec<Tree>,
    provenance: Vec<Provenance>,
    secrets: Vec<Secret>,
}

impl Providers {
    /// Reads the files. A file that is not there is no finding; a broken one is.
    pub(crate) fn read(environment: &Environment, diagnostics: &mut Diagnostics) -> Self {
        let project = environment.working_directory.join(".dlt");
        let mut directories = vec![(project, ".dlt".to_owned())];
        if let Some(global) = &environment.global_directory {
            directories.push((global.clone(), global.display().to_string()));
        }
        let mut read = |name: &str, masked: bool| -> Vec<Tree> {
            directories
                .iter()
                .filter_map(|(directory, shown)| {
                    read_tree(&directory.join(name), format!("{shown}/{name}"), masked, diagnostics)
                })
                .collect()
        };
        Self {
            secret_trees: read("secrets.toml", true),
            config_trees: read("config.toml", false),
            variables: environment.variables.clone(),
            provenance: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// Looks a reference up by its exact key. The node has no place of its own: the place of interest is where the
    /// config refers to it.
    pub(crate) fn exact(&mut self, reference: &Reference) -> Option<Value> {
        let path: Vec<&str> = reference.key.split('.').collect();
        self.search(&[path], reference.store, &reference.key)
    }

    /// Looks several keys up, provider by provider: a vague environment variable beats a precise TOML entry, as in dlt.
    pub(crate) fn search(&mut self, paths: &[Vec<&str>], store: Store, asked: &str) -> Option<Value> {
        let Found { value, place: found_in, .. } = self.find(paths, store)?;
        let secret = store == Store::Secrets;
        let value = if secret { as_text(value) } else { value };
        if secret {
            self.add_secrets(&value);
        }
        let entry = Provenance { key: asked.to_owned(), secret, found_in };
        if !self.provenance.contains(&entry) {
            self.provenance.push(entry);
        }
        Some(value)
    }

    /// Looks keys up under the pipeline's name in all providers, and then without it.
    pub(crate) fn search_for_pipeline(
        &mut self,
        pipeline: &str,
        paths: &[Vec<&str>],
        store: Store,
        asked: &str,
    ) -> Option<Value> {
        let prefixed: Vec<Vec<&str>> = paths.iter().map(|path| [&[pipeline], &path[..]].concat()).collect();
        self.search(&prefixed, store, asked).or_else(|| self.search(paths, store, asked))
    }

    /// Returns the key that a search finds, and its value. Nothing is recorded: the plan may not use it.
    pub(crate) fn peek(&self, paths: &[Vec<&str>], store: Store) -> Option<(String, Value)> {
        self.find(paths, store).map(|found| (found.key, found.value))
    }

    /// Returns what a search finds. Nothing is recorded, as in `peek`.
    pub(crate) fn find(&self, paths: &[Vec<&str>], store: Store) -> Option<Found> {
        for path in paths {
            let name = variable_name(path);
            if let Some(text) = self.variables.get(&name) {
                return Some(Found {
                    value: Value::String(text.clone()),
                    place: format!("environment variable {name}"),
                    key: path.join("."),
                    span: None,
                });
            }
        }
        let config_trees: &[Tree] = match store {
            Store::Secrets => &[],
            Store::Config => &self.config_trees,
        };
        for trees in [&self.secret_trees[..], config_trees] {
            for path in paths {
                for tree in trees {
                    let node = path.iter().try_fold(&tree.node, |node, part| node.get(part));
                    if let Some(node) = node {
                        return Some(Found {
                            value: node.value.clone(),
                            place: tree.shown.clone(),
                            key: path.join("."),
                            span: Some(node.span.clone()),
                        });
                    }
                }
            }
        }
        None
    }

    fn add_secrets(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add_secret(text),
            Value::List(items) => items.iter().for_each(|item| self.add_secrets(&item.value)),
            Value::Map(entries) => entries.iter().for_each(|(_, node)| self.add_secrets(&node.value)),
            Value::Int(number) => self.add_secret(&number.to_string()),
            // TOML has no null, and a truth value gives nothing away.
            Value::Null
            | Value::Bool(_)
            | Value::Float(_)
            | Value::Reference(_)
            | Value::Concat(_)
            | Value::Function(_) => {}
        }
    }

    /// Makes a value known to the redactor.
    pub(crate) fn add_secret(&mut self, text: &str) {
        self.secrets.push(Secret::new(text));
    }

    /// Returns a redactor for all secrets so far.
    pub(crate) fn redactor(&self) -> Redactor {
        Redactor::new(self.secrets.clone())
    }

    /// Returns where values were found, in the order they were asked for.
    pub(crate) fn provenance(&self) -> Vec<Provenance> {
        self.provenance.clone()
    }
}

/// Returns the environment variable of a key path: upper case, joined by two underscores.
pub(crate) fn variable_name(path: &[&str]) -> String {
    path.join("__").to_uppercase()
}

/// Returns the key paths that dlt tries for a field of a source, most precise first.
pub(crate) fn source_paths<'a>(section: &'a str, name: &'a str, field: &[&'a str]) -> Vec<Vec<&'a str>> {
    let prefixes: [&[&str]; 5] =
        [&["sources", section, name], &["sources", section], &["sources", name], &["sources"], &[]];
    let mut paths: Vec<Vec<&str>> = Vec::new();
    for prefix in prefixes {
        let path = [prefix, field].concat();
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

/// Secrets are texts, also when TOML has them as numbers.
fn as_text(value: Value) -> Value {
    match value {
        Value::Int(number) => Value::String(number.to_string()),
        Value::Float(number) => Value::String(number.to_string()),
        other => other,
    }
}

fn read_tree(path: &Path, shown: String, masked: bool, diagnostics: &mut Diagnostics) -> Option<Tree> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            diagnostics.push(
                Diagnostic::error("config/unreadable", format!("reading {shown} failed: {error}"))
                    .hint("Make the file readable UTF-8 text, or remove it."),
            );
            return None;
        }
    };
    let file = SourceFile::new(shown.clone(), if masked { mask(&text) } else { text.clone() });
    // The parser quotes what it stumbles over, and in this file that may be a secret.
    let mut findings = Diagnostics::new();
    let node = read_toml_tree(&text, &file, &mut findings);
    for mut finding in findings.into_sorted() {
        if masked {
            "the file is not valid TOML here".clone_into(&mut finding.message);
        }
        diagnostics.push(finding.hint("Fix or remove the line; texts need quotes."));
    }
    node.map(|node| Tree { shown, node })
}

/// Replaces everything that may be a value, so that no rendering of a position can show a secret. Lengths and line
/// breaks stay.
fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let keep = if trimmed.starts_with('[') && trimmed.ends_with(']') {
            line.len()
        } else {
            line.find('=').map_or(0, |at| at + 1)
        };
        masked.push_str(&line[..keep]);
        for byte in line[keep..].bytes() {
            masked.push(if byte.is_ascii_whitespace() { char::from(byte) } else { '*' });
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_masked() {
        assert_eq!(mask("[a]\nk = \"sé\"\nrest\n"), "[a]\nk = *****\n****\n");
    }

    #[test]
    fn lookup_order_of_dlt() {
        let paths = source_paths("rest_api", "foo", &["credentials", "token"]);
        let names: Vec<String> = paths.iter().map(|path| variable_name(path)).collect();
        assert_eq!(
            names,
            [
                "SOURCES__REST_API__FOO__CREDENTIALS__TOKEN",
                "SOURCES__REST_API__CREDENTIALS__TOKEN",
                "SOURCES__FOO__CREDENTIALS__TOKEN",
                "SOURCES__CREDENTIALS__TOKEN",
                "CREDENTIALS__TOKEN",
            ]
        );
        assert_eq!(source_paths("rest_api", "rest_api", &["x"]).len(), 4);
    }
}
