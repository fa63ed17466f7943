//! `spile schema`: the JSON Schema of the config language, made from the component tables; the schema of a dataset.

use spile::Environment;

use super::{DONE, FAILED, environment, locate};
use crate::args::{DatasetSchemaArgs, SchemaKind, SchemaOutput};
use crate::render;

pub(crate) fn execute(what: &SchemaKind) -> u8 {
    let args = match what {
        SchemaKind::Config => {
            render::print_json(&spile::config_schema());
            return DONE;
        }
        SchemaKind::Dataset(args) => args,
    };
    let environment = match environment() {
        Ok(environment) => environment,
        Err(status) => return status,
    };
    match dataset(args, &environment) {
        Ok(()) => DONE,
        Err(error) => {
            render::error::print(&error);
            FAILED
        }
    }
}

fn dataset(args: &DatasetSchemaArgs, environment: &Environment) -> spile::Result<()> {
    let (options, destination, dataset) = locate(&args.place, environment)?;
    let mut opened = spile::open_destination(&destination, &dataset, &options, true)?;
    let schema = spile::stored_schema(&mut *opened, args.schema.as_deref())?;
    match args.output {
        SchemaOutput::Yaml => render::print_text(&spile::schema_as_yaml(&schema)),
        SchemaOutput::Json => render::print_json(&spile::schema_as_json(&schema)),
    }
    Ok(())
}
