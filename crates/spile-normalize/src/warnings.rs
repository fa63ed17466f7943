//! Sentences about what is odd but lossless, each said once.
//!
//! They name tables, columns and keys, never values. Invariant: the list is bounded.

use rustc_hash::FxHashSet;

/// Warnings that are kept between two calls of [`Warnings::take`].
const KEPT_MAX: usize = 200;

/// Warnings that are remembered so as not to be said twice.
const REMEMBERED_MAX: usize = 10_000;

/// The warnings so far.
#[derive(Default)]
pub(crate) struct Warnings {
    fresh: Vec<String>,
    said: FxHashSet<String>,
}

impl Warnings {
    /// Adds a warning that was not said before.
    pub(crate) fn add(&mut self, warning: String) {
        if self.fresh.len() < KEPT_MAX
            && self.said.len() < REMEMBERED_MAX
            && self.said.insert(warning.clone())
        {
            self.fresh.push(warning);
        }
    }

    /// Takes the warnings since they were taken last.
    pub(crate) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.fresh)
    }
}
