//! How long a merge of 1 % changes takes, beside the same merge written by hand in DuckDB's SQL.
//!
//! ```sh
//! SPILE_DUCKDB_LIBRARY=… cargo run --release -p spile-load --example merge -- 10000000
//! ```
//!
//! The table has ten columns and, beside it, a nested table with one row a row. Half of the changes are new versions of stored
//! rows, spread over all of the table, half are new rows. Both sides start from a copy of one file, have the same memory
//! and threads, read the same Parquet files and commit once. Prints CPU and wall seconds of both, and the ratios.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement for people")]

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs};

use adbc_core::options::{AdbcVersion, OptionConnection, OptionDatabase, OptionValue};
use adbc_core::{Connection as _, Database as _, Driver as _, Optionable as _, Statement as _};
use adbc_driver_manager::{ManagedConnection, ManagedDriver};
use serde_json::json;
use spile_core::{
    ColumnSchema, DataType, DestinationPlan, Manifest, Schema, SealedPackage, Secret, SegmentFile, TableLoad,
    TableSchema, WriteDisposition,
};
use spile_load::OpenOptions;

/// Memory of both sides: what the DuckDB destination takes at most by itself. `--tight` leaves it to the destination, which
/// begins with an eighth of it.
const MEMORY_BYTES: u64 = 960 << 20;
const ROUNDS: usize = 3;

const ROWS: &str = "SELECT i AS id, 'Customer ' || hash(i) % 1000000 AS name, hash(i) % 100000 / 100.0::DOUBLE AS balance, \
    i % 3 = 0 AS active, TIMESTAMPTZ '2026-01-01' + INTERVAL (i % 1000000) SECOND AS changed_at, \
    'c' || i % 200 AS city, i % 90 AS age, 'note ' || i AS note, LOAD AS _dlt_load_id, 'LOAD' || i AS _dlt_id FROM NUMBERS";
const TAGS: &str = "SELECT 'tag ' || i % 50 AS value, 'LOAD' || i AS _dlt_root_id, 'LOAD' || i AS _dlt_parent_id, \
    0::BIGINT AS _dlt_list_idx, 'tLOAD' || i AS _dlt_id FROM NUMBERS";

/// The merge by hand, as somebody would write it who knows the tables.
const BY_HAND: [&str; 5] = [
    "CREATE TEMP TABLE replaced AS SELECT u._dlt_id FROM data.users u SEMI JOIN read_parquet('USERS') s ON s.id = u.id",
    "DELETE FROM data.users__tags WHERE _dlt_root_id IN (SELECT _dlt_id FROM replaced)",
    "DELETE FROM data.users WHERE _dlt_id IN (SELECT _dlt_id FROM replaced)",
    "INSERT INTO data.users SELECT * FROM read_parquet('USERS')",
    "INSERT INTO data.users__tags SELECT * FROM read_parquet('TAGS')",
];

fn main() {
    let rows: u64 = env::args().nth(1).map_or(1_000_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base.duckdb");
    let changes = rows / 100;
    prepare(&base, folder.path(), rows, changes);
    println!("{rows} rows and {rows} nested rows; {changes} changes, half of them new rows\n");
    println!("{:8}{:>9}{:>9}", "", "CPU s", "wall s");
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(on_a_copy("spile", &base, |file| merge_with_spile(file, folder.path(), changes)));
        by_hand.push(on_a_copy("by hand", &base, |file| merge_by_hand(file, folder.path())));
    }
    for times in [&mut ours, &mut by_hand] {
        times.sort_by(|left, right| left.0.total_cmp(&right.0));
    }
    let (ours, by_hand) = (ours[ROUNDS / 2], by_hand[ROUNDS / 2]);
    println!(
        "\nspile : by hand, medians: {:.2} times the CPU, {:.2} times the wall time",
        ours.0 / by_hand.0,
        ours.1 / by_hand.1
    );
}

/// Makes the table and the files with the changes.
fn prepare(base: &Path, folder: &Path, rows: u64, changes: u64) {
    let mut database = connect(base, 2 << 30);
    let fill = |text: &str, load: &str, numbers: &str| {
        text.replace("LOAD AS", &format!("'{load}' AS")).replace("LOAD", load).replace("NUMBERS", numbers)
    };
    let stored = format!("range({rows}) AS n(i)");
    let half = changes / 2;
    // Every so many rows one that changes, and the new ones behind.
    let changed = format!(
        "(SELECT i * {} AS i FROM range({half}) AS n(i) UNION ALL SELECT {rows} + i FROM range({half}) AS n(i)) AS n",
        rows / half
    );
    execute(&mut database, "CREATE SCHEMA data");
    execute(&mut database, &format!("CREATE TABLE data.users AS {}", fill(ROWS, "a", &stored)));
    execute(&mut database, &format!("CREATE TABLE data.users__tags AS {}", fill(TAGS, "a", &stored)));
    for (name, query) in [("users", ROWS), ("users__tags", TAGS)] {
        let path = folder.join(format!("{name}.parquet"));
        execute(&mut database, &format!("COPY ({}) TO '{}'", fill(query, "b", &changed), path.display()));
    }
    execute(&mut database, "CHECKPOINT");
}

/// Measures a merge into a copy of the file, in CPU and wall seconds.
fn on_a_copy(name: &str, base: &Path, merge: impl FnOnce(&Path)) -> (f64, f64) {
    let copy = base.with_file_name("copy.duckdb");
    fs::copy(base, &copy).unwrap();
    fs::File::open(&copy).unwrap().sync_all().unwrap();
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    merge(&copy);
    let taken = (cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
    println!("{name:8}{:>9.2}{:>9.2}", taken.0, taken.1);
    let check = "SELECT CASE WHEN count(*) = count(DISTINCT id) AND count(*) FILTER (WHERE _dlt_load_id = 'b') > 0 \
        AND count(*) = (SELECT count(*) FROM data.users__tags) THEN 1 ELSE error('the merge is wrong') END FROM data.users";
    execute(&mut connect(&copy, 2 << 30), check);
    fs::remove_file(&copy).unwrap();
    taken
}

fn merge_with_spile(file: &Path, folder: &Path, changes: u64) {
    let plan = DestinationPlan { kind: "duckdb".to_owned(), location: Secret::new(file.to_str().unwrap()) };
    let options = OpenOptions {
        dataset: "data".to_owned(),
        duckdb_library: Some(library()),
        memory_limit_bytes: (!env::args().any(|word| word == "--tight")).then_some(MEMORY_BYTES),
        ..OpenOptions::default()
    };
    let segment = |table: &str| {
        let file = format!("{table}.parquet");
        let bytes = fs::metadata(folder.join(&file)).unwrap().len();
        (table.to_owned(), SegmentFile { file, rows: changes, bytes })
    };
    let load = TableLoad {
        root: "users".to_owned(),
        write_disposition: WriteDisposition::Merge,
        segments: vec![segment("users"), segment("users__tags")],
    };
    let manifest = Manifest {
        version: 1,
        load_id: "2.0".to_owned(),
        pipeline: "bench".to_owned(),
        dataset: "data".to_owned(),
        destination: String::new(),
        fingerprint: String::new(),
        clearing: spile_core::Clearing::default(),
        tables: vec![load],
        state: None,
        pages: 1,
        sealed_at: String::new(),
    };
    let package = SealedPackage { folder: folder.to_owned(), manifest, schema: schema() };
    let receipt = spile_load::open(&plan, &options).unwrap().commit(&package).unwrap();
    assert!(receipt.rows.iter().all(|(_, rows)| *rows == changes), "{receipt:?}");
}

fn merge_by_hand(file: &Path, folder: &Path) {
    let mut database = connect(file, MEMORY_BYTES);
    let off = OptionValue::String("false".to_owned());
    database.set_option(OptionConnection::AutoCommit, off).unwrap();
    for statement in BY_HAND {
        let [users, tags] = ["users", "users__tags"].map(|name| folder.join(format!("{name}.parquet")));
        let statement =
            statement.replace("USERS", users.to_str().unwrap()).replace("TAGS", tags.to_str().unwrap());
        execute(&mut database, &statement);
    }
    database.commit().unwrap();
}

fn schema() -> Schema {
    let key = || ColumnSchema::new("_dlt_id", DataType::Text).not_null().hint("unique").hint("row_key");
    let mut users = TableSchema::new("users");
    users.add(ColumnSchema::new("id", DataType::Bigint).not_null().hint("primary_key"));
    for (name, data_type) in [
        ("name", DataType::Text),
        ("balance", DataType::Double),
        ("active", DataType::Bool),
        ("changed_at", DataType::Timestamp),
        ("city", DataType::Text),
        ("age", DataType::Bigint),
        ("note", DataType::Text),
        ("_dlt_load_id", DataType::Text),
    ] {
        users.add(ColumnSchema::new(name, data_type));
    }
    users.add(key());
    users.properties.insert("write_disposition".to_owned(), json!("merge"));
    let mut tags = TableSchema::new("users__tags");
    tags.parent = Some("users".to_owned());
    tags.add(ColumnSchema::new("value", DataType::Text));
    tags.add(ColumnSchema::new("_dlt_root_id", DataType::Text).not_null().hint("root_key"));
    tags.add(ColumnSchema::new("_dlt_parent_id", DataType::Text).not_null().hint("parent_key"));
    tags.add(ColumnSchema::new("_dlt_list_idx", DataType::Bigint).not_null());
    tags.add(key());
    let mut schema = Schema::new("bench");
    for mut table in [users, tags] {
        table.properties.insert("x-normalizer".to_owned(), json!({ "seen-data": true }));
        schema.tables.insert(table.name.clone(), table);
    }
    schema
}

fn library() -> PathBuf {
    env::var_os("SPILE_DUCKDB_LIBRARY").expect("set SPILE_DUCKDB_LIBRARY").into()
}

/// Opens a file as the DuckDB destination does.
fn connect(file: &Path, memory_bytes: u64) -> ManagedConnection {
    let entry_point = Some(b"duckdb_adbc_init".as_slice());
    let mut driver =
        ManagedDriver::load_dynamic_from_filename(library(), entry_point, AdbcVersion::V110).unwrap();
    let settings = [
        ("path", file.to_str().unwrap().to_owned()),
        ("memory_limit", format!("{memory_bytes}B")),
        ("threads", "1".to_owned()),
    ]
    .map(|(name, value)| (OptionDatabase::Other(name.to_owned()), OptionValue::String(value)));
    driver.new_database_with_opts(settings).unwrap().new_connection().unwrap()
}

fn execute(database: &mut ManagedConnection, sql: &str) {
    let mut statement = database.new_statement().unwrap();
    statement.set_sql_query(sql).unwrap();
    statement.execute_update().unwrap_or_else(|error| panic!("{sql}: {}", error.message));
}

/// CPU time of this process, all threads, user and system.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // Fields 14 and 15 of proc(5), in ticks of which Linux has 100 a second.
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}
