//! A load package on disk: open while pages are staged, sealed when its manifest is durable.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::Value;
use spile_core::{
    Clearing, Error, ErrorKind, Manifest, PageEvidence, ParentRow, Plan, Result, Schema, SchemaChange,
    SealedPackage, SegmentFile, TableLoad, WriteDisposition,
};
use spile_normalize::{Flushed, Remarks};

use crate::durable;
use crate::evidence::ResourceEvidence;
use crate::ledger::{self, Entry, LEDGER_VERSION, Ledger, Opened, Staged};
use crate::segment;
use crate::workdir::Workdir;

const LEDGER_FILE: &str = "ledger";
const MANIFEST_FILE: &str = "manifest.json";
const SCHEMA_FILE: &str = "schema.json";
/// Format of manifests.
pub(crate) const MANIFEST_VERSION: u32 = 1;

/// A package that still grows.
pub(crate) struct OpenPackage {
    pub(crate) folder: PathBuf,
    pub(crate) opened: Opened,
    /// What the ledger says, by resource.
    pub(crate) evidence: IndexMap<String, ResourceEvidence>,
    /// Schema changes of the segments so far.
    pub(crate) changes: Vec<SchemaChange>,
    /// What is worth telling about the rows so far.
    pub(crate) remarks: Remarks,
    ledger: Ledger,
    files: Vec<(String, SegmentFile)>,
    next_segment: u32,
}

impl OpenPackage {
    /// Makes an empty package with its ledger.
    pub(crate) fn create(workdir: &Workdir, opened: Opened) -> Result<Self> {
        let folder = workdir.create_package(&opened.load_id)?;
        let ledger = Ledger::create(&folder.join(LEDGER_FILE), opened.clone())?;
        durable::sync_folder(&folder)?;
        Ok(Self {
            folder,
            opened,
            evidence: IndexMap::new(),
            changes: Vec::new(),
            remarks: Remarks::default(),
            ledger,
            files: Vec::new(),
            next_segment: 0,
        })
    }

    /// Reads the package that an interrupted run left, or `None` when its ledger holds nothing usable.
    pub(crate) fn reopen(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(LEDGER_FILE);
        if !path.exists() {
            return Ok(None);
        }
        let mut opened = None;
        let mut evidence: IndexMap<String, ResourceEvidence> = IndexMap::new();
        let (mut changes, mut files, mut next_segment) = (Vec::new(), Vec::new(), 0);
        let mut remarks = Remarks::default();
        let valid_bytes = ledger::replay(&path, |entry| match entry {
            Entry::Opened(entry) => opened = Some(entry),
            Entry::Staged(staged) => {
                for page in &staged.pages {
                    let resource = evidence.entry(page.resource.clone()).or_default();
                    resource.add(page);
                    resource.pages_resumed += 1;
                }
                remarks.extend(&staged.remarks);
                changes.extend(staged.changes);
                files.extend(staged.files);
                next_segment = staged.segment + 1;
            }
        })?;
        let Some(opened) = opened.filter(|opened| opened.version == LEDGER_VERSION) else { return Ok(None) };
        if !files.iter().all(|(_, file)| is_whole(folder, file)) {
            return Ok(None);
        }
        remove_strays(folder, &files)?;
        let ledger = Ledger::reopen(&path, valid_bytes)?;
        Ok(Some(Self {
            folder: folder.to_owned(),
            opened,
            evidence,
            changes,
            remarks,
            ledger,
            files,
            next_segment,
        }))
    }

    /// Makes rows and their pages durable: files first, then the ledger says so.
    pub(crate) fn stage(&mut self, flushed: &Flushed, pages: Vec<PageEvidence>) -> Result<()> {
        let segment = self.next_segment;
        let mut files = Vec::with_capacity(flushed.batches.len());
        for (index, batch) in flushed.batches.iter().enumerate() {
            // The number keeps two tables apart whose names differ only in what a file system folds together.
            let name = format!("{segment:06}-{index:03}.parquet");
            files.push((batch.table.clone(), segment::write(&self.folder, name, batch)?));
        }
        if !files.is_empty() {
            durable::sync_folder(&self.folder)?;
        }
        for page in &pages {
            self.evidence.entry(page.resource.clone()).or_default().add(page);
        }
        self.files.extend(files.iter().cloned());
        self.remarks.extend(&flushed.remarks);
        let staged = Staged {
            segment,
            files,
            changes: flushed.changes.clone(),
            pages,
            remarks: flushed.remarks.clone(),
        };
        self.ledger.append(&self.folder.join(LEDGER_FILE), &Entry::Staged(staged))?;
        self.next_segment += 1;
        Ok(())
    }

    /// Reads the rows that a resource has given to its children, from a number on.
    pub(crate) fn offers(&self, resource: &str, from: u64) -> Result<Vec<ParentRow>> {
        let mut rows = Vec::new();
        let mut ordinal = 0;
        ledger::replay(&self.folder.join(LEDGER_FILE), |entry| {
            let Entry::Staged(staged) = entry else { return };
            for page in staged.pages.into_iter().filter(|page| page.resource == resource) {
                for values in page.family.offers {
                    if ordinal >= from {
                        rows.push(ParentRow { ordinal, values });
                    }
                    ordinal += 1;
                }
            }
        })?;
        Ok(rows)
    }

    /// Returns the segments so far, each with its table.
    pub(crate) fn files(&self) -> &[(String, SegmentFile)] {
        &self.files
    }

    /// Returns how many pages are staged.
    pub(crate) fn pages(&self) -> u64 {
        self.evidence.values().map(|resource| resource.pages).sum()
    }

    /// Writes the manifest. From here on the package is only loaded, never changed.
    pub(crate) fn seal(
        self,
        plan: &Plan,
        roots: &[(String, WriteDisposition)],
        schema: Schema,
        (state, clearing): (Option<Value>, Clearing),
    ) -> Result<SealedPackage> {
        let manifest = Manifest {
            version: MANIFEST_VERSION,
            load_id: self.opened.load_id.clone(),
            pipeline: plan.pipeline.clone(),
            dataset: plan.dataset.clone(),
            destination: self.opened.destination.clone(),
            fingerprint: plan.fingerprint.clone(),
            clearing,
            tables: table_loads(roots, &schema, &self.files),
            state,
            pages: self.pages(),
            sealed_at: crate::clock::now().to_string(),
        };
        write_json(&self.folder.join(SCHEMA_FILE), &spile_load::schema_to_json(&schema))?;
        write_json(&self.folder.join(MANIFEST_FILE), &manifest)?;
        Ok(SealedPackage { folder: self.folder, manifest, schema })
    }
}

/// Returns whether the folder holds a sealed package.
pub(crate) fn is_sealed(folder: &Path) -> bool {
    folder.join(MANIFEST_FILE).exists()
}

/// Reads a sealed package.
pub(crate) fn read_sealed(folder: &Path) -> Result<SealedPackage> {
    let manifest: Manifest = read_json(&folder.join(MANIFEST_FILE))?;
    let schema: Value = read_json(&folder.join(SCHEMA_FILE))?;
    Ok(SealedPackage { folder: folder.to_owned(), manifest, schema: spile_load::schema_from_json(&schema)? })
}

/// Reads the evidence of a package's ledger, and what is worth telling about its rows.
pub(crate) fn read_evidence(folder: &Path) -> Result<(IndexMap<String, ResourceEvidence>, Remarks)> {
    let mut evidence: IndexMap<String, ResourceEvidence> = IndexMap::new();
    let mut remarks = Remarks::default();
    ledger::replay(&folder.join(LEDGER_FILE), |entry| {
        if let Entry::Staged(staged) = entry {
            remarks.extend(&staged.remarks);
            for page in &staged.pages {
                let resource = evidence.entry(page.resource.clone()).or_default();
                resource.add(page);
                resource.pages_resumed += 1;
            }
        }
    })?;
    Ok((evidence, remarks))
}

fn table_loads(
    roots: &[(String, WriteDisposition)],
    schema: &Schema,
    files: &[(String, SegmentFile)],
) -> Vec<TableLoad> {
    let mut loads: Vec<TableLoad> = Vec::new();
    for (root, write_disposition) in roots {
        if loads.iter().any(|load| &load.root == root) {
            continue;
        }
        let chain: BTreeSet<&str> = schema.chain(root).iter().map(|table| table.name.as_str()).collect();
        let segments: Vec<_> =
            files.iter().filter(|(table, _)| chain.contains(table.as_str())).cloned().collect();
        // A replace without rows still empties the table; the others have nothing to do.
        if !segments.is_empty() || *write_disposition == WriteDisposition::Replace {
            loads.push(TableLoad { root: root.clone(), write_disposition: *write_disposition, segments });
        }
    }
    loads
}

fn is_whole(folder: &Path, file: &SegmentFile) -> bool {
    fs::metadata(folder.join(&file.file)).is_ok_and(|metadata| metadata.len() == file.bytes)
}

/// Removes files that the ledger does not name: they were being written when the run died.
fn remove_strays(folder: &Path, files: &[(String, SegmentFile)]) -> Result<()> {
    let known: BTreeSet<&str> = files.iter().map(|(_, file)| file.file.as_str()).collect();
    let entries = fs::read_dir(folder).map_err(|error| durable::io_error("read", folder, error))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let stray = name.to_str().is_none_or(|name| name != LEDGER_FILE && !known.contains(name));
        if stray {
            fs::remove_file(entry.path())
                .map_err(|error| durable::io_error("remove", &entry.path(), error))?;
        }
    }
    Ok(())
}

pub(crate) fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<()> {
    let json = serde_json::to_vec_pretty(value).expect("a manifest has string keys only");
    durable::write_file(path, &json)
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = fs::read(path).map_err(|error| durable::io_error("read", path, error))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        Error::new(ErrorKind::State, "state/manifest", format!("could not understand {}", path.display()))
            .hint("The file was changed by hand or by another version of Spile; restore it, or remove its folder to fetch the data again.")
            .source_error(error)
    })
}
