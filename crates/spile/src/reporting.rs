//! The report of a run, put together from what its packages say.
//!
//! Pure but for the ledger of a finished load, which is read again. What an end means is the verdict's to say.

use indexmap::IndexMap;
use spile_core::{
    Clearing, Plan, Receipt, ReportStatus, ResourcePlan, ResourceReport, Result, RunReport, TableReport,
};

use crate::evidence::ResourceEvidence;
use crate::recover::Finished;
use crate::run::StagedLoad;
use crate::verdict::{Scope, judge};
use crate::{package, starts};

/// Adds what was read, and what there is to warn of.
pub(crate) fn add_staged(report: &mut RunReport, plan: &Plan, staged: &StagedLoad) {
    let StagedLoad { package, traffic, warnings, .. } = staged;
    report.warnings.extend(warnings.iter().cloned());
    for resource in &plan.resources {
        let sent = traffic.get(&resource.name).copied().unwrap_or_default();
        report.requests += sent.requests;
        report.retries += sent.retries;
        report.bytes += sent.bytes;
        let evidence = package.evidence.get(&resource.name).cloned().unwrap_or_default();
        // The windows were opened and cut before, so this gives the same again.
        let opener = starts::opener(plan, resource, &package.opened, None);
        let window = opener.ok().and_then(|opener| opener.describe());
        report.warnings.extend(page_warnings(resource, &evidence));
        report.resources.push(ResourceReport {
            requests: sent.requests,
            window,
            verdict: judge(resource, &evidence, scope_of(plan, resource, &package.evidence)),
            ..resource_report(&resource.name, &evidence)
        });
    }
    report.warnings.extend(package.remarks.sentences(&staged.schema));
}

/// Adds what a load says that an earlier run had made.
pub(crate) fn add_finished(report: &mut RunReport, plan: &Plan, load: &Finished) -> Result<()> {
    let (all, remarks) = package::read_evidence(&load.archived)?;
    report.warnings.extend(remarks.sentences(&load.package.schema));
    for resource in &plan.resources {
        let evidence = all.get(&resource.name).cloned().unwrap_or_default();
        report.warnings.extend(page_warnings(resource, &evidence));
        report.resources.push(ResourceReport {
            verdict: judge(resource, &evidence, scope_of(plan, resource, &all)),
            ..resource_report(&resource.name, &evidence)
        });
    }
    report.tables = tables(&load.receipt);
    report.clearing = load.package.manifest.clearing.clone();
    Ok(())
}

/// Returns what the pages of a resource had to tell.
fn page_warnings(resource: &ResourcePlan, evidence: &ResourceEvidence) -> Vec<String> {
    evidence.warnings.iter().map(|warning| format!("{}: {warning}", resource.name)).collect()
}

/// Returns what a resource is held against.
fn scope_of(plan: &Plan, resource: &ResourcePlan, evidence: &IndexMap<String, ResourceEvidence>) -> Scope {
    let parent = resource.family.parent.as_ref();
    let offered = |name: &str| evidence.get(name).map_or(0, |evidence| evidence.offered);
    Scope { parent_rows: parent.map(|parent| offered(&parent.resource)), page_limit: plan.page_limit }
}

fn resource_report(name: &str, evidence: &ResourceEvidence) -> ResourceReport {
    ResourceReport {
        name: name.to_owned(),
        requests: 0,
        pages: evidence.pages,
        pages_resumed: evidence.pages_resumed,
        records: evidence.records,
        records_loaded: evidence.kept,
        window: None,
        verdict: spile_core::Verdict::new(spile_core::VerdictStatus::Incomplete),
    }
}

/// Makes a report of nothing yet.
pub(crate) fn empty(plan: &Plan, destination: String) -> RunReport {
    RunReport {
        pipeline: plan.pipeline.clone(),
        dataset: plan.dataset.clone(),
        destination,
        status: ReportStatus::Done,
        load_ids: Vec::new(),
        recovered_load_ids: Vec::new(),
        requests: 0,
        retries: 0,
        bytes: 0,
        seconds: 0.0,
        resources: Vec::new(),
        clearing: Clearing::default(),
        tables: Vec::new(),
        warnings: Vec::new(),
    }
}

/// The user's tables; dlt's own are bookkeeping.
pub(crate) fn tables(receipt: &Receipt) -> Vec<TableReport> {
    receipt
        .rows
        .iter()
        .filter(|(name, _)| !name.starts_with("_dlt"))
        .map(|(name, rows)| TableReport { name: name.clone(), rows: *rows })
        .collect()
}
