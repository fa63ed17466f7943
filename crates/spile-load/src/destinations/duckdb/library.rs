//! Finding DuckDB's shared library.
//!
//! Order: the file the user names; the places the caller names (next to the program, inside a wheel); the library
//! embedded at build time; the system's own search. The first that exists is loaded; one that exists and does not load
//! is an error, never skipped, since another version in its place would be a surprise.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};

use adbc_core::options::AdbcVersion;
use adbc_driver_manager::ManagedDriver;
use spile_core::{Error, ErrorKind, Result};

use crate::open::OpenOptions;

/// DuckDB's ADBC entry point, a part of every DuckDB library.
const ENTRY_POINT: &[u8] = b"duckdb_adbc_init";

/// Loads the library.
pub(super) fn load(options: &OpenOptions) -> Result<ManagedDriver> {
    match find(options)? {
        Some(path) => load_file(&path).map_err(|error| {
            failed("duckdb's library cannot be loaded", error).with("library", path.display())
        }),
        None => load_file(Path::new(&file_name()))
            .map_err(|error| failed("duckdb's library was not found", error).with("library", file_name())),
    }
}

/// Returns the library's file name on this system.
fn file_name() -> String {
    // DuckDB's Windows library has no prefix, as is the custom there.
    format!("{DLL_PREFIX}duckdb{DLL_SUFFIX}")
}

/// Returns the library outside of the system's search; `None`: leave it to the system.
fn find(options: &OpenOptions) -> Result<Option<PathBuf>> {
    if let Some(path) = &options.duckdb_library {
        return Ok(Some(in_folder(path)));
    }
    let found = options.library_search.iter().map(|place| in_folder(place)).find(|path| path.is_file());
    if found.is_some() {
        return Ok(found);
    }
    embedded(options)
}

#[cfg(feature = "embed-duckdb")]
fn embedded(options: &OpenOptions) -> Result<Option<PathBuf>> {
    super::embedded::unpack(options.cache_directory.as_deref(), &file_name()).map(Some)
}

#[cfg(not(feature = "embed-duckdb"))]
#[expect(clippy::unnecessary_wraps, reason = "the embedded library can fail to unpack")]
fn embedded(_options: &OpenOptions) -> Result<Option<PathBuf>> {
    Ok(None)
}

/// Returns the file itself, or the library inside a folder.
fn in_folder(place: &Path) -> PathBuf {
    if place.is_dir() { place.join(file_name()) } else { place.to_path_buf() }
}

fn load_file(path: &Path) -> Result<ManagedDriver, adbc_core::error::Error> {
    ManagedDriver::load_dynamic_from_filename(path, Some(ENTRY_POINT), AdbcVersion::V110)
}

fn failed(message: &str, cause: adbc_core::error::Error) -> Error {
    Error::new(ErrorKind::Destination, "destination/duckdb-library", message).source_error(cause).hint(
        "Set SPILE_DUCKDB_LIBRARY to the path of DuckDB's shared library, or put the library next to the program. \
         The script scripts/duckdb-library gets one.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explicit_file_is_the_only_one_tried() {
        let options = OpenOptions {
            duckdb_library: Some("does/not/exist".into()),
            library_search: vec!["nor/this".into()],
            ..OpenOptions::default()
        };
        let error = load(&options).unwrap_err();
        assert_eq!(error.code(), "destination/duckdb-library");
        assert_eq!(error.context(), [("library", "does/not/exist".to_owned())]);
        assert!(error.hint_text().is_some_and(|hint| hint.contains("SPILE_DUCKDB_LIBRARY")));
    }
}
