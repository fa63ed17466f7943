//! Segments: Parquet files with rows of one table.

use std::fs::File;
use std::path::Path;

use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use spile_core::{Batch, Error, ErrorKind, Result, SegmentFile};

/// Writes a batch to a file and syncs it.
pub(crate) fn write(folder: &Path, file_name: String, batch: &Batch) -> Result<SegmentFile> {
    let path = folder.join(&file_name);
    let file = File::create(&path).map_err(|error| crate::durable::io_error("create", &path, error))?;
    // Segments are read once, whole, by the destination: statistics and dictionaries would be work for nobody.
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .build();
    let write = || {
        let mut writer = ArrowWriter::try_new(&file, batch.rows.schema(), Some(properties))?;
        writer.write(&batch.rows)?;
        writer.close()
    };
    write().map_err(|error| {
        Error::new(ErrorKind::State, "state/segment", format!("could not write {}", path.display()))
            .with("table", &batch.table)
            .hint("Check the free disk space of the work directory and run the same command again.")
            .source_error(error)
    })?;
    file.sync_all().map_err(|error| crate::durable::io_error("sync", &path, error))?;
    let bytes = file.metadata().map_err(|error| crate::durable::io_error("read", &path, error))?.len();
    Ok(SegmentFile { file: file_name, rows: batch.rows.num_rows() as u64, bytes })
}
