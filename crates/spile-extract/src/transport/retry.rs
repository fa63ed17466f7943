//! Whether an answer is asked for again, and after which wait.
//!
//! One table decides from the kind of failure ([`RetryClass`]); waits come from the plan and the server's
//! `Retry-After`. The clock is read by nobody here: waits are sleeps, jitter is a function of URL and attempt.

use std::time::{Duration, SystemTime};

use spile_core::{Document, Error, ErrorKind, Event, Observer, Result, RetryPlan};
use tokio::sync::watch;
use url::Url;

use super::failure::{not_json, status_error};
use super::{OutgoingRequest, Response, Scrubber, Transport, method_name};
use crate::Counters;

/// Longest wait between two tries against a rate limit that names no time.
const RATE_LIMIT_WAIT_SECONDS_MAX: f64 = 60.0;

/// What requests of one resource share.
pub(crate) struct Exchange<'a> {
    pub(crate) resource: &'a str,
    pub(crate) retry: &'a RetryPlan,
    pub(crate) transport: &'a dyn Transport,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) counters: &'a Counters,
    pub(crate) scrubber: &'a Scrubber,
    pub(crate) cancel: watch::Receiver<bool>,
}

/// A usable answer.
pub(crate) struct Answer {
    pub(crate) url: Url,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) document: Document,
    pub(crate) bytes: u64,
    pub(crate) body_hash: String,
    pub(crate) retries: u64,
}

/// How a failure is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RetryClass {
    /// Asking again would not help.
    Never,
    /// A passing trouble: the plan's retries.
    Passing,
    /// Too many requests: a budget of its own.
    RateLimit,
    /// Perhaps a passing trouble, more likely a wrong address: one more try.
    Once,
}

struct Failure {
    class: RetryClass,
    error: Error,
    retry_after_seconds: Option<f64>,
}

impl Exchange<'_> {
    /// Sends a request until there is a usable answer or no hope. `page` is the 1-based number for messages.
    pub(crate) async fn fetch(&self, request: &OutgoingRequest, page: u64) -> Result<Answer> {
        let mut budget = Budget::new(self.retry);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let failure = match self.attempt(request).await {
                Ok(answer) => return Ok(Answer { retries: attempts - 1, ..answer }),
                Err(failure) => failure,
            };
            let Some(wait_seconds) = budget.wait(&failure, attempts, request.url.as_str()) else {
                return Err(self.give_up(failure, request, page, attempts));
            };
            self.counters.add_retry();
            self.observer.on_event(&Event::Retrying {
                resource: self.resource,
                reason: failure.error.message(),
                wait_seconds,
                attempt: u32::try_from(attempts).unwrap_or(u32::MAX),
            });
            self.pause(wait_seconds).await?;
        }
    }

    async fn attempt(&self, request: &OutgoingRequest) -> Result<Answer, Failure> {
        self.counters.add_request();
        let mut cancel = self.cancel.clone();
        let sent = tokio::select! {
            sent = self.transport.send(request) => sent,
            () = stopped(&mut cancel) => Err(interrupted()),
        };
        let response = sent.map_err(|error| {
            let class = match error.kind() {
                ErrorKind::Unavailable => RetryClass::Passing,
                _ => RetryClass::Never,
            };
            Failure { class, error, retry_after_seconds: None }
        })?;
        self.counters.add_answer(&response);
        if !(200..300).contains(&response.status) {
            return Err(Failure {
                class: self.status_class(response.status),
                retry_after_seconds: retry_after_seconds(&response),
                error: status_error(&response, self.scrubber),
            });
        }
        self.parse(response)
    }

    fn parse(&self, mut response: Response) -> Result<Answer, Failure> {
        let body = std::mem::take(&mut response.body);
        let bytes = body.len() as u64;
        let body_hash = blake3::hash(&body).to_hex()[..32].to_owned();
        // The parser works in place; what an error message may quote is kept from before.
        let beginning = body[..body.len().min(4096)].to_vec();
        match Document::parse(body) {
            Ok(document) => Ok(Answer {
                url: response.url,
                headers: response.headers,
                document,
                bytes,
                body_hash,
                retries: 0,
            }),
            Err(cause) => {
                let class = match (response.status, cause.message.as_str()) {
                    (204 | 205, _) => RetryClass::Never,
                    (_, "the text ends too early" | "the body is empty") => RetryClass::Passing,
                    _ => RetryClass::Once,
                };
                let error = not_json(&response, &beginning, cause, self.scrubber);
                Err(Failure { class, error, retry_after_seconds: None })
            }
        }
    }

    fn status_class(&self, status: u16) -> RetryClass {
        match status {
            401 => RetryClass::Never,
            429 if self.retry.rate_limit_wait_seconds_max > 0.0 => RetryClass::RateLimit,
            500..=599 if self.retry.all_server_errors => RetryClass::Passing,
            _ if self.retry.statuses.contains(&status) => RetryClass::Passing,
            _ => RetryClass::Never,
        }
    }

    fn give_up(&self, failure: Failure, request: &OutgoingRequest, page: u64, attempts: u64) -> Error {
        failure
            .error
            .with("resource", self.resource)
            .with("method", method_name(request.method))
            .with("url", self.scrubber.url(&request.url))
            .with("page", page)
            .with("attempts", attempts)
    }

    async fn pause(&self, seconds: f64) -> Result<()> {
        let wait = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let mut cancel = self.cancel.clone();
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(()),
            () = stopped(&mut cancel) => Err(interrupted()),
        }
    }
}

/// Ends when the user stops the run; never, when nobody is left who could.
async fn stopped(cancel: &mut watch::Receiver<bool>) {
    if cancel.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The error of a run that the user stopped.
fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, "run/interrupted", "the run was stopped")
        .hint("Run the same command again to go on from the last staged page.")
}

/// What is left of the patience with one request.
struct Budget<'a> {
    plan: &'a RetryPlan,
    passing: u32,
    once: bool,
    rate_limit_waits: u32,
    rate_limit_seconds: f64,
}

impl<'a> Budget<'a> {
    fn new(plan: &'a RetryPlan) -> Self {
        let rate_limit_seconds = plan.rate_limit_wait_seconds_max;
        Self { plan, passing: 0, once: plan.retries_max > 0, rate_limit_waits: 0, rate_limit_seconds }
    }

    /// Returns how long to wait before the next attempt; `None`: give up.
    fn wait(&mut self, failure: &Failure, attempt: u64, url: &str) -> Option<f64> {
        match failure.class {
            RetryClass::Never => None,
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

/// Reads `Retry-After`: whole seconds or a date. Zero, the past and anything else count as absent, as in dlt.
fn retry_after_seconds(response: &Response) -> Option<f64> {
    let text = response.header("retry-after")?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return (seconds > 0).then(|| f64::from(seconds));
    }
    let until: SystemTime = httpdate::parse_http_date(text).ok()?;
    let wait = until.duration_since(response.received_at).ok()?;
    (!wait.is_zero()).then_some(wait.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let failure =
            Failure { class, error: Error::new(ErrorKind::Source, "source/x", "x"), retry_after_seconds };
        (1..100).map_while(|attempt| budget.wait(&failure, attempt, "http://h/")).collect()
    }

    #[test]
    fn waits_are_dlts() {
        let plain = plan(false, 0.0);
        assert_eq!(waits(&plain, RetryClass::Passing, None), [1.0, 2.0, 4.0, 8.0]);
        assert_eq!(waits(&plain, RetryClass::Passing, Some(7.0)), [7.0; 4]);
        assert_eq!(waits(&plain, RetryClass::Passing, Some(999.0)), [300.0; 4]);
        assert_eq!(waits(&plain, RetryClass::Once, None), [1.0]);
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

    #[test]
    fn retry_after_is_read_as_dlt_reads_it() {
        let received_at = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (text, expected) in [
            ("2", Some(2.0)),
            ("0", None),
            ("1.5", None),
            ("-3", None),
            ("soon", None),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10.0)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", None),
        ] {
            let response = Response {
                status: 429,
                url: Url::parse("http://h/").unwrap(),
                headers: vec![("retry-after".to_owned(), text.to_owned())],
                body: Vec::new(),
                redirects: 0,
                received_at,
            };
            assert_eq!(retry_after_seconds(&response), expected, "{text}");
        }
    }
}
