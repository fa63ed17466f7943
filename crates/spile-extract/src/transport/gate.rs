//! The gate before each host: how many requests at once, how fast, and not at all while the host asks for a pause.
//!
//! All tasks of a run pass the same gate, so a `Retry-After` that one of them is told holds for all. The rules are in
//! `Pace`, which is told the time; only [`Gate::enter`] waits. The invariant: the declared rate holds for every span of
//! its length, since sendings are counted in a sliding window.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use spile_core::{Manners, RateLimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use url::Url;

/// Added to the span of a declared rate, since requests do not arrive as evenly as they are sent.
const MARGIN: f64 = 1.02;

/// A pause that a header announces is believed up to here; a longer one is left to the answer 429.
const PAUSE_MAX: Duration = Duration::from_mins(5);

/// Seconds above this are a date, not a span.
const EPOCH_SECONDS_MIN: u64 = 1_000_000_000;

/// The gates of all hosts.
#[derive(Debug)]
pub(super) struct Gate {
    manners: Manners,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

#[derive(Debug)]
struct Host {
    slots: Arc<Semaphore>,
    pace: Mutex<Pace>,
}

/// A request on its way; its place is free when this is dropped.
#[derive(Debug)]
pub(super) struct Pass {
    host: Arc<Host>,
    _slot: OwnedSemaphorePermit,
}

impl Gate {
    pub(super) fn new(manners: Manners) -> Self {
        Self { manners, hosts: Mutex::default() }
    }

    /// Waits until the host may be asked.
    pub(super) async fn enter(&self, url: &Url) -> Pass {
        let host = self.host(url);
        let slot = Arc::clone(&host.slots).acquire_owned().await.expect("the semaphore is never closed");
        loop {
            let wait = lock(&host.pace).admit(Instant::now(), self.manners.rate_limit);
            match wait {
                None => return Pass { host, _slot: slot },
                Some(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    /// Lets nobody pass for so many seconds.
    pub(super) fn hold(&self, url: &Url, seconds: f64) {
        let Ok(pause) = Duration::try_from_secs_f64(seconds) else { return };
        let host = self.host(url);
        lock(&host.pace).close(Instant::now(), pause);
    }

    fn host(&self, url: &Url) -> Arc<Host> {
        let key = url.origin().ascii_serialization();
        let mut hosts = lock(&self.hosts);
        let make = || {
            let slots = Arc::new(Semaphore::new(self.manners.concurrency.max(1)));
            Arc::new(Host { slots, pace: Mutex::default() })
        };
        Arc::clone(hosts.entry(key).or_insert_with(make))
    }
}

impl Pass {
    /// Takes note of what an answer says about the rate.
    pub(super) fn learn(&self, headers: &[(String, String)], received_at: SystemTime) {
        if let Some((remaining, pause)) = announced(headers, received_at) {
            lock(&self.host.pace).announce(Instant::now(), remaining, pause);
        }
    }
}

/// What is known about the rate of one host.
#[derive(Debug, Default)]
struct Pace {
    closed_until: Option<Instant>,
    /// The newest sendings, as many as the rate allows in one span.
    sent: VecDeque<Instant>,
    /// Requests that may still be sent, and until when that holds.
    left: Option<(u64, Instant)>,
}

impl Pace {
    /// Lets a request pass, or returns how long to wait before asking again.
    fn admit(&mut self, now: Instant, limit: Option<RateLimit>) -> Option<Duration> {
        if let Some(until) = self.closed_until.filter(|until| *until > now) {
            return Some(until - now);
        }
        self.left = self.left.filter(|(_, until)| *until > now);
        if let Some((0, until)) = self.left {
            return Some(until - now);
        }
        if let Some(limit) = limit
            && let Some(wait) = self.spread(now, limit)
        {
            return Some(wait);
        }
        if let Some((left, _)) = &mut self.left {
            *left -= 1;
        }
        None
    }

    fn spread(&mut self, now: Instant, limit: RateLimit) -> Option<Duration> {
        let span = Duration::try_from_secs_f64(limit.seconds * MARGIN).unwrap_or(Duration::MAX);
        if self.sent.len() >= limit.requests.max(1) as usize {
            if let Some(wait) = self.sent.front().and_then(|oldest| span.checked_sub(now - *oldest))
                && !wait.is_zero()
            {
                return Some(wait);
            }
            self.sent.pop_front();
        }
        self.sent.push_back(now);
        None
    }

    fn close(&mut self, now: Instant, pause: Duration) {
        let Some(until) = now.checked_add(pause) else { return };
        self.closed_until = Some(self.closed_until.map_or(until, |before| before.max(until)));
    }

    /// Answers come in any order, so of two words about one span the smaller counts.
    fn announce(&mut self, now: Instant, remaining: u64, pause: Duration) {
        let until = now + pause;
        let known = self.left.filter(|(_, known)| *known > now).map(|(left, _)| left);
        self.left = Some((known.map_or(remaining, |left| left.min(remaining)), until));
    }
}

/// Reads `RateLimit-*` and `X-RateLimit-*`: what is left, and when it is counted anew.
fn announced(headers: &[(String, String)], received_at: SystemTime) -> Option<(u64, Duration)> {
    let number = |name: &str| -> Option<u64> {
        let value = headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.trim())?;
        value.parse().ok()
    };
    ["ratelimit", "x-ratelimit", "x-rate-limit"].iter().find_map(|family| {
        let remaining = number(&format!("{family}-remaining"))?;
        let reset = number(&format!("{family}-reset"))?;
        let pause = if reset >= EPOCH_SECONDS_MIN {
            UNIX_EPOCH.checked_add(Duration::from_secs(reset))?.duration_since(received_at).ok()?
        } else {
            Duration::from_secs(reset)
        };
        (!pause.is_zero() && pause <= PAUSE_MAX).then_some((remaining, pause))
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that is done under these locks can leave them half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declared_rate_holds_in_every_span() {
        let limit = Some(RateLimit { requests: 5, seconds: 1.0 });
        let start = Instant::now();
        let (mut pace, mut now, mut sent) = (Pace::default(), start, Vec::new());
        while sent.len() < 200 {
            match pace.admit(now, limit) {
                None => sent.push(now),
                Some(wait) => now += wait,
            }
        }
        for window in sent.windows(6) {
            assert!(window[5] - window[0] >= Duration::from_secs(1), "six in less than a second");
        }
        // At least nine tenths of what is allowed are used.
        assert!((now - start).as_secs_f64() * 5.0 * 0.9 < 200.0);
    }

    #[test]
    fn a_pause_holds_for_all() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.close(now, Duration::from_secs(3));
        pace.close(now, Duration::from_secs(1));
        assert_eq!(pace.admit(now, None), Some(Duration::from_secs(3)));
        assert_eq!(pace.admit(now + Duration::from_secs(3), None), None);
    }

    #[test]
    fn what_is_left_is_not_overdrawn() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.announce(now, 2, Duration::from_secs(9));
        pace.announce(now, 7, Duration::from_secs(9));
        assert_eq!(pace.admit(now, None), None);
        assert_eq!(pace.admit(now, None), None);
        assert_eq!(pace.admit(now, None), Some(Duration::from_secs(9)));
        assert_eq!(pace.admit(now + Duration::from_secs(9), None), None);
    }

    #[test]
    fn headers_are_read() {
        let at = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for (remaining, reset, expected) in [
            (("ratelimit-remaining", "3"), ("ratelimit-reset", "20"), Some((3, 20))),
            (("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000030"), Some((0, 30))),
            (("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700003600"), None),
            (("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1600000000"), None),
            (("x-ratelimit-remaining", "many"), ("x-ratelimit-reset", "5"), None),
            (("x-ratelimit-remaining", "4"), ("other", "5"), None),
        ] {
            let headers = [remaining, reset].map(|(name, value)| (name.to_owned(), value.to_owned()));
            let expected = expected.map(|(left, seconds)| (left, Duration::from_secs(seconds)));
            assert_eq!(announced(&headers, at), expected, "{headers:?}");
        }
    }
}
