//! `spile list`: what a config can name, made from the component tables.

use serde_json::{Value, json};
use spile::FieldDoc;

use super::DONE;
use crate::args::{ListArgs, Listing, Output};
use crate::render;

/// One row of any table.
struct Row {
    name: &'static str,
    aliases: &'static [&'static str],
    summary: &'static str,
    fields: &'static [FieldDoc],
}

pub(crate) fn execute(args: &ListArgs) -> u8 {
    let rows = rows(args.what);
    match args.output {
        Output::Json => render::print_json(&Value::Array(rows.iter().map(to_json).collect())),
        Output::Text => render::print_text(&to_text(&rows)),
    }
    DONE
}

fn rows(what: Listing) -> Vec<Row> {
    match what {
        Listing::Paginators => spile::PAGINATORS
            .rows
            .iter()
            .map(|row| Row { name: row.name, aliases: row.aliases, summary: row.summary, fields: row.fields })
            .collect(),
        Listing::Auths => spile::AUTHS
            .rows
            .iter()
            .map(|row| Row { name: row.name, aliases: row.aliases, summary: row.summary, fields: row.fields })
            .collect(),
        Listing::Destinations => spile::DESTINATIONS
            .iter()
            .map(|row| Row { name: row.name, aliases: row.aliases, summary: row.summary, fields: row.fields })
            .collect(),
        Listing::Dialects => spile::DIALECTS
            .iter()
            .map(|row| Row { name: row.name, aliases: row.extensions, summary: row.summary, fields: &[] })
            .collect(),
        Listing::Namings => spile::NAMING_CONVENTIONS
            .iter()
            .map(|row| Row { name: row.name, aliases: &[], summary: row.summary, fields: &[] })
            .collect(),
    }
}

fn to_json(row: &Row) -> Value {
    let fields: Vec<Value> = row
        .fields
        .iter()
        .map(|field| {
            json!({"name": field.name, "shape": field.shape, "default": field.default, "summary": field.summary})
        })
        .collect();
    json!({"name": row.name, "aliases": row.aliases, "summary": row.summary, "fields": fields})
}

fn to_text(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let aliases =
            if row.aliases.is_empty() { String::new() } else { format!(" ({})", row.aliases.join(", ")) };
        text.push_str(&format!("{}{aliases}\n    {}\n", row.name, row.summary));
        let fields = row.fields.iter().map(|field| {
            let default =
                if field.default.is_empty() { "required".to_owned() } else { field.default.to_owned() };
            vec![format!("  {}", field.name), field.shape.to_owned(), default, field.summary.to_owned()]
        });
        if !row.fields.is_empty() {
            text.push_str(&render::table(&["  key", "shape", "default", "what it does"], fields));
        }
        text.push('\n');
    }
    text
}
