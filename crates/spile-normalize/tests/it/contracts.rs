//! Schema contracts: what is let in, what is dropped and told, what fails. The rows are compared with dlt's by the oracle.

use std::collections::BTreeMap;

use spile_core::{ContractMode, Limits, LoadPlan, Schema, SchemaContract};
use spile_normalize::Normalizer;

use crate::support::{self, Rows};

const FIRST: &str = r#"[{"id":1,"a":1,"l":[{"x":1}]}]"#;

/// Loads [`FIRST`] without a contract, then a body under one, as two runs.
fn second_run(
    contract: SchemaContract,
    body: &str,
) -> Result<(BTreeMap<String, Rows>, Vec<String>), spile_core::Error> {
    let mut before = Normalizer::new(Schema::new("s"), "1.5", support::naming(), &Limits::default());
    before.add_resource("t", &support::load("t"), None)?;
    before.push(&support::page("t", 1, FIRST))?;
    let mut normalizer =
        Normalizer::new(before.schema().clone(), "2.5", support::naming(), &Limits::default());
    let load = LoadPlan { schema_contract: Some(contract), ..support::load("t") };
    normalizer.add_resource("t", &load, None)?;
    normalizer.push(&support::page("t", 2, body))?;
    let mut rows = BTreeMap::new();
    let flushed = normalizer.flush()?;
    for batch in &flushed.batches {
        support::collect(&mut rows, &batch.table, &batch.rows);
    }
    Ok((rows, flushed.remarks.sentences(normalizer.schema())))
}

#[test]
fn what_is_dropped_is_counted_and_told() {
    let columns = |columns| SchemaContract { columns, ..SchemaContract::default() };
    let data_type = |data_type| SchemaContract { data_type, ..SchemaContract::default() };
    let tables = |tables| SchemaContract { tables, ..SchemaContract::default() };
    let (row, value) = (ContractMode::DiscardRow, ContractMode::DiscardValue);
    for (contract, body, rows_left, told) in [
        (columns(value), r#"[{"id":2,"b":1},{"id":3,"b":2}]"#, 2, "columns dropped 2 values"),
        (columns(row), r#"[{"id":2,"b":1,"l":[{"x":1}]},{"id":3}]"#, 1, "columns dropped 1 rows"),
        (data_type(value), r#"[{"id":2,"a":"x"},{"id":3,"a":"4"}]"#, 2, "data_type dropped 1 values"),
        (data_type(row), r#"[{"id":2,"a":"x"},{"id":3,"a":"4"}]"#, 1, "data_type dropped 1 rows"),
        (tables(value), r#"[{"id":2,"m":[1,2]}]"#, 1, "tables dropped 2 rows"),
    ] {
        let (rows, warnings) = second_run(contract, body).unwrap();
        assert_eq!(rows["t"].len(), rows_left, "{body}: {rows:?}");
        assert_eq!(rows.len(), 1, "{body}: {rows:?}");
        assert!(warnings.len() == 1 && warnings[0].ends_with(told), "{body}: {warnings:?}");
    }
}

#[test]
fn a_row_that_is_dropped_leaves_no_value_behind() {
    let contract = SchemaContract { data_type: ContractMode::DiscardRow, ..SchemaContract::default() };
    let (rows, _) =
        second_run(contract, r#"[{"id":2,"n":"new","a":"x"},{"id":3},{"n":"kept","id":4,"a":5}]"#).unwrap();
    let found: Vec<_> = rows["t"].iter().map(|row| (row["id"].clone(), row.get("n").cloned())).collect();
    assert_eq!(found, [(3.into(), None), (4.into(), Some("kept".into()))]);
}

#[test]
fn a_frozen_schema_fails_without_showing_values() {
    for body in [r#"[{"b":"secret"}]"#, r#"[{"a":"secret"}]"#, r#"[{"m":["secret"]}]"#] {
        let error = second_run(SchemaContract::all(ContractMode::Freeze), body).unwrap_err();
        assert_eq!(error.code(), "data/contract", "{body}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
    assert!(second_run(SchemaContract::all(ContractMode::Freeze), FIRST).is_ok());
}
