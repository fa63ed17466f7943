//! The nouns of Spile: values that travel along the line, the traits that components implement, and nothing that does
//! I/O.
//!
//! ```text
//! config ──▶ plan ──▶ pages ──▶ batches ──▶ package ──▶ receipt ──▶ report
//! ```
//!
//! Every stage crate depends on this one and on no other of ours. Invariant: no module here reads the clock, the
//! environment, a file or a socket.

mod auth;
mod batch;
mod body;
mod decoder;
mod destination;
mod diagnostic;
mod error;
mod event;
mod family;
mod function;
mod incremental;
mod json;
mod json_path;
mod limits;
mod manners;
mod merge;
mod naming;
mod network;
mod node;
mod package;
mod page;
mod paginate;
mod plan;
mod refresh;
mod registry;
mod report;
mod request;
mod schema;
mod secret;
mod span;
mod verdict;

pub use auth::{Auth, Credential, CredentialPlace, Grant, Token, TokenRequest};
pub use batch::{Batch, ROOT_LINK, SchemaChange};
pub use body::{BodyTemplate, DataTemplate};
pub use decoder::{BodyFormat, DecoderPlan};
pub use destination::{Capabilities, Destination, IdentifierRules, Receipt, Stored, StoredLoad, StoredTable};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use error::{Error, ErrorKind, Result};
pub use event::{Event, Observer};
pub use family::{FamilyEvidence, FamilyPlan, Offer, ParentPlan, ParentRow};
pub use function::{
    CursorConvert, FunctionRef, HookVerdict, HookedAnswer, ResponseHook, RowSource, RowSteps, TableChoice,
};
pub use incremental::{
    CursorBound, CursorFormat, IncrementalPlan, MissingCursor, RangeEdge, RowOrder, StepPlan, Stride,
    WindowPart,
};
pub use json::{Document, Json, JsonError, JsonKind};
pub use json_path::{JsonPath, JsonPathError, Match, Matches};
pub use limits::Limits;
pub use manners::{ActionEffect, Manners, RateLimit, ResponseAction};
pub use merge::{BoundaryTimestamp, MERGE_STRATEGY_PROPERTY, MergePlan, MergeStrategy, VersionsPlan};
pub use naming::{EMPTY_IDENTIFIER, NAMING_CONVENTIONS, Naming, NamingConvention};
pub use network::{NetworkPlan, ProxyPlan};
pub use node::{Key, Node, Reference, Store, Value};
pub use package::{Manifest, PackageState, SealedPackage, SegmentFile, TableLoad};
pub use page::{Page, PageEvidence, PageId, Totals};
pub use paginate::{Ahead, Paginator, Position, Step, StopReason};
pub use plan::{
    AskedBounds, ClientPlan, ColumnHint, DestinationPlan, LoadPlan, Method, NestedHints, ParamValue, Plan,
    Provenance, ResourcePlan, RetryPlan, SchemaFiles, TemplatePart, WriteDisposition,
};
pub use refresh::{Clearing, Refresh};
pub use registry::{Def, FieldDoc, Registry};
pub use report::{ReportStatus, ResourceReport, RunReport, TableReport};
pub use request::{FormBody, RequestDraft, ResponseView};
pub use schema::{ColumnSchema, ContractMode, DataType, Schema, SchemaContract, TableSchema};
pub use secret::{Redactor, Secret, redact_url};
pub use span::{SourceFile, Span};
pub use verdict::{Verdict, VerdictStatus};
