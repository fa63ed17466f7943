//! `spile state`: the incremental state of a pipeline, shown, exported and imported.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use serde_json::{Value, json};
use spile::{Environment, Error, ErrorKind, StatePlace, StoredState};

use super::{DONE, FAILED, environment, locate};
use crate::args::{Output, PlaceArgs, ShowArgs, StateAction, StateImportArgs};
use crate::render;

pub(crate) fn execute(action: &StateAction) -> u8 {
    let environment = match environment() {
        Ok(environment) => environment,
        Err(status) => return status,
    };
    let done = match action {
        StateAction::Show(args) => show(args, &environment),
        StateAction::Export(place) => {
            read(place, &environment).map(|(state, _)| render::print_json(&state.document))
        }
        StateAction::Import(args) => import(args, &environment),
    };
    match done {
        Ok(()) => DONE,
        Err(error) => {
            render::error::print(&error);
            FAILED
        }
    }
}

/// Reads a state; the dataset comes along.
fn read(args: &PlaceArgs, environment: &Environment) -> spile::Result<(StoredState, String)> {
    let (options, destination, dataset) = locate(args, environment)?;
    let place = StatePlace { pipeline: &args.pipeline, destination: &destination, dataset: &dataset };
    Ok((place.read(&options)?, dataset))
}

fn show(args: &ShowArgs, environment: &Environment) -> spile::Result<()> {
    let pipeline = &args.place.pipeline;
    let (state, dataset) = read(&args.place, environment)?;
    let version = &state.document["_state_version"];
    let cursors = state.cursors();
    if args.output == Output::Json {
        render::print_json(&json!({
            "pipeline": pipeline, "dataset": dataset, "destination": state.location,
            "version": version, "cursors": cursors,
        }));
        return Ok(());
    }
    let mut text =
        format!("{pipeline}: state version {version}, dataset {dataset} in {}\n\n", state.location);
    if cursors.is_empty() {
        text.push_str("no cursor is stored: every run reads everything\n");
    } else {
        let rows = cursors.into_iter().map(|cursor| {
            vec![cursor.source, cursor.resource, cursor.cursor_path, cursor.last_value.to_string()]
        });
        text.push_str(&render::table(&["source", "resource", "cursor", "last value"], rows));
    }
    render::print_text(&text);
    Ok(())
}

fn import(args: &StateImportArgs, environment: &Environment) -> spile::Result<()> {
    let document = document(&args.file)?;
    let (options, destination, dataset) = locate(&args.place, environment)?;
    let place = StatePlace { pipeline: &args.place.pipeline, destination: &destination, dataset: &dataset };
    let text = match place.write(&document, &options)? {
        Some(state) => format!(
            "imported {} as version {} of the state of {}, dataset {dataset} in {}\n",
            render::count(state.cursors().len() as u64, "cursor"),
            state.document["_state_version"],
            args.place.pipeline,
            state.location
        ),
        None => "the stored state is the same already; nothing was changed\n".to_owned(),
    };
    render::print_text(&text);
    Ok(())
}

fn document(file: &Path) -> spile::Result<Value> {
    let name = file.display().to_string();
    let text = if name == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(file)
    };
    let text = text.map_err(|error| {
        Error::new(ErrorKind::Config, "state/unreadable-document", format!("could not read {name}"))
            .hint("Give the file that `spile state export` wrote, or `-` for standard input.")
            .source_error(error)
    })?;
    serde_json::from_str(&text).map_err(|error| {
        Error::new(ErrorKind::Config, "state/unreadable-document", format!("{name} is not valid JSON"))
            .hint("Give the file that `spile state export` wrote, or `-` for standard input.")
            .source_error(error)
    })
}
