//! Auths that fetch a token: what is asked, how often, when it is renewed, and that nobody else gets to see it.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::fixture::{Outcome, SECRET, auth, plan, run, run_side_by_side};
use crate::server::{Asked, Reply, Server};

/// Answers `/token` with `token-1`, `token-2`, ... and everything else by `api`, which gets the number of the token.
async fn server(lifetime: Value, api: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static) -> Server {
    let given = AtomicUsize::new(0);
    Server::start(move |number, asked| {
        if asked.target().starts_with("/token") {
            let token = format!("token-{}", given.fetch_add(1, Ordering::SeqCst) + 1);
            return Reply::json(&json!({"access_token": token, "expires_in": lifetime}).to_string());
        }
        api(number, asked)
    })
    .await
}

fn client_credentials(server: &Server, more: &Value) -> String {
    let mut auth = json!({
        "type": "oauth2_client_credentials",
        "access_token_url": server.url("/token"),
        "client_id": "spile",
        "client_secret": SECRET,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        auth[name] = value.clone();
    }
    auth.to_string()
}

fn plan_with(server: &Server, paginator: &str, config: &str) -> spile_core::Plan {
    let mut plan = plan(&server.url("/items"), paginator);
    plan.resources[0].auth = vec![auth(config)];
    plan
}

/// What the API was sent, and how often a token was asked for.
fn seen(server: &Server) -> (Vec<String>, usize) {
    let (tokens, api): (Vec<Asked>, Vec<Asked>) =
        server.asked().into_iter().partition(|asked| asked.target().starts_with("/token"));
    (api.iter().map(|asked| asked.header("authorization").unwrap_or("-").to_owned()).collect(), tokens.len())
}

fn pages(number: usize, last: usize) -> Reply {
    let more = number < last;
    Reply::json(&json!({"data": [number], "next": more.then(|| format!("/items?page={number}"))}).to_string())
}

#[tokio::test]
async fn one_token_serves_all_pages() {
    let server = server(json!(3600), |number, _| pages(number, 3)).await;
    let outcome = run(&plan_with(&server, r#""json_link""#, &client_credentials(&server, &json!({})))).await;
    assert_eq!(outcome.records(), ["[1]", "[2]", "[3]"]);
    assert_eq!(seen(&server), (vec!["Bearer token-1".to_owned(); 3], 1));
    let asked = &server.asked()[0];
    assert_eq!((asked.method(), asked.target()), ("POST", "/token"));
    assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(asked.body, format!("client_id=spile&client_secret={SECRET}&grant_type=client_credentials"));
    // The config's headers are for the API.
    assert_eq!(asked.header("x-client"), None);
    let evidence: Vec<_> = outcome.pages.iter().map(|page| &page.evidence).collect();
    assert!(!serde_json::to_string(&evidence).unwrap().contains("token-1"));
}

#[tokio::test]
async fn the_request_is_the_configs() {
    for (more, body, authorization) in [
        (
            json!({"access_token_request_data": {"scope": "a b", "grant_type": "password", "x": [1, true]}}),
            "client_id=spile&client_secret=s3cret-canary&grant_type=password&scope=a+b&x=1&x=True",
            None,
        ),
        (
            json!({"client_authentication": "basic", "access_token_request_data": {"audience": "api"}}),
            "grant_type=client_credentials&audience=api",
            Some("Basic c3BpbGU6czNjcmV0LWNhbmFyeQ=="),
        ),
    ] {
        let server = server(json!(3600), |_, _| Reply::json("[1]")).await;
        run(&plan_with(&server, r#""single_page""#, &client_credentials(&server, &more)))
            .await
            .result
            .unwrap();
        let asked = &server.asked()[0];
        assert_eq!((asked.body.as_str(), asked.header("authorization")), (body, authorization));
    }
}

#[tokio::test]
async fn an_expired_token_is_renewed() {
    for (lifetime, default, tokens) in [
        (json!(0), 3600, 3),
        (json!("0"), 3600, 3),
        (Value::Null, 0, 3),
        (Value::Null, 60, 1),
        (json!(1e300), 0, 1),
    ] {
        let api = server(lifetime.clone(), |_, asked| {
            let page = asked.target().rsplit('=').next().unwrap().parse().unwrap_or(0);
            pages(page + 1, 3)
        })
        .await;
        let config = client_credentials(&api, &json!({"default_token_expiration": default}));
        let outcome = run(&plan_with(&api, r#""json_link""#, &config)).await;
        assert_eq!(outcome.records().len(), 3);
        assert_eq!(seen(&api).1, tokens, "{lifetime}");
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    // The token is revoked after the first page.
    let revoking = server(json!(3600), |_, asked| {
        let page = asked.target().rsplit('=').next().unwrap().parse().unwrap_or(0);
        if page > 0 && asked.header("authorization") == Some("Bearer token-1") {
            return Reply::new(401, &[], b"expired");
        }
        pages(page + 1, 3)
    })
    .await;
    let config = client_credentials(&revoking, &json!({}));
    let outcome = run(&plan_with(&revoking, r#""json_link""#, &config)).await;
    assert_eq!(outcome.records().len(), 3);
    assert_eq!(seen(&revoking).1, 2);
    assert_eq!(outcome.retries, ["the server answered 401 Unauthorized"]);
    // No token is good enough, and the answer gives the token back.
    let refusing = server(json!(3600), |_, asked| {
        Reply::new(401, &[], format!("not you: {:?}", asked.header("authorization")).as_bytes())
    })
    .await;
    let outcome =
        run(&plan_with(&refusing, r#""single_page""#, &client_credentials(&refusing, &json!({})))).await;
    assert_eq!(outcome.error().code(), "source/unauthorized");
    assert!(!format!("{:?}", outcome.error()).contains("token-"), "{:?}", outcome.error());
    assert_eq!(seen(&refusing), (vec!["Bearer token-1".to_owned(), "Bearer token-2".to_owned()], 2));
    // Without a token there is nothing to renew.
    let plain = run(&plan(&refusing.url("/items"), r#""single_page""#)).await;
    assert!(plain.retries.is_empty());
}

#[tokio::test]
async fn tasks_that_run_side_by_side_share_one_token() {
    let api = server(json!(3600), |_, asked| {
        if asked.header("authorization") == Some("Bearer token-1") {
            return Reply::new(401, &[], b"");
        }
        Reply::json("[1]")
    })
    .await;
    let config = client_credentials(&api, &json!({}));
    let outcomes = run_side_by_side(&plan_with(&api, r#""single_page""#, &config), 8).await;
    assert!(outcomes.iter().all(Result::is_ok));
    let (sent, tokens) = seen(&api);
    assert_eq!(tokens, 2, "one to begin with, one for all that were refused");
    assert_eq!(sent.iter().filter(|sent| *sent == "Bearer token-2").count(), 8);
}

#[tokio::test]
async fn a_token_endpoint_that_fails_is_named_and_gives_nothing_away() {
    let (html, long) = ("<html>", "x".repeat((1 << 20) + 1));
    for (status, body, code) in [
        (
            400,
            r#"{"error": "invalid_client", "error_description": "no s3cret-canary"}"#,
            "source/token-refused",
        ),
        (403, "", "source/token-refused"),
        (503, "later", "source/token-unavailable"),
        (200, html, "source/no-token"),
        (200, r#"{"accessToken": "token-x"}"#, "source/no-token"),
        (200, r#"{"access_token": null}"#, "source/no-token"),
        (200, long.as_str(), "limit/body-bytes"),
    ] {
        let body = body.to_owned();
        let server = Server::start(move |_, _| Reply::new(status, &[], body.as_bytes())).await;
        let config = client_credentials(&server, &json!({}));
        let outcome = run(&plan_with(&server, r#""single_page""#, &config)).await;
        let shown = format!("{:?}", outcome.error());
        assert_eq!(outcome.error().code(), code, "{shown}");
        assert!(
            shown.contains("token url") && !shown.contains(SECRET) && !shown.contains("token-x"),
            "{shown}"
        );
        // Nothing is sent to the API without a token; what may pass is tried again.
        assert_eq!(server.asked().len(), if status == 503 { 3 } else { 1 });
    }
}

#[tokio::test]
async fn only_the_named_origin_sees_what_a_token_is_asked_with() {
    let thief = Server::start(|_, _| Reply::json(r#"{"access_token": "evil"}"#)).await;
    for status in [301, 302, 303, 307, 308] {
        let away = thief.url("/token");
        let server = Server::start(move |_, _| Reply::new(status, &[("location", &away)], b"")).await;
        for more in [json!({}), json!({"client_authentication": "basic"})] {
            let outcome =
                run(&plan_with(&server, r#""single_page""#, &client_credentials(&server, &more))).await;
            drop(outcome);
        }
    }
    for asked in thief.asked() {
        assert!(!asked.head.contains(SECRET) && !asked.body.contains(SECRET), "{asked:?}");
        assert!(!asked.head.to_lowercase().contains("authorization"), "{asked:?}");
    }
}

#[tokio::test]
async fn refresh_tokens_and_log_ins() {
    let given = AtomicUsize::new(0);
    let server = Server::start(move |_, asked| {
        if !asked.target().starts_with("/token") {
            let page: usize = asked.target().rsplit("page=").next().unwrap()[..1].parse().unwrap_or(0);
            return pages(page + 1, 2);
        }
        let number = given.fetch_add(1, Ordering::SeqCst) + 1;
        let token = json!({"access_token": format!("t-{number}"), "refresh_token": format!("r-{number}"), "expires_in": 0});
        Reply::json(&json!({"data": token.clone(), "access_token": token["access_token"],
            "refresh_token": token["refresh_token"], "expires_in": 0}).to_string())
    })
    .await;
    let refresh = json!({"type": "oauth2_refresh_token", "access_token_url": server.url("/token"),
        "client_id": "spile", "refresh_token": "first"});
    run(&plan_with(&server, r#""json_link""#, &refresh.to_string())).await.result.unwrap();
    let bodies: Vec<String> = server
        .asked()
        .into_iter()
        .filter(|asked| asked.target() == "/token")
        .map(|asked| asked.body)
        .collect();
    assert_eq!(
        bodies,
        ["first", "r-1"]
            .map(|token| format!("grant_type=refresh_token&refresh_token={token}&client_id=spile"))
    );
    let before = server.asked().len();
    let log_in = json!({"type": "session_token", "login_url": server.url("/token"), "login_json":
        {"user": "u", "password": SECRET, "keep": true}, "token_path": "data.access_token", "name": "sid",
        "location": "cookie", "login_headers": {"X-App": "a"}});
    run(&plan_with(&server, r#""single_page""#, &log_in.to_string())).await.result.unwrap();
    let asked = server.asked().split_off(before);
    assert_eq!(asked[0].body, format!(r#"{{"user":"u","password":"{SECRET}","keep":true}}"#));
    assert_eq!(
        (asked[0].header("content-type"), asked[0].header("x-app")),
        (Some("application/json"), Some("a"))
    );
    assert_eq!(asked[1].header("cookie"), Some("sid=t-3"));
}

#[tokio::test]
async fn a_session_in_the_query_is_not_remembered() {
    let server = server(json!(3600), |_, asked| {
        let first = !asked.target().contains("page=2");
        Reply::json(
            &json!({"data": [1], "next": first.then(|| format!("{}&page=2", asked.target()))}).to_string(),
        )
    })
    .await;
    let config = json!({"type": "session_token", "login_url": server.url("/token"), "token_path": "access_token",
        "location": "query", "name": "session"});
    let outcome: Outcome = run(&plan_with(&server, r#""json_link""#, &config.to_string())).await;
    assert_eq!(outcome.pages.len(), 2);
    assert!(!serde_json::to_string(&outcome.pages[0].evidence).unwrap().contains("token-1"));
    assert_eq!(server.targets()[1..], ["/items?session=token-1", "/items?page=2&session=token-1"]);
}

#[tokio::test]
async fn an_assertion_is_signed() {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
    let rsa = DecodingKey::from_rsa_pem(include_bytes!("key.pub.pem")).unwrap();
    let shared = DecodingKey::from_secret(SECRET.as_bytes());
    for (private_key, algorithm, public_key) in
        [(include_str!("key.pem"), Algorithm::RS256, rsa), (SECRET, Algorithm::HS256, shared)]
    {
        let server = server(json!(3600), |_, _| Reply::json("[1]")).await;
        let config = json!({"type": "oauth_jwt", "auth_endpoint": server.url("/token"), "client_id": "robot",
            "private_key": private_key, "scopes": ["a", "b"], "headers": {"X-Tenant": "t"},
            "algorithm": format!("{algorithm:?}")});
        run(&plan_with(&server, r#""single_page""#, &config.to_string())).await.result.unwrap();
        assert_eq!(seen(&server).0, ["Bearer token-1"]);
        let asked = &server.asked()[0];
        assert_eq!(asked.header("x-tenant"), Some("t"));
        let form =
            url::form_urlencoded::parse(asked.body.as_bytes()).collect::<std::collections::HashMap<_, _>>();
        assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&[server.url("/token")]);
        let claims = decode::<Value>(form["assertion"].as_bytes(), &public_key, &validation).unwrap().claims;
        assert_eq!(
            (&claims["iss"], &claims["sub"], &claims["scope"]),
            (&json!("robot"), &json!("robot"), &json!("a b"))
        );
        assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 3600);
    }
}
