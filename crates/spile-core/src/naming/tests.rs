//! dlt's own answers, by running it.

use serde_json::json;

use super::*;
use crate::schema::{Schema, TableSchema};

/// A convention where names have this bound.
fn naming(name: &str, length_max: usize) -> Naming {
    let rules = IdentifierRules { length_max, bytes_max: None, is_case_sensitive: true };
    Naming::new(NamingConvention::find(name).unwrap(), rules)
}

fn snake_case(length_max: usize) -> Naming {
    naming("snake_case", length_max)
}

#[test]
fn paths_are_named_as_dlt_names_them() {
    let vectors = [
        ("userID", "user_id"),
        ("UserIDNumber", "user_id_number"),
        ("HTTPServer", "http_server"),
        ("iD", "i_d"),
        ("v2Beta", "v2_beta"),
        ("a1B2", "a1_b2"),
        ("ABC123def", "abc123def"),
        ("ABCDef", "abc_def"),
        ("XMLHttp2Request", "xml_http2_request"),
        ("someURLs", "some_ur_ls"),
        ("iPhone", "i_phone"),
        ("address2Line", "address2_line"),
        ("isAB", "is_ab"),
        ("AbC", "ab_c"),
        ("A1B", "a1_b"),
        ("2fa", "_2fa"),
        ("1A", "_1_a"),
        ("_1", "_1"),
        ("trailing_", "trailingx"),
        ("trailing__", "trailing"),
        ("___", "x"),
        ("__leading", "leading"),
        ("_leading", "_leading"),
        ("__both__", "both"),
        ("a__b", "a__b"),
        ("a___b", "a___b"),
        ("a____b", "a__b"),
        ("x__1", "x___1"),
        ("a--b", "a_b"),
        (" spaced name ", "spaced_name"),
        ("a-b", "a_b"),
        ("a+b", "axb"),
        ("a@b", "aab"),
        ("@type", "atype"),
        ("#hash", "_hash"),
        ("$ref", "_ref"),
        ("a|b", "alb"),
        ("a(b)", "a_bx"),
        ("name[0]", "name_0x"),
        ("café", "cafx"),
        ("naïve", "na_ve"),
        ("日本", "x"),
        ("price€", "pricex"),
        ("100%", "_100x"),
        ("éa", "_a"),
        ("-a", "_a"),
        ("a-", "ax"),
        ("+1", "x1"),
        ("_", "x"),
        ("-", "x"),
        ("%", "x"),
        ("~", "x"),
        ("@", "a"),
        ("|", "l"),
        ("A_", "ax"),
        ("Snake_Case", "snake_case"),
        ("İstanbul", "_stanbul"),
        ("select", "select"),
        ("value", "value"),
        ("_dlt_custom", "_dlt_custom"),
        ("", "_empty"),
        (" \t", "_empty"),
        ("__", "_empty"),
        ("a٣b", "a٣b"),
    ];
    for (raw, expected) in vectors {
        assert_eq!(snake_case(65_536).path(raw), expected, "{raw:?}");
    }
    assert_eq!(snake_case(65_536).identifier("trailing__"), "trailingxx");
    assert_eq!(snake_case(65_536).identifier("a__b"), "a_b");
}

#[test]
fn long_names_are_shortened_by_dlts_tag() {
    let long = "averyLongIdentifierNameThatOverflows";
    for (length_max, expected) in
        [(10, "avbla3pwws"), (20, "avery_lbla3pwerflows"), (30, "avery_long_ibla3pwat_overflows")]
    {
        assert_eq!(snake_case(length_max).identifier(long), expected);
    }
    assert_eq!(snake_case(20).identifier(&"a".repeat(70)), "aaaaaaamo6cbaaaaaaaa");
    assert_eq!(
        snake_case(63).shorten_path(&format!("parent__child__{}", "x".repeat(60))),
        "parent__child__xxxxxxxxxxxxxxbve6tgxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    );
    for length_max in 0..8 {
        assert_eq!(snake_case(length_max).identifier(long).chars().count(), length_max.max(1));
    }
}

#[test]
fn a_dataset_with_rows_keeps_its_convention() {
    let direct = NamingConvention::find("direct");
    let mut schema = Schema::new("s");
    assert_eq!(schema.naming_convention().unwrap(), None);
    schema.tables.insert("users".into(), TableSchema::new("users"));
    // Only declared: the run declares it again.
    assert_eq!(schema.adopt_naming(direct).unwrap().name, "direct");
    assert!(schema.tables.is_empty());
    assert_eq!(schema.adopt_naming(None).unwrap().name, "direct");
    let mut filled = TableSchema::new("Users");
    filled.properties.insert("x-normalizer".into(), json!({"seen-data": true}));
    schema.tables.insert("Users".into(), filled);
    let error = schema.adopt_naming(NamingConvention::find("snake_case")).unwrap_err();
    assert_eq!(error.code(), "state/naming-frozen");
    schema.rest.insert("normalizers".into(), json!({"names": "my.naming"}));
    assert_eq!(schema.adopt_naming(None).unwrap_err().code(), "state/naming");
}

/// In the order of `conventions`. Where dlt leaves nothing of a name, it fails.
#[test]
fn every_convention_names_as_dlt_does() {
    let conventions = ["duck_case", "direct", "sql_cs_v1", "sql_ci_v1", "snake_case"];
    let vectors = [
        ("userID", ["userID", "userID", "userID", "userid", "user_id"]),
        ("a__b", ["a__b", "a__b", "a__b", "a__b", "a__b"]),
        ("a___b", ["a___b", "a___b", "a___b", "a___b", "a___b"]),
        ("__leading", ["leading", "__leading", "leading", "leading", "leading"]),
        ("_leading", ["_leading", "_leading", "_leading", "_leading", "_leading"]),
        ("trailing_", ["trailing_", "trailing_", "trailing", "trailing", "trailingx"]),
        ("trailing__", ["trailing", "trailing__", "trailing", "trailing", "trailing"]),
        ("___", ["_", "___", "_", "_", "x"]),
        ("_", ["_", "_", "_", "_", "x"]),
        (" spaced name ", ["spaced name", "spaced name", "spaced_name", "spaced_name", "spaced_name"]),
        ("a-b", ["a-b", "a-b", "a_b", "a_b", "a_b"]),
        ("a b  c", ["a b  c", "a b  c", "a_b_c", "a_b_c", "a_b_c"]),
        ("café", ["café", "café", "caf", "caf", "cafx"]),
        ("日本", ["日本", "日本", "_", "_", "x"]),
        ("2fa", ["2fa", "2fa", "_2fa", "_2fa", "_2fa"]),
        ("1A", ["1A", "1A", "_1A", "_1a", "_1_a"]),
        ("٣a", ["٣a", "٣a", "_٣a", "_٣a", "_٣a"]),
        ("select", ["select", "select", "select", "select", "select"]),
        ("SELECT", ["SELECT", "SELECT", "SELECT", "select", "select"]),
        ("a\"b", ["a_b", "a_b", "a_b", "a_b", "a_b"]),
        ("a'b", ["a'b", "a_b", "a_b", "a_b", "a_b"]),
        ("a\nb", ["a_b", "a_b", "a_b", "a_b", "a_b"]),
        ("a.b/c", ["a.b/c", "a.b/c", "a_b_c", "a_b_c", "a_b_c"]),
        ("😀", ["😀", "😀", "_", "_", "x"]),
        ("😀a", ["😀a", "😀a", "_a", "_a", "_a"]),
        ("#hash", ["#hash", "#hash", "_hash", "_hash", "_hash"]),
        ("100%", ["100%", "100%", "_100", "_100", "_100x"]),
        ("price€", ["price€", "price€", "price", "price", "pricex"]),
        ("!!", ["!!", "!!", "_", "_", "x"]),
        ("_!", ["_!", "_!", "_empty", "_empty", "xx"]),
        ("_!__b", ["_!__b", "_!__b", "b", "b", "xx__b"]),
        ("a▶b", ["a▶b", "a▶b", "a_b", "a_b", "a_b"]),
        ("▶a▶▶b▶", ["▶a▶▶b▶", "a▶b", "_a_b", "_a_b", "_a_bx"]),
        ("x__ __y", ["x__y", "x__ __y", "x__y", "x__y", "x__y"]),
        ("\u{1c}a\u{1f}", ["a", "a", "a", "a", "a"]),
        ("A__B_", ["A__B_", "A__B_", "A__B", "a__b", "a__bx"]),
        ("İstanbul", ["İstanbul", "İstanbul", "_stanbul", "_stanbul", "_stanbul"]),
        ("name[0]", ["name[0]", "name[0]", "name_0", "name_0", "name_0x"]),
        ("-", ["-", "-", "_", "_", "x"]),
        ("a|b+c*d@e", ["a|b+c*d@e", "a|b+c*d@e", "a_b_c_d_e", "a_b_c_d_e", "albxcxdae"]),
    ];
    for (raw, expected) in vectors {
        for (convention, expected) in conventions.iter().zip(expected) {
            assert_eq!(naming(convention, 63).path(raw), expected, "{raw:?} by {convention}");
        }
    }
    let long = "é".repeat(70);
    let cut = format!("{}yta0xq{}", "é".repeat(29), "é".repeat(28));
    assert_eq!(naming("direct", 63).path(&long), cut);
    assert_eq!(naming("duck_case", 63).path("a\0b"), "a_b");
    assert_eq!(naming("direct", 63).variant("a", "text"), "a▶v_text");
}

#[test]
fn bytes_bound_names_where_the_destination_counts_them() {
    let rules = IdentifierRules { length_max: 63, bytes_max: Some(63), is_case_sensitive: true };
    let direct = Naming::new(NamingConvention::find("direct").unwrap(), rules);
    let cut = direct.path(&"é".repeat(70));
    assert_eq!(cut, format!("{}yta0xq{}", "é".repeat(14), "é".repeat(14)));
    assert_eq!(direct.path(&"é".repeat(31)), "é".repeat(31));
    assert!(direct.path(&"é".repeat(32)).len() <= 63);
    let tight = IdentifierRules { length_max: 3, bytes_max: Some(2), ..rules };
    assert_eq!(Naming::new(direct.convention(), tight).path("日本語文字").len(), 2);
}

#[test]
fn case_is_folded_where_the_destination_does_and_the_convention_does_not() {
    let rules = IdentifierRules { length_max: 63, bytes_max: None, is_case_sensitive: false };
    for convention in &NAMING_CONVENTIONS {
        let naming = Naming::new(convention, rules);
        assert_eq!(naming.folds(), convention.is_case_sensitive);
        let expected = convention.is_case_sensitive.then_some("userName");
        assert_eq!(naming.spelling("UserName", ["id", "userName"].into_iter()), expected);
        assert!(
            NamingConvention::find(&format!("dlt.common.normalizers.naming.{}", convention.name)).is_some()
        );
    }
    assert!(NamingConvention::find("snakecase").is_none());
}
