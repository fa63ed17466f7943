//! How long to wait before a request is sent again, and when to give up.
//!
//! Pure: waits come from the plan, the server's `Retry-After` and the attempt. Jitter is a function of URL and attempt, so
//! that a run can be repeated exactly.

use spile_core::{Error, RetryPlan};

/// Longest wait between two tries against a rate limit that names no time.
const RATE_LIMIT_WAIT_SECONDS_MAX: f64 = 60.0;

/// How a failure is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryClass {
    /// Asking again would not help.
    Never,
    /// A passing trouble: the plan's retries.
    Passing,
    /// Too many requests: a budget of its own.
    RateLimit,
    /// A token that the API refuses: one more try at once, with a new one.
    Renew,
    /// Perhaps a passing trouble, more likely a wrong address: one more try.
    Once,
}

/// An attempt that gave nothing usable.
pub(super) struct Failure {
    pub(super) class: RetryClass,
    pub(super) error: Error,
    pub(super) retry_after_seconds: Option<f64>,
    /// Whether the API limits how often it may be asked.
    pub(super) refused: bool,
}

/// What is left of the patience with one request.
pub(super) struct Budget<'a> {
    plan: &'a RetryPlan,
    passing: u32,
    once: bool,
    renew: bool,
    rate_limit_waits: u32,
    rate_limit_seconds: f64,
}

impl<'a> Budget<'a> {
    /// Starts with all of the plan's patience.
    pub(super) fn new(plan: &'a RetryPlan) -> Self {
        let rate_limit_seconds = plan.rate_limit_wait_seconds_max;
        Self {
            plan,
            passing: 0,
            once: plan.retries_max > 0,
            renew: true,
            rate_limit_waits: 0,
            rate_limit_seconds,
        }
    }

    /// Returns how long to wait before the next attempt; `None`: give up.
    pub(super) fn wait(&mut self, failure: &Failure, attempt: u64, url: &str) -> Option<f64> {
        match failure.class {
            RetryClass::Never => None,
            RetryClass::Renew => std::mem::take(&mut self.renew).then_some(0.0),
            RetryClass::Once => std::mem::take(&mut self.once)
                .then(|| self.back_off(0, self.plan.wait_seconds_max, attempt, url)),
            RetryClass::Passing => {
                if self.passing >= self.plan.retries_max {
                    return None;
                }
                self.passing += 1;
                let longest = self.plan.wait_seconds_max;
                Some(match failure.retry_after_seconds {
                    Some(seconds) => seconds.min(longest),
                    None => self.back_off(self.passing - 1, longest, attempt, url),
                })
            }
            RetryClass::RateLimit => {
                let seconds =
                    failure.retry_after_seconds.or_else(|| self.rate_limit_back_off(attempt, url))?;
                if seconds > self.rate_limit_seconds {
                    return None;
                }
                self.rate_limit_waits += 1;
                self.rate_limit_seconds -= seconds;
                Some(seconds)
            }
        }
    }

    /// The last wait is what is left of the budget, as long as that is worth a try.
    fn rate_limit_back_off(&self, attempt: u64, url: &str) -> Option<f64> {
        let wait = self.back_off(self.rate_limit_waits, RATE_LIMIT_WAIT_SECONDS_MAX, attempt, url);
        (self.rate_limit_seconds > 0.0 && self.rate_limit_seconds >= self.plan.backoff_seconds)
            .then_some(wait.min(self.rate_limit_seconds))
    }

    fn back_off(&self, earlier: u32, longest: f64, attempt: u64, url: &str) -> f64 {
        let doubled = self.plan.backoff_seconds * 2_f64.powi(earlier.min(64) as i32);
        let spread = if self.plan.jitter { 1.0 + jitter(url, attempt) / 4.0 } else { 1.0 };
        (doubled * spread).clamp(0.0, longest.max(0.0))
    }
}

/// Returns a number in 0..1 that depends on URL and attempt only, so that a run can be repeated exactly.
fn jitter(url: &str, attempt: u64) -> f64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(url.as_bytes());
    hasher.update(&attempt.to_le_bytes());
    let hash = hasher.finalize();
    let mut bits = [0; 4];
    bits.copy_from_slice(&hash.as_bytes()[..4]);
    f64::from(u32::from_le_bytes(bits)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spile_core::ErrorKind;

    fn plan(jitter: bool, rate_limit: f64) -> RetryPlan {
        RetryPlan {
            statuses: vec![429],
            all_server_errors: true,
            retries_max: 4,
            backoff_seconds: 1.0,
            wait_seconds_max: 300.0,
            jitter,
            rate_limit_wait_seconds_max: rate_limit,
            timeout_seconds: 1.0,
        }
    }

    fn waits(plan: &RetryPlan, class: RetryClass, retry_after_seconds: Option<f64>) -> Vec<f64> {
        let mut budget = Budget::new(plan);
        let failure = Failure {
            class,
            error: Error::new(ErrorKind::Source, "source/x", "x"),
            retry_after_seconds,
            refused: false,
        };
        (1..100).map_while(|attempt| budget.wait(&failure, attempt, "http://h/")).collect()
    }

    #[test]
    fn waits_are_dlts() {
        let plain = plan(false, 0.0);
        assert_eq!(waits(&plain, RetryClass::Passing, None), [1.0, 2.0, 4.0, 8.0]);
        assert_eq!(waits(&plain, RetryClass::Passing, Some(7.0)), [7.0; 4]);
        assert_eq!(waits(&plain, RetryClass::Passing, Some(999.0)), [300.0; 4]);
        assert_eq!(waits(&plain, RetryClass::Once, None), [1.0]);
        assert_eq!(waits(&plain, RetryClass::Renew, None), [0.0]);
        assert!(waits(&plain, RetryClass::Never, None).is_empty());
    }

    #[test]
    fn rate_limits_have_their_own_budget() {
        let patient = plan(false, 100.0);
        assert_eq!(waits(&patient, RetryClass::RateLimit, None), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 37.0]);
        assert_eq!(waits(&patient, RetryClass::RateLimit, Some(40.0)), [40.0, 40.0]);
        assert!(waits(&patient, RetryClass::RateLimit, Some(3600.0)).is_empty());
    }

    #[test]
    fn jitter_is_small_and_repeatable() {
        let spread = plan(true, 0.0);
        let first = waits(&spread, RetryClass::Passing, None);
        assert_eq!(first, waits(&spread, RetryClass::Passing, None));
        for (wait, base) in first.iter().zip([1.0, 2.0, 4.0, 8.0]) {
            assert!(*wait >= base && *wait < base * 1.25, "{wait}");
        }
    }
}
