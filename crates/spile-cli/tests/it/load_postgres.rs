//! PostgreSQL from the command line: whole loads, restore from the destination, and `kill -9` while it loads.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::harness::{Place, Recorded, Reply, Server, repository};

const ROWS: u64 = 20_000;
const PAGE_ROWS: u64 = 1000;

/// A server of its own; its script stops it when our end of its standard input is closed.
pub(crate) struct Postgres {
    folder: String,
    _script: Child,
}

impl Postgres {
    /// Starts a server; `None`, said aloud, when the machine has none.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    #[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
    fn start_with(args: &[&str]) -> Option<Self> {
        let mut script = Command::new(repository().join("scripts/test-postgres"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut folder = String::new();
        BufReader::new(script.stdout.take().unwrap()).read_line(&mut folder).unwrap();
        if folder.is_empty() {
            assert_eq!(script.wait().unwrap().code(), Some(3), "the server did not start");
            eprintln!("skipped: there is no PostgreSQL server on this machine");
            return None;
        }
        Some(Self { folder: folder.trim_end().to_owned(), _script: script })
    }

    fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Returns the URL of a database.
    pub(crate) fn url_of(&self, database: &str) -> String {
        format!("postgresql://spile@/{database}?host={}", self.folder)
    }

    /// Returns the folder of the server's socket.
    pub(crate) fn socket(&self) -> &str {
        &self.folder
    }

    /// Makes an empty database and returns its name.
    pub(crate) fn create_database(&self) -> String {
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        let name = format!("oracle_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        self.query(&format!("CREATE DATABASE {name}"));
        name
    }

    /// Returns the rows of a query, values joined by commas.
    pub(crate) fn query(&self, sql: &str) -> Vec<String> {
        let mut client = postgres::Client::connect(&self.url(), postgres::NoTls).unwrap();
        let answers = client.simple_query(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        answers
            .iter()
            .filter_map(|answer| match answer {
                postgres::SimpleQueryMessage::Row(row) => Some(row),
                _other => None,
            })
            .map(|row| (0..row.len()).map(|n| row.get(n).unwrap_or("-")).collect::<Vec<_>>().join(","))
            .collect()
    }
}

fn api(request: &Recorded) -> Reply {
    let page = request.number("page", 1);
    let rows: Vec<Value> = ((page - 1) * PAGE_ROWS..page * PAGE_ROWS)
        .map(|id| {
            json!({
                "id": id, "name": format!("row {id}\u{0}"), "price": id as f64 / 4.0, "active": id % 2 == 0,
                "at": "2026-01-01T00:00:00.123456Z", "tags": [format!("t{}", id % 7)],
            })
        })
        .collect();
    Reply::json(json!({"items": rows, "pages": ROWS / PAGE_ROWS}))
}

fn config(place: &Place, server: &Server, name: &str, write_disposition: &str) {
    let config = json!({
        "client": {"base_url": server.url("")},
        "resources": [{
            "name": "rows", "primary_key": "id", "write_disposition": write_disposition,
            "endpoint": {
                "path": "rows", "data_selector": "items",
                "paginator": {"type": "page_number", "base_page": 1, "total_path": "pages"},
            },
        }],
    });
    place.write(&format!("{name}.json"), &config.to_string());
}

const CHECK: &str = "SELECT (SELECT count(*) FROM NAME_dataset.rows), (SELECT count(DISTINCT id) FROM NAME_dataset.rows), \
     (SELECT sum(price) FROM NAME_dataset.rows), (SELECT count(*) FROM NAME_dataset.rows__tags), \
     (SELECT count(*) FROM NAME_dataset._dlt_loads)";

/// Returns what [`CHECK`] answers when `times` whole sets of rows are there after `loads` loads.
fn whole(times: u64, loads: usize) -> String {
    let sum = times * ROWS * (ROWS - 1) / 8;
    format!("{},{ROWS},{sum},{},{loads}", times * ROWS, times * ROWS)
}

#[test]
fn loads_are_whole_whatever_the_disposition() {
    let Some(postgres) = Postgres::start() else { return };
    let server = Server::start(api);
    let place = Place::new().variable("DESTINATION__POSTGRES__CREDENTIALS", &postgres.url());
    for (name, times) in [("append", 2), ("replace", 1), ("merge", 1)] {
        config(&place, &server, name, name);
        let file = format!("{name}.json");
        let check = CHECK.replace("NAME", name);
        place.run(&["run", &file, "--destination", "postgres"]).expect(0);
        assert_eq!(postgres.query(&check), [whole(1, 1)], "{name}");
        // Nothing but the destination remembers.
        std::fs::remove_dir_all(place.path(".spile")).unwrap();
        place.run(&["run", &file, "--destination", "postgres"]).expect(0);
        assert_eq!(postgres.query(&check), [whole(times, 2)], "{name}");
    }
    let row = "SELECT name, active::text, (at AT TIME ZONE 'UTC')::text FROM append_dataset.rows WHERE id = 7 LIMIT 1";
    assert_eq!(postgres.query(row), ["row 7,false,2026-01-01 00:00:00.123456"]);
    let unique = "SELECT DISTINCT table_name FROM information_schema.table_constraints \
         WHERE constraint_type = 'UNIQUE' AND table_schema = 'append_dataset' ORDER BY 1";
    assert_eq!(postgres.query(unique), ["_dlt_pipeline_state", "rows", "rows__tags"]);
}

/// dlt's load fails there and stays pending.
#[test]
fn whole_numbers_beyond_their_column_are_loaded_beside_it() {
    const ROWS: &str = "SELECT n, n__v_bigint FROM wide_dataset.rows WHERE id = ";
    let server = Server::start(|_| Reply::json(json!([{"id": 1, "n": -32768}, {"id": 2, "n": 70000}])));
    let config = json!({
        "client": {"base_url": server.url("/")},
        "resources": [{
            "name": "rows", "columns": {"n": {"data_type": "bigint", "precision": 16}},
            "endpoint": {"path": "rows", "paginator": "single_page"},
        }],
    });
    let place = Place::new();
    place.write("wide.json", &config.to_string());
    place.run(&["run", "wide.json"]).expect(0);
    let row = |id: u8| place.row("wide.duckdb", &format!("{ROWS}{id}"));
    assert_eq!([row(1), row(2)], [["-32768", ""], ["", "70000"]]);

    let Some(postgres) = Postgres::start() else { return };
    place
        .run(&[
            "run",
            "wide.json",
            "--destination",
            &postgres.url(),
            "--pipeline",
            "on_postgres",
            "--dataset",
            "wide_dataset",
        ])
        .expect(0);
    let row = |id: u8| postgres.query(&format!("{ROWS}{id}"));
    assert_eq!([row(1), row(2)], [["-32768,-"], ["-,70000"]]);
}

#[test]
fn a_kill_while_loading_loses_and_doubles_nothing() {
    let Some(postgres) = Postgres::start() else { return };
    let server = Server::start(api);
    let place = Place::new();
    let url = postgres.url();
    let mut kills = 0;
    for (name, times) in [("append", 2), ("replace", 1), ("merge", 1)] {
        config(&place, &server, name, name);
        let file = format!("{name}.json");
        let args = ["run", &*file, "--destination", &*url];
        let check = CHECK.replace("NAME", name);
        place.run(&args).expect(0);
        for load in 2..4 {
            let before = postgres.query(&check);
            if kill_at(&place, &args, Path::new(".spile").join(name).join("packages").as_ref()) {
                kills += 1;
                // Readers see all of the load or nothing of it; `replace` never shows less than before.
                let times = if name == "append" { load as u64 } else { times };
                let seen = postgres.query(&check);
                assert!(seen == before || seen == [whole(times, load)], "{name}: {seen:?}");
                place.run(&args).expect(0);
            }
            let times = if name == "append" { load as u64 } else { times };
            assert_eq!(postgres.query(&check), [whole(times, load)], "{name}");
        }
    }
    assert!(kills > 0, "every run had ended before it could be killed");
}

/// Kills a run as soon as a package is sealed; `false` when it had ended before.
fn kill_at(place: &Place, args: &[&str], packages: &Path) -> bool {
    let mut child = place.spawn(args);
    let packages = place.path(packages.to_str().unwrap());
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        let sealed = packages.read_dir().into_iter().flatten().flatten();
        if sealed.map(|entry| entry.path().join("manifest.json")).any(|manifest| manifest.exists()) {
            child.kill().unwrap(); // SIGKILL
            child.wait().unwrap();
            return true;
        }
        std::thread::yield_now();
    }
}

#[test]
fn passwords_are_not_shown() {
    let server = Server::start(api);
    let place = Place::new();
    config(&place, &server, "secret", "append");
    for url in ["postgresql://u:hunter2@127.0.0.1:1/d", "postgresql://u:hunter2@db.example/d?sslmode=safe"] {
        let outcome = place.run(&["run", "secret.json", "--destination", url]);
        assert_ne!(outcome.status, 0);
        let shown = format!("{outcome:?}");
        assert!(shown.contains("destination/") && !shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn connections_are_encrypted_as_the_url_says() {
    let Some(postgres) = Postgres::start_with(&["tls"]) else { return };
    let port = std::fs::read_to_string(Path::new(&postgres.folder).join("port")).unwrap();
    let url = |host: &str, options: &str| {
        let options = options.replace("CA", &format!("{}/ca.pem", postgres.folder));
        format!("postgresql://spile:hunter2@{host}:{}/postgres?{options}", port.trim_end())
    };
    let server = Server::start(api);
    let place = Place::new();
    config(&place, &server, "safe", "append");
    place
        .run(&["run", "safe.json", "--destination", &url("localhost", "sslmode=verify-full&sslrootcert=CA")])
        .expect(0);
    for (host, options, refused) in [
        ("localhost", "", None),
        ("localhost", "sslmode=allow", None),
        ("127.0.0.1", "sslmode=require", None),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert=CA", None),
        ("127.0.0.1", "sslmode=require&sslrootcert=CA", None),
        // The server takes encrypted connections only.
        ("localhost", "sslmode=disable", Some("destination/login")),
        // The certificate is for another name, or nobody who is trusted has signed it.
        ("127.0.0.1", "sslmode=verify-full&sslrootcert=CA", Some("destination/tls")),
        ("localhost", "sslmode=verify-full", Some("destination/tls")),
        ("localhost", "sslmode=verify-ca&sslrootcert=system", Some("destination/tls")),
        ("localhost", "sslmode=verify-full&sslrootcert=/nowhere.pem", Some("destination/tls")),
    ] {
        let outcome = place.run(&["show", "safe", "--destination", &url(host, options)]);
        let shown = format!("{outcome:?}");
        assert_eq!(outcome.status, i32::from(refused.is_some()), "{host} {options}: {shown}");
        assert!(refused.is_none_or(|code| shown.contains(code)), "{host} {options}: {shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
