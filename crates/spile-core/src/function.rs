//! What the functions of a script do in a run: they change rows, convert cursor values and look at answers.
//!
//! The traits are pure: a function sees its arguments and nothing else, so that a page gives the same rows whenever it is
//! fetched.

use std::fmt;
use std::sync::Arc;

use url::Url;

use crate::error::Result;
use crate::json::{Document, Json};

/// A function of the config, as a node holds it: its number in the program of the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionRef {
    /// Which function of the program.
    pub index: usize,
    /// What it is called in messages.
    pub name: String,
    /// Hash of its source and of all it uses, for the fingerprint.
    pub digest: String,
}

/// The processing steps of a resource.
pub trait RowSteps: fmt::Debug + Send + Sync {
    /// Takes the rows of a page through the steps; the top list of the result holds the rows that come out.
    fn run(&self, rows: &[Json<'_>]) -> Result<Document>;

    /// Returns the steps in words, in order.
    fn describe(&self) -> Vec<String>;
}

/// Rows that a script makes itself, beside those that an API gives.
pub trait RowSource: fmt::Debug + Send + Sync {
    /// Makes all pages, each a JSON list of rows. A run that is gone on with gets the same pages again: they follow from
    /// the script and from when the run started.
    fn pages(&self, run_start_microseconds: i64) -> Result<Vec<String>>;

    /// Returns in words where the rows come from.
    fn describe(&self) -> String;
}

/// Chooses the table of each row.
pub trait TableChoice: fmt::Debug + Send + Sync {
    /// Returns the names of the tables of these rows as they are to be normalised, in order.
    fn tables(&self, rows: &[Json<'_>]) -> Result<Vec<Arc<str>>>;

    /// Returns the choice in words.
    fn describe(&self) -> String;
}

/// How a cursor value becomes what is sent.
pub trait CursorConvert: fmt::Debug + Send + Sync {
    /// Converts a value.
    fn convert(&self, value: &serde_json::Value) -> Result<serde_json::Value>;
}

/// An answer that a hook may change.
#[derive(Debug, Clone)]
pub struct HookedAnswer {
    /// The status.
    pub status: u16,
    /// What was asked for, without credentials.
    pub url: Url,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The decoded body.
    pub body: Vec<u8>,
}

/// What a hook says about an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookVerdict {
    /// Go on with it.
    Continue,
    /// Take it for an empty last page.
    Ignore,
}

/// A function that sees every answer before it is used.
pub trait ResponseHook: fmt::Debug + Send + Sync {
    /// Looks at an answer; what it changes counts.
    fn call(&self, answer: &mut HookedAnswer) -> Result<HookVerdict>;
}
