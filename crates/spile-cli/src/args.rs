//! The command line. Its words are a contract: scripts depend on them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Runs dlt REST API configs unchanged, fast, and without losing a page.
#[derive(Debug, Parser)]
#[command(name = "spile", version, max_term_width = 110, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a config into a destination.
    Run(RunArgs),
    /// Reports everything that can be known about a config without the network.
    Check(CheckArgs),
    /// Draws the plan of a config: first requests, pages, cursors, tables, and where values were found. No network.
    Explain(CheckArgs),
    /// Writes a config in another dialect on standard output.
    Convert(ConvertArgs),
    /// Writes a commented config to start from.
    Init(InitArgs),
    /// Shows tables, row counts, loads and the last verdict of a pipeline's dataset.
    Show(ShowArgs),
    /// Lists what a config can name.
    List(ListArgs),
    /// Prints a schema: of the config language, or of a dataset.
    #[command(subcommand)]
    Schema(SchemaKind),
    /// Starts a small local API and runs two configs against it.
    Demo(DemoArgs),
    /// Fetches a page of each resource and shows requests, answers and the tables they would become. Loads nothing.
    Preview(PreviewArgs),
    #[command(hide = true)]
    Tape(LaterArgs),
    /// Shows, exports and imports the incremental state of a pipeline.
    #[command(subcommand)]
    State(StateAction),
}

/// How to find and read a config.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// The config: .py, .yaml, .toml, .json, or a document (.md, .txt) with the config in a fenced block.
    pub(crate) config: PathBuf,
    /// Only these resources.
    #[arg(value_name = "RESOURCE")]
    pub(crate) resources: Vec<String>,
    /// Name of the pipeline [default: the config file's stem].
    #[arg(long, value_name = "NAME")]
    pub(crate) pipeline: Option<String>,
    /// A name resolved through config and secrets, or a URL (`duckdb:///file.duckdb`) [default: duckdb, in
    /// ./<pipeline>.duckdb].
    #[arg(long, value_name = "SPEC")]
    pub(crate) destination: Option<String>,
    /// Name of the dataset [default: <pipeline>_dataset].
    #[arg(long, value_name = "NAME")]
    pub(crate) dataset: Option<String>,
    /// Overrides any config value, repeatable (`--set client.base_url=http://127.0.0.1:8080/v2`).
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// Which fenced block of a document, from 1.
    #[arg(long, value_name = "N")]
    pub(crate) block: Option<usize>,
    /// What is printed on standard output.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Stops each resource after N pages; the verdict then says "limited".
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit_pages: Option<u64>,
    /// Start of the backfill window of incremental resources.
    #[arg(long, value_name = "VALUE")]
    pub(crate) since: Option<String>,
    /// End of the backfill window of incremental resources.
    #[arg(long, value_name = "VALUE")]
    pub(crate) until: Option<String>,
    /// What is taken away when this run's load is committed: tables and state of the whole source, of the resources that
    /// are run, or only their rows and state.
    #[arg(long, value_name = "MODE", value_parser = ["drop_sources", "drop_resources", "drop_data"])]
    pub(crate) refresh: Option<String>,
    /// How progress is shown on standard error.
    #[arg(long, value_enum, default_value_t = ProgressMode::Auto)]
    pub(crate) progress: ProgressMode,
    /// Folder for pages under way and the ledgers of past loads [default: .spile, or `SPILE_WORKDIR`].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) workdir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct PreviewArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Pages of each resource.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit_pages: u64,
    /// Rows of each table that are shown.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) rows: usize,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// The config to read.
    pub(crate) config: PathBuf,
    /// The dialect to write: json, python, toml or yaml.
    #[arg(long, value_name = "DIALECT")]
    pub(crate) to: String,
    /// Which fenced block of a document, from 1.
    #[arg(long, value_name = "N")]
    pub(crate) block: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The file to write; it must not exist.
    #[arg(default_value = "pipeline.yaml")]
    pub(crate) file: PathBuf,
}

/// How to find the dataset of a pipeline without its config.
#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// Name of the pipeline.
    pub(crate) pipeline: String,
    /// Where the dataset is: a DuckDB file or a URL [default: ./<pipeline>.duckdb].
    #[arg(long, value_name = "SPEC")]
    pub(crate) destination: Option<String>,
    /// Name of the dataset [default: <pipeline>_dataset].
    #[arg(long, value_name = "NAME")]
    pub(crate) dataset: Option<String>,
    /// Folder of past ledgers [default: .spile, or `SPILE_WORKDIR`].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) workdir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// What is printed on standard output.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

/// What is done with a state.
#[derive(Debug, Subcommand)]
pub(crate) enum StateAction {
    /// Shows the cursors that the next run starts from.
    Show(ShowArgs),
    /// Writes the state on standard output, as one JSON document.
    Export(PlaceArgs),
    /// Stores the cursors of an exported document, as the next version of the state.
    Import(StateImportArgs),
}

#[derive(Debug, Args)]
pub(crate) struct StateImportArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// The document; `-` for standard input.
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Which table.
    #[arg(value_enum)]
    pub(crate) what: Listing,
    /// What is printed on standard output.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

/// What a schema describes.
#[derive(Debug, Subcommand)]
pub(crate) enum SchemaKind {
    /// The config language, as a JSON Schema for editors that complete and check configs.
    Config,
    /// The dataset of a pipeline, as dlt's schema files have it.
    Dataset(DatasetSchemaArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DatasetSchemaArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Name of the schema, which is that of the source [default: that of the last load].
    #[arg(long, value_name = "NAME")]
    pub(crate) schema: Option<String>,
    /// What is printed on standard output.
    #[arg(long, value_enum, default_value_t = SchemaOutput::Yaml)]
    pub(crate) output: SchemaOutput,
}

/// How a dataset's schema is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOutput {
    /// As in `import_schema_path` and `export_schema_path`.
    Yaml,
    /// As it is stored.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Only serves the API, until interrupted.
    #[arg(long)]
    pub(crate) serve: bool,
    /// Port of the API [default: any free one].
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) port: u16,
    /// Calls that the first API has.
    #[arg(long, value_name = "N", default_value_t = 2_500)]
    pub(crate) records: u64,
    /// Milliseconds that each answer takes.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) latency_ms: u64,
    /// The DuckDB file that the demo loads into.
    #[arg(long, value_name = "FILE", default_value = "spile_demo.duckdb")]
    pub(crate) database: PathBuf,
}

/// Whatever follows the name of a command that is not there yet.
#[derive(Debug, Args)]
pub(crate) struct LaterArgs {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) rest: Vec<String>,
}

/// What standard output holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressMode {
    /// A bar on a terminal, a line now and then elsewhere.
    Auto,
    /// A bar.
    Bar,
    /// A line per event worth a line.
    Log,
    /// Nothing.
    None,
}

/// The tables of components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listing {
    /// Ways to walk pages.
    Paginators,
    /// Ways to authenticate.
    Auths,
    /// Places to load into.
    Destinations,
    /// Config languages.
    Dialects,
    /// Naming conventions: what tables and columns are called.
    Namings,
}
