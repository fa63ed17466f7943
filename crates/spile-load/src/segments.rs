//! Segments of a package, opened and grouped for destinations that read them row by row.

use std::fs::File;
use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use spile_core::{Error, ErrorKind, Result, SealedPackage, SegmentFile};

/// Rows that are decoded at once.
pub(crate) const BATCH_ROWS: usize = 4096;

/// An open segment.
pub(crate) type Segment = ParquetRecordBatchReaderBuilder<File>;

/// Opens a segment.
pub(crate) fn open(folder: &Path, segment: &SegmentFile) -> Result<Segment> {
    let file = File::open(folder.join(&segment.file)).map_err(unreadable)?;
    Ok(Segment::try_new(file).map_err(unreadable)?.with_batch_size(BATCH_ROWS))
}

/// Makes the error of a segment that cannot be read.
pub(crate) fn unreadable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::State, "destination/segment", "a segment of the package cannot be read")
        .source_error(cause)
}

/// Refuses a package that must not be committed here.
pub(crate) fn check_addressed(package: &SealedPackage, dataset: &str, read_only: bool) -> Result<()> {
    if read_only {
        return Err(Error::new(
            ErrorKind::Bug,
            "destination/read-only",
            "a destination that was opened for reading was asked to commit",
        ));
    }
    if package.manifest.dataset != dataset {
        return Err(Error::new(
            ErrorKind::State,
            "destination/dataset",
            "the package was made for another dataset",
        )
        .with("load_id", &package.manifest.load_id)
        .with("package", &package.manifest.dataset)
        .with("destination", dataset));
    }
    Ok(())
}
