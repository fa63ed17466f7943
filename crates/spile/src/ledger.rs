//! The page ledger: an append-only journal, one checksummed line per entry.
//!
//! A line is eight hexadecimal digits of CRC-32, a space, and JSON. An entry counts only if its whole line is there
//! and the checksum holds; whatever follows the first line that fails is a torn tail and is cut off before anything
//! is added. Entries are synced before [`Ledger::append`] returns.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use spile_core::{PageEvidence, Result, SchemaChange, SegmentFile};
use spile_extract::Window;
use spile_normalize::Remarks;

use crate::durable::io_error;

/// Format of the journal.
pub(crate) const LEDGER_VERSION: u32 = 1;

/// The first entry: what the package is about, fixed once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Opened {
    pub(crate) version: u32,
    pub(crate) load_id: String,
    pub(crate) pipeline: String,
    pub(crate) dataset: String,
    pub(crate) destination: String,
    pub(crate) fingerprint: String,
    /// Hash of the stored schema and state that the package builds on.
    pub(crate) base: String,
    /// When the run started, ISO 8601. Windows end here.
    pub(crate) run_start: String,
    /// The windows of the incremental resources.
    pub(crate) windows: BTreeMap<String, Window>,
}

/// Some pages became durable rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Staged {
    /// Running number.
    pub(crate) segment: u32,
    /// (table, file), durable before this entry.
    pub(crate) files: Vec<(String, SegmentFile)>,
    /// How the schema grew.
    pub(crate) changes: Vec<SchemaChange>,
    /// The pages that these rows come from, per resource in order.
    pub(crate) pages: Vec<PageEvidence>,
    /// What is worth telling about these rows.
    #[serde(default, skip_serializing_if = "Remarks::is_empty")]
    pub(crate) remarks: Remarks,
}

/// A line of the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub(crate) enum Entry {
    /// See [`Opened`].
    Opened(Opened),
    /// See [`Staged`].
    Staged(Staged),
}

/// The journal, open for appending.
pub(crate) struct Ledger {
    file: File,
}

impl Ledger {
    /// Starts a journal with its first entry.
    pub(crate) fn create(path: &Path, opened: Opened) -> Result<Self> {
        let file = File::create_new(path).map_err(|error| io_error("create", path, error))?;
        let mut ledger = Self { file };
        ledger.append(path, &Entry::Opened(opened))?;
        Ok(ledger)
    }

    /// Opens a journal after its last whole entry and cuts off what follows.
    pub(crate) fn reopen(path: &Path, valid_bytes: u64) -> Result<Self> {
        let open = || {
            let file = OpenOptions::new().append(true).open(path)?;
            file.set_len(valid_bytes)?;
            file.sync_all()?;
            Ok(file)
        };
        open().map(|file| Self { file }).map_err(|error| io_error("open", path, error))
    }

    /// Adds an entry and syncs it.
    pub(crate) fn append(&mut self, path: &Path, entry: &Entry) -> Result<()> {
        let json = serde_json::to_string(entry).expect("a ledger entry has string keys only");
        let line = format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()));
        let mut write = || {
            self.file.write_all(line.as_bytes())?;
            self.file.sync_data()
        };
        write().map_err(|error| io_error("append to", path, error))
    }
}

/// Reads the whole entries of a journal in order and returns how many bytes they take.
pub(crate) fn replay(path: &Path, mut each: impl FnMut(Entry)) -> Result<u64> {
    let file = File::open(path).map_err(|error| io_error("open", path, error))?;
    let mut reader = BufReader::new(file);
    let mut valid_bytes = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).map_err(|error| io_error("read", path, error))?;
        match parse_line(&line) {
            Some(entry) => each(entry),
            None => return Ok(valid_bytes),
        }
        valid_bytes += length as u64;
    }
}

fn parse_line(line: &[u8]) -> Option<Entry> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (checksum, json) = line.split_at_checked(8)?;
    let json = json.strip_prefix(' ')?;
    if u32::from_str_radix(checksum, 16).ok()? != crc32fast::hash(json.as_bytes()) {
        return None;
    }
    serde_json::from_str(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> Opened {
        Opened {
            version: LEDGER_VERSION,
            load_id: "1.000000".into(),
            pipeline: "p".into(),
            dataset: "d".into(),
            destination: "duckdb:x".into(),
            fingerprint: "f".into(),
            base: "b".into(),
            run_start: "2026-01-01T00:00:00Z".into(),
            windows: BTreeMap::new(),
        }
    }

    fn staged(segment: u32) -> Entry {
        Entry::Staged(Staged {
            segment,
            files: vec![],
            changes: vec![],
            pages: vec![],
            remarks: Remarks::default(),
        })
    }

    fn count(path: &Path) -> (usize, u64) {
        let mut entries = 0;
        let valid = replay(path, |_| entries += 1).unwrap();
        (entries, valid)
    }

    #[test]
    fn a_torn_tail_is_cut_at_every_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let mut ledger = Ledger::create(&path, opened()).unwrap();
        ledger.append(&path, &staged(0)).unwrap();
        let (_, two_entries) = count(&path);
        ledger.append(&path, &staged(1)).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in two_entries as usize..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(count(&path), (2, two_entries), "cut at {cut}");
        }
        let mut ledger = Ledger::reopen(&path, two_entries).unwrap();
        ledger.append(&path, &staged(7)).unwrap();
        assert_eq!(count(&path).0, 3);
    }

    #[test]
    fn a_flipped_bit_ends_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        Ledger::create(&path, opened()).unwrap().append(&path, &staged(0)).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(count(&path), (0, 0));
    }
}
