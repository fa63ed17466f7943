//! Work below the level of expressions: comparing, hashing and writing values that share their parts.
//!
//! A list of a list twice over, sixty levels deep, is small and has more leaves than can be counted. Such work is counted
//! per thread, since it happens where no machine is at hand. Who runs out gets a wrong answer that no script sees: the
//! machine asks before it takes its next step.

use std::cell::Cell;

/// Values that one row may compare, hash and write.
const WORK_MAX: u64 = 5_000_000;

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(WORK_MAX) };
}

/// Gives the next row its share.
pub(super) fn refill() {
    LEFT.set(WORK_MAX);
}

/// Takes a unit of work; false when there is none left.
pub(super) fn spend() -> bool {
    LEFT.with(|left| {
        let rest = left.get();
        left.set(rest.saturating_sub(1));
        rest > 0
    })
}

/// Returns whether the work is used up.
pub(super) fn is_used_up() -> bool {
    LEFT.get() == 0
}
