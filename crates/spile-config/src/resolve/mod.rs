//! From a source config to a plan, by dlt's rules and the seed dialect's.
//!
//! Each file resolves one part of the config and reports all that is wrong with it; a plan is made only when nothing
//! was. Invariant: after this stage nothing is optional because it was "not configured", and nothing is looked up again.

mod base_url;
mod body;
mod client;
mod components;
mod decoder;
mod destination;
mod disposition;
mod endpoint;
mod functions;
mod hints;
mod incremental;
mod json_schema;
mod merge;
mod naming;
mod nested_hints;
mod network;
mod params;
mod parent;
mod path;
mod read;
mod refresh;
mod resource;
mod retry;
mod rows;
mod schema_files;
mod step;
mod table_hints;
mod warnings;

use spile_core::{
    ClientPlan, DestinationPlan, Diagnostic, Diagnostics, Key, NamingConvention, Node, Plan, Span, Value,
};

use crate::dialects::SourceConfig;
use crate::fields::{KnownKeys, missing, wrong_type};
use crate::fingerprint;
use crate::load::{Environment, Options, Registries};
use crate::providers::Providers;

/// What there is to resolve.
pub(crate) struct Request<'a> {
    /// The config as written, overrides applied.
    pub(crate) source: &'a SourceConfig,
    /// Source arguments from the command line.
    pub(crate) arguments: &'a [(Key, Node)],
    /// The config file's stem: the default pipeline name.
    pub(crate) stem: &'a str,
    /// The command line.
    pub(crate) options: &'a Options,
    /// The outside world.
    pub(crate) environment: &'a Environment,
}

/// The names that lookups are made under.
struct Names {
    pipeline: String,
    source: String,
    section: String,
}

/// What all files of this stage share.
struct Resolver<'a> {
    request: &'a Request<'a>,
    registries: &'a Registries,
    providers: &'a mut Providers,
    diagnostics: &'a mut Diagnostics,
    names: Names,
    /// Which source arguments were used.
    arguments_used: Vec<String>,
    /// What joins nested names, by the convention that is asked for.
    separator: &'static str,
    /// What the endpoint that is being read needs of its parent.
    references: parent::References,
}

const TOP: KnownKeys =
    KnownKeys { of: "the source config", known: &["client", "resources", "resource_defaults"], later: &[] };

/// Resolves a config. `None` only when a finding says why.
pub(crate) fn resolve(
    request: &Request<'_>,
    registries: &Registries,
    providers: &mut Providers,
    diagnostics: &mut Diagnostics,
) -> Option<Plan> {
    Resolver::new(request, registries, providers, diagnostics).plan()
}

/// Resolves the destination and the dataset alone. `None` only when a finding says why.
pub(crate) fn place(
    request: &Request<'_>,
    registries: &Registries,
    providers: &mut Providers,
    diagnostics: &mut Diagnostics,
) -> Option<(DestinationPlan, String)> {
    let mut resolver = Resolver::new(request, registries, providers, diagnostics);
    let naming = resolver.naming();
    let dataset = naming::dataset_name(&resolver.dataset(), naming);
    resolver.destination().map(|destination| (destination, dataset))
}

impl<'a> Resolver<'a> {
    fn new(
        request: &'a Request<'a>,
        registries: &'a Registries,
        providers: &'a mut Providers,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        let stem = request.stem.to_owned();
        let names = Names { pipeline: stem, source: "rest_api".to_owned(), section: "rest_api".to_owned() };
        let mut resolver = Self {
            request,
            registries,
            providers,
            diagnostics,
            names,
            arguments_used: Vec::new(),
            separator: NamingConvention::default_convention().separator,
            references: parent::References::default(),
        };
        resolver.read_names();
        resolver
    }
}

impl Resolver<'_> {
    fn read_names(&mut self) {
        let source = self.request.source;
        if let Some(name) = source.setting("name").and_then(|node| self.string(node, "the source name")) {
            self.names.source = name;
        }
        if let Some(section) = source.setting("section").and_then(|node| self.string(node, "the section")) {
            self.names.section = section;
        }
        if let Some(pipeline) = self.option_or_setting(self.request.options.pipeline.as_ref(), "pipeline") {
            self.names.pipeline = pipeline;
        }
    }

    /// Returns what the command line says, else what the config says beside the source.
    fn option_or_setting(&mut self, option: Option<&String>, name: &'static str) -> Option<String> {
        match (option, self.request.source.setting(name)) {
            (Some(option), _) => Some(option.clone()),
            (None, Some(node)) => self.string(node, &format!("the {name}")),
            (None, None) => None,
        }
    }

    fn plan(&mut self) -> Option<Plan> {
        let config = &self.request.source.config;
        if !matches!(config.value, Value::Map(_)) {
            self.report(wrong_type("the source config", "a map", config));
            return None;
        }
        TOP.check(config, self.diagnostics);
        self.check_settings();
        let client_node = self.required(config, "client", "the source config");
        let resources_node = self.required(config, "resources", "the source config");
        let client = client_node.and_then(|node| self.client(node));
        let destination = self.destination();
        let naming = self.naming();
        self.separator = naming.unwrap_or_else(NamingConvention::default_convention).separator;
        if let Some(destination) = &destination {
            self.check_replace_strategy(&destination.kind);
            self.check_naming(naming, &destination.kind);
        }
        let resources = resources_node.map(|node| self.resources(node, client.as_ref()));
        let limits = self.limits(client_node);
        self.warn_unused_arguments();
        let dataset = self.dataset();
        let schema_files = self.schema_files();
        let (refresh, dev_mode) = (self.refresh(), self.dev_mode());
        let dataset = if dev_mode { self.dataset_of_now(&dataset) } else { dataset };
        if self.diagnostics.has_errors() {
            return None;
        }
        let (client, resources): (ClientPlan, _) = (client?, resources?);
        let mut plan = Plan {
            pipeline: self.names.pipeline.clone(),
            source: self.names.source.clone(),
            dataset: naming::dataset_name(&dataset, naming),
            naming,
            schema_files,
            destination: destination?,
            client,
            resources,
            limits,
            page_limit: self.request.options.limit_pages.or(self.request.source.page_limit),
            backfill: self.request.options.since.is_some(),
            refresh,
            dev_mode,
            fingerprint: String::new(),
            redactor: self.providers.redactor(),
            provenance: self.providers.provenance(),
        };
        plan.fingerprint = fingerprint::of(&plan, self.request, self.providers);
        Some(plan)
    }

    /// Returns the dataset's name as it is written.
    fn dataset(&mut self) -> String {
        let asked = self.option_or_setting(self.request.options.dataset.as_ref(), "dataset");
        asked.unwrap_or_else(|| format!("{}_dataset", self.names.pipeline))
    }

    /// Settings beside the source that dlt has and Spile has no effect for yet.
    fn check_settings(&mut self) {
        for (key, node) in &self.request.source.settings {
            let refused = match key.name.as_str() {
                "root_key" => matches!(node.value, Value::Bool(true)),
                "schema" => !node.is_null(),
                _ => false,
            };
            if refused {
                self.report(
                    crate::fields::not_supported(&format!("`{}` of the source", key.name), &key.span)
                        .hint("Remove the argument."),
                );
            }
        }
        if let Some(node) = self.request.source.setting("arguments") {
            let _checked = self.entries(node, "arguments");
        }
        if let Some(node) = self.request.source.setting("schema_contract") {
            let _checked = self.schema_contract(node);
        }
    }

    fn warn_unused_arguments(&mut self) {
        for (key, _) in self.request.arguments {
            if !self.arguments_used.contains(&key.name) {
                self.report(
                    Diagnostic::warning(
                        "config/unused-argument",
                        format!("nothing in the config uses the argument `{}`", key.name),
                    )
                    .at(&key.span)
                    .hint("Check its spelling against the placeholders in the paths."),
                );
            }
        }
    }

    fn required<'n>(&mut self, map: &'n Node, key: &str, of: &str) -> Option<&'n Node> {
        let node = map.get(key).filter(|node| !node.is_null());
        if node.is_none() {
            self.report(missing(key, of, &start_of(map)));
        }
        node
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// Writes a scalar as Python's `str()` does.
pub(crate) fn scalar_text(value: &Value) -> Option<String> {
    params::scalar_text(value)
}

/// Returns the place where a map begins, since marking all of it helps nobody.
fn start_of(node: &Node) -> Span {
    let span = &node.span;
    let first = span.file.text.get(span.start..).and_then(|rest| rest.chars().next());
    Span::new(&span.file, span.start, span.start + first.map_or(0, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::{
        TOP, client, decoder, disposition, endpoint, functions, hints, incremental, nested_hints, resource,
        retry, table_hints,
    };
    use crate::dialects::SETTING_KEYS;
    use crate::keys::KEY_GROUPS;

    #[test]
    fn every_known_key_is_documented() {
        let known: [(&str, &[&str]); 19] = [
            ("config", TOP.known),
            ("settings", &SETTING_KEYS),
            ("client", client::CLIENT.known),
            ("retry", retry::RETRY.known),
            ("rate_limit", client::RATE_LIMIT.known),
            ("limits", client::LIMITS.known),
            ("resource_defaults", resource::RESOURCE.known),
            ("resource", resource::RESOURCE.known),
            ("step", functions::STEP.known),
            ("nested_hints", nested_hints::NESTED.known),
            ("reference", table_hints::REFERENCE.known),
            ("write_disposition", disposition::DISPOSITION.known),
            ("schema_contract", hints::CONTRACT.known),
            ("column", hints::COLUMN.known),
            ("endpoint", endpoint::ENDPOINT.known),
            ("decoder", decoder::DECODER.known),
            ("response_action", endpoint::ACTION.known),
            ("incremental", incremental::INCREMENTAL.known),
            ("incremental_sync", incremental::SYNC.known),
        ];
        for group in KEY_GROUPS {
            let found = known.iter().find(|(name, _)| *name == group.name);
            let (_, known) = found.unwrap_or_else(|| panic!("`{}` is not compared", group.name));
            let mut known: Vec<&str> = known.to_vec();
            if group.name == "resource_defaults" {
                known.retain(|key| !matches!(*key, "name" | "rows"));
            }
            let mut documented: Vec<&str> = group.fields.iter().map(|field| field.name).collect();
            known.sort_unstable();
            documented.sort_unstable();
            assert_eq!(documented, known, "give the keys of `{}` a row each in keys.rs", group.name);
        }
        assert_eq!(KEY_GROUPS.len(), known.len(), "a group is missing in keys.rs");
    }
}
