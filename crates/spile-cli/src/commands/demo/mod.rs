//! `spile demo`: a self-contained first run. Two configs, taken as they are, against a small API on this machine.

mod api;
mod records;

use std::path::Path;
use std::sync::Arc;

use spile::{ConfigOptions, Environment, Error, ErrorKind, ReportStatus, RunOptions};

use super::{DONE, FAILED, INVALID, SUSPICIOUS, environment};
use crate::args::{DemoArgs, ProgressMode};
use crate::render;

/// A config of the demo: name, document, secrets and what has to be set for it.
struct Example {
    file: &'static str,
    document: &'static str,
    base_path: &'static str,
    secret: (&'static str, &'static str),
    set: &'static [&'static str],
    about: &'static str,
}

const EXAMPLES: [Example; 2] = [
    Example {
        file: "calls.md",
        document: include_str!("../../../../../testdata/seeds/calls.md"),
        base_path: "/v2",
        secret: ("ACCESS_TOKEN", records::ACCESS_TOKEN),
        set: &[],
        about: "calls by page number, newest first, incremental on dateCreated",
    },
    Example {
        file: "accounts.md",
        document: include_str!("../../../../../testdata/seeds/accounts.md"),
        base_path: "/v3/a/",
        secret: ("API_KEY", records::API_KEY),
        set: &["account_id=ACC123"],
        about: "four resources at once, paged by Link header",
    },
];

pub(crate) fn execute(args: &DemoArgs) -> u8 {
    let mut environment = match environment() {
        Ok(environment) => environment,
        Err(status) => return status,
    };
    let api = match api::start(args.port, args.records, args.latency_ms) {
        Ok(api) => api,
        Err(error) => {
            render::error::print(&error);
            return FAILED;
        }
    };
    if args.serve {
        render::print_talk(&format!(
            "serving {} calls on http://{} until interrupted\n",
            args.records,
            api.address()
        ));
        api.wait();
        return DONE;
    }
    let folder = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(cause) => {
            render::error::print(
                &Error::new(ErrorKind::State, "state/io", "could not make a folder for the demo")
                    .source_error(cause),
            );
            return FAILED;
        }
    };
    render::print_text(&format!("a small API serves on http://{}\n", api.address()));
    let mut status = DONE;
    for example in &EXAMPLES {
        environment.variables.insert(example.secret.0.to_owned(), example.secret.1.to_owned());
        status = status.max(run(example, args, folder.path(), &api.address(), &environment));
    }
    render::print_text("\nthe first config again: only what is new since\n");
    status = status.max(run(&EXAMPLES[0], args, folder.path(), &api.address(), &environment));
    if status == DONE {
        let database = args.database.display();
        render::print_text(&format!(
            "\nlook at the rows: spile show calls --destination {database}\n                  spile show accounts --destination {database}\n"
        ));
    }
    status
}

fn run(example: &Example, args: &DemoArgs, folder: &Path, address: &str, environment: &Environment) -> u8 {
    render::print_text(&format!("\n── {}: {} ──\n\n", example.file, example.about));
    let path = folder.join(example.file);
    if let Err(cause) = std::fs::write(&path, example.document) {
        render::error::print(
            &Error::new(ErrorKind::State, "state/io", "could not write the demo's config")
                .source_error(cause),
        );
        return FAILED;
    }
    let mut set = vec![format!("client.base_url=http://{address}{}", example.base_path)];
    set.extend(example.set.iter().map(|setting| (*setting).to_owned()));
    let database = environment.working_directory.join(&args.database);
    let options = ConfigOptions {
        destination: Some(format!("duckdb:///{}", database.display())),
        set,
        ..ConfigOptions::default()
    };
    let resolved = spile::load_config(&path, &options, environment);
    render::diagnostics::print(&resolved.diagnostics);
    let Some(plan) = resolved.plan else { return INVALID };
    let mut run_options = RunOptions::from_environment(environment);
    run_options.stop_on_signal = true;
    let progress = render::progress::observer(ProgressMode::Auto);
    let outcome = spile::run(&plan, &run_options, &(Arc::clone(&progress) as _));
    progress.finish();
    match outcome {
        Ok(report) => {
            render::report::print(&report);
            if report.status == ReportStatus::Suspicious { SUSPICIOUS } else { DONE }
        }
        Err(error) => {
            render::error::print(&error);
            FAILED
        }
    }
}
