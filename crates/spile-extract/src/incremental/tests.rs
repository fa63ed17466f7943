//! Windows and filters as tables: a plan, a state and rows give this request, these rows and this state.

use jiff::Timestamp;
use serde_json::{Value, json};
use spile_core::{
    AskedBounds, CursorBound, CursorFormat, Document, IncrementalPlan, JsonPath, MissingCursor, RangeEdge,
    RowOrder, WindowPart,
};

use super::filter::Filtered;
use super::format;
use super::{RowFilter, Window};

pub(super) const ASKED: AskedBounds = AskedBounds { start: true, end: true };

pub(super) fn plan() -> IncrementalPlan {
    IncrementalPlan {
        cursor_path: JsonPath::parse("t").unwrap(),
        initial_value: None,
        end_value: None,
        start: CursorBound { param: Some("from".to_owned()), format: CursorFormat::AsRecord },
        end: CursorBound { param: None, format: CursorFormat::AsRecord },
        end_is_run_start: false,
        convert: None,
        lag: None,
        descending: false,
        range_start: RangeEdge::Closed,
        range_end: RangeEdge::Open,
        on_missing: MissingCursor::Raise,
        row_order: None,
        primary_key: None,
        step: None,
        per_parent: false,
    }
}

/// `incremental_sync`: a closed window that ends when the run starts.
pub(super) fn sync() -> IncrementalPlan {
    IncrementalPlan { end_is_run_start: true, range_end: RangeEdge::Closed, ..plan() }
}

pub(super) fn run_start() -> Timestamp {
    "2026-03-01T12:00:00.7Z".parse().unwrap()
}

fn state(last: impl Into<Value>, hashes: &[&str]) -> Value {
    json!({"initial_value": null, "last_value": last.into(), "unique_hashes": hashes, "start_value": null})
}

fn filter(
    plan: &IncrementalPlan,
    stored: Option<&Value>,
    rows: &str,
) -> (Vec<Value>, Filtered, Option<Value>) {
    let window = Window::open(plan, stored, run_start()).unwrap();
    let key = ["id".to_owned()];
    let mut filter = RowFilter::new(plan, &window, WindowPart::WHOLE, ASKED, &key, None);
    let document = Document::parse(rows.as_bytes().to_vec()).unwrap();
    let records: Vec<_> = document.root().elements().collect();
    let filtered = filter.page(&records).unwrap();
    let kept = filtered.kept.iter().map(|index| document.at(*index).get("id").unwrap().to_value()).collect();
    (kept, filtered, filter.state())
}

#[test]
fn forms_survive_a_round_trip() {
    for text in [
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00.123456Z",
        "2026-01-31 12:00:00+00:00",
        "2026-01-31T12:00:00.5-05:00",
        "2026-08-12T13:41:01.236000-0500",
        "2026-01-31T12:00:00+02",
        "2026-01-31t12:00:00-00:00",
        "2026-01-31T12:00",
        "2026-01-31T12:00:00",
        "2026-01-31",
    ] {
        let (instant, form) = format::recognise_iso(text).unwrap();
        assert_eq!(form.write(instant), text, "{text}");
    }
    for value in
        [json!(1_700_000_000), json!(1_700_000_000_123_i64), json!("1700000000"), json!("1700000000123")]
    {
        let (instant, form) = format::recognise(&value).unwrap();
        assert_eq!(form.write(instant), value);
    }
    for text in
        ["", "2026", "2026-13-01", "2026-01-31T25:00:00", "2026-01-31T12:00:00 Z", "12345678", "é026-01-31"]
    {
        assert!(format::recognise(&json!(text)).is_none(), "{text}");
    }
}

#[test]
fn windows_are_written_as_configured() {
    let none = (None, Some("2026-03-01T12:00:00Z"), "everything up to 2026-03-01T12:00:00Z");
    let offset = json!("2026-02-01T10:00:00.250-05:00");
    for (last, start, end, expected) in [
        (None, CursorFormat::AsRecord, CursorFormat::AsRecord, none),
        (
            Some(offset.clone()),
            CursorFormat::AsRecord,
            CursorFormat::Unix,
            (
                Some("2026-02-01T10:00:00.250-05:00"),
                Some("1772366400"),
                "from 2026-02-01T10:00:00.250-05:00 to 2026-03-01T07:00:00.000-05:00",
            ),
        ),
        (
            Some(offset),
            CursorFormat::UnixMs,
            CursorFormat::Strftime("%Y/%m/%d %H:%M:%S.%f%z".to_owned()),
            (
                Some("1769958000250"),
                Some("2026/03/01 12:00:00.000000+0000"),
                "from 2026-02-01T10:00:00.250-05:00 to 2026-03-01T07:00:00.000-05:00",
            ),
        ),
        (
            Some(json!(1_769_958_000)),
            CursorFormat::Iso8601,
            CursorFormat::AsRecord,
            (Some("2026-02-01T15:00:00Z"), Some("1772366400"), "from 1769958000 to 1772366400"),
        ),
    ] {
        let mut plan = sync();
        plan.start.format = start;
        plan.end.format = end;
        let window = Window::open(&plan, last.map(|last| state(last, &[])).as_ref(), run_start()).unwrap();
        let found = (window.start_text.as_deref(), window.end_text.as_deref(), window.describe());
        assert_eq!(found, (expected.0, expected.1, expected.2.to_owned()));
    }
}

#[test]
fn lag_goes_back_but_not_before_the_initial_value() {
    for (last, lag, initial, descending, expected) in [
        (json!(100), 10.0, Value::Null, false, json!(90)),
        (json!(100), 10.0, json!(95), false, json!(95)),
        (json!(10), 3.0, Value::Null, true, json!(13)),
        (json!("2026-02-01T00:00:10Z"), 20.0, Value::Null, false, json!("2026-01-31T23:59:50Z")),
        (json!("2026-02-01"), 2.0, Value::Null, false, json!("2026-01-30")),
        (json!("2026-02-01T15:30:00Z"), 1.0, json!("2025-01-01"), false, json!("2026-01-31T00:00:00Z")),
    ] {
        let plan = IncrementalPlan {
            lag: Some(lag),
            initial_value: Some(initial).filter(|v| !v.is_null()),
            descending,
            ..plan()
        };
        let window = Window::open(&plan, Some(&state(last.clone(), &[])), run_start()).unwrap();
        assert_eq!(window.start, Some(expected), "{last} {lag}");
    }
    let plan = IncrementalPlan { lag: Some(1.0), ..plan() };
    assert!(Window::open(&plan, Some(&state(json!("x"), &[])), run_start()).is_err());
}

#[test]
fn rows_are_filtered_as_dlt_does() {
    let rows = r#"[{"id":1,"t":4},{"id":2,"t":5},{"id":3,"t":5},{"id":4,"t":9},{"id":5,"t":9}]"#;
    // The hash of id 2 was stored: that row is here already.
    let (kept, filtered, after) = filter(&plan(), Some(&state(json!(5), &["669czW83KR00"])), rows);
    assert_eq!(
        (kept, filtered.outside, filtered.duplicates),
        (vec![json!(2), json!(3), json!(4), json!(5)], 1, 0)
    );
    let after = after.unwrap();
    assert_eq!((&after["last_value"], &after["start_value"]), (&json!(9), &json!(5)));
    assert_eq!(after["unique_hashes"].as_array().unwrap().len(), 2);

    let (kept, filtered, _) = filter(&plan(), Some(&state(json!(4), &["669czW83KR00"])), rows);
    assert_eq!((kept.len(), filtered.duplicates), (4, 1));

    let open = IncrementalPlan { range_start: RangeEdge::Open, ..plan() };
    assert_eq!(filter(&open, Some(&state(json!(5), &[])), rows).0, [json!(4), json!(5)]);

    let ended = IncrementalPlan { initial_value: Some(json!(5)), end_value: Some(json!(9)), ..plan() };
    let (kept, filtered, after) = filter(&ended, None, rows);
    assert_eq!((kept, filtered.outside, after), (vec![json!(2), json!(3)], 1, None));

    let smallest = IncrementalPlan { descending: true, ..plan() };
    let (kept, _, after) = filter(&smallest, Some(&state(json!(5), &[])), rows);
    assert_eq!((kept, &after.unwrap()["last_value"]), (vec![json!(1), json!(2), json!(3)], &json!(4)));
}

#[test]
fn missing_and_odd_cursors() {
    let rows = r#"[{"id":1,"t":null},{"id":2},{"id":3,"t":1}]"#;
    let with = |on_missing| IncrementalPlan { on_missing, ..plan() };
    assert_eq!(filter(&with(MissingCursor::Include), None, rows).0.len(), 3);
    assert_eq!(filter(&with(MissingCursor::Exclude), None, rows).0, [json!(3)]);
    for (rows, initial, code) in [
        (rows, Value::Null, "incremental/cursor-missing"),
        (r#"[{"id":1,"t":"a"}]"#, json!(5), "incremental/cursor-kind"),
        (r#"[{"id":1,"t":[1]}]"#, json!(5), "incremental/cursor-kind"),
        (r#"[{"t":5}]"#, json!(5), "incremental/key-missing"),
    ] {
        let plan = IncrementalPlan { initial_value: Some(initial).filter(|v| !v.is_null()), ..plan() };
        let window = Window::open(&plan, None, run_start()).unwrap();
        let key = ["id".to_owned()];
        let document = Document::parse(rows.as_bytes().to_vec()).unwrap();
        let records: Vec<_> = document.root().elements().collect();
        assert_eq!(
            RowFilter::new(&plan, &window, WindowPart::WHOLE, ASKED, &key, None)
                .page(&records)
                .unwrap_err()
                .code(),
            code
        );
    }
}

#[test]
fn sync_compares_instants_and_counts_what_the_api_should_not_have_given() {
    let rows = r#"[{"id":1,"t":"2026-03-01T12:00:00.9+00:00"},{"id":2,"t":"2026-03-01T13:00:00+02:00"},
        {"id":3,"t":"2026-03-01T12:00:01Z"},{"id":4,"t":"2026-02-28T10:00:00.1Z"},{"id":5,"t":"2026-02-28T09:59:59Z"}]"#;
    let mut plan = sync();
    plan.start.format = CursorFormat::Unix;
    plan.end.format = CursorFormat::Unix;
    let (kept, filtered, after) = filter(&plan, Some(&state(json!("2026-02-28T10:00:00.5Z"), &[])), rows);
    // 1 and 4 lie in the seconds that were sent as bounds; 3 and 5 lie outside.
    assert_eq!((kept, filtered.outside), (vec![json!(1), json!(2), json!(4)], 2));
    assert_eq!(after.unwrap()["last_value"], json!("2026-03-01T12:00:00.9+00:00"));
}

#[test]
fn ordered_rows_end_the_paging() {
    let rows = r#"[{"id":1,"t":9},{"id":2,"t":5},{"id":3,"t":4}]"#;
    let ordered = IncrementalPlan { row_order: Some(RowOrder::Desc), ..plan() };
    assert!(filter(&ordered, Some(&state(json!(5), &[])), rows).1.passed);
    assert!(!filter(&ordered, Some(&state(json!(4), &[])), rows).1.passed);
    assert!(!filter(&plan(), Some(&state(json!(5), &[])), rows).1.passed);
}

#[test]
fn a_resumed_filter_goes_on_where_it_was() {
    let plan = plan();
    let window = Window::open(&plan, Some(&state(json!(1), &[])), run_start()).unwrap();
    let key = ["id".to_owned()];
    let pages = [r#"[{"id":1,"t":3},{"id":2,"t":7}]"#, r#"[{"id":3,"t":7},{"id":4,"t":2}]"#];
    let run = |resumed: Option<&Value>, pages: &[&str]| {
        let mut filter = RowFilter::new(&plan, &window, WindowPart::WHOLE, ASKED, &key, resumed);
        for page in pages {
            let document = Document::parse(page.as_bytes().to_vec()).unwrap();
            let records: Vec<_> = document.root().elements().collect();
            filter.page(&records).unwrap();
        }
        filter.state().unwrap()
    };
    let half = run(None, &pages[..1]);
    assert_eq!(run(Some(&half), &pages[1..]), run(None, &pages));
    let restored: Window = serde_json::from_value(serde_json::to_value(&window).unwrap()).unwrap();
    assert_eq!((restored.key(), restored), (window.key(), window));
}

/// A bound that no request carries is a filter of ours, so rows beyond it say nothing about the API.
#[test]
fn only_what_was_asked_for_counts_as_outside() {
    let ended = IncrementalPlan { initial_value: Some(json!(5)), end_value: Some(json!(9)), ..plan() };
    let window = Window::open(&ended, None, run_start()).unwrap();
    let document = Document::parse(br#"[{"id":1,"t":4},{"id":2,"t":5},{"id":3,"t":10}]"#.to_vec()).unwrap();
    let records: Vec<_> = document.root().elements().collect();
    for (start, end, outside) in [(true, true, 2), (true, false, 1), (false, false, 0)] {
        let mut filter =
            RowFilter::new(&ended, &window, WindowPart::WHOLE, AskedBounds { start, end }, &[], None);
        let filtered = filter.page(&records).unwrap();
        assert_eq!((filtered.kept.len(), filtered.outside), (1, outside));
    }
}

/// Rows as (id, cursor), and the last value, hashes and start value after them.
type Run<'a> = (&'a [(i64, i64)], Value, &'a [&'a str], Value);

/// Every state here was written by dlt 1.31 for the same rows, one run after another.
#[test]
fn states_are_dlts() {
    let with_lag = IncrementalPlan { lag: Some(10.0), ..plan() };
    let smallest = IncrementalPlan { descending: true, ..plan() };
    let from_four = IncrementalPlan { initial_value: Some(json!(4)), ..plan() };
    let runs: [(IncrementalPlan, &[Run<'_>]); 4] = [
        (
            plan(),
            &[
                (&[(1, 4), (2, 5), (3, 5)], json!(5), &["Cn/dwi436vBb", "Tp44cKMYfAuJ"], Value::Null),
                (
                    &[(2, 5), (3, 5), (4, 5)],
                    json!(5),
                    &["9ydaHrzwo9f8", "Cn/dwi436vBb", "Tp44cKMYfAuJ"],
                    json!(5),
                ),
                (&[(9, 1)], json!(5), &["9ydaHrzwo9f8", "Cn/dwi436vBb", "Tp44cKMYfAuJ"], json!(5)),
                (&[(5, 8)], json!(8), &["tIXXf9wiHssy"], json!(5)),
            ],
        ),
        (
            from_four,
            &[
                (&[(1, 4), (2, 5)], json!(5), &["Tp44cKMYfAuJ"], json!(4)),
                (&[(2, 5), (3, 9)], json!(9), &["Cn/dwi436vBb"], json!(5)),
                (&[(7, 2)], json!(9), &["Cn/dwi436vBb"], json!(5)),
            ],
        ),
        (
            with_lag,
            &[
                (&[(1, 10), (2, 20)], json!(20), &[], Value::Null),
                (&[(3, 12), (4, 18)], json!(20), &[], json!(20)),
                (&[(3, 12), (4, 25)], json!(25), &[], json!(20)),
            ],
        ),
        (
            smallest,
            &[
                (&[(1, 10), (2, 7)], json!(7), &["Tp44cKMYfAuJ"], Value::Null),
                (&[(3, 7), (2, 7), (4, 9)], json!(7), &["Cn/dwi436vBb", "Tp44cKMYfAuJ"], json!(7)),
            ],
        ),
    ];
    for (plan, runs) in runs {
        let mut stored = None;
        for (rows, last_value, hashes, start_value) in runs {
            let rows: Vec<Value> = rows.iter().map(|(id, t)| json!({"id": id, "t": t})).collect();
            let mut state = filter(&plan, stored.as_ref(), &Value::from(rows).to_string()).2.unwrap();
            stored = Some(state.clone());
            state["unique_hashes"].as_array_mut().unwrap().sort_by_key(Value::to_string);
            let expected = json!({
                "initial_value": plan.initial_value,
                "last_value": last_value,
                "unique_hashes": hashes,
                "start_value": start_value,
            });
            assert_eq!(state, expected);
        }
    }
}

proptest::proptest! {
    /// The invariant of `format`: what is recognised is written back to the letter, and nothing panics.
    #[test]
    fn recognised_texts_survive(
        date in "[0-9]{4}-(0[0-9]|1[0-3])-[0-3][0-9]",
        time in "([tT ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\\.[0-9]{1,10})?)?(z|Z|[+-][0-2][0-9](:?[0-6][0-9])?)?)?",
    ) {
        let text = format!("{date}{time}");
        if let Some((instant, form)) = format::recognise_iso(&text) {
            proptest::prop_assert_eq!(form.write(instant), Value::from(text));
        }
    }

    #[test]
    fn no_text_panics(text in "[0-9TZ:+.é -]{0,30}", pattern in "(%[a-zA-Z%0-9]|[a-z]){0,6}") {
        let _found = format::recognise(&Value::from(text));
        let instant = run_start();
        let format = CursorFormat::Strftime(pattern);
        let _written = format::write(instant, &format, format::TimeForm::DEFAULT);
    }
}
