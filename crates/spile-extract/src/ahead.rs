//! Pages that are asked for before their turn.
//!
//! The queue holds requests under way and answers that wait, in the order of their positions. It only fetches: whether an
//! answer counts is decided when its turn comes. A request that is sent early is sent once; when it fails, the page is
//! asked for again in its turn, with all the patience that requests have. The invariant: all queues of a run together hold
//! no more answers than one host may be asked for at once, and no more bytes than the limit, but for what the bodies under
//! way turn out to be larger than the largest before them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream::{FuturesOrdered, StreamExt};
use spile_core::{Limits, Manners, Position};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::resource_run::ResourceRun;
use crate::transport::{Answer, BoxFuture, Exchange, OutgoingRequest};

/// What all resources of a run may hold of pages whose turn has not come.
#[derive(Debug)]
pub struct AheadBudget {
    places: Arc<Semaphore>,
    bytes: Arc<AtomicUsize>,
    bytes_max: usize,
}

impl AheadBudget {
    /// Makes the budget of a run.
    pub fn new(manners: &Manners, limits: &Limits) -> Self {
        let places = if manners.parallel_pages { manners.concurrency } else { 0 };
        Self {
            places: Arc::new(Semaphore::new(places)),
            bytes: Arc::default(),
            bytes_max: limits.ahead_bytes_max,
        }
    }

    fn reserve(&self, bytes: usize) -> Option<Reserved> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let reserved = Reserved { bytes, held: Arc::clone(&self.bytes), _place: place };
        // The reservation that is refused here is given back by its drop.
        (before.saturating_add(bytes) <= self.bytes_max).then_some(reserved)
    }
}

/// A place in the budget, given back when this is dropped.
#[derive(Debug)]
struct Reserved {
    bytes: usize,
    held: Arc<AtomicUsize>,
    _place: OwnedSemaphorePermit,
}

impl Reserved {
    /// Puts the size that a body has in the place of the size that was expected.
    fn settle(&mut self, bytes: usize) {
        self.held.fetch_add(bytes, Ordering::Relaxed);
        self.held.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = bytes;
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A page that was asked for early.
pub(crate) struct Early {
    pub(crate) request: OutgoingRequest,
    /// `None`: the request failed.
    pub(crate) answer: Option<Answer>,
    /// Whether it failed because the API limits how often it may be asked.
    pub(crate) refused: bool,
    _reserved: Reserved,
}

/// The pages of one resource that were asked for early.
pub(crate) struct AheadQueue<'a> {
    exchange: &'a Exchange<'a>,
    budget: &'a AheadBudget,
    /// The positions of all that is under way or waits, in order.
    asked: VecDeque<Position>,
    under_way: FuturesOrdered<BoxFuture<'a, Early>>,
    waiting: VecDeque<Early>,
    /// Bytes of the largest body so far.
    largest: usize,
}

impl<'a> AheadQueue<'a> {
    pub(crate) fn new(exchange: &'a Exchange<'a>, budget: &'a AheadBudget) -> Self {
        Self {
            exchange,
            budget,
            asked: VecDeque::new(),
            under_way: FuturesOrdered::new(),
            waiting: VecDeque::new(),
            largest: 0,
        }
    }

    /// Returns the page at a position when it was asked for early. Any other position means that all was in vain.
    pub(crate) async fn take(&mut self, position: &Position) -> Option<Early> {
        if self.asked.front() != Some(position) {
            self.clear();
            return None;
        }
        let early = match self.waiting.pop_front() {
            Some(early) => early,
            None => self.under_way.next().await?,
        };
        self.asked.pop_front();
        Some(early)
    }

    /// Asks for the positions that a resource may ask for, as far as the budget goes, and drops all others.
    pub(crate) fn reach_out(&mut self, run: &ResourceRun<'_>, page_bytes: u64) {
        self.largest = self.largest.max(usize::try_from(page_bytes).unwrap_or(usize::MAX));
        let wanted = run.reach();
        if self.asked.len() > wanted.len() || self.asked.iter().zip(wanted).any(|(asked, want)| asked != want)
        {
            self.clear();
        }
        for position in &wanted[self.asked.len()..] {
            // A request that cannot be made is an error when its turn comes.
            let Ok(request) = run.request_for(position) else { return };
            let Some(mut reserved) = self.budget.reserve(self.largest) else { return };
            let exchange = self.exchange;
            self.asked.push_back(position.clone());
            self.under_way.push_back(Box::pin(async move {
                let (answer, refused) = match exchange.fetch_once(&request).await {
                    Ok(answer) => (Some(answer), false),
                    Err(failed) => (None, failed.refused),
                };
                let bytes = answer.as_ref().map_or(0, |answer| answer.bytes);
                reserved.settle(usize::try_from(bytes).unwrap_or(usize::MAX));
                Early { request, answer, refused, _reserved: reserved }
            }));
        }
    }

    /// Does some work, while requests that are under way go on.
    pub(crate) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        tokio::select! {
            biased;
            done = &mut work => done,
            never = self.go_on() => match never {},
        }
    }

    async fn go_on(&mut self) -> Infallible {
        while let Some(early) = self.under_way.next().await {
            self.waiting.push_back(early);
        }
        std::future::pending().await
    }

    fn clear(&mut self) {
        self.asked.clear();
        self.under_way = FuturesOrdered::new();
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_kept_and_given_back() {
        let manners = Manners { concurrency: 3, ..Manners::default() };
        let limits = Limits { ahead_bytes_max: 100, ..Limits::default() };
        let budget = AheadBudget::new(&manners, &limits);
        let mut first = budget.reserve(40).unwrap();
        let second = budget.reserve(40).unwrap();
        assert!(budget.reserve(40).is_none());
        first.settle(10);
        let third = budget.reserve(40).unwrap();
        assert!(budget.reserve(1).is_none(), "there are three places");
        drop((second, third));
        assert_eq!(budget.bytes.load(Ordering::Relaxed), 10);
        assert!(budget.reserve(91).is_none() && budget.reserve(90).is_some());
        let off = AheadBudget::new(&Manners { parallel_pages: false, ..manners }, &limits);
        assert!(off.reserve(0).is_none());
    }
}
