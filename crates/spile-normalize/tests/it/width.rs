//! Wide records: the cost of a value does not grow with the columns beside it, and memory is bounded by what is told.

use std::fmt::Write as _;

use spile_core::{Limits, Schema};
use spile_normalize::Normalizer;

use crate::support;

fn normalizer(limits: &Limits) -> Normalizer {
    let mut normalizer = Normalizer::new(Schema::new("s"), "1.5", support::naming(), limits);
    normalizer.add_resource("t", &support::load("t"), None).unwrap();
    normalizer
}

/// Records that have each of these columns.
fn wide(columns: usize, records: usize) -> String {
    let mut record = String::from("{");
    for column in 0..columns {
        let comma = if column == 0 { "" } else { "," };
        write!(record, "{comma}\"key{column}\":{column}").unwrap();
    }
    record.push('}');
    format!("[{}]", vec![record; records].join(","))
}

/// CPU nanoseconds of this thread: what other processes do does not count. `None` where the system does not tell.
fn thread_nanoseconds() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// Nanoseconds per value when the schema has settled: the least of a few pages.
fn value_nanoseconds(columns: usize) -> Option<f64> {
    let records = 40_000 / columns;
    let body = wide(columns, records);
    let mut normalizer = normalizer(&Limits::default());
    normalizer.push(&support::page("t", 0, &body)).unwrap();
    let mut least = u64::MAX;
    for number in 1..6 {
        let page = support::page("t", number, &body);
        let start = thread_nanoseconds()?;
        normalizer.push(&page).unwrap();
        least = least.min(thread_nanoseconds()? - start);
        normalizer.flush().unwrap();
    }
    Some(least as f64 / (columns * records) as f64)
}

#[test]
fn a_value_costs_the_same_in_a_wide_record() {
    let (Some(narrow), Some(wide)) = (value_nanoseconds(200), value_nanoseconds(2_000)) else {
        return println!("the system does not tell a thread's CPU time: not measured");
    };
    // Cost that grows with the width would be tenfold.
    assert!(wide < narrow * 4.0, "{narrow:.1} ns a value with 200 columns, {wide:.1} ns with 2,000");
}

#[test]
fn many_columns_of_few_rows_are_counted_as_what_they_become() {
    // 10,000 keys in turn, ten a record, all of them columns.
    let limits = Limits { columns_max: 20_000, ..Limits::default() };
    let mut normalizer = normalizer(&limits);
    let (mut flushes, mut rows, mut peak) = (0, 0, 0);
    for page in 0..20 {
        let records: Vec<String> = (0..100)
            .map(|record| {
                let from = (page * 100 + record) * 10 % 10_000;
                let members: Vec<String> =
                    (from..from + 10).map(|key| format!("\"key{key}\":{key}")).collect();
                format!("{{{}}}", members.join(","))
            })
            .collect();
        normalizer.push(&support::page("t", page as u8, &format!("[{}]", records.join(",")))).unwrap();
        peak = peak.max(normalizer.buffered_bytes());
        if normalizer.buffered_bytes() > 24 << 20 {
            let flushed = normalizer.flush().unwrap();
            let held: usize = flushed.batches.iter().map(|batch| batch.rows.get_array_memory_size()).sum();
            assert!(held < 2 * peak as usize, "{held} bytes were told as {peak}");
            rows += flushed.batches.iter().map(|batch| batch.rows.num_rows()).sum::<usize>();
            flushes += 1;
        }
    }
    rows += normalizer.flush().unwrap().batches.iter().map(|batch| batch.rows.num_rows()).sum::<usize>();
    assert_eq!(rows, 2_000);
    // Ten values a row would fit many times over; ten thousand places a row do not.
    assert!(flushes >= 3, "{flushes} segments, {peak} bytes at most");
    assert_eq!(normalizer.schema().tables["t"].columns.len(), 10_002);
}
