//! A rate that a host was found to allow, and the search for the highest one.
//!
//! Pure. Requests are spread evenly. When a rate has held for a round, a higher one is tried: in bold steps while none was too
//! high, then half way to the one that was, then in steps of a hundredth. When a rate is refused, the last one that held is
//! taken again. The invariant: what a try may cost is earned before it, by the requests of a round and by its time.

use std::time::Duration;

use tokio::time::Instant;

/// The share of a measured rate that is used: a rate just below a budget meets no refusals.
const SHARE: f64 = 0.97;

/// Accepted requests, for each refusal that the last try cost, before a higher rate is tried: less than one in a hundred
/// is refused.
const REQUESTS_PER_REFUSAL: u64 = 150;

/// Time, for each second that the last try cost, before a higher rate is tried: less than a twentieth is lost.
const SECONDS_PER_SECOND_LOST: f64 = 20.0;

/// A rate this many times below one that was too high is far from it; then so many times less has to be earned.
const WIDE: f64 = 1.2;
const HURRY: u32 = 4;

/// Accepted requests before a higher rate is tried, while none was too high.
const REQUESTS_FIRST: u64 = 20;

/// By how much a rate is raised, and how much more so each further time: while none was too high, ...
const STEP_FIRST: f64 = 0.2;
const STEP_FIRST_GROWTH: f64 = 1.2;

/// ... and close to one that was, and beyond it.
const STEP_MIN: f64 = 0.01;
const STEP_GROWTH: f64 = 2.0;

/// By how much a rate that held is lowered when it does not hold any more; twice as much each further time.
const RETREAT_MIN: f64 = 0.03;
const RETREAT_MAX: f64 = 0.12;

/// Spans that a round covers at least after a refusal: it may begin in the middle of what the host counts together.
const ROUND_SPANS: u32 = 2;

/// A rate that held for so few rounds gives way to what was found, when that is less than this share of it.
const ROUNDS_CERTAIN: u32 = 3;
const FOUND_SHARE: f64 = 0.9;

/// But not to less than this share of it at once: the host may have refused for another reason.
const FOUND_FLOOR: f64 = 0.6;

/// The share of what was found first below which no rate is lowered: a host that refuses even that refuses for another
/// reason.
const FLOOR: f64 = 0.25;

/// Requests that the first pause after a refusal costs.
const PAUSE_REQUESTS: f64 = 4.0;

/// How early a spread request may leave: timers are not exact, and what one loses the next may gain.
const SLACK: Duration = Duration::from_millis(2);

/// A rate that holds nothing back.
const PER_SECOND_MAX: f64 = 100_000.0;

/// Longest time between two requests.
const INTERVAL_MAX: Duration = Duration::from_mins(1);

/// A rate that the host was found to allow, and the search for the highest one.
#[derive(Debug)]
pub(super) struct Learned {
    per_second: f64,
    /// When the next request may leave.
    next: Instant,
    /// The newest rate that held for a round.
    held: Option<f64>,
    /// Rounds in a row for which one rate or another held.
    rounds: u32,
    /// The newest rate that did not.
    too_high: Option<f64>,
    step: f64,
    step_growth: f64,
    retreat: f64,
    floor: f64,
    /// Refusals since a rate held.
    pub(super) setbacks: u32,
    /// A round ends after so many accepted requests, and not before so much time.
    accepted: u64,
    requests: u64,
    until: Instant,
    /// How long a round has to be at least, so that it covers what the host counts together.
    span: Duration,
}

impl Learned {
    /// Starts a little below what was found, at a time when the host gives.
    pub(super) fn new(found: f64, now: Instant, span: Duration) -> Self {
        let per_second = found * SHARE;
        Self {
            per_second,
            next: now + interval(per_second),
            held: None,
            rounds: 0,
            too_high: None,
            step: STEP_FIRST,
            step_growth: STEP_FIRST_GROWTH,
            retreat: RETREAT_MIN,
            floor: found * FLOOR,
            setbacks: 0,
            accepted: 0,
            requests: REQUESTS_FIRST,
            until: now + span,
            span,
        }
    }

    /// Takes note that a request leaves now; the next one may a little later.
    pub(super) fn sent(&mut self, now: Instant) {
        let from = now.checked_sub(SLACK).map_or(now, |earliest| self.next.max(earliest));
        self.next = from + interval(self.per_second);
    }

    /// Returns how long the next request has to wait.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        (self.next > now + SLACK).then(|| self.next - now)
    }

    /// Returns a pause that costs only a few requests.
    pub(super) fn pause(&self) -> Duration {
        interval(self.per_second).mul_f64(PAUSE_REQUESTS)
    }

    /// Counts an accepted request; after a round of them a higher rate is tried.
    pub(super) fn accepted(&mut self, now: Instant) {
        self.accepted += 1;
        if self.accepted < self.requests || now < self.until {
            return;
        }
        let held = self.per_second;
        self.accepted = 0;
        self.until = now + self.span;
        self.held = Some(held);
        self.rounds += 1;
        self.retreat = RETREAT_MIN;
        self.setbacks = 0;
        self.per_second = match self.too_high.filter(|rate| *rate > held) {
            Some(too_high) if too_high > held * (1.0 + 2.0 * STEP_MIN) => f64::midpoint(held, too_high),
            Some(_) => held * (1.0 + STEP_MIN),
            None => {
                let raised = held * (1.0 + self.step);
                self.step *= self.step_growth;
                raised.min(PER_SECOND_MAX)
            }
        };
    }

    /// Goes back to a rate that held, or to a lower one. `found` is what the host gave since the last time, which counts
    /// while no rate has held: later on it is mostly pauses.
    pub(super) fn refused(&mut self, found: f64, refusals: u64, lost: Duration, now: Instant) {
        let refused = self.per_second;
        self.per_second = match self.held {
            Some(held) if self.rounds < ROUNDS_CERTAIN && found < held.min(refused) * FOUND_SHARE => {
                (found * SHARE).max(held.min(refused) * FOUND_FLOOR)
            }
            Some(held) if held < refused => held,
            Some(_) => refused * (1.0 - self.retreat),
            None => found.min(refused) * SHARE,
        }
        .max(self.floor);
        if self.held.is_some_and(|held| held >= refused) {
            self.held = Some(self.per_second);
            self.rounds = 0;
            self.retreat = (self.retreat * 2.0).min(RETREAT_MAX);
        }
        self.setbacks += 1;
        self.too_high = Some(refused);
        self.step = STEP_MIN;
        self.step_growth = STEP_GROWTH;
        self.next = now + interval(self.per_second);
        self.accepted = 0;
        // While far from the rate that was too high, much can be won, and a few tries are enough to come close.
        let hurry = if refused > self.per_second * WIDE { HURRY } else { 1 };
        self.requests = REQUESTS_PER_REFUSAL * refusals / u64::from(hurry);
        let earned = lost.mul_f64(SECONDS_PER_SECOND_LOST / f64::from(hurry));
        self.until = now + (self.span * ROUND_SPANS).max(earned);
    }
}

fn interval(per_second: f64) -> Duration {
    Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(INTERVAL_MAX)
}
