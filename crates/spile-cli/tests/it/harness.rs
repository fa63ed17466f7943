//! A recording HTTP server, the binary under test and a look into the database it made.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use adbc_core::options::{AdbcVersion, OptionDatabase, OptionValue};
use adbc_core::{Connection, Database, Driver, Statement};
use adbc_driver_manager::ManagedDriver;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use serde_json::Value;

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Recorded {
    /// Returns a query parameter.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns a query parameter as a number.
    pub(crate) fn number(&self, name: &str, default: u64) -> u64 {
        self.param(name).map_or(default, |value| value.parse().unwrap())
    }

    /// Returns a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// Answers 200 with JSON.
    pub(crate) fn json(body: impl ToString) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "application/json".into())],
            body: body.to_string().into_bytes(),
        }
    }

    /// Answers 200 with something else.
    pub(crate) fn of(kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: vec![("content-type", kind.to_owned())], body: body.into() }
    }

    /// Changes the status.
    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A server on loopback that records what it is asked. It stops with the value.
pub(crate) struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Recorded>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    /// Serves every request with `handler`.
    pub(crate) fn start(handler: impl Fn(&Recorded) -> Reply + Send + Sync + 'static) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let handler = Arc::new(handler);
        let router = axum::Router::new().fallback(move |request: Request| {
            let (seen, handler) = (Arc::clone(&seen), Arc::clone(&handler));
            async move {
                let recorded = record(request).await;
                let reply = handler(&recorded);
                seen.lock().unwrap().push(recorded);
                let mut response = Response::builder().status(reply.status);
                for (name, value) in reply.headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(reply.body)).unwrap()
            }
        });
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, requests, _runtime: runtime }
    }

    /// Returns `http://127.0.0.1:PORT` with a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns what was asked since the last call.
    pub(crate) fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    /// Returns how many requests came since the last [`Server::take`].
    pub(crate) fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

async fn record(request: Request) -> Recorded {
    let (request, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let query = request.uri.query().unwrap_or_default();
    let headers = request.headers.iter();
    Recorded {
        method: request.method.to_string(),
        path: request.uri.path().to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("").to_owned()))
            .collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// A folder to run in, with the binary.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Returns the JSON document on standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts the exit status; shows all output when it differs.
    #[track_caller]
    pub(crate) fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

impl Place {
    /// Makes an empty folder.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// Sets an environment variable for the runs.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Copies a file of `testdata`.
    pub(crate) fn copy(&self, name: &str) -> PathBuf {
        let text = std::fs::read_to_string(repository().join("testdata").join(name)).unwrap();
        self.write(Path::new(name).file_name().unwrap().to_str().unwrap(), &text)
    }

    /// Returns a path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the command, with nothing of the caller's environment that could reach the config.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spile"));
        command.args(args).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        for name in ["HOME", "XDG_CACHE_HOME", "SPILE_DUCKDB_LIBRARY", "PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs to the end.
    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        let Output { status, stdout, stderr } = self.command(args).output().unwrap();
        Outcome {
            status: status.code().unwrap_or(-1),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Starts without waiting; standard error is piped.
    pub(crate) fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Asks the database; every value as text, NULL as an empty text.
    pub(crate) fn query(&self, database: &str, sql: &str) -> Vec<Vec<String>> {
        let library = std::env::var_os("SPILE_DUCKDB_LIBRARY").map_or_else(default_library, PathBuf::from);
        let mut driver =
            ManagedDriver::load_dynamic_from_filename(library, Some(b"duckdb_adbc_init"), AdbcVersion::V110)
                .unwrap();
        let path = self.path(database).to_str().unwrap().to_owned();
        let database = driver
            .new_database_with_opts([(OptionDatabase::Other("path".into()), OptionValue::String(path))])
            .unwrap();
        let mut connection = database.new_connection().unwrap();
        let mut statement = connection.new_statement().unwrap();
        statement.set_sql_query(sql).unwrap();
        let mut rows = Vec::new();
        let batches = statement.execute().unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        for batch in batches {
            let batch = batch.unwrap();
            let options = FormatOptions::default();
            let columns: Vec<_> = batch
                .columns()
                .iter()
                .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
                .collect();
            for row in 0..batch.num_rows() {
                rows.push(columns.iter().map(|column| column.value(row).to_string()).collect());
            }
        }
        rows
    }

    /// Asks the database for one row.
    pub(crate) fn row(&self, database: &str, sql: &str) -> Vec<String> {
        let mut rows = self.query(database, sql);
        assert_eq!(rows.len(), 1, "{sql}");
        rows.remove(0)
    }

    /// Reads the pages that the ledgers of a pipeline's packages under way hold.
    pub(crate) fn staged_pages(&self, pipeline: &str) -> Vec<Value> {
        ledger_pages(&self.path(".spile").join(pipeline).join("packages"))
    }

    /// Reads the pages that the ledgers of a pipeline's committed loads hold.
    pub(crate) fn committed_pages(&self, pipeline: &str) -> Vec<Value> {
        ledger_pages(&self.path(".spile").join(pipeline).join("history"))
    }
}

fn ledger_pages(folder: &Path) -> Vec<Value> {
    let mut pages = Vec::new();
    for package in std::fs::read_dir(folder).unwrap().flatten() {
        let Ok(ledger) = std::fs::read(package.path().join("ledger")) else { continue };
        for line in String::from_utf8_lossy(&ledger).split_inclusive('\n') {
            let Some((_, json)) = line.strip_suffix('\n').and_then(|line| line.split_once(' ')) else {
                continue;
            };
            let entry: Value = serde_json::from_str(json).unwrap();
            pages.extend(entry["pages"].as_array().into_iter().flatten().cloned());
        }
    }
    pages
}

fn default_library() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"), PathBuf::from);
    cache.join("spile/duckdb/libduckdb.so")
}

/// Returns the root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Asserts that a generated document is in the repository as it is made; `SPILE_UPDATE=1` writes it anew.
#[track_caller]
pub(crate) fn same_document(name: &str, text: &str) {
    let path = repository().join(name);
    if std::env::var_os("SPILE_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "run with SPILE_UPDATE=1: {name}");
}

/// Returns a Python that has the packages of `testdata/requirements.txt`; `scripts/test` makes it.
pub(crate) fn python() -> PathBuf {
    let path = std::env::var_os("SPILE_TEST_PYTHON").map_or_else(
        || default_library().parent().unwrap().parent().unwrap().join("venv/bin/python"),
        PathBuf::from,
    );
    assert!(path.exists(), "no Python with dlt at {}: run scripts/test, which makes it", path.display());
    path
}
