//! Tables of components: paginators and auths are rows of one shape.

use std::sync::Arc;

use crate::diagnostic::Diagnostics;
use crate::node::Node;

/// One documented key of a component.
#[derive(Debug, Clone, Copy)]
pub struct FieldDoc {
    /// The key as written in a config.
    pub name: &'static str,
    /// Its shape, such as `string` or `integer`.
    pub shape: &'static str,
    /// What is used when the key is absent; empty when the key is required.
    pub default: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
}

/// One row: a component that a config can name.
pub struct Def<S: ?Sized + 'static> {
    /// The `type` a user writes.
    pub name: &'static str,
    /// Other spellings.
    pub aliases: &'static [&'static str],
    /// What it is for, in one sentence.
    pub summary: &'static str,
    /// The keys it understands, `type` left out.
    pub fields: &'static [FieldDoc],
    /// Whether the bare name is enough (`"paginator": "header_link"`).
    pub shorthand: bool,
    /// Reads the written form. References in it are resolved already. `None` when a finding was reported.
    pub parse: fn(&Node, &mut Diagnostics) -> Option<Arc<S>>,
}

/// All rows of one kind.
pub struct Registry<S: ?Sized + 'static> {
    /// The kind in the words of a user: `paginator`, `auth`.
    pub kind: &'static str,
    /// The rows, sorted by name.
    pub rows: &'static [Def<S>],
}

impl<S: ?Sized> Registry<S> {
    /// Finds a row by its name or an alias.
    pub fn find(&self, name: &str) -> Option<&'static Def<S>> {
        self.rows.iter().find(|row| row.name == name || row.aliases.contains(&name))
    }

    /// Returns the names of all rows.
    pub fn names(&self) -> Vec<&'static str> {
        self.rows.iter().map(|row| row.name).collect()
    }
}
