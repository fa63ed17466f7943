//! What an interrupted run left, and what becomes of it.
//!
//! A *sealed* package is loaded, once: the destination is asked first whether it has it already. An *open* package is
//! gone on with if the config, the destination and what is stored there are as they were when it was opened, and if
//! it is not too old; otherwise it is dropped, which loses nothing: its rows were never visible and the state never
//! moved.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use spile_core::{Destination, Event, Observer, Plan, Receipt, Result, SealedPackage};

use crate::package::{self, OpenPackage};
use crate::workdir::{self, Workdir};

/// A sealed package of an earlier run that is committed now.
pub(crate) struct Finished {
    pub(crate) package: SealedPackage,
    pub(crate) receipt: Receipt,
    /// Where its ledger is kept.
    pub(crate) archived: PathBuf,
}

/// Loads every sealed package that was made for this destination and dataset.
pub(crate) fn finish_sealed(
    workdir: &Workdir,
    plan: &Plan,
    destination: &mut dyn Destination,
    observer: &dyn Observer,
) -> Result<Vec<Finished>> {
    let mut finished = Vec::new();
    for folder in workdir.packages()?.into_iter().filter(|folder| package::is_sealed(folder)) {
        let sealed = package::read_sealed(&folder)?;
        let manifest = &sealed.manifest;
        if manifest.destination != destination.location() || manifest.dataset != plan.dataset {
            let message = format!(
                "load {} is sealed but was made for dataset `{}` in {}; run with that destination to finish it",
                manifest.load_id, manifest.dataset, manifest.destination
            );
            observer.on_event(&Event::Warning { message: &message });
            continue;
        }
        observer.on_event(&Event::Recovering {
            load_id: &manifest.load_id,
            pages: manifest.pages,
            sealed: true,
        });
        let receipt = destination.commit(&sealed)?;
        observer.on_event(&Event::Committed { load_id: &manifest.load_id });
        let archived = workdir.archive(&folder)?;
        finished.push(Finished { package: sealed, receipt, archived });
    }
    Ok(finished)
}

/// What an open package must agree with to be gone on with.
pub(crate) struct Expected<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) destination: &'a str,
    pub(crate) base: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) hours_max: u64,
}

/// Returns the open package to go on with, if there is one; drops those that cannot be.
pub(crate) fn resume(
    workdir: &Workdir,
    expected: &Expected<'_>,
    observer: &dyn Observer,
) -> Result<Option<OpenPackage>> {
    let mut resumed: Option<OpenPackage> = None;
    let folders: Vec<PathBuf> =
        workdir.packages()?.into_iter().filter(|folder| !package::is_sealed(folder)).collect();
    for folder in folders.iter().rev() {
        let reopened = if resumed.is_none() { package_at(folder)? } else { None };
        match reopened {
            Some(open) => match objection(&open, expected) {
                None => {
                    let (load_id, pages) = (open.opened.load_id.clone(), open.pages());
                    observer.on_event(&Event::Recovering { load_id: &load_id, pages, sealed: false });
                    resumed = Some(open);
                }
                Some(objection) => {
                    if open.pages() > 0 {
                        let message = format!(
                            "dropped the interrupted load {} ({} pages): {objection}",
                            open.opened.load_id,
                            open.pages()
                        );
                        observer.on_event(&Event::Warning { message: &message });
                    }
                    workdir::discard(folder)?;
                }
            },
            None => workdir::discard(folder)?,
        }
    }
    Ok(resumed)
}

fn package_at(folder: &Path) -> Result<Option<OpenPackage>> {
    OpenPackage::reopen(folder)
}

/// Returns why a package cannot be gone on with, in words that follow a colon.
fn objection(open: &OpenPackage, expected: &Expected<'_>) -> Option<String> {
    let opened = &open.opened;
    if open.pages() == 0 {
        return Some("no page was staged".to_owned());
    }
    if opened.fingerprint != expected.plan.fingerprint {
        return Some("the config or the options have changed since".to_owned());
    }
    if opened.destination != expected.destination || opened.dataset != expected.plan.dataset {
        return Some(format!("it was made for dataset `{}` in {}", opened.dataset, opened.destination));
    }
    if opened.base != expected.base {
        return Some("the dataset has been changed by another run since".to_owned());
    }
    let age_hours = opened.run_start.parse::<Timestamp>().map_or(u64::MAX, |start| {
        u64::try_from(expected.now.as_second() - start.as_second()).unwrap_or(0) / 3600
    });
    (age_hours >= expected.hours_max)
        .then(|| format!("it is older than {} hours, and an API's pages shift in time", expected.hours_max))
}
