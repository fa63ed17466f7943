//! Was everything loaded, and how do we know?

use serde::{Deserialize, Serialize};

/// The five answers, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictStatus {
    /// A total that the API reports equals what was read.
    ProvenComplete,
    /// The API said there is no more, and reports no total to hold against it.
    CompleteAsTold,
    /// A limit that the user set ended it.
    Limited,
    /// Something looks wrong.
    Suspicious,
    /// Something is missing.
    Incomplete,
}

impl VerdictStatus {
    /// Returns the stable slug.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProvenComplete => "proven_complete",
            Self::CompleteAsTold => "complete_as_told",
            Self::Limited => "limited",
            Self::Suspicious => "suspicious",
            Self::Incomplete => "incomplete",
        }
    }
}

/// The answer for one resource, computed from the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which answer.
    pub status: VerdictStatus,
    /// One sentence each.
    pub reasons: Vec<String>,
}

impl Verdict {
    /// Makes a verdict without reasons.
    pub fn new(status: VerdictStatus) -> Self {
        Self { status, reasons: Vec::new() }
    }

    /// Adds a reason; a worse status wins.
    pub fn add(&mut self, status: VerdictStatus, reason: impl Into<String>) {
        self.status = self.status.max(status);
        self.reasons.push(reason.into());
    }
}
