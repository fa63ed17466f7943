//! JSON lines: one value a line, which become one list.

use spile_core::Document;

use super::Undecoded;

const FORMAT: &str = "JSON lines";

/// Decodes lines; blank ones do not count.
pub(super) fn decode(body: &[u8]) -> Result<Document, Undecoded> {
    let mut list = Vec::with_capacity(body.len() + 2);
    list.push(b'[');
    let mut count = 0;
    for (index, line) in lines(body) {
        if count > 0 {
            list.push(b',');
        }
        count += 1;
        // A line that is only half a value could complete the one before it.
        if !begins_and_ends(line) {
            return Err(first_bad_line(&[(index, line)], body));
        }
        list.extend_from_slice(line);
    }
    list.push(b']');
    match Document::parse(list) {
        Ok(document) if document.root().elements().count() == count => Ok(document),
        _ => Err(first_bad_line(&lines(body).collect::<Vec<_>>(), body)),
    }
}

fn lines(body: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    (1..)
        .zip(body.split(|byte| *byte == b'\n'))
        .map(|(index, line)| (index, line.trim_ascii()))
        .filter(|(_, line)| !line.is_empty())
}

/// Returns whether a line that opens a bracket closes it at its end.
fn begins_and_ends(line: &[u8]) -> bool {
    match (line.first(), line.last()) {
        (Some(b'{'), last) => last == Some(&b'}'),
        (Some(b'['), last) => last == Some(&b']'),
        _ => true,
    }
}

/// Finds the line that is no value. Only the last one can be cut.
fn first_bad_line(lines: &[(u64, &[u8])], body: &[u8]) -> Undecoded {
    let bad = lines
        .iter()
        .find_map(|(index, line)| Document::parse(line.to_vec()).err().map(|error| (*index, *line, error)));
    match bad {
        Some((index, line, error)) if !begins_and_ends(line) && body.trim_ascii_end().ends_with(line) => {
            Undecoded::cut(FORMAT, error.message, Some(index))
        }
        Some((index, _, error)) => Undecoded::bad(FORMAT, error.message, Some(index)),
        None => Undecoded::bad(FORMAT, "a line holds more than one value", None),
    }
}
