//! `spile explain`: the resolved plan, to read. No network.

use super::{DONE, INVALID, config_options, environment};
use crate::args::{CheckArgs, Output};
use crate::render;

pub(crate) fn execute(args: &CheckArgs) -> u8 {
    let environment = match environment() {
        Ok(environment) => environment,
        Err(status) => return status,
    };
    let resolved = spile::load_config(&args.config.config, &config_options(&args.config), &environment);
    render::diagnostics::print(&resolved.diagnostics);
    let Some(plan) = &resolved.plan else {
        if args.config.output == Output::Json {
            render::print_json(&render::document::invalid(&resolved.diagnostics));
        }
        return INVALID;
    };
    let document = spile::explain(plan);
    match args.config.output {
        Output::Json => render::print_json(&document),
        Output::Text => render::print_text(&render::explain::tree(&document)),
    }
    DONE
}
