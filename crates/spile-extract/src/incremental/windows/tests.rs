//! Cutting as tables and as a property: the windows tile the range, and each record is in one of them.

use proptest::prelude::*;
use serde_json::json;
use spile_core::{AskedBounds, CursorBound, CursorConvert, Document, JsonPath, RangeEdge};

use super::super::RowFilter;
use super::super::tests::{ASKED, plan, run_start, sync};
use super::*;

fn stepped(step: Stride, granularity: Option<Stride>, base: IncrementalPlan) -> IncrementalPlan {
    let end = CursorBound { param: Some("to".to_owned()), ..base.end.clone() };
    IncrementalPlan { step: Some(StepPlan { step, granularity }), end, ..base }
}

fn span(text: &str) -> Stride {
    Stride::Span(text.parse().unwrap())
}

fn cut(plan: &IncrementalPlan, most: u64) -> Result<Windows> {
    Windows::cut(plan, Window::open(plan, None, run_start())?, most)
}

/// Returns the bounds of all windows as they are sent.
fn sent(plan: &IncrementalPlan) -> Vec<(String, String)> {
    let windows = cut(plan, 1000).unwrap();
    let window = |index| windows.get(plan, index).unwrap();
    (0..windows.count())
        .map(window)
        .map(|window| (window.start_text.unwrap_or_default(), window.end_text.unwrap_or_default()))
        .collect()
}

#[test]
fn bounds_are_written_as_the_cursor_is() {
    let between = |start: Value, end: Value, step, granularity| {
        let range = IncrementalPlan { initial_value: Some(start), end_value: Some(end), ..plan() };
        sent(&stepped(step, granularity, range))
    };
    for (found, expected) in [
        // Months do not add up their rounding, and February knows leap years.
        (
            between(json!("2024-01-31"), json!("2024-04-15"), span("P1M"), None),
            &[("2024-01-31", "2024-02-29"), ("2024-02-29", "2024-03-31"), ("2024-03-31", "2024-04-15")][..],
        ),
        // The last one is as long as what is left; an end that falls on a cut adds none.
        (between(json!(1), json!(10), Stride::Units(4.0), None), &[("1", "5"), ("5", "9"), ("9", "10")]),
        (between(json!(1), json!(9), Stride::Units(4.0), None), &[("1", "5"), ("5", "9")]),
        (
            between(json!(1), json!(9), Stride::Units(4.0), Some(Stride::Units(1.0))),
            &[("1", "4"), ("5", "8")],
        ),
        (between(json!(0.5), json!(2), Stride::Units(1.0), None), &[("0.5", "1.5"), ("1.5", "2")]),
        (between(json!(9), json!(3), Stride::Units(1.0), None), &[("9", "3")]),
        // A number is seconds for times and days for dates, as in `lag`.
        (
            between(json!("2026-01-01T00:00:00Z"), json!("2026-01-01T00:00:03Z"), Stride::Units(2.0), None),
            &[
                ("2026-01-01T00:00:00Z", "2026-01-01T00:00:02Z"),
                ("2026-01-01T00:00:02Z", "2026-01-01T00:00:03Z"),
            ],
        ),
        (
            between(json!("2026-01-01"), json!("2026-01-04"), Stride::Units(2.0), Some(span("P1D"))),
            &[("2026-01-01", "2026-01-02"), ("2026-01-03", "2026-01-03")],
        ),
        // The first start stays as it is; cuts are whole in what the bounds are written in.
        (
            between(
                json!("2026-01-01T00:00:30.25+02:00"),
                json!("2026-01-01T00:02:00.00+02:00"),
                span("PT1M"),
                None,
            ),
            &[
                ("2026-01-01T00:00:30.25+02:00", "2026-01-01T00:01:30.25+02:00"),
                ("2026-01-01T00:01:30.25+02:00", "2026-01-01T00:02:00.00+02:00"),
            ],
        ),
    ] {
        let expected: Vec<_> =
            expected.iter().map(|(start, end)| ((*start).to_owned(), (*end).to_owned())).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn an_absent_end_is_the_start_of_the_run() {
    let from = |initial: &str, base: IncrementalPlan| {
        sent(&stepped(span("P1D"), None, IncrementalPlan { initial_value: Some(json!(initial)), ..base }))
    };
    let last = |windows: Vec<(String, String)>| windows.last().unwrap().1.clone();
    assert_eq!(last(from("2026-02-27T00:00:00Z", plan())), "2026-03-01T12:00:00Z");
    // Today's records belong to a run of today.
    assert_eq!(last(from("2026-02-27", plan())), "2026-03-02");
    let mut unix = sync();
    unix.start.format = CursorFormat::Unix;
    unix.end.format = CursorFormat::Unix;
    let windows = from("2026-02-28T00:00:00.5Z", unix);
    assert_eq!(windows[0], ("1772236800".to_owned(), "1772323200".to_owned()), "a cut has no fraction");
    assert_eq!(last(windows), "1772366400");
}

#[test]
fn a_start_that_is_a_date_takes_nothing_away() {
    let mut unix = sync();
    unix.start.format = CursorFormat::Unix;
    unix.end.format = CursorFormat::Unix;
    let base = IncrementalPlan { initial_value: Some(json!("2026-02-27")), ..unix };
    // 2026-02-27, -28, 2026-03-01 and the start of the run.
    let (first, second, third, last) = (1_772_150_400, 1_772_236_800, 1_772_323_200, 1_772_366_400);
    let text = |(start, end): (i64, i64)| (start.to_string(), end.to_string());
    let found = sent(&stepped(span("P1D"), Some(span("PT1S")), base.clone()));
    assert_eq!(found, [(first, second - 1), (second, third - 1), (third, last)].map(text));
    let found = sent(&stepped(span("PT30H"), None, base.clone()));
    assert_eq!(found, [(first, first + 108_000), (first + 108_000, last)].map(text));
    let window = Window::open(&base, None, run_start()).unwrap();
    let mut filter = RowFilter::new(&base, &window, WindowPart::WHOLE, ASKED, &[], None);
    let rows =
        br#"[{"t":"2026-03-01T11:59:59Z"},{"t":"2026-03-01T12:00:00.9Z"},{"t":"2026-03-01T12:00:01Z"}]"#;
    let document = Document::parse(rows.to_vec()).unwrap();
    let filtered = filter.page(&document.root().elements().collect::<Vec<_>>()).unwrap();
    assert_eq!((filtered.kept.len(), filtered.outside), (2, 1), "records of today are in the window");
}

#[test]
fn what_cannot_be_cut_is_refused() {
    let with = |initial: Value, end: Value, step| {
        let end = Some(end).filter(|end| !end.is_null());
        stepped(step, None, IncrementalPlan { initial_value: Some(initial), end_value: end, ..plan() })
    };
    let day = json!("2016-01-01T00:00:00Z");
    for (plan, words) in [
        (with(json!(1), Value::Null, Stride::Units(1.0)), "there is no end to count to"),
        (with(json!(1), json!(9), span("P1D")), "a length of time, but the cursor is a number"),
        (with(json!("a"), json!("z"), span("P1D")), "neither a time nor a number"),
        (with(json!("2026-01-01"), json!("2026-02-01"), span("PT36H")), "cannot be written"),
        (
            with(day.clone(), json!("2026-01-01T00:00:00Z"), span("PT1S")),
            "into 315619200 windows, more than 1000",
        ),
        (with(json!(0), json!(1_000_001), Stride::Units(1.0)), "into 1000001 windows"),
        (with(json!(0), json!(i64::MAX), Stride::Units(1e-9)), "windows, more than 1000"),
        (with(json!(0.0), json!(1e300), Stride::Units(1e-300)), "windows, more than 1000"),
        (with(day, json!("2026-01-01T00:00:00Z"), span("PT0.000000001S")), "windows, more than 1000"),
    ] {
        let error = cut(&plan, 1000).unwrap_err();
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
    let mut fine = with(json!("2026-01-01"), json!("2026-02-01"), span("P7D"));
    fine.step.as_mut().unwrap().granularity = Some(span("PT1S"));
    let error = cut(&fine, 1000).unwrap_err();
    assert!(error.to_string().contains("finer than the end is written"), "a day would be left out: {error}");
}

fn lengths() -> impl Strategy<Value = Stride> {
    prop_oneof![
        (1_i64..40).prop_map(|months| Stride::Span(Span::new().months(months))),
        (0_i64..3, 1_i64..50).prop_map(|(months, days)| Stride::Span(Span::new().months(months).days(days))),
        (1_i64..3000).prop_map(|hours| Stride::Span(Span::new().hours(hours))),
        (86_400_u32..9_000_000).prop_map(|seconds| Stride::Units(f64::from(seconds))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn windows_tile_the_range(
        start in -2_000_000_000_000_i64..4_000_000_000_000,
        length in 1_i64..200_000_000_000,
        step in lengths(),
        offsets in prop::collection::vec(0_f64..1.0, 1..40),
        at_cuts in any::<bool>(),
        closed in any::<bool>(),
        unix in any::<bool>(),
        dated in any::<bool>(),
    ) {
        let write = |milliseconds: i64| TimeForm::DEFAULT_MILLISECONDS.write(Timestamp::from_millisecond(milliseconds).unwrap());
        let mut base = if unix { sync() } else { plan() };
        if unix {
            base.start.format = CursorFormat::Unix;
            base.end.format = CursorFormat::Unix;
        }
        let start = if dated { start.div_euclid(86_400_000) * 86_400_000 } else { start };
        let initial = TimeForm::Date.write(Timestamp::from_millisecond(start).unwrap());
        let granularity = unix.then(|| span("PT1S"));
        // A date can only be cut at dates, unless the requests say it otherwise.
        let step = if dated && !unix { span("P1W") } else { step };
        let plan = stepped(step, granularity, IncrementalPlan {
            initial_value: Some(if dated { initial } else { write(start) }),
            end_value: Some(write(start + length)),
            range_end: if closed { RangeEdge::Closed } else { RangeEdge::Open },
            cursor_path: JsonPath::parse("t").unwrap(),
            ..base
        });
        let windows = cut(&plan, 100_000).unwrap();
        let all: Vec<Window> = (0..windows.count()).map(|index| windows.get(&plan, index).unwrap()).collect();
        prop_assert_eq!(&all[0].start, &windows.whole().start);
        prop_assert_eq!(&all[all.len() - 1].end, &windows.whole().end);
        for pair in all.windows(2) {
            prop_assert_eq!(&pair[0].end, &pair[1].start);
            if unix {
                let seconds = |text: &Option<String>| text.as_ref().unwrap().parse::<i64>().unwrap();
                prop_assert_eq!(seconds(&pair[0].end_text) + 1, seconds(&pair[1].start_text));
            } else {
                prop_assert_eq!(&pair[0].end_text, &pair[1].start_text);
            }
        }
        let instant = |value: &Option<Value>| format::recognise(value.as_ref().unwrap()).unwrap().0;
        for window in &all {
            prop_assert!(instant(&window.start) < instant(&window.end));
        }
        // An API that ignores the bounds shows every record to every window: one keeps it.
        let mut times: Vec<Value> =
            offsets.iter().map(|part| write(start + ((length - 1) as f64 * part) as i64)).collect();
        if at_cuts {
            times.extend(all.iter().filter_map(|window| window.start.clone()));
        }
        times.truncate(60);
        let rows: Vec<Value> = times.iter().map(|time| json!({ "t": time })).collect();
        let document = Document::parse(Value::from(rows.clone()).to_string().into_bytes()).unwrap();
        let records: Vec<_> = document.root().elements().collect();
        let mut kept = vec![0; records.len()];
        for (index, window) in all.iter().enumerate() {
            let part = windows.part(index as u64).unwrap();
            let mut filter = RowFilter::new(&plan, window, part, AskedBounds { start: true, end: true }, &[], None);
            for tape in filter.page(&records).unwrap().kept {
                kept[records.iter().position(|record| record.index() == tape).unwrap()] += 1;
            }
        }
        prop_assert_eq!(kept, vec![1; records.len()]);
    }
}

#[derive(Debug)]
struct Tenfold;

impl CursorConvert for Tenfold {
    fn convert(&self, value: &Value) -> Result<Value> {
        Ok(json!(value.as_i64().unwrap_or_default() * 10))
    }
}

#[test]
fn bounds_are_converted_before_they_are_sent() {
    let range = IncrementalPlan {
        initial_value: Some(json!(1)),
        end_value: Some(json!(5)),
        convert: Some(std::sync::Arc::new(Tenfold)),
        ..plan()
    };
    let found = sent(&stepped(Stride::Units(2.0), Some(Stride::Units(1.0)), range));
    assert_eq!(found, [("10", "20"), ("30", "40")].map(|(start, end)| (start.to_owned(), end.to_owned())));
}

#[test]
fn states_of_windows_are_those_of_one_run() {
    let stored = json!({"initial_value": 0, "last_value": 5, "unique_hashes": ["old"], "start_value": 0});
    for lag in [None, Some(2.0)] {
        states_are_those_of_one_run(&stored, lag);
    }
}

fn states_are_those_of_one_run(stored: &Value, lag: Option<f64>) {
    let base = IncrementalPlan { lag, initial_value: Some(json!(0)), ..plan() };
    let whole = Window {
        end: Some(json!(30)),
        end_text: Some("30".into()),
        ..Window::open(&base, Some(stored), run_start()).unwrap()
    };
    let stepped = stepped(Stride::Units(5.0), None, base.clone());
    let windows = Windows::cut(&stepped, whole.clone(), 100).unwrap();
    for rows in
        ["[]", r#"[{"t":5,"id":1},{"t":12,"id":2},{"t":12,"id":3},{"t":7,"id":4}]"#, r#"[{"t":10,"id":1}]"#]
    {
        let document = Document::parse(rows.as_bytes().to_vec()).unwrap();
        let records: Vec<_> = document.root().elements().collect();
        let key = ["id".to_owned()];
        let mut one = RowFilter::new(&base, &whole, WindowPart::WHOLE, ASKED, &key, None);
        one.page(&records).unwrap();
        let mut folded = None;
        for index in 0..windows.count() {
            let window = windows.get(&stepped, index).unwrap();
            let part = windows.part(index).unwrap();
            let mut filter = RowFilter::new(&stepped, &window, part, ASKED, &key, None);
            filter.page(&records).unwrap();
            folded = super::super::fold_states(
                &stepped,
                Some(windows.whole()),
                folded.as_ref(),
                filter.state().as_ref(),
            );
        }
        assert_eq!(folded, one.state(), "{rows} {lag:?}");
    }
}
