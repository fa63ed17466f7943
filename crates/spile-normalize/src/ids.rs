//! Row ids: `_dlt_id` of root rows and of nested rows.
//!
//! A root id is dlt's "random" id, but drawn from a generator that the load and the page seed, so that a page that is
//! normalised again gives the same rows. A nested id is dlt's hash of parent, table and list index. Not here: what of a
//! record is hashed where the merge strategy wants ids that follow from the data (`walk::row_id`).

#[cfg(target_arch = "x86_64")]
mod sponges;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rand_core::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use shake::Shake128;
use shake::digest::{ExtendableOutput as _, Update as _, XofReader as _};
use spile_core::PageId;

/// Bytes of a row id before encoding.
const ID_BYTES: usize = 10;

/// Rows whose ids are made at a time.
pub(crate) const TEXTS_MAX: usize = 8;

/// Characters of a row id.
pub(crate) const ID_LENGTH: usize = 14;

/// The id of a row, as ASCII text.
pub(crate) type MadeId = [u8; ID_LENGTH];

/// How root rows get their ids; dlt's `random`, `key_hash` and `row_hash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RootIdKind {
    /// Drawn.
    Random,
    /// Hashed from the primary key: `upsert` and `insert-only` find rows again by it.
    KeyHash,
    /// Hashed from the whole record: `scd2` sees by it whether anything changed.
    RowHash,
}

/// Draws the ids of the root rows of one page.
pub(crate) struct RootIds(Xoshiro256PlusPlus);

impl RootIds {
    /// Starts the sequence of a page of a load.
    pub(crate) fn new(load_id: &str, page: PageId) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(load_id.len() as u64).to_le_bytes());
        hasher.update(load_id.as_bytes());
        hasher.update(&page.0);
        Self(Xoshiro256PlusPlus::from_seed(*hasher.finalize().as_bytes()))
    }

    /// Returns the next id.
    pub(crate) fn next(&mut self) -> MadeId {
        let mut bytes = [0; ID_BYTES];
        self.0.fill_bytes(&mut bytes);
        encode(&bytes)
    }

    /// Returns a number in place of the next id: as unlikely to come twice in a load.
    pub(crate) fn next_number(&mut self) -> i64 {
        self.0.next_u64().cast_signed()
    }
}

/// Makes the ids of nested rows, `{parent}_{table}_{index}` hashed, several at a time.
pub(crate) struct IdHasher {
    text: Vec<u8>,
    made: [MadeId; TEXTS_MAX],
    count: usize,
    #[cfg(target_arch = "x86_64")]
    sponges: Option<sponges::Sponges>,
    /// Lanes of the sponges that hold a text.
    lanes: [bool; TEXTS_MAX],
}

impl Default for IdHasher {
    fn default() -> Self {
        Self {
            text: Vec::new(),
            made: [[0; ID_LENGTH]; TEXTS_MAX],
            count: 0,
            #[cfg(target_arch = "x86_64")]
            sponges: sponges::Sponges::detect(),
            lanes: [false; TEXTS_MAX],
        }
    }
}

impl IdHasher {
    /// Adds a row; at most [`TEXTS_MAX`] between two calls of [`IdHasher::take`].
    #[inline]
    pub(crate) fn put(&mut self, parent: &[u8], table: &str, index: u32) {
        self.text.clear();
        self.text.extend_from_slice(parent);
        self.text.push(b'_');
        self.text.extend_from_slice(table.as_bytes());
        self.text.push(b'_');
        push_decimal(&mut self.text, index);
        let lane = self.count;
        self.count += 1;
        self.lanes[lane] = self.put_aside(lane);
        if !self.lanes[lane] {
            self.made[lane] = content_id(&self.text);
        }
    }

    /// Puts the text into a lane of the sponges; `false` where it does not fit, or there are none.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    fn put_aside(&mut self, lane: usize) -> bool {
        let Some(sponges) = self.sponges.as_mut().filter(|_| self.text.len() <= sponges::TEXT_MAX) else {
            return false;
        };
        sponges.put(lane, &self.text);
        true
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn put_aside(&mut self, _lane: usize) -> bool {
        false
    }

    /// Returns the ids of the rows that were added, in order.
    pub(crate) fn take(&mut self) -> &[MadeId] {
        let count = std::mem::take(&mut self.count);
        #[cfg(target_arch = "x86_64")]
        if let Some(sponges) = self.sponges.as_mut().filter(|_| self.lanes[..count].contains(&true)) {
            sponges.hash();
            for lane in (0..count).filter(|lane| self.lanes[*lane]) {
                self.made[lane] = encode(&sponges.get(lane));
            }
            sponges.clear();
        }
        &self.made[..count]
    }
}

/// Returns the id that follows from a text: its hash.
pub(crate) fn content_id(text: &[u8]) -> MadeId {
    encode(&shake_bytes(text))
}

fn shake_bytes<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut hasher = Shake128::default();
    hasher.update(text);
    let mut bytes = [0; N];
    hasher.finalize_xof().read(&mut bytes);
    bytes
}

fn encode(bytes: &[u8; ID_BYTES]) -> MadeId {
    let mut id = [0; ID_LENGTH];
    STANDARD_NO_PAD.encode_slice(bytes, &mut id).expect("ten bytes encode to fourteen characters");
    id
}

fn push_decimal(out: &mut Vec<u8>, number: u32) {
    let start = out.len();
    let mut rest = number;
    loop {
        out.push(b'0' + (rest % 10) as u8);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out[start..].reverse();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_ids_are_dlts() {
        let mut hasher = IdHasher::default();
        hasher.put(b"hQ/khZXJkwHqYA", "users__tags", 0);
        hasher.put(b"hQ/khZXJkwHqYA", "users__tags", 1);
        assert_eq!(hasher.take(), [*b"abJuqtyIEGzEkA", *b"bQ8Nw2GTqtjo1w"]);
        let mut digits = Vec::new();
        push_decimal(&mut digits, 1_230);
        assert_eq!(digits, b"1230");
    }

    #[test]
    fn ids_are_the_same_side_by_side_and_one_by_one() {
        let mut hasher = IdHasher::default();
        for length in 0..200 {
            // Long parents are ids that records brought along.
            let parent: Vec<u8> = (0..length).map(|at| b'a' + (at % 26) as u8).collect();
            let lanes = 1 + length % TEXTS_MAX;
            for lane in 0..lanes {
                hasher.put(&parent, "t__l", lane as u32 * 1_000);
            }
            let alone = |lane: usize| {
                let text = [&parent, &b"_t__l_"[..], (lane * 1_000).to_string().as_bytes()].concat();
                content_id(&text)
            };
            let expected: Vec<MadeId> = (0..lanes).map(alone).collect();
            assert_eq!(hasher.take(), expected, "{length} bytes");
        }
    }

    #[test]
    fn root_ids_repeat_for_the_same_page_only() {
        let page = PageId([7; 16]);
        let draw = |load: &str, page| {
            let mut ids = RootIds::new(load, page);
            [ids.next(), ids.next()]
        };
        assert_eq!(draw("1.5", page), draw("1.5", page));
        assert_ne!(draw("1.5", page), draw("1.6", page));
        assert_ne!(draw("1.5", page), draw("1.5", PageId([8; 16])));
        assert_ne!(draw("1.5", page)[0], draw("1.5", page)[1]);
    }
}
