//! How many records a CPU second parses and normalises.
//!
//! ```text
//! cargo run --release -p spile-normalize --example throughput -- 1000000
//! ```
//!
//! The records are like those of the calls seed: 740 bytes, 19 fields, a nested object, and a list of recordings with
//! tags for four records of ten. Bodies are made before the clock starts; the flushed batches are dropped.

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use spile_core::{Limits, LoadPlan, Schema, WriteDisposition};
use spile_normalize::Normalizer;

#[path = "../tests/it/pages.rs"]
mod pages;

/// Records of a page, as the seed asks for.
const PAGE_RECORDS: usize = 102;

/// Rows between two flushes.
const FLUSH_ROWS: u64 = 50_000;

/// Bodies that are made beforehand and used in turn.
const BODIES: usize = 64;

fn main() -> spile_core::Result<()> {
    let records: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let bodies: Vec<String> = (0..BODIES).map(body).collect();
    let load = LoadPlan {
        write_disposition: WriteDisposition::Merge,
        primary_key: vec!["id".to_owned()],
        ..pages::load("calls")
    };
    let mut normalizer = Normalizer::new(Schema::new("rest_api"), "1.5", pages::naming(), &Limits::default());
    normalizer.add_resource("calls", &load, Some("dateCreated"))?;
    let (mut pushed, mut rows, mut bytes) = (0, 0_u64, 0);
    let (mut parse, mut push, mut flush) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut number: u128 = 0;
    while pushed < records {
        let text = bodies[number as usize % BODIES].clone().into_bytes();
        bytes += text.len();
        let start = Instant::now();
        let page = pages::page("calls", number, text, Some("items"));
        parse += start.elapsed();
        let start = Instant::now();
        normalizer.push(&page)?;
        push += start.elapsed();
        pushed += page.records.len();
        if normalizer.buffered_rows() >= FLUSH_ROWS || pushed >= records {
            let start = Instant::now();
            rows += normalizer.flush()?.batches.iter().map(|batch| batch.rows.num_rows() as u64).sum::<u64>();
            flush += start.elapsed();
        }
        number += 1;
    }
    let total = (parse + push + flush).as_secs_f64();
    println!(
        "{pushed} records ({} B each), {rows} rows: {total:.2} s = parse {:.2} + push {:.2} + flush {:.2}; {:.2} s per million, {:.0} records/s",
        bytes / pushed,
        parse.as_secs_f64(),
        push.as_secs_f64(),
        flush.as_secs_f64(),
        total * 1e6 / pushed as f64,
        pushed as f64 / total,
    );
    Ok(())
}

fn body(number: usize) -> String {
    let records: Vec<String> = (0..PAGE_RECORDS).map(|index| record(number * PAGE_RECORDS + index)).collect();
    format!(r#"{{"items":[{}],"pagination":{{"current":{number},"total":1000000}}}}"#, records.join(","))
}

/// A record; what varies does so by the number alone.
fn record(number: usize) -> String {
    let mix = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let hex = format!("{mix:016x}{:016x}", mix.rotate_left(29));
    let (hour, minute, second) = (mix % 24, mix / 7 % 60, mix / 11 % 60);
    let day = 1 + mix / 13 % 28;
    let flag = ["true", "false", "null"][mix % 3];
    let state = ["completed", "missed", "in-progress", "voicemail"][mix % 4];
    let mut text = String::with_capacity(800);
    write!(
        text,
        r#"{{"id":"{hex}","dateCreated":"2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z","type":"inbound","anonymous":{flag},"conversationId":"{hex}","duration":{},"state":"{state}","direction":"in","from":"+4930{:08}","to":"+4989{:08}","agentId":{},"agentName":"Agent \"{}\" Müller","queue":"support-{}","waitSeconds":{}.{},"cost":{},"currency":"EUR","tags":[],"bridged":{{"id":"{:08x}","at":"2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}Z","seconds":{},"target":{{"number":"+4940{:07}","name":null}}}},"notes":"Customer called about an invoice, asked for a copy and a callback in the afternoon.","updatedAt":"2026-03-{day:02} {hour:02}:{minute:02}:{second:02}""#,
        mix % 1000,
        mix % 3600,
        mix % 100_000_000,
        mix / 3 % 100_000_000,
        mix % 500,
        mix % 50,
        mix % 9,
        mix % 300,
        1 + mix % 9,
        (mix % 10_000) as f64 / 100.0,
        mix % 0xFFFF_FFFF,
        mix % 900,
        mix % 10_000_000,
    )
    .expect("writing to a string cannot fail");
    if mix % 10 < 4 {
        write!(
            text,
            r#","recordings":[{{"url":"https://files.example.com/{hex}.mp3","seconds":{},"tags":["call","{state}"]}}]"#,
            mix % 900
        )
        .expect("writing to a string cannot fail");
    }
    text.push('}');
    text
}
