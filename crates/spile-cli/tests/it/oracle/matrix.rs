//! Every way to load × every nesting × three runs, on DuckDB and PostgreSQL, held against real dlt.
//!
//! The cases are made here: records that come, change, stay, go and come back, under each write disposition. Always run:
//! every way with the deepest nesting, on DuckDB; `SPILE_MATRIX=all` runs all nestings on both.

use serde_json::{Map, Value, json};

use super::{Case, Target, differences, report};
use crate::load_postgres::Postgres;

/// A way to load: name, keys of the resource, and the id of a row of `COMPATIBILITY.md`.
type Way = (&'static str, Value, Option<&'static str>);

/// A nesting: name, and what a record of that number and variant holds.
type Nesting = (&'static str, fn(i64, usize) -> Value);

fn merge(settings: Value) -> Value {
    let mut disposition = json!({"disposition": "merge"});
    disposition.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    disposition
}

/// How rows are exchanged is a setting of dlt's destination and not of a resource.
const REPLACE_STRATEGIES: [&str; 3] = ["truncate-and-insert", "insert-from-staging", "staging-optimized"];

fn ways() -> Vec<Way> {
    let scd2 = |settings: Value| {
        let mut disposition = merge(json!({"strategy": "scd2"}));
        disposition.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        disposition
    };
    let by = |strategy: &str| merge(json!({"strategy": strategy}));
    vec![
        ("append", json!({"write_disposition": "append"}), None),
        ("replace", json!({"write_disposition": "replace"}), None),
        ("di_pk", json!({"write_disposition": "merge", "primary_key": "id"}), None),
        ("di_pks", json!({"write_disposition": by("delete-insert"), "primary_key": ["id", "part"]}), None),
        ("di_mk", json!({"write_disposition": "merge", "merge_key": "part"}), None),
        ("di_both", json!({"write_disposition": "merge", "primary_key": "id", "merge_key": "part"}), None),
        ("di_none", json!({"write_disposition": "merge"}), None),
        (
            "di_asc",
            json!({"write_disposition": "merge", "primary_key": "id", "columns": {"seq": {"dedup_sort": "asc"}}}),
            None,
        ),
        (
            "di_desc",
            json!({"write_disposition": "merge", "primary_key": "id", "columns": {"seq": {"dedup_sort": "desc"}}}),
            None,
        ),
        (
            "di_gone",
            json!({"write_disposition": "merge", "primary_key": "id", "columns": {"gone": {"hard_delete": true}}}),
            None,
        ),
        (
            "di_gone_at",
            json!({"write_disposition": "merge", "primary_key": "id", "columns": {"gone_at": {"hard_delete": true}}}),
            None,
        ),
        ("up", json!({"write_disposition": by("upsert"), "primary_key": "id"}), None),
        ("up_pks", json!({"write_disposition": by("upsert"), "primary_key": ["id", "part"]}), None),
        (
            "up_skip",
            json!({"write_disposition": merge(json!({"strategy": "upsert", "skip_unchanged_rows": true})), "primary_key": "id"}),
            None,
        ),
        (
            "up_gone",
            json!({"write_disposition": by("upsert"), "primary_key": "id", "columns": {"gone": {"hard_delete": true}}}),
            Some("upsert-deleted"),
        ),
        ("io", json!({"write_disposition": by("insert-only"), "primary_key": "id"}), None),
        (
            "io_gone",
            json!({"write_disposition": by("insert-only"), "primary_key": "id", "columns": {"gone": {"hard_delete": true}}}),
            Some("insert-only-deleted"),
        ),
        ("scd2", json!({"write_disposition": scd2(json!({}))}), None),
        ("scd2_mk", json!({"write_disposition": scd2(json!({})), "merge_key": "part"}), None),
        (
            "scd2_names",
            json!({"write_disposition": scd2(json!({
                "validity_column_names": ["since", "till"], "active_record_timestamp": "9999-12-31",
            }))}),
            None,
        ),
        (
            "scd2_boundary",
            json!({"write_disposition": scd2(json!({"boundary_timestamp": "2024-01-01T00:00:00+02:00"}))}),
            None,
        ),
        (
            "scd2_version",
            json!({"write_disposition": scd2(json!({"row_version_column_name": "version"}))}),
            Some("scd2-orphans"),
        ),
    ]
}

const NESTINGS: [Nesting; 4] = [
    ("flat", |_, _| json!({})),
    (
        "object",
        |id, variant| json!({"place": {"street": format!("s{id}"), "geo": {"lat": variant, "lon": id}}}),
    ),
    ("list", |id, variant| json!({"tags": (0..(id as usize + 3 - variant) % 4).collect::<Vec<_>>()})),
    ("deep", |id, variant| {
        let parts = |count: usize| (0..count).map(|n| json!({"part": n, "of": variant})).collect::<Vec<_>>();
        let lines: Vec<Value> = (0..(id as usize + variant) % 3)
            .map(|n| json!({"sku": format!("{id}-{n}"), "parts": parts((n + variant) % 3), "grid": [[n], [variant, 7]]}))
            .collect();
        json!({"lines": lines})
    }),
];

/// The records of a run: number and variant of each. 2 changes and stays, 3 stays and goes, 1 goes and comes back as it
/// was, 4 and 5 come late.
const RUNS: [&[(i64, usize)]; 3] =
    [&[(1, 0), (2, 0), (3, 0)], &[(2, 1), (3, 0), (4, 0)], &[(1, 0), (2, 1), (4, 2), (5, 1)]];

fn record(id: i64, variant: usize, run: usize, way: &str, nesting: fn(i64, usize) -> Value) -> Value {
    let mut record = json!({
        "id": id, "part": if id % 2 == 0 { "even" } else { "odd" }, "name": format!("{id}.{variant}"),
        "version": format!("v{id}.{variant}"), "price": f64::from(variant as u32) + 0.5,
    });
    let own = record.as_object_mut().unwrap();
    if way.ends_with("asc") || way.ends_with("desc") {
        own.insert("seq".to_owned(), json!(10 * run + variant));
    }
    if way.ends_with("gone") {
        own.insert("gone".to_owned(), json!((run == 1 && id != 2) || (run == 2 && id == 5)));
    }
    if way.ends_with("gone_at") && run == 1 && id == 3 {
        own.insert("gone_at".to_owned(), json!("2024-05-05T00:00:00Z"));
    }
    own.extend(nesting(id, variant).as_object().unwrap().clone());
    record
}

/// The cases of some nestings.
fn cases(nestings: &[Nesting]) -> Vec<Case> {
    let mut cases = Vec::new();
    for (way, resource, accepted) in ways() {
        for (nesting, content) in nestings {
            let runs = RUNS.iter().enumerate().map(|(run, records)| {
                let mut records: Vec<Value> =
                    records.iter().map(|(id, variant)| record(*id, *variant, run, way, *content)).collect();
                if way.ends_with("asc") || way.ends_with("desc") {
                    // The same records once more, in another variant: the column decides which one enters.
                    let again: Vec<Value> = RUNS[run]
                        .iter()
                        .map(|(id, variant)| record(*id, variant + 1, run, way, *content))
                        .collect();
                    records.extend(again);
                }
                Value::Array(records)
            });
            let differs = match way {
                // Without lists there are no nested rows to differ in.
                "io_gone" => ["list", "deep"].contains(nesting),
                // The records that stay as they are have empty lists in the deep nesting.
                "scd2_version" => *nesting == "list",
                _ => true,
            };
            let value = json!({
                "resource": resource, "runs": runs.collect::<Vec<_>>(), "accepted": accepted.filter(|_| differs),
            });
            cases.push(Case::read(&format!("{way}_{nesting}"), &value));
        }
    }
    cases
}

fn all() -> bool {
    std::env::var("SPILE_MATRIX").is_ok_and(|word| word == "all")
}

#[test]
fn every_disposition_and_strategy_on_duckdb() {
    let cases = cases(if all() { &NESTINGS } else { &NESTINGS[3..] });
    report(&cases, &differences(&cases, &Target::default(), |runs| runs));
    other_replace_strategies(None);
}

#[test]
fn every_disposition_and_strategy_on_postgres() {
    let Some(postgres) = Postgres::start() else { return };
    let mut cases = cases(if all() { &NESTINGS } else { &NESTINGS[3..] });
    if !all() {
        // One of each strategy: the statements are the same as on DuckDB, the types and constraints are not.
        let few = ["append_deep", "replace_deep", "di_pk_deep", "up_deep", "io_deep", "scd2_deep"];
        cases.retain(|case| few.contains(&case.name.as_str()));
    }
    let mut target = Target { postgres: Some(postgres), ..Target::default() };
    report(&cases, &differences(&cases, &target, |runs| runs));
    other_replace_strategies(target.postgres.take());
}

/// dlt exchanges rows in three ways; the first is the default, which the cases have.
fn other_replace_strategies(postgres: Option<Postgres>) {
    if !all() {
        return;
    }
    let mut cases = cases(&NESTINGS);
    cases.retain(|case| case.name.starts_with("replace"));
    let mut target = Target { postgres, ..Target::default() };
    // On DuckDB dlt does not have the third one.
    let count = if target.postgres.is_some() { 3 } else { 2 };
    for strategy in &REPLACE_STRATEGIES[1..count] {
        target.variables = vec![("DESTINATION__REPLACE_STRATEGY", strategy)];
        report(&cases, &differences(&cases, &target, |runs| runs));
    }
}

/// Without `SPILE_MATRIX` a part of it runs; the documents state the whole.
#[test]
fn the_matrix_is_as_large_as_the_documents_say() {
    let cases = cases(&NESTINGS);
    let named: Map<String, Value> = cases.iter().map(|case| (case.name.clone(), Value::Null)).collect();
    assert_eq!(named.len(), cases.len(), "two cases have one name");
    let replaces = cases.iter().filter(|case| case.name.starts_with("replace")).count();
    let count = cases.len() + replaces * (REPLACE_STRATEGIES.len() - 1);
    let text = std::fs::read_to_string(crate::harness::repository().join("docs/destinations.md")).unwrap();
    assert!(
        text.contains(&format!("{count} cases")),
        "docs/destinations.md states another count than {count}"
    );
}
