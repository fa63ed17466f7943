//! How Spile behaves towards an API: how much at once, how fast, how patiently.

use std::sync::Arc;

use crate::function::ResponseHook;

/// A rate that is kept before anything is refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimit {
    /// So many requests ...
    pub requests: u32,
    /// ... in any span of so many seconds.
    pub seconds: f64,
}

/// What all requests to a host share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Manners {
    /// Requests that one host has to answer at the same time.
    pub concurrency: usize,
    /// Whether pages whose position is known are asked for before the pages in front of them are answered.
    pub parallel_pages: bool,
    /// The rate that the config declares.
    pub rate_limit: Option<RateLimit>,
    /// Longest time for one attempt, from sending to the last byte; `None`: as long as each read is in time.
    pub total_timeout_seconds: Option<f64>,
}

impl Default for Manners {
    fn default() -> Self {
        Self { concurrency: 8, parallel_pages: true, rate_limit: None, total_timeout_seconds: Some(600.0) }
    }
}

/// What an action does with an answer that it matches.
#[derive(Debug, Clone)]
pub enum ActionEffect {
    /// Takes it for an empty last page.
    Ignore,
    /// Nothing: dlt has no other words than `ignore`, and takes any.
    Nothing,
    /// Calls functions of the script, in order.
    Call(Vec<Arc<dyn ResponseHook>>),
}

/// An answer that the config has an action for.
#[derive(Debug, Clone)]
pub struct ResponseAction {
    /// The status it must have.
    pub status: Option<u16>,
    /// A text that the body must hold.
    pub content: Option<String>,
    /// What is done with it.
    pub effect: ActionEffect,
}

impl ResponseAction {
    /// Returns whether an answer is meant. As in dlt all that is given must hold; nothing given means nothing, but for
    /// functions, which then see every answer.
    pub fn matches(&self, status: u16, body: &[u8]) -> bool {
        if self.status.is_none() && self.content.is_none() {
            return matches!(self.effect, ActionEffect::Call(_));
        }
        let holds = |text: &String| {
            text.is_empty() || body.windows(text.len()).any(|window| window == text.as_bytes())
        };
        self.status.is_none_or(|wanted| wanted == status) && self.content.as_ref().is_none_or(holds)
    }
}
