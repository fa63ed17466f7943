//! The named stop condition `no_more_pages` and the page counter of the `cursor` paginator.
//!
//! What a response says is believed, in a fixed order; what it does not say is not guessed. The invariant: "fewer
//! records than asked for" never ends paging, since servers clamp page sizes and such a rule then loses data.

use serde_json::Value;
use spile_core::{Json, JsonKind, ResponseView, StopReason};

use crate::totals;

/// Objects that hold paging facts, beside the top level.
const ENVELOPES: [&str; 5] = ["pagination", "meta", "paging", "page_info", "pageInfo"];

/// Flags that are true while there is more.
const HAS_MORE_KEYS: [&str; 7] =
    ["has_more", "hasMore", "has_next", "hasNext", "has_next_page", "hasNextPage", "has_more_items"];

/// Keys that lead to the next page and are null on the last.
const NEXT_KEYS: [&str; 8] =
    ["next", "next_page", "nextPage", "next_url", "nextUrl", "next_cursor", "nextCursor", "next_link"];

/// Returns why there are no more pages, if the response says so.
pub(super) fn no_more_pages(response: &ResponseView<'_>) -> Option<StopReason> {
    if response.record_count == 0 {
        return Some(StopReason::EmptyPage);
    }
    let totals = totals::read(response.body, response.record_count);
    // The number of pages is the surer of the two: a total may be that of the page.
    let reached = match (totals.pages, totals.records) {
        (Some(pages), _) => response.pages_before + 1 >= pages,
        (None, Some(records)) => response.records_before + response.record_count as u64 >= records,
        (None, None) => false,
    };
    if reached {
        return Some(StopReason::TotalReached);
    }
    places(response.body).any(|place| says_no_next(place)).then_some(StopReason::NoNext)
}

/// Returns how many pages follow this one by what the response reports, if it reports anything.
pub(super) fn pages_left(response: &ResponseView<'_>) -> Option<u64> {
    let totals = totals::read(response.body, response.record_count);
    if let Some(pages) = totals.pages {
        return Some(pages.saturating_sub(response.pages_before + 1));
    }
    let here = response.record_count as u64;
    let left = totals.records?.saturating_sub(response.records_before + here);
    Some(left.div_ceil(here.max(1)))
}

/// Returns the next page number: what the response calls its own page plus one, else the own count plus one.
pub(super) fn next_page(response: &ResponseView<'_>, own: i64) -> Value {
    let current = response.body.get("pagination").and_then(|place| place.get("current")).and_then(whole);
    let page = current.or_else(|| response.body.get("page").and_then(whole));
    Value::from(page.unwrap_or(own).saturating_add(1))
}

fn places(body: Json<'_>) -> impl Iterator<Item = Json<'_>> {
    std::iter::once(body).chain(ENVELOPES.iter().filter_map(move |name| body.get(name)))
}

fn says_no_next(place: Json<'_>) -> bool {
    let no_more = HAS_MORE_KEYS
        .iter()
        .any(|name| place.get(name).is_some_and(|flag| matches!(flag.kind(), JsonKind::Bool(false))));
    no_more || NEXT_KEYS.iter().any(|name| place.get(name).is_some_and(Json::is_null))
}

fn whole(value: Json<'_>) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}
