//! The `spile` binary: arguments in, rendered report and exit status out.
//!
//! Exit status: 0 done and not suspicious · 1 failed · 2 the config or the arguments are wrong (nothing was sent) ·
//! 3 loaded, but a verdict is suspicious or incomplete. Standard output is data, standard error is talk.

mod args;
mod commands;
mod memory;
mod render;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};

fn main() -> ExitCode {
    memory::give_back_soon();
    let cli = Cli::parse();
    let status = match &cli.command {
        Command::Run(args) => commands::run::execute(args),
        Command::Check(args) => commands::check::execute(args),
        Command::Explain(args) => commands::explain::execute(args),
        Command::Convert(args) => commands::convert::execute(args),
        Command::Init(args) => commands::init::execute(args),
        Command::Show(args) => commands::show::execute(args),
        Command::List(args) => commands::list::execute(args),
        Command::Demo(args) => commands::demo::execute(args),
        Command::Preview(args) => commands::preview::execute(args),
        Command::Schema(args) => commands::schema::execute(args),
        Command::Tape(_) => commands::later("tape"),
        Command::State(action) => commands::state::execute(action),
    };
    ExitCode::from(status)
}
