//! One run from plan to report.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use spile_core::{
    Capabilities, Destination, Event, Manifest, Naming, Observer, Plan, Result, RunReport, Schema, Stored,
    TableSchema, WriteDisposition,
};
use spile_extract::{AheadBudget, Counters, HttpTransport, Transport, Watch, WatchedTransport, Window};
use spile_normalize::Normalizer;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};

use crate::environment::{RunOptions, open_destination};
use crate::extraction::{self, Shared, Traffic};
use crate::ledger::{LEDGER_VERSION, Opened};
use crate::package::OpenPackage;
use crate::recover::{self, Expected};
use crate::schema_files::{self, Import};
use crate::starts::{self, Remembered, Unfinished};
use crate::state::Moved;
use crate::workdir::{self, Workdir};
use crate::{clock, history, refresh, reporting, staging, state};

/// Runs a plan. An error means that nothing of this run is visible at the destination; whatever was staged is gone on
/// with by the next run.
pub fn run(plan: &Plan, options: &RunOptions, observer: &Arc<dyn Observer>) -> Result<RunReport> {
    let started = Instant::now();
    let workdir = Workdir::open(&options.work_directory, &plan.pipeline)?;
    let mut destination = open_destination(&plan.destination, &plan.dataset, options, false)?;
    if plan.dev_mode {
        // As in dlt: what another run left was made for a dataset of its own.
        workdir.packages()?.iter().try_for_each(|folder| workdir::discard(folder))?;
    }
    let finished = recover::finish_sealed(&workdir, plan, &mut *destination, &**observer)?;
    let mut report = reporting::empty(plan, destination.location());
    for load in &finished {
        report.load_ids.push(load.package.manifest.load_id.clone());
        report.recovered_load_ids.push(load.package.manifest.load_id.clone());
    }
    // The interrupted run had this very plan, so finishing its load is all that this run was asked to do.
    let same_plan = finished.iter().rfind(|load| load.package.manifest.fingerprint == plan.fingerprint);
    let line = Line { plan, options, observer, workdir: &workdir, watch: None };
    let archived = match same_plan {
        Some(load) => {
            reporting::add_finished(&mut report, plan, load)?;
            Some(load.archived.clone())
        }
        None => line.run(destination, &mut report)?,
    };
    if let Err(error) = schema_files::export_stored(plan, options) {
        report.warnings.push(format!("{error}; what was loaded is committed"));
    }
    report.status = RunReport::status_of(&report.resources);
    report.seconds = started.elapsed().as_secs_f64();
    if let Some(archived) = archived {
        // The load is committed; a report that cannot be kept must not make it look failed.
        if let Err(error) = history::keep_report(&archived, &report) {
            report.warnings.push(format!("the report could not be kept in the work directory: {error}"));
        }
    }
    Ok(report)
}

/// What the steps of one run share.
pub(crate) struct Line<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a RunOptions,
    pub(crate) observer: &'a Arc<dyn Observer>,
    pub(crate) workdir: &'a Workdir,
    /// Is told of every exchange; `None` in runs that load.
    pub(crate) watch: Option<Arc<Watch>>,
}

/// The staged rows of a run with all that sealing them needs.
pub(crate) struct StagedLoad {
    pub(crate) package: OpenPackage,
    pub(crate) schema: Schema,
    roots: Vec<(String, WriteDisposition)>,
    pub(crate) traffic: BTreeMap<String, Traffic>,
    pub(crate) warnings: Vec<String>,
}

impl Line<'_> {
    /// Extracts, seals and commits. Returns where the load's ledger is kept, or `None` when there was nothing to load.
    fn run(
        &self,
        mut destination: Box<dyn Destination>,
        report: &mut RunReport,
    ) -> Result<Option<std::path::PathBuf>> {
        let stored = destination.restore(&self.plan.pipeline, &self.plan.source)?;
        // A package builds on what is there, whatever the run makes of it.
        let base = base_hash(&stored);
        let (stored, clearing) = refresh::apply(self.plan, stored);
        let Capabilities { name, identifiers, merges, integer_bits, .. } = destination.capabilities();
        if !merges {
            report.warnings.extend(self.merging_resources().map(|resource| {
                format!("{resource}: rows are appended; `merge` needs a database, and {name} is none")
            }));
        }
        // The destination is let go while pages are fetched: a DuckDB file that is open is locked for its readers.
        drop(destination);
        let Import { mut schema, is_missing, warnings } = self.first_schema(&stored)?;
        report.warnings.extend(warnings);
        let naming = Naming::new(schema.adopt_naming(self.plan.naming)?, identifiers);
        let declared = if is_missing { Some(self.declared(&schema, naming)?) } else { None };
        let package = self.open_package(&stored, base + &imported_hash(&schema), &report.destination)?;
        let staged = self.fill(package, &stored, schema, naming, integer_bits)?;
        reporting::add_staged(report, self.plan, &staged);
        let moved = self.moved(&staged.package);
        let state = state::advance(stored.state.as_ref(), self.plan, &moved, &self.reset_resources());
        let folder = staged.package.folder.clone();
        let mut schema = staged.schema;
        let stub = declared.map(|declared| schema_files::stub(&declared, &mut schema));
        spile_load::finalize_schema(&mut schema);
        let sealed = staged.package.seal(self.plan, &staged.roots, schema, (state, clearing))?;
        let Manifest { tables, state, clearing, .. } = &sealed.manifest;
        if tables.is_empty() && state.is_none() && clearing.is_empty() {
            workdir::discard(&folder)?;
            return Ok(None);
        }
        let load_id = sealed.manifest.load_id.clone();
        let rows =
            sealed.manifest.tables.iter().flat_map(|table| &table.segments).map(|(_, file)| file.rows).sum();
        self.observer.on_event(&Event::Loading { load_id: &load_id, rows });
        let mut destination =
            open_destination(&self.plan.destination, &self.plan.dataset, self.options, false)?;
        let receipt = destination.commit(&sealed)?;
        self.observer.on_event(&Event::Committed { load_id: &load_id });
        report.tables = reporting::tables(&receipt);
        report.clearing = sealed.manifest.clearing;
        report.load_ids.push(load_id);
        if let (Some(stub), Some(folder)) = (stub, &self.plan.schema_files.import)
            && let Err(error) = schema_files::export(folder, &stub, false)
        {
            report.warnings.push(format!("{error}; the load is committed"));
        }
        match self.workdir.archive(&folder) {
            Ok(archived) => Ok(Some(archived)),
            Err(error) => {
                report.warnings.push(format!(
                    "the load is committed, but its package could not be cleared away: {error}"
                ));
                Ok(None)
            }
        }
    }

    /// Goes on with an interrupted package or makes a new one; `base` is what it builds on.
    pub(crate) fn open_package(
        &self,
        stored: &Stored,
        base: String,
        destination: &str,
    ) -> Result<OpenPackage> {
        let now = clock::now();
        let expected = Expected {
            plan: self.plan,
            destination,
            base: &base,
            now,
            hours_max: self.options.resume_hours_max,
        };
        if let Some(package) = recover::resume(self.workdir, &expected, &**self.observer)? {
            return Ok(package);
        }
        let mut windows = BTreeMap::new();
        for resource in &self.plan.resources {
            let Some(incremental) = &resource.incremental else { continue };
            if incremental.per_parent {
                continue;
            }
            let before = state::cursor(
                stored.state.as_ref(),
                &self.plan.source,
                &resource.name,
                incremental.cursor_path.as_str(),
            );
            let before = before.filter(|_| starts::keeps_cursors(self.plan, resource));
            windows.insert(resource.name.clone(), Window::open(incremental, before, now)?);
        }
        let opened = Opened {
            version: LEDGER_VERSION,
            load_id: clock::load_id(now),
            pipeline: self.plan.pipeline.clone(),
            dataset: self.plan.dataset.clone(),
            destination: destination.to_owned(),
            fingerprint: self.plan.fingerprint.clone(),
            base,
            run_start: now.to_string(),
            windows,
        };
        OpenPackage::create(self.workdir, opened)
    }

    /// Fetches and stages every page that the package lacks.
    pub(crate) fn fill(
        &self,
        mut package: OpenPackage,
        stored: &Stored,
        schema: Schema,
        naming: Naming,
        integer_bits: &'static [u8],
    ) -> Result<StagedLoad> {
        let mut normalizer = Normalizer::new(schema, &package.opened.load_id, naming, &self.plan.limits)
            .with_integer_bits(integer_bits);
        normalizer.apply_changes(&package.changes);
        let mut roots = self.declare(&mut normalizer)?;
        let counters: BTreeMap<String, Arc<Counters>> =
            self.plan.resources.iter().map(|resource| (resource.name.clone(), Arc::default())).collect();
        let runtime = runtime()?;
        let starts = starts::starts(
            self.plan,
            &Remembered {
                opened: &package.opened,
                evidence: &package.evidence,
                offers: &|resource, from| package.offers(resource, from),
                state: stored.state.as_ref(),
            },
        )?;
        let outcome = self.transfer(&runtime, starts, &mut package, &mut normalizer, &counters);
        runtime.shutdown_background();
        let warnings = outcome?;
        let traffic =
            counters.iter().map(|(name, counters)| (name.clone(), extraction::traffic(counters))).collect();
        let schema = normalizer.schema().clone();
        self.add_further_roots(&schema, &mut roots);
        Ok(StagedLoad { package, schema, roots, traffic, warnings })
    }

    /// Adds the tables that rows chose, and those of earlier runs that `replace` empties, as in dlt: all of the resource's.
    fn add_further_roots(&self, schema: &Schema, roots: &mut Vec<(String, WriteDisposition)>) {
        for resource in self.plan.resources.iter().filter(|resource| !resource.family.hidden) {
            let disposition = resource.load.write_disposition;
            if disposition != WriteDisposition::Replace && resource.load.table_choice.is_none() {
                continue;
            }
            let of_resource = |table: &&TableSchema| {
                table.parent.is_none()
                    && table.properties.get("resource") == Some(&resource.name.as_str().into())
            };
            for table in schema.tables.values().filter(of_resource) {
                if !roots.iter().any(|(root, _)| *root == table.name) {
                    roots.push((table.name.clone(), disposition));
                }
            }
        }
    }

    /// Brings what the resources declare into the schema; returns their tables.
    pub(crate) fn declare(&self, normalizer: &mut Normalizer) -> Result<Vec<(String, WriteDisposition)>> {
        let mut roots = Vec::new();
        for resource in self.plan.resources.iter().filter(|resource| !resource.family.hidden) {
            let cursor_field = resource.incremental.as_ref().and_then(|plan| plan.cursor_path.single_field());
            let root = normalizer.add_resource(&resource.name, &resource.load, cursor_field)?;
            roots.extend(root.map(|root| (root, resource.load.write_disposition)));
        }
        Ok(roots)
    }

    /// Runs the network tasks and the staging thread until both are done; returns what is to be told.
    fn transfer(
        &self,
        runtime: &Runtime,
        starts: Vec<Unfinished>,
        package: &mut OpenPackage,
        normalizer: &mut Normalizer,
        counters: &BTreeMap<String, Arc<Counters>>,
    ) -> Result<Vec<String>> {
        let (cancel, _) = watch::channel(false);
        let guard = runtime.enter();
        let http = HttpTransport::new(&self.plan.client, &self.plan.limits)?;
        drop(guard);
        let transport: Arc<dyn Transport> = match &self.watch {
            Some(watch) => Arc::new(WatchedTransport::new(http, Arc::clone(watch))),
            None => Arc::new(http),
        };
        let tokens = transport.tokens().clone();
        let shared = Shared {
            plan: Arc::new(self.plan.clone()),
            transport,
            ahead: Arc::new(AheadBudget::new(&self.plan.client.manners, &self.plan.limits)),
            observer: Arc::clone(self.observer),
            cancel: Arc::new(cancel),
            run_start_microseconds: clock::microseconds(&package.opened.run_start),
        };
        if self.options.stop_on_signal {
            runtime.spawn(stop_on_signal(Arc::clone(&shared.cancel)));
        }
        let (sender, receiver) = mpsc::channel(self.plan.limits.pages_in_flight_max.max(1));
        let handle = runtime.handle();
        let (staged, extracted) = std::thread::scope(|scope| {
            let stager = scope.spawn(|| staging::stage_pages(receiver, package, normalizer, handle));
            let extracted =
                runtime.block_on(Box::pin(extraction::extract_all(&shared, starts, counters, sender)));
            (stager.join(), extracted)
        });
        let warnings: Vec<String> = tokens.rotated().iter().map(|endpoint| rotated(endpoint)).collect();
        let outcome = match staged {
            // A page that cannot be staged closes the channel, and extraction fails for that: the cause comes first.
            Ok(staged) => staged.and(extracted),
            Err(panic) => std::panic::resume_unwind(panic),
        };
        if outcome.is_err() {
            // There will be no report to tell it.
            for message in &warnings {
                self.observer.on_event(&Event::Warning { message });
            }
        }
        outcome.map(|()| warnings)
    }

    /// What the run has moved.
    fn moved<'p>(&self, package: &'p OpenPackage) -> Moved<'p> {
        let mut moved = Moved::default();
        for resource in &self.plan.resources {
            let Some(incremental) = &resource.incremental else { continue };
            let Some(evidence) = package.evidence.get(&resource.name) else { continue };
            let key = (resource.name.clone(), incremental.cursor_path.as_str().to_owned());
            if incremental.per_parent {
                moved.parents.insert(key, &evidence.parent_cursors);
            } else if let Some(state) = &evidence.cursor_state {
                moved.cursors.insert(key, state.clone());
            }
        }
        moved
    }

    fn merging_resources(&self) -> impl Iterator<Item = &str> {
        let resources = self.plan.resources.iter();
        resources
            .filter(|resource| {
                resource.load.write_disposition == WriteDisposition::Merge && !resource.family.hidden
            })
            .map(|resource| resource.name.as_str())
    }

    fn reset_resources(&self) -> Vec<String> {
        self.plan
            .resources
            .iter()
            .filter(|resource| resource.load.write_disposition == WriteDisposition::Replace)
            .map(|resource| resource.name.clone())
            .collect()
    }
}

/// Identifies what the destination held when a package was opened.
fn base_hash(stored: &Stored) -> String {
    let schema = stored.schema.as_ref().map(|schema| schema.version_hash.clone()).unwrap_or_default();
    let state = stored.state.as_ref().map(Value::to_string).unwrap_or_default();
    blake3::hash(format!("{schema}\n{state}").as_bytes()).to_hex().to_string()
}

/// Identifies the schema file that was imported over it; empty where there is none.
fn imported_hash(first: &Schema) -> String {
    first.rest.get(schema_files::IMPORTED).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Says that a refresh token was replaced. The new one is a secret, and Spile writes none anywhere.
fn rotated(endpoint: &str) -> String {
    format!(
        "{endpoint} gave a new refresh token, which was used for this run only and is kept nowhere; if the one in your \
         secrets ended with that, the next run is refused: put a new one there, or have the API give refresh tokens that stay"
    )
}

fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| {
        spile_core::Error::new(
            spile_core::ErrorKind::Bug,
            "bug/runtime",
            "could not start the network threads",
        )
        .source_error(error)
    })
}

/// Asks every task to stop at its next step when the process is told to end.
async fn stop_on_signal(cancel: Arc<watch::Sender<bool>>) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    cancel.send_replace(true);
}
