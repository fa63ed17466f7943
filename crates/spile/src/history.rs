//! Committed loads that the work directory remembers: their ledgers and reports.

use std::path::Path;

use serde_json::Value;
use spile_core::{Result, RunReport};

use crate::package::write_json;
use crate::workdir::{pipeline_folder, sorted_folders};

const REPORT_FILE: &str = "report.json";

/// A committed load with the report of the run that committed it.
#[derive(Debug, Clone)]
pub struct PastLoad {
    /// The load id.
    pub load_id: String,
    /// The report as it was printed with `--output json`, if the run lived to write it.
    pub report: Option<Value>,
}

/// Lists the loads that the work directory remembers, oldest first. Reads only.
pub fn past_loads(work_directory: &Path, pipeline: &str) -> Result<Vec<PastLoad>> {
    let folder = pipeline_folder(work_directory, pipeline).join("history");
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let loads = sorted_folders(&folder)?;
    Ok(loads
        .iter()
        .map(|load| PastLoad {
            load_id: load.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            report: std::fs::read(load.join(REPORT_FILE))
                .ok()
                .and_then(|json| serde_json::from_slice(&json).ok()),
        })
        .collect())
}

/// Keeps the report beside the ledger of the load it is about.
pub(crate) fn keep_report(archived: &Path, report: &RunReport) -> Result<()> {
    write_json(&archived.join(REPORT_FILE), report)
}
