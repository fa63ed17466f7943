//! What goes beyond the golden cases: edges, and where a value is refused on purpose.

use super::*;

fn with_kind<T>(json: &str, check: impl FnOnce(JsonKind<'_>) -> T) -> T {
    let document = Document::parse(json.as_bytes().to_vec()).unwrap();
    check(document.root().kind())
}

fn written(json: &str, write: impl FnOnce(Json<'_>, &mut Vec<u8>) -> bool) -> Option<String> {
    let document = Document::parse(json.as_bytes().to_vec()).unwrap();
    let mut out = Vec::new();
    write(document.root(), &mut out).then(|| String::from_utf8(out).unwrap())
}

#[test]
fn numbers_in_texts_are_pythons() {
    for (json, whole, double_value) in [
        (r#"" 12 ""#, Some(12), Some(12.0)),
        (r#""1_000""#, Some(1_000), Some(1_000.0)),
        (r#""0x1F""#, Some(31), Some(31.0)),
        (r#""+5""#, Some(5), Some(5.0)),
        (r#""1__0""#, None, None),
        (r#""_1""#, None, None),
        (r#""-0x1F""#, None, None),
        (r#""0x""#, None, None),
        (r#""1_0.5""#, None, Some(10.5)),
        (r#"".5""#, None, Some(0.5)),
        (r#""1.""#, None, Some(1.0)),
        (r#""9223372036854775808""#, None, Some(9_223_372_036_854_775_808.0)),
        (r#""nan""#, None, None),
        (r#""-Infinity""#, None, None),
        (r#""1e400""#, None, None),
        ("1e18", Some(1_000_000_000_000_000_000), Some(1e18)),
        ("1e19", None, Some(1e19)),
        ("-9223372036854775808.0", None, Some(-9_223_372_036_854_775_808.0)),
        ("true", None, None),
    ] {
        assert_eq!(with_kind(json, bigint), whole, "{json}");
        assert_eq!(with_kind(json, double), double_value, "{json}");
    }
}

#[test]
fn times_are_pythons() {
    for (json, expected) in [
        (r#""2024""#, Some(1_704_067_200_000_000)),
        (r#""202401""#, Some(202_401_000_000)),
        (r#""-5""#, Some(-5_000_000)),
        (r#""1e5""#, Some(100_000_000_000)),
        (r#""0x1F""#, None),
        (r#""12:00""#, None),
        (r#""""#, None),
        ("253402300799", Some(253_402_300_799_000_000)),
        ("253402300800", None),
        ("9223372036854775807", None),
        ("1.23456789", Some(1_234_568)),
        ("-0.5", Some(-500_000)),
        ("1e20", None),
        ("true", None),
    ] {
        assert_eq!(with_kind(json, timestamp), expected, "{json}");
    }
    assert_eq!(with_kind("-1", date), Some(-1));
    assert_eq!(with_kind(r#""10:11:12.5+02:00""#, time), Some(29_472_500_000));
}

#[test]
fn decimals_lose_no_digit() {
    for (json, expected) in [
        (r#""1.5""#, Some(1_500_000_000)),
        ("-2.25", Some(-2_250_000_000)),
        (r#""1.1234567890""#, Some(1_123_456_789)),
        (r#""1.1234567891""#, None),
        (r#""1e3""#, Some(1_000_000_000_000)),
        (r#""1E-9""#, Some(1)),
        (r#""1e-10""#, None),
        (r#""0e-99""#, Some(0)),
        (r#""99999999999999999999999999999""#, Some(99_999_999_999_999_999_999_999_999_999_000_000_000)),
        (r#""100000000000000000000000000000""#, None),
        (r#""1e2147483647""#, None),
        (r#""0x1F""#, Some(31_000_000_000)),
        (r#""NaN""#, None),
        (r#"".""#, None),
    ] {
        assert_eq!(with_kind(json, |kind| decimal(kind, 38, 9)), expected, "{json}");
    }
}

#[test]
fn bytes_are_hexadecimal_or_base64() {
    for (json, expected) in [
        (r#""0xff00""#, Some(vec![255, 0])),
        (r#""0xf""#, None),
        (r#""YQ==""#, Some(b"a".to_vec())),
        (r#""YQ""#, None),
        (r#""""#, Some(Vec::new())),
        ("0", Some(Vec::new())),
        ("256", Some(vec![0, 1])),
        ("-1", None),
    ] {
        assert_eq!(with_kind(json, binary), expected, "{json}");
    }
}

#[test]
fn texts_and_json_are_pythons() {
    for (json, as_text, as_json) in [
        ("1.0", "1.0", None),
        ("1e16", "1e+16", None),
        ("1e-5", "1e-05", None),
        ("0.0001", "0.0001", None),
        ("-0.0", "-0.0", None),
        ("18446744073709551616", "18446744073709551616", None),
        ("false", "False", None),
        (r#"" {\"b\": 1, \"a\": 1e-5} ""#, r#" {"b": 1, "a": 1e-5} "#, Some(r#"{"b":1,"a":0.00001}"#)),
        (r#""{""#, "{", None),
        (r#"" null\n""#, " null\n", None),
        (r#""[null]""#, "[null]", Some("[null]")),
        (r#""\"null\"""#, "\"null\"", Some("\"null\"")),
        (r#"[1e-5,1e-6,1e16,1.0,"\u001f\b/é"]"#, "", Some("[0.00001,1e-6,1e+16,1.0,\"\\u001f\\b/é\"]")),
        (
            r#"{"a":1,"b":null,"a":[18446744073709551616]}"#,
            "",
            Some(r#"{"a":[18446744073709551616],"b":null}"#),
        ),
    ] {
        if !as_text.is_empty() {
            assert_eq!(written(json, text).as_deref(), Some(as_text), "{json}");
        }
        assert_eq!(written(json, super::json).as_deref(), as_json, "{json}");
    }
    let deep = format!("{:?}", "[".repeat(100) + &"]".repeat(100));
    assert_eq!(written(&deep, super::json), None);
}
