//! A transport that tells of every exchange, for people who look at what an API is asked and what it says.
//!
//! It changes nothing and decides nothing. The invariant: what it tells holds no secret; the exchanges that fetch a token
//! are told without their bodies.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde::Serialize;
use spile_core::{Redactor, Result, Secret};

use super::{BoxFuture, OutgoingRequest, Response, Scrubber, TokenStore, Transport, method_name};

/// Characters of a body that are told.
const EXCERPT_CHARACTERS: usize = 600;

/// A request and its answer, as they may be shown.
#[derive(Debug, Clone, Serialize)]
pub struct Exchanged {
    /// The method.
    pub method: &'static str,
    /// The target, before redirects.
    pub url: String,
    /// The body that was sent; `None` when there was none or it holds a secret.
    pub sent: Option<String>,
    /// The status.
    pub status: u16,
    /// The content type of the answer.
    pub content_type: Option<String>,
    /// Bytes of the decoded body.
    pub bytes: u64,
    /// How the answer's body starts; `None` when it holds a token.
    pub received: Option<String>,
}

/// Somebody who is told of every exchange, and who knows the secrets that came up in them.
pub struct Watch {
    tell: Box<dyn Fn(Exchanged) + Send + Sync>,
    redactor: Redactor,
    /// What auths made of the plan's secrets.
    made: Mutex<Vec<Secret>>,
    tokens: OnceLock<TokenStore>,
}

impl Watch {
    /// Makes a watch; `redactor` knows the secrets of the plan.
    pub fn new(redactor: Redactor, tell: impl Fn(Exchanged) + Send + Sync + 'static) -> Self {
        Self { tell: Box::new(tell), redactor, made: Mutex::default(), tokens: OnceLock::new() }
    }

    /// Takes every secret that came up so far out of a text.
    pub fn scrub(&self, text: &str) -> String {
        self.scrubber().text(text)
    }

    fn scrubber(&self) -> Scrubber {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Scrubber::new(&self.redactor, Redactor::new(made), self.tokens.get().cloned().unwrap_or_default())
    }

    fn learn(&self, request: &OutgoingRequest) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        for credential in &request.credentials {
            if !made.contains(&credential.value) {
                made.push(credential.value.clone());
            }
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// A transport with somebody who watches.
pub struct WatchedTransport<T> {
    inner: T,
    watch: Arc<Watch>,
}

impl<T: Transport> WatchedTransport<T> {
    /// Watches a transport.
    pub fn new(inner: T, watch: Arc<Watch>) -> Self {
        watch.tokens.get_or_init(|| inner.tokens().clone());
        Self { inner, watch }
    }

    fn tell(&self, request: &OutgoingRequest, response: &Response) {
        let scrubber = self.watch.scrubber();
        // Only the exchanges that fetch a token are bound to one origin.
        let is_token = request.only.is_some();
        let text = |body: &[u8]| excerpt(&scrubber.text(&String::from_utf8_lossy(body)));
        (self.watch.tell)(Exchanged {
            method: method_name(request.method),
            url: scrubber.url(&request.url),
            sent: request.body.as_deref().filter(|_| !request.body_is_secret && !is_token).map(text),
            status: response.status,
            content_type: response.header("content-type").map(str::to_owned),
            bytes: response.body.len() as u64,
            received: (!is_token).then(|| text(&response.body)),
        });
    }
}

impl<T: Transport> Transport for WatchedTransport<T> {
    fn send<'a>(&'a self, request: &'a OutgoingRequest) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async {
            self.watch.learn(request);
            let response = self.inner.send(request).await?;
            self.tell(request, &response);
            Ok(response)
        })
    }

    fn tokens(&self) -> &TokenStore {
        self.inner.tokens()
    }
}

/// Returns the start of a text, cut between characters.
fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
