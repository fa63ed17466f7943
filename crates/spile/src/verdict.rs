//! Was it all? Computed from the ledger's evidence, never assumed. Pure.

use spile_core::{ResourcePlan, StopReason, Totals, Verdict, VerdictStatus};

use crate::evidence::{PartsEvidence, ResourceEvidence};

/// What a resource is held against, beside its own evidence.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scope {
    /// Rows that its parent gave, for a child.
    pub(crate) parent_rows: Option<u64>,
    /// `--limit-pages`.
    pub(crate) page_limit: Option<u64>,
}

/// Judges a resource whose pages are all staged.
pub(crate) fn judge(resource: &ResourcePlan, evidence: &ResourceEvidence, scope: Scope) -> Verdict {
    let mut verdict = match (scope.parent_rows, &evidence.parts) {
        (Some(_), _) | (None, Some(_)) => judge_parts(resource, evidence, scope),
        (None, None) => judge_whole(resource, evidence),
    };
    // A total says more surely whether all came.
    if evidence.may_skip_rows && verdict.status == VerdictStatus::CompleteAsTold {
        verdict.add(
            VerdictStatus::Suspicious,
            "a page was shorter than the `limit` although there was more, and offsets are counted by the `limit`: rows between \
             the pages may be missing; lower the `limit` to what the API gives at most",
        );
    }
    if let Some(reason) = &evidence.one_by_one {
        let parts = match &evidence.parts {
            Some(parts) => format!("for {}, ", count(evidence.one_by_one_count, noun(scope, parts))),
            None => String::new(),
        };
        verdict.reasons.push(format!("{parts}pages were asked for one by one: {reason}"));
    }
    verdict
}

fn judge_whole(resource: &ResourcePlan, evidence: &ResourceEvidence) -> Verdict {
    let mut verdict = Verdict::new(VerdictStatus::CompleteAsTold);
    let stop = evidence.stop.as_ref();
    if stop.is_none() {
        verdict.add(VerdictStatus::Incomplete, "paging did not come to its end");
    }
    if stop == Some(&StopReason::PageLimit) && evidence.next_known {
        verdict
            .add(VerdictStatus::Limited, format!("stopped after {} by --limit-pages", pages(evidence.pages)));
        return verdict;
    }
    if stop == Some(&StopReason::ConfiguredMaximum) {
        verdict.add(VerdictStatus::Limited, "stopped by the maximum that the config sets");
        return verdict;
    }
    if stop == Some(&StopReason::RowsEnded) {
        verdict.status = VerdictStatus::ProvenComplete;
        verdict.reasons.push(told(stop).to_owned());
        return verdict;
    }
    if stop == Some(&StopReason::RepeatedPage) {
        verdict.add(
            VerdictStatus::Suspicious,
            format!(
                "after {} the API gave a page that it had given before, so paging was stopped",
                pages(evidence.pages)
            ),
        );
    }
    if !matches!(stop, Some(StopReason::WindowPassed | StopReason::Ignored)) {
        hold_against_totals(&mut verdict, evidence);
    }
    if let Some(selector) = &resource.data_selector {
        look_at_selector(&mut verdict, selector.as_str(), evidence);
    }
    look_at_window(&mut verdict, evidence);
    if verdict.status == VerdictStatus::CompleteAsTold {
        only_page_is_full(&mut verdict, resource, evidence);
    }
    if verdict.status == VerdictStatus::CompleteAsTold && verdict.reasons.is_empty() {
        verdict.reasons.push(told(stop).to_owned());
    }
    verdict
}

/// Returns what the parts of a resource are called.
fn noun(scope: Scope, parts: &PartsEvidence) -> &'static str {
    match (scope.parent_rows, parts.window) {
        (Some(_), None) => "parent row",
        (Some(_), Some(_)) => "parent row window",
        (None, _) => "window",
    }
}

/// Judges a resource in parts: all rows of its parent, and all windows, must have been paged to their end, each one without
/// a doubt.
fn judge_parts(resource: &ResourcePlan, evidence: &ResourceEvidence, scope: Scope) -> Verdict {
    let mut verdict = Verdict::new(VerdictStatus::CompleteAsTold);
    let nothing = PartsEvidence::default();
    let parts = evidence.parts.as_deref().unwrap_or(&nothing);
    let noun = noun(scope, parts);
    let missing = match scope.parent_rows {
        Some(rows) => (parts.rows_finished < rows).then(|| (parts.rows_finished, count(rows, "parent row"))),
        None => (parts.rows_finished == 0)
            .then(|| (parts.finished, count(parts.window.map_or(1, |part| part.count), "window"))),
    };
    if let Some((done, all)) = missing {
        if scope.page_limit.is_some_and(|limit| evidence.pages >= limit) {
            let reason = format!("stopped after {} by --limit-pages", pages(evidence.pages));
            verdict.add(VerdictStatus::Limited, reason);
            return verdict;
        }
        verdict.add(VerdictStatus::Incomplete, format!("only {done} of {all} have all their pages"));
    }
    if let Some((status, reason)) = &parts.doubt {
        verdict.add(*status, format!("for {} of {}: {reason}", parts.doubtful, count(parts.finished, noun)));
    }
    if let (Some(selector), true) = (&resource.data_selector, parts.selector_missed > 0) {
        verdict.add(
            VerdictStatus::Suspicious,
            format!(
                "the data_selector `{}` matched nothing on the last page of {} of {}; that may be an error in the API's own form",
                selector.as_str(),
                parts.selector_missed,
                count(parts.finished, noun)
            ),
        );
    }
    look_at_window(&mut verdict, evidence);
    if resource.paginator.page_size().is_some_and(|size| size == parts.only_page_records_max) {
        verdict.add(
            VerdictStatus::Suspicious,
            format!("the only page of a {noun} is full ({} records) and the API gave neither a next page nor a total", parts.only_page_records_max),
        );
    }
    if parts.ignored > 0 {
        let (ignored, all) = (parts.ignored, count(parts.finished, noun));
        verdict.reasons.push(format!("{ignored} of {all} were ignored by response_actions"));
    }
    if verdict.status == VerdictStatus::CompleteAsTold {
        if parts.finished > 0 && parts.proven == parts.finished {
            verdict.status = VerdictStatus::ProvenComplete;
        }
        verdict.reasons.push(format!("all pages of {} were read", count(parts.finished, noun)));
    }
    verdict
}

/// Judges the pages of one part by themselves.
pub(crate) fn of_run(run: &ResourceEvidence) -> Verdict {
    let mut verdict = Verdict::new(VerdictStatus::CompleteAsTold);
    match run.stop {
        Some(StopReason::RepeatedPage) => verdict.add(VerdictStatus::Suspicious, "a page came twice"),
        Some(StopReason::Ignored | StopReason::WindowPassed | StopReason::ConfiguredMaximum) => {}
        _ => hold_against_totals(&mut verdict, run),
    }
    verdict
}

/// Returns whether the selector found nothing on the last page although the API does not say that there is nothing.
pub(crate) fn selector_missed(run: &ResourceEvidence) -> bool {
    run.pages > 0 && !run.selector_matched_last && !reports_nothing(run.totals_last)
}

/// Returns whether paging ended because the API gave nothing to follow.
pub(crate) fn ended_by_link(run: &ResourceEvidence) -> bool {
    matches!(run.stop, Some(StopReason::NoNext | StopReason::StopCondition))
}

fn look_at_window(verdict: &mut Verdict, evidence: &ResourceEvidence) {
    if evidence.outside_window > 0 {
        verdict.add(
            VerdictStatus::Suspicious,
            format!(
                "{} of {} records lay outside the requested window and were left out: the API seems to ignore the filter",
                evidence.outside_window, evidence.records
            ),
        );
    }
}

fn hold_against_totals(verdict: &mut Verdict, evidence: &ResourceEvidence) {
    let Some(totals) = evidence.totals_last else { return };
    let mut proven = Vec::new();
    if let Some(total) = totals.records {
        match evidence.records.cmp(&total) {
            std::cmp::Ordering::Less => verdict.add(
                VerdictStatus::Incomplete,
                format!("the API reports {total} records, but paging ended after {}", evidence.records),
            ),
            std::cmp::Ordering::Equal => {
                proven.push(format!("read {total} of {} that the API reports", count(total, "record")));
            }
            std::cmp::Ordering::Greater => verdict.add(
                VerdictStatus::Suspicious,
                format!(
                    "the API reports {total} records, but {} were read; rows may have moved between pages",
                    evidence.records
                ),
            ),
        }
    }
    if let Some(total) = totals.pages.filter(|total| *total > 0) {
        if evidence.pages_with_records < total && evidence.pages < total {
            verdict.add(
                VerdictStatus::Incomplete,
                format!("the API reports {}, but paging ended after {}", pages(total), evidence.pages),
            );
        } else {
            proven.push(format!("read {total} of {} that the API reports", pages(total)));
        }
    }
    let moved = evidence.totals_first.is_some_and(|first| first.records != totals.records);
    if moved && verdict.status == VerdictStatus::CompleteAsTold {
        verdict.reasons.push("the total that the API reports changed while paging".to_owned());
    } else if verdict.status == VerdictStatus::CompleteAsTold && !proven.is_empty() {
        verdict.status = VerdictStatus::ProvenComplete;
        verdict.reasons = proven;
    }
}

/// A selector without a match finds no records, and so ends paging just as an empty page does.
fn look_at_selector(verdict: &mut Verdict, selector: &str, evidence: &ResourceEvidence) {
    if !selector_missed(evidence) {
        return;
    }
    let place = if evidence.selector_matched { "the last page" } else { "any page" };
    verdict.add(
        VerdictStatus::Suspicious,
        format!("the data_selector `{selector}` matched nothing on {place}; that may be an error in the API's own form"),
    );
}

/// One page, as full as was asked for, no total, no next: an API that pages in another way looks just like this.
fn only_page_is_full(verdict: &mut Verdict, resource: &ResourcePlan, evidence: &ResourceEvidence) {
    let Some(size) = resource.paginator.page_size() else { return };
    if ended_by_link(evidence) && evidence.pages == 1 && evidence.last_page_records == size {
        verdict.add(
            VerdictStatus::Suspicious,
            format!("the only page is full ({size} of {size} records) and the API gave neither a next page nor a total"),
        );
    }
}

fn reports_nothing(totals: Option<Totals>) -> bool {
    totals.is_some_and(|totals| totals.records == Some(0))
}

fn told(stop: Option<&StopReason>) -> &'static str {
    match stop {
        Some(StopReason::NoNext) => "the API gave no next page; it reports no total to hold against it",
        Some(StopReason::EmptyPage) => "the API gave an empty page; it reports no total to hold against it",
        Some(StopReason::TotalReached) => "the total that the API reports was reached",
        Some(StopReason::StopCondition) => {
            "the stop_condition was met; the API reports no total to hold against it"
        }
        Some(StopReason::SinglePage) => "one page was asked for; the API reports no total to hold against it",
        Some(StopReason::WindowPassed) => "a record beyond the window came in the declared order",
        Some(StopReason::Ignored) => "the last answer was ignored by response_actions",
        Some(StopReason::RowsEnded) => "all rows that the script makes were taken",
        Some(StopReason::PageLimit) => "the last page came just at --limit-pages",
        Some(StopReason::ConfiguredMaximum | StopReason::RepeatedPage) | None => "",
    }
}

fn pages(number: u64) -> String {
    count(number, "page")
}

fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests;
