//! The stored state of a pipeline: looked at, taken out and put back by hand.
//!
//! It is written the way that a run writes it: inside a destination's commit, with a load of its own and the next version.

use serde_json::{Map, Value};
use spile_core::{Destination, DestinationPlan, Error, ErrorKind, Manifest, Result, Schema, SealedPackage};

use crate::clock;
use crate::environment::{RunOptions, open_destination};
use crate::package::{self, MANIFEST_VERSION};
use crate::state::{StoredCursor, cursors, versioned};
use crate::workdir::Workdir;

/// Where a pipeline's state is stored.
#[derive(Debug)]
pub struct StatePlace<'a> {
    /// The pipeline.
    pub pipeline: &'a str,
    /// Its destination.
    pub destination: &'a DestinationPlan,
    /// Its dataset.
    pub dataset: &'a str,
}

/// A state as it is stored.
#[derive(Debug, Clone)]
pub struct StoredState {
    /// The place, for people.
    pub location: String,
    /// dlt's document, decoded.
    pub document: Value,
}

impl StoredState {
    /// Returns the cursors that the next run starts from.
    pub fn cursors(&self) -> Vec<StoredCursor> {
        cursors(&self.document)
    }
}

impl StatePlace<'_> {
    /// Reads the newest stored state.
    pub fn read(&self, options: &RunOptions) -> Result<StoredState> {
        let mut destination = open_destination(self.destination, self.dataset, options, true)?;
        let location = destination.location();
        match self.stored(&mut *destination)? {
            Some(document) => Ok(StoredState { location, document }),
            None => Err(Error::new(
                ErrorKind::State,
                "state/none",
                format!("there is no state of pipeline `{}` in dataset `{}` of {location}", self.pipeline, self.dataset),
            )
            .hint("A state is stored by the first run; name the place with --destination and --dataset if it is another.")),
        }
    }

    /// Stores the sources of a state that was exported, with the next version. Returns `None` when they are stored already.
    pub fn write(&self, document: &Value, options: &RunOptions) -> Result<Option<StoredState>> {
        let sources = self.sources(document)?;
        let workdir = Workdir::open(&options.work_directory, self.pipeline)?;
        if workdir.packages()?.iter().any(|folder| package::is_sealed(folder)) {
            let message = format!("a load of pipeline `{}` waits to be committed", self.pipeline);
            return Err(Error::new(ErrorKind::State, "state/pending-load", message).hint(
                "Its commit would overwrite what is imported now: run the pipeline again, then import.",
            ));
        }
        let mut destination = open_destination(self.destination, self.dataset, options, false)?;
        let stored = self.stored(&mut *destination)?;
        let mut state = match stored.as_ref().unwrap_or(document) {
            Value::Object(state) => state.clone(),
            _ => Map::new(),
        };
        state.remove("sources");
        if !sources.is_empty() {
            state.insert("sources".to_owned(), Value::Object(sources));
        }
        let Some(state) = versioned(stored.as_ref(), state) else { return Ok(None) };
        let now = clock::now();
        let schema_name = schema_name(&state);
        let mut schema = destination
            .restore(self.pipeline, &schema_name)?
            .schema
            .unwrap_or_else(|| Schema::new(&schema_name));
        spile_load::finalize_schema(&mut schema);
        let location = destination.location();
        let manifest = Manifest {
            version: MANIFEST_VERSION,
            load_id: clock::load_id(now),
            pipeline: self.pipeline.to_owned(),
            dataset: self.dataset.to_owned(),
            destination: location.clone(),
            fingerprint: String::new(),
            clearing: spile_core::Clearing::default(),
            tables: Vec::new(),
            state: Some(state.clone()),
            pages: 0,
            sealed_at: now.to_string(),
        };
        // There are no rows, so there is nothing that a folder would have to hold.
        destination.commit(&SealedPackage { folder: options.work_directory.clone(), manifest, schema })?;
        Ok(Some(StoredState { location, document: state }))
    }

    fn stored(&self, destination: &mut dyn Destination) -> Result<Option<Value>> {
        // The state is the pipeline's; the name only chooses the schema that is read along with it.
        Ok(destination.restore(self.pipeline, "")?.state)
    }

    /// Takes the sources out of a document, or says why it is no state of this pipeline.
    fn sources(&self, document: &Value) -> Result<Map<String, Value>> {
        let invalid = |message: String| {
            Error::new(ErrorKind::Config, "state/invalid-document", message)
                .hint("Import what `spile state export` wrote for the same pipeline.")
        };
        match document["pipeline_name"].as_str() {
            Some(name) if name == self.pipeline => {}
            Some(name) => {
                return Err(invalid(format!(
                    "the document is the state of pipeline `{name}`, not `{}`",
                    self.pipeline
                )));
            }
            None => return Err(invalid("the document names no `pipeline_name`".to_owned())),
        }
        match document.get("sources") {
            None => Ok(Map::new()),
            Some(Value::Object(sources)) => Ok(sources.clone()),
            Some(_) => Err(invalid("`sources` of the document is no map".to_owned())),
        }
    }
}

fn schema_name(state: &Value) -> String {
    state["default_schema_name"].as_str().unwrap_or("rest_api").to_owned()
}
