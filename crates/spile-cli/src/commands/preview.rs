//! `spile preview`: a little of what a config gives, with nothing loaded.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use spile::{ConfigOptions, Exchanged, Preview, PreviewTable, ResourceReport, RunOptions, Watch};

use super::{DONE, FAILED, INVALID, config_options, environment};
use crate::args::{Output, PreviewArgs, ProgressMode};
use crate::render::{self, document};

/// Characters of a value that are shown.
const VALUE_CHARACTERS: usize = 32;

pub(crate) fn execute(args: &PreviewArgs) -> u8 {
    let environment = match environment() {
        Ok(environment) => environment,
        Err(status) => return status,
    };
    let options = ConfigOptions { limit_pages: Some(args.limit_pages), ..config_options(&args.config) };
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
    let observer = render::progress::observer(ProgressMode::Log);
    let exchanges: Arc<Mutex<Vec<Exchanged>>> = Arc::default();
    let heard = Arc::clone(&exchanges);
    let watch = Arc::new(Watch::new(plan.redactor.clone(), move |exchanged| {
        if json {
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(exchanged);
        } else {
            // At once, so that the answer is on the screen when it is what makes the preview fail.
            render::print_text(&exchange(&exchanged));
        }
    }));
    match spile::preview(&plan, &run_options, args.rows, &(observer as _), &watch) {
        Ok(preview) if json => render::print_json(&json!({
            "pipeline": plan.pipeline,
            "requests": *exchanges.lock().unwrap_or_else(PoisonError::into_inner),
            "resources": preview.report.resources.iter().map(resource).collect::<Vec<_>>(),
            "tables": preview.tables,
            "warnings": preview.report.warnings,
        })),
        Ok(preview) => render::print_text(&text(&preview)),
        Err(error) => {
            render::error::print(&error);
            return FAILED;
        }
    }
    DONE
}

fn resource(report: &ResourceReport) -> serde_json::Value {
    json!({
        "name": report.name, "requests": report.requests, "pages": report.pages, "records": report.records,
        "records_kept": report.records_loaded,
    })
}

fn text(preview: &Preview) -> String {
    let mut text = String::new();
    let rows = preview.report.resources.iter().map(|resource| {
        vec![
            resource.name.clone(),
            render::thousands(resource.requests),
            render::thousands(resource.records),
            render::thousands(resource.records_loaded),
        ]
    });
    text.push_str(&render::table(&["resource", "requests", "records", "kept"], rows));
    preview.tables.iter().for_each(|table| push_table(&mut text, table));
    for warning in &preview.report.warnings {
        text.push_str(&format!("\nwarning: {warning}\n"));
    }
    text.push_str("\nnothing was loaded\n");
    text
}

fn exchange(exchanged: &Exchanged) -> String {
    let mut text = format!("{} {}\n", exchanged.method, exchanged.url);
    if let Some(sent) = &exchanged.sent {
        text.push_str(&format!("  sent      {}\n", one_line(sent)));
    }
    let kind = exchanged.content_type.as_deref().unwrap_or("no content type");
    text.push_str(&format!("  answered  {}, {kind}, {}\n", exchanged.status, render::bytes(exchanged.bytes)));
    match &exchanged.received {
        Some(received) => text.push_str(&format!("  {}\n", one_line(received))),
        None => text.push_str("  the answer holds a token and is not shown\n"),
    }
    text.push('\n');
    text
}

fn push_table(text: &mut String, table: &PreviewTable) {
    text.push_str(&format!("\n{}: {}\n", table.name, render::count(table.rows, "row")));
    let rows = table.columns.iter().map(|column| {
        let values = column.values.iter().map(|value| value.as_deref().map_or("NULL".to_owned(), short));
        let data_type = column.data_type.unwrap_or("no value yet").to_owned();
        [column.name.clone(), data_type].into_iter().chain(values).collect()
    });
    let shown = table.columns.first().map_or(0, |column| column.values.len());
    let header = (1..=shown).map(|row| format!("row {row}"));
    let header: Vec<String> = ["column".to_owned(), "type".to_owned()].into_iter().chain(header).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    text.push_str(&render::table(&header, rows));
}

/// Shortens a value.
fn short(value: &str) -> String {
    let line = one_line(value);
    match line.char_indices().nth(VALUE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Takes line breaks and control characters out, so that no answer can write over the terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
