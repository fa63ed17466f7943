//! dlt's hash of a record at the boundary: SHAKE-128 over compact JSON with sorted keys, in base64 without padding.
//!
//! It goes into the pipeline state that dlt shares, so it must be dlt's to the letter.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use shake::Shake128;
use shake::digest::{ExtendableOutput, Update, XofReader};
use spile_core::{Json, JsonKind};

/// Bytes of a hash.
pub(super) const DIGEST_BYTES: usize = 9;

/// Bytes of a hash as dlt wrote it before 1.29.
pub(super) const LEGACY_DIGEST_BYTES: usize = 15;

/// Characters of a legacy hash.
pub(super) const LEGACY_HASH_LENGTH: usize = 20;

/// Hashes a whole record.
pub(super) fn of_record(record: Json<'_>, digest_bytes: usize) -> String {
    let mut text = String::new();
    write(record, &mut text);
    digest(&text, digest_bytes)
}

/// Hashes the key of a record: one value alone, several as a list. The error is the name of a missing column.
pub(super) fn of_key<'k>(
    record: Json<'_>,
    key: &'k [String],
    digest_bytes: usize,
) -> Result<String, &'k str> {
    let mut text = String::new();
    let many = key.len() > 1;
    for (index, name) in key.iter().enumerate() {
        let value = record.get(name).ok_or(name.as_str())?;
        if many {
            text.push(if index == 0 { '[' } else { ',' });
        }
        write(value, &mut text);
    }
    if many {
        text.push(']');
    }
    Ok(digest(&text, digest_bytes))
}

fn digest(text: &str, digest_bytes: usize) -> String {
    let mut hasher = Shake128::default();
    hasher.update(text.as_bytes());
    let mut bytes = vec![0; digest_bytes];
    hasher.finalize_xof().read(&mut bytes);
    STANDARD_NO_PAD.encode(bytes)
}

fn write(value: Json<'_>, out: &mut String) {
    match value.kind() {
        JsonKind::Array(_) => {
            out.push('[');
            for (index, element) in value.elements().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(element, out);
            }
            out.push(']');
        }
        JsonKind::Object(_) => {
            let mut members: Vec<_> = value.members().collect();
            // A stable sort keeps repeated names in order; as in every reader, the last of them counts.
            members.sort_by_key(|(name, _)| *name);
            out.push('{');
            let mut first = true;
            for (index, (name, member)) in members.iter().enumerate() {
                if members.get(index + 1).is_some_and(|(next, _)| next == name) {
                    continue;
                }
                if !first {
                    out.push(',');
                }
                first = false;
                out.push_str(&serde_json::Value::from(*name).to_string());
                out.push(':');
                write(*member, out);
            }
            out.push('}');
        }
        JsonKind::BigInt(number) => out.push_str(&number.to_string()),
        JsonKind::Null | JsonKind::Bool(_) | JsonKind::Int(_) | JsonKind::Float(_) | JsonKind::String(_) => {
            out.push_str(&value.to_value().to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spile_core::Document;

    /// Expected values were made by dlt 1.31.
    #[test]
    fn dlts_vectors() {
        for (json, expected) in [
            ("1", "669czW83KR00"),
            (r#""a""#, "HXVczKyPrzLo"),
            (r#"[1,"x"]"#, "T2u7rnGEfmXm"),
            (
                r#"{"b":1.0,"a":"é","c":[1.5,null,true],"d":1e20,"e":1e-7,"f":12345678901234567}"#,
                "SvBJb8sQ3Xma",
            ),
            ("1.0", "MjKKMOIOzz+e"),
            ("1e16", "s5kG0tdq0NdJ"),
            ("1e22", "OPsp4IwlOlwT"),
            ("0.1", "09fVEp3Zts1k"),
            (r#""a/\u007f\u2028\n\"\\""#, "kCMiQeW9wuBB"),
        ] {
            let document = Document::parse(json.as_bytes().to_vec()).unwrap();
            assert_eq!(of_record(document.root(), DIGEST_BYTES), expected, "{json}");
        }
        let document = Document::parse(br#"{"id":1,"n":"x"}"#.to_vec()).unwrap();
        let key = ["id".to_owned(), "n".to_owned()];
        assert_eq!(of_key(document.root(), &key[..1], DIGEST_BYTES).unwrap(), "669czW83KR00");
        assert_eq!(of_key(document.root(), &key, DIGEST_BYTES).unwrap(), "T2u7rnGEfmXm");
        assert_eq!(of_key(document.root(), &["no".to_owned()], DIGEST_BYTES), Err("no"));
    }
}
