//! Tokens that auths fetch: one per grant, shared by all tasks of a run, asked for by one of them at a time.
//!
//! The only place that knows how old a token is. The invariants: what a grant asks with goes to its URL's origin and
//! nowhere else, and no token is ever part of a text for people.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use spile_core::{
    Credential, Document, Error, ErrorKind, Grant, Json, Redactor, Result, Secret, TokenRequest, redact_url,
};
use tokio::time::Instant;

use super::{OutgoingRequest, Response, Scrubber, Transport};
use crate::Counters;

/// A token is renewed this long before it expires, or a tenth of its lifetime before, whichever is shorter: requests take
/// time, and clocks differ.
const MARGIN_SECONDS_MAX: f64 = 60.0;

/// No answer with a token is longer.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Tokens that are still taken out of texts after they were replaced.
const REMEMBERED_MAX: usize = 64;

/// The tokens of a run.
#[derive(Clone, Default)]
pub struct TokenStore(Arc<Shared>);

#[derive(Default)]
struct Shared {
    slots: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Slot>>>>,
    known: Mutex<Known>,
    /// The endpoints, without secrets, that gave a refresh token other than the config's.
    rotated: Mutex<Vec<String>>,
}

/// What is kept of one grant. Who holds the lock is the one who asks.
#[derive(Default)]
struct Slot {
    token: Option<Secret>,
    good_until: Option<Instant>,
    refresh: Option<Secret>,
}

#[derive(Default)]
struct Known {
    secrets: VecDeque<Secret>,
    redactor: Redactor,
}

/// What a token is fetched with.
pub(super) struct Means<'a> {
    pub(super) transport: &'a dyn Transport,
    pub(super) scrubber: &'a Scrubber,
    pub(super) counters: &'a Counters,
}

impl TokenStore {
    /// Returns a token that is good for now, and the credential that is made of it.
    pub(super) async fn get(&self, grant: &dyn Grant, means: &Means<'_>) -> Result<(Secret, Credential)> {
        let slot = self.slot(grant);
        let mut slot = slot.lock().await;
        if let (Some(token), Some(until)) = (&slot.token, slot.good_until)
            && Instant::now() < until
        {
            return Ok((token.clone(), grant.credential(token)));
        }
        let asked_at = Instant::now();
        let request = grant.request(SystemTime::now(), slot.refresh.as_ref())?;
        let endpoint = redact_url(request.url.as_str());
        let token = fetch(grant, request, means).await?;
        let lifetime = token.lifetime_seconds.max(0.0);
        let good_for = lifetime - MARGIN_SECONDS_MAX.min(lifetime / 10.0);
        // A lifetime that no clock can hold does not end.
        let good_for = Duration::try_from_secs_f64(good_for).unwrap_or(Duration::from_hours(24 * 365));
        slot.good_until = asked_at.checked_add(good_for);
        if slot.refresh.is_none()
            && let (Some(new), Some(first)) = (&token.refresh, grant.refresh_token())
            && new != first
        {
            lock(&self.0.rotated).push(endpoint);
        }
        if token.refresh.is_some() {
            slot.refresh = token.refresh.clone();
        }
        slot.token = Some(token.value.clone());
        self.remember([Some(token.value.clone()), token.refresh]);
        let credential = grant.credential(&token.value);
        Ok((token.value, credential))
    }

    /// Returns the token endpoints, without secrets, that gave a refresh token other than the config's: the config's may
    /// be worth nothing from now on.
    pub fn rotated(&self) -> Vec<String> {
        lock(&self.0.rotated).clone()
    }

    /// Takes note that the API refuses a token. If another task has renewed it already, nothing is to do.
    pub(super) async fn refuse(&self, grant: &dyn Grant, token: &Secret) {
        let slot = self.slot(grant);
        let mut slot = slot.lock().await;
        if slot.token.as_ref() == Some(token) {
            slot.token = None;
        }
    }

    /// Returns the text without tokens.
    pub(super) fn redact(&self, text: &str) -> String {
        lock(&self.0.known).redactor.redact(text)
    }

    fn slot(&self, grant: &dyn Grant) -> Arc<tokio::sync::Mutex<Slot>> {
        Arc::clone(lock(&self.0.slots).entry(grant.identity().to_owned()).or_default())
    }

    fn remember(&self, secrets: [Option<Secret>; 2]) {
        let mut known = lock(&self.0.known);
        known.secrets.extend(secrets.into_iter().flatten());
        let surplus = known.secrets.len().saturating_sub(REMEMBERED_MAX);
        known.secrets.drain(..surplus);
        known.redactor = Redactor::new(known.secrets.iter().cloned().collect());
    }
}

impl std::fmt::Debug for TokenStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenStore")
    }
}

async fn fetch(grant: &dyn Grant, request: TokenRequest, means: &Means<'_>) -> Result<spile_core::Token> {
    let shown = means.scrubber.url(&request.url);
    let outgoing = OutgoingRequest {
        method: request.method,
        only: Some(request.url.origin()),
        url: request.url,
        headers: std::iter::once(("accept".to_owned(), "application/json".to_owned()))
            .chain(request.body.iter().map(|(kind, _)| ("content-type".to_owned(), (*kind).to_owned())))
            .collect(),
        body_is_secret: request.body.is_some(),
        body: request.body.map(|(_, body)| body.expose().as_bytes().to_vec()),
        credentials: request.headers,
        body_bytes_max: Some(ANSWER_BYTES_MAX),
    };
    means.counters.add_request();
    let outcome = async {
        let mut response = means.transport.send(&outgoing).await?;
        if !(200..300).contains(&response.status) {
            return Err(refused(&response, means.scrubber));
        }
        let document = Document::parse(std::mem::take(&mut response.body)).map_err(|cause| {
            Error::new(ErrorKind::Auth, "source/no-token", "the answer of the token endpoint is not JSON")
                .source_error(cause)
                .hint("Check the URL that tokens are asked of.")
        })?;
        grant.token(document.root())
    };
    outcome.await.map_err(|error| error.with("token url", shown))
}

/// Names a refused token request. Of the answer only the words that OAuth has for people are quoted.
fn refused(response: &Response, scrubber: &Scrubber) -> Error {
    let status = response.status;
    let message = format!("the token endpoint answered {status}");
    let error = match status {
        408 | 429 | 500.. => Error::new(ErrorKind::Unavailable, "source/token-unavailable", message)
            .hint("The token endpoint has a problem of its own; run again later."),
        _ => Error::new(ErrorKind::Auth, "source/token-refused", message)
            .hint("Check the client's id and secret, and what else the token endpoint wants."),
    };
    let document = Document::parse(response.body.clone()).ok();
    let words = document.iter().flat_map(|document| {
        ["error", "error_description", "message"]
            .into_iter()
            .filter_map(|name| document.root().get(name).and_then(Json::as_str))
    });
    let words = scrubber.text(&words.collect::<Vec<_>>().join(": "));
    let words: String = words.chars().filter(|letter| !letter.is_control()).take(200).collect();
    let error = error.with("status", status);
    if words.is_empty() { error } else { error.with("answer", words) }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing that is done under these locks can leave them half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
