//! Ids of root rows that follow from the data. The expected ids are those of dlt's `get_row_hash`.

use std::collections::BTreeMap;

use spile_core::{
    Limits, LoadPlan, MergePlan, MergeStrategy, Result, Schema, VersionsPlan, WriteDisposition,
};
use spile_normalize::Normalizer;

use crate::support::{self, Rows};

fn plan(strategy: MergeStrategy, key: &[&str]) -> LoadPlan {
    let versions = (strategy == MergeStrategy::Scd2).then(VersionsPlan::default);
    LoadPlan {
        write_disposition: WriteDisposition::Merge,
        primary_key: key.iter().map(|name| (*name).to_owned()).collect(),
        merge: MergePlan { strategy: Some(strategy), versions, ..MergePlan::default() },
        ..support::load("t")
    }
}

fn rows(load: &LoadPlan, body: &str) -> Result<BTreeMap<String, Rows>> {
    let mut normalizer = Normalizer::new(Schema::new("s"), "1.5", support::naming(), &Limits::default());
    normalizer.add_resource("t", load, None)?;
    normalizer.push(&support::page("t", 1, body))?;
    let mut rows = BTreeMap::new();
    for batch in normalizer.flush()?.batches {
        support::collect(&mut rows, &batch.table, &batch.rows);
    }
    Ok(rows)
}

fn ids(load: &LoadPlan, body: &str) -> Vec<String> {
    let rows = rows(load, body).unwrap();
    rows["t"].iter().map(|row| row["_dlt_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_key_hash_is_of_the_key_as_it_was_sent() {
    for strategy in [MergeStrategy::Upsert, MergeStrategy::InsertOnly] {
        let one = plan(strategy, &["ID"]);
        let body = r#"[{"ID":1},{"x":[1],"ID":2},{"ID":"1"}]"#;
        assert_eq!(ids(&one, body), ["z5jIxXIbUnmbKw", "M6/KlLzJ2FeV/w", "34mTpKkIs8DCig"]);
        let nested = plan(strategy, &["b", "a__id"]);
        assert_eq!(ids(&nested, r#"[{"b":true,"a":{"id":1.0}}]"#), ["3B/MTjgR8BRTrQ"]);
        let texts = plan(strategy, &["aId", "b"]);
        assert_eq!(ids(&texts, r#"[{"b":"é\"\n","aId":1e30}]"#), ["T4QaqDP0LSCwmQ"]);
    }
    for body in [r#"[{"ID":null}]"#, r#"[{"x":1}]"#, "[1]"] {
        let error = rows(&plan(MergeStrategy::Upsert, &["ID"]), body).unwrap_err();
        assert_eq!(error.code(), "data/null-key", "{body}");
    }
}

#[test]
fn a_row_hash_is_of_the_whole_record() {
    let load = plan(MergeStrategy::Scd2, &[]);
    let body = r#"[
        {"name":null,"id":1},
        {"b":[{"z":1,"a":[]}],"a":{"y":1.5,"x":{}},"_dlt_load_id":"x","Ä":1e-7},
        5
    ]"#;
    assert_eq!(ids(&load, body), ["rUW5JKHHJyfnzw", "rG68Uq6hgETjCw", "8eiyCrxroatjOg"]);
    let again = rows(&load, r#"[{"id":1,"l":[1]},{"id":1,"l":[2]},{"l":[1],"id":1}]"#).unwrap();
    let of = |row: usize| &again["t"][row]["_dlt_id"];
    assert!(of(0) != of(1) && of(0) == of(2));
    assert!(!again["t__l"][0].contains_key("_dlt_root_id"));
}

#[test]
fn ids_are_drawn_where_nothing_asks_for_a_hash() {
    let mut own = plan(MergeStrategy::Scd2, &[]);
    own.merge.row_version_column = Some("version".to_owned());
    for load in [plan(MergeStrategy::DeleteInsert, &["id"]), own] {
        let ids = ids(&load, r#"[{"id":1,"version":1},{"id":1,"version":1}]"#);
        assert_ne!(ids[0], ids[1]);
    }
    let kept = plan(MergeStrategy::Upsert, &["id"]);
    assert_eq!(ids(&kept, r#"[{"id":1,"_dlt_id":"mine"}]"#), ["mine"]);
}

#[test]
fn a_strategy_of_an_earlier_run_holds() {
    let mut first = Normalizer::new(Schema::new("s"), "1.5", support::naming(), &Limits::default());
    first.add_resource("t", &plan(MergeStrategy::Upsert, &["id"]), None).unwrap();
    first.push(&support::page("t", 1, r#"[{"id":1}]"#)).unwrap();
    let changes = first.flush().unwrap().changes;
    let mut second = Normalizer::new(Schema::new("s"), "1.5", support::naming(), &Limits::default());
    second.apply_changes(&changes);
    let mut later = plan(MergeStrategy::Upsert, &[]);
    later.merge.strategy = None;
    second.add_resource("t", &later, None).unwrap();
    second.push(&support::page("t", 2, r#"[{"id":2}]"#)).unwrap();
    let mut rows = BTreeMap::new();
    for batch in second.flush().unwrap().batches {
        support::collect(&mut rows, &batch.table, &batch.rows);
    }
    assert_eq!(rows["t"][0]["_dlt_id"], "M6/KlLzJ2FeV/w");
}
