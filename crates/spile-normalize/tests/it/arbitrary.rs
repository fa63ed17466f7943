//! Arbitrary pages: no panic, and every scalar is in exactly one cell.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use spile_core::{IdentifierRules, Limits, NAMING_CONVENTIONS, Naming, Schema};
use spile_normalize::Normalizer;

use crate::support;

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "[a-z0-9é ]{0,6}".prop_map(Value::from),
        Just(json!("2024-01-02T10:11:12Z")),
        Just(json!("2024-01-02")),
        Just(json!("12")),
    ];
    scalar.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            // Keys that cannot meet: collisions have tests of their own.
            prop::collection::btree_map("[a-e]|list|value", inner, 0..6).prop_map(|map| json!(map)),
        ]
    })
}

fn count_scalars(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Array(elements) => elements.iter().map(count_scalars).sum(),
        Value::Object(members) => members.values().map(count_scalars).sum(),
        _ => 1,
    }
}

proptest! {
    #[test]
    fn every_scalar_is_in_one_cell(pages in prop::collection::vec(prop::collection::vec(value(), 0..6), 1..4)) {
        let mut normalizer = Normalizer::new(Schema::new("s"), "1", support::naming(), &Limits::default());
        normalizer.add_resource("t", &support::load("t"), None).unwrap();
        let mut rows = BTreeMap::new();
        for (number, records) in pages.iter().enumerate() {
            let body = Value::from(records.clone()).to_string();
            normalizer.push(&support::page("t", number as u8, &body)).unwrap();
            if number % 2 == 0 {
                for batch in normalizer.flush().unwrap().batches {
                    support::collect(&mut rows, &batch.table, &batch.rows);
                }
            }
        }
        for batch in normalizer.flush().unwrap().batches {
            support::collect(&mut rows, &batch.table, &batch.rows);
        }
        let cells = rows.values().flatten().flat_map(|row| row.keys()).filter(|name| !name.starts_with("_dlt")).count();
        let scalars: usize = pages.iter().flatten().map(count_scalars).sum();
        prop_assert_eq!(cells, scalars);
        let ids: BTreeSet<&str> = rows.values().flatten().map(|row| row["_dlt_id"].as_str().unwrap()).collect();
        prop_assert_eq!(ids.len(), rows.values().flatten().count());
        for row in rows.values().flatten() {
            prop_assert!(row.get("_dlt_parent_id").is_none_or(|parent| ids.contains(parent.as_str().unwrap())));
        }
    }

    #[test]
    fn any_text_is_taken(key in any::<String>(), text in any::<String>(), stamp in "[0-9TWZ:+ .,/-]{0,24}", length_max in 0_usize..40) {
        let body = json!([{key.clone(): text.clone()}, {"s": stamp}, {key.clone(): 1}, {key.clone(): {key.clone(): [text]}}]);
        for convention in &NAMING_CONVENTIONS {
            let rules = IdentifierRules { length_max, bytes_max: Some(63), is_case_sensitive: false };
            let naming = Naming::new(convention, rules);
            let roomy = Naming::new(convention, IdentifierRules { length_max: 63, ..rules });
            let mut normalizer = Normalizer::new(Schema::new("s"), "1", roomy, &Limits::default());
            normalizer.add_resource("t", &support::load("t"), None).unwrap();
            normalizer.push(&support::page("t", 1, &body.to_string())).unwrap();
            normalizer.flush().unwrap();
            for name in [naming.identifier(&key), naming.path(&key)] {
                prop_assert!(!name.is_empty() && name.chars().count() <= length_max.max(6), "{}", name);
                prop_assert!(name.len() <= 63 && !name.contains('\0'), "{}", name);
            }
        }
    }
}
