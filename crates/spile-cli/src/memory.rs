//! The allocator, and how soon it gives memory back.
//!
//! DuckDB keeps its own allocator; for the millions of small rows of the normaliser this one is measurably quicker than the
//! system's.

use std::ffi::c_long;

use libmimalloc_sys::{mi_option_get, mi_option_set, mi_option_t};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of the allocator's C interface, which its bindings have no name for.
const PURGE_DELAY: mi_option_t = 15;
/// What it is unless somebody set it: milliseconds that unused memory is kept.
const PURGE_DELAY_DEFAULT: c_long = 1000;
/// What suits a run: its memory comes in waves of a second, and DuckDB needs it when the last one is over.
const PURGE_DELAY_HERE: c_long = 50;

/// Makes the allocator give memory back soon. The peak of a run is a third lower by that (see BENCHMARKS.md), for no
/// measurable time; a fifth of this delay takes a twentieth more.
pub(crate) fn give_back_soon() {
    #[expect(unsafe_code, reason = "two calls that read and write a number in the allocator")]
    // SAFETY: both functions take any option number, may be called at any time, and touch no memory of ours. That the number
    // stands for the delay is checked by its default, so an allocator that counts otherwise is left alone.
    unsafe {
        if mi_option_get(PURGE_DELAY) == PURGE_DELAY_DEFAULT {
            mi_option_set(PURGE_DELAY, PURGE_DELAY_HERE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_is_set() {
        give_back_soon();
        #[expect(unsafe_code, reason = "reads a number in the allocator")]
        // SAFETY: as above.
        let delay = unsafe { mi_option_get(PURGE_DELAY) };
        assert_eq!(delay, PURGE_DELAY_HERE);
    }
}
