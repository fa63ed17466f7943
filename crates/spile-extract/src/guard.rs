//! Sees when paging goes in circles, and when the page size is not honoured.
//!
//! Two circles are told apart. The page after another is the same, byte for byte: the API ignores the position. A
//! position comes back with the same first and last record: the API leads round. A position that comes back with other
//! records is neither (scroll APIs give one token for all pages). The caller stops at a circle and says so. A page without
//! records repeats nothing by itself, but a position that twice leads to no records leads nowhere.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use spile_core::{Json, Position, Totals};

const SAME_PAGE: &str = "The API gave the same page twice in a row, so paging was stopped: it seems to ignore the page \
                         position.";

const CIRCLE: &str = "The API led back to a page that was read already, so paging was stopped: its next positions go in \
                      a circle.";

/// What the guard remembers of a resource: eight bytes a page, and none for counted positions, which cannot come back.
#[derive(Debug, Default)]
pub(crate) struct PagingGuard {
    seen: HashSet<u64>,
    previous_body_hash: Option<String>,
    /// Records of page 1 when they were fewer than asked for.
    short_first_page: Option<u64>,
}

impl PagingGuard {
    /// Starts, or goes on after the page with that body.
    pub(crate) fn new(previous_body_hash: Option<String>) -> Self {
        Self { previous_body_hash, ..Self::default() }
    }

    /// Returns a sentence when this page was there before.
    pub(crate) fn repetition(
        &mut self,
        position: &Position,
        body_hash: &str,
        records: &[Json<'_>],
    ) -> Option<&'static str> {
        let same_body = self.previous_body_hash.as_deref() == Some(body_hash);
        self.previous_body_hash = Some(body_hash.to_owned());
        if same_body && !records.is_empty() {
            return Some(SAME_PAGE);
        }
        let mut hasher = DefaultHasher::new();
        if !hash_position(position, &mut hasher) {
            return None;
        }
        records.len().hash(&mut hasher);
        for record in records.first().into_iter().chain(records.last()) {
            record.to_value().to_string().hash(&mut hasher);
        }
        (!self.seen.insert(hasher.finish())).then_some(CIRCLE)
    }

    /// Returns a sentence when page 1 was shorter than asked for although there is more, as soon as that is known.
    pub(crate) fn short_page(
        &mut self,
        page: u64,
        records: u64,
        asked: Option<u64>,
        totals: Totals,
    ) -> Option<String> {
        let asked = asked?;
        let first = match page {
            1 if records > 0 && records < asked => {
                let more = totals.pages.is_some_and(|pages| pages > 1)
                    || totals.records.is_some_and(|total| total > records);
                if !more {
                    self.short_first_page = Some(records);
                    return None;
                }
                records
            }
            2 if records > 0 => self.short_first_page.take()?,
            _ => return None,
        };
        Some(format!(
            "Page 1 has {first} records although {asked} were asked for and there are more pages: the page size seems \
             not to be honoured."
        ))
    }
}

/// Hashes what may come back; returns whether the position is of such a kind.
fn hash_position(position: &Position, hasher: &mut DefaultHasher) -> bool {
    match position {
        Position::Start | Position::Page(_) | Position::Offset(_) => false,
        // The running number is not part of what is asked for.
        Position::Cursor { token, .. } => {
            token.to_string().hash(hasher);
            true
        }
        Position::Url(url) => {
            url.hash(hasher);
            true
        }
        Position::Detected { position, .. } => hash_position(position, hasher),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spile_core::Document;

    #[test]
    fn circles() {
        let cursor = |token: &str, page| Position::Cursor { token: token.into(), page };
        for (pages, expected) in [
            // The same bytes twice in a row, and not in a row.
            (vec![(Position::Page(1), "[1]"), (Position::Page(2), "[1]")], Some(1)),
            (vec![(Position::Page(1), "[1]"), (Position::Page(2), "[2]"), (Position::Page(3), "[1]")], None),
            (vec![(Position::Page(1), "[]"), (Position::Page(2), "[]")], None),
            // A circle of two, and one token for all pages.
            (
                vec![
                    (Position::Start, "[0]"),
                    (cursor("a", 2), "[1]"),
                    (cursor("b", 3), "[2]"),
                    (cursor("a", 4), "[1]"),
                ],
                Some(3),
            ),
            (vec![(Position::Start, "[0]"), (cursor("s", 2), "[1]"), (cursor("s", 3), "[2]")], None),
            (vec![(Position::Start, "[0]"), (cursor("s", 2), "[]"), (cursor("s", 3), "[]")], Some(2)),
        ] {
            let mut guard = PagingGuard::new(None);
            let stopped = pages.iter().position(|(position, body)| {
                let document = Document::parse(body.as_bytes().to_vec()).unwrap();
                let records: Vec<_> = document.root().elements().collect();
                guard.repetition(position, body, &records).is_some()
            });
            assert_eq!(stopped, expected, "{pages:?}");
        }
        let document = Document::parse(b"[1]".to_vec()).unwrap();
        let records: Vec<_> = document.root().elements().collect();
        assert!(PagingGuard::new(Some("h".into())).repetition(&Position::Page(2), "h", &records).is_some());
    }

    #[test]
    fn short_first_pages() {
        let none = Totals::default();
        let many = Totals { pages: Some(3), records: None };
        let mut guard = PagingGuard::default();
        assert!(guard.short_page(1, 100, Some(102), many).is_some());
        assert!(guard.short_page(2, 100, Some(102), many).is_none());
        assert!(guard.short_page(1, 100, Some(102), none).is_none());
        assert!(guard.short_page(2, 1, Some(102), none).is_some());
        let mut guard = PagingGuard::default();
        assert!(guard.short_page(1, 100, Some(102), none).is_none());
        assert!(guard.short_page(2, 0, Some(102), none).is_none());
        assert!(guard.short_page(1, 102, Some(102), many).is_none());
        assert!(guard.short_page(1, 5, None, many).is_none());
    }
}
