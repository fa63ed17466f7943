//! The folder of one pipeline: its lock, its packages under way and its finished loads.
//!
//! ```text
//! <work directory>/<pipeline>/lock
//!                             packages/<load id>/   ledger, segments, manifest.json once sealed
//!                             history/<load id>/    ledger, manifest.json, report.json of a committed load
//! ```

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use spile_core::{Error, ErrorKind, Result};

use crate::durable::io_error;

/// Committed loads whose ledger is kept.
const HISTORY_MAX: usize = 10;

/// The locked folder of a pipeline. The lock goes with the value.
pub(crate) struct Workdir {
    folder: PathBuf,
    _lock: File,
}

impl Workdir {
    /// Makes the folder and takes its lock.
    pub(crate) fn open(root: &Path, pipeline: &str) -> Result<Self> {
        let folder = pipeline_folder(root, pipeline);
        for part in ["packages", "history"] {
            let path = folder.join(part);
            fs::create_dir_all(&path).map_err(|error| io_error("create", &path, error))?;
        }
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(|error| io_error("create", &path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::new(
                ErrorKind::State,
                "state/locked",
                format!("another run of pipeline `{pipeline}` is under way in {}", folder.display()),
            )
            .hint("Wait for it to end, or give this run another name with --pipeline.")),
            Err(TryLockError::Error(error)) => Err(io_error("lock", &path, error)),
        }
    }

    /// Returns the folder of a new package; it is made, empty.
    pub(crate) fn create_package(&self, load_id: &str) -> Result<PathBuf> {
        let folder = self.folder.join("packages").join(load_id);
        fs::create_dir(&folder).map_err(|error| io_error("create", &folder, error))?;
        crate::durable::sync_folder(&self.folder.join("packages"))?;
        Ok(folder)
    }

    /// Lists the packages under way, oldest first.
    pub(crate) fn packages(&self) -> Result<Vec<PathBuf>> {
        sorted_folders(&self.folder.join("packages"))
    }

    /// Moves a committed package to the history, without its rows, and forgets the oldest ones.
    pub(crate) fn archive(&self, folder: &Path) -> Result<PathBuf> {
        let segments = fs::read_dir(folder).map_err(|error| io_error("read", folder, error))?;
        let name = folder.file_name().unwrap_or_default();
        let target = self.folder.join("history").join(name);
        if target.exists() {
            fs::remove_dir_all(&target).map_err(|error| io_error("remove", &target, error))?;
        }
        // The rename comes first: a package is under way or archived, never half of each.
        let files: Vec<_> = segments.flatten().map(|entry| entry.file_name()).collect();
        fs::rename(folder, &target).map_err(|error| io_error("move", folder, error))?;
        for file in files {
            if Path::new(&file).extension().is_some_and(|extension| extension == "parquet") {
                let path = target.join(file);
                fs::remove_file(&path).map_err(|error| io_error("remove", &path, error))?;
            }
        }
        let history = sorted_folders(&self.folder.join("history"))?;
        for old in history.iter().rev().skip(HISTORY_MAX) {
            fs::remove_dir_all(old).map_err(|error| io_error("remove", old, error))?;
        }
        Ok(target)
    }
}

/// Removes a package that will not be loaded.
pub(crate) fn discard(package: &Path) -> Result<()> {
    fs::remove_dir_all(package).map_err(|error| io_error("remove", package, error))
}

/// Returns the folder of a pipeline.
pub(crate) fn pipeline_folder(root: &Path, pipeline: &str) -> PathBuf {
    // A name is used as one path part; what could leave the folder is replaced.
    let safe: String = pipeline
        .chars()
        .map(|character| {
            if character.is_alphanumeric() || matches!(character, '_' | '-' | '.') { character } else { '_' }
        })
        .collect();
    root.join(if safe.starts_with('.') { format!("_{safe}") } else { safe })
}

/// Lists the folders in a folder by name.
pub(crate) fn sorted_folders(path: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(path).map_err(|error| io_error("read", path, error))?;
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|entry| entry.is_dir()).collect();
    folders.sort();
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_run_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let first = Workdir::open(root.path(), "p").unwrap();
        let Err(error) = Workdir::open(root.path(), "p") else { panic!("the lock was taken twice") };
        assert_eq!(error.code(), "state/locked");
        assert!(Workdir::open(root.path(), "q").is_ok());
        drop(first);
        assert!(Workdir::open(root.path(), "p").is_ok());
    }

    #[test]
    fn names_stay_inside() {
        assert_eq!(pipeline_folder(Path::new("/w"), "../x/y"), Path::new("/w/_.._x_y"));
    }
}
