//! APIs that limit how often they are asked, simulated: how much of what they allow is used, and how much they refuse.
//!
//! Time is tokio's paused clock, so hours pass in a moment and every run is the same. What is real: the exchange with its
//! retries, the gate and its rules. What is not: the wire, which takes 50 milliseconds.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use spile_core::{DecoderPlan, Limits, Manners, Method, RateLimit, Redactor, Result, RetryPlan};
use tokio::sync::watch;
use tokio::time::Instant;
use url::Url;

use super::gate::Gate;
use super::{BoxFuture, Exchange, OutgoingRequest, Response, Scrubber, TokenStore, Transport};
use crate::Counters;

const LATENCY: Duration = Duration::from_millis(50);

/// How an API counts.
#[derive(Debug, Clone, Copy)]
enum Budget {
    /// So many in each span of so many seconds, which began before the run did.
    Fixed { requests: u64, seconds: f64, began: f64 },
    /// So many in any span of so many seconds.
    Sliding { requests: u64, seconds: f64 },
    /// So many at once, and so many more per second.
    Bucket { capacity: u64, per_second: f64 },
    /// None for so many seconds, then as many as come.
    Storm { seconds: f64 },
}

impl Budget {
    fn per_second(self) -> f64 {
        match self {
            Self::Fixed { requests, seconds, .. } | Self::Sliding { requests, seconds } => {
                requests as f64 / seconds
            }
            Self::Bucket { per_second, .. } => per_second,
            Self::Storm { .. } => f64::INFINITY,
        }
    }
}

/// What an API says when it answers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Words {
    None,
    /// `Retry-After`, in whole seconds.
    RetryAfter,
    /// `RateLimit-Remaining` and `RateLimit-Reset`.
    RateLimit,
}

/// The API: what it gave, and when it refused.
#[derive(Debug)]
struct Api {
    budget: Budget,
    words: Words,
    start: Instant,
    accepted: VecDeque<f64>,
    given: Vec<f64>,
    refused: Vec<f64>,
    tokens: (f64, f64),
}

impl Api {
    /// Decides about a request that comes `now` seconds after the start: what is left and for how long, or for how long
    /// there is nothing.
    fn ask(&mut self, now: f64) -> Result<(u64, f64), f64> {
        let answer = match self.budget {
            Budget::Fixed { requests, seconds, began } => {
                let number = |at: f64| ((at + began) / seconds) as u64;
                let window = number(now);
                let reset = (window + 1) as f64 * seconds - (now + began);
                self.accepted.retain(|at| number(*at) == window);
                let used = self.accepted.len() as u64;
                if used < requests { Ok((requests - used - 1, reset)) } else { Err(reset) }
            }
            Budget::Sliding { requests, seconds } => {
                self.accepted.retain(|at| at + seconds > now);
                let used = self.accepted.len() as u64;
                let oldest = self.accepted.front().map_or(seconds, |at| at + seconds - now);
                if used < requests { Ok((requests - used - 1, oldest)) } else { Err(oldest) }
            }
            Budget::Bucket { capacity, per_second } => {
                let (tokens, at) = self.tokens;
                let tokens = (tokens + (now - at) * per_second).min(capacity as f64);
                let enough = tokens >= 1.0;
                self.tokens = (if enough { tokens - 1.0 } else { tokens }, now);
                let wait = (1.0 - tokens) / per_second;
                if enough { Ok((tokens as u64 - 1, 1.0 / per_second)) } else { Err(wait) }
            }
            Budget::Storm { seconds } => {
                if now < seconds {
                    Err(seconds - now)
                } else {
                    Ok((9, 1.0))
                }
            }
        };
        match answer {
            Ok(_) => {
                self.accepted.push_back(now);
                self.given.push(now);
            }
            Err(_) => self.refused.push(now),
        }
        answer
    }

    fn answer(&mut self, url: Url) -> Response {
        let now = self.start.elapsed().as_secs_f64();
        let answer = self.ask(now);
        let (status, left, reset) = match answer {
            Ok((left, reset)) => (200, left, reset),
            Err(reset) => (429, 0, reset),
        };
        let reset = (reset.ceil() as u64).max(1).to_string();
        let header = |name: &str, value: String| (name.to_owned(), value);
        let headers = match (self.words, status) {
            (Words::RetryAfter, 429) => vec![header("retry-after", reset)],
            (Words::RateLimit, _) => {
                vec![header("ratelimit-remaining", left.to_string()), header("ratelimit-reset", reset)]
            }
            _ => Vec::new(),
        };
        Response { status, url, headers, body: b"[]".to_vec(), redirects: 0, received_at: SystemTime::now() }
    }
}

#[derive(Debug)]
struct Simulated {
    gate: Gate,
    tokens: TokenStore,
    api: Mutex<Api>,
}

impl Transport for Simulated {
    fn send<'a>(&'a self, request: &'a OutgoingRequest) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async {
            let pass = self.gate.enter(&request.url).await;
            tokio::time::sleep(LATENCY / 2).await;
            let response = self.api.lock().unwrap().answer(request.url.clone());
            tokio::time::sleep(LATENCY / 2).await;
            pass.answered(&response);
            Ok(response)
        })
    }

    fn tokens(&self) -> &TokenStore {
        &self.tokens
    }
}

/// dlt's retries.
fn retry() -> RetryPlan {
    RetryPlan {
        statuses: vec![429],
        all_server_errors: true,
        retries_max: 4,
        backoff_seconds: 1.0,
        wait_seconds_max: 300.0,
        jitter: false,
        rate_limit_wait_seconds_max: 0.0,
        timeout_seconds: 60.0,
    }
}

/// Sends so many requests, as many at a time as the config allows; every one must succeed.
async fn ask(budget: Budget, words: Words, requests: u64, manners: Manners) -> Api {
    let retry = retry();
    let capacity = if let Budget::Bucket { capacity, .. } = budget { capacity } else { 0 };
    let api = Api {
        budget,
        words,
        start: Instant::now(),
        accepted: VecDeque::new(),
        given: Vec::new(),
        refused: Vec::new(),
        tokens: (capacity as f64, 0.0),
    };
    let simulated =
        Simulated { gate: Gate::new(manners, &retry), tokens: TokenStore::default(), api: Mutex::new(api) };
    let (counters, scrubber) = (
        Counters::default(),
        Scrubber::new(&Redactor::default(), Redactor::default(), TokenStore::default()),
    );
    let (decoder, limits) = (DecoderPlan::default(), Limits::default());
    let (_stop, cancel) = watch::channel(false);
    let exchange = Exchange {
        resource: "items",
        retry: &retry,
        transport: &simulated,
        observer: &(),
        counters: &counters,
        actions: &[],
        auth: &[],
        decoder: &decoder,
        limits: &limits,
        scrubber: &scrubber,
        cancel,
    };
    let left = AtomicU64::new(requests);
    let worker = || async {
        while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            let request = OutgoingRequest {
                method: Method::Get,
                url: Url::parse("http://api.example.com/items").unwrap(),
                headers: Vec::new(),
                body: None,
                body_is_secret: false,
                credentials: Vec::new(),
                only: None,
                body_bytes_max: None,
            };
            let answer = exchange.fetch(&request, 1).await;
            assert!(answer.is_ok(), "{budget:?}, {words:?}: {:?}", answer.err());
        }
    };
    futures_util::future::join_all((0..16).map(|_| worker())).await;
    simulated.api.into_inner().unwrap()
}

/// Returns the share of the budget that was used, and the share of requests that were refused, after `first` seconds.
fn shares(api: &Api, first: f64) -> (f64, f64) {
    let after = |times: &[f64]| times.iter().filter(|at| **at >= first).count() as f64;
    let end = api.given.last().copied().unwrap_or_default();
    let (given, refused) = (after(&api.given), after(&api.refused));
    (given / ((end - first) * api.budget.per_second()), refused / (given + refused))
}

/// Returns whether at least 90 % were used and less than 1 % refused after `first` seconds, and a line that says it.
async fn measure(budget: Budget, words: Words, requests: u64, first: f64) -> (bool, String) {
    let manners = Manners { concurrency: 8, ..Manners::default() };
    let api = ask(budget, words, requests, manners).await;
    let (used, refused) = shares(&api, first);
    let (used_percent, refused_percent) = (used * 100.0, refused * 100.0);
    let line = format!("{used_percent:6.1} % used, {refused_percent:.2} % refused: {budget:?}, {words:?}");
    (used >= 0.9 && refused < 0.01, line)
}

#[tokio::test(start_paused = true)]
async fn budgets_are_used_and_hardly_ever_overdrawn() {
    let fixed = |requests, seconds, began| Budget::Fixed { requests, seconds, began };
    let sliding = |requests, seconds| Budget::Sliding { requests, seconds };
    let bucket = |capacity, per_second| Budget::Bucket { capacity, per_second };
    let mut measured = Vec::new();
    for (budget, requests, first) in [
        (fixed(100, 10.0, 0.0), 4000, 10.0),
        (fixed(100, 10.0, 7.0), 4000, 10.0),
        (fixed(600, 60.0, 20.0), 18_000, 60.0),
        (fixed(60, 60.0, 5.0), 3000, 60.0),
        (fixed(10, 1.0, 0.3), 4000, 1.0),
        (sliding(100, 10.0), 4000, 10.0),
        (sliding(20, 1.0), 4000, 1.0),
        (bucket(50, 10.0), 4000, 10.0),
        (bucket(5, 5.0), 4000, 10.0),
        (bucket(200, 100.0), 6000, 10.0),
    ] {
        for words in [Words::RetryAfter, Words::None, Words::RateLimit] {
            let whole_seconds_tell_nothing = first <= 1.0;
            // A bucket has no window to announce, and whole seconds cannot tell how much of one second is left.
            let no_window = whole_seconds_tell_nothing || matches!(budget, Budget::Bucket { .. });
            if words == Words::RateLimit && no_window {
                continue;
            }
            measured.push(measure(budget, words, requests, first).await);
        }
    }
    let missed = measured.iter().filter(|(good, _)| !good).count();
    let lines: Vec<_> = measured.into_iter().map(|(_, line)| line).collect();
    assert_eq!(missed, 0, "{}", lines.join("\n"));
}

/// What is learned, and what it costs, is earned back within two minutes. In the first one it is not always: an API that
/// says nothing is asked again after 1, 2, 4 and 8 seconds, and a window of ten may begin in the last of these pauses.
#[tokio::test(start_paused = true)]
async fn two_minutes_are_enough_to_learn() {
    let fixed = |requests, seconds, began| Budget::Fixed { requests, seconds, began };
    let sliding = |requests, seconds| Budget::Sliding { requests, seconds };
    let bucket = |capacity, per_second| Budget::Bucket { capacity, per_second };
    let mut missed = Vec::new();
    for (budget, first) in [
        (fixed(20, 1.0, 0.37), 0.63),
        (fixed(10, 1.0, 0.3), 0.7),
        (fixed(10, 1.0, 0.8), 0.2),
        (fixed(100, 10.0, 3.7), 6.3),
        (fixed(100, 10.0, 0.0), 10.0),
        (sliding(20, 1.0), 1.0),
        (sliding(100, 10.0), 10.0),
        (bucket(20, 20.0), 1.0),
        (bucket(50, 10.0), 5.0),
        (bucket(200, 100.0), 2.0),
    ] {
        for words in [Words::RetryAfter, Words::None] {
            let requests = (budget.per_second() * 120.0) as u64;
            let (good, line) = measure(budget, words, requests, first).await;
            if !good {
                missed.push(line);
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_declared_rate_is_never_refused() {
    let manners =
        Manners { rate_limit: Some(RateLimit { requests: 20, seconds: 1.0 }), ..Manners::default() };
    let api = ask(Budget::Sliding { requests: 20, seconds: 1.0 }, Words::None, 2000, manners).await;
    let (used, _) = shares(&api, 1.0);
    assert!(used >= 0.9 && api.refused.is_empty(), "{used}, {} refused", api.refused.len());
}

#[tokio::test(start_paused = true)]
async fn a_storm_is_waited_out_by_one_request_at_a_time() {
    for (words, refused_max) in [(Words::RetryAfter, 8), (Words::None, 8 + 5)] {
        let api = ask(Budget::Storm { seconds: 12.0 }, words, 500, Manners::default()).await;
        assert!(api.refused.len() <= refused_max, "{words:?}: {} refused", api.refused.len());
        let end = api.given.last().unwrap();
        // Nothing was learned that would slow down what follows: 500 requests, 8 at a time, 50 ms each.
        assert!(*end < 12.0 + 8.0 + 5.0, "{words:?}: {end} s");
    }
}
