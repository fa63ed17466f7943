//! The entry: a path and options in, a plan and findings out.
//!
//! This module reads the config file and joins the steps; it knows no dialect and no rule of dlt.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use spile_core::{
    Auth, Diagnostic, Diagnostics, Paginator, Plan, Redactor, Registry, Severity, SourceFile, Span,
};

use crate::dialects::{self, Dialect, Reading};
use crate::fields::general_hint;
use crate::providers::Providers;
use crate::{resolve, set};

/// A config larger than this is not a config.
const CONFIG_BYTES_MAX: u64 = 4 << 20;

/// The components a config can name.
#[derive(Clone, Copy)]
pub struct Registries {
    /// Ways to walk pages.
    pub paginators: &'static Registry<dyn Paginator>,
    /// Ways to authenticate.
    pub auths: &'static Registry<dyn Auth>,
}

/// What the outside world knows, given by the caller so that the same input gives the same plan.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The environment variables.
    pub variables: BTreeMap<String, String>,
    /// Where relative paths start and where `.dlt/` is looked for.
    pub working_directory: PathBuf,
    /// dlt's settings of the user, `~/.dlt`.
    pub global_directory: Option<PathBuf>,
    /// The current time in microseconds since 1970, for scripts that ask for it.
    pub now_microseconds: i64,
}

/// What the command line says; it wins over the config.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Pipeline name.
    pub pipeline: Option<String>,
    /// Destination name or URL.
    pub destination: Option<String>,
    /// Dataset name.
    pub dataset: Option<String>,
    /// Overrides, each `path=value`.
    pub set: Vec<String>,
    /// Resources to run; empty means all.
    pub resources: Vec<String>,
    /// Stop each resource after this many pages.
    pub limit_pages: Option<u64>,
    /// Start of a backfill window: takes the place of the initial value of incremental resources.
    pub since: Option<String>,
    /// End of a backfill window: takes the place of their end value.
    pub until: Option<String>,
    /// What is taken away before: `drop_sources`, `drop_resources` or `drop_data`.
    pub refresh: Option<String>,
    /// Which block of a document holds the config, counted from 1.
    pub block: Option<usize>,
}

/// The outcome of [`load`].
#[derive(Debug)]
pub struct Resolved {
    /// The plan; `None` if and only if a finding is an error.
    pub plan: Option<Plan>,
    /// All findings, ordered by file and position.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads and resolves a config. Files are read, nothing else is touched; nothing is sent.
pub fn load(path: &Path, options: &Options, environment: &Environment, registries: &Registries) -> Resolved {
    let mut diagnostics = Diagnostics::new();
    match read_file(path, environment, &mut diagnostics) {
        Some(file) => load_file(path, &file, options, environment, registries, diagnostics),
        None => Resolved { plan: None, diagnostics: tidy(diagnostics, &Redactor::new(Vec::new())) },
    }
}

/// Reads and resolves a config that is in memory already. `path` names it and decides the dialect; it is not opened.
pub fn load_text(
    path: &Path,
    text: &str,
    options: &Options,
    environment: &Environment,
    registries: &Registries,
) -> Resolved {
    let file = SourceFile::new(path.display().to_string(), text);
    load_file(path, &file, options, environment, registries, Diagnostics::new())
}

fn load_file(
    path: &Path,
    file: &Arc<SourceFile>,
    options: &Options,
    environment: &Environment,
    registries: &Registries,
    mut diagnostics: Diagnostics,
) -> Resolved {
    let mut providers = Providers::read(environment, &mut diagnostics);
    let request = (path, file, options);
    let plan = read_and_resolve(request, environment, registries, &mut providers, &mut diagnostics);
    let plan = if diagnostics.has_errors() { None } else { plan };
    if plan.is_none() && !diagnostics.has_errors() {
        diagnostics.push(Diagnostic::error("config/internal", "the config gave neither a plan nor an error"));
    }
    Resolved { plan, diagnostics: tidy(diagnostics, &providers.redactor()) }
}

fn read_and_resolve(
    (path, file, options): (&Path, &Arc<SourceFile>, &Options),
    environment: &Environment,
    registries: &Registries,
    providers: &mut Providers,
    diagnostics: &mut Diagnostics,
) -> Option<Plan> {
    let dialect = dialects::for_path(path, diagnostics)?;
    check_options(dialect, options, diagnostics);
    let reading = Reading {
        file,
        text: &file.text,
        environment,
        providers,
        block: options.block,
        pipeline: options.pipeline.as_deref(),
    };
    let mut source = dialect.read(&reading, diagnostics)?;
    // What could not be evaluated is missing from the tree; resolving it would report the gaps as mistakes.
    if dialect.is_evaluated() && diagnostics.has_errors() {
        return None;
    }
    let arguments = set::apply(&mut source, &options.set, diagnostics);
    let stem =
        path.file_stem().map_or_else(|| "spile".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let request =
        resolve::Request { source: &source, arguments: &arguments, stem: &stem, options, environment };
    resolve::resolve(&request, registries, providers, diagnostics)
}

/// Reports options that cannot have their effect.
fn check_options(dialect: &Dialect, options: &Options, diagnostics: &mut Diagnostics) {
    if options.block.is_some() && dialect.name != "document" {
        diagnostics.push(
            Diagnostic::error("config/unknown-block", "only documents have blocks to choose from")
                .hint("Drop `--block`."),
        );
    }
    if options.limit_pages == Some(0) {
        diagnostics.push(
            Diagnostic::error("config/invalid-value", "a limit of no pages leaves nothing to read")
                .hint("Say `--limit-pages 1` or more."),
        );
    }
}

pub(crate) fn read_file(
    path: &Path,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Option<Arc<SourceFile>> {
    let shown = path.display();
    let full = environment.working_directory.join(path);
    let found = std::fs::metadata(&full).and_then(|metadata| {
        if metadata.len() > CONFIG_BYTES_MAX { Ok(None) } else { std::fs::read(&full).map(Some) }
    });
    let bytes = match found {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            diagnostics.push(
                Diagnostic::error("config/too-large", format!("{shown} is larger than 4 MiB"))
                    .hint("Check that this is the config and not its data."),
            );
            return None;
        }
        Err(error) => {
            diagnostics.push(
                Diagnostic::error("config/unreadable", format!("reading {shown} failed: {error}"))
                    .hint("Check the path; it is relative to the working directory."),
            );
            return None;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => {
            // Editors do not count a byte order mark, so positions do not either.
            let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
            Some(SourceFile::new(shown.to_string(), text))
        }
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            diagnostics.push(
                Diagnostic::error("config/not-utf8", format!("{shown} is not UTF-8 text (byte {offset})"))
                    .hint("Save the file as UTF-8."),
            );
            None
        }
    }
}

/// More findings than anybody reads at once. Each takes a walk through the file to be shown.
const FINDINGS_MAX: usize = 500;

/// Leaves out what is beyond [`FINDINGS_MAX`], warnings first, and says so.
fn most_important(list: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if list.len() <= FINDINGS_MAX {
        return list;
    }
    let more = list.len() - FINDINGS_MAX;
    let (errors, warnings): (Vec<_>, Vec<_>) =
        list.into_iter().partition(|found| found.severity == Severity::Error);
    let mut kept = Diagnostics::new();
    errors.into_iter().chain(warnings).take(FINDINGS_MAX).for_each(|found| kept.push(found));
    kept.push(
        Diagnostic::warning("config/too-many-findings", format!("{more} more findings are not shown"))
            .hint("Mend these first."),
    );
    kept.into_sorted()
}

/// Findings about a text that could not be completed, so that what else is wrong with it says nothing.
const UNREAD: [&str; 2] = ["config/missing-variable", "config/invalid-placeholder"];

/// Removes repetitions (one default, many resources), what only follows from an unread text, and every secret value, and
/// sorts.
pub(crate) fn tidy(diagnostics: Diagnostics, redactor: &Redactor) -> Vec<Diagnostic> {
    let mut seen = BTreeSet::new();
    let mut list = most_important(diagnostics.into_sorted());
    let unread: Vec<Span> = list
        .iter()
        .filter(|found| UNREAD.contains(&found.code))
        .filter_map(|found| found.span.clone())
        .collect();
    list.retain_mut(|diagnostic| {
        let follows = diagnostic.span.as_ref().is_some_and(|span| {
            unread.iter().any(|unread| {
                Arc::ptr_eq(&unread.file, &span.file) && unread.start <= span.start && span.end <= unread.end
            })
        });
        if follows && !UNREAD.contains(&diagnostic.code) {
            return false;
        }
        diagnostic.message = redactor.redact(&diagnostic.message);
        diagnostic.label = diagnostic.label.take().map(|label| redactor.redact(&label));
        let hint = diagnostic.hint.take().unwrap_or_else(|| general_hint(diagnostic.code).to_owned());
        diagnostic.hint = Some(redactor.redact(&hint));
        let place = diagnostic.span.as_ref().map(|span| (span.file.name.clone(), span.start, span.end));
        seen.insert((place, diagnostic.code, diagnostic.message.clone()))
    });
    list
}
