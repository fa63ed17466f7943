//! One database per test, and packages for it.
//!
//! A clause is a function of a [`Kind`]; [`clauses`] makes a test of it for every destination.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use adbc_core::options::{AdbcVersion, OptionDatabase, OptionValue};
use adbc_core::{Connection as _, Database as _, Driver as _, Statement as _};
use adbc_driver_manager::ManagedDriver;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use rusqlite::types::ValueRef;
use serde_json::{Value, json};
use spile_core::{
    ColumnSchema, DataType, Destination, DestinationPlan, Manifest, Result, Schema, SealedPackage, Secret,
    TableLoad, TableSchema, WriteDisposition,
};
use spile_load::OpenOptions;
use tempfile::TempDir;

use crate::{files, segment};

/// A destination under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    DuckDb,
    Filesystem,
    Memory,
    Postgres,
    S3,
    Sqlite,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::DuckDb, Self::Filesystem, Self::Memory, Self::Postgres, Self::S3, Self::Sqlite];

    /// Returns the name in the table of destinations.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::DuckDb => "duckdb",
            Self::Filesystem | Self::S3 => "filesystem",
            Self::Memory => "memory",
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }

    /// Returns whether it keeps its tables in files that are no database.
    pub(crate) fn has_files(self) -> bool {
        matches!(self, Self::Filesystem | Self::Memory | Self::S3)
    }

    /// Returns expressions whose values [`Fixture::query`] shows the same everywhere: one per type of dlt.
    pub(crate) fn texts_of_types(self) -> &'static str {
        match self {
            Self::DuckDb | Self::Filesystem | Self::Memory | Self::S3 => {
                "name, (\"at\" AT TIME ZONE 'UTC')::text, price, ratio, large, doc->'a'->>0, lower(hex(raw)), \
                 day::text, hour::text, ok::text"
            }
            Self::Postgres => {
                "name, (\"at\" AT TIME ZONE 'UTC')::text, price, ratio, large, doc->'a'->>0, encode(raw, 'hex'), \
                 day::text, hour::text, ok::text"
            }
            Self::Sqlite => {
                "name, \"at\", iif(price IS NULL, NULL, printf('%.9f', price)), ratio, large, doc->'a'->>0, \
                 iif(raw IS NULL, NULL, lower(hex(raw))), day, \
                 rtrim(hour, '0'), iif(ok, 'true', NULL)"
            }
        }
    }

    /// Returns whether it can be tested on this machine, and says so when it cannot.
    pub(crate) fn is_here(self) -> bool {
        match self {
            Self::DuckDb | Self::Filesystem | Self::Memory | Self::Sqlite => true,
            Self::Postgres => has_postgres(),
            Self::S3 => files::has_s3(),
        }
    }
}

/// Makes one test per clause and SQL destination.
macro_rules! clauses {
    ($($clause:ident),* $(,)?) => {
        crate::fixture::tests_of!(duckdb, DuckDb, $($clause),*);
        crate::fixture::tests_of!(postgres, Postgres, $($clause),*);
        crate::fixture::tests_of!(sqlite, Sqlite, $($clause),*);
    };
}
pub(crate) use clauses;

/// Makes one test per clause and destination of any kind.
macro_rules! promises {
    ($($clause:ident),* $(,)?) => {
        crate::fixture::tests_of!(duckdb, DuckDb, $($clause),*);
        crate::fixture::tests_of!(filesystem, Filesystem, $($clause),*);
        crate::fixture::tests_of!(memory, Memory, $($clause),*);
        crate::fixture::tests_of!(postgres, Postgres, $($clause),*);
        crate::fixture::tests_of!(s3, S3, $($clause),*);
        crate::fixture::tests_of!(sqlite, Sqlite, $($clause),*);
    };
}
pub(crate) use promises;

macro_rules! tests_of {
    ($module:ident, $kind:ident, $($clause:ident),*) => {
        mod $module {
            $(#[test]
            fn $clause() {
                if crate::fixture::Kind::$kind.is_here() {
                    super::$clause(crate::fixture::Kind::$kind);
                }
            })*
        }
    };
}
pub(crate) use tests_of;

/// A folder for packages, with a database file that does not exist yet or an empty database on the server.
pub(crate) struct Fixture {
    kind: Kind,
    folder: TempDir,
    database: String,
}

/// What one load does to one root table: disposition, and per segment its table and rows.
pub(crate) type Load<'a> = (&'a str, WriteDisposition, Vec<(&'a str, Value)>);

impl Fixture {
    pub(crate) fn new(kind: Kind) -> Self {
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        let database = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        if kind == Kind::Postgres {
            query_postgres("postgres", &format!("CREATE DATABASE {database}"));
        }
        Self { kind, folder: tempfile::tempdir().unwrap(), database }
    }

    pub(crate) fn duckdb() -> Self {
        Self::new(Kind::DuckDb)
    }

    pub(crate) fn path(&self) -> PathBuf {
        // The quote is there to be escaped.
        match self.kind {
            Kind::Sqlite => self.folder.path().join("it's__data.db"),
            _other => self.folder.path().join("it's.duckdb"),
        }
    }

    pub(crate) fn open(&self) -> Box<dyn Destination> {
        let location = match self.kind {
            Kind::DuckDb => self.path().to_str().unwrap().to_owned(),
            Kind::Postgres => postgres_url(&self.database),
            Kind::Sqlite => self.path().with_file_name("it's.db").to_str().unwrap().to_owned(),
            Kind::Filesystem | Kind::Memory | Kind::S3 => self.files().location(),
        };
        let plan = DestinationPlan { kind: self.kind.name().to_owned(), location: Secret::new(location) };
        spile_load::open(&plan, &options()).unwrap()
    }

    /// Writes the segments of a package and describes it.
    pub(crate) fn package(&self, load_id: &str, schema: &Schema, loads: &[Load<'_>]) -> SealedPackage {
        // Quotes, brackets and equal signs mean something in SQL, in patterns and in partitioned folders.
        let folder = self.folder.path().join(format!("[a=1]'{load_id}"));
        std::fs::create_dir_all(&folder).unwrap();
        let mut tables = Vec::new();
        for (root, write_disposition, segments) in loads {
            let mut files = Vec::new();
            for (index, (table, rows)) in segments.iter().enumerate() {
                // Names fall while the index rises: the order is that of the list, not that of the names.
                let file = format!("{}-{table}.parquet", 99 - index);
                let rows = rows.as_array().unwrap();
                files.push((
                    (*table).to_owned(),
                    segment::write(&folder, &file, &schema.tables[*table], rows),
                ));
            }
            tables.push(TableLoad {
                root: (*root).to_owned(),
                write_disposition: *write_disposition,
                segments: files,
            });
        }
        let manifest = Manifest {
            version: 1,
            load_id: load_id.to_owned(),
            pipeline: "pipe".to_owned(),
            dataset: "data".to_owned(),
            destination: self.kind.name().to_owned(),
            fingerprint: String::new(),
            clearing: spile_core::Clearing::default(),
            tables,
            state: None,
            pages: 1,
            sealed_at: "2026-01-01T00:00:00Z".to_owned(),
        };
        SealedPackage { folder, manifest, schema: schema.clone() }
    }

    /// Makes a package and commits it.
    pub(crate) fn load(&self, load_id: &str, schema: &Schema, loads: &[Load<'_>]) -> Vec<(String, u64)> {
        self.try_load(load_id, schema, loads).unwrap()
    }

    pub(crate) fn try_load(
        &self,
        load_id: &str,
        schema: &Schema,
        loads: &[Load<'_>],
    ) -> Result<Vec<(String, u64)>> {
        let package = self.package(load_id, schema, loads);
        self.open().commit(&package).map(|receipt| receipt.rows)
    }

    /// Runs a query past the destination and returns its rows, values joined by commas, NULL as `-`.
    pub(crate) fn query(&self, sql: &str) -> Vec<String> {
        match self.kind {
            Kind::DuckDb => query_duckdb(self.path().to_str().unwrap(), &[sql.to_owned()]),
            Kind::Postgres => query_postgres(&self.database, sql),
            Kind::Sqlite => self.query_sqlite(sql),
            Kind::Filesystem | Kind::Memory | Kind::S3 => {
                let copy = tempfile::tempdir().unwrap();
                let mut statements = self.files().views(&self.open().tables().unwrap(), copy.path());
                statements.push(sql.to_owned());
                query_duckdb(":memory:", &statements)
            }
        }
    }

    fn query_sqlite(&self, sql: &str) -> Vec<String> {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let path = self.path().to_str().unwrap().replace('\'', "''");
        connection.execute_batch(&format!("ATTACH '{path}' AS data")).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let width = statement.column_count();
        let text = |value: ValueRef<'_>| match value {
            ValueRef::Null => "-".to_owned(),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Real(number) => number.to_string(),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        };
        let rows = statement.query_map([], |row| {
            let values: Vec<String> = (0..width).map(|column| text(row.get_ref(column).unwrap())).collect();
            Ok(values.join(","))
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// Returns the files of a destination that has files.
    pub(crate) fn files(&self) -> files::Files {
        files::Files::new(self.kind, self.folder.path().join("it's"), &self.database)
    }
}

/// Runs statements and returns the rows of the last one.
fn query_duckdb(path: &str, statements: &[String]) -> Vec<String> {
    let entry_point = Some(b"duckdb_adbc_init".as_slice());
    let library = options().duckdb_library.unwrap();
    let mut driver =
        ManagedDriver::load_dynamic_from_filename(library, entry_point, AdbcVersion::V110).unwrap();
    let path = OptionValue::String(path.to_owned());
    let database = driver.new_database_with_opts([(OptionDatabase::Other("path".into()), path)]).unwrap();
    let mut connection = database.new_connection().unwrap();
    let format = FormatOptions::new().with_null("-");
    let mut rows = Vec::new();
    for sql in statements {
        rows.clear();
        let mut statement = connection.new_statement().unwrap();
        statement.set_sql_query(sql).unwrap();
        for batch in statement.execute().unwrap_or_else(|error| panic!("{sql}: {error:?}")) {
            let batch = batch.unwrap();
            let columns: Vec<_> = batch
                .columns()
                .iter()
                .map(|array| ArrayFormatter::try_new(array, &format).unwrap())
                .collect();
            for row in 0..batch.num_rows() {
                let values: Vec<String> =
                    columns.iter().map(|column| column.value(row).to_string()).collect();
                rows.push(values.join(","));
            }
        }
    }
    rows
}

/// The server of this process; its script stops it when our end of its standard input is closed.
struct Server {
    folder: String,
    _script: Child,
}

fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/test-postgres");
            let mut child =
                Command::new(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let mut folder = String::new();
            std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut folder).unwrap();
            if folder.is_empty() {
                assert_eq!(child.wait().unwrap().code(), Some(3), "the server did not start");
                return None;
            }
            Some(Server { folder: folder.trim_end().to_owned(), _script: child })
        })
        .as_ref()
}

/// Returns whether there is a server to test with, and says so when there is none.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
pub(crate) fn has_postgres() -> bool {
    let found = server().is_some();
    if !found {
        eprintln!("skipped: there is no PostgreSQL server on this machine");
    }
    found
}

fn postgres_url(database: &str) -> String {
    format!("postgresql://spile@/{database}?host={}", server().unwrap().folder)
}

fn query_postgres(database: &str, sql: &str) -> Vec<String> {
    let mut client = postgres::Client::connect(&postgres_url(database), postgres::NoTls).unwrap();
    let mut rows = Vec::new();
    for answer in client.simple_query(sql).unwrap() {
        if let postgres::SimpleQueryMessage::Row(row) = answer {
            let values: Vec<&str> = (0..row.len()).map(|column| row.get(column).unwrap_or("-")).collect();
            rows.push(values.join(","));
        }
    }
    rows
}

/// Returns the options of all tests. The library is required: without it nothing here can be shown.
pub(crate) fn options() -> OpenOptions {
    let library = std::env::var_os("SPILE_DUCKDB_LIBRARY")
        .expect("set SPILE_DUCKDB_LIBRARY to DuckDB's shared library; scripts/duckdb-library gets one");
    OpenOptions { dataset: "data".to_owned(), duckdb_library: Some(library.into()), ..OpenOptions::default() }
}

/// Returns a schema with the table `users` (key `id`) and its child `users__tags`.
pub(crate) fn users() -> Schema {
    let mut users = TableSchema::new("users");
    users.add(ColumnSchema::new("id", DataType::Bigint).not_null().hint("primary_key"));
    users.add(ColumnSchema::new("name", DataType::Text));
    users.add(ColumnSchema::new("_dlt_load_id", DataType::Text).not_null());
    users.add(row_key());
    users.properties.insert("write_disposition".to_owned(), json!("merge"));
    users.properties.insert("resource".to_owned(), json!("users"));
    users.properties.insert("x-normalizer".to_owned(), json!({ "seen-data": true }));
    let mut tags = TableSchema::new("users__tags");
    tags.parent = Some("users".to_owned());
    tags.add(ColumnSchema::new("value", DataType::Text));
    tags.add(ColumnSchema::new("_dlt_root_id", DataType::Text).not_null().hint("root_key"));
    tags.add(ColumnSchema::new("_dlt_parent_id", DataType::Text).not_null().hint("parent_key"));
    tags.add(ColumnSchema::new("_dlt_list_idx", DataType::Bigint).not_null());
    tags.add(row_key());
    tags.properties.insert("x-normalizer".to_owned(), json!({ "seen-data": true }));
    let mut schema = Schema::new("rest_api");
    for table in [users, tags] {
        schema.tables.insert(table.name.clone(), table);
    }
    schema
}

fn row_key() -> ColumnSchema {
    ColumnSchema::new("_dlt_id", DataType::Text).not_null().hint("unique").hint("row_key")
}

/// Returns a row of `users`.
pub(crate) fn user(id: i64, name: &str, row_key: &str) -> Value {
    json!({ "id": id, "name": name, "_dlt_load_id": "l", "_dlt_id": row_key })
}

/// Returns a row of `users__tags`.
pub(crate) fn tag(root: &str, value: &str) -> Value {
    json!({
        "value": value,
        "_dlt_root_id": root,
        "_dlt_parent_id": root,
        "_dlt_list_idx": 0,
        "_dlt_id": format!("{root}-{value}"),
    })
}
