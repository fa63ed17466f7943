//! Random records for the oracle: keys, values and shapes that dlt can load, from a seed.
//!
//! What dlt and Spile treat differently on purpose has cases of its own and is left out here: keys that collide, whole
//! numbers beyond 64 bits, minus zero, NUL.

use serde_json::{Map, Value, json};

use super::Case;

/// Keys whose normalised forms are all different.
const KEYS: [&str; 22] = [
    "id",
    "userName",
    "HTTPCode",
    "2fa",
    "value_",
    "@type",
    "price€",
    "café au lait",
    "a-b",
    "$ref",
    "x.y",
    "Deep Key",
    "naïve",
    "name[0]",
    "100%",
    "select",
    "list",
    "value",
    "createdAt",
    "a|c",
    "UPPER",
    "iPhone",
];

const TEXTS: [&str; 24] = [
    "",
    " ",
    "x",
    "true",
    "no",
    "12",
    " 7 ",
    "1_000",
    "0x1F",
    "1.5",
    "1e3",
    "2024-01-01",
    "2024-01-01T10:00:00Z",
    "2024-01-01 10:00:00",
    "2024-02-30T10:00:00Z",
    "2024-W05-2T10:00:00",
    "10:00:00",
    "null",
    "üñï \" \\ \n 🦆",
    "{\"a\":1}",
    "2024-01-01T10:00:00.123456789+02:00",
    "20240101T101010",
    "a very long text with nothing special in it",
    "'; drop",
];

/// Draws numbers: splitmix64.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }
}

/// Makes the case of a seed: one or two runs of up to six records over a few keys, so that types and shapes meet.
pub(super) fn case(seed: u64) -> Case {
    let mut draw = Draw(seed);
    let start = draw.below(KEYS.len());
    let keys: Vec<&str> = (0..=draw.below(6)).map(|at| KEYS[(start + at * 5) % KEYS.len()]).collect();
    let mut resource = Map::new();
    if draw.below(4) == 0 {
        resource.insert("max_table_nesting".into(), json!(draw.below(4)));
    }
    let disposition = ["append", "append", "replace"][draw.below(3)];
    resource.insert("write_disposition".into(), json!(disposition));
    let runs = 1 + draw.below(2);
    let mut case = Case {
        name: format!("random_{seed}"),
        resources: vec![resource; runs],
        records: Vec::new(),
        accepted: None,
        is_alone: false,
    };
    for _ in 0..runs {
        let count = 1 + draw.below(6);
        let records: Vec<Value> = (0..count).map(|_| object(&mut draw, &keys, 4)).collect();
        case.records.push(Value::Array(records).to_string());
    }
    case
}

fn object(draw: &mut Draw, keys: &[&str], depth: usize) -> Value {
    let mut members = Map::new();
    for _ in 0..draw.below(keys.len() + 2) {
        let key = keys[draw.below(keys.len())];
        members.insert(key.to_owned(), value(draw, keys, depth - 1));
    }
    Value::Object(members)
}

fn value(draw: &mut Draw, keys: &[&str], depth: usize) -> Value {
    match draw.below(if depth == 0 { 8 } else { 11 }) {
        0 => Value::Null,
        1 => json!(draw.below(2) == 0),
        2 => json!(draw.below(100)),
        3 => json!([i64::MAX, i64::MIN, -1, 0, 1 << 53][draw.below(5)]),
        4 => json!([0.5, 0.0, 1.0, 1e30, 1e-7, 2.5, 123_456_789.125, 1e15][draw.below(8)]),
        5..8 => json!(TEXTS[draw.below(TEXTS.len())]),
        8 => object(draw, keys, depth),
        _ => (0..draw.below(4)).map(|_| value(draw, keys, depth - 1)).collect(),
    }
}
