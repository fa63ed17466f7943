//! `refresh` and `dev_mode`: what a run makes of what was loaded before.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use spile_core::{Node, Refresh, SourceFile, Span, Store, Value};

use crate::resolve::Resolver;

impl Resolver<'_> {
    /// Returns what is taken away: the command line's word, the config's, or that of dlt's configuration.
    pub(super) fn refresh(&mut self) -> Option<Refresh> {
        let written = self.request.source.setting("refresh").cloned();
        let asked = match &self.request.options.refresh {
            Some(word) => Some(word_node("--refresh", word)),
            None => written.or_else(|| match self.configured("refresh") {
                Some(Value::String(word)) => Some(word_node("the configuration of dlt", &word)),
                _ => None,
            }),
        };
        self.choice(&asked?, "refresh", &Refresh::ALL)
    }

    /// Returns whether every run has a dataset of its own.
    pub(super) fn dev_mode(&mut self) -> bool {
        match self.request.source.setting("dev_mode").cloned() {
            Some(node) => self.boolean(&node, "dev_mode").unwrap_or(false),
            None => match self.configured("dev_mode") {
                Some(Value::Bool(on)) => on,
                // Variables are texts.
                Some(Value::String(text)) => matches!(text.to_lowercase().as_str(), "true" | "1"),
                _ => false,
            },
        }
    }

    /// Returns the name of the dataset of a run that has one of its own, with the time as dlt writes it.
    pub(super) fn dataset_of_now(&self, dataset: &str) -> String {
        let now = Timestamp::from_microsecond(self.request.environment.now_microseconds).unwrap_or_default();
        let now = TimeZone::UTC.to_datetime(now);
        format!("{dataset}_{}", now.strftime("%Y%m%d%H%M%S"))
    }

    fn configured(&mut self, key: &str) -> Option<Value> {
        let Self { names, providers, .. } = self;
        providers.search_for_pipeline(&names.pipeline, &[vec![key]], Store::Config, key)
    }
}

fn word_node(place: &str, word: &str) -> Node {
    let file = SourceFile::new(place.to_owned(), word);
    Node::new(Value::String(word.to_owned()), Span::new(&file, 0, word.len()))
}
