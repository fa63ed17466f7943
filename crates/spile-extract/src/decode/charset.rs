//! Bodies in other encodings than UTF-8, as the content type or a byte order mark says.

use encoding_rs::{Encoding, UTF_8};

use super::{Undecoded, too_large};

/// Returns the body as UTF-8. Bytes that the encoding does not have are an error, not a replacement character.
pub(super) fn to_utf8(
    body: Vec<u8>,
    content_type: Option<&str>,
    bytes_max: usize,
) -> Result<Vec<u8>, Undecoded> {
    let encoding = match Encoding::for_bom(&body) {
        Some((encoding, _)) => Some(encoding),
        None => content_type.and_then(charset).and_then(|label| Encoding::for_label(label.as_bytes())),
    };
    let Some(encoding) = encoding.filter(|encoding| *encoding != UTF_8) else { return Ok(body) };
    let (text, _, malformed) = encoding.decode(&body);
    if malformed {
        let message = format!("the body is not {} text", encoding.name());
        return Err(Undecoded::bad("text", message, None));
    }
    if text.len() > bytes_max {
        return Err(too_large(bytes_max));
    }
    Ok(text.into_owned().into_bytes())
}

/// Returns the `charset` of a content type.
fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    })
}
