//! Asks until there is a usable answer or no hope.
//!
//! What a failure is worth is decided here, in one table per kind; how long to wait is the [`Budget`]'s. The clock is read
//! by nobody: waits are sleeps, and dates are counted from when the answer arrived.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use spile_core::{
    Auth, Credential, DecoderPlan, Document, Error, ErrorKind, Event, Grant, Limits, Observer,
    ResponseAction, Result, RetryPlan, Secret,
};
use tokio::sync::watch;
use url::Url;

use super::actions;
use super::budget::{Budget, Failure, RetryClass};
use super::failure::{EXCERPT_BYTES, not_json, status_error, undecodable};
use super::tokens::Means;
use super::{OutgoingRequest, Response, Scrubber, TOO_MANY_REQUESTS, Transport, method_name};
use crate::Counters;
use crate::decode::{Undecoded, decode};

/// What requests of one resource share.
pub(crate) struct Exchange<'a> {
    pub(crate) resource: &'a str,
    pub(crate) retry: &'a RetryPlan,
    pub(crate) transport: &'a dyn Transport,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) counters: &'a Counters,
    pub(crate) actions: &'a [ResponseAction],
    pub(crate) auth: &'a [Arc<dyn Auth>],
    pub(crate) decoder: &'a DecoderPlan,
    pub(crate) limits: &'a Limits,
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
    /// Whether an action of the config takes it for an empty last page; the document is an empty list then.
    pub(crate) ignored: bool,
    /// The fetched tokens that were sent.
    pub(crate) tokens: Vec<Credential>,
}

/// A token as it is sent.
struct Sent<'a> {
    grant: &'a dyn Grant,
    token: Secret,
    credential: Credential,
}

/// Why a request that was sent once gave no answer.
pub(crate) struct Failed {
    /// The API limits how often it may be asked.
    pub(crate) refused: bool,
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

    /// Sends a request once.
    pub(crate) async fn fetch_once(&self, request: &OutgoingRequest) -> Result<Answer, Failed> {
        self.attempt(request).await.map_err(|failure| {
            self.counters.add_retry();
            Failed { refused: failure.refused }
        })
    }

    async fn attempt(&self, request: &OutgoingRequest) -> Result<Answer, Failure> {
        let tokens = self.tokens().await.map_err(not_sent)?;
        let with_tokens = (!tokens.is_empty()).then(|| {
            let mut request = request.clone();
            request.credentials.extend(tokens.iter().map(|sent| sent.credential.clone()));
            request
        });
        self.counters.add_request();
        let mut cancel = self.cancel.clone();
        let sent = tokio::select! {
            sent = self.transport.send(with_tokens.as_ref().unwrap_or(request)) => sent,
            () = stopped(&mut cancel) => Err(interrupted()),
        };
        let response = sent.map_err(not_sent)?;
        self.counters.add_answer(&response);
        let answer = self.judge(response, &tokens).await?;
        Ok(Answer { tokens: tokens.into_iter().map(|sent| sent.credential).collect(), ..answer })
    }

    /// Gets the tokens that the auths need; usually they are there.
    async fn tokens(&self) -> Result<Vec<Sent<'_>>> {
        let means = Means { transport: self.transport, scrubber: self.scrubber, counters: self.counters };
        let mut tokens = Vec::new();
        for grant in self.auth.iter().filter_map(|auth| auth.grant()) {
            let mut cancel = self.cancel.clone();
            let (token, credential) = tokio::select! {
                got = self.transport.tokens().get(grant, &means) => got?,
                () = stopped(&mut cancel) => return Err(interrupted()),
            };
            tokens.push(Sent { grant, token, credential });
        }
        Ok(tokens)
    }

    async fn judge(&self, response: Response, tokens: &[Sent<'_>]) -> Result<Answer, Failure> {
        let (response, ignored) = actions::run(self.actions, response)?;
        if ignored {
            let emptied = Response { body: b"[]".to_vec(), ..response };
            return self.parse(emptied).map(|answer| Answer { ignored: true, ..answer });
        }
        if !(200..300).contains(&response.status) {
            let mut class = self.status_class(response.status);
            if response.status == 401 && !tokens.is_empty() {
                for sent in tokens {
                    self.transport.tokens().refuse(sent.grant, &sent.token).await;
                }
                class = RetryClass::Renew;
            }
            return Err(Failure {
                class,
                retry_after_seconds: retry_after_seconds(&response),
                refused: response.status == TOO_MANY_REQUESTS,
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
        let beginning = body[..body.len().min(EXCERPT_BYTES)].to_vec();
        let content_type = response.header("content-type");
        match decode(body, content_type, self.decoder, self.limits) {
            Ok(document) => Ok(Answer {
                url: response.url,
                headers: response.headers,
                document,
                bytes,
                body_hash,
                retries: 0,
                ignored: false,
                tokens: Vec::new(),
            }),
            Err(cause) => {
                let class = match (response.status, cause.is_cut()) {
                    (204 | 205, _) => RetryClass::Never,
                    (_, true) => RetryClass::Passing,
                    (_, false) => RetryClass::Once,
                };
                let (class, error) = match cause {
                    Undecoded::NotJson(cause) => {
                        (class, not_json(&response, &beginning, cause, self.scrubber))
                    }
                    Undecoded::Bad(cause) => {
                        (class, undecodable(&response, &beginning, &cause, self.scrubber))
                    }
                    Undecoded::Limit(error) => (RetryClass::Never, error),
                };
                Err(Failure { class, error, retry_after_seconds: None, refused: false })
            }
        }
    }

    fn status_class(&self, status: u16) -> RetryClass {
        match status {
            401 => RetryClass::Never,
            429 if self.retry.rate_limit_wait_seconds_max > 0.0 => RetryClass::RateLimit,
            // A server that gave up waiting says itself that the same request may be sent again.
            408 | 500..=599 if self.retry.all_server_errors => RetryClass::Passing,
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

/// Says what an error without an answer is worth.
fn not_sent(error: Error) -> Failure {
    let class = match error.kind() {
        ErrorKind::Unavailable => RetryClass::Passing,
        _ => RetryClass::Never,
    };
    Failure { class, error, retry_after_seconds: None, refused: false }
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

/// Reads `Retry-After`: whole seconds or a date. Zero, the past and anything else count as absent, as in dlt.
pub(super) fn retry_after_seconds(response: &Response) -> Option<f64> {
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
