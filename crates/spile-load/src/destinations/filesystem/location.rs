//! Where the files go and how they are written: a URL with options in its query.
//!
//! Pure. Invariant: what is [shown](Location::shown) has no query, so no credentials.

use std::path::PathBuf;

use spile_core::{Error, ErrorKind, FieldDoc, Result, Secret};
use url::Url;

use super::format::Format;
use super::layout::{self, Layout};

/// The options of a location.
pub(super) const FIELDS: &[FieldDoc] = &[
    FieldDoc {
        name: "url",
        shape: "string",
        default: "",
        summary: "file:///folder or s3://bucket/prefix; in dlt's terms the bucket_url.",
    },
    FieldDoc {
        name: "layout",
        shape: "string",
        default: layout::DEFAULT,
        summary: "Where the files of a table are inside the dataset.",
    },
    FieldDoc {
        name: "format",
        shape: "string",
        default: "jsonl",
        summary: "jsonl, parquet or csv; a table that dlt wrote before keeps its format when this is not set.",
    },
    FieldDoc {
        name: "compress",
        shape: "boolean",
        default: "true",
        summary: "Whether jsonl and csv are compressed by gzip.",
    },
    FieldDoc { name: "region", shape: "string", default: "us-east-1", summary: "The region of the bucket." },
    FieldDoc {
        name: "endpoint_url",
        shape: "string",
        default: "AWS",
        summary: "The server of an S3-compatible store.",
    },
    FieldDoc {
        name: "aws_access_key_id",
        shape: "string",
        default: "the machine's role",
        summary: "With aws_secret_access_key and aws_session_token: the credentials; they belong into secrets.toml.",
    },
];

/// Credentials of a bucket.
#[derive(Default)]
pub(super) struct S3Options {
    pub(super) region: Option<String>,
    pub(super) endpoint_url: Option<String>,
    pub(super) access_key_id: Option<String>,
    pub(super) secret_access_key: Option<Secret>,
    pub(super) session_token: Option<Secret>,
}

/// A kind of place.
pub(super) enum Place {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket.
    S3 { bucket: String, options: S3Options },
    /// The memory of this process, by name.
    Memory(String),
}

/// A location, read.
pub(super) struct Location {
    pub(super) place: Place,
    /// The path inside the place, without slashes at its ends; empty for a folder.
    pub(super) prefix: String,
    pub(super) layout: Layout,
    /// The format that was asked for.
    pub(super) format: Option<Format>,
    pub(super) compress: bool,
    /// The URL for people.
    pub(super) shown: String,
}

impl Location {
    /// Reads a URL.
    pub(super) fn parse(text: &str) -> Result<Self> {
        // The cause is left out: it may quote credentials.
        let url = Url::parse(text)
            .map_err(|_| refuse("the location of the filesystem destination is not a url"))?;
        let mut options = S3Options::default();
        let (mut layout, mut format, mut compress) = (None, None, true);
        for (key, value) in url.query_pairs() {
            let value = value.into_owned();
            match key.as_ref() {
                "layout" => layout = Some(Layout::parse(&value)?),
                "format" => format = Some(Format::parse(&value).ok_or_else(|| unknown_format(&value))?),
                "compress" if value == "true" || value == "false" => compress = value == "true",
                "compress" => return Err(refuse("the option `compress` is neither true nor false")),
                "region" | "aws_access_key_id" | "aws_secret_access_key" | "aws_session_token"
                    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) =>
                {
                    // They become parts of addresses and headers.
                    return Err(refuse(
                        "a setting of the bucket is empty or has characters that it cannot have",
                    )
                    .with("option", key));
                }
                "region" => options.region = Some(region(value)?),
                "endpoint_url" => options.endpoint_url = Some(endpoint(&value)?),
                "aws_access_key_id" => options.access_key_id = Some(value),
                "aws_secret_access_key" => options.secret_access_key = Some(Secret::new(value)),
                "aws_session_token" => options.session_token = Some(Secret::new(value)),
                other => {
                    return Err(refuse(
                        "the url of the filesystem destination has an option that is not known",
                    )
                    .with("option", other));
                }
            }
        }
        let mut shown = url.clone();
        shown.set_query(None);
        shown.set_fragment(None);
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("credentials do not belong in front of the name of a bucket"));
        }
        let name = url.host_str().unwrap_or_default().to_owned();
        let place = match url.scheme() {
            "file" => Place::Folder(
                url.to_file_path().map_err(|()| refuse("the file url names no folder of this machine"))?,
            ),
            "memory" => Place::Memory(name),
            "s3" if name.is_empty() => return Err(refuse("the s3 url names no bucket")),
            "s3" => Place::S3 { bucket: name, options },
            _other => return Err(refuse("the location of the filesystem destination has an unknown scheme")),
        };
        let prefix = match &place {
            Place::Folder(_) => String::new(),
            Place::S3 { .. } | Place::Memory(_) => {
                percent_encoding::percent_decode_str(url.path().trim_matches('/'))
                    .decode_utf8()
                    .map_err(|_| refuse("the path of the url is not UTF-8"))?
                    .into_owned()
            }
        };
        Ok(Self {
            place,
            prefix,
            layout: layout.map_or_else(|| Layout::parse(layout::DEFAULT), Ok)?,
            format,
            compress,
            shown: shown.as_str().trim_end_matches('/').to_owned(),
        })
    }
}

fn region(region: String) -> Result<String> {
    if region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Ok(region);
    }
    Err(refuse("the option `region` is not the name of a region"))
}

/// Returns the address of a server without a slash at its end, which would double the one of the path.
fn endpoint(url: &str) -> Result<String> {
    let good = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !good {
        return Err(refuse("the option `endpoint_url` is not the http:// or https:// url of a server"));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn refuse(message: &str) -> Error {
    Error::new(ErrorKind::Config, "destination/location", message)
        .hint("Write file:///folder or s3://bucket/prefix; `spile list destinations` names the options.")
}

fn unknown_format(format: &str) -> Error {
    Error::new(ErrorKind::Config, "destination/file-format", "there is no such file format")
        .with("format", format)
        .hint("Use jsonl, parquet or csv.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        for (url, read) in [
            ("file:///data/lake", Ok("file:///data/lake")),
            ("file:///data/a%20b/?format=csv&compress=false", Ok("file:///data/a%20b")),
            ("s3://bucket/a/b/?aws_access_key_id=k&aws_secret_access_key=hunter2", Ok("s3://bucket/a/b")),
            ("s3://bucket?endpoint_url=http%3A%2F%2F127.0.0.1%3A1&region=x", Ok("s3://bucket")),
            ("memory://m", Ok("memory://m")),
            ("s3:///a", Err("destination/location")),
            ("s3://k:hunter2@bucket", Err("destination/location")),
            ("s3://bucket?aws_secret_acces_key=hunter2", Err("destination/location")),
            ("s3://bucket?format=avro", Err("destination/file-format")),
            ("s3://bucket?layout={x}", Err("destination/layout")),
            ("file:///x?compress=yes", Err("destination/location")),
            ("s3://bucket?endpoint_url=nowhere here", Err("destination/location")),
            ("s3://bucket?region=a/b", Err("destination/location")),
            ("s3://bucket?aws_session_token=hunter2%0A", Err("destination/location")),
            ("gs://bucket", Err("destination/location")),
            ("data/lake", Err("destination/location")),
        ] {
            let found = Location::parse(url);
            if let Err(error) = &found {
                assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            }
            let found = found.map(|location| location.shown).map_err(|error| error.code());
            assert_eq!(found, read.map(str::to_owned), "{url}");
        }
        let location = Location::parse("s3://bucket/a%20b/c/").unwrap();
        assert_eq!(location.prefix, "a b/c");
    }
}
