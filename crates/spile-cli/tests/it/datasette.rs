//! The line against a server that nobody here wrote: Datasette with the flights of 2013.

use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Place, python, repository};

#[test]
fn every_flight_arrives() {
    let place = Place::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = Command::new(python())
        .arg(repository().join("examples/flights/serve.py"))
        .arg(place.path(""))
        .arg(port.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_mins(2);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "Datasette did not start");
        assert!(server.try_wait().unwrap().is_none(), "Datasette ended");
        std::thread::sleep(Duration::from_millis(100));
    }
    let config = std::fs::read_to_string(repository().join("examples/flights/flights.yaml")).unwrap();
    place.write("flights.yaml", &config);
    let base = format!("client.base_url=http://127.0.0.1:{port}/");
    let outcome = place.run(&["run", "flights.yaml", "--set", &base, "--output", "json"]);
    server.kill().unwrap();
    server.wait().unwrap();
    let report = outcome.expect(0).json();
    assert_eq!(report["requests"], 337);
    assert_eq!(report["tables"][0]["rows"], 336_776);

    let sums =
        "count(*), sum(distance), sum(dep_delay), sum(air_time), count(tailnum), count(distinct tailnum)";
    let loaded = place.row("flights.duckdb", &format!("select {sums} from flights_dataset.flights"));
    let source = Command::new(python())
        .args([
            "-c",
            "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone())",
        ])
        .arg(place.path("flights.db"))
        .arg(format!("select {sums} from flights"))
        .output()
        .unwrap();
    let number = |text: &str| text.parse::<f64>().unwrap();
    let source: Vec<f64> = String::from_utf8(source.stdout).unwrap().split_whitespace().map(number).collect();
    assert_eq!(source[0], 336_776.0);
    assert_eq!(loaded.iter().map(|text| number(text)).collect::<Vec<_>>(), source);
}
