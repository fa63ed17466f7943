//! The calls that matter: `rest_api_source(...)`, `rest_api_resources(...)`, `dlt.pipeline(...)` and `pipeline.run(...)`.

use ruff_python_ast::{ExprCall, Keyword};
use ruff_text_size::Ranged;
use spile_core::{Diagnostic, Key, Node, Span, Value};

use super::interpret::Interpreter;
use super::object::Object;
use super::span;
use crate::dialects::SourceConfig;
use crate::fields::{nearest, not_supported};

/// A source and the keyword arguments beside its config.
pub(super) struct CapturedSource {
    config: Option<Node>,
    pub(super) settings: Vec<(Key, Node)>,
    /// Pages of each resource, by `add_limit`.
    limit: Option<u64>,
    at: Span,
}

impl CapturedSource {
    /// Adds resources to those of the config.
    pub(super) fn add(&mut self, added: Vec<Node>) {
        let Some(Node { value: Value::Map(entries), .. }) = &mut self.config else { return };
        if let Some((_, Node { value: Value::List(items), .. })) =
            entries.iter_mut().find(|(key, _)| key.name == "resources")
        {
            items.extend(added);
        }
    }
}

/// A pipeline's names.
pub(super) struct CapturedPipeline {
    settings: Vec<(Key, Node)>,
    at: Span,
}

impl CapturedPipeline {
    fn name(&self) -> Option<String> {
        let (_, node) = self.settings.iter().find(|(key, _)| key.name == "pipeline")?;
        node.as_str().map(str::to_owned)
    }
}

/// The arguments of `rest_api_source` in order.
const SOURCE_ARGUMENTS: [&str; 8] = [
    "config",
    "name",
    "section",
    "max_table_nesting",
    "root_key",
    "schema",
    "schema_contract",
    "parallelized",
];

impl<'p> Interpreter<'p, '_> {
    pub(super) fn capture_source(&mut self, call: &'p ExprCall) -> Object<'p> {
        let at = span(self.reading, call.range());
        let mut config = None;
        let mut settings = Vec::new();
        let positional = SOURCE_ARGUMENTS.iter().map(|name| (*name).to_owned()).zip(&*call.arguments.args);
        let mut given: Vec<(String, Span, _)> =
            positional.map(|(name, value)| (name, span(self.reading, value.range()), value)).collect();
        for keyword in &call.arguments.keywords {
            let Some(name) = self.keyword_name(keyword) else { continue };
            given.push((name, span(self.reading, keyword.range()), &keyword.value));
        }
        for (name, at, value) in given {
            if !SOURCE_ARGUMENTS.contains(&name.as_str()) {
                let near = nearest(&name, SOURCE_ARGUMENTS.into_iter());
                let known = SOURCE_ARGUMENTS.join(", ");
                let diagnostic = Diagnostic::error(
                    "config/unknown-field",
                    format!("rest_api_source has no argument `{name}`"),
                )
                .at(&at);
                self.diagnostics.push(match near {
                    Some(near) => {
                        diagnostic.label(format!("did you mean `{near}`?")).hint(format!("Write `{near}`."))
                    }
                    None => diagnostic.hint(format!("Its arguments are {known}.")),
                });
                continue;
            }
            let Some(node) = self.evaluate_node(value) else { continue };
            if name == "config" {
                config = Some(node);
            } else {
                settings.push((Key { name, span: at }, node));
            }
        }
        self.sources.push(CapturedSource { config, settings, limit: None, at });
        Object::Source
    }

    pub(super) fn capture_pipeline(&mut self, call: &'p ExprCall) -> Object<'p> {
        let names = ["pipeline_name", "pipelines_dir", "pipeline_salt", "destination"];
        let mut settings = Vec::new();
        let positional = names.iter().map(|name| (*name).to_owned()).zip(&*call.arguments.args);
        let mut given: Vec<(String, Span, _)> =
            positional.map(|(name, value)| (name, span(self.reading, value.range()), value)).collect();
        for keyword in &call.arguments.keywords {
            let Some(name) = self.keyword_name(keyword) else { continue };
            given.push((name, span(self.reading, keyword.range()), &keyword.value));
        }
        for (name, at, value) in given {
            let setting = match name.as_str() {
                "pipeline_name" => "pipeline",
                "destination" => "destination",
                "dataset_name" => "dataset",
                "refresh" => "refresh",
                "dev_mode" | "full_refresh" => "dev_mode",
                // These decide where dlt keeps its files and how it talks, not what it loads.
                "progress" | "pipelines_dir" => continue,
                "import_schema_path" => "import_schema_path",
                "export_schema_path" => "export_schema_path",
                _ => {
                    if !matches!(self.evaluate(value), Some(Object::Node(node)) if is_off(&node)) {
                        let what = format!("`{name}` of dlt.pipeline");
                        self.diagnostics.push(not_supported(&what, &at).hint("Remove the argument."));
                    }
                    continue;
                }
            };
            if let Some(node) = self.evaluate_node(value) {
                settings.push((Key { name: setting.to_owned(), span: at }, node));
            }
        }
        self.pipelines.push(CapturedPipeline { settings, at: span(self.reading, call.range()) });
        Object::Pipeline
    }

    /// Reads `pipeline.run(source)`. What else can be said there changes the load and is refused.
    pub(super) fn run_pipeline(&mut self, call: &'p ExprCall) -> Option<Object<'p>> {
        self.has_run = true;
        for argument in &call.arguments.args {
            let data = self.evaluate(argument)?;
            self.check_data(&data, argument)?;
        }
        for keyword in &call.arguments.keywords {
            let name = self.keyword_name(keyword)?;
            let value = self.evaluate(&keyword.value)?;
            match (name.as_str(), value) {
                ("data", data) => self.check_data(&data, keyword)?,
                (_, Object::Node(node)) if is_off(&node) => {}
                ("dataset_name" | "destination" | "loader_file_format" | "refresh", Object::Node(node)) => {
                    let setting = if name == "dataset_name" { "dataset" } else { name.as_str() };
                    let key = Key { name: setting.to_owned(), span: span(self.reading, keyword.range()) };
                    match self.pipelines.last_mut() {
                        Some(pipeline) => pipeline.settings.push((key, node)),
                        None => self.refuse("this call", keyword),
                    }
                }
                _ => {
                    let at = span(self.reading, keyword.range());
                    self.diagnostics.push(
                        not_supported(&format!("`{name}` of pipeline.run"), &at)
                            .hint("Say it in the config, per resource or in resource_defaults."),
                    );
                }
            }
        }
        self.runs.push((self.pipelines.len(), self.sources.len()));
        Some(Object::Opaque)
    }

    /// Of several pipelines keeps the one that was asked for by name, with the source that it runs.
    ///
    /// That is known when every pipeline is made, then its source, and then it is run, one after another, as in the
    /// template of `dlt init`.
    fn choose(&mut self) {
        let names: Vec<String> = self.pipelines.iter().filter_map(CapturedPipeline::name).collect();
        let in_turn = self.runs.iter().enumerate().all(|(index, run)| *run == (index + 1, index + 1));
        let complete = self.runs.len() == self.sources.len() && self.runs.len() == names.len();
        if self.sources.len() < 2 || !in_turn || !complete || names.len() != self.pipelines.len() {
            return;
        }
        match self.reading.pipeline.map(|wanted| names.iter().position(|name| name == wanted)) {
            Some(Some(index)) => {
                let (pipeline, source) = (self.pipelines.swap_remove(index), self.sources.swap_remove(index));
                (self.pipelines, self.sources) = (vec![pipeline], vec![source]);
            }
            wanted => {
                let options: Vec<String> = names.iter().map(|name| format!("`--pipeline {name}`")).collect();
                let problem = match wanted {
                    Some(_) => "the script has no pipeline of this name, but several others",
                    None => "the script runs several pipelines",
                };
                self.diagnostics.push(
                    Diagnostic::error("config/several-pipelines", problem)
                        .at(&self.pipelines[1].at)
                        .hint(format!("Choose one: {}.", options.join(" or "))),
                );
                self.sources.clear();
                self.pipelines.clear();
            }
        }
    }

    /// Refuses to run anything but sources: rows made by Python code would be missing without a word.
    fn check_data(&mut self, data: &Object<'p>, at: &impl Ranged) -> Option<()> {
        match data {
            Object::Source => Some(()),
            Object::Part => {
                let at = span(self.reading, at.range());
                self.diagnostics.push(
                    not_supported("a load of a part of a source", &at)
                        .hint("Load the source, and name its resources on the command line: RESOURCE..."),
                );
                None
            }
            Object::List(items, _) => {
                let items = items.borrow().clone();
                items.iter().try_for_each(|item| self.check_data(item, at))
            }
            other => self.refuse_expression(&format!("a load of {} instead of a source", other.kind()), at),
        }
    }

    /// Reads `rest_api_source(...).add_limit(pages)`: as in dlt it counts pages, and not those of children.
    pub(super) fn limit(&mut self, call: &'p ExprCall) -> Option<Object<'p>> {
        let pages = match (&*call.arguments.args, &*call.arguments.keywords) {
            ([pages], []) => match self.evaluate_node(pages)?.value {
                Value::Int(pages) => u64::try_from(pages).ok().filter(|pages| *pages > 0),
                // As in dlt None is no limit.
                Value::Null => return Some(Object::Source),
                _ => None,
            },
            _ => None,
        };
        match (pages, self.sources.last_mut()) {
            (Some(pages), Some(source)) => {
                source.limit = Some(pages);
                Some(Object::Source)
            }
            _ => self.refuse_expression("a limit of anything but a number of pages", call),
        }
    }

    pub(super) fn keyword_name(&mut self, keyword: &Keyword) -> Option<String> {
        let name = keyword.arg.as_ref().map(ToString::to_string);
        if name.is_none() {
            self.refuse("an unpacking of arguments", keyword);
        }
        name
    }

    /// Returns the one source, with the names of the one pipeline.
    pub(super) fn finish(mut self) -> Option<SourceConfig> {
        self.choose();
        let lines = |spans: Vec<&Span>| -> String {
            let lines: Vec<String> = spans.iter().map(|span| span.line_column().0.to_string()).collect();
            lines.join(" and ")
        };
        if self.sources.len() > 1 {
            let lines = lines(self.sources.iter().map(|source| &source.at).collect());
            self.diagnostics.push(
                Diagnostic::error(
                    "config/several-sources",
                    format!("the script makes several sources, on lines {lines}"),
                )
                .at(&self.sources[1].at)
                .hint("Keep one rest_api_source per file."),
            );
            return None;
        }
        if let [_, second, ..] = self.pipelines.as_slice() {
            let lines = lines(self.pipelines.iter().map(|pipeline| &pipeline.at).collect());
            self.diagnostics.push(
                Diagnostic::error(
                    "config/several-pipelines",
                    format!("the script makes several pipelines, on lines {lines}"),
                )
                .at(&second.at)
                .hint("Keep one dlt.pipeline per file."),
            );
            return None;
        }
        let Some(source) = self.sources.pop() else {
            if !self.diagnostics.has_errors() {
                self.diagnostics.push(
                    Diagnostic::error("config/no-source", "the script makes no REST API source")
                        .at(&self.reading.span(0, 0))
                        .hint(
                            "Call rest_api_source({...}) at the top level or in a function that is called.",
                        ),
                );
            }
            return None;
        };
        let page_limit = source.limit;
        let mut settings = source.settings;
        settings.extend(self.pipelines.pop().map(|pipeline| pipeline.settings).unwrap_or_default());
        if source.config.is_none() && !self.diagnostics.has_errors() {
            self.diagnostics.push(
                Diagnostic::error("config/missing-field", "the source has no config")
                    .at(&source.at)
                    .hint("Pass the dict as the first argument."),
            );
        }
        let mut config = source.config?;
        let functions = self.compile_functions(&mut config);
        Some(SourceConfig { config, settings, functions, page_limit })
    }
}

fn is_off(node: &Node) -> bool {
    matches!(node.value, Value::Null | Value::Bool(false))
}
