//! Row ids: `_dlt_id` of root rows and of nested rows.
//!
//! A root id is dlt's "random" id, but drawn from a generator that the load and the page seed, so that a page that is
//! normalised again gives the same rows. A nested id is dlt's hash of parent, table and list index. Not here: what of a
//! record is hashed where the merge strategy wants ids that follow from the data (`walk::row_id`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rand_core::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use shake::digest::{ExtendableOutput as _, Update as _, XofReader as _};
use shake::{Shake128, Shake128Reader};
use spile_core::PageId;

/// Bytes of a row id before encoding.
const ID_BYTES: usize = 10;

/// Characters of a row id.
pub(crate) const ID_LENGTH: usize = 14;

/// The id of a row, as ASCII text.
pub(crate) type MadeId = [u8; ID_LENGTH];

/// The id of a row: made here, or given by the record.
#[derive(Clone, Copy)]
pub(crate) enum RowId<'a> {
    /// Made.
    Made(MadeId),
    /// The record's own `_dlt_id`.
    Given(&'a str),
}

impl RowId<'_> {
    /// Returns the text as bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Made(id) => id,
            Self::Given(id) => id.as_bytes(),
        }
    }
}

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

/// Returns the id of a nested row: `{parent}_{table}_{index}`, hashed.
pub(crate) fn nested_id(parent: &RowId<'_>, table: &str, index: usize, scratch: &mut Vec<u8>) -> MadeId {
    scratch.clear();
    scratch.extend_from_slice(parent.as_bytes());
    scratch.push(b'_');
    scratch.extend_from_slice(table.as_bytes());
    scratch.push(b'_');
    push_decimal(scratch, index);
    content_id(scratch)
}

/// Returns the id that follows from a text: its hash.
pub(crate) fn content_id(text: &[u8]) -> MadeId {
    let mut bytes = [0; ID_BYTES];
    shake(text).read(&mut bytes);
    encode(&bytes)
}

/// Hashes a text to `N` bytes and encodes them, without padding.
pub(crate) fn shake_base64<const N: usize>(text: &[u8]) -> String {
    let mut bytes = [0; N];
    shake(text).read(&mut bytes);
    STANDARD_NO_PAD.encode(bytes)
}

fn shake(text: &[u8]) -> Shake128Reader {
    let mut hasher = Shake128::default();
    hasher.update(text);
    hasher.finalize_xof()
}

fn encode(bytes: &[u8; ID_BYTES]) -> MadeId {
    let mut id = [0; ID_LENGTH];
    STANDARD_NO_PAD.encode_slice(bytes, &mut id).expect("ten bytes encode to fourteen characters");
    id
}

fn push_decimal(out: &mut Vec<u8>, number: usize) {
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
        let mut scratch = Vec::new();
        for (index, expected) in [(0, "abJuqtyIEGzEkA"), (1, "bQ8Nw2GTqtjo1w")] {
            let id = nested_id(&RowId::Given("hQ/khZXJkwHqYA"), "users__tags", index, &mut scratch);
            assert_eq!(std::str::from_utf8(&id).unwrap(), expected);
        }
        scratch.clear();
        push_decimal(&mut scratch, 1_230);
        assert_eq!(scratch, b"1230");
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
