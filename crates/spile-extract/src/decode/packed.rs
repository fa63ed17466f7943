//! Bodies that are files: gzip, and archives with one file in them.
//!
//! Not the transport's content encoding, which is undone before. The invariant: unpacking stops at the limit, whatever
//! sizes the file claims.

use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use super::{Undecoded, too_large};

/// Returns the body unpacked, and the name of the file that an archive holds.
pub(super) fn unpack(
    body: Vec<u8>,
    member: Option<&str>,
    bytes_max: usize,
) -> Result<(Vec<u8>, Option<String>), Undecoded> {
    let (body, name) = match body.get(..4) {
        Some(b"PK\x03\x04") => {
            let (body, name) = unzip(&body, member, bytes_max)?;
            (body, Some(name))
        }
        _ => (body, None),
    };
    if body.starts_with(b"\x1f\x8b") {
        let unpacked = bounded(MultiGzDecoder::new(body.as_slice()), "gzip", bytes_max)?;
        return Ok((unpacked, name));
    }
    Ok((body, name))
}

fn unzip(body: &[u8], member: Option<&str>, bytes_max: usize) -> Result<(Vec<u8>, String), Undecoded> {
    let bad = |message: String| Undecoded::bad("a zip archive", message, None);
    let mut archive = ZipArchive::new(Cursor::new(body)).map_err(|error| bad(error.to_string()))?;
    let names: Vec<String> = archive
        .file_names()
        .map(|name| name.map(std::borrow::Cow::into_owned))
        .collect::<Result<_, _>>()
        .map_err(|error| bad(error.to_string()))?;
    let files: Vec<&String> = names.iter().filter(|name| !name.ends_with('/')).collect();
    let name = match (member, files.as_slice()) {
        (Some(wanted), files) => files
            .iter()
            .find(|name| name.as_str() == wanted)
            .ok_or_else(|| bad(format!("it has no file `{wanted}`, but {}", listed(files))))?,
        (None, [only]) => only,
        (None, []) => return Err(bad("it holds no file".to_owned())),
        (None, files) => {
            let message = format!("it holds {}; name one as `member` of the decoder", listed(files));
            return Err(bad(message));
        }
    };
    let file = archive.by_name(name).map_err(|error| bad(error.to_string()))?;
    Ok((bounded(file, "a zip archive", bytes_max)?, (*name).clone()))
}

fn listed(names: &[&String]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|name| format!("`{}`", name.escape_debug())).collect();
    let more = if names.len() > shown.len() {
        format!(" and {} more", names.len() - shown.len())
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(", "))
}

fn bounded(packed: impl Read, format: &'static str, bytes_max: usize) -> Result<Vec<u8>, Undecoded> {
    let mut unpacked = Vec::new();
    packed.take(bytes_max as u64 + 1).read_to_end(&mut unpacked).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Undecoded::cut(format, "it ends too early", None),
        _ => Undecoded::bad(format, error.to_string(), None),
    })?;
    if unpacked.len() > bytes_max { Err(too_large(bytes_max)) } else { Ok(unpacked) }
}
