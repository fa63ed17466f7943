//! What every auth puts where.

use spile_core::{CredentialPlace, Diagnostics, Method, RequestDraft};
use url::Url;

use super::AUTHS;
use crate::testing::node;

/// Returns the credential as it would be written, or the findings.
fn check(config: &str) -> Result<String, Vec<String>> {
    let node = node(config);
    let row = AUTHS.find(node.get("type").unwrap().as_str().unwrap()).unwrap();
    let mut diagnostics = Diagnostics::new();
    let Some(auth) = (row.parse)(&node, &mut diagnostics) else {
        return Err(diagnostics.iter().map(|d| format!("{} {}", d.code, d.message)).collect());
    };
    let mut draft = RequestDraft {
        method: Method::Get,
        url: Url::parse("http://h/").unwrap(),
        params: Vec::new(),
        headers: Vec::new(),
        json: None,
        data: None,
        credentials: Vec::new(),
    };
    auth.apply(&mut draft).unwrap();
    assert!(!format!("{auth:?}").contains("s3cret"), "{auth:?}");
    if let Some(grant) = auth.grant() {
        let request = grant.request(std::time::UNIX_EPOCH, None).unwrap();
        assert!(!format!("{request:?}").contains("s3cret"), "{request:?}");
        assert!(!grant.identity().contains("s3cret"));
        draft.credentials.push(grant.credential(&spile_core::Secret::new("t")));
    }
    let [credential] = draft.credentials.as_slice() else { panic!("{config}") };
    let separator = match credential.place {
        CredentialPlace::Header => ": ",
        CredentialPlace::Query => "=",
        CredentialPlace::Cookie => " cookie ",
        CredentialPlace::WithoutHeader => " without ",
    };
    Ok(format!("{}{separator}{}", credential.name, credential.value.expose()))
}

#[test]
fn credentials() {
    for (config, expected) in [
        (r#"{"type":"api_key","api_key":"s3cret"}"#, "Authorization: s3cret"),
        (
            r#"{"type":"api_key","name":"access_key_id","api_key":"s3cret","location":"header"}"#,
            "access_key_id: s3cret",
        ),
        (r#"{"type":"api_key","name":"key","api_key":12345,"location":"query"}"#, "key=12345"),
        (r#"{"type":"api_key","api_key":"s3cret","location":"param","name":null}"#, "Authorization=s3cret"),
        (
            r#"{"type":"api_key","api_key":"s3cret","prefix":"Token token="}"#,
            "Authorization: Token token=s3cret",
        ),
        (r#"{"type":"api_key","api_key":"s3cret","name":"sid","location":"cookie"}"#, "sid cookie s3cret"),
        (
            r#"{"type":"oauth2_client_credentials","access_token_url":"http://h/","client_id":"i","client_secret":"s3cret","access_token":"x"}"#,
            "Authorization: Bearer t",
        ),
        (
            r#"{"type":"session_token","login_url":"http://h/","login_data":{"p":"s3cret"},"name":"X-Sid"}"#,
            "X-Sid: t",
        ),
        (
            r#"{"type":"session_token","login_url":"http://h/","login_method":"GET","location":"query","name":"s"}"#,
            "s=t",
        ),
        (r#"{"type":"bearer","token":"s3cret"}"#, "Authorization: Bearer s3cret"),
        (r#"{"type":"http_basic","username":"ü","password":"s3cret"}"#, "Authorization: Basic w7w6czNjcmV0"),
    ] {
        assert_eq!(check(config).as_deref(), Ok(expected), "{config}");
    }
}

#[test]
fn findings() {
    for (config, expected) in [
        (r#"{"type":"bearer"}"#, "config/missing-field auth `bearer` needs `token`"),
        (
            r#"{"type":"bearer","token":["x"]}"#,
            "config/wrong-type `token` of auth `bearer` is a list, expected a string",
        ),
        (
            r#"{"type":"bearer","token":"x","tokn":1}"#,
            "config/unknown-field unknown key `tokn` in auth `bearer`",
        ),
        (
            r#"{"type":"api_key","api_key":"x","location":"body"}"#,
            "config/wrong-value unknown location `body` of an auth",
        ),
        (
            r#"{"type":"oauth2_client_credentials","access_token_url":"auth","client_id":"i","client_secret":"x"}"#,
            "config/invalid-url `access_token_url` of auth `oauth2_client_credentials` is not a URL",
        ),
        (
            r#"{"type":"oauth2_refresh_token","access_token_url":"http://h/","client_id":"i"}"#,
            "config/missing-field auth `oauth2_refresh_token` needs `refresh_token`",
        ),
        (
            r#"{"type":"oauth_jwt","auth_endpoint":"http://h/","client_id":"i","private_key":"x"}"#,
            "config/invalid-key `private_key` cannot sign with RS256: InvalidKeyFormat",
        ),
        (
            r#"{"type":"oauth_jwt","auth_endpoint":"http://h/","client_id":"i","private_key":"x","algorithm":"HS1"}"#,
            "config/wrong-value unknown `algorithm` `HS1`",
        ),
        (
            r#"{"type":"session_token","login_url":"http://h/","login_json":{},"login_data":{}}"#,
            "config/wrong-value `login_json` and `login_data` cannot both be sent",
        ),
    ] {
        assert_eq!(check(config), Err(vec![expected.to_owned()]), "{config}");
    }
    assert!(AUTHS.rows.is_sorted_by_key(|row| row.name));
}
