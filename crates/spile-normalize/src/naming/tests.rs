//! dlt's own answers, by running it.

use super::*;

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
        assert_eq!(normalize_path(raw, 65_536), expected, "{raw:?}");
    }
    assert_eq!(normalize_identifier("trailing__", 65_536), "trailingxx");
    assert_eq!(normalize_identifier("a__b", 65_536), "a_b");
}

#[test]
fn long_names_are_shortened_by_dlts_tag() {
    let long = "averyLongIdentifierNameThatOverflows";
    for (length_max, expected) in
        [(10, "avbla3pwws"), (20, "avery_lbla3pwerflows"), (30, "avery_long_ibla3pwat_overflows")]
    {
        assert_eq!(normalize_identifier(long, length_max), expected);
    }
    assert_eq!(normalize_identifier(&"a".repeat(70), 20), "aaaaaaamo6cbaaaaaaaa");
    assert_eq!(
        shorten_path(&format!("parent__child__{}", "x".repeat(60)), 63),
        "parent__child__xxxxxxxxxxxxxxbve6tgxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    );
    for length_max in 0..8 {
        assert_eq!(normalize_identifier(long, length_max).chars().count(), length_max.max(1));
    }
}
