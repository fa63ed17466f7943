//! The schema of a dataset, for people and scripts: read, never changed.

use serde_json::Value;
use spile_core::{Destination, Error, ErrorKind, Result, Schema};

use crate::schema_files;

/// Reads the newest stored schema of a name; without one, that of the last load.
pub fn stored_schema(destination: &mut dyn Destination, name: Option<&str>) -> Result<Schema> {
    let name = match name {
        Some(name) => name.to_owned(),
        None => destination.loads()?.pop().map(|load| load.schema_name).unwrap_or_default(),
    };
    // The pipeline's name only finds the state, which is not asked for.
    destination.restore("", &name)?.schema.ok_or_else(|| {
        let message = "there is no stored schema of that name";
        Error::new(ErrorKind::State, "schema/missing", message)
            .with("schema", name)
            .with("location", destination.location())
            .hint("Name the destination, the dataset and the schema with --destination, --dataset and --schema, or run the pipeline first.")
    })
}

/// Writes a schema as dlt's files have it.
pub fn schema_as_yaml(schema: &Schema) -> String {
    spile_config::write_yaml(&schema_files::document(schema))
}

/// Returns a schema as dlt stores it.
pub fn schema_as_json(schema: &Schema) -> Value {
    spile_load::schema_to_json(schema)
}
