//! The gate before each host: how many requests at once, how fast, and not at all while the host asks for a pause.
//!
//! All tasks of a run pass the same gate, so what one of them is told holds for all. The rules are in [`Pace`], which is
//! told the time; only [`Gate::enter`] waits. The invariant: a place is given back whatever becomes of the request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use spile_core::{Manners, RetryPlan};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use url::Url;

use super::pace::{Heard, Pace, Ticket, Wait};
use super::retry::retry_after_seconds;
use super::{Response, TOO_MANY_REQUESTS};

/// A pause that a header announces is believed up to here; a longer one is left to the answer 429.
const PAUSE_MAX: Duration = Duration::from_mins(5);

/// Seconds above this are a date, not a span.
const EPOCH_SECONDS_MIN: u64 = 1_000_000_000;

/// The gates of all hosts.
#[derive(Debug)]
pub(super) struct Gate {
    manners: Manners,
    /// The pause after a refusal that names none, and the longest one that is believed.
    first_pause: Duration,
    longest_pause: Duration,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

#[derive(Debug)]
struct Host {
    /// Keeps those who wait in line.
    slots: Arc<Semaphore>,
    pace: Mutex<Pace>,
    /// Wakes those who wait for an answer.
    answers: Notify,
}

/// A request on its way; its place is free when this is dropped.
#[derive(Debug)]
pub(super) struct Pass {
    host: Arc<Host>,
    ticket: Ticket,
    longest_pause: Duration,
    _slot: OwnedSemaphorePermit,
}

impl Gate {
    pub(super) fn new(manners: Manners, retry: &RetryPlan) -> Self {
        let duration = |seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        Self {
            manners,
            first_pause: duration(retry.backoff_seconds),
            longest_pause: duration(retry.wait_seconds_max.max(retry.rate_limit_wait_seconds_max)),
            hosts: Mutex::default(),
        }
    }

    /// Waits until the host may be asked.
    pub(super) async fn enter(&self, url: &Url) -> Pass {
        let host = self.host(url);
        let slot = Arc::clone(&host.slots).acquire_owned().await.expect("the semaphore is never closed");
        loop {
            let answer = host.answers.notified();
            tokio::pin!(answer);
            // From here on no answer is missed.
            answer.as_mut().enable();
            let admitted = lock(&host.pace).admit(Instant::now());
            match admitted {
                Ok(ticket) => {
                    let host = Arc::clone(&host);
                    return Pass { host, ticket, longest_pause: self.longest_pause, _slot: slot };
                }
                Err(Wait::ForAnswer) => answer.await,
                Err(Wait::For(wait)) => tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = answer => {}
                },
            }
        }
    }

    fn host(&self, url: &Url) -> Arc<Host> {
        let key = url.origin().ascii_serialization();
        let mut hosts = lock(&self.hosts);
        let make = || {
            Arc::new(Host {
                slots: Arc::new(Semaphore::new(self.manners.concurrency.max(1))),
                pace: Mutex::new(Pace::new(&self.manners, self.first_pause)),
                answers: Notify::new(),
            })
        };
        Arc::clone(hosts.entry(key).or_insert_with(make))
    }
}

impl Pass {
    /// Takes note of what an answer says about how often the host may be asked.
    pub(super) fn answered(&self, response: &Response) {
        // Only an answer that is none asks to come again; elsewhere the header means something of the API's own.
        let retry_after = retry_after_seconds(response)
            .filter(|_| response.status >= 400)
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .map(|pause| pause.min(self.longest_pause));
        let heard = Heard {
            refused: response.status == TOO_MANY_REQUESTS,
            retry_after,
            announced: announced(&response.headers, response.received_at),
        };
        lock(&self.host.pace).answered(Instant::now(), self.ticket, heard);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        lock(&self.host.pace).gone(self.ticket);
        self.host.answers.notify_waiters();
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
