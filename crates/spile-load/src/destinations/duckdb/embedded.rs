//! DuckDB's library inside the program, unpacked once per user and version.
//!
//! The folder's name holds the hash of its contents. It is filled under another name and then renamed, so that a folder
//! of the final name is complete. A folder that belongs to somebody else, or that others may write, is not trusted.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use spile_core::{Error, ErrorKind, Result};

include!(concat!(env!("OUT_DIR"), "/embedded_duckdb.rs"));

/// Unpacks the libraries unless they are there and returns the path of one of them.
pub(super) fn unpack(cache: Option<&Path>, file_name: &str) -> Result<PathBuf> {
    let cache = cache.map_or_else(std::env::temp_dir, Path::to_path_buf);
    let folder = cache.join(format!("spile-duckdb-{HASH}"));
    unpack_into(&cache, &folder).map_err(|error| {
        Error::new(
            ErrorKind::Destination,
            "destination/duckdb-library",
            "duckdb's embedded library cannot be unpacked",
        )
        .with("folder", folder.display())
        .source_error(error)
        .hint("Make the folder writable, or set SPILE_DUCKDB_LIBRARY to the path of DuckDB's shared library.")
    })?;
    Ok(folder.join(file_name))
}

fn unpack_into(cache: &Path, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(cache)?;
    let partial = folder.with_extension(format!("{}.partial", std::process::id()));
    if partial.exists() {
        // Left behind by a process that was killed and had our number.
        fs::remove_dir_all(&partial)?;
    }
    create_private(&partial)?;
    let result = if folder.exists() {
        trust(folder, &partial)
    } else {
        fill(&partial).and_then(|()| match fs::rename(&partial, folder) {
            // Another process was faster.
            Err(_) if folder.exists() => trust(folder, &partial),
            renamed => renamed,
        })
    };
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    result
}

fn fill(folder: &Path) -> io::Result<()> {
    for (name, packed) in FILES {
        let mut file = File::create(folder.join(name))?;
        zstd::stream::copy_decode(*packed, &mut file)?;
        file.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn create_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)
}

/// Checks that a folder is ours: it has the owner of a folder that this process just made, and nobody else may write.
#[cfg(unix)]
fn trust(folder: &Path, ours: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let (found, ours) = (fs::symlink_metadata(folder)?, fs::symlink_metadata(ours)?);
    if found.is_dir() && found.uid() == ours.uid() && found.mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "the folder belongs to another user"))
}

#[cfg(not(unix))]
fn trust(_folder: &Path, _ours: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_unpacked_once_and_only_trusted_when_it_is_ours() {
        let cache = tempfile::tempdir().unwrap();
        let (name, _) = FILES[0];
        let path = unpack(Some(cache.path()), name).unwrap();
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(unpack(Some(cache.path()), name).unwrap(), path);
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(path.parent().unwrap(), fs::Permissions::from_mode(0o777)).unwrap();
            let error = unpack(Some(cache.path()), name).unwrap_err();
            assert_eq!(error.code(), "destination/duckdb-library");
        }
    }
}
