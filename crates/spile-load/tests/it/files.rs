//! Destinations that have files: where they are, and a look into them with DuckDB.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use futures_util::TryStreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ClientOptions, ObjectStore as _, ObjectStoreExt as _};
use spile_core::StoredTable;
use url::Url;

use crate::fixture::Kind;

const BUCKET: &str = "spile-tests";

/// The files of one test.
pub(crate) struct Files {
    kind: Kind,
    folder: PathBuf,
    name: String,
}

impl Files {
    pub(crate) fn new(kind: Kind, folder: PathBuf, name: &str) -> Self {
        Self { kind, folder, name: name.to_owned() }
    }

    /// Returns a location of the destination. Parquet has types, so that the clauses read what they read elsewhere.
    pub(crate) fn location(&self) -> String {
        match self.kind {
            Kind::Filesystem => format!("{}?format=parquet", Url::from_directory_path(&self.folder).unwrap()),
            Kind::Memory => format!("memory://{}?format=parquet", self.name),
            Kind::S3 => format!(
                "s3://{BUCKET}/{}?format=parquet&aws_access_key_id=k&aws_secret_access_key=s&endpoint_url={}",
                self.name,
                server().unwrap().url
            ),
            Kind::DuckDb | Kind::Postgres | Kind::Sqlite => panic!("{:?} has no files", self.kind),
        }
    }

    /// Returns all files, their names relative to the dataset.
    pub(crate) fn all(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = match self.kind {
            Kind::Filesystem => local_files(&self.folder),
            Kind::Memory => spile_load::memory_files(&self.name),
            Kind::S3 => bucket_files(&self.name),
            Kind::DuckDb | Kind::Postgres | Kind::Sqlite => Vec::new(),
        };
        files.retain_mut(|(name, _)| match name.strip_prefix("data/") {
            Some(rest) => {
                *name = rest.to_owned();
                true
            }
            None => false,
        });
        files.sort();
        files
    }

    /// Copies the files and returns the statements that make a schema `data` of them.
    pub(crate) fn views(&self, tables: &[StoredTable], copy: &Path) -> Vec<String> {
        let files = self.all();
        for (name, bytes) in &files {
            let path = copy.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let mut statements = vec!["CREATE SCHEMA data".to_owned()];
        for table in tables {
            let folder = format!("{}/", table.name);
            let paths: Vec<String> = files
                .iter()
                .filter(|(name, _)| name.starts_with(&folder))
                .map(|(name, _)| format!("'{}'", copy.join(name).display()))
                .collect();
            let columns: Vec<String> = table
                .columns
                .iter()
                .map(|(name, _)| format!("\"{}\" VARCHAR", name.replace('"', "\"\"")))
                .collect();
            statements.push(match paths.first() {
                None => format!("CREATE TABLE data.{} ({})", table.name, columns.join(", ")),
                Some(first) => {
                    let reader = if first.ends_with(".parquet'") { "read_parquet" } else { "read_json" };
                    let list = paths.join(", ");
                    format!(
                        "CREATE VIEW data.{} AS SELECT * FROM {reader}([{list}], union_by_name := true)",
                        table.name
                    )
                }
            });
        }
        statements
    }
}

fn local_files(root: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut files, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.push((name, std::fs::read(path).unwrap()));
            }
        }
    }
    files
}

fn bucket_files(prefix: &str) -> Vec<(String, Vec<u8>)> {
    let bucket = bucket(&server().unwrap().url);
    runtime().block_on(async {
        let listed: Vec<_> = bucket.list(Some(&prefix.into())).try_collect().await.unwrap();
        let mut files = Vec::new();
        for file in listed {
            let bytes = bucket.get(&file.location).await.unwrap().bytes().await.unwrap();
            let name =
                file.location.as_ref().strip_prefix(prefix).unwrap().trim_start_matches('/').to_owned();
            files.push((name, bytes.to_vec()));
        }
        files
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn bucket(url: &str) -> AmazonS3 {
    AmazonS3Builder::new()
        .with_bucket_name(BUCKET)
        .with_endpoint(url)
        .with_access_key_id("k")
        .with_secret_access_key("s")
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .build()
        .unwrap()
}

/// The S3-compatible server of this process; it stops when our end of its standard input is closed.
struct Server {
    url: String,
    _process: Child,
}

fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            let python = std::env::var_os("SPILE_TEST_PYTHON")?;
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/s3/server.py");
            let mut process = Command::new(python)
                .arg(script)
                .arg(BUCKET)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut url = String::new();
            std::io::BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
            if url.is_empty() {
                assert_eq!(process.wait().unwrap().code(), Some(3), "the server did not start");
                return None;
            }
            Some(Server { url: url.trim_end().to_owned(), _process: process })
        })
        .as_ref()
}

/// Returns whether there is a server to test with, and says so when there is none.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
pub(crate) fn has_s3() -> bool {
    let found = server().is_some();
    if !found {
        eprintln!("skipped: SPILE_TEST_PYTHON is not set to a Python with moto; scripts/test does that");
    }
    found
}

/// A `replace` whose answer was lost is sent again, meanwhile in another format: its files are not taken for old ones.
#[test]
fn a_load_in_another_format_is_still_the_same_load() {
    use serde_json::json;
    use spile_core::{DestinationPlan, Secret};

    use crate::fixture::{Fixture, options, user, users};

    let (fixture, schema) = (Fixture::new(Kind::Memory), users());
    let rows = vec![("users", json!([user(1, "a", "r1")]))];
    let package = fixture.package("1.0", &schema, &[("users", spile_core::WriteDisposition::Replace, rows)]);
    for format in ["parquet", "csv"] {
        let location = Secret::new(fixture.files().location().replace("parquet", format));
        let plan = DestinationPlan { kind: "memory".to_owned(), location };
        spile_load::open(&plan, &options()).unwrap().commit(&package).unwrap();
        let files = fixture.files().all();
        let rows: Vec<_> = files.iter().filter(|(name, _)| name.starts_with("users/")).collect();
        assert!(rows.len() == 1 && rows[0].0.ends_with(".parquet"), "{format}");
    }
}

/// What a writer that was killed has left in a folder goes away with the next try.
#[test]
fn what_a_kill_left_in_a_folder_goes_away() {
    use serde_json::json;

    use crate::fixture::{Fixture, user, users};

    let (fixture, schema) = (Fixture::new(Kind::Filesystem), users());
    let rows = vec![("users", json!([user(1, "a", "r1")]))];
    let load = [("users", spile_core::WriteDisposition::Append, rows)];
    fixture.load("1.0", &schema, &load);
    let folder = fixture.files().folder.join("data");
    let name = |table: &str| {
        let files = fixture.files().all();
        let name = files.into_iter().map(|(name, _)| name).find(|name| name.starts_with(table));
        folder.join(name.unwrap())
    };
    // As a kill before the load record leaves it: half a file beside the whole one of a try before, in another format.
    std::fs::remove_file(name("_dlt_loads/")).unwrap();
    let whole = name("users/");
    let other = whole.with_extension("csv");
    let half = folder.join(format!("{}#1", whole.display()));
    for left in [&other, &half] {
        std::fs::write(left, "left").unwrap();
    }
    fixture.load("1.0", &schema, &load);
    let left: Vec<_> =
        whole.parent().unwrap().read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [whole]);
}
