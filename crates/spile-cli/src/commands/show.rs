//! `spile show`: what a pipeline's dataset holds.

use serde_json::json;
use spile::{Environment, Error, ErrorKind, StoredLoad, StoredTable};

use super::{DONE, FAILED, environment, locate};
use crate::args::{Output, ShowArgs};
use crate::render;

pub(crate) fn execute(args: &ShowArgs) -> u8 {
    let environment = match environment() {
        Ok(environment) => environment,
        Err(status) => return status,
    };
    match show(args, &environment) {
        Ok(()) => DONE,
        Err(error) => {
            render::error::print(&error);
            FAILED
        }
    }
}

fn show(args: &ShowArgs, environment: &Environment) -> spile::Result<()> {
    let pipeline = &args.place.pipeline;
    let (options, destination, dataset) = locate(&args.place, environment)?;
    let mut opened = spile::open_destination(&destination, &dataset, &options, true)?;
    let (tables, loads) = (opened.tables()?, opened.loads()?);
    if tables.is_empty() {
        return Err(Error::new(
            ErrorKind::State,
            "show/no-dataset",
            format!("there is no dataset `{dataset}` in {}", opened.location()),
        )
        .hint("Name the destination and the dataset with --destination and --dataset, or run the pipeline first."));
    }
    let past = spile::past_loads(&options.work_directory, pipeline)?;
    let verdicts =
        past.last().and_then(|load| load.report.as_ref()).map(|report| report["resources"].clone());
    match args.output {
        Output::Json => render::print_json(&json!({
            "pipeline": pipeline, "dataset": dataset, "destination": opened.location(),
            "tables": tables, "loads": loads, "last_report": past.last().and_then(|load| load.report.clone()),
        })),
        Output::Text => {
            print(pipeline, &dataset, &opened.location(), &tables, &loads, verdicts.as_ref());
        }
    }
    Ok(())
}

fn print(
    pipeline: &str,
    dataset: &str,
    location: &str,
    tables: &[StoredTable],
    loads: &[StoredLoad],
    resources: Option<&serde_json::Value>,
) {
    let mut text = format!("{pipeline}: dataset {dataset} in {location}\n\n");
    let rows = tables.iter().map(|table| {
        vec![table.name.clone(), render::thousands(table.rows), render::thousands(table.columns.len() as u64)]
    });
    text.push_str(&render::table(&["table", "rows", "columns"], rows));
    text.push('\n');
    let rows = loads
        .iter()
        .rev()
        .take(10)
        .map(|load| vec![load.load_id.clone(), load.schema_name.clone(), load.inserted_at.clone()]);
    text.push_str(&render::table(&["load", "schema", "committed"], rows));
    if let Some(resources) = resources.and_then(serde_json::Value::as_array) {
        text.push_str("\nlast verdicts\n");
        for resource in resources {
            let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let reasons: Vec<String> =
                resource["verdict"]["reasons"].as_array().into_iter().flatten().map(word).collect();
            let status = word(&resource["verdict"]["status"]).replace('_', " ");
            text.push_str(&format!("  {}: {status}: {}\n", word(&resource["name"]), reasons.join("; ")));
        }
    }
    render::print_text(&text);
}
