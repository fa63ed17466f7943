//! `spile run`: a config into a destination.

use std::sync::Arc;

use spile::{ReportStatus, RunOptions};

use super::{DONE, FAILED, INVALID, SUSPICIOUS, config_options, environment};
use crate::args::{Output, RunArgs};
use crate::render::{self, document};

pub(crate) fn execute(args: &RunArgs) -> u8 {
    let environment = match environment() {
        Ok(environment) => environment,
        Err(status) => return status,
    };
    let options = spile::ConfigOptions {
        limit_pages: args.limit_pages,
        since: args.since.clone(),
        until: args.until.clone(),
        refresh: args.refresh.clone(),
        ..config_options(&args.config)
    };
    let resolved = spile::load_config(&args.config.config, &options, &environment);
    render::diagnostics::print(&resolved.diagnostics);
    let json = args.config.output == Output::Json;
    let Some(plan) = resolved.plan else {
        if json {
            render::print_json(&document::invalid(&resolved.diagnostics));
        }
        return INVALID;
    };
    let mut run_options = RunOptions::from_environment(&environment);
    run_options.stop_on_signal = true;
    if let Some(workdir) = &args.workdir {
        run_options.work_directory = environment.working_directory.join(workdir);
    }
    let progress = render::progress::observer(args.progress);
    let outcome = spile::run(&plan, &run_options, &(Arc::clone(&progress) as _));
    progress.finish();
    match outcome {
        Ok(report) => {
            if json {
                render::print_json(&document::report(&report, &resolved.diagnostics));
            } else {
                render::report::print(&report);
            }
            match report.status {
                ReportStatus::Suspicious => SUSPICIOUS,
                ReportStatus::Done => DONE,
                ReportStatus::Failed | ReportStatus::Invalid => FAILED,
            }
        }
        Err(error) => {
            render::error::print(&error);
            if json {
                render::print_json(&document::failed(&plan, &error, &resolved.diagnostics));
            }
            // A config that only the run could find wrong still sent requests: that is a failure, not `invalid`.
            FAILED
        }
    }
}
