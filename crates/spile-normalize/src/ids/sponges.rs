//! SHAKE-128 of several short texts at once, one in each lane of the processor's vectors.
//!
//! The ids of nested rows are hashes of some forty bytes, one permutation each; eight rows of ten are nested in many APIs, so
//! this permutation is the largest single cost of a row. Lanes are independent: four (AVX2) or eight (AVX-512) cost little
//! more than one. Not here: what is hashed, and processors without such vectors (`ids`). Invariant: the bytes are those of
//! the one-by-one implementation; a test compares them.

use pulp::x86::{V3, V4};
use pulp::{NullaryFnOnce, cast};

use super::TEXTS_MAX;

/// Bytes that one permutation takes in.
const RATE: usize = 168;

/// Bytes of the longest text that one permutation takes in; one is for the padding.
pub(super) const TEXT_MAX: usize = RATE - 1;

/// Words of the state that take in text.
const RATE_WORDS: usize = RATE / 8;

/// Words of the state.
const WORDS: usize = 25;

const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808A,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808B,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008A,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000A,
    0x0000_0000_8000_808B,
    0x8000_0000_0000_008B,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800A,
    0x8000_0000_8000_000A,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// The vectors of this processor.
#[derive(Clone, Copy)]
enum Vectors {
    Avx2(V3),
    Avx512(V4),
}

/// Hashes up to [`TEXTS_MAX`] texts side by side.
pub(super) struct Sponges {
    vectors: Vectors,
    /// Word by word, the texts side by side.
    state: [[u64; TEXTS_MAX]; WORDS],
}

impl Sponges {
    /// Returns `None` on a processor without wide vectors.
    pub(super) fn detect() -> Option<Self> {
        let avx512 = || V4::try_new().map(Vectors::Avx512);
        let vectors = avx512().or_else(|| V3::try_new().map(Vectors::Avx2))?;
        Some(Self { vectors, state: [[0; TEXTS_MAX]; WORDS] })
    }

    /// Puts a text into a lane that is clear. It has at most [`TEXT_MAX`] bytes.
    #[inline]
    pub(super) fn put(&mut self, lane: usize, text: &[u8]) {
        let (words, rest) = text.as_chunks::<8>();
        for (place, word) in self.state.iter_mut().zip(words) {
            place[lane] = u64::from_le_bytes(*word);
        }
        // SHAKE's padding: its mark after the text, and the last bit that one permutation takes in.
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        last[rest.len()] = 0x1F;
        self.state[words.len()][lane] = u64::from_le_bytes(last);
        self.state[RATE_WORDS - 1][lane] |= 1 << 63;
    }

    /// Clears all lanes.
    pub(super) fn clear(&mut self) {
        self.state = [[0; TEXTS_MAX]; WORDS];
    }

    /// Hashes what was put into the lanes.
    pub(super) fn hash(&mut self) {
        match self.vectors {
            Vectors::Avx512(vectors) => vectors.vectorize(Permutation512(vectors, &mut self.state)),
            Vectors::Avx2(vectors) => vectors.vectorize(Permutation256(vectors, &mut self.state)),
        }
    }

    /// Returns the first bytes of a lane's hash.
    #[inline]
    pub(super) fn get<const N: usize>(&self, lane: usize) -> [u8; N] {
        const { assert!(N <= 16, "two words are looked at") };
        let both = u128::from(self.state[0][lane]) | u128::from(self.state[1][lane]) << 64;
        let mut bytes = [0; N];
        bytes.copy_from_slice(&both.to_le_bytes()[..N]);
        bytes
    }
}

/// Keccak-f[1600] over vectors, the same for every width; the words of the state are `$a[0]` to `$a[24]`.
///
/// `$xor5`, `$xor`, `$chi` (a ^ (!b & c)) and `$rotate` (by so many bits, and 64 less these) are the operations.
macro_rules! permute {
    ($a:ident, $splat:expr, $xor:ident, $xor5:ident, $chi:ident, $rotate:ident) => {
        for constant in ROUND_CONSTANTS {
            let c = [
                $xor5!($a[0], $a[5], $a[10], $a[15], $a[20]),
                $xor5!($a[1], $a[6], $a[11], $a[16], $a[21]),
                $xor5!($a[2], $a[7], $a[12], $a[17], $a[22]),
                $xor5!($a[3], $a[8], $a[13], $a[18], $a[23]),
                $xor5!($a[4], $a[9], $a[14], $a[19], $a[24]),
            ];
            let d = [
                $xor!(c[4], $rotate!(c[1], 1, 63)),
                $xor!(c[0], $rotate!(c[2], 1, 63)),
                $xor!(c[1], $rotate!(c[3], 1, 63)),
                $xor!(c[2], $rotate!(c[4], 1, 63)),
                $xor!(c[3], $rotate!(c[0], 1, 63)),
            ];
            let b = [
                $xor!($a[0], d[0]),
                $rotate!($xor!($a[6], d[1]), 44, 20),
                $rotate!($xor!($a[12], d[2]), 43, 21),
                $rotate!($xor!($a[18], d[3]), 21, 43),
                $rotate!($xor!($a[24], d[4]), 14, 50),
                $rotate!($xor!($a[3], d[3]), 28, 36),
                $rotate!($xor!($a[9], d[4]), 20, 44),
                $rotate!($xor!($a[10], d[0]), 3, 61),
                $rotate!($xor!($a[16], d[1]), 45, 19),
                $rotate!($xor!($a[22], d[2]), 61, 3),
                $rotate!($xor!($a[1], d[1]), 1, 63),
                $rotate!($xor!($a[7], d[2]), 6, 58),
                $rotate!($xor!($a[13], d[3]), 25, 39),
                $rotate!($xor!($a[19], d[4]), 8, 56),
                $rotate!($xor!($a[20], d[0]), 18, 46),
                $rotate!($xor!($a[4], d[4]), 27, 37),
                $rotate!($xor!($a[5], d[0]), 36, 28),
                $rotate!($xor!($a[11], d[1]), 10, 54),
                $rotate!($xor!($a[17], d[2]), 15, 49),
                $rotate!($xor!($a[23], d[3]), 56, 8),
                $rotate!($xor!($a[2], d[2]), 62, 2),
                $rotate!($xor!($a[8], d[3]), 55, 9),
                $rotate!($xor!($a[14], d[4]), 39, 25),
                $rotate!($xor!($a[15], d[0]), 41, 23),
                $rotate!($xor!($a[21], d[1]), 2, 62),
            ];
            for row in [0, 5, 10, 15, 20] {
                for place in 0..5 {
                    $a[row + place] =
                        $chi!(b[row + place], b[row + (place + 1) % 5], b[row + (place + 2) % 5]);
                }
            }
            $a[0] = $xor!($a[0], $splat(constant));
        }
    };
}

struct Permutation512<'a>(V4, &'a mut [[u64; TEXTS_MAX]; WORDS]);

impl NullaryFnOnce for Permutation512<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the vectors are there only inside `vectorize`")]
    #[inline(always)]
    fn call(self) {
        let Self(vectors, state) = self;
        let simd = vectors.avx512f;
        let mut a = state.map(cast::<_, core::arch::x86_64::__m512i>);
        macro_rules! xor {
            ($x:expr, $y:expr) => {
                simd._mm512_xor_si512($x, $y)
            };
        }
        macro_rules! xor5 {
            ($v:expr, $w:expr, $x:expr, $y:expr, $z:expr) => {
                simd._mm512_ternarylogic_epi64::<0x96>(
                    simd._mm512_ternarylogic_epi64::<0x96>($v, $w, $x),
                    $y,
                    $z,
                )
            };
        }
        macro_rules! chi {
            ($x:expr, $y:expr, $z:expr) => {
                simd._mm512_ternarylogic_epi64::<0xD2>($x, $y, $z)
            };
        }
        macro_rules! rotate {
            ($x:expr, $left:literal, $right:literal) => {
                simd._mm512_rol_epi64::<$left>($x)
            };
        }
        permute!(a, |word: u64| simd._mm512_set1_epi64(word as i64), xor, xor5, chi, rotate);
        *state = a.map(cast);
    }
}

struct Permutation256<'a>(V3, &'a mut [[u64; TEXTS_MAX]; WORDS]);

impl NullaryFnOnce for Permutation256<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the vectors are there only inside `vectorize`")]
    #[inline(always)]
    fn call(self) {
        let Self(vectors, state) = self;
        let (avx, simd) = (vectors.avx, vectors.avx2);
        macro_rules! xor {
            ($x:expr, $y:expr) => {
                simd._mm256_xor_si256($x, $y)
            };
        }
        macro_rules! xor5 {
            ($v:expr, $w:expr, $x:expr, $y:expr, $z:expr) => {
                xor!(xor!(xor!($v, $w), xor!($x, $y)), $z)
            };
        }
        macro_rules! chi {
            ($x:expr, $y:expr, $z:expr) => {
                xor!($x, simd._mm256_andnot_si256($y, $z))
            };
        }
        macro_rules! rotate {
            ($x:expr, $left:literal, $right:literal) => {{
                let word = $x;
                simd._mm256_or_si256(
                    simd._mm256_slli_epi64::<$left>(word),
                    simd._mm256_srli_epi64::<$right>(word),
                )
            }};
        }
        for half in 0..2 {
            let mut a = state.map(|word| {
                let [low, high]: [[u64; 4]; 2] = cast(word);
                cast::<_, core::arch::x86_64::__m256i>(if half == 0 { low } else { high })
            });
            permute!(a, |word: u64| avx._mm256_set1_epi64x(word as i64), xor, xor5, chi, rotate);
            for (word, lanes) in state.iter_mut().zip(a) {
                let lanes: [u64; 4] = cast(lanes);
                word[half * 4..half * 4 + 4].copy_from_slice(&lanes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_widths_hash_as_one_by_one() {
        let avx512 = V4::try_new().map(Vectors::Avx512);
        let avx2 = V3::try_new().map(Vectors::Avx2);
        for vectors in [avx512, avx2].into_iter().flatten() {
            let mut sponges = Sponges { vectors, state: [[0; TEXTS_MAX]; WORDS] };
            for length in 0..=TEXT_MAX {
                let texts: Vec<Vec<u8>> = (0..TEXTS_MAX)
                    .map(|lane| (0..length).map(|at| (at * 7 + lane * 31) as u8).collect())
                    .collect();
                for (lane, text) in texts.iter().enumerate() {
                    sponges.put(lane, text);
                }
                sponges.hash();
                for (lane, text) in texts.iter().enumerate() {
                    let alone = super::super::shake_bytes::<10>(text);
                    assert_eq!(sponges.get::<10>(lane), alone, "lane {lane}, {length} bytes");
                }
                sponges.clear();
            }
        }
    }
}
