//! Both sides of the fast path: a schema that still changes and one that has settled, keys in the order of the record
//! before and in another, pages and segments that end anywhere. The rows are the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use spile_core::{Limits, Schema};
use spile_normalize::Normalizer;

use crate::support::{self, Rows};

/// A value of any type, so that columns get variants, children and JSON beside each other.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..1_000).prop_map(Value::from),
        prop::sample::select(vec![0.5, 1e30, 2.0]).prop_map(|number| json!(number)),
        prop::sample::select(vec!["", "a", "12", "2024-01-02T10:11:12Z", "2024-01-02", "true"])
            .prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

fn records() -> impl Strategy<Value = Vec<Map<String, Value>>> {
    let record = prop::collection::btree_map("[a-f]", value(), 0..6);
    prop::collection::vec(record.prop_map(|map| map.into_iter().collect()), 1..12)
}

/// Values of one type per key: which rows come first decides no type.
fn typed_records() -> impl Strategy<Value = Vec<Map<String, Value>>> {
    let record = (
        any::<Option<i64>>(),
        any::<Option<bool>>(),
        prop::collection::vec("[a-z]{0,3}", 0..3),
        any::<bool>(),
    );
    let record = record.prop_map(|(number, flag, texts, is_short)| {
        let whole = json!({"n": number, "o": {"f": flag, "l": [{"t": texts}]}, "s": "x"});
        let Value::Object(mut record) = whole else { unreachable!("an object was written") };
        if is_short {
            record.remove("o");
        }
        record
    });
    prop::collection::vec(record, 1..12)
}

/// Gives every record an id of its own, from which those of its nested rows follow.
fn identified(records: &[Map<String, Value>]) -> Vec<Value> {
    let with_id = |(number, record): (usize, &Map<String, Value>)| {
        let mut record = record.clone();
        record.insert("_dlt_id".into(), json!(format!("row{number}")));
        Value::Object(record)
    };
    records.iter().enumerate().map(with_id).collect()
}

/// Normalises pages; `flush_after` says after which of them a segment ends.
fn normalize(
    schema: Schema,
    pages: &[&[Value]],
    flush_after: impl Fn(usize) -> bool,
) -> (BTreeMap<String, Rows>, Schema) {
    let mut normalizer = Normalizer::new(schema, "1.5", support::naming(), &Limits::default());
    normalizer.add_resource("t", &support::load("t"), None).unwrap();
    let mut rows = BTreeMap::new();
    for (number, records) in pages.iter().enumerate() {
        let body = Value::from(records.to_vec()).to_string();
        normalizer.push(&support::page("t", number as u8, &body)).unwrap();
        if flush_after(number) || number + 1 == pages.len() {
            for batch in normalizer.flush().unwrap().batches {
                support::collect(&mut rows, &batch.table, &batch.rows);
            }
        }
    }
    (rows, normalizer.schema().clone())
}

/// Cuts records into pages of these sizes, the rest into a last one.
fn cut<'a>(records: &'a [Value], sizes: &[usize]) -> Vec<&'a [Value]> {
    let mut pages = Vec::new();
    let mut rest = records;
    for size in sizes {
        let (page, after) = rest.split_at((*size).min(rest.len()));
        pages.push(page);
        rest = after;
    }
    pages.push(rest);
    pages
}

fn sorted(mut rows: BTreeMap<String, Rows>) -> BTreeMap<String, Vec<String>> {
    // The ids say which record a row belongs to, whatever the order.
    for rows in rows.values_mut() {
        rows.sort_by_key(|row| row["_dlt_id"].to_string());
    }
    let text = |row: Map<String, Value>| json!(row.into_iter().collect::<BTreeMap<_, _>>()).to_string();
    rows.into_iter().map(|(name, rows)| (name, rows.into_iter().map(text).collect())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn borders_of_pages_and_segments_change_nothing(
        records in records(),
        sizes in prop::collection::vec(0_usize..5, 0..4),
        flushes in any::<u8>(),
    ) {
        let records = identified(&records);
        let (whole, schema) = normalize(Schema::new("s"), &[&records], |_| true);
        let (parts, parts_schema) = normalize(Schema::new("s"), &cut(&records, &sizes), |page| flushes >> (page % 8) & 1 == 1);
        prop_assert_eq!(&whole, &parts);
        prop_assert_eq!(&schema, &parts_schema);
        // A schema that has settled: what was learned on the way changes nothing any more.
        let (again, settled) = normalize(schema.clone(), &[&records], |_| true);
        prop_assert_eq!(sorted(whole), sorted(again));
        prop_assert_eq!(schema, settled);
    }

    #[test]
    fn the_order_of_keys_changes_nothing(records in records(), turns in prop::collection::vec(0_usize..6, 12)) {
        let records = identified(&records);
        let (_, schema) = normalize(Schema::new("s"), &[&records], |_| true);
        let turned: Vec<Value> = records.iter().zip(&turns).map(|(record, turn)| {
            let mut members: Vec<_> = record.as_object().unwrap().clone().into_iter().collect();
            let turn = turn % members.len();
            members.rotate_left(turn);
            Value::Object(members.into_iter().collect())
        }).collect();
        let (straight, _) = normalize(schema.clone(), &[&records], |_| true);
        let (turned, _) = normalize(schema, &[&turned], |_| true);
        prop_assert_eq!(sorted(straight), sorted(turned));
    }

    #[test]
    fn the_order_of_pages_of_one_type_changes_nothing(records in typed_records(), turn in 0_usize..12) {
        let records = identified(&records);
        let mut turned = records.clone();
        turned.rotate_left(turn % records.len());
        let (straight, _) = normalize(Schema::new("s"), &cut(&records, &[2, 2, 2]), |_| false);
        let (turned, _) = normalize(Schema::new("s"), &cut(&turned, &[2, 2, 2]), |page| page == 1);
        prop_assert_eq!(sorted(straight), sorted(turned));
    }
}
