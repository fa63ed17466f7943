//! What a run did, counted: one type for the terminal, for JSON and for Python.

use serde::Serialize;

use crate::refresh::Clearing;
use crate::verdict::{Verdict, VerdictStatus};

/// How the run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportStatus {
    /// Loaded, nothing suspicious.
    Done,
    /// Nothing loaded, or loading failed.
    Failed,
    /// The config or the arguments are wrong; nothing was sent.
    Invalid,
    /// Loaded, but a verdict is suspicious or incomplete.
    Suspicious,
}

/// One resource.
#[derive(Debug, Clone, Serialize)]
pub struct ResourceReport {
    /// Its name.
    pub name: String,
    /// Requests sent by this run, retries included.
    pub requests: u64,
    /// Pages staged by this load, those of an interrupted run included.
    pub pages: u64,
    /// Pages of these that an interrupted run had staged already.
    pub pages_resumed: u64,
    /// Records that the API gave.
    pub records: u64,
    /// Records loaded, after the window filter and deduplication.
    pub records_loaded: u64,
    /// The requested window of an incremental resource, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// Was it all?
    pub verdict: Verdict,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableReport {
    /// Its name.
    pub name: String,
    /// Rows loaded by this run.
    pub rows: u64,
}

/// The whole run.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// The pipeline.
    pub pipeline: String,
    /// The dataset.
    pub dataset: String,
    /// Where, without secrets.
    pub destination: String,
    /// How it ended.
    pub status: ReportStatus,
    /// Loads committed by this run, a recovered one included.
    pub load_ids: Vec<String>,
    /// Load ids of these that an interrupted run had left sealed.
    pub recovered_load_ids: Vec<String>,
    /// HTTP requests sent.
    pub requests: u64,
    /// Of these, retries.
    pub retries: u64,
    /// Bytes of decoded bodies.
    pub bytes: u64,
    /// Wall time.
    pub seconds: f64,
    /// Per resource.
    pub resources: Vec<ResourceReport>,
    /// What a refresh took away in the commit.
    #[serde(skip_serializing_if = "Clearing::is_empty")]
    pub clearing: Clearing,
    /// Per table.
    pub tables: Vec<TableReport>,
    /// Sentences about something odd but lossless.
    pub warnings: Vec<String>,
}

impl RunReport {
    /// Returns the status that the verdicts give to a run that loaded.
    pub fn status_of(resources: &[ResourceReport]) -> ReportStatus {
        let worst = resources.iter().map(|resource| resource.verdict.status).max();
        match worst {
            Some(VerdictStatus::Suspicious | VerdictStatus::Incomplete) => ReportStatus::Suspicious,
            _ => ReportStatus::Done,
        }
    }
}
