//! Taking away what a pipeline has loaded, in the commit of the load that takes its place.

use serde::{Deserialize, Serialize};

/// What is taken away before the data of a run enters, in dlt's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// All tables and all state of the source.
    DropSources,
    /// The tables and the state of the resources that are run, and of their parents.
    DropResources,
    /// The rows of these tables, and the state; the tables stay.
    DropData,
}

impl Refresh {
    /// All of them with dlt's words.
    pub const ALL: [(&str, Self); 3] = [
        ("drop_sources", Self::DropSources),
        ("drop_resources", Self::DropResources),
        ("drop_data", Self::DropData),
    ];

    /// Returns dlt's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DropSources => "drop_sources",
            Self::DropResources => "drop_resources",
            Self::DropData => "drop_data",
        }
    }
}

/// The tables that a load takes away at the destination before its rows enter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clearing {
    /// Tables that go, nested ones first. The stored versions of the schema go with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
    /// Tables that are emptied, nested ones first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emptied: Vec<String>,
    /// Hash of the stored schema that the tables were looked up in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schema_hash: String,
}

impl Clearing {
    /// Returns whether nothing is taken away.
    pub fn is_empty(&self) -> bool {
        self.dropped.is_empty() && self.emptied.is_empty()
    }
}
