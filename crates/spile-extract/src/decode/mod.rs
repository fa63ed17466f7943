//! From the bytes of an answer to the one document that everything reads.
//!
//! JSON goes straight to the tape. Other formats are written as JSON first, since page, cursor and columns read nothing
//! else. The invariants: nothing is unpacked beyond the limit for bodies, and a body that is not wholly understood is an
//! error that names the place, never a part of its rows.

mod charset;
mod lines;
mod markup;
mod packed;
mod table;
#[cfg(test)]
mod tests;

use spile_core::{BodyFormat, DecoderPlan, Document, Error, ErrorKind, JsonError, Limits};

/// Why a body cannot be used.
#[derive(Debug)]
pub(crate) enum Undecoded {
    /// It should have been JSON.
    NotJson(JsonError),
    /// It should have been something else.
    Bad(BadBody),
    /// A limit was passed.
    Limit(Error),
}

/// A body that is not what it should have been.
#[derive(Debug)]
pub(crate) struct BadBody {
    /// What it should have been.
    pub(crate) format: &'static str,
    /// What is wrong.
    pub(crate) message: String,
    /// Where.
    pub(crate) line: Option<u64>,
    /// Whether it ends too early.
    pub(crate) cut: bool,
}

impl Undecoded {
    fn bad(format: &'static str, message: impl Into<String>, line: Option<u64>) -> Self {
        Self::Bad(BadBody { format, message: message.into(), line, cut: false })
    }

    fn cut(format: &'static str, message: impl Into<String>, line: Option<u64>) -> Self {
        Self::Bad(BadBody { format, message: message.into(), line, cut: true })
    }

    /// Returns whether the body ends too early, so that the same request may succeed.
    pub(crate) fn is_cut(&self) -> bool {
        match self {
            Self::NotJson(error) => {
                matches!(error.message.as_str(), "the text ends too early" | "the body is empty")
            }
            Self::Bad(body) => body.cut,
            Self::Limit(_) => false,
        }
    }
}

/// Decodes a body.
pub(crate) fn decode(
    body: Vec<u8>,
    content_type: Option<&str>,
    plan: &DecoderPlan,
    limits: &Limits,
) -> Result<Document, Undecoded> {
    let bytes_max = limits.body_bytes_max;
    let (body, member) = packed::unpack(body, plan.member.as_deref(), bytes_max)?;
    let media =
        content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let format = plan
        .format
        .or_else(|| member.as_deref().and_then(of_name))
        .unwrap_or_else(|| of_media(&media, &body));
    let body = charset::to_utf8(body, content_type, bytes_max)?;
    match format {
        BodyFormat::Json => Document::parse(body).map_err(Undecoded::NotJson),
        BodyFormat::JsonLines => lines::decode(&body),
        BodyFormat::Csv => table::decode(&body, plan, &media, bytes_max),
        BodyFormat::Xml => markup::decode(&body, limits.nesting_max, bytes_max),
    }
}

/// Returns what a content type stands for. APIs label JSON in many ways, so a body that begins as JSON does is taken for
/// it unless the label says lines.
fn of_media(media: &str, body: &[u8]) -> BodyFormat {
    let begins_as_json = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
    match media {
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonl"
        | "application/jsonlines"
        | "application/x-jsonlines" => BodyFormat::JsonLines,
        _ if begins_as_json => BodyFormat::Json,
        "text/csv" | "application/csv" | "text/tab-separated-values" => BodyFormat::Csv,
        "application/xml" | "text/xml" => BodyFormat::Xml,
        _ if media.ends_with("+xml") && media != "application/xhtml+xml" => BodyFormat::Xml,
        _ => BodyFormat::Json,
    }
}

/// Returns what a file in an archive is.
fn of_name(name: &str) -> Option<BodyFormat> {
    match name.trim_end_matches(".gz").rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
        "json" => Some(BodyFormat::Json),
        "jsonl" | "ndjson" => Some(BodyFormat::JsonLines),
        "csv" | "tsv" => Some(BodyFormat::Csv),
        "xml" => Some(BodyFormat::Xml),
        _ => None,
    }
}

/// Names a body that is too large once it is unpacked or written as JSON.
fn too_large(bytes_max: usize) -> Undecoded {
    let message = format!("the response body has more than {bytes_max} bytes when it is decoded");
    Undecoded::Limit(
        Error::new(ErrorKind::Limit, "limit/body-bytes", message)
            .hint("Ask the API for smaller pages, or raise `client.limits.body_bytes_max`."),
    )
}

/// Returns the 1-based line of a byte.
fn line_of(body: &[u8], offset: usize) -> u64 {
    memchr::memchr_iter(b'\n', &body[..offset.min(body.len())]).count() as u64 + 1
}
