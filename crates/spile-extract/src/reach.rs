//! How far ahead of their turn pages are asked for, and the guard that ends it.
//!
//! Pure. A page that was asked for early counts only when the page in front of it asks for that very position, so the
//! sequence of pages is the one that asking one by one gives. What that leaves open is an API whose pages move while they
//! are read. The invariant: as soon as an answer shows that, nothing that was asked for early is used any more.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashSet, FxHasher};
use spile_core::{Ahead, Json, JsonKind, Position, Totals};

/// Full pages for each page that may be asked for ahead while nobody knows where the end is. So an API of few pages gets
/// not one request more, and any other at most a quarter more.
const FULL_PAGES_PER_STEP: u64 = 4;

/// Early requests that may fail where the same one, sent again in its turn, does not.
const MISSES_MAX: u32 = 3;

/// The guard of one resource.
#[derive(Debug)]
pub(crate) struct Reach<'a> {
    /// Most pages ahead; 0: switched off, or ended.
    width_max: usize,
    /// Whether rows may end paging before the end that the API reports.
    may_stop_early: bool,
    key: &'a [String],
    /// Records of the first page; pages with more or fewer are irregular.
    full: Option<u64>,
    full_pages: u64,
    /// The newest page when it is irregular: the last page may be, any other may not.
    irregular: Option<String>,
    totals: Totals,
    /// Records of the newest pages, newest last.
    recent: VecDeque<Vec<u64>>,
    recent_records: FxHashSet<u64>,
    misses: u32,
    /// What was foretold to follow the newest page.
    foretold: Vec<Position>,
}

impl<'a> Reach<'a> {
    /// Starts; `width_max` of 0 means that every page waits for the one in front of it.
    pub(crate) fn new(width_max: usize, may_stop_early: bool, key: &'a [String]) -> Self {
        Self {
            width_max,
            may_stop_early,
            key,
            full: None,
            full_pages: 0,
            irregular: None,
            totals: Totals::default(),
            recent: VecDeque::new(),
            recent_records: FxHashSet::default(),
            misses: 0,
            foretold: Vec::new(),
        }
    }

    /// Returns the most positions that are of use.
    pub(crate) fn width_max(&self) -> usize {
        self.width_max
    }

    /// Takes note that a request that was sent early failed, and had to be sent again in its turn.
    pub(crate) fn missed(&mut self) {
        self.misses += 1;
    }

    /// Looks at an answered page, and at what is foretold to follow it. Returns why nothing is asked for early any more,
    /// when that ends here.
    pub(crate) fn look(
        &mut self,
        page: u64,
        records: &[Json<'_>],
        totals: Totals,
        next: Option<&Position>,
        ahead: Ahead,
    ) -> Option<String> {
        let was_foretold = std::mem::take(&mut self.foretold);
        if self.width_max == 0
            || (was_foretold.is_empty() && self.full.is_none() && ahead.positions.is_empty())
        {
            return None;
        }
        let reason = self
            .misses_reason()
            .or_else(|| self.irregular.take().filter(|_| !records.is_empty()))
            .or_else(|| self.totals_reason(page, totals))
            .or_else(|| self.repeated_reason(page, records))
            .or_else(|| match (was_foretold.get(1), next) {
                (Some(foretold), Some(next)) if foretold != next => {
                    Some(format!("page {page} led on to another page than the pages before it let expect"))
                }
                _ => None,
            });
        if reason.is_some() {
            *self = Self::new(0, self.may_stop_early, self.key);
            return reason;
        }
        self.count(page, records.len() as u64);
        let width = self.width(ahead.end_known);
        self.foretold = ahead.positions;
        self.foretold.truncate(width);
        None
    }

    /// Returns what may be asked for now: the next position and those after it.
    pub(crate) fn positions(&self) -> &[Position] {
        &self.foretold
    }

    fn width(&self, end_known: bool) -> usize {
        if self.irregular.is_some() {
            return 0;
        }
        if end_known && !self.may_stop_early {
            return self.width_max;
        }
        let earned = usize::try_from(self.full_pages / FULL_PAGES_PER_STEP).unwrap_or(usize::MAX);
        self.width_max.min(earned)
    }

    fn count(&mut self, page: u64, records: u64) {
        let full = *self.full.get_or_insert(records);
        if records == full && records > 0 {
            self.full_pages += 1;
        } else {
            self.irregular =
                Some(format!("page {page} had {records} records where others had {full}, and more followed"));
        }
    }

    fn misses_reason(&self) -> Option<String> {
        (self.misses >= MISSES_MAX).then(|| {
            "requests that were sent ahead of their turn failed, and did not when sent alone".to_owned()
        })
    }

    fn totals_reason(&mut self, page: u64, totals: Totals) -> Option<String> {
        let before = self.totals;
        self.totals =
            Totals { records: totals.records.or(before.records), pages: totals.pages.or(before.pages) };
        let changed = |before: Option<u64>, now: Option<u64>| match (before, now) {
            (Some(before), Some(now)) if before != now => Some((before, now)),
            _ => None,
        };
        let (before, now) =
            changed(before.records, totals.records).or_else(|| changed(before.pages, totals.pages))?;
        Some(format!("the total that the API reports went from {before} to {now} at page {page}"))
    }

    /// Returns a sentence when a record of this page was on one of the pages just before it: rows move.
    fn repeated_reason(&mut self, page: u64, records: &[Json<'_>]) -> Option<String> {
        let hashes: Vec<u64> = records.iter().map(|record| self.identity(*record)).collect();
        let repeated = hashes.iter().filter(|hash| self.recent_records.contains(hash)).count();
        if repeated > 0 {
            let records = if repeated == 1 { "record" } else { "records" };
            return Some(format!("page {page} repeats {repeated} {records} of the pages before it"));
        }
        self.recent_records.extend(&hashes);
        self.recent.push_back(hashes);
        if self.recent.len() > self.width_max.saturating_mul(2)
            && let Some(oldest) = self.recent.pop_front()
        {
            for hash in oldest {
                self.recent_records.remove(&hash);
            }
        }
        None
    }

    /// Hashes what tells a record from others: its primary key, or all of it.
    fn identity(&self, record: Json<'_>) -> u64 {
        let mut hasher = FxHasher::default();
        let key: Option<Vec<_>> = self.key.iter().map(|name| record.get(name)).collect();
        match key.filter(|key| !key.is_empty()) {
            Some(values) => values.into_iter().for_each(|value| hash_value(value, &mut hasher)),
            None => hash_value(record, &mut hasher),
        }
        hasher.finish()
    }
}

fn hash_value(value: Json<'_>, hasher: &mut FxHasher) {
    match value.kind() {
        JsonKind::Null => 0_u8.hash(hasher),
        JsonKind::Bool(boolean) => (1_u8, boolean).hash(hasher),
        JsonKind::Int(number) => (2_u8, number).hash(hasher),
        JsonKind::BigInt(number) => (3_u8, number).hash(hasher),
        JsonKind::Float(number) => (4_u8, number.to_bits()).hash(hasher),
        JsonKind::String(text) => (5_u8, text).hash(hasher),
        JsonKind::Array(length) => {
            (6_u8, length).hash(hasher);
            value.elements().for_each(|element| hash_value(element, hasher));
        }
        JsonKind::Object(length) => {
            (7_u8, length).hash(hasher);
            for (name, member) in value.members() {
                name.hash(hasher);
                hash_value(member, hasher);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spile_core::Document;

    /// Shows pages to a guard; returns how far it reaches after each, and what it said.
    fn reaches(
        mut reach: Reach<'_>,
        end_known: bool,
        pages: &[(&str, Option<u64>)],
    ) -> (Vec<usize>, Vec<String>) {
        let (mut widths, mut said) = (Vec::new(), Vec::new());
        for (index, (body, total)) in pages.iter().enumerate() {
            let document = Document::parse(body.as_bytes().to_vec()).unwrap();
            let records: Vec<_> = document.root().elements().collect();
            let page = index as u64 + 1;
            let positions: Vec<_> = (0..16).map(|step| Position::Page(page as i64 + 1 + step)).collect();
            let next = positions[0].clone();
            let totals = Totals { records: *total, pages: None };
            said.extend(reach.look(page, &records, totals, Some(&next), Ahead { positions, end_known }));
            widths.push(reach.positions().len());
        }
        (widths, said)
    }

    #[test]
    fn a_known_end_is_reached_for_at_once_and_an_unknown_one_step_by_step() {
        let bodies: Vec<String> = (0..40).map(|page| format!("[{page}.25,{page}.5]")).collect();
        let pages: Vec<_> = bodies.iter().map(|body| (body.as_str(), None)).collect();
        assert_eq!(reaches(Reach::new(8, false, &[]), true, &pages[..3]).0, [8, 8, 8]);
        assert_eq!(reaches(Reach::new(8, true, &[]), true, &pages[..3]).0, [0, 0, 0]);
        assert_eq!(reaches(Reach::new(0, false, &[]), true, &pages[..3]).0, [0, 0, 0]);
        let (widths, said) = reaches(Reach::new(8, false, &[]), false, &pages);
        assert_eq!(widths[..9], [0, 0, 0, 1, 1, 1, 1, 2, 2]);
        assert_eq!((widths[30], widths[39], said), (7, 8, vec![]));
    }

    #[test]
    fn what_is_irregular_ends_it() {
        for (pages, widths, words) in [
            // A short page in the middle, and one at the end.
            (
                vec![("[1,2]", None), ("[3]", None), ("[4,5]", None), ("[6,7]", None)],
                [8, 0, 0, 0],
                "page 2 had 1 records",
            ),
            (vec![("[1,2]", None), ("[3]", None), ("[]", None), ("[]", None)], [8, 0, 0, 0], ""),
            (
                vec![("[1]", None), ("[2,3]", None), ("[4,5]", None), ("[6]", None)],
                [8, 0, 0, 0],
                "page 2 had 2 records",
            ),
            // A total that changes; one that is not on every page.
            (
                vec![("[1]", Some(9)), ("[2]", None), ("[3]", Some(8)), ("[4]", Some(8))],
                [8, 8, 0, 0],
                "from 9 to 8 at page 3",
            ),
            (vec![("[1]", Some(9)), ("[2]", None), ("[3]", Some(9)), ("[4]", None)], [8, 8, 8, 8], ""),
            // Rows that move, within reach.
            (
                vec![("[1,2]", None), ("[3,4]", None), ("[4,5]", None), ("[6,7]", None)],
                [8, 8, 0, 0],
                "page 3 repeats 1 record of",
            ),
            (vec![("[1,1]", None), ("[2,2]", None), ("[3,3]", None), ("[4,4]", None)], [8, 8, 8, 8], ""),
        ] {
            let (found, said) = reaches(Reach::new(8, false, &[]), true, &pages);
            assert_eq!(found, widths, "{pages:?}");
            assert_eq!(said.len(), usize::from(!words.is_empty()), "{said:?}");
            assert!(said.concat().contains(words), "{said:?}");
        }
    }

    #[test]
    fn a_key_tells_records_apart() {
        let key = ["id".to_owned()];
        let changed = [(r#"[{"id":1,"t":1}]"#, None), (r#"[{"id":1,"t":2}]"#, None)];
        assert_eq!(reaches(Reach::new(8, false, &key), true, &changed).0, [8, 0]);
        assert_eq!(reaches(Reach::new(8, false, &[]), true, &changed).0, [8, 8]);
        let keyless = [(r#"[{"x":1}]"#, None), (r#"[{"x":2}]"#, None)];
        assert_eq!(reaches(Reach::new(8, false, &key), true, &keyless).0, [8, 8]);
    }

    #[test]
    fn surprises_and_misses_end_it() {
        let document = Document::parse(b"[]".to_vec()).unwrap();
        let one = |number: i64| Document::parse(format!("[{number}]").into_bytes()).unwrap();
        let ahead =
            |from: i64| Ahead { positions: (from..from + 9).map(Position::Page).collect(), end_known: true };
        let mut reach = Reach::new(8, false, &[]);
        let look = |reach: &mut Reach<'_>, page: u64, next: i64| {
            let document = one(page as i64);
            let records: Vec<_> = document.root().elements().collect();
            reach.look(page, &records, Totals::default(), Some(&Position::Page(next)), ahead(next))
        };
        assert_eq!(look(&mut reach, 1, 2), None);
        assert_eq!(look(&mut reach, 2, 3), None);
        assert!(look(&mut reach, 3, 7).unwrap().contains("another page"));
        assert!(reach.positions().is_empty());
        let mut reach = Reach::new(8, false, &[]);
        assert_eq!(look(&mut reach, 1, 2), None);
        (0..MISSES_MAX).for_each(|_| reach.missed());
        assert!(look(&mut reach, 2, 3).unwrap().contains("failed"));
        // Nothing that could be foretold, nothing to guard.
        let mut reach = Reach::new(8, false, &[]);
        for page in [1, 2] {
            let records: Vec<_> = document.root().elements().collect();
            assert_eq!(reach.look(page, &records, Totals::default(), None, Ahead::default()), None);
        }
    }
}
