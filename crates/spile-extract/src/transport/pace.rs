//! The rules of one host's gate. Pure: told the time, never asks for it.
//!
//! Four things hold a request back: a pause that the host asked for, the budget that it announces, the rate that the config
//! declares, and the rate that it was found to allow. The last is learned from refusals (429) alone: what was accepted
//! from one pause to the next, by the time that took, is what the host gives, however it counts. It is spread evenly, so
//! that no way of counting (fixed or sliding windows, buckets of tokens) sees more than it allows, and tried a little higher
//! now and then. The invariants: a pause holds for all; after a pause one request goes first, and the others wait for its
//! answer; the declared rate holds for every span of its length.

use std::collections::VecDeque;
use std::time::Duration;

use spile_core::{Manners, RateLimit};
use tokio::time::Instant;

use super::rate::Learned;

/// Added to the span of a declared rate, since requests do not arrive as evenly as they are sent.
const MARGIN: f64 = 1.02;

/// Times that a rate is lowered without one that holds, after which it is not the rate that is refused; so many times as
/// many measurements have to agree before that is believed again.
const SETBACKS_MAX: u32 = 12;
const MORE_AGREEMENTS: u32 = 4;

/// Refusals in a row from which one measurement is enough.
const CERTAIN: u32 = 3;

/// Two measurements agree when neither is more than so many times the other.
const AGREEMENT: f64 = 2.0;

/// `Retry-After` has whole seconds.
const NAMED_PAUSE_UNIT: Duration = Duration::from_secs(1);

/// Longest pause after a refusal that names none.
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// What an answer says about how often the host may be asked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Heard {
    /// The request was refused for coming too often.
    pub(super) refused: bool,
    /// How long the answer asks to wait, be it a refusal or an outage.
    pub(super) retry_after: Option<Duration>,
    /// Requests that are left, and for how long.
    pub(super) announced: Option<(u64, Duration)>,
}

/// A request under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    number: u64,
    sent: Instant,
    probe: bool,
}

/// Why a request has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// For so long, or until an answer comes.
    For(Duration),
    /// Until an answer comes.
    ForAnswer,
}

/// Whether one request has to go before all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probe {
    Off,
    Wanted,
    UnderWay,
}

/// What is known about one host.
#[derive(Debug)]
pub(super) struct Pace {
    limit: Option<RateLimit>,
    concurrency: usize,
    /// The pause after a first refusal that names none; doubled with each in a row.
    first_pause: Duration,
    /// Requests so far, which number them.
    sent: u64,
    in_flight: usize,
    /// Requests that may be under way at once; halved by a refusal that names no time, and grown again.
    width: usize,
    accepted_at_width: usize,
    closed_until: Option<Instant>,
    probe: Probe,
    /// The newest sendings, as many as the declared rate allows in one span.
    newest: VecDeque<Instant>,
    left: Option<Left>,
    measure: Measure,
    /// Requests that were accepted before the last refusal.
    burst: u64,
    /// What was found last, how often in a row the like of it was found, and how often it has to be.
    earlier: Option<f64>,
    agreements: u32,
    agreements_needed: u32,
    learned: Option<Learned>,
}

/// What the host announces.
#[derive(Debug, Clone, Copy)]
struct Left {
    requests: u64,
    until: Instant,
    /// The number of the request whose answer said so.
    said_to: u64,
}

/// Counts what is accepted from one pause to the next.
#[derive(Debug, Default)]
struct Measure {
    since: Option<Instant>,
    accepted: u64,
    /// Refusals since then; those of requests numbered below `boundary` belong together.
    refusals: u64,
    boundary: u64,
    in_a_row: u32,
    /// When the first and the last refused request was sent.
    refused_at: Option<(Instant, Instant)>,
    pause_named: bool,
}

impl Pace {
    pub(super) fn new(manners: &Manners, first_pause: Duration) -> Self {
        let concurrency = manners.concurrency.max(1);
        Self {
            limit: manners.rate_limit,
            concurrency,
            first_pause,
            sent: 0,
            in_flight: 0,
            width: concurrency,
            accepted_at_width: 0,
            closed_until: None,
            probe: Probe::Off,
            newest: VecDeque::new(),
            left: None,
            measure: Measure::default(),
            burst: 0,
            earlier: None,
            agreements: 0,
            agreements_needed: 1,
            learned: None,
        }
    }

    /// Lets a request go, or says what it has to wait for.
    pub(super) fn admit(&mut self, now: Instant) -> Result<Ticket, Wait> {
        if let Some(until) = self.closed_until.filter(|until| *until > now) {
            return Err(Wait::For(until - now));
        }
        if let Some(left) = self.left.filter(|left| left.requests == 0) {
            if left.until > now {
                return Err(Wait::For(left.until - now));
            }
            self.probe = Probe::Wanted;
        }
        self.left = self.left.filter(|left| left.until > now);
        let width = if self.is_near_refusal() { 1 } else { self.width };
        if self.probe == Probe::UnderWay || self.in_flight >= width {
            return Err(Wait::ForAnswer);
        }
        if let Some(wait) = self.learned.as_ref().and_then(|learned| learned.wait(now)) {
            return Err(Wait::For(wait));
        }
        if let Some(limit) = self.limit
            && let Some(wait) = self.spread(now, limit)
        {
            return Err(Wait::For(wait));
        }
        Ok(self.go(now))
    }

    /// Returns whether as many requests were let go as were accepted before the last refusal. Many an API refuses here again,
    /// and then refuses one request and not all that are under way.
    fn is_near_refusal(&self) -> bool {
        let spent = self.measure.accepted + self.in_flight as u64;
        let (first, last) = (self.burst, self.burst + self.concurrency as u64);
        self.learned.is_none() && self.burst > 0 && spent >= first && self.measure.accepted <= last
    }

    fn go(&mut self, now: Instant) -> Ticket {
        if let Some(left) = &mut self.left {
            left.requests -= 1;
        }
        if let Some(learned) = &mut self.learned {
            learned.sent(now);
        }
        let probe = self.probe == Probe::Wanted;
        if probe {
            self.probe = Probe::UnderWay;
        }
        self.measure.since.get_or_insert(now);
        self.sent += 1;
        self.in_flight += 1;
        Ticket { number: self.sent, sent: now, probe }
    }

    /// Holds the declared rate in every span of its length.
    fn spread(&mut self, now: Instant, limit: RateLimit) -> Option<Duration> {
        let span = Duration::try_from_secs_f64(limit.seconds * MARGIN).unwrap_or(Duration::MAX);
        if self.newest.len() >= limit.requests.max(1) as usize {
            if let Some(wait) = self.newest.front().and_then(|oldest| span.checked_sub(now - *oldest))
                && !wait.is_zero()
            {
                return Some(wait);
            }
            self.newest.pop_front();
        }
        self.newest.push_back(now);
        None
    }

    /// Lets nobody pass for so long.
    fn hold(&mut self, now: Instant, pause: Duration) {
        let Some(until) = now.checked_add(pause) else { return };
        self.closed_until = Some(self.closed_until.map_or(until, |before| before.max(until)));
        if self.probe == Probe::Off {
            self.probe = Probe::Wanted;
        }
    }

    /// Takes note of an answer.
    pub(super) fn answered(&mut self, now: Instant, ticket: Ticket, heard: Heard) {
        if let Some((requests, pause)) = heard.announced {
            self.announced(ticket, requests, now + pause);
        }
        if heard.refused {
            self.refused(now, ticket, heard.retry_after);
        } else if let Some(pause) = heard.retry_after {
            self.hold(now, pause);
        } else {
            self.accepted(now, ticket);
        }
    }

    /// Takes note that a request is no longer under way, answered or not.
    pub(super) fn gone(&mut self, ticket: Ticket) {
        self.in_flight -= 1;
        if ticket.probe && self.probe == Probe::UnderWay {
            self.probe = Probe::Wanted;
        }
    }

    /// The word said to the request that was sent last counts. Those under way may not be counted in it yet.
    fn announced(&mut self, ticket: Ticket, requests: u64, until: Instant) {
        if self.left.is_none_or(|left| left.said_to < ticket.number) {
            let others = self.in_flight.saturating_sub(1) as u64;
            let requests = requests.saturating_sub(others);
            self.left = Some(Left { requests, until, said_to: ticket.number });
        }
    }

    fn refused(&mut self, now: Instant, ticket: Ticket, retry_after: Option<Duration>) {
        let measure = &mut self.measure;
        measure.refusals += 1;
        measure.refused_at = Some(match measure.refused_at {
            Some((first, last)) => (first.min(ticket.sent), last.max(ticket.sent)),
            None => (ticket.sent, ticket.sent),
        });
        if ticket.probe && self.probe == Probe::UnderWay {
            self.probe = Probe::Wanted;
        }
        if ticket.number > measure.boundary {
            measure.boundary = self.sent;
            measure.in_a_row += 1;
            measure.pause_named = retry_after.is_some();
            let first_pause = match &self.learned {
                Some(learned) => learned.pause().min(self.first_pause),
                None => self.first_pause,
            };
            let doubled = first_pause.saturating_mul(1 << (measure.in_a_row - 1).min(16));
            if retry_after.is_none() && self.learned.is_none() {
                self.width = (self.width / 2).max(1);
                self.accepted_at_width = 0;
            }
            self.hold(now, retry_after.unwrap_or(doubled.min(PAUSE_MAX)));
        } else if let Some(pause) = retry_after {
            self.hold(now, pause);
        }
    }

    fn accepted(&mut self, now: Instant, ticket: Ticket) {
        if ticket.probe {
            self.probe = Probe::Off;
        }
        if ticket.number > self.measure.boundary {
            if self.measure.refusals > 0 {
                self.learn(ticket.sent);
            }
            self.measure.in_a_row = 0;
        }
        self.measure.accepted += 1;
        if self.width < self.concurrency {
            self.accepted_at_width += 1;
            if self.accepted_at_width >= self.width {
                self.width += 1;
                self.accepted_at_width = 0;
            }
        }
        if let Some(learned) = &mut self.learned {
            learned.accepted(now);
        }
    }

    /// Measures what the host gave until `now`, when it gives again. A rate is believed when it was found twice: any API
    /// may refuse once for a reason of its own.
    fn learn(&mut self, now: Instant) {
        let measure = std::mem::take(&mut self.measure);
        self.measure = Measure { since: Some(now), boundary: measure.boundary, ..Measure::default() };
        let (Some(since), Some((first, last))) = (measure.since, measure.refused_at) else { return };
        if measure.accepted == 0 {
            return;
        }
        self.burst = measure.accepted;
        // It gave again at some time since it last refused, or, where the pause was named, within its last second.
        let named = now.checked_sub(NAMED_PAUSE_UNIT).filter(|_| measure.pause_named);
        let earliest = named.map_or(last, |named| named.max(last));
        let end = earliest + now.saturating_duration_since(earliest) / 2;
        // Pauses are short once a rate is known; then to be a little low costs less than to be refused again.
        let end = if self.learned.is_some() && !measure.pause_named { now } else { end };
        let span = end.saturating_duration_since(since).max(Duration::from_millis(1));
        let found = measure.accepted as f64 / span.as_secs_f64();
        if let Some(learned) = &mut self.learned {
            learned.refused(found, measure.refusals, now.saturating_duration_since(first), now);
            if learned.setbacks >= SETBACKS_MAX {
                self.learned = None;
                self.earlier = None;
                self.agreements_needed = self.agreements_needed.saturating_mul(MORE_AGREEMENTS);
            }
            return;
        }
        let agrees = |earlier: f64| (earlier / found).max(found / earlier) <= AGREEMENT;
        self.agreements = if self.earlier.is_some_and(agrees) { self.agreements + 1 } else { 0 };
        self.earlier = Some(found);
        let certain = measure.in_a_row >= CERTAIN && self.agreements_needed == 1;
        if certain || self.agreements >= self.agreements_needed {
            self.agreements = 0;
            self.learned = Some(Learned::new(found, now, span));
        }
    }
}

#[cfg(test)]
mod tests;
