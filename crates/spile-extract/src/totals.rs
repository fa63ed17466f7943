//! What a response says about how much there is, read from a short table of well-known places.
//!
//! Only names that can mean nothing else are in it: `count` may be the size of the page, so it is not a total. The
//! caller holds these numbers against what was read to form the verdict, hence no guess.

use spile_core::{Json, JsonKind, Totals};

/// Objects that hold paging facts, beside the top level.
const ENVELOPES: [&str; 6] = ["pagination", "meta", "paging", "page_info", "pageInfo", "_meta"];

/// Names for the number of records in all.
const RECORD_KEYS: [&str; 7] =
    ["total", "total_records", "totalRecords", "total_count", "totalCount", "total_items", "totalItems"];

/// Names for the number of pages in all.
const PAGE_KEYS: [&str; 4] = ["total_pages", "totalPages", "page_count", "pageCount"];

/// A name for the number of pages that is too common to be believed outside an envelope.
const PAGE_KEY_IN_ENVELOPE: &str = "pages";

/// Reads the totals of a page. Zero counts as unknown when the page has records.
pub(crate) fn read(body: Json<'_>, record_count: usize) -> Totals {
    let mut totals = Totals::default();
    take(body, record_count, &mut totals);
    for name in ENVELOPES {
        if let Some(envelope) = body.get(name) {
            take(envelope, record_count, &mut totals);
            // `{"items": [...], "pages": {...}}` is data; a number in a paging envelope is not.
            let pages = envelope.get(PAGE_KEY_IN_ENVELOPE).and_then(whole);
            totals.pages = totals.pages.or(pages.filter(|pages| *pages > 0 || record_count == 0));
        }
    }
    if totals.pages.is_none() && totals.records.is_some() {
        let pages = body.get(PAGE_KEY_IN_ENVELOPE).and_then(whole);
        totals.pages = pages.filter(|pages| *pages > 0);
    }
    totals
}

fn take(place: Json<'_>, record_count: usize, totals: &mut Totals) {
    let find = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| place.get(name).and_then(whole))
            .filter(|number| *number > 0 || record_count == 0)
    };
    totals.records = totals.records.or_else(|| find(&RECORD_KEYS));
    totals.pages = totals.pages.or_else(|| find(&PAGE_KEYS));
}

fn whole(value: Json<'_>) -> Option<u64> {
    match value.kind() {
        JsonKind::Int(number) => u64::try_from(number).ok(),
        JsonKind::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spile_core::Document;

    #[test]
    fn only_well_known_places_count() {
        for (body, count, records, pages) in [
            (r#"{"total":7}"#, 2, Some(7), None),
            (r#"{"total":"7","total_pages":4}"#, 2, Some(7), Some(4)),
            (r#"{"pagination":{"pages":3,"total":250,"current":1}}"#, 100, Some(250), Some(3)),
            (r#"{"pagination":{"pages":0,"total":0}}"#, 5, None, None),
            (r#"{"pagination":{"pages":0,"total":0}}"#, 0, Some(0), Some(0)),
            (r#"{"meta":{"totalCount":9}}"#, 1, Some(9), None),
            (r#"{"count":5,"size":5}"#, 5, None, None),
            (r#"{"pages":3}"#, 5, None, None),
            (r#"{"pages":3,"total":12}"#, 5, Some(12), Some(3)),
            (r#"{"total":7.5,"total_pages":-1,"data":{"total":3}}"#, 1, None, None),
            ("[1,2]", 2, None, None),
        ] {
            let document = Document::parse(body.as_bytes().to_vec()).unwrap();
            let totals = read(document.root(), count);
            assert_eq!((totals.records, totals.pages), (records, pages), "{body}");
        }
    }
}
