//! Bodies in, documents or complaints out.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use spile_core::{BodyFormat, DecoderPlan, Limits};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Undecoded, decode};

const BYTES_MAX: usize = 10_000;

/// Returns the document as JSON, or the complaint with its line.
fn decoded(body: &[u8], content_type: &str, plan: &DecoderPlan) -> String {
    let limits = Limits { body_bytes_max: BYTES_MAX, nesting_max: 8, ..Limits::default() };
    match decode(body.to_vec(), Some(content_type), plan, &limits) {
        Ok(document) => document.root().to_value().to_string(),
        Err(Undecoded::NotJson(error)) => format!("not JSON: {error}"),
        Err(Undecoded::Bad(bad)) => {
            let line = bad.line.map(|line| format!(" in line {line}")).unwrap_or_default();
            format!("not {}: {}{line}{}", bad.format, bad.message, if bad.cut { ", cut" } else { "" })
        }
        Err(Undecoded::Limit(error)) => error.code().to_owned(),
    }
}

fn of(format: BodyFormat) -> DecoderPlan {
    DecoderPlan { format: Some(format), ..DecoderPlan::default() }
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, body) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(body).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn the_content_type_decides() {
    for (content_type, body, expected) in [
        ("", "[1]", "[1]"),
        ("text/html", r#"{"a":1}"#, r#"{"a":1}"#),
        ("text/csv", r#"{"a":1}"#, r#"{"a":1}"#),
        ("application/x-ndjson", "{\"a\":1}\n", r#"[{"a":1}]"#),
        ("application/x-ndjson; charset=utf-8", "{\"a\":1}\r\n\n{\"a\":[2]}", r#"[{"a":1},{"a":[2]}]"#),
        ("text/csv", "a,b\n1,\"x\ny\"\n", r#"[{"a":"1","b":"x\ny"}]"#),
        ("text/tab-separated-values", "a\tb\n1\t2\n", r#"[{"a":"1","b":"2"}]"#),
        ("application/atom+xml", "<f><e i='1'/></f>", r#"{"f":{"e":{"@i":"1"}}}"#),
        ("text/html", "<p>", "not JSON: unexpected '<' at byte 0"),
        ("application/xhtml+xml", "<p/>", "not JSON: unexpected '<' at byte 0"),
    ] {
        assert_eq!(
            decoded(body.as_bytes(), content_type, &DecoderPlan::default()),
            expected,
            "{content_type}"
        );
    }
}

#[test]
fn lines() {
    for (body, expected) in [
        ("", "[]"),
        ("\n\n", "[]"),
        ("\u{feff}1\n\"a\"\nnull", r#"[1,"a",null]"#),
        ("{\"a\":1}\n{\"a\":", "not JSON lines: the text ends too early in line 2, cut"),
        ("{\"a\":1}\n{\"a\":\n{\"a\":2}\n", "not JSON lines: the text ends too early in line 2"),
        ("[1\n2]\n", "not JSON lines: the text ends too early in line 1"),
        ("1,2\n", "not JSON lines: unexpected '1' in line 1"),
        ("{\"a\":1},{\"a\":2}\n", "not JSON lines: unexpected '}' in line 1"),
        ("{\"a\":1}\nnothing\n", "not JSON lines: unexpected 'n' in line 2"),
    ] {
        let found = decoded(body.as_bytes(), "", &of(BodyFormat::JsonLines));
        assert_eq!(found, expected, "{body:?}");
    }
}

#[test]
fn tables() {
    let plain = of(BodyFormat::Csv);
    let semicolon = DecoderPlan { delimiter: Some(b';'), ..plain.clone() };
    let named = DecoderPlan { columns: vec!["x".into(), "y".into()], ..plain.clone() };
    for (plan, body, expected) in [
        (&plain, "a,b\n", "[]"),
        (&plain, "", "[]"),
        (&plain, "\u{feff}a,\"b \"\"c\"\"\"\n1,\n", r#"[{"a":"1","b \"c\"":""}]"#),
        (&semicolon, "a;b\n1,5;2\n", r#"[{"a":"1,5","b":"2"}]"#),
        (&named, "1,2\n3,4\n", r#"[{"x":"1","y":"2"},{"x":"3","y":"4"}]"#),
        (&named, "1,2,3\n", "not CSV: a row has 3 fields, expected 2 in line 1"),
        (&plain, "a,b\n1,2\n3\n", "not CSV: a row has 1 field, expected 2 in line 3"),
        (&plain, "a,a\n1,2\n", "not CSV: the column `a` is there twice in line 1"),
    ] {
        assert_eq!(decoded(body.as_bytes(), "", plan), expected, "{body:?}");
    }
    assert_eq!(decoded(b"a,b\n\xff,2\n", "", &plain), "not CSV: a field is not UTF-8 text in line 2");
    let many = format!("a long name for a column\n{}", "1\n".repeat(2_000));
    assert_eq!(decoded(many.as_bytes(), "", &plain), "limit/body-bytes");
}

#[test]
fn markup() {
    let deep = "<a>".repeat(9);
    for (body, expected) in [
        (
            "<?xml version=\"1.0\"?><!-- c --><f><e id=\"1\">a &amp; &#65;</e><e/><n:t><![CDATA[<x>]]></n:t></f>",
            r##"{"f":{"e":[{"@id":"1","#text":"a & A"},null],"n:t":"<x>"}}"##,
        ),
        ("<f>\n<e>1</e>\n<e>2</e>\n<e>3</e></f>", r#"{"f":{"e":["1","2","3"]}}"#),
        ("", "not XML: there is no element"),
        ("text", "not XML: there is no element"),
        ("<f>\n<e>1</e>", "not XML: the element `f` does not end in line 2, cut"),
        (
            "<!DOCTYPE f [<!ENTITY x \"&y;&y;\">]>\n<f>&x;</f>",
            "not XML: the entity `&x;` is not known in line 2",
        ),
        (deep.as_str(), "not XML: elements are nested deeper than 8 in line 1"),
    ] {
        assert_eq!(decoded(body.as_bytes(), "", &of(BodyFormat::Xml)), expected, "{body:?}");
    }
    assert!(decoded(b"<f>\n</g>", "", &of(BodyFormat::Xml)).ends_with("in line 2"));
}

#[test]
fn packed() {
    let any = DecoderPlan::default();
    let second = DecoderPlan { member: Some("b.json".into()), ..any.clone() };
    let two = zipped(&[("a.csv", b"x\n1\n"), ("b.json", b"[2]")]);
    let bomb = gzip(&vec![b' '; BYTES_MAX + 1]);
    let cut = gzip(b"[1,2,3]");
    for (plan, body, expected) in [
        (&any, gzip(b"[1]"), "[1]"),
        (&any, [gzip(b"[1"), gzip(b",2]")].concat(), "[1,2]"),
        (&any, zipped(&[("a.csv", b"x\n1\n")]), r#"[{"x":"1"}]"#),
        (&any, zipped(&[("a.jsonl.gz", &gzip(b"1\n2\n"))]), "[1,2]"),
        (&second, two.clone(), "[2]"),
        (
            &any,
            two.clone(),
            "not a zip archive: it holds `a.csv`, `b.json`; name one as `member` of the decoder",
        ),
        (&second, zipped(&[("a.csv", b"")]), "not a zip archive: it has no file `b.json`, but `a.csv`"),
        (&any, bomb, "limit/body-bytes"),
        (&any, zipped(&[("a.json", &vec![b' '; BYTES_MAX + 1])]), "limit/body-bytes"),
        (&any, cut[..cut.len() - 9].to_vec(), "not gzip: it ends too early, cut"),
    ] {
        assert_eq!(decoded(&body, "", plan), expected);
    }
    assert!(decoded(&two[..40], "", &any).starts_with("not a zip archive"));
}

#[test]
fn charsets() {
    let any = DecoderPlan::default();
    let utf16: Vec<u8> = "\u{feff}[\"ü\"]".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (body, content_type, expected) in [
        (b"[\"\xfc\"]".as_slice(), "application/json; charset=ISO-8859-1", "[\"ü\"]"),
        (utf16.as_slice(), "application/json", "[\"ü\"]"),
        ("[\"ü\"]".as_bytes(), "application/json; charset=\"UTF-8\"", "[\"ü\"]"),
        ("[\"ü\"]".as_bytes(), "application/json; charset=unheard-of", "[\"ü\"]"),
        (
            b"[\"\x81\x00\"]".as_slice(),
            "application/json; charset=shift_jis",
            "not text: the body is not Shift_JIS text",
        ),
    ] {
        assert_eq!(decoded(body, content_type, &any), expected, "{content_type}");
    }
}

proptest::proptest! {
    #[test]
    fn no_body_panics(body in "([<>/&;\"',\n\\[\\]{}:a-z0-9=]|<a>|</a>|&amp;|<!\\[CDATA\\[|\\]\\]>){0,40}") {
        for format in [BodyFormat::JsonLines, BodyFormat::Csv, BodyFormat::Xml] {
            let _shown = decoded(body.as_bytes(), "", &of(format));
        }
    }
}
