//! Credentials and who gets to see them: the canary must never reach another origin.

use std::sync::atomic::Ordering;

use spile_core::{Method, ParamValue};

use crate::fixture::{SECRET, auth, plan, run};
use crate::server::{Reply, Server};

fn saw_secret(server: &Server) -> Vec<bool> {
    server.asked().iter().map(|asked| asked.head.contains(SECRET) || asked.body.contains(SECRET)).collect()
}

/// Credentials everywhere they can be: client header, endpoint header, auths in header and query, a parameter.
fn full_plan(url: &str, paginator: &str) -> spile_core::Plan {
    let mut plan = plan(url, paginator);
    let resource = &mut plan.resources[0];
    resource.headers.push(("X-Endpoint".to_owned(), ParamValue::Literal(SECRET.to_owned())));
    resource.params.push(("token".to_owned(), ParamValue::Literal(SECRET.to_owned())));
    resource.auth.push(auth(&format!(r#"{{"type":"bearer","token":"{SECRET}"}}"#)));
    resource.auth.push(auth(&format!(r#"{{"type":"http_basic","username":"u","password":"{SECRET}"}}"#)));
    resource
        .auth
        .push(auth(&format!(r#"{{"type":"api_key","name":"key","api_key":"{SECRET}","location":"query"}}"#)));
    plan
}

#[tokio::test]
async fn every_credential_reaches_the_api_once() {
    let server = Server::start(|number, asked| {
        // The server gives the whole URL back, keys and all.
        let next = format!("{}&page=2", asked.target());
        Reply::json(&if number == 0 {
            format!(r#"{{"data":[1],"next":"{next}"}}"#)
        } else {
            r#"{"data":[2]}"#.to_owned()
        })
    })
    .await;
    let outcome = run(&full_plan(&server.url("/items?x=1"), r#""json_link""#)).await;
    outcome.result.unwrap();
    assert!(!serde_json::to_string(&outcome.pages[0].evidence).unwrap().contains(SECRET));
    for asked in server.asked() {
        assert_eq!(asked.target().matches("key=s3cret").count(), 1, "{}", asked.target());
        assert_eq!(asked.target().matches("token=s3cret").count(), 1, "{}", asked.target());
        for name in ["x-client", "x-endpoint", "x-key"] {
            assert_eq!(asked.header(name), Some(SECRET));
        }
        assert!(asked.header("authorization").unwrap().starts_with("Basic "), "the last auth wins");
        assert!(asked.header("user-agent").unwrap().starts_with("spile/"));
    }
}

#[tokio::test]
async fn a_next_link_to_another_origin_gets_none() {
    let other = Server::start(|_, _| Reply::json(r#"{"data":[2]}"#)).await;
    let link = other.url("/two");
    let server = Server::start(move |_, _| Reply::json(&format!(r#"{{"data":[1],"next":"{link}"}}"#))).await;
    let outcome = run(&full_plan(&server.url("/"), r#""json_link""#)).await;
    assert_eq!(outcome.records(), ["[1]", "[2]"]);
    assert_eq!((saw_secret(&server), saw_secret(&other)), (vec![true], vec![false]));
    assert_eq!(other.targets(), ["/two"]);
    assert!(other.asked()[0].header("authorization").is_none());
}

#[tokio::test]
async fn a_redirect_is_decided_hop_by_hop() {
    let other = Server::start(|_, _| Reply::json("[1]")).await;
    let away = other.url("/away");
    let server = Server::start(move |_, asked| {
        if asked.target().starts_with("/home") {
            Reply::new(302, &[("location", &away)], b"")
        } else {
            Reply::new(301, &[("location", "/home")], b"")
        }
    })
    .await;
    let outcome = run(&full_plan(&server.url("/"), r#""single_page""#)).await;
    assert_eq!(outcome.records(), ["[1]"]);
    assert_eq!((saw_secret(&server), saw_secret(&other)), (vec![true, true], vec![false]));
    assert_eq!(outcome.counters.requests.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_posted_secret_does_not_leave_and_methods_change_as_they_should() {
    let other = Server::start(|_, _| Reply::json("[1]")).await;
    for (status, body, expected) in [
        (307, r#"{"a":1}"#, Some(("POST", r#"{"a":1}"#))),
        (302, r#"{"a":1}"#, Some(("GET", ""))),
        (302, r#"{"a":"s3cret-canary"}"#, Some(("GET", ""))),
        (308, r#"{"a":"s3cret-canary"}"#, None),
    ] {
        let away = other.url("/");
        let before = other.asked().len();
        let server = Server::start(move |_, _| Reply::new(status, &[("location", &away)], b"")).await;
        let mut plan = plan(&server.url("/"), r#""single_page""#);
        plan.resources[0].method = Method::Post;
        plan.resources[0].json = Some(spile_core::BodyTemplate::Literal(serde_json::from_str(body).unwrap()));
        let outcome = run(&plan).await;
        let asked = other.asked().get(before).cloned();
        assert_eq!(
            asked.as_ref().map(|asked| (asked.method(), asked.body.as_str())),
            expected,
            "{status} {body}"
        );
        assert_eq!(outcome.result.is_ok(), expected.is_some());
        assert_eq!(server.asked()[0].header("content-type"), Some("application/json"));
    }
    assert!(!saw_secret(&other).contains(&true));
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let server = Server::start(|_, _| Reply::new(302, &[("location", "/")], b"")).await;
    let outcome = run(&plan(&server.url("/"), r#""single_page""#)).await;
    assert_eq!(outcome.error().code(), "limit/redirects");
    assert_eq!(server.asked().len(), 11);
}

#[tokio::test]
async fn the_configs_headers_replace_the_defaults() {
    let server = Server::start(|_, _| Reply::json("[1]")).await;
    let mut plan = plan(&server.url("/"), r#""single_page""#);
    plan.client.headers[0].name = "Accept".to_owned();
    plan.resources[0].headers.push(("X-Key".to_owned(), ParamValue::Literal("endpoint".to_owned())));
    run(&plan).await.result.unwrap();
    let asked = &server.asked()[0];
    assert_eq!(
        (asked.header("accept"), asked.header("x-key")),
        (Some(SECRET), Some(SECRET)),
        "auths win over headers"
    );
}
