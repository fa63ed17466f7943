//! Turns resource plans into pages over HTTP.
//!
//! A page goes one way: the paginator edits a draft, auths add credentials, the transport sends it, the body is parsed
//! once, records are selected and held against the window, and the page leaves with the evidence for the ledger. All but
//! the transport is pure. The invariant: a page is sent on only after everything about it is known, what follows it
//! included, so that the ledger alone is enough to go on.

mod ahead;
mod assertion;
mod auths;
mod binding;
mod decode;
mod extract;
mod fields;
mod followed;
mod grant;
mod guard;
mod include;
mod incremental;
mod known;
mod link_header;
mod made;
mod paginators;
mod reach;
mod request;
mod resource_run;
mod select;
mod template;
#[cfg(test)]
mod testing;
mod totals;
mod transport;

use std::sync::atomic::{AtomicU64, Ordering};

pub use ahead::AheadBudget;
pub use auths::AUTHS;
pub use extract::{ExtractEnv, ResourceStart, extract_resource};
pub use incremental::{Window, Windows, fold_states};
pub use paginators::PAGINATORS;
pub use transport::{
    BoxFuture, Exchanged, HttpTransport, OutgoingRequest, Response, TokenStore, Transport, Watch,
    WatchedTransport,
};

/// What one resource has done so far, readable while it runs.
#[derive(Debug, Default)]
pub struct Counters {
    /// Requests sent, retries and redirects included.
    pub requests: AtomicU64,
    /// Requests sent again.
    pub retries: AtomicU64,
    /// Bytes of decoded bodies.
    pub bytes: AtomicU64,
}

impl Counters {
    fn add_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn add_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    fn add_answer(&self, response: &Response) {
        self.requests.fetch_add(response.redirects, Ordering::Relaxed);
        self.bytes.fetch_add(response.body.len() as u64, Ordering::Relaxed);
    }
}
