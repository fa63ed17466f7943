//! Files that survive a kill and a power cut: written aside, synced, renamed, the folder synced.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use spile_core::{Error, ErrorKind, Result};

/// Writes a file so that a reader sees the old content or the new, never a part.
pub(crate) fn write_file(path: &Path, content: &[u8]) -> Result<()> {
    let aside = path.with_extension("tmp");
    let write = || {
        let mut file = File::create(&aside)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        sync_folder_io(path.parent().unwrap_or(Path::new(".")))
    };
    write().map_err(|error| io_error("write", path, error))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    sync_folder_io(folder).map_err(|error| io_error("sync", folder, error))
}

#[cfg(unix)]
fn sync_folder_io(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Other systems cannot open a folder as a file; a rename there is durable with the next journal write.
#[cfg(not(unix))]
fn sync_folder_io(_folder: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Makes the error of a failed file operation in the work directory.
pub(crate) fn io_error(verb: &str, path: &Path, error: std::io::Error) -> Error {
    let hint = match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            "Check the permissions of the folder, or choose another with --workdir."
        }
        std::io::ErrorKind::StorageFull => {
            "Free some disk space and run the same command again; it goes on from where it stopped."
        }
        _ => "Check that the folder exists and can be written, or choose another with --workdir.",
    };
    Error::new(ErrorKind::State, "state/io", format!("could not {verb} {}", path.display()))
        .hint(hint)
        .source_error(error)
}
