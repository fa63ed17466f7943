//! Progress on standard error: a bar on a terminal, sparse lines elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use spile::{Event, Observer};

use super::{count, print_talk, thousands};
use crate::args::ProgressMode;

/// Time between two log lines about pages.
const LOG_EVERY: Duration = Duration::from_secs(5);

/// Shows what happens. [`Progress::finish`] takes the bar away.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    log: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pages: u64,
    records: u64,
    /// Pages in all by resource, as far as the API says.
    totals: BTreeMap<String, u64>,
    last_line: Option<Instant>,
}

/// Makes the observer for a mode.
pub(crate) fn observer(mode: ProgressMode) -> Arc<Progress> {
    let terminal = std::io::stderr().is_terminal();
    let (bar, log) = match mode {
        ProgressMode::None => (false, false),
        ProgressMode::Bar => (true, false),
        ProgressMode::Log => (false, true),
        ProgressMode::Auto => (terminal, !terminal),
    };
    let bar = bar.then(|| {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    });
    Arc::new(Progress { bar, log, state: Mutex::new(State::default()) })
}

impl Progress {
    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| print_talk(&format!("{line}\n"))),
            None if self.log => print_talk(&format!("{line}\n")),
            None => {}
        }
    }

    fn page(&self, resource: &str, records: u64, pages_total: Option<u64>) {
        let line = {
            let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            state.pages += 1;
            state.records += records;
            if let Some(total) = pages_total {
                state.totals.insert(resource.to_owned(), total);
            }
            let known: u64 = state.totals.values().sum();
            let of = if known >= state.pages { format!(" of {}", thousands(known)) } else { String::new() };
            let line = format!("{}{of} pages, {} records", thousands(state.pages), thousands(state.records));
            if let Some(bar) = &self.bar {
                bar.set_message(line);
                return;
            }
            let due = state.last_line.is_none_or(|last| last.elapsed() >= LOG_EVERY);
            if !due {
                return;
            }
            // The first page starts the clock; short runs need no line.
            let first = state.last_line.replace(Instant::now()).is_none();
            if first {
                return;
            }
            line
        };
        self.say(&line);
    }
}

impl Observer for Progress {
    fn on_event(&self, event: &Event<'_>) {
        match event {
            Event::Recovering { load_id, pages, sealed } => {
                let rest = if *sealed {
                    "all are staged, only the commit is missing"
                } else {
                    "going on from there"
                };
                self.say(&format!("found interrupted load {load_id} with {}; {rest}", count(*pages, "page")));
            }
            Event::ResourceStarted { resource, window: Some(window) } => {
                self.say(&format!("{resource}: {window}"));
            }
            Event::PageFetched { resource, records, pages_total, .. } => {
                self.page(resource, *records, *pages_total);
            }
            Event::Retrying { resource, reason, wait_seconds, attempt } => {
                self.say(&format!("{resource}: {reason}; retry {attempt} in {wait_seconds:.1} s"));
            }
            Event::Loading { load_id, rows } => {
                self.say(&format!("loading {} as load {load_id}", count(*rows, "row")));
                if let Some(bar) = &self.bar {
                    bar.set_message(format!("loading {}", count(*rows, "row")));
                }
            }
            Event::Warning { message } => self.say(&format!("warning: {message}")),
            Event::ResourceStarted { window: None, .. }
            | Event::ResourceFinished { .. }
            | Event::Committed { .. } => {}
        }
    }
}
