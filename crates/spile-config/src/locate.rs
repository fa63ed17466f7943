//! Where a pipeline's data is, without its config: the destination by the same rules as in a run.

use spile_core::{DestinationPlan, Diagnostic, Diagnostics, Node, SourceFile, Span, Value};

use crate::dialects::SourceConfig;
use crate::load::{Environment, Options, Registries, tidy};
use crate::providers::Providers;
use crate::resolve;

/// Returns the destination and the dataset of a pipeline, as the options say, else as the settings say, else the
/// defaults. The findings say what is wrong when there is none.
pub fn locate(
    pipeline: &str,
    options: &Options,
    environment: &Environment,
    registries: &Registries,
) -> Result<(DestinationPlan, String), Vec<Diagnostic>> {
    let mut diagnostics = Diagnostics::new();
    let mut providers = Providers::read(environment, &mut diagnostics);
    let file = SourceFile::new("", "");
    let config = Node::new(Value::Null, Span::new(&file, 0, 0));
    let source = SourceConfig { config, settings: Vec::new(), functions: None, page_limit: None };
    let request = resolve::Request { source: &source, arguments: &[], stem: pipeline, options, environment };
    match resolve::place(&request, registries, &mut providers, &mut diagnostics) {
        Some(place) if !diagnostics.has_errors() => Ok(place),
        _with_findings => Err(tidy(diagnostics, &providers.redactor())),
    }
}
