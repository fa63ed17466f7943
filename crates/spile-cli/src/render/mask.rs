//! Takes secrets that are written in a config out of the lines that findings quote.
//!
//! A config should not hold secrets, but many do, and what `check` prints ends up in the logs of build servers. The
//! invariant: masking keeps every byte's place, so positions stay true.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Keys of headers and destinations that hold secrets; those of auths are in their table.
const FURTHER_KEYS: [&str; 8] = [
    "authorization",
    "cookie",
    "password",
    "secret",
    "x-api-key",
    "x-auth-token",
    "aws_secret_access_key",
    "aws_session_token",
];

/// What is looked for; the groups are what is masked.
static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let auths = spile::AUTHS.rows.iter().flat_map(|auth| auth.fields);
    let of_auths = auths.filter(|field| field.shape == "secret").map(|field| field.name);
    let keys: Vec<String> = of_auths.chain(FURTHER_KEYS).map(regex::escape).collect();
    let keys = format!("(?:{})", keys.join("|"));
    [
        // "token": "…", token="…", token: '…'
        format!(r#"(?i)(?:^|[\s{{(,\['"]){keys}["']?\s*[:=]\s*[a-z]?(?:"([^"\n]*)"|'([^'\n]*)')"#),
        // A line of YAML: token: …
        format!(r#"(?im)^[ \t-]*{keys}[ \t]*:[ \t]+([^\s"'\[{{(&*!|>\#$][^\s\[({{]*)[ \t]*(?:\#.*)?$"#),
        // Inside of braces: {type: bearer, token: …}
        format!(r#"(?i)[{{,]\s*{keys}\s*:\s*([^\s"'\[{{(,}}$][^,}}\n]*)"#),
        // https://user:…@host
        r#"://[^\s/"'@:]*:([^\s/"'@]+)@"#.to_owned(),
        // BearerTokenAuth("…"), HttpBasicAuth("user", "…")
        r#"(?:BearerTokenAuth|HttpBasicAuth|APIKeyAuth)\((?:[^()\n]*,)?\s*(?:"([^"\n]*)"|'([^'\n]*)')"#
            .to_owned(),
    ]
    .iter()
    .map(|pattern| Regex::new(pattern).expect("the patterns are valid for all names of keys"))
    .collect()
});

/// Returns the text with secrets as asterisks. A place that refers to a secret, such as `${secrets.token}`, stays.
pub(crate) fn mask(source: &str) -> String {
    PATTERNS.iter().fold(source.to_owned(), |text, pattern| {
        pattern.replace_all(&text, |found: &Captures<'_>| hidden(found)).into_owned()
    })
}

fn hidden(found: &Captures<'_>) -> String {
    let whole = found.get(0).expect("a match has a whole");
    let mut text = whole.as_str().to_owned();
    for group in found.iter().skip(1).flatten().filter(|group| !group.as_str().contains("${")) {
        let range = group.start() - whole.start()..group.end() - whole.start();
        text.replace_range(range, &"*".repeat(group.len()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_all_else_stays() {
        for (source, expected) in [
            (
                r#"{"type": "bearer", "token": "abc", "x": 1}"#,
                r#"{"type": "bearer", "token": "***", "x": 1}"#,
            ),
            ("auth: {type: bearer, token: abc, x: 1}", "auth: {type: bearer, token: ***, x: 1}"),
            ("  password: abc  # old", "  password: ***  # old"),
            ("api_key = 'abc'", "api_key = '***'"),
            (r#"BearerTokenAuth(token="abc")"#, r#"BearerTokenAuth(token="***")"#),
            (r#"HttpBasicAuth("me", "abc")"#, r#"HttpBasicAuth("me", "***")"#),
            ("'postgresql://me:abc@host/db'", "'postgresql://me:***@host/db'"),
            (r#""Authorization": "Bearer é""#, r#""Authorization": "*********""#),
        ] {
            assert_eq!(mask(source), expected);
            assert_eq!(mask(source).len(), source.len());
        }
        for source in [
            r#""token": dlt.secrets["token"],"#,
            "token: ${secrets.shop.token}",
            r#""token": "${secrets.shop.token}""#,
            r#""token": access_token"#,
            r#"BearerTokenAuth(dlt.secrets["x"])"#,
            "token_path: data.token",
            r#""cursor_path": "token""#,
            "https://host:8080/path",
        ] {
            assert_eq!(mask(source), source);
        }
    }
}
