//! Where a pipeline's data is, without its config: the destination by the same rules as in a run.

use spile_core::{DestinationPlan, Diagnostic, Diagnostics, Node, SourceFile, Span, Value};

use crate::dialects::SourceConfig;
use crate::load::{Environment, Options, Registries, tidy};
use crate::providers::Providers;
use crate::{naming, resolve};

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
    let destination = resolve::destination(&request, registries, &mut providers, &mut diagnostics);
    let dataset = options.dataset.clone().unwrap_or_else(|| format!("{pipeline}_dataset"));
    match destination {
        Some(destination) if !diagnostics.has_errors() => Ok((destination, naming::dataset_name(&dataset))),
        _with_findings => Err(tidy(diagnostics, &providers.redactor())),
    }
}
