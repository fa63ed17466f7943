//! One answered page and the evidence it leaves in the ledger.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::family::FamilyEvidence;
use crate::incremental::WindowPart;
use crate::json::Document;
use crate::paginate::{Position, StopReason};

/// Identity of a page: a hash of resource, window and position, the same in every run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PageId(pub [u8; 16]);

impl PageId {
    /// Makes the id of a page.
    pub fn new(resource: &str, window: &str, position: &Position) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in [resource, window, &format!("{position:?}")] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut id = [0; 16];
        id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Self(id)
    }
}

impl fmt::Display for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<PageId> for String {
    fn from(id: PageId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for PageId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut id = [0; 16];
        if text.len() != 32 || !text.is_ascii() {
            return Err("a page id has 32 hexadecimal digits");
        }
        for (index, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16)
                .map_err(|_| "a page id has 32 hexadecimal digits")?;
        }
        Ok(Self(id))
    }
}

/// What an API says about how much there is; only what it said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Records in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// Pages in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u64>,
}

/// What is known about a fetched page; it is written to the ledger when the page is staged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageEvidence {
    /// The resource.
    pub resource: String,
    /// The page's identity.
    pub id: PageId,
    /// Where it was.
    pub position: Position,
    /// What follows; `None` at the end.
    pub next: Option<Position>,
    /// Why paging ended, on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopReason>,
    /// Bytes of the decoded body.
    pub bytes: u64,
    /// Hash of the body, to see a page that comes twice.
    pub body_hash: String,
    /// Records that the selector found.
    pub records: u64,
    /// Records handed to the normaliser, after the window filter and deduplication.
    pub kept: u64,
    /// Records outside the requested window (dropped).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub outside_window: u64,
    /// Records dropped because the previous run has them (boundary deduplication).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub duplicates: u64,
    /// What the API says there is.
    #[serde(default)]
    pub totals: Totals,
    /// Whether the selector of the config matched something.
    pub selector_matched: bool,
    /// HTTP attempts beyond the first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u64,
    /// The incremental state after this page (dlt's stored form), for resources that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor_state: Option<Value>,
    /// The parent's values that the incremental state is for, where each row of the parent has a cursor of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor_key: Option<String>,
    /// Which window of the run's the page is in, where a `step` cuts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowPart>,
    /// Parent and children.
    #[serde(default, skip_serializing_if = "FamilyEvidence::is_alone")]
    pub family: FamilyEvidence,
    /// Sentences about something odd but lossless on this page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Whether the page is shorter than asked for although there is more, where the next position counts what was asked for:
    /// an API that caps the page size leaves the rows between out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_skip_rows: bool,
    /// Why pages are no longer asked for ahead from this page on, in one sentence; nothing is wrong with the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_by_one: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A page on its way from the network to the normaliser.
#[derive(Debug)]
pub struct Page {
    /// The parsed body.
    pub document: Document,
    /// Tape indices of the records to load, in order.
    pub records: Vec<u32>,
    /// The table of each record, as written; empty when all go to the resource's own.
    pub tables: Vec<Arc<str>>,
    /// What goes to the ledger.
    pub evidence: PageEvidence,
}
