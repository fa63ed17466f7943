//! A load package: the unit of safety.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan::WriteDisposition;
use crate::refresh::Clearing;
use crate::schema::Schema;

/// Where a package is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageState {
    /// Pages are being added.
    Open,
    /// The manifest is durable; nothing is added any more.
    Sealed,
    /// The destination has it.
    Committed,
}

/// A Parquet file with rows of one table. Columns that it lacks are NULL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentFile {
    /// File name inside the package's folder.
    pub file: String,
    /// Rows in it.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
}

/// What a package does to one root table and its children.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableLoad {
    /// Root table, normalised.
    pub root: String,
    /// How the rows enter.
    pub write_disposition: WriteDisposition,
    /// Segments of every table of the chain: (table, file), in the order they were staged.
    pub segments: Vec<(String, SegmentFile)>,
}

/// The durable description of a sealed package. It is written once and never edited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format of this file.
    pub version: u32,
    /// dlt's load id: text of Unix seconds with a fraction.
    pub load_id: String,
    /// The pipeline.
    pub pipeline: String,
    /// The dataset.
    pub dataset: String,
    /// The destination it was made for, without secrets.
    pub destination: String,
    /// The plan's fingerprint.
    pub fingerprint: String,
    /// What is taken away before, in the same commit.
    #[serde(default, skip_serializing_if = "Clearing::is_empty")]
    pub clearing: Clearing,
    /// What to load.
    pub tables: Vec<TableLoad>,
    /// The pipeline state after this load (dlt's document, decoded), when it changed.
    pub state: Option<Value>,
    /// Pages in the ledger that the rows come from.
    pub pages: u64,
    /// When the package was sealed, ISO 8601.
    pub sealed_at: String,
}

/// A sealed package as a destination gets it.
#[derive(Debug, Clone)]
pub struct SealedPackage {
    /// The folder with the segment files.
    pub folder: PathBuf,
    /// The manifest.
    pub manifest: Manifest,
    /// The schema after this load.
    pub schema: Schema,
}
