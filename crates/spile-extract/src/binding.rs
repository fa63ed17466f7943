//! What a parent's row gives to its children, and how values get into the target of a request.
//!
//! The invariant: a value that goes into a path stays in the path. `/` is kept, as in dlt, since full names such as
//! `owner/name` are common; `?`, `#` and segments of dots are not.

use percent_encoding::{AsciiSet, CONTROLS, percent_encode_byte, utf8_percent_encode};
use serde_json::{Map, Value};
use spile_core::{Error, ErrorKind, Json, Offer, Result, TemplatePart};
use url::Url;

use crate::known::Known;

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
        values.insert(offer.name.clone(), found.json().to_value());
    }
    Ok(values)
}

/// Makes the target of a request. A parent's value that is the whole path and a URL itself is the target.
pub(crate) fn target(parts: &[TemplatePart], base: &Url, known: &Known<'_>) -> Result<Url> {
    let base = base.as_str().trim_end_matches('/');
    let text = match parts {
        [TemplatePart::Text(start), part @ TemplatePart::Parent(_)]
            if start.trim_end_matches('/') == base && is_url(&known.text(part)) =>
        {
            known.text(part)
        }
        parts => {
            let mut text = String::new();
            for part in parts {
                match part {
                    TemplatePart::Text(literal) => text.push_str(literal),
                    part => push_encoded(&known.text(part), &mut text)?,
                }
            }
            text
        }
    };
    let mut url = Url::parse(&text).map_err(|error| {
        Error::new(ErrorKind::Source, "source/parent-value", "a value in the path does not give a URL")
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

fn is_url(text: &str) -> bool {
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

fn push_encoded(value: &str, text: &mut String) -> Result<()> {
    if value.split('/').any(|segment| matches!(segment, "." | "..")) {
        let message = "a value would leave its place in the path";
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
    use spile_core::ParentRow;

    fn template(parts: &[&str]) -> Vec<TemplatePart> {
        let part = |text: &&str| match text.strip_prefix('$') {
            Some(name) => TemplatePart::Parent(name.to_owned()),
            None => TemplatePart::Text((*text).to_owned()),
        };
        parts.iter().map(part).collect()
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
            let known = Known { plan: None, window: None, row: Some(&row) };
            let url = target(&template(parts), &base, &known);
            assert_eq!(url.ok().as_ref().map(Url::as_str), expected, "{value}");
        }
    }
}
