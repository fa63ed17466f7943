//! Limits, errors, warnings and what differs from dlt on purpose.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spile_core::{ColumnSchema, DataType, Error, Limits, LoadPlan, Schema, TableSchema, WriteDisposition};
use spile_normalize::{Flushed, Normalizer};

use crate::support::{self, Rows};

fn normalizer(schema: Schema, load: &LoadPlan, limits: &Limits) -> Normalizer {
    let mut normalizer = Normalizer::new(schema, "7.5", support::naming(), limits);
    normalizer.add_resource("t", load, None).unwrap();
    normalizer
}

fn rows(flushed: &Flushed) -> BTreeMap<String, Rows> {
    let mut rows = BTreeMap::new();
    for batch in &flushed.batches {
        support::collect(&mut rows, &batch.table, &batch.rows);
    }
    rows
}

/// Normalises records and returns the rows without ids, and the warnings.
fn run(body: &str) -> (BTreeMap<String, Vec<Value>>, Vec<String>) {
    let mut normalizer = normalizer(Schema::new("s"), &support::load("t"), &Limits::default());
    normalizer.push(&support::page("t", 1, body)).unwrap();
    let flushed = normalizer.flush().unwrap();
    let mut rows = rows(&flushed);
    for row in rows.values_mut().flatten() {
        row.retain(|name, _| !name.starts_with("_dlt"));
    }
    let rows = rows.into_iter().map(|(name, rows)| (name, rows.into_iter().map(Value::Object).collect()));
    (rows.collect(), flushed.remarks.sentences(normalizer.schema()))
}

fn fail(load: &LoadPlan, limits: &Limits, body: &str) -> Error {
    normalizer(Schema::new("s"), load, limits).push(&support::page("t", 1, body)).unwrap_err()
}

#[test]
fn limits_are_errors_that_name_them() {
    let limits = |nesting_max, columns_max, tables_max| Limits {
        nesting_max,
        columns_max,
        tables_max,
        ..Limits::default()
    };
    let load = support::load("t");
    let flat = LoadPlan { max_table_nesting: Some(0), ..support::load("t") };
    let many: Vec<String> = (0..80).map(|key| format!(r#""k{key}":null"#)).collect();
    for (load, limits, body, code) in [
        (&load, limits(3, 9, 9), r#"[{"a":{"b":{"c":1}}}]"#.to_owned(), None),
        (&load, limits(3, 9, 9), r#"[{"a":{"b":{"c":{"d":1}}}}]"#.to_owned(), Some("limit/nesting")),
        (&load, limits(3, 9, 9), r#"[{"a":[[[1]]]}]"#.to_owned(), Some("limit/nesting")),
        (&flat, limits(3, 9, 9), r#"[{"a":[[1]]}]"#.to_owned(), None),
        (&flat, limits(3, 9, 9), r#"[{"a":[[[1]]]}]"#.to_owned(), Some("limit/nesting")),
        (&load, limits(3, 4, 9), r#"[{"a":1,"b":1}]"#.to_owned(), None),
        (&load, limits(3, 4, 9), r#"[{"a":1,"b":1,"c":1}]"#.to_owned(), Some("limit/columns")),
        (&load, limits(3, 4, 9), format!(r#"[{{{},"a":1}}]"#, many.join(",")), Some("limit/columns")),
        (&load, limits(3, 9, 2), r#"[{"a":[1]}]"#.to_owned(), None),
        (&load, limits(3, 9, 2), r#"[{"a":[1],"b":[1]}]"#.to_owned(), Some("limit/tables")),
    ] {
        let result = normalizer(Schema::new("s"), load, &limits).push(&support::page("t", 1, &body));
        assert_eq!(result.as_ref().err().map(Error::code), code, "{body}: {result:?}");
    }
    let deep = format!("[{}1{}]", "[".repeat(1_000), "]".repeat(1_000));
    assert_eq!(fail(&load, &limits(usize::MAX, 9, usize::MAX), &deep).code(), "limit/nesting");
    assert_eq!(fail(&flat, &limits(usize::MAX, 9, usize::MAX), &deep).code(), "limit/nesting");
}

/// As dlt 1.31 stores them: the names in references are normalised, the words are kept.
#[test]
fn hints_of_the_table_are_kept_with_it() {
    let written = json!([{"columns": ["UserId"], "referenced_table": "Users", "referenced_columns": ["ID"]}]);
    let hints = [("references".to_owned(), written), ("file_format".to_owned(), json!("parquet"))];
    let load = LoadPlan { table_hints: hints.into(), ..support::load("t") };
    let normalizer = normalizer(Schema::new("s"), &load, &Limits::default());
    let properties = &normalizer.schema().tables["t"].properties;
    let stored = json!([{"columns": ["user_id"], "referenced_table": "users", "referenced_columns": ["id"]}]);
    assert_eq!((&properties["references"], &properties["file_format"]), (&stored, &json!("parquet")));
}

#[test]
fn a_key_without_a_value_is_an_error_that_names_it() {
    let load = LoadPlan {
        primary_key: vec!["ID".to_owned()],
        write_disposition: WriteDisposition::Merge,
        ..support::load("t")
    };
    for body in ["[{\"ID\":1},{\"ID\":null}]", "[{\"x\":1}]", "[{\"ID\":1},{\"ID\":\"x\"}]"] {
        let error = fail(&load, &Limits::default(), body);
        assert_eq!(error.code(), "data/null-key");
        let names: Vec<&str> = error.context().iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["table", "column", "resource", "page"], "{error:?}");
    }
}

#[test]
fn whole_numbers_beyond_64_bits_are_kept_as_text() {
    let (rows, warnings) = run(
        r#"[{"a":1,"b":9223372036854775808},{"a":-9223372036854775809,"b":1},{"a":123456789012345678901234567890}]"#,
    );
    assert_eq!(
        rows["t"],
        [
            json!({"a": 1, "b": "9223372036854775808"}),
            json!({"b": "1", "a__v_text": "-9223372036854775809"}),
            json!({"a__v_text": "123456789012345678901234567890"}),
        ]
    );
    assert_eq!(warnings.len(), 2, "{warnings:?}");
}

#[test]
fn whole_numbers_beyond_a_narrow_column_get_a_variant() {
    for (precision, widths, is_stored, is_beside) in [
        (16, &[8, 16, 32, 64][..], -32768..=32767_i64, Some(32768)),
        // PostgreSQL has no type of 8 bits.
        (5, &[16, 32, 64], -32768..=32767, Some(-32769)),
        (17, &[16, 32, 64], i32::MIN.into()..=i32::MAX.into(), Some(2_147_483_648_i64)),
        (33, &[16, 32, 64], i64::MIN..=i64::MAX, None),
        (16, &[], i64::MIN..=i64::MAX, None),
    ] {
        let mut declared = ColumnSchema::new("a", DataType::Bigint);
        declared.hints.insert("precision".to_owned(), precision.into());
        let mut schema = Schema::new("s");
        let mut table = TableSchema::new("t");
        table.columns.insert("a".to_owned(), declared);
        schema.tables.insert("t".to_owned(), table);
        let mut normalizer =
            Normalizer::new(schema, "7.5", support::naming(), &Limits::default()).with_integer_bits(widths);
        normalizer.add_resource("t", &support::load("t"), None).unwrap();
        let (least, most) = (is_stored.start(), is_stored.end());
        let beside = is_beside.unwrap_or(0);
        let body = format!(r#"[{{"a":{least}}},{{"a":{most}}},{{"a":{beside}}},{{"a":"{beside}"}}]"#);
        normalizer.push(&support::page("t", 1, &body)).unwrap();
        let rows = &rows(&normalizer.flush().unwrap())["t"];
        assert_eq!((&rows[0]["a"], &rows[1]["a"]), (&json!(least), &json!(most)), "{precision} {widths:?}");
        let of = |row: usize, column: &str| rows[row].get(column).cloned();
        if is_beside.is_some() {
            assert_eq!((of(2, "a"), of(2, "a__v_bigint")), (None, Some(json!(beside))));
            assert_eq!((of(3, "a"), of(3, "a__v_text")), (None, Some(json!(beside.to_string()))));
        } else {
            assert_eq!((of(2, "a"), of(3, "a")), (Some(json!(0)), Some(json!(0))));
        }
    }
}

#[test]
fn keys_that_meet_are_kept_apart_and_told_once() {
    let (rows, warnings) = run(
        r#"[{"userName":1,"user_name":2},{"userName":3,"user_name":null},{"user_name":5,"userName":4},{"Items":[1],"items":[2],"o":{"aB":1,"a_b":"x"}}]"#,
    );
    // The later value is where dlt has it; the name beside it is drawn from the earlier key.
    let apart = |name: &str| {
        let name = name.to_owned();
        move |row: &Value| row.as_object().unwrap().keys().any(|key| key.starts_with(&name))
    };
    assert_eq!(rows["t"][0]["user_name"], 2);
    assert!(rows["t"][..3].iter().all(apart("user_name__k_")), "{rows:?}");
    assert_eq!(rows["t"][3]["o__a_b"], "x");
    assert!(apart("o__a_b__k_")(&rows["t"][3]));
    assert_eq!(rows["t__items"], [json!({"value": 2})]);
    let beside = rows.keys().find(|name| name.starts_with("t__items__k_")).unwrap();
    assert_eq!(rows[beside], [json!({"value": 1})]);
    assert_eq!(warnings.len(), 4, "{warnings:?}");
    assert!(warnings[0].starts_with(
        "column user_name of table t: keys \"userName\" and \"user_name\" of one record meet there, the value of \"userName\" is kept in user_name__k_"
    ));
}

#[test]
fn of_a_repeated_key_the_last_value_counts() {
    let (rows, warnings) = run(r#"[{"a":1,"b":2,"a":{"x":[1]}},{"a":[5],"l":{"k":1,"k":"z"},"a":"w"}]"#);
    assert_eq!(rows["t"], [json!({"b": 2}), json!({"a": "w", "l__k": "z"})]);
    assert_eq!(rows["t__a__x"], [json!({"value": 1})]);
    assert!(!rows.contains_key("t__a") && warnings.is_empty());
}

#[test]
fn a_value_that_fits_nowhere_gets_a_variant_of_the_variant() {
    let (rows, _) = run(
        r#"[{"a":1},{"a":"2024-01-01T00:00:00Z"},{"a":"word"},{"a":"x","a__v_text__v_text":"taken"},{"__":1,"a__v_text":"y"}]"#,
    );
    assert_eq!(
        rows["t"],
        [
            json!({"a": 1}),
            json!({"a__v_text": "2024-01-01T00:00:00.000000Z"}),
            json!({"a__v_text__v_text": "word"}),
            json!({"a__v_text__v_text": "x", "a__v_text__v_text__v_text": "taken"}),
            json!({"_empty": 1, "a__v_text__v_text": "y"}),
        ]
    );
}

#[test]
fn given_ids_are_kept_and_nested_rows_linked() {
    let mut normalizer = normalizer(Schema::new("s"), &support::load("t"), &Limits::default());
    let body = r#"[{"_dlt_id":"mine","_dlt_load_id":"x","l":[{"_dlt_id":"child","_dlt_list_idx":9}]},{"_dlt_id":5}]"#;
    normalizer.push(&support::page("t", 1, body)).unwrap();
    let flushed = normalizer.flush().unwrap();
    let rows = rows(&flushed);
    assert_eq!(rows["t"][0]["_dlt_id"], "mine");
    assert_eq!(rows["t"][0]["_dlt_load_id"], "7.5");
    assert_eq!(rows["t"][1]["_dlt_id"].as_str().unwrap().len(), 14);
    assert_eq!(
        json!(rows["t__l"][0]),
        json!({"_dlt_parent_id": "mine", "_dlt_list_idx": 0, "_dlt_id": "child"})
    );
    assert_eq!(flushed.remarks.warnings.len(), 3);
}

#[test]
fn a_run_that_resumes_makes_the_same_rows() {
    let pages: Vec<_> =
        [r#"[{"a":1,"l":[1]}]"#, r#"[{"a":"x","b":null,"l":[{"c":2}]}]"#, r#"[{"b":1},{"l":["q"]}]"#]
            .iter()
            .enumerate()
            .map(|(number, body)| support::page("t", number as u8, body))
            .collect();
    let load = LoadPlan { write_disposition: WriteDisposition::Merge, ..support::load("t") };
    let mut straight = normalizer(Schema::new("s"), &load, &Limits::default());
    let mut changes = Vec::new();
    for (number, page) in pages.iter().enumerate() {
        straight.push(page).unwrap();
        assert!(straight.buffered_rows() > 0 && straight.buffered_bytes() > 0);
        let flushed = straight.flush().unwrap();
        assert_eq!((straight.buffered_rows(), straight.buffered_bytes()), (0, 0));
        let mut resumed = normalizer(Schema::new("s"), &load, &Limits::default());
        resumed.apply_changes(&changes);
        resumed.push(page).unwrap();
        let again = resumed.flush().unwrap();
        assert_eq!(rows(&flushed), rows(&again), "page {number}");
        assert_eq!(straight.schema().tables, resumed.schema().tables, "page {number}");
        changes.extend(flushed.changes);
    }
}

#[test]
fn tables_do_not_mix() {
    let limits = Limits::default();
    let mut normalizer = normalizer(Schema::new("s"), &support::load("t"), &limits);
    normalizer.push(&support::page("t", 1, r#"[{"l":[1]}]"#)).unwrap();
    let error = normalizer.add_resource("other", &support::load("t__l"), None).unwrap_err();
    assert_eq!(error.code(), "config/table-clash");
    normalizer.add_resource("other", &support::load("t__m"), None).unwrap();
    let error = normalizer.push(&support::page("t", 2, r#"[{"m":[1]}]"#)).unwrap_err();
    assert_eq!(error.code(), "config/table-clash");
    let error = normalizer.push(&support::page("nobody", 2, "[{}]")).unwrap_err();
    assert_eq!(error.code(), "bug/resource");
}

#[test]
fn two_resources_may_share_a_table() {
    let mut normalizer = normalizer(Schema::new("s"), &support::load("shared"), &Limits::default());
    normalizer.push(&support::page("t", 1, r#"[{"a":1}]"#)).unwrap();
    let column = spile_core::ColumnHint {
        name: "b".to_owned(),
        data_type: Some(spile_core::DataType::Double),
        nullable: Some(false),
        hints: std::collections::BTreeMap::new(),
    };
    let load = LoadPlan { columns: vec![column], ..support::load("shared") };
    normalizer.add_resource("u", &load, None).unwrap();
    normalizer.push(&support::page("u", 2, r#"[{"a":2,"b":3}]"#)).unwrap();
    let rows = rows(&normalizer.flush().unwrap());
    assert_eq!(rows["shared"][1]["b"], 3.0);
    let error = normalizer.push(&support::page("u", 3, r#"[{"a":2}]"#)).unwrap_err();
    assert_eq!(error.code(), "data/null-value");
}

#[test]
fn wide_records_and_keys_that_are_data_have_a_bound() {
    let record = |from: usize, to: usize| {
        let members: Vec<String> = (from..to).map(|key| format!("\"k{key}\":{key}")).collect();
        format!("[{{{}}}]", members.join(","))
    };
    for columns in [200, 2_000] {
        let mut normalizer = normalizer(Schema::new("s"), &support::load("t"), &Limits::default());
        normalizer.push(&support::page("t", 1, &record(0, columns))).unwrap();
        assert_eq!(normalizer.schema().tables["t"].columns.len(), columns + 2);
    }
    // Ten thousand distinct keys, a few new ones on each page: the error comes when the columns run out.
    let mut normalizer = normalizer(Schema::new("s"), &support::load("t"), &Limits::default());
    let failed = (0..1_000_u32)
        .find_map(|page| {
            let from = page as usize * 10;
            normalizer.push(&support::page("t", (page % 256) as u8, &record(from, from + 10))).err()
        })
        .unwrap();
    assert_eq!(failed.code(), "limit/columns");
    assert!(normalizer.schema().tables["t"].columns.len() <= Limits::default().columns_max);
}

#[test]
fn columns_that_are_only_null_are_told() {
    let mut normalizer = normalizer(Schema::new("s"), &support::load("t"), &Limits::default());
    let mut told = Vec::new();
    for (number, body) in [
        r#"[{"a":null,"b":null,"c":null,"d":null,"e":[],"l":[{"x":null,"y":1}]}]"#,
        r#"[{"a":null,"b":1,"c":{"x":1},"d":[1]}]"#,
    ]
    .iter()
    .enumerate()
    {
        normalizer.push(&support::page("t", number as u8, body)).unwrap();
        told.push(normalizer.flush().unwrap().remarks);
    }
    assert_eq!((told[0].only_null.len(), told[1].only_null.len()), (5, 0));
    let sentences = told[0].sentences(normalizer.schema());
    assert_eq!(sentences.len(), 2, "{sentences:?}");
    assert!(sentences[0].contains("came for a,") && sentences[1].contains("came for x,"), "{sentences:?}");
}

fn nested(name: &str, column: &str) -> spile_core::NestedHints {
    let column = spile_core::ColumnHint {
        name: column.to_owned(),
        data_type: Some(spile_core::DataType::Double),
        nullable: None,
        hints: BTreeMap::new(),
    };
    spile_core::NestedHints { name: name.to_owned(), columns: vec![column], table_hints: Vec::new() }
}

#[test]
fn hints_of_a_nested_table_reach_one_that_has_rows() {
    let mut normalizer = normalizer(Schema::new("s"), &support::load("shared"), &Limits::default());
    normalizer.push(&support::page("t", 1, r#"[{"kids":[{"a":1}]}]"#)).unwrap();
    let load = LoadPlan { nested_hints: vec![nested("Kids", "b")], ..support::load("shared") };
    normalizer.add_resource("u", &load, None).unwrap();
    normalizer.push(&support::page("u", 2, r#"[{"kids":[{"a":2,"b":3}]}]"#)).unwrap();
    assert_eq!(rows(&normalizer.flush().unwrap())["shared__kids"][1]["b"], 3.0);
}

#[test]
fn hints_of_a_nested_table_spare_what_is_not_theirs() {
    let load = LoadPlan { nested_hints: vec![nested("kids", "b")], ..support::load("t") };
    for (property, table, expected) in [
        (Some("freeze"), "t", "config/not-supported"),
        (None, "t__kids", "config/table-clash"),
        (Some("evolve"), "t", ""),
    ] {
        let mut stored = spile_core::TableSchema::new(table);
        stored.properties.extend(property.map(|modes| ("schema_contract".to_owned(), json!(modes))));
        let mut schema = Schema::new("s");
        schema.tables.insert(table.to_owned(), stored);
        let mut normalizer = Normalizer::new(schema, "7.5", support::naming(), &Limits::default());
        let code = normalizer.add_resource("t", &load, None).map_or_else(|error| error.code(), |_| "");
        assert_eq!(code, expected);
    }
}
