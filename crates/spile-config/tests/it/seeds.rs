//! The two seed documents run verbatim, and every dialect of them gives the same plan.

use spile_core::{ParamValue, WriteDisposition};

use crate::project::{Project, credentials, seed};

const FORMS: [&str; 5] = ["md", "py", "yaml", "toml", "json"];

fn project(name: &str) -> Project {
    FORMS
        .iter()
        .fold(Project::new(), |project, form| {
            let file = format!("{name}.{form}");
            let text = seed(&file);
            project.file(&file, text)
        })
        .variable("ACCESS_TOKEN", "12345678")
        .variable("API_KEY", "key-abcdef")
}

#[test]
fn calls() {
    let project = project("calls");
    let plan = project.plan("calls.md");
    assert_eq!(
        (plan.pipeline.as_str(), plan.dataset.as_str(), plan.source.as_str()),
        ("calls", "calls_dataset", "rest_api")
    );
    assert_eq!(plan.destination.location.expose(), project.path().join("calls.duckdb").to_str().unwrap());
    let [calls] = plan.resources.as_slice() else { panic!("one resource") };
    assert_eq!(calls.url.as_str(), "https://api.example.com/v2/calls/reporting/simple");
    assert_eq!(calls.data_selector.as_ref().unwrap().as_str(), "items");
    assert_eq!(calls.paginator.name(), "cursor");
    assert_eq!(calls.load.write_disposition, WriteDisposition::Merge);
    assert_eq!(calls.load.primary_key, ["id"]);
    let incremental = calls.incremental.as_ref().unwrap();
    assert_eq!(incremental.cursor_path.as_str(), "dateCreated");
    assert_eq!(incremental.start.param.as_deref(), Some("filters.dateCreated.from"));
    assert_eq!(incremental.end.param.as_deref(), Some("filters.dateCreated.to"));
    assert!(incremental.end_is_run_start && incremental.initial_value.is_none());
    assert_eq!(
        credentials(calls),
        ["Header api_key: api_key=12345678 location=header name=access_key_id type=api_key"]
    );
    let retry = &plan.client.retry;
    assert_eq!(retry.statuses, [429, 500, 502, 503, 504]);
    assert_eq!((retry.retries_max, retry.backoff_seconds, retry.jitter), (3, 2.0, true));
    assert!(retry.rate_limit_wait_seconds_max > 3600.0 && !retry.all_server_errors);
}

#[test]
fn accounts() {
    let project = project("accounts").set("account_id=a/b");
    let plan = project.plan("accounts.md");
    let urls: Vec<&str> = plan.resources.iter().map(|resource| resource.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "https://api.example.com/v3/a/a%2Fb/calls.json",
            "https://api.example.com/v3/a/a%2Fb/text-messages.json",
            "https://api.example.com/v3/a/a%2Fb/users.json",
            "https://api.example.com/v3/a/a%2Fb/companies.json",
        ]
    );
    assert!(plan.resources.iter().all(|resource| resource.paginator.name() == "cursor"));
    assert!(plan.resources.iter().all(|resource| resource.params == Vec::<(String, ParamValue)>::new()));
    assert!(!format!("{plan:?}").contains("key-abcdef"), "a plan does not print secrets");
}

#[test]
fn all_dialects_give_the_same_plan() {
    for name in ["calls", "accounts"] {
        let project = project(name).set("account_id=ACC");
        let prints: Vec<String> =
            FORMS.iter().map(|form| project.plan(&format!("{name}.{form}")).fingerprint).collect();
        assert!(prints.iter().all(|print| *print == prints[0] && print.len() == 64), "{name}: {prints:?}");
    }
}

#[test]
fn the_fingerprint_sees_what_matters() {
    let base = project("accounts").set("account_id=ACC");
    let print = base.plan("accounts.md").fingerprint;
    let changed = |change: &dyn Fn(Project) -> Project| {
        change(project("accounts").set("account_id=ACC")).plan("accounts.md").fingerprint
    };
    assert_eq!(print, changed(&|project| project.variable("API_KEY", "another")), "secrets enter by name");
    for how in ["client.timeout=7", "client.concurrency=2", "client.limits.body_bytes_max=1000000"] {
        assert_eq!(
            print,
            changed(&|project| project.set(how)),
            "{how}: how requests are sent does not enter"
        );
    }
    let different = [
        changed(&|project| project.set("client.base_url=http://127.0.0.1:1/v3")),
        changed(&|project| project.set("account_id=OTHER")),
        changed(&|mut project| {
            project.options.resources = vec!["calls".to_owned()];
            project
        }),
        changed(&|mut project| {
            project.options.limit_pages = Some(1);
            project
        }),
        changed(&|project| project.set("resources.calls.endpoint.paginator.limit=7")),
    ];
    assert!(different.iter().all(|other| *other != print), "{different:?}");
}
