//! Runs the line: config → plan → pages → batches → package → receipt → report.
//!
//! This crate is the public Rust API. It owns what the stages must not know: the work directory, the page ledger,
//! recovery after a kill, the pipeline state and the verdict. Invariants: state moves forward only inside a
//! destination's commit; a segment is durable before the ledger says that its pages are staged; a sealed package is
//! never edited.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! let environment = spile::Environment::from_process()?;
//! let resolved = spile::load_config("calls.py".as_ref(), &spile::ConfigOptions::default(), &environment);
//! if let Some(plan) = resolved.plan {
//!     let report = spile::run(&plan, &spile::RunOptions::from_environment(&environment), &(Arc::new(()) as Arc<dyn spile::Observer>))?;
//!     println!("{} requests", report.requests);
//! }
//! # Ok::<(), spile::Error>(())
//! ```

mod clock;
mod durable;
mod environment;
mod evidence;
mod explain;
mod extraction;
mod family;
mod history;
mod ledger;
mod package;
mod parent_cursors;
mod parts;
mod preview;
mod recover;
mod refresh;
mod reporting;
mod run;
mod schema_files;
mod segment;
mod staging;
mod starts;
mod state;
mod state_by_hand;
mod stored_schema;
mod verdict;
mod workdir;

pub use environment::{
    Environment, RunOptions, config_schema, convert_config, load_config, locate_dataset, open_destination,
};
pub use explain::explain;
pub use history::{PastLoad, past_loads};
pub use preview::{Preview, PreviewColumn, PreviewTable, preview};
pub use run::run;
pub use spile_config::{
    Converted, DIALECTS, Dialect, KEY_GROUPS, KeyGroup, Options as ConfigOptions, Resolved, target,
};
pub use spile_core::{
    Def, Destination, DestinationPlan, Diagnostic, Error, ErrorKind, Event, FieldDoc, NAMING_CONVENTIONS,
    Observer, Plan, ReportStatus, ResourceReport, Result, RunReport, Severity, Span, StoredLoad, StoredTable,
    TableReport, Verdict, VerdictStatus, redact_url,
};
pub use spile_extract::{AUTHS, Exchanged, PAGINATORS, Watch};
pub use spile_load::{DESTINATIONS, DestinationDef};
pub use state::StoredCursor;
pub use state_by_hand::{StatePlace, StoredState};
pub use stored_schema::{schema_as_json, schema_as_yaml, stored_schema};
