//! Evidence in, verdict out: one row a case.

use std::sync::Arc;

use spile_core::{
    JsonPath, LoadPlan, Method, PageEvidence, PageId, Paginator, Position, RequestDraft, ResourcePlan,
    ResponseView, Result, Step, StopReason, Totals, VerdictStatus, WriteDisposition,
};

use super::{Scope, judge};
use crate::evidence::ResourceEvidence;

#[derive(Debug)]
struct PagesOf(Option<u64>);

impl Paginator for PagesOf {
    fn name(&self) -> &'static str {
        "test"
    }
    fn apply(&self, _position: &Position, _draft: &mut RequestDraft) -> Result<()> {
        Ok(())
    }
    fn next(&self, _position: &Position, _response: &ResponseView<'_>) -> Result<Step> {
        Ok(Step::Done(StopReason::NoNext))
    }
    fn ends(&self) -> Vec<String> {
        vec!["told".to_owned()]
    }

    fn page_size(&self) -> Option<u64> {
        self.0
    }
}

fn resource(selector: Option<&str>, page_size: Option<u64>) -> ResourcePlan {
    ResourcePlan {
        name: "r".into(),
        rows: None,
        method: Method::Get,
        url: "http://127.0.0.1/r".parse().unwrap(),
        params: vec![],
        headers: vec![],
        without_headers: Vec::new(),
        json: None,
        data: None,
        target: None,
        auth: vec![],
        paginator: Arc::new(PagesOf(page_size)),
        decoder: spile_core::DecoderPlan::default(),
        data_selector: selector.map(|selector| JsonPath::parse(selector).unwrap()),
        actions: Vec::new(),
        steps: None,
        family: spile_core::FamilyPlan::default(),
        incremental: None,
        load: LoadPlan {
            table: "r".into(),
            table_choice: None,
            write_disposition: WriteDisposition::Append,
            merge: spile_core::MergePlan::default(),
            primary_key: vec![],
            merge_key: vec![],
            columns: vec![],
            nested_hints: Vec::new(),
            max_table_nesting: None,
            schema_contract: None,
            table_hints: Vec::new(),
        },
    }
}

/// A page with `records` records; the last one of a list gets the stop.
fn page(records: u64, totals: Totals) -> PageEvidence {
    PageEvidence {
        resource: "r".into(),
        id: PageId([0; 16]),
        position: Position::Start,
        next: None,
        stop: None,
        bytes: 0,
        body_hash: String::new(),
        records,
        kept: records,
        outside_window: 0,
        duplicates: 0,
        totals,
        selector_matched: true,
        retries: 0,
        cursor_state: None,
        cursor_key: None,
        window: None,
        family: spile_core::FamilyEvidence::default(),
        warnings: vec![],
        one_by_one: None,
        may_skip_rows: false,
    }
}

fn evidence(records: &[u64], totals: Totals, stop: &StopReason) -> ResourceEvidence {
    let mut evidence = ResourceEvidence::default();
    for (index, count) in records.iter().enumerate() {
        let mut page = page(*count, totals);
        page.stop = (index + 1 == records.len()).then(|| stop.clone());
        evidence.add(&page);
    }
    evidence
}

#[test]
fn rows_between_offsets_may_be_missing() {
    for (totals, expected) in [
        (Totals::default(), VerdictStatus::Suspicious),
        (Totals { records: Some(4), pages: None }, VerdictStatus::ProvenComplete),
        (Totals { records: Some(7), pages: None }, VerdictStatus::Incomplete),
    ] {
        let mut evidence = evidence(&[2, 2], totals, &StopReason::EmptyPage);
        evidence.may_skip_rows = true;
        assert_eq!(
            judge(&resource(None, Some(3)), &evidence, Scope::default()).status,
            expected,
            "{totals:?}"
        );
    }
}

#[test]
fn totals_decide() {
    let records = |total| Totals { records: Some(total), pages: None };
    let pages = |total| Totals { records: None, pages: Some(total) };
    let none = Totals::default();
    for (counts, totals, stop, expected, words) in [
        (
            &[100, 50][..],
            records(150),
            StopReason::NoNext,
            VerdictStatus::ProvenComplete,
            "read 150 of 150 records",
        ),
        (
            &[100],
            records(450),
            StopReason::NoNext,
            VerdictStatus::Incomplete,
            "reports 450 records, but paging ended after 100",
        ),
        (&[100, 60], records(150), StopReason::NoNext, VerdictStatus::Suspicious, "160 were read"),
        (
            &[100],
            pages(5),
            StopReason::StopCondition,
            VerdictStatus::Incomplete,
            "reports 5 pages, but paging ended after 1",
        ),
        (&[100, 100], pages(2), StopReason::TotalReached, VerdictStatus::ProvenComplete, "read 2 of 2 pages"),
        (&[100, 100, 0], pages(2), StopReason::EmptyPage, VerdictStatus::ProvenComplete, "read 2 of 2 pages"),
        (&[0], records(0), StopReason::EmptyPage, VerdictStatus::ProvenComplete, "read 0 of 0 records"),
        (&[100, 7], pages(0), StopReason::NoNext, VerdictStatus::CompleteAsTold, "no next page"),
        (&[100, 7], none, StopReason::EmptyPage, VerdictStatus::CompleteAsTold, "empty page"),
        (&[100, 7], none, StopReason::RepeatedPage, VerdictStatus::Suspicious, "given before"),
        (&[100], none, StopReason::ConfiguredMaximum, VerdictStatus::Limited, "the config"),
        (&[100], none, StopReason::NoNext, VerdictStatus::Suspicious, "the only page is full"),
        (&[99], none, StopReason::NoNext, VerdictStatus::CompleteAsTold, "no next page"),
    ] {
        let verdict = judge(&resource(None, Some(100)), &evidence(counts, totals, &stop), Scope::default());
        assert_eq!(verdict.status, expected, "{counts:?} {totals:?}: {:?}", verdict.reasons);
        assert!(verdict.reasons.join("; ").contains(words), "{counts:?} {totals:?}: {:?}", verdict.reasons);
    }
}

#[test]
fn a_page_limit_is_a_limit_only_if_there_was_more() {
    let mut limited = evidence(&[100], Totals { records: Some(450), pages: None }, &StopReason::PageLimit);
    limited.next_known = true;
    assert_eq!(judge(&resource(None, None), &limited, Scope::default()).status, VerdictStatus::Limited);
}

#[test]
fn odd_things_are_said() {
    let mut unmatched = evidence(&[0], Totals::default(), &StopReason::EmptyPage);
    unmatched.selector_matched = false;
    unmatched.selector_matched_last = false;
    assert_eq!(
        judge(&resource(Some("items"), None), &unmatched, Scope::default()).status,
        VerdictStatus::Suspicious
    );
    unmatched.totals_last = Some(Totals { records: Some(0), pages: None });
    assert_eq!(
        judge(&resource(Some("items"), None), &unmatched, Scope::default()).status,
        VerdictStatus::ProvenComplete
    );

    let mut broken_off = evidence(&[100, 100, 0], Totals::default(), &StopReason::EmptyPage);
    broken_off.selector_matched_last = false;
    let verdict = judge(&resource(Some("items"), None), &broken_off, Scope::default());
    assert_eq!(verdict.status, VerdictStatus::Suspicious);
    assert!(verdict.reasons.iter().any(|reason| reason.contains("nothing on the last page")), "{verdict:?}");

    let mut ignored = evidence(&[100], Totals { records: Some(100), pages: None }, &StopReason::NoNext);
    ignored.outside_window = 40;
    let verdict = judge(&resource(None, None), &ignored, Scope::default());
    assert_eq!(verdict.status, VerdictStatus::Suspicious);
    assert!(
        verdict.reasons.iter().any(|reason| reason.contains("40 of 100 records lay outside")),
        "{verdict:?}"
    );

    let unfinished = ResourceEvidence::default();
    assert_eq!(judge(&resource(None, None), &unfinished, Scope::default()).status, VerdictStatus::Incomplete);
}
