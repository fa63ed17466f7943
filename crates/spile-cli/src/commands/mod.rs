//! One file per command. Each returns the exit status.

pub(crate) mod check;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod show;

use spile::{ConfigOptions, Environment, Error, ErrorKind};

use crate::args::ConfigArgs;
use crate::render;

/// Done and not suspicious.
pub(crate) const DONE: u8 = 0;
/// Failed.
pub(crate) const FAILED: u8 = 1;
/// The config or the arguments are wrong; nothing was sent.
pub(crate) const INVALID: u8 = 2;
/// Loaded, but a verdict is suspicious or incomplete.
pub(crate) const SUSPICIOUS: u8 = 3;

/// Answers a command of the contract that is not there yet.
pub(crate) fn later(command: &str) -> u8 {
    let error = Error::new(ErrorKind::Config, "cli/not-yet", format!("`spile {command}` is not there yet"))
        .hint("This version has run, check, explain, convert, init, show, list, schema and demo; the README lists what comes next.");
    render::error::print(&error);
    INVALID
}

fn config_options(args: &ConfigArgs) -> ConfigOptions {
    ConfigOptions {
        pipeline: args.pipeline.clone(),
        destination: args.destination.clone(),
        dataset: args.dataset.clone(),
        set: args.set.clone(),
        resources: args.resources.clone(),
        block: args.block,
        ..ConfigOptions::default()
    }
}

/// Reads the process environment or says why it cannot.
fn environment() -> Result<Environment, u8> {
    Environment::from_process().map_err(|error| {
        render::error::print(&error);
        FAILED
    })
}
