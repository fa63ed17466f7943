//! `spile check`: everything that can be known without the network.

use super::{DONE, INVALID, config_options, environment};
use crate::args::{CheckArgs, Output};
use crate::render::{self, document};

pub(crate) fn execute(args: &CheckArgs) -> u8 {
    let environment = match environment() {
        Ok(environment) => environment,
        Err(status) => return status,
    };
    let resolved = spile::load_config(&args.config.config, &config_options(&args.config), &environment);
    render::diagnostics::print(&resolved.diagnostics);
    match (&resolved.plan, args.config.output) {
        (Some(plan), Output::Json) => render::print_json(&document::checked(plan, &resolved.diagnostics)),
        (None, Output::Json) => render::print_json(&document::invalid(&resolved.diagnostics)),
        (Some(plan), Output::Text) => render::plan::print(plan),
        (None, Output::Text) => {}
    }
    if resolved.plan.is_some() { DONE } else { INVALID }
}
