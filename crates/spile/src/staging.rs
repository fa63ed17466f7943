//! Takes pages off the network path, normalises them and makes them durable in segments.
//!
//! Runs on a thread of its own. Pages wait in a bounded channel; rows wait in the normaliser until a segment is worth
//! writing or old enough. After a kill at most the pages since the last segment are fetched again.

use std::time::{Duration, Instant};

use spile_core::{Page, PageEvidence, Result};
use spile_normalize::Normalizer;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Receiver;

use crate::package::OpenPackage;

/// Rows that make a segment worth writing.
const SEGMENT_ROWS: u64 = 60_000;
/// Bytes that make a segment worth writing.
const SEGMENT_BYTES: u64 = 24 << 20;
/// A segment is written when its first page has waited this long ...
const SEGMENT_AGE_MIN: Duration = Duration::from_secs(1);
/// ... or this part of the run so far, so that a slow API does not make a file a second for days.
const SEGMENT_AGE_PART: u32 = 50;

/// Stages every page of the channel; returns when the channel is closed and all is durable.
pub(crate) fn stage_pages(
    mut pages: Receiver<Page>,
    package: &mut OpenPackage,
    normalizer: &mut Normalizer,
    runtime: &Handle,
) -> Result<()> {
    let started = Instant::now();
    let mut pending: Vec<PageEvidence> = Vec::new();
    let mut due: Option<Instant> = None;
    loop {
        let received = runtime.block_on(async {
            match due {
                Some(due) => tokio::time::timeout_at(due.into(), pages.recv()).await.ok(),
                None => Some(pages.recv().await),
            }
        });
        match received {
            Some(Some(page)) => {
                // A resource that is fetched for its children only has no table.
                if !page.records.is_empty() {
                    normalizer.push(&page)?;
                }
                pending.push(page.evidence);
                due.get_or_insert_with(|| {
                    Instant::now() + SEGMENT_AGE_MIN.max(started.elapsed() / SEGMENT_AGE_PART)
                });
                let full = normalizer.buffered_rows() >= SEGMENT_ROWS
                    || normalizer.buffered_bytes() >= SEGMENT_BYTES;
                // A busy channel never lets the timeout fire, so age is looked at here as well.
                if full || due.is_some_and(|due| Instant::now() >= due) {
                    flush(package, normalizer, &mut pending)?;
                    due = None;
                }
            }
            Some(None) => return flush(package, normalizer, &mut pending),
            None => {
                flush(package, normalizer, &mut pending)?;
                due = None;
            }
        }
    }
}

fn flush(
    package: &mut OpenPackage,
    normalizer: &mut Normalizer,
    pending: &mut Vec<PageEvidence>,
) -> Result<()> {
    if pending.is_empty() {
        return Ok(());
    }
    let flushed = normalizer.flush()?;
    package.stage(&flushed, std::mem::take(pending))
}
