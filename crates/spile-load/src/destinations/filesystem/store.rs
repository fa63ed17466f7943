//! The files of one dataset, behind calls that wait.
//!
//! Names are relative to the dataset and have single slashes. Writing is whole or not at all: nobody sees half a file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::TryStreamExt as _;
use futures_util::stream::{self, StreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt as _, RetryConfig};
use spile_core::{Error, ErrorKind, Result};
use tokio::runtime::Runtime;

use super::location::{Location, Place, S3Options};

/// Files that are read or removed at the same time.
const FILES_AT_ONCE: usize = 16;
/// How often and how long a request to a bucket is tried.
const RETRIES_MAX: usize = 4;
const RETRY_TIME: std::time::Duration = std::time::Duration::from_mins(1);

/// The stores in the memory of this process.
static MEMORY: OnceLock<Mutex<BTreeMap<String, Arc<InMemory>>>> = OnceLock::new();

/// The files of a dataset.
pub(super) struct Store {
    files: Arc<dyn ObjectStore>,
    /// The folder of the dataset.
    root: Path,
    /// The same on this machine, if it is there.
    folder: Option<PathBuf>,
    runtime: Runtime,
    shown: String,
}

impl Store {
    /// Makes a store; nothing is sent yet.
    pub(super) fn open(location: &Location, dataset: &str) -> Result<Self> {
        let bad_path = |cause: object_store::path::Error| {
            Error::new(ErrorKind::Config, "destination/location", "the path of the url cannot be used")
                .source_error(cause)
        };
        let (files, base): (Arc<dyn ObjectStore>, Path) = match &location.place {
            Place::Folder(folder) => (
                // The folder need not exist yet, so the names start at the root of the file system.
                Arc::new(LocalFileSystem::new().with_fsync(true)),
                Path::from_absolute_path(folder).map_err(bad_path)?,
            ),
            Place::S3 { bucket, options } => {
                (Arc::new(bucket_of(bucket, options)?), Path::parse(&location.prefix).map_err(bad_path)?)
            }
            Place::Memory(name) => (memory(name), Path::parse(&location.prefix).map_err(bad_path)?),
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(
                |cause| {
                    Error::new(ErrorKind::Bug, "bug/runtime", "could not start the network threads")
                        .source_error(cause)
                },
            )?;
        let folder = match &location.place {
            Place::Folder(folder) => Some(folder.join(dataset)),
            Place::S3 { .. } | Place::Memory(_) => None,
        };
        Ok(Self { files, root: base.join(dataset), folder, runtime, shown: location.shown.clone() })
    }

    /// Checks that the place can be reached.
    pub(super) fn check(&self) -> Result<()> {
        let first = self.runtime.block_on(async { self.files.list(Some(&self.root)).next().await });
        match first {
            None | Some(Ok(_)) => Ok(()),
            Some(Err(cause)) => Err(self.explain(cause, "list", "")),
        }
    }

    /// Lists the files of a folder and of the folders in it, sorted. A folder that is not there has none.
    pub(super) fn list(&self, folder: &str) -> Result<Vec<String>> {
        let at = self.path(folder);
        let found =
            self.runtime.block_on(self.files.list(Some(&at)).map_ok(|file| file.location).try_collect());
        let found: Vec<Path> = match found {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => Vec::new(),
            Err(cause) => return Err(self.explain(cause, "list", folder)),
        };
        let mut names: Vec<String> = found
            .iter()
            .filter_map(|path| path.prefix_match(&self.root))
            .map(|parts| parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/"))
            .collect();
        names.sort();
        Ok(names)
    }

    /// Reads a file; `None`: there is none.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path(name);
        let read = self.runtime.block_on(async { self.files.get(&path).await?.bytes().await });
        match read {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(cause) => Err(self.explain(cause, "read", name)),
        }
    }

    /// Reads many files, in the order of the names. Those that are gone are left out.
    pub(super) fn read_all(&self, names: &[String]) -> Result<Vec<Vec<u8>>> {
        let read = stream::iter(names.iter().map(|name| async move {
            match async { self.files.get(&self.path(name)).await?.bytes().await }.await {
                Ok(bytes) => Ok(Some(Vec::from(bytes))),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(cause) => Err(self.explain(cause, "read", name)),
            }
        }))
        .buffered(FILES_AT_ONCE)
        .try_filter_map(|bytes| async move { Ok(bytes) })
        .try_collect();
        self.runtime.block_on(read)
    }

    /// Writes a file, over one of that name.
    pub(super) fn write(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        self.sweep(name)?;
        let path = self.path(name);
        let written = self.runtime.block_on(self.files.put(&path, bytes.into()));
        written.map(drop).map_err(|cause| self.explain(cause, "write", name))
    }

    /// Removes what a process that was killed while it wrote this file has left: a folder gets a file under another name,
    /// with a number, before it gets its own.
    fn sweep(&self, name: &str) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        for number in 1_u32.. {
            let left = folder.join(format!("{name}#{number}"));
            match std::fs::remove_file(&left) {
                Ok(()) => {}
                Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => break,
                Err(cause) => {
                    return Err(Error::new(
                        ErrorKind::Unavailable,
                        "destination/unreachable",
                        "what an earlier try left cannot be removed",
                    )
                    .with("file", left.display())
                    .hint("Remove the file, then run again; nothing that was fetched is lost.")
                    .source_error(cause));
                }
            }
        }
        Ok(())
    }

    /// Removes files; those that are gone already count as removed.
    pub(super) fn remove(&self, names: &[String]) -> Result<()> {
        let removed = stream::iter(names.iter().map(|name| async move {
            match self.files.delete(&self.path(name)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(cause) => Err(self.explain(cause, "remove", name)),
            }
        }))
        .buffered(FILES_AT_ONCE)
        .try_collect();
        self.runtime.block_on(removed)
    }

    fn path(&self, name: &str) -> Path {
        name.split('/').filter(|part| !part.is_empty()).fold(self.root.clone(), Path::join)
    }

    /// Says who must act. The causes name files and servers, never credentials.
    fn explain(&self, cause: object_store::Error, action: &'static str, name: &str) -> Error {
        use object_store::Error as Cause;
        let (kind, code, message, hint) = match &cause {
            Cause::PermissionDenied { .. } => (
                ErrorKind::Config,
                "destination/permission",
                "the place for the files refused an operation",
                "Grant the user or role rights to list, read, write and remove files there.",
            ),
            Cause::Unauthenticated { .. } => (
                ErrorKind::Config,
                "destination/login",
                "the bucket refused the credentials",
                "Check aws_access_key_id and aws_secret_access_key under destination.filesystem.credentials.",
            ),
            Cause::NotFound { .. } => (
                ErrorKind::Config,
                "destination/missing",
                "the bucket does not exist",
                "Create the bucket, or name another one in bucket_url.",
            ),
            _other => (
                ErrorKind::Unavailable,
                "destination/unreachable",
                "the place for the files cannot be used",
                "Check the network, endpoint_url and region_name, or the folder and its free space, then run again; \
                 nothing that was fetched is lost.",
            ),
        };
        let error = Error::new(kind, code, message).with("location", &self.shown).with("action", action);
        let error = if name.is_empty() { error } else { error.with("file", name) };
        error.hint(hint).source_error(cause)
    }
}

fn bucket_of(bucket: &str, options: &S3Options) -> Result<object_store::aws::AmazonS3> {
    let mut builder = AmazonS3Builder::new().with_bucket_name(bucket).with_retry(RetryConfig {
        max_retries: RETRIES_MAX,
        retry_timeout: RETRY_TIME,
        ..RetryConfig::default()
    });
    let mut client = ClientOptions::new();
    if let Some(endpoint) = &options.endpoint_url {
        client = client.with_allow_http(endpoint.starts_with("http://"));
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = &options.region {
        builder = builder.with_region(region);
    }
    if let Some(key) = &options.access_key_id {
        builder = builder.with_access_key_id(key);
    }
    if let Some(secret) = &options.secret_access_key {
        builder = builder.with_secret_access_key(secret.expose());
    }
    if let Some(token) = &options.session_token {
        builder = builder.with_token(token.expose());
    }
    builder.with_client_options(client).build().map_err(|cause| {
        Error::new(ErrorKind::Config, "destination/location", "the settings of the bucket cannot be used")
            .hint("Give both aws_access_key_id and aws_secret_access_key, or neither.")
            .source_error(cause)
    })
}

fn memory(name: &str) -> Arc<InMemory> {
    let stores = MEMORY.get_or_init(Mutex::default);
    // A thread that panicked here left a map that is whole.
    let mut stores = stores.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(stores.entry(name.to_owned()).or_default())
}

/// Returns the files of the memory destination with a name, sorted: what a test looks at.
pub fn memory_files(name: &str) -> Vec<(String, Vec<u8>)> {
    let files = memory(name);
    let read = async {
        let mut found = Vec::new();
        let mut listed = files.list(None);
        while let Ok(Some(file)) = listed.try_next().await {
            if let Ok(file_bytes) = async { files.get(&file.location).await?.bytes().await }.await {
                found.push((file.location.to_string(), Vec::from(file_bytes)));
            }
        }
        found
    };
    let mut found = futures_util::future::FutureExt::now_or_never(read).unwrap_or_default();
    found.sort();
    found
}
