//! What a run needs to know of the process around it, gathered once so that nothing below reads it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use spile_config::{Converted, Options, Registries, Resolved};
use spile_core::{Destination, DestinationPlan, Error, ErrorKind, Result, Severity};
use spile_load::OpenOptions;

/// Environment variables and folders, read once.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// The folder that relative paths and `.dlt` are looked up in.
    pub working_directory: PathBuf,
}

impl Environment {
    /// Reads the environment of this process. Variables that are not Unicode are left out.
    pub fn from_process() -> Result<Self> {
        let working_directory = std::env::current_dir().map_err(|error| {
            Error::new(ErrorKind::State, "state/io", "could not read the current folder").source_error(error)
        })?;
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Ok(Self { variables, working_directory })
    }

    /// Returns a variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").or_else(|| self.variable("USERPROFILE")).map(PathBuf::from)
    }

    fn cache_directory(&self) -> Option<PathBuf> {
        let base = self
            .variable("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(self.home()?.join(".cache")))?;
        Some(base.join("spile"))
    }
}

/// Spile's own components.
const REGISTRIES: Registries =
    Registries { paginators: &spile_extract::PAGINATORS, auths: &spile_extract::AUTHS };

/// Reads a config of any dialect and resolves it, with Spile's own paginators and auths.
pub fn load_config(path: &Path, options: &Options, environment: &Environment) -> Resolved {
    spile_config::load(path, options, &config_environment(environment), &REGISTRIES)
}

/// Reads a config and writes it in the dialect with the name `to`.
pub fn convert_config(path: &Path, to: &str, block: Option<usize>, environment: &Environment) -> Converted {
    spile_config::convert(path, to, block, &config_environment(environment))
}

/// Returns the JSON Schema of the config language, for editors.
pub fn config_schema() -> serde_json::Value {
    spile_config::schema(&REGISTRIES)
}

fn config_environment(environment: &Environment) -> spile_config::Environment {
    let global_directory = environment
        .variable("DLT_DATA_DIR")
        .map(PathBuf::from)
        .or_else(|| environment.home().map(|home| home.join(".dlt")));
    spile_config::Environment {
        variables: environment.variables.clone(),
        working_directory: environment.working_directory.clone(),
        global_directory,
        now_microseconds: now_microseconds(),
    }
}

/// Returns the current time; a clock before 1970 counts as 1970.
fn now_microseconds() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_micros()).unwrap_or(i64::MAX)
}

/// Where a run keeps its work and how it loads.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Folder that holds one folder per pipeline; `.spile` in the working directory by default.
    pub work_directory: PathBuf,
    /// An interrupted load older than this many hours is started anew, since an API's pages shift in time.
    pub resume_hours_max: u64,
    /// An explicit DuckDB library.
    pub duckdb_library: Option<PathBuf>,
    /// Folders that are searched for a DuckDB library.
    pub library_search: Vec<PathBuf>,
    /// Where an embedded library is unpacked.
    pub cache_directory: Option<PathBuf>,
    /// Memory that DuckDB may use.
    pub duckdb_memory_bytes: Option<u64>,
    /// Whether SIGINT and SIGTERM end the run in order: what is fetched is staged, then the run fails as interrupted.
    pub stop_on_signal: bool,
}

impl RunOptions {
    /// Takes the options from environment variables (`SPILE_WORKDIR`, `SPILE_DUCKDB_LIBRARY`), else the defaults.
    pub fn from_environment(environment: &Environment) -> Self {
        let work_directory = environment.variable("SPILE_WORKDIR").unwrap_or(".spile");
        let beside_binary =
            std::env::current_exe().ok().and_then(|path| path.parent().map(Path::to_path_buf));
        let cache_directory = environment.cache_directory();
        let mut library_search: Vec<PathBuf> = beside_binary.into_iter().collect();
        if let Some(cache) = &cache_directory {
            library_search.push(cache.join("duckdb"));
        }
        Self {
            work_directory: environment.working_directory.join(work_directory),
            resume_hours_max: 24,
            duckdb_library: environment.variable("SPILE_DUCKDB_LIBRARY").map(PathBuf::from),
            library_search,
            cache_directory,
            duckdb_memory_bytes: None,
            stop_on_signal: false,
        }
    }
}

/// Opens a destination for one dataset.
pub fn open_destination(
    plan: &DestinationPlan,
    dataset: &str,
    options: &RunOptions,
    read_only: bool,
) -> Result<Box<dyn Destination>> {
    spile_load::open(
        plan,
        &OpenOptions {
            dataset: dataset.to_owned(),
            read_only,
            memory_limit_bytes: options.duckdb_memory_bytes,
            threads: None,
            duckdb_library: options.duckdb_library.clone(),
            library_search: options.library_search.clone(),
            cache_directory: options.cache_directory.clone(),
        },
    )
}

/// Finds the dataset of a pipeline without its config, by the rules of a run: as `--destination` and `--dataset` say,
/// else as the settings say, else the defaults.
pub fn locate_dataset(
    pipeline: &str,
    destination: Option<&str>,
    dataset: Option<&str>,
    environment: &Environment,
) -> Result<(DestinationPlan, String)> {
    let options = Options {
        destination: destination.map(str::to_owned),
        dataset: dataset.map(str::to_owned),
        ..Options::default()
    };
    spile_config::locate(pipeline, &options, &config_environment(environment), &REGISTRIES).map_err(
        |findings| match findings.into_iter().find(|finding| finding.severity == Severity::Error) {
            Some(finding) => {
                let error = Error::new(ErrorKind::Config, finding.code, finding.message);
                match finding.hint {
                    Some(hint) => error.hint(hint),
                    None => error,
                }
            }
            None => Error::new(
                ErrorKind::Bug,
                "config/internal",
                "the destination gave neither a place nor an error",
            ),
        },
    )
}
