//! dlt's stored pipeline state: base64 of compressed JSON, or plain JSON.
//!
//! The same two forms hold for the schema text of other writers, so [`decode_document`] serves both.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde_json::Value;
use spile_core::{Error, ErrorKind, Result};

/// Bytes that a stored document may have after decompression.
const DOCUMENT_BYTES_MAX: u64 = 256 << 20;

/// Returns the stored form: standard base64 of zlib-compressed compact JSON.
pub fn encode_state(state: &Value) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let compressed = encoder
        .write_all(state.to_string().as_bytes())
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail");
    STANDARD.encode(compressed)
}

/// Reads a stored state, compressed or plain.
pub fn decode_state(text: &str) -> Result<Value> {
    let state = decode_document(text, "destination/stored-state")?;
    if state.is_object() {
        return Ok(state);
    }
    Err(Error::new(ErrorKind::State, "destination/stored-state", "the stored pipeline state is not a map"))
}

/// Reads a stored JSON document, compressed or plain.
pub(crate) fn decode_document(text: &str, code: &'static str) -> Result<Value> {
    let text = text.trim();
    let failed = |message: &str| Error::new(ErrorKind::State, code, message);
    if text.starts_with('{') {
        return serde_json::from_str(text)
            .map_err(|error| failed("the stored document is not valid JSON").source_error(error));
    }
    let compressed = STANDARD
        .decode(text)
        .map_err(|error| failed("the stored document is neither JSON nor base64").source_error(error))?;
    let mut json = Vec::new();
    ZlibDecoder::new(compressed.as_slice())
        .take(DOCUMENT_BYTES_MAX + 1)
        .read_to_end(&mut json)
        .map_err(|error| failed("the stored document cannot be decompressed").source_error(error))?;
    if json.len() as u64 > DOCUMENT_BYTES_MAX {
        return Err(failed("the stored document is too large").with("bytes_max", DOCUMENT_BYTES_MAX));
    }
    serde_json::from_slice(&json)
        .map_err(|error| failed("the stored document is not valid JSON").source_error(error))
}
