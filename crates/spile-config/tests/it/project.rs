//! A directory with a config, settings and an environment, and the checks made on what comes out of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use spile_config::{Environment, Options, Registries, Resolved, load};
use spile_core::{Plan, Position, RequestDraft, ResourcePlan};

use crate::components::{AUTHS, PAGINATORS};

pub(crate) struct Project {
    directory: tempfile::TempDir,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) options: Options,
}

impl Project {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            variables: BTreeMap::new(),
            options: Options::default(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn set(mut self, text: &str) -> Self {
        self.options.set.push(text.to_owned());
        self
    }

    pub(crate) fn load(&self, config: &str) -> Resolved {
        let environment = Environment {
            variables: self.variables.clone(),
            working_directory: self.path().to_owned(),
            global_directory: Some(self.path().join("home/.dlt")),
            // 2024-03-31 12:30:15 UTC.
            now_microseconds: 1_711_888_215_000_000,
        };
        let registries = Registries { paginators: &PAGINATORS, auths: &AUTHS };
        let resolved = load(Path::new(config), &self.options, &environment, &registries);
        let has_errors =
            resolved.diagnostics.iter().any(|found| found.severity == spile_core::Severity::Error);
        assert_eq!(resolved.plan.is_none(), has_errors, "a plan and no error, or an error and no plan");
        resolved
    }

    pub(crate) fn plan(&self, config: &str) -> Plan {
        let resolved = self.load(config);
        resolved.plan.unwrap_or_else(|| panic!("{}", render(&resolved.diagnostics)))
    }
}

/// Loads a YAML text on its own.
pub(crate) fn yaml(text: &str) -> Project {
    Project::new().file("c.yaml", text)
}

/// The findings, a line each: code, line:column, message, label, hint.
pub(crate) fn render(diagnostics: &[spile_core::Diagnostic]) -> String {
    let lines: Vec<String> = diagnostics
        .iter()
        .map(|found| {
            let (line, column) = found.span.as_ref().map_or((0, 0), spile_core::Span::line_column);
            let label = found.label.as_deref().unwrap_or("-");
            let hint = found.hint.as_deref().unwrap_or("-");
            format!("{} {line}:{column} {} | {label} | {hint}", found.code, found.message)
        })
        .collect();
    lines.join("\n")
}

/// What the paginator of a resource was given.
pub(crate) fn paging(resource: &ResourcePlan) -> String {
    let mut draft = draft(resource);
    resource.paginator.apply(&Position::Start, &mut draft).unwrap();
    draft.headers.remove(0).1
}

fn draft(resource: &ResourcePlan) -> RequestDraft {
    RequestDraft {
        method: resource.method,
        url: resource.url.clone(),
        params: Vec::new(),
        headers: Vec::new(),
        json: None,
        data: None,
        credentials: Vec::new(),
    }
}

/// What the credentials of a resource put on a request.
pub(crate) fn credentials(resource: &ResourcePlan) -> Vec<String> {
    let mut draft = draft(resource);
    for auth in &resource.auth {
        auth.apply(&mut draft).unwrap();
    }
    draft
        .credentials
        .iter()
        .map(|found| format!("{:?} {}: {}", found.place, found.name, found.value.expose()))
        .collect()
}

/// The seeds of the repository.
pub(crate) fn seed(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/seeds").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
