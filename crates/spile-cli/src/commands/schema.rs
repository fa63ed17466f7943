//! `spile schema`: JSON Schemas, made from the component tables.

use super::DONE;
use crate::args::{SchemaArgs, SchemaKind};
use crate::render;

pub(crate) fn execute(args: &SchemaArgs) -> u8 {
    match args.what {
        SchemaKind::Config => render::print_json(&spile::config_schema()),
    }
    DONE
}
