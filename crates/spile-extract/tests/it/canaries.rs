//! Credentials in every form × every way an API can point elsewhere × every kind of elsewhere: none may arrive there.
//!
//! The matrix is made of three lists. Elsewhere is a server on another port, the same server under another host name, and
//! a port that is asked over TLS and keeps what it gets byte by byte.

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use spile_core::{BodyTemplate, DataTemplate, Method, ParamValue, ParentPlan, ParentRow, Plan, TemplatePart};
use spile_extract::ResourceStart;
use tokio::io::AsyncReadExt;
use url::Url;

use crate::fixture::{auth, plan, run_from};
use crate::server::{Asked, Reply, Server};

/// It is in every secret, also in the encodings that hide it.
const CANARY: &str = "canary5canary5canary5";

/// Headers that carry credentials, one way or another.
const CARRIERS: [&str; 5] = ["authorization", "cookie", "x-key", "x-client", "x-endpoint"];

const FORMS: [&str; 19] = [
    "key in header",
    "key as authorization",
    "key with prefix",
    "key in query",
    "key in cookie",
    "bearer",
    "basic",
    "client credentials",
    "client credentials as basic",
    "refresh token",
    "assertion",
    "session in header",
    "session in query",
    "session in cookie",
    "client header",
    "endpoint header",
    "parameter",
    "json body",
    "form body",
];

const WAYS: [&str; 11] = [
    "301",
    "302",
    "303",
    "307",
    "308",
    "chain",
    "next link",
    "relative scheme",
    "link header",
    "parent",
    "parent's link",
];

const TARGETS: [&str; 3] = ["port", "host", "scheme"];

/// Puts the canary where the form says.
fn arm(plan: &mut Plan, form: &str, home: &Server) {
    let resource = &mut plan.resources[0];
    resource.auth.clear();
    plan.client.headers.clear();
    let token = home.url("/token");
    let config = match form {
        "key in header" => json!({"type": "api_key", "name": "X-Key", "api_key": CANARY}),
        "key as authorization" => json!({"type": "api_key", "api_key": CANARY}),
        "key with prefix" => json!({"type": "api_key", "api_key": CANARY, "prefix": "Token "}),
        "key in query" => json!({"type": "api_key", "name": "q", "api_key": CANARY, "location": "query"}),
        "key in cookie" => json!({"type": "api_key", "name": "q", "api_key": CANARY, "location": "cookie"}),
        "bearer" => json!({"type": "bearer", "token": CANARY}),
        "basic" => json!({"type": "http_basic", "username": CANARY, "password": CANARY}),
        "client credentials" => json!({"type": "oauth2_client_credentials", "access_token_url": token,
            "client_id": "i", "client_secret": CANARY}),
        "client credentials as basic" => {
            json!({"type": "oauth2_client_credentials", "access_token_url": token,
            "client_id": "i", "client_secret": CANARY, "client_authentication": "basic"})
        }
        "refresh token" => {
            json!({"type": "oauth2_refresh_token", "access_token_url": token, "client_id": "i",
            "client_secret": CANARY, "refresh_token": CANARY})
        }
        "assertion" => json!({"type": "oauth_jwt", "auth_endpoint": token, "client_id": "i",
            "private_key": CANARY, "algorithm": "HS256"}),
        "session in header" | "session in query" | "session in cookie" => json!({"type": "session_token",
            "login_url": token, "login_json": {"p": CANARY}, "token_path": "access_token", "name": "X-Key",
            "location": form.rsplit(' ').next().unwrap()}),
        _ => Value::Null,
    };
    if !config.is_null() {
        resource.auth.push(auth(&config.to_string()));
        return;
    }
    let literal = || ParamValue::Literal(CANARY.to_owned());
    match form {
        "client header" => plan.client.headers.push(spile_core::Credential {
            place: spile_core::CredentialPlace::Header,
            name: "X-Client".to_owned(),
            value: spile_core::Secret::new(CANARY),
        }),
        "endpoint header" => resource.headers.push(("X-Endpoint".to_owned(), literal())),
        "parameter" => resource.params.push(("q".to_owned(), literal())),
        "json body" => {
            resource.method = Method::Post;
            resource.json = Some(BodyTemplate::Literal(json!({"deep": [CANARY]})));
        }
        "form body" => {
            resource.method = Method::Post;
            resource.data = Some(DataTemplate::Form(vec![("q".to_owned(), literal())]));
        }
        other => panic!("no such form: {other}"),
    }
}

/// The API: it gives tokens that hold the canary, and points where it is told.
async fn api(way: Arc<Mutex<(String, String)>>) -> Server {
    Server::start(move |_, asked| {
        let (way, away) = way.lock().unwrap().clone();
        if asked.target().starts_with("/token") {
            return Reply::json(
                &json!({"access_token": format!("{CANARY}-token"), "refresh_token": CANARY}).to_string(),
            );
        }
        match way.as_str() {
            "chain" if !asked.target().starts_with("/hop") => Reply::new(307, &[("location", "/hop")], b""),
            "chain" => Reply::new(307, &[("location", &away)], b""),
            "next link" | "parent's link" => Reply::json(&json!({"data": [1], "next": away}).to_string()),
            "relative scheme" => {
                let (_, rest) = away.split_once(':').unwrap();
                Reply::json(&json!({"data": [1], "next": rest}).to_string())
            }
            "link header" => {
                let link = format!("<{away}>; rel=\"next\"");
                Reply::new(200, &[("content-type", "application/json"), ("link", &link)], b"[1]")
            }
            status => Reply::new(status.parse().unwrap(), &[("location", &away)], b""),
        }
    })
    .await
}

/// Keeps every byte that arrives and answers nothing.
async fn raw() -> (u16, Arc<Mutex<Vec<u8>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&bytes);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = vec![0; 4096];
            let read = stream.read(&mut buffer).await.unwrap_or(0);
            log.lock().unwrap().extend_from_slice(&buffer[..read]);
        }
    });
    (port, bytes)
}

fn gives_away(asked: &Asked) -> bool {
    asked.head.contains(CANARY)
        || asked.body.contains(CANARY)
        || CARRIERS.iter().any(|carrier| asked.header(carrier).is_some())
}

async fn walk(form: &str, way: &str, home: &Server, away: &str, trusted: &[&str]) {
    let paginator = match way {
        "link header" => r#""header_link""#,
        "next link" | "relative scheme" | "parent's link" => r#""json_link""#,
        _ => r#""single_page""#,
    };
    let mut plan = plan(&home.url("/items"), paginator);
    plan.client.retry.retries_max = 0;
    plan.redactor = spile_core::Redactor::new(vec![spile_core::Secret::new(CANARY)]);
    plan.client.trusted_origins.extend(trusted.iter().map(|url| Url::parse(url).unwrap().origin()));
    arm(&mut plan, form, home);
    let mut start = ResourceStart::fresh(None);
    if way.starts_with("parent") {
        let resource = &mut plan.resources[0];
        resource.target =
            Some(vec![TemplatePart::Text(home.url("/items/")), TemplatePart::Parent("u".to_owned())]);
        resource.url = Url::parse(&home.url("/items/")).unwrap();
        resource.family.parent =
            Some(ParentPlan { resource: "p".to_owned(), bound: Vec::new(), include: Vec::new() });
        let value = if way == "parent" { away } else { "7" };
        let values = Map::from_iter([("u".to_owned(), Value::from(value))]);
        start.parent = Some(ParentRow { ordinal: 0, values });
    }
    // Whether it ends well does not matter: a form that cannot be sent safely is refused.
    let outcome = run_from(&plan, start).await;
    let ledger: Vec<_> = outcome.pages.iter().map(|page| &page.evidence).collect();
    let shown =
        format!("{:?} {:?} {}", outcome.result, outcome.retries, serde_json::to_string(&ledger).unwrap());
    assert!(!shown.contains(CANARY), "{form}, {way}: {shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_credential_leaves_the_api() {
    let way_now = Arc::new(Mutex::new((String::new(), String::new())));
    let home = api(Arc::clone(&way_now)).await;
    let other = Server::start(|_, _| Reply::json("[2]")).await;
    let (raw_port, bytes) = raw().await;
    let mut cases = 0;
    for target in TARGETS {
        let elsewhere = match target {
            "port" => other.url("/away"),
            // The same address under another name is another origin.
            "host" => other.url("/away").replace("127.0.0.1", "localhost"),
            _ => format!("https://127.0.0.1:{raw_port}/away"),
        };
        for form in FORMS {
            for way in WAYS {
                if target == "scheme" && way == "relative scheme" {
                    continue; // It would be plain HTTP again.
                }
                cases += 1;
                *way_now.lock().unwrap() = (way.to_owned(), elsewhere.clone());
                let before = other.asked().len();
                walk(form, way, &home, &elsewhere, &[]).await;
                for asked in &other.asked()[before..] {
                    assert!(!gives_away(asked), "{form} over {way} to another {target}: {asked:?}");
                }
            }
        }
    }
    let bytes = bytes.lock().unwrap();
    assert!(!bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
    assert_eq!(cases, 19 * (11 * 2 + 10));
    assert!(other.asked().len() > cases / 2, "the canaries were led elsewhere");
    // At home each form arrives, or the test would show nothing.
    assert!(home.asked().iter().filter(|asked| gives_away(asked)).count() > cases);
}

#[tokio::test]
async fn a_token_request_goes_where_it_is_told_and_no_further() {
    let thief = Server::start(|_, _| Reply::json(r#"{"access_token": "evil"}"#)).await;
    let mut cases = 0;
    for form in FORMS.iter().filter(|form| {
        form.contains("token")
            || form.contains("client cred")
            || form.contains("session")
            || **form == "assertion"
    }) {
        for status in [301, 302, 303, 307, 308] {
            cases += 1;
            let away = thief.url("/token");
            let home = Server::start(move |_, _| Reply::new(status, &[("location", &away)], b"")).await;
            walk(form, "307", &home, "", &[]).await;
        }
    }
    assert_eq!(cases, 7 * 5);
    for asked in thief.asked() {
        assert!(!gives_away(&asked), "{asked:?}");
    }
}

#[tokio::test]
async fn a_trusted_host_gets_them() {
    let way_now = Arc::new(Mutex::new((String::new(), String::new())));
    let home = api(Arc::clone(&way_now)).await;
    let other = Server::start(|_, _| Reply::json("[2]")).await;
    for form in FORMS {
        for way in ["307", "chain", "next link", "parent"] {
            *way_now.lock().unwrap() = (way.to_owned(), other.url("/away"));
            let before = other.asked().len();
            walk(form, way, &home, &other.url("/away"), &[&other.url("/")]).await;
            assert!(other.asked()[before..].iter().any(gives_away), "{form} over {way}");
        }
    }
}
