//! The resolved config: total, immutable, free of the dialect it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::{Origin, Url};

use crate::auth::{Auth, Credential};
use crate::body::{BodyTemplate, DataTemplate};
use crate::decoder::DecoderPlan;
use crate::family::FamilyPlan;
use crate::function::{RowSource, RowSteps, TableChoice};
use crate::incremental::IncrementalPlan;
use crate::json_path::JsonPath;
use crate::limits::Limits;
use crate::manners::{Manners, ResponseAction};
use crate::merge::MergePlan;
use crate::naming::NamingConvention;
use crate::network::NetworkPlan;
use crate::paginate::Paginator;
use crate::refresh::Refresh;
use crate::schema::{DataType, SchemaContract};
use crate::secret::{Redactor, Secret};

/// The HTTP methods dlt knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
}

/// How rows enter a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WriteDisposition {
    /// Rows are added.
    Append,
    /// Rows take the place of what was there.
    Replace,
    /// Rows take the place of rows with the same key.
    Merge,
}

impl WriteDisposition {
    /// Returns dlt's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Replace => "replace",
            Self::Merge => "merge",
        }
    }
}

/// A piece of an interpolated text.
#[derive(Debug, Clone, PartialEq)]
pub enum TemplatePart {
    /// As it stands.
    Text(String),
    /// `{incremental.start_value}`.
    IncrementalStart,
    /// `{incremental.last_value}`.
    IncrementalLast,
    /// `{incremental.initial_value}`.
    IncrementalInitial,
    /// `{incremental.end_value}`.
    IncrementalEnd,
    /// `{resources.parent.field}`: the offered value of that name.
    Parent(String),
}

/// The value of a query parameter or header.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// Known at resolve time.
    Literal(String),
    /// Known when the run starts.
    Template(Vec<TemplatePart>),
}

/// When and how often a request is sent again.
#[derive(Debug, Clone)]
pub struct RetryPlan {
    /// Statuses that are sent again.
    pub statuses: Vec<u16>,
    /// Whether every 5xx counts as one of them.
    pub all_server_errors: bool,
    /// Retries after the first attempt.
    pub retries_max: u32,
    /// Waits are `base * 2^n` seconds: the first one.
    pub backoff_seconds: f64,
    /// Longest wait of one back-off.
    pub wait_seconds_max: f64,
    /// Whether waits are spread by up to a quarter, so that clients do not march in step.
    pub jitter: bool,
    /// Total time that one request may spend waiting on 429 answers, apart from the other retries.
    pub rate_limit_wait_seconds_max: f64,
    /// Time for connecting, and for each read.
    pub timeout_seconds: f64,
}

/// What all resources share.
#[derive(Debug, Clone)]
pub struct ClientPlan {
    /// The base URL.
    pub base_url: Url,
    /// Origins that may see credentials: the base URL's and those the config names.
    pub trusted_origins: Vec<Origin>,
    /// `client.headers`. They may hold secrets, so they are credentials: only trusted origins see them.
    pub headers: Vec<Credential>,
    /// Retries and timeouts.
    pub retry: RetryPlan,
    /// How much at once and how fast.
    pub manners: Manners,
    /// Proxies and certificates.
    pub network: NetworkPlan,
}

/// A declared column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnHint {
    /// The name as written.
    pub name: String,
    /// Declared type.
    pub data_type: Option<DataType>,
    /// Declared nullability.
    pub nullable: Option<bool>,
    /// All other hints as written (`primary_key`, `precision`, ...).
    pub hints: BTreeMap<String, Value>,
}

/// Declared columns of a table of nested rows.
#[derive(Debug, Clone, PartialEq)]
pub struct NestedHints {
    /// The key of the lists as written: one part, which follows the name of the resource's table.
    pub name: String,
    /// Declared columns.
    pub columns: Vec<ColumnHint>,
    /// As [`LoadPlan::table_hints`].
    pub table_hints: Vec<(String, Value)>,
}

/// How a resource is loaded.
#[derive(Debug, Clone)]
pub struct LoadPlan {
    /// Table name as written; the normaliser makes it an identifier.
    pub table: String,
    /// Chooses another table for each row; [`Self::table`] then has no rows.
    pub table_choice: Option<Arc<dyn TableChoice>>,
    /// How rows enter.
    pub write_disposition: WriteDisposition,
    /// How a merge finds what it replaces.
    pub merge: MergePlan,
    /// Primary key as written.
    pub primary_key: Vec<String>,
    /// Merge key as written.
    pub merge_key: Vec<String>,
    /// Declared columns.
    pub columns: Vec<ColumnHint>,
    /// Hints of nested tables, in the order as written.
    pub nested_hints: Vec<NestedHints>,
    /// Levels that become tables and columns; `None`: dlt's default of 1000.
    pub max_table_nesting: Option<u32>,
    /// What data that would change the schema may do; `None`: what the stored table says, else everything.
    pub schema_contract: Option<SchemaContract>,
    /// Hints of the table that are kept in the schema and decide nothing here: `references`, `table_format`,
    /// `file_format`, in dlt's stored form with names as written.
    pub table_hints: Vec<(String, Value)>,
}

/// One resource, ready to run.
#[derive(Debug, Clone)]
pub struct ResourcePlan {
    /// Its name as written.
    pub name: String,
    /// Where its rows come from when the script makes them: nothing is requested, and what describes requests says nothing.
    pub rows: Option<Arc<dyn RowSource>>,
    /// GET or POST.
    pub method: Method,
    /// Joined, bound and encoded; its own query is kept. The base URL when the target is a template.
    pub url: Url,
    /// The whole target when a part of it is known later; what is filled in is encoded.
    pub target: Option<Vec<TemplatePart>>,
    /// Query parameters in order; a null one was left out.
    pub params: Vec<(String, ParamValue)>,
    /// Endpoint headers in order.
    pub headers: Vec<(String, ParamValue)>,
    /// Headers of the client that this endpoint does without.
    pub without_headers: Vec<String>,
    /// JSON body.
    pub json: Option<BodyTemplate>,
    /// A body that is not JSON; it goes before [`Self::json`].
    pub data: Option<DataTemplate>,
    /// Credentials to add, in order.
    pub auth: Vec<Arc<dyn Auth>>,
    /// How pages are walked.
    pub paginator: Arc<dyn Paginator>,
    /// What the answers' bodies are.
    pub decoder: DecoderPlan,
    /// Where the records are; `None`: found on the first page as dlt does.
    pub data_selector: Option<JsonPath>,
    /// What is done with answers before they are used, in order.
    pub actions: Vec<ResponseAction>,
    /// What is done with rows, before the incremental filter and before children see them.
    pub steps: Option<Arc<dyn RowSteps>>,
    /// Loading only what is new.
    pub incremental: Option<IncrementalPlan>,
    /// How rows are loaded.
    pub load: LoadPlan,
    /// Its parent and its children.
    pub family: FamilyPlan,
}

/// Which bounds of its window the requests of a resource carry. Only a row beyond such a bound means that the API ignores
/// the filter; without it, rows are filtered by Spile and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskedBounds {
    /// The start.
    pub start: bool,
    /// The end.
    pub end: bool,
}

impl ResourcePlan {
    /// Returns which bounds are asked for: as parameters, or inside templates anywhere in the request.
    pub fn asked_bounds(&self) -> AskedBounds {
        let is_start = |part: &TemplatePart| {
            matches!(part, TemplatePart::IncrementalStart | TemplatePart::IncrementalLast)
        };
        let is_end = |part: &TemplatePart| matches!(part, TemplatePart::IncrementalEnd);
        let plan = self.incremental.as_ref();
        AskedBounds {
            start: plan.is_some_and(|plan| plan.start.param.is_some()) || self.names(&is_start),
            end: plan.is_some_and(|plan| plan.end.param.is_some()) || self.names(&is_end),
        }
    }

    /// Returns whether a template of the request names something that `wanted` says yes to.
    fn names(&self, wanted: &dyn Fn(&TemplatePart) -> bool) -> bool {
        let pairs = self.params.iter().chain(&self.headers).map(|(_, value)| value);
        let mut values = pairs.chain(self.data.iter().flat_map(DataTemplate::values));
        values.any(|value| match value {
            ParamValue::Template(parts) => parts.iter().any(wanted),
            ParamValue::Literal(_) => false,
        }) || self.target.iter().flatten().any(wanted)
            || self.json.as_ref().is_some_and(|body| body.names(wanted))
    }
}

/// Where the data goes.
#[derive(Clone)]
pub struct DestinationPlan {
    /// The kind, a row of the destinations table: `duckdb`.
    pub kind: String,
    /// Path or URL; credentials inside it are why it does not print.
    pub location: Secret,
}

impl fmt::Debug for DestinationPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DestinationPlan({})", self.kind)
    }
}

/// Folders with the dataset's schema as a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaFiles {
    /// The schema starts from the file here.
    pub import: Option<PathBuf>,
    /// The file here is rewritten whenever the schema changes.
    pub export: Option<PathBuf>,
}

/// Where a secret or configuration value was found, for `check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// The key as asked for.
    pub key: String,
    /// Whether it is a secret.
    pub secret: bool,
    /// Where: an environment variable or a file.
    pub found_in: String,
}

/// A config that can run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The pipeline's name.
    pub pipeline: String,
    /// dlt's source and schema name: `rest_api` unless the config names it.
    pub source: String,
    /// The dataset, normalised by dlt's rule.
    pub dataset: String,
    /// The naming convention that is asked for; `None`: what the dataset has, else dlt's default.
    pub naming: Option<&'static NamingConvention>,
    /// Where to.
    pub destination: DestinationPlan,
    /// What all resources share.
    pub client: ClientPlan,
    /// Where the dataset's schema is a file too.
    pub schema_files: SchemaFiles,
    /// The resources in config order.
    pub resources: Vec<ResourcePlan>,
    /// Bounds.
    pub limits: Limits,
    /// Stop each resource after this many pages.
    pub page_limit: Option<u64>,
    /// Whether a backfill was asked for (`--since`): windows open at the initial value, whatever the stored state says.
    pub backfill: bool,
    /// What is taken away in the commit before the data of the run enters.
    pub refresh: Option<Refresh>,
    /// Whether every run has a dataset of its own (`dev_mode`); the name of the dataset ends with the time.
    pub dev_mode: bool,
    /// Hash of all that decides what is requested and stored; secrets enter by name, never by value.
    pub fingerprint: String,
    /// Every secret value that was resolved.
    pub redactor: Redactor,
    /// Where values came from.
    pub provenance: Vec<Provenance>,
}
