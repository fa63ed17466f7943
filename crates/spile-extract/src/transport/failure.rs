//! What an answer that cannot be used is called: status errors and bodies that are not JSON.
//!
//! The server's own words are quoted, short, without markup and without secrets.

use spile_core::{Error, ErrorKind, JsonError};

use super::{Response, Scrubber};
use crate::decode::BadBody;

/// Characters of a body that are quoted.
const EXCERPT_CHARS: usize = 200;

/// Bytes of a body that are looked at for the quote.
pub(super) const EXCERPT_BYTES: usize = 16 << 10;

/// Names a refused request.
pub(super) fn status_error(response: &Response, scrubber: &Scrubber) -> Error {
    let status = response.status;
    let (kind, code, hint) = match status {
        401 | 403 => (
            ErrorKind::Auth,
            "source/unauthorized",
            "Check the credentials: the secret itself, the header or parameter it is sent in, and its prefix.",
        ),
        404 => (ErrorKind::Source, "source/http-status", "Check `base_url` and the endpoint's `path`."),
        429 => (
            ErrorKind::Source,
            "source/http-status",
            "The API limits how often it may be asked; run again later or raise the retry limits in `client.retry`.",
        ),
        500.. => {
            (ErrorKind::Source, "source/http-status", "The API has a problem of its own; run again later.")
        }
        _ => (
            ErrorKind::Source,
            "source/http-status",
            "Check the request's parameters against the API's documentation.",
        ),
    };
    let words = excerpt(&quotable(&response.body, scrubber));
    let mut message = format!("the server answered {status}");
    if let Some(reason) = reason(status) {
        message = format!("{message} {reason}");
    }
    let error = Error::new(kind, code, message).hint(hint).with("status", status);
    if words.is_empty() { error } else { error.with("answer", words) }
}

/// Names a body that is not JSON; `body` is at least its first [`EXCERPT_BYTES`].
pub(super) fn not_json(response: &Response, body: &[u8], cause: JsonError, scrubber: &Scrubber) -> Error {
    let content_type = response.header("content-type").unwrap_or("no content type");
    let text = quotable(body, scrubber);
    let elsewhere = "Check that `base_url` and `path` lead to the API and not to a web page.";
    let is_packed = body.starts_with(b"\x1f\x8b") || body.starts_with(b"PK\x03\x04");
    let (message, hint) = if is_packed {
        let hint = "Name what is inside in `endpoint.decoder`: json, jsonl, csv or xml.";
        ("what the server packed into a file is not JSON".to_owned(), hint)
    } else if body.is_empty() {
        (format!("the server answered {} with an empty body", response.status), elsewhere)
    } else if looks_like_html(&text) {
        let title = title(&text).map_or_else(String::new, |title| format!(" titled \"{title}\""));
        (format!("the server answered with an HTML page{title}"), elsewhere)
    } else if text.trim_start().starts_with(['{', '[']) {
        let hint = "NaN, 1e999 and half of a surrogate pair are no JSON either. Ask the API for other fields, or tell those who \
                    run it.";
        ("the server's answer is not valid JSON".to_owned(), hint)
    } else {
        let hint = "Check that `base_url` and `path` lead to the API; when it sends JSON lines, CSV or XML under a wrong label, name that \
                    in `endpoint.decoder`.";
        ("the server's answer is not JSON".to_owned(), hint)
    };
    let words = if is_packed { String::new() } else { excerpt(&text) };
    let mut error = Error::new(ErrorKind::Source, "source/not-json", message)
        .with("content type", content_type)
        .hint(hint);
    if !words.is_empty() {
        error = error.with("answer", words);
    }
    // A place in what was packed is of no use here.
    if is_packed {
        return error;
    }
    // The quick parser names a place inside of a text by the text's own bytes; the other one counts lines and columns.
    match serde_json::from_slice::<serde_json::Value>(body) {
        Err(precise) if !precise.is_eof() => error.source_error(precise),
        Ok(_) | Err(_) => error.source_error(cause),
    }
}

/// Names a body that is not in the format that it should have been in.
pub(super) fn undecodable(response: &Response, body: &[u8], cause: &BadBody, scrubber: &Scrubber) -> Error {
    let content_type = response.header("content-type").unwrap_or("no content type");
    let text = quotable(body, scrubber);
    let message = format!("the server's answer is not {}: {}", cause.format, scrubber.text(&cause.message));
    let mut error = Error::new(ErrorKind::Source, "source/undecodable", message)
        .with("content type", content_type)
        .hint("Check `decoder` and what the API sends against each other.");
    if let Some(line) = cause.line {
        error = error.with("line", line);
    }
    let words = excerpt(&text);
    let is_text = !words.contains('\u{fffd}') && !words.is_empty();
    if is_text { error.with("answer", words) } else { error }
}

fn reason(status: u16) -> Option<&'static str> {
    reqwest::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason())
}

fn looks_like_html(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(15).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<head")
}

fn title(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let title = squeeze(&text[start..end]);
    (!title.is_empty()).then_some(title)
}

/// Returns the beginning of a body without secrets. They are taken out before anything is cut, and where the body itself
/// was cut, a secret may be cut in two: that half is left out.
fn quotable(body: &[u8], scrubber: &Scrubber) -> String {
    let mut text = scrubber.text(&String::from_utf8_lossy(&body[..body.len().min(EXCERPT_BYTES)]));
    if body.len() >= EXCERPT_BYTES {
        text.truncate(text.floor_char_boundary(EXCERPT_BYTES / 2));
    }
    text
}

/// Returns a text as one short line: markup removed, white space squeezed.
fn excerpt(text: &str) -> String {
    if looks_like_html(text) { squeeze(&strip_markup(text)) } else { squeeze(text) }
}

fn squeeze(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|character| !character.is_control()).collect();
    match line.char_indices().nth(EXCERPT_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Removes tags, and scripts and styles with all they hold.
fn strip_markup(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        plain.push_str(&rest[..start]);
        plain.push(' ');
        let tag = &rest[start..];
        let hidden = ["script", "style"]
            .into_iter()
            .find(|name| tag.get(1..=name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name)));
        let end = match hidden {
            Some(name) => tag.to_ascii_lowercase().find(&format!("</{name}")).unwrap_or(tag.len()),
            None => tag.find('>').map_or(tag.len(), |end| end + 1),
        };
        rest = &tag[end..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::TokenStore;
    use spile_core::{Redactor, Secret};

    #[test]
    fn words_are_short_and_plain() {
        let html =
            "<!DOCTYPE html><html><head><title> Bad\n gateway </title><style>a{}</style></head><p>Sorry</p>";
        assert_eq!(title(html).as_deref(), Some("Bad gateway"));
        assert_eq!(excerpt(html), "Bad gateway Sorry");
        assert_eq!(excerpt("{\"error\":\n  \"no\"}\x07"), "{\"error\": \"no\"}");
        assert_eq!(excerpt(&"\u{e4}".repeat(500)).chars().count(), EXCERPT_CHARS + 1);
    }

    #[test]
    fn a_secret_is_taken_out_before_the_cut() {
        let scrubber = Scrubber::new(
            &Redactor::new(vec![Secret::new("s3cret-canary")]),
            Redactor::default(),
            TokenStore::default(),
        );
        for padding in [0, EXCERPT_CHARS - 5, EXCERPT_BYTES - 5] {
            let body = format!("{}s3cret-canary", "x".repeat(padding));
            let words = excerpt(&quotable(body.as_bytes(), &scrubber));
            assert!(!words.contains("s3"), "{words}");
        }
        let spaces = format!("{}s3cret-canary", " ".repeat(EXCERPT_BYTES - 5));
        assert_eq!(excerpt(&quotable(spaces.as_bytes(), &scrubber)), "");
    }

    proptest::proptest! {
        #[test]
        fn no_body_panics(body in "(<html>|<script|</script>|<title>|</title|é|<|>|[a-z ]){0,20}") {
            let _found = (title(&body), excerpt(&format!("<html>{body}")));
        }
    }
}
