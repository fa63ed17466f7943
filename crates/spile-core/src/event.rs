//! What happens while a run is under way. Progress bars, logs and metrics are observers.

/// Something that happened. Values of records never travel here: names and counts only.
#[derive(Debug, Clone)]
pub enum Event<'a> {
    /// An interrupted load is being finished.
    Recovering {
        /// Its load id.
        load_id: &'a str,
        /// Pages that need not be fetched again.
        pages: u64,
        /// Whether all pages are there and only the commit is missing.
        sealed: bool,
    },
    /// A resource starts.
    ResourceStarted {
        /// Its name.
        resource: &'a str,
        /// The requested window in words, if it has one.
        window: Option<&'a str>,
    },
    /// A page was fetched.
    PageFetched {
        /// The resource.
        resource: &'a str,
        /// Records on it.
        records: u64,
        /// Bytes of the decoded body.
        bytes: u64,
        /// Pages in all, if the API says so.
        pages_total: Option<u64>,
    },
    /// A request is waited for before it is sent again.
    Retrying {
        /// The resource.
        resource: &'a str,
        /// What went wrong, redacted.
        reason: &'a str,
        /// Seconds until the next attempt.
        wait_seconds: f64,
        /// 1 for the first retry.
        attempt: u32,
    },
    /// A resource has no more pages.
    ResourceFinished {
        /// The resource.
        resource: &'a str,
    },
    /// Loading starts.
    Loading {
        /// The load id.
        load_id: &'a str,
        /// Rows to load.
        rows: u64,
    },
    /// The destination has it.
    Committed {
        /// The load id.
        load_id: &'a str,
    },
    /// Odd but lossless.
    Warning {
        /// One sentence.
        message: &'a str,
    },
}

/// Receives events from several threads.
pub trait Observer: Send + Sync {
    /// Takes one event; must return quickly.
    fn on_event(&self, event: &Event<'_>);
}

impl Observer for () {
    fn on_event(&self, _event: &Event<'_>) {}
}
