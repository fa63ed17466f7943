//! Whole resources: pages, evidence, stops, resumption, windows.

use serde_json::json;
use spile_core::{
    CursorBound, CursorFormat, IncrementalPlan, JsonPath, MissingCursor, Position, RangeEdge, StopReason,
    Totals,
};
use spile_extract::{ResourceStart, Window};

use crate::fixture::{plan, run, run_from};
use crate::server::{Asked, Reply, Server};

const SEED_A: &str =
    r#"{"type":"cursor","limit":102,"cursor_param":"page","stop_condition":"no_more_pages"}"#;

fn page_of(asked: &Asked) -> u64 {
    let query = asked.target().split('?').nth(1).unwrap_or_default();
    query.split('&').find_map(|pair| pair.strip_prefix("page=")).map_or(1, |page| page.parse().unwrap())
}

/// Three pages of two records, newest first, with the totals the first seed's API gives.
async fn seed_a_server() -> Server {
    Server::start(|_, asked| {
        let page = page_of(asked);
        let rows: Vec<_> = (0..2)
            .map(|row| json!({"id": page * 10 + row, "t": format!("2026-02-0{}T00:00:00Z", 9 - page)}))
            .collect();
        Reply::json(
            &json!({"items": rows, "pagination": {"pages": 3, "total": 6, "current": page, "max": 2}})
                .to_string(),
        )
    })
    .await
}

#[tokio::test]
async fn the_first_seed_sends_as_many_requests_as_there_are_pages() {
    let server = seed_a_server().await;
    let mut plan = plan(&server.url("/calls"), SEED_A);
    plan.resources[0].data_selector = Some(JsonPath::field("items"));
    let outcome = run(&plan).await;
    outcome.result.unwrap();
    assert_eq!(server.targets(), ["/calls?limit=102", "/calls?page=2&limit=102", "/calls?page=3&limit=102"]);
    let evidence: Vec<_> = outcome.pages.iter().map(|page| &page.evidence).collect();
    assert_eq!(evidence[2].stop, Some(StopReason::TotalReached));
    assert_eq!(
        (&evidence[0].next, &evidence[1].position),
        (&Some(evidence[1].position.clone()), &Position::Cursor { token: json!(2), page: 2 })
    );
    assert_eq!(evidence[0].totals, Totals { records: Some(6), pages: Some(3) });
    assert!(evidence[0].warnings[0].contains("102 were asked for"), "{:?}", evidence[0].warnings);
    assert!(evidence[0].selector_matched && evidence[0].id != evidence[1].id);
}

#[tokio::test]
async fn a_run_goes_on_from_the_ledger() {
    let server = seed_a_server().await;
    let plan = plan(&server.url("/calls"), SEED_A);
    let whole = run(&plan).await;
    let last = &whole.pages[0].evidence;
    let start = ResourceStart {
        position: last.next.clone().unwrap(),
        pages_before: 1,
        records_before: last.records,
        last_body_hash: Some(last.body_hash.clone()),
        next_is_resume: true,
        parent: None,
        ..ResourceStart::fresh(None)
    };
    let resumed = run_from(&plan, start).await;
    assert_eq!(resumed.records(), whole.records()[1..]);
    let evidence =
        |pages: &[spile_core::Page]| pages.iter().map(|page| page.evidence.clone()).collect::<Vec<_>>();
    assert_eq!(evidence(&resumed.pages), evidence(&whole.pages[1..]));
}

#[tokio::test]
async fn limits_end_paging_and_say_what_would_follow() {
    let server = seed_a_server().await;
    let mut plan = plan(&server.url("/calls"), SEED_A);
    plan.page_limit = Some(2);
    let outcome = run(&plan).await;
    let last = &outcome.pages[1].evidence;
    assert_eq!(
        (last.stop.clone(), last.next.is_some(), outcome.pages.len()),
        (Some(StopReason::PageLimit), true, 2)
    );
    plan.page_limit = None;
    plan.limits.pages_max = 1;
    assert_eq!(run(&plan).await.error().code(), "limit/pages");
}

#[tokio::test]
async fn a_page_that_comes_twice_ends_paging_and_counts_once() {
    for (paginator, body, records) in [
        (r#"{"type":"page_number","total_path":null}"#, r#"[{"id":1}]"#, vec![r#"[{"id":1}]"#, "[]"]),
        (r#"{"type":"cursor","cursor_path":"next"}"#, r#"{"next":"same","data":[1,2]}"#, vec!["[1,2]", "[]"]),
    ] {
        let server = Server::start(move |_, _| Reply::json(body)).await;
        let outcome = run(&plan(&server.url("/"), paginator)).await;
        assert_eq!(outcome.records(), records);
        let last = &outcome.pages[1].evidence;
        assert_eq!(
            (last.stop.clone(), last.records, last.warnings.len()),
            (Some(StopReason::RepeatedPage), 0, 1)
        );
    }
}

/// The offset grows by what was asked for, as in dlt, and rows between the pages are missed: that is said.
#[tokio::test]
async fn a_page_size_that_is_capped_is_said_once() {
    for (paginator, has_total, stop) in [
        (r#"{"type":"offset","limit":3}"#, true, StopReason::TotalReached),
        (r#"{"type":"offset","limit":3,"total_path":null}"#, false, StopReason::EmptyPage),
    ] {
        let server = Server::start(move |_, asked| {
            let offset =
                asked.target().split("offset=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
            let rows: Vec<_> = (0..7).skip(offset).take(2).map(|id| json!({"id": id})).collect();
            let mut body = json!({"data": rows});
            if has_total {
                body["total"] = 7.into();
            }
            Reply::json(&body.to_string())
        })
        .await;
        let outcome = run(&plan(&server.url("/"), paginator)).await;
        let evidence: Vec<_> = outcome.pages.iter().map(|page| &page.evidence).collect();
        assert_eq!(evidence.last().unwrap().stop, Some(stop));
        assert_eq!(evidence.iter().map(|page| page.records).sum::<u64>(), 5);
        let said: Vec<_> = evidence.iter().flat_map(|page| &page.warnings).collect();
        assert!(matches!(&said[..], [one] if one.contains("not to be honoured")), "{said:?}");
        assert!(
            evidence.iter().any(|page| page.may_skip_rows),
            "rows may be missing, which the verdict has to say"
        );
        assert_eq!(evidence[0].totals.records, has_total.then_some(7));
    }
}

#[tokio::test]
async fn selectors_that_match_nothing_are_seen() {
    let server = Server::start(|_, _| Reply::json(r#"{"error":"x"}"#)).await;
    let mut plan = plan(&server.url("/"), r#""single_page""#);
    plan.resources[0].data_selector = Some(JsonPath::field("items"));
    let outcome = run(&plan).await;
    assert_eq!((outcome.pages[0].evidence.records, outcome.pages[0].evidence.selector_matched), (0, false));
}

#[tokio::test]
async fn a_body_that_is_the_record_has_no_totals() {
    let server = Server::start(|_, _| Reply::json(r#"{"id":1,"total":120,"total_pages":3}"#)).await;
    let outcome = run(&plan(&server.url("/invoice"), r#""single_page""#)).await;
    assert_eq!((outcome.pages[0].evidence.records, outcome.pages[0].evidence.totals), (1, Totals::default()));
}

#[tokio::test]
async fn a_window_is_sent_on_every_page_and_held_against_the_rows() {
    let server = seed_a_server().await;
    let mut plan = plan(&server.url("/calls"), SEED_A);
    let bound = |param: &str| CursorBound { param: Some(param.to_owned()), format: CursorFormat::Unix };
    plan.resources[0].incremental = Some(IncrementalPlan {
        cursor_path: JsonPath::field("t"),
        initial_value: None,
        end_value: None,
        start: bound("filters.from"),
        end: bound("filters.to"),
        end_is_run_start: true,
        convert: None,
        lag: None,
        descending: false,
        range_start: RangeEdge::Closed,
        range_end: RangeEdge::Closed,
        on_missing: MissingCursor::Raise,
        row_order: None,
        primary_key: None,
        step: None,
        per_parent: false,
    });
    let incremental = plan.resources[0].incremental.clone().unwrap();
    let stored = json!({"initial_value": null, "last_value": "2026-02-07T00:00:00Z", "unique_hashes": [], "start_value": null});
    let window = Window::open(&incremental, Some(&stored), "2026-02-20T00:00:00Z".parse().unwrap()).unwrap();
    let outcome = run_from(&plan, ResourceStart::fresh(Some(window))).await;
    let query = "filters.from=1770422400&filters.to=1771545600";
    assert_eq!(server.targets()[0], format!("/calls?{query}&limit=102"));
    assert_eq!(server.targets()[2], format!("/calls?{query}&page=3&limit=102"));
    let evidence: Vec<_> =
        outcome.pages.iter().map(|page| (page.evidence.kept, page.evidence.outside_window)).collect();
    assert_eq!(evidence, [(2, 0), (2, 0), (0, 2)]);
    let state = outcome.pages[2].evidence.cursor_state.as_ref().unwrap();
    assert_eq!(
        (&state["last_value"], &state["start_value"]),
        (&json!("2026-02-08T00:00:00Z"), &json!("2026-02-07T00:00:00Z"))
    );
    // Without a state the start is left out.
    let window = Window::open(&incremental, None, "2026-02-20T00:00:00Z".parse().unwrap()).unwrap();
    run_from(&plan, ResourceStart::fresh(Some(window))).await.result.unwrap();
    assert_eq!(server.targets()[3], "/calls?filters.to=1771545600&limit=102");
}
