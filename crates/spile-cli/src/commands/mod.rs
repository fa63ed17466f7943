//! One file per command. Each returns the exit status.

pub(crate) mod check;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod preview;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod state;

use spile::{ConfigOptions, DestinationPlan, Environment, Error, ErrorKind, RunOptions};

use crate::args::{ConfigArgs, PlaceArgs};
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
        .hint("This version has run, check, explain, preview, convert, init, show, list, schema, state and demo; the README lists what comes next.");
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

/// Finds a pipeline's dataset, and what is needed to open it.
fn locate(
    args: &PlaceArgs,
    environment: &Environment,
) -> spile::Result<(RunOptions, DestinationPlan, String)> {
    let mut options = RunOptions::from_environment(environment);
    if let Some(workdir) = &args.workdir {
        options.work_directory = environment.working_directory.join(workdir);
    }
    let (destination, dataset) = spile::locate_dataset(
        &args.pipeline,
        args.destination.as_deref(),
        args.dataset.as_deref(),
        environment,
    )?;
    Ok((options, destination, dataset))
}
