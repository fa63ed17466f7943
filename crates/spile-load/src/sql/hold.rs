//! Stopping a commit between two statements, for tests that kill the process there.
//!
//! Only in builds with debug assertions; a release has nothing of it. `SPILE_HOLD_AT=<n>:<file>` lets a process come as far
//! as the n-th step of a commit: it writes the file and waits to be killed. Steps are the beginning, every staging, every
//! statement, the commit, and the moment after it, when the rows are there and nobody was told.

use std::path::Path;

use spile_core::{Result, SegmentFile, TableSchema};

use super::connection::{SqlConnection, StagedRows, TextRows};

/// A connection whose steps can be held.
pub(super) struct Held<C> {
    connection: C,
    step: usize,
    at: Option<(usize, String)>,
}

impl<C: SqlConnection> Held<C> {
    /// Wraps a connection.
    pub(super) fn new(connection: C) -> Self {
        let at = std::env::var("SPILE_HOLD_AT").ok().and_then(|text| {
            let (step, file) = text.split_once(':')?;
            Some((step.parse().ok()?, file.to_owned()))
        });
        Self { connection, step: 0, at }
    }

    fn step(&mut self) {
        if let Some((_, file)) = self.at.as_ref().filter(|(step, _)| *step == self.step) {
            let written = std::fs::write(file, self.step.to_string());
            while written.is_ok() {
                std::thread::park();
            }
        }
        self.step += 1;
    }
}

impl<C: SqlConnection> SqlConnection for Held<C> {
    fn begin(&mut self) -> Result<()> {
        self.step();
        self.connection.begin()
    }

    fn commit(&mut self) -> Result<()> {
        self.step();
        self.connection.commit()?;
        self.step();
        Ok(())
    }

    fn rollback(&mut self) -> Result<()> {
        self.connection.rollback()
    }

    fn execute(&mut self, statement: &str) -> Result<u64> {
        self.step();
        self.connection.execute(statement)
    }

    fn query(&mut self, statement: &str) -> Result<TextRows> {
        self.connection.query(statement)
    }

    fn stage(&mut self, folder: &Path, table: &TableSchema, segments: &[&SegmentFile]) -> Result<StagedRows> {
        self.step();
        self.connection.stage(folder, table, segments)
    }
}
