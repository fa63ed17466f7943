//! The ways to walk pages: one row and one file each.
//!
//! No paginator does I/O or holds state; what several of them need is here: writing values into requests as dlt's HTTP
//! library does, and following links.

mod auto;
mod cursor;
mod cursor_rules;
mod header_cursor;
mod header_link;
mod json_link;
mod offset;
mod page_number;
mod range;
mod single_page;
#[cfg(test)]
mod tests;

use serde_json::Value;
use spile_core::{Error, ErrorKind, Json, Paginator, Position, Registry, RequestDraft, Result};
use url::Url;

/// All paginators.
pub static PAGINATORS: Registry<dyn Paginator> = Registry {
    kind: "paginator",
    rows: &[
        auto::DEF,
        cursor::DEF,
        header_cursor::DEF,
        header_link::DEF,
        json_link::DEF,
        offset::DEF,
        page_number::DEF,
        single_page::DEF,
    ],
};

/// Where a value is written in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A query parameter.
    Param(String),
    /// A dotted path in the JSON body, or a field of the form.
    Body(String),
}

impl Place {
    /// Writes a value; a list becomes a repeated parameter.
    fn write(&self, value: &Value, draft: &mut RequestDraft) {
        match (self, value) {
            // A form goes before JSON, so with one the value goes there.
            (Self::Body(path), value) => {
                if !draft.set_field(path, query_text(value)) {
                    draft.set_body(path, value.clone());
                }
            }
            (Self::Param(name), Value::Array(values)) => {
                draft.params.retain(|(existing, _)| existing != name);
                for value in values.iter().filter(|value| !value.is_null()) {
                    draft.params.push((name.clone(), query_text(value)));
                }
            }
            (Self::Param(name), value) => draft.set_param(name, query_text(value)),
        }
    }
}

/// Returns a value as Python's `str` gives it, which is how dlt writes it into a query.
pub(crate) fn query_text(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => python_repr(value),
    }
}

/// Writes a value as Python's `repr` does, for lists and objects inside of texts.
fn python_repr(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => {
            let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
            let mut quoted = String::from(quote);
            for letter in text.chars() {
                match letter {
                    '\n' => quoted.push_str("\\n"),
                    '\r' => quoted.push_str("\\r"),
                    '\t' => quoted.push_str("\\t"),
                    _ => {
                        if letter == quote || letter == '\\' {
                            quoted.push('\\');
                        }
                        quoted.push(letter);
                    }
                }
            }
            quoted.push(quote);
            quoted
        }
        Value::Array(items) => format!("[{}]", items.iter().map(python_repr).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                format!("{}: {}", python_repr(&Value::from(name.as_str())), python_repr(value))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Null | Value::Bool(_) => query_text(value),
    }
}

/// Returns whether Python takes the value for false: null, false, zero, and all that is empty.
fn is_falsy(value: Json<'_>) -> bool {
    use spile_core::JsonKind;
    match value.kind() {
        JsonKind::Null
        | JsonKind::Bool(false)
        | JsonKind::Int(0)
        | JsonKind::Array(0)
        | JsonKind::Object(0) => true,
        JsonKind::Float(number) => number == 0.0,
        JsonKind::String(text) => text.is_empty(),
        JsonKind::Bool(true)
        | JsonKind::Int(_)
        | JsonKind::BigInt(_)
        | JsonKind::Array(_)
        | JsonKind::Object(_) => false,
    }
}

/// Makes the position of a link, which may be relative to the URL that was asked.
fn link_position(link: &str, asked: &Url) -> Result<Position> {
    match asked.join(link.trim()) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Position::Url(url.into())),
        Ok(url) => Err(bad_link(&format!("the scheme `{}` is not followed", url.scheme()))),
        Err(error) => Err(bad_link("the next link is not a URL").source_error(error)),
    }
}

/// Sends the request to a link. The link carries all it needs, so the original parameters are dropped, as in dlt.
fn follow(link: &str, draft: &mut RequestDraft) -> Result<()> {
    draft.url =
        Url::parse(link).map_err(|error| bad_link("the next link is not a URL").source_error(error))?;
    draft.params.clear();
    Ok(())
}

/// Applies a position of a paginator that follows links.
fn apply_link(paginator: &'static str, position: &Position, draft: &mut RequestDraft) -> Result<()> {
    match position {
        Position::Start => Ok(()),
        Position::Url(url) => follow(url, draft),
        _ => Err(foreign_position(paginator)),
    }
}

fn bad_link(message: &str) -> Error {
    Error::new(ErrorKind::Source, "source/bad-link", message)
        .hint("The API gave a next link that cannot be followed; check the paginator's path to the link.")
}

/// The error for a position that another paginator made: the config was changed while a run was interrupted.
fn foreign_position(paginator: &str) -> Error {
    Error::new(
        ErrorKind::State,
        "state/foreign-position",
        format!("the stored position was not made by paginator `{paginator}`"),
    )
    .hint("The paginator was changed while a run was interrupted; drop the pending package and run again.")
}
