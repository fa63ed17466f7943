//! What a child's request takes from its parent's row: target and body.
//!
//! The invariant: a value that goes into a path stays in the path. `/` is kept, as in dlt, since full names such as
//! `owner/name` are common; `?`, `#` and segments of dots are not.

use percent_encoding::{AsciiSet, CONTROLS, percent_encode_byte, utf8_percent_encode};
use serde_json::{Map, Value};
use spile_core::{BodyTemplate, Error, ErrorKind, Json, Offer, ParentPlan, ParentRow, Result, TemplatePart};
use url::Url;

use crate::paginators::query_text;

/// What cannot stand in a path as it is; `%` is looked at apart.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Takes what children need of a parent's row.
pub(crate) fn offer(offers: &[Offer], record: Json<'_>, resource: &str) -> Result<Map<String, Value>> {
    let mut values = Map::new();
    for offer in offers {
        let Some(found) = offer.path.first(record) else {
            let message = format!("a row of `{resource}` has no field `{}`", offer.name);
            return Err(Error::new(ErrorKind::Data, "source/parent-field-missing", message)
                .with("fields", record.members().map(|(name, _)| name).collect::<Vec<_>>().join(", "))
                .hint("Another resource needs the field; check the name against a row of the parent."));
        };
        values.insert(offer.name.clone(), found.to_value());
    }
    Ok(values)
}

/// Makes the target of a child's request. A value that is the whole path and a URL itself is the target.
pub(crate) fn target(plan: &ParentPlan, base: &Url, row: &ParentRow) -> Result<Url> {
    let base = base.as_str().trim_end_matches('/');
    let text = match plan.url.as_slice() {
        [TemplatePart::Text(start), TemplatePart::Parent(name)]
            if start.trim_end_matches('/') == base && is_url(&text_of(row, name)) =>
        {
            text_of(row, name)
        }
        parts => {
            let mut text = String::new();
            for part in parts {
                match part {
                    TemplatePart::Text(literal) => text.push_str(literal),
                    TemplatePart::Parent(name) => push_encoded(&text_of(row, name), name, &mut text)?,
                    TemplatePart::IncrementalStart
                    | TemplatePart::IncrementalLast
                    | TemplatePart::IncrementalInitial
                    | TemplatePart::IncrementalEnd => {
                        return Err(Error::new(
                            ErrorKind::Bug,
                            "bug/path-template",
                            "a path holds a placeholder that no path can hold",
                        ));
                    }
                }
            }
            text
        }
    };
    let mut url = Url::parse(&text).map_err(|error| {
        Error::new(ErrorKind::Source, "source/parent-value", "a parent's value does not give a URL")
            .source_error(error)
            .hint("Check the placeholder in the path against the parent's rows.")
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        let message = format!("a parent's value gives a `{}` URL, which is not followed", url.scheme());
        return Err(Error::new(ErrorKind::Source, "source/parent-value", message));
    }
    url.set_fragment(None);
    Ok(url)
}

/// Fills a JSON body; a bare placeholder keeps the type of its value, as in dlt.
pub(crate) fn body(
    template: &BodyTemplate,
    row: &ParentRow,
    fill: &impl Fn(&[TemplatePart]) -> String,
) -> Value {
    match template {
        BodyTemplate::Literal(value) => value.clone(),
        BodyTemplate::Offer(name) => row.values.get(name).cloned().unwrap_or_default(),
        BodyTemplate::Text(parts) => Value::String(fill(parts)),
        BodyTemplate::List(items) => items.iter().map(|item| body(item, row, fill)).collect(),
        BodyTemplate::Map(entries) => Value::Object(
            entries.iter().map(|(name, value)| (name.clone(), body(value, row, fill))).collect(),
        ),
    }
}

/// Returns an offered value as Python's `str` gives it.
pub(crate) fn text_of(row: &ParentRow, name: &str) -> String {
    row.values.get(name).map_or_else(|| "None".to_owned(), query_text)
}

fn is_url(text: &str) -> bool {
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

fn push_encoded(value: &str, name: &str, text: &mut String) -> Result<()> {
    if value.split('/').any(|segment| matches!(segment, "." | "..")) {
        let message = format!("a parent's value of `{name}` would leave its place in the path");
        return Err(Error::new(ErrorKind::Source, "source/parent-value", message)
            .hint("Values of dots cannot stand in a path; choose another field."));
    }
    for (index, part) in value.split('%').enumerate() {
        if index > 0 {
            // What is encoded already stays; a lone percent sign is one.
            let encoded = part.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
            text.push_str(if encoded { "%" } else { percent_encode_byte(b'%') });
        }
        text.extend(utf8_percent_encode(part, PATH));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(parts: &[&str]) -> ParentPlan {
        let part = |text: &&str| match text.strip_prefix('$') {
            Some(name) => TemplatePart::Parent(name.to_owned()),
            None => TemplatePart::Text((*text).to_owned()),
        };
        ParentPlan {
            resource: "p".to_owned(),
            url: parts.iter().map(part).collect(),
            json: None,
            include: Vec::new(),
        }
    }

    #[test]
    fn values_stay_in_the_path() {
        let base = Url::parse("http://h/api/").unwrap();
        let nested = ["http://h/api/q/", "$v", "/x"];
        let whole = ["http://h/api/", "$v"];
        for (parts, value, expected) in [
            (&nested[..], Value::from(1), Some("http://h/api/q/1/x")),
            (&nested[..], Value::from("a/b c"), Some("http://h/api/q/a/b%20c/x")),
            (&nested[..], Value::from("a?b#c&d"), Some("http://h/api/q/a%3Fb%23c&d/x")),
            (&nested[..], Value::from("%41%4x%"), Some("http://h/api/q/%41%254x%25/x")),
            (&nested[..], Value::from("é"), Some("http://h/api/q/%C3%A9/x")),
            (&nested[..], Value::Null, Some("http://h/api/q/None/x")),
            (&nested[..], Value::from("../../admin"), None),
            (&nested[..], Value::from("http://other/x"), Some("http://h/api/q/http://other/x/x")),
            (&whole[..], Value::from("https://other/x?y"), Some("https://other/x?y")),
            (&whole[..], Value::from("ftp://other/x"), Some("http://h/api/ftp://other/x")),
        ] {
            let row = ParentRow { ordinal: 0, values: Map::from_iter([("v".to_owned(), value.clone())]) };
            let url = target(&plan(parts), &base, &row);
            assert_eq!(url.ok().as_ref().map(Url::as_str), expected, "{value}");
        }
    }
}
