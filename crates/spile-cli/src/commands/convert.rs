//! `spile convert`: a config in another dialect, on standard output.

use super::{DONE, INVALID, environment};
use crate::args::ConvertArgs;
use crate::render;

pub(crate) fn execute(args: &ConvertArgs) -> u8 {
    let environment = match environment() {
        Ok(environment) => environment,
        Err(status) => return status,
    };
    let converted = spile::convert_config(&args.config, &args.to, args.block, &environment);
    render::diagnostics::print(&converted.diagnostics);
    match converted.text {
        Some(text) => {
            render::print_text(&text);
            DONE
        }
        None => INVALID,
    }
}
