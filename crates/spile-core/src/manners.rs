//! How Spile behaves towards an API: how much at once, how fast, how patiently.

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

/// An answer that the config has an action for. The only action is to take it for an empty last page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseAction {
    /// The status it must have.
    pub status: Option<u16>,
    /// A text that the body must hold.
    pub content: Option<String>,
}

impl ResponseAction {
    /// Returns whether an answer is meant. As in dlt all that is given must hold, and nothing given means nothing.
    pub fn matches(&self, status: u16, body: &[u8]) -> bool {
        if self.status.is_none() && self.content.is_none() {
            return false;
        }
        let holds = |text: &String| {
            text.is_empty() || body.windows(text.len()).any(|window| window == text.as_bytes())
        };
        self.status.is_none_or(|wanted| wanted == status) && self.content.as_ref().is_none_or(holds)
    }
}
