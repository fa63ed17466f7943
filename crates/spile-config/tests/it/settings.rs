//! Providers and overrides: where values come from, and which one wins.

use spile_core::{BoundaryTimestamp, MergePlan, MergeStrategy, VersionsPlan};

use crate::project::{Project, credentials, render, yaml};

const BEARER: &str = "client: {base_url: https://h, auth: bearer}\nresources: [a]\n";

fn token(project: &Project) -> String {
    let plan = project.plan("c.yaml");
    credentials(&plan.resources[0])[0]
        .trim_start_matches("Header bearer: token=")
        .trim_end_matches(" type=bearer")
        .to_owned()
}

#[test]
fn credentials_are_searched_in_dlts_order() {
    let precise = "[credentials]\ntoken = 'vague-toml'\n[sources.rest_api.rest_api.credentials]\ntoken = 'precise-toml'\n";
    assert_eq!(token(&yaml(BEARER).file(".dlt/secrets.toml", precise)), "precise-toml");
    let toml = yaml(BEARER)
        .file(".dlt/secrets.toml", format!("{precise}[c.credentials]\ntoken = 'pipeline-toml'\n"))
        .file("home/.dlt/secrets.toml", "[credentials]\ntoken = 'home'\n");
    assert_eq!(token(&toml), "pipeline-toml");
    let toml = toml.variable("CREDENTIALS__TOKEN", "vague-env");
    assert_eq!(token(&toml), "pipeline-toml", "names with the pipeline's come first");
    let toml = toml.variable("C__CREDENTIALS__TOKEN", "pipeline-env");
    assert_eq!(token(&toml), "pipeline-env");
    let vague = yaml(BEARER)
        .file(".dlt/secrets.toml", "[sources.credentials]\ntoken = 'toml'\n")
        .variable("CREDENTIALS__TOKEN", "vague-env");
    assert_eq!(token(&vague), "vague-env", "provider first, then precision");
    assert_eq!(
        token(&yaml(BEARER).file("home/.dlt/secrets.toml", "[credentials]\ntoken = 'home'\n")),
        "home"
    );
    assert_eq!(token(&yaml(BEARER).variable("CREDENTIALS", "native")), "native");
    assert_eq!(token(&yaml(BEARER).variable("CREDENTIALS__TOKEN", "0123")), "0123", "digits stay a text");
}

#[test]
fn secrets_are_never_read_from_config_toml() {
    let text =
        "client: {base_url: https://h, headers: {A: '${secrets.x.y}', B: '${config.x.z}'}}\nresources: [a]\n";
    let project = yaml(text).file(".dlt/config.toml", "[x]\ny = 'no'\nz = 'yes'\n");
    let found = render(&project.load("c.yaml").diagnostics);
    assert!(found.starts_with("config/missing-secret 1:44"), "{found}");
    assert!(found.contains("X__Y") && found.contains("`y = \"...\"` under `[x]`"), "{found}");
    let plan = project.file(".dlt/secrets.toml", "[x]\ny = 1234567\n").plan("c.yaml");
    assert_eq!(plan.client.headers[0].value.expose(), "1234567");
    let provenance: Vec<String> = plan
        .provenance
        .iter()
        .map(|found| format!("{} {} {}", found.key, found.secret, found.found_in))
        .collect();
    assert_eq!(provenance, ["x.y true .dlt/secrets.toml", "x.z false .dlt/config.toml"]);
}

#[test]
fn broken_settings_are_reported_without_their_text() {
    let project = yaml(BEARER).file(".dlt/secrets.toml", "[a]\ntoken = hunter2hunter2\n");
    let found = project.load("c.yaml").diagnostics;
    let broken = found.iter().find(|found| found.code == "config/toml-syntax").unwrap();
    let span = broken.span.as_ref().unwrap();
    assert_eq!((span.file.name.as_str(), span.line_column().0), (".dlt/secrets.toml", 2));
    assert!(!format!("{found:?}{}", span.file.text).contains("hunter2"));
}

#[test]
fn schema_files_have_one_form() {
    const FORM: &str = "external_schema_format";
    const DEFAULTS: &str = "external_schema_format_remove_defaults";
    let project =
        |toml: &str| yaml(BEARER).variable("CREDENTIALS__TOKEN", "t").file(".dlt/config.toml", toml);
    for folder in ["import_schema_path", "export_schema_path"] {
        for (toml, at) in [
            (format!("[schema]\n{FORM} = 'json'\n"), (2, 26)),
            (format!("{FORM} = 'xml'\n"), (1, 26)),
            (format!("[schema]\n{DEFAULTS} = false\n"), (2, 42)),
        ] {
            let found = project(&toml).variable(&folder.to_uppercase(), "s").load("c.yaml").diagnostics;
            assert_eq!(found.len(), 1, "{toml}: {found:?}");
            let span = found[0].span.as_ref().unwrap();
            assert_eq!(
                (found[0].code, span.file.name.as_str()),
                ("config/not-supported", ".dlt/config.toml")
            );
            assert_eq!(span.line_column(), at, "{toml}");
        }
    }
    let in_a_variable =
        project("").variable("EXPORT_SCHEMA_PATH", "s").variable("SCHEMA__EXTERNAL_SCHEMA_FORMAT", "dbml");
    let found = render(&in_a_variable.load("c.yaml").diagnostics);
    assert!(found.contains("environment variable SCHEMA__EXTERNAL_SCHEMA_FORMAT"), "{found}");
    // The form that Spile has, a setting for files that nobody asks for, and places where dlt does not look.
    for (toml, folder) in [
        (format!("[schema]\n{FORM} = 'yaml'\n{DEFAULTS} = true\n"), "EXPORT_SCHEMA_PATH"),
        (format!("[schema]\n{FORM} = 'json'\n"), "UNRELATED"),
        (format!("[c.schema]\n{FORM} = 'json'\n"), "EXPORT_SCHEMA_PATH"),
    ] {
        project(&toml).variable(folder, "s").plan("c.yaml");
    }
}

#[test]
fn path_parameters_are_bound_in_order() {
    let text = "client: {base_url: https://h}\nresources: [{name: a, endpoint: {path: '/{x}/y'}}]\n";
    let url = |project: &Project| project.plan("c.yaml").resources[0].url.to_string();
    let toml = yaml(text).file(".dlt/config.toml", "x = 5\n");
    assert_eq!(url(&toml), "https://h/5/y");
    let section = toml.file(".dlt/secrets.toml", "[sources.rest_api]\nx = 'é /'\n");
    assert_eq!(url(&section), "https://h/%C3%A9%20%2F/y");
    let argument = section.variable("X", "env").set("x=arg");
    assert_eq!(url(&argument), "https://h/arg/y");
    let param = argument.set("resources.a.endpoint.params={\"x\": \"p\"}");
    let plan = param.load("c.yaml").plan.unwrap();
    assert_eq!(plan.resources[0].url.as_str(), "https://h/p/y");
    assert!(plan.resources[0].params.is_empty(), "a bound parameter leaves the query");
}

#[test]
fn overrides() {
    let text =
        "client: {base_url: https://h, auth: {token: t}}\nresources: [a, {name: b, endpoint: {path: p}}]\n";
    let project = yaml(text)
        .set("client.base_url=http://127.0.0.1:8080/v2")
        .set("client.auth.token=0123456789")
        .set("resources.b.endpoint.params={\"n\": 5, \"s\": [\"x\", true]}")
        .set("resources.b.table_name=T=1")
        .set("resource_defaults={\"write_disposition\": \"replace\"}");
    let plan = project.plan("c.yaml");
    assert_eq!(plan.resources[1].url.as_str(), "http://127.0.0.1:8080/v2/p");
    assert_eq!(plan.resources[1].params.len(), 3);
    assert_eq!(plan.resources[1].load.table, "T=1");
    assert_eq!(plan.resources[0].load.write_disposition.as_str(), "replace");
    assert_eq!(credentials(&plan.resources[0]), ["Header bearer: token=0123456789"]);
    assert_eq!(plan.redactor.redact("0123456789"), "***");
}

#[test]
fn arguments_and_settings() {
    let text = "arguments: {x: a, y: b}\nclient: {base_url: https://h}\nresources: [{name: r, endpoint: '/{x}/{y}/z'}]\n";
    let plan = yaml(text).set("y=c").set("name=shop").set("max_table_nesting=3").plan("c.yaml");
    assert_eq!(plan.resources[0].url.as_str(), "https://h/a/c/z");
    assert_eq!((plan.source.as_str(), plan.resources[0].load.max_table_nesting), ("shop", Some(3)));
}

#[test]
fn a_naming_convention_is_found_where_dlt_looks() {
    let text = "name: shop\ndataset: My Data\nclient: {base_url: https://h}\nresources: [r]\n";
    let named = |plan: &spile_core::Plan| plan.naming.map(|naming| naming.name);
    for variable in ["SCHEMA__NAMING", "SOURCES__SCHEMA__NAMING", "SOURCES__SHOP__SCHEMA__NAMING"] {
        let plan = yaml(text).variable(variable, "direct").plan("c.yaml");
        assert_eq!((named(&plan), plan.dataset.as_str()), (Some("direct"), "My Data"), "{variable}");
    }
    let module = "[sources.shop.schema]\nnaming = 'dlt.common.normalizers.naming.sql_cs_v1'\n";
    let plan = yaml(text).file(".dlt/config.toml", module).plan("c.yaml");
    assert_eq!((named(&plan), plan.dataset.as_str()), (Some("sql_cs_v1"), "My_Data"));
    assert_eq!(named(&yaml(text).plan("c.yaml")), None);
}

#[test]
fn unknown_naming_conventions_are_refused() {
    let text = "client: {base_url: https://h}\nresources: [r]\n";
    let found = render(&yaml(text).variable("SCHEMA__NAMING", "duckcase").load("c.yaml").diagnostics);
    assert!(found.starts_with("config/invalid-value") && found.contains("duck_case"), "{found}");
}

#[test]
fn a_credential_can_be_a_table_of_secrets() {
    let text = "client: {base_url: https://h, auth: '${secrets.shop}'}\nresources: [a]\n";
    let project = yaml(text).file(".dlt/secrets.toml", "[shop]\ntype = 'bearer'\ntoken = 'sesame-open'\n");
    assert_eq!(token(&project), "sesame-open");
    assert_eq!(project.plan("c.yaml").redactor.redact("sesame-open"), "***");
}

#[test]
fn destinations() {
    let location = |project: &Project| {
        let location = project.plan("c.yaml").destination.location.expose().to_owned();
        location.strip_prefix(project.path().to_str().unwrap()).unwrap_or(&location).to_owned()
    };
    let plain = "client: {base_url: https://h}\nresources: [a]\n";
    assert_eq!(location(&yaml(plain)), "/c.duckdb");
    assert_eq!(location(&yaml(&format!("destination: 'duckdb:///d/x.duckdb'\n{plain}"))), "/d/x.duckdb");
    assert_eq!(location(&yaml(&format!("destination: 'duckdb:////d/x.duckdb'\n{plain}"))), "/d/x.duckdb");
    for credentials in [
        "credentials = 'e.duckdb'",
        "credentials = 'duckdb:///e.duckdb'",
        "credentials.database = 'e.duckdb'",
    ] {
        let toml = format!("[destination.duckdb]\n{credentials}\n");
        assert_eq!(location(&yaml(plain).file(".dlt/secrets.toml", toml)), "/e.duckdb", "{credentials}");
    }
    let mut project = yaml(&format!("destination: snowflake\n{plain}"));
    assert_eq!(project.load("c.yaml").diagnostics[0].code, "config/destination-not-supported");
    project.options.destination = Some("duckdb".to_owned());
    assert_eq!(location(&project), "/c.duckdb");
}

#[test]
fn dispositions() {
    let load = |disposition: &str| {
        let text = format!(
            "client: {{base_url: https://h}}\nresources: [{{name: a, primary_key: id, write_disposition: {disposition}}}]\n"
        );
        let loaded = yaml(&text).load("c.yaml");
        let codes: Vec<&str> = loaded.diagnostics.iter().map(|found| found.code).collect();
        assert!(codes.iter().all(|code| *code == "config/no-effect"), "{disposition}: {codes:?}");
        let load = loaded.plan.unwrap().resources[0].load.clone();
        (load.write_disposition.as_str(), load.merge, codes.len())
    };
    let merge = |settings: &str| load(&format!("{{disposition: merge, {settings}}}")).1;
    assert_eq!(load("merge"), ("merge", MergePlan::default(), 0));
    assert_eq!(
        load("{disposition: replace, strategy: staging-optimized}"),
        ("replace", MergePlan::default(), 0)
    );
    assert_eq!(load("{disposition: append, strategy: upsert}").2, 1);
    assert_eq!(merge("strategy: upsert, skip_unchanged_rows: true").strategy, Some(MergeStrategy::Upsert));
    assert!(merge("strategy: delete-insert, deduplicated: true").deduplicated);
    assert_eq!(load("{disposition: merge, strategy: insert-only, boundary_timestamp: 2026-01-01}").2, 1);
    assert_eq!(merge("strategy: scd2").versions, Some(VersionsPlan::default()));
    let versions = merge(
        "strategy: scd2, validity_column_names: [since, till], active_record_timestamp: '9999-12-31T00:00:00Z', \
         boundary_timestamp: null, row_version_column_name: v",
    );
    assert_eq!(versions.row_version_column.as_deref(), Some("v"));
    assert_eq!(
        versions.versions,
        Some(VersionsPlan {
            valid_from: "since".to_owned(),
            valid_to: "till".to_owned(),
            active_record_timestamp: Some("9999-12-31T00:00:00Z".to_owned()),
            boundary_timestamp: BoundaryTimestamp::Load,
        })
    );
}

/// dlt's setting decides nothing here, but a misspelt one is said to be one.
#[test]
fn replace_strategies_are_checked() {
    let plain = "client: {base_url: https://h}\nresources: [a]\n";
    for (variable, value, findings) in [
        ("DESTINATION__REPLACE_STRATEGY", "insert-from-staging", 0),
        ("DESTINATION__DUCKDB__REPLACE_STRATEGY", "staging", 1),
        ("DESTINATION__POSTGRES__REPLACE_STRATEGY", "staging", 0),
    ] {
        let found = yaml(plain).variable(variable, value).load("c.yaml").diagnostics;
        assert_eq!(found.len(), findings, "{variable}: {found:?}");
    }
}

#[test]
fn postgres_as_a_destination() {
    let text = "destination: postgres\nclient: {base_url: https://h}\nresources: [a]\n";
    let secrets = |toml: &str| yaml(text).file(".dlt/secrets.toml", toml);
    for (toml, url) in [
        (
            "[destination.postgres]\ncredentials = 'postgresql://u:s%2Fsame@h/d?sslmode=disable'\n",
            "postgresql://u:s%2Fsame@h/d?sslmode=disable",
        ),
        (
            "[destination.postgres.credentials]\ndatabase = 'd'\nusername = 'u'\npassword = 's/same'\nhost = 'h'\n\
             port = 5433\nconnect_timeout = 3\n",
            "postgresql://u:s%2Fsame@h:5433/d?connect_timeout=3",
        ),
        (
            "[destination.credentials]\ndatabase = 'a/b'\nusername = 'u'\npassword = 's/same'\nhost = 'h'\n",
            "postgresql://u:s%2Fsame@h/a%2Fb",
        ),
    ] {
        let plan = secrets(toml).plan("c.yaml");
        assert_eq!((plan.destination.kind.as_str(), plan.destination.location.expose()), ("postgres", url));
        assert_eq!(plan.redactor.redact("s/same s%2Fsame"), "*** ***", "{toml}");
    }
    for (toml, code) in [
        ("", "config/missing-secret"),
        ("[destination.postgres.credentials]\ndatabase = 'd'\n", "config/missing-secret"),
        ("[destination.postgres]\ncredentials = 'mysql://u:sesame@h/d'\n", "config/invalid-value"),
    ] {
        let found = secrets(toml).load("c.yaml").diagnostics;
        assert_eq!(found[0].code, code, "{toml}");
        assert!(!format!("{found:?}").contains("sesame"), "{found:?}");
    }
}

#[test]
fn runtime_settings_of_dlt() {
    let plain = "client: {base_url: https://h}\nresources: [a]\n";
    let retry = yaml(plain).plan("c.yaml").client.retry;
    assert_eq!((retry.retries_max, retry.backoff_seconds, retry.timeout_seconds), (4, 1.0, 60.0));
    assert!(retry.all_server_errors && !retry.jitter && retry.rate_limit_wait_seconds_max == 0.0);
    let project = yaml(plain)
        .file(".dlt/config.toml", "[runtime]\nrequest_max_attempts = 1\nrequest_timeout = 2.5\n")
        .variable("RUNTIME__REQUEST_BACKOFF_FACTOR", "0.5");
    let retry = project.plan("c.yaml").client.retry;
    assert_eq!((retry.retries_max, retry.backoff_seconds, retry.timeout_seconds), (0, 0.5, 2.5));
    let own = "client: {base_url: https://h, timeout: 3, retry: {statuses: [418], max_retries: 9, rate_limit_max_wait: 7}}\nresources: [a]\n";
    let retry = yaml(own).plan("c.yaml").client.retry;
    assert_eq!((retry.statuses, retry.retries_max, retry.timeout_seconds), (vec![418], 9, 3.0));
    assert_eq!((retry.all_server_errors, retry.rate_limit_wait_seconds_max), (false, 7.0));
}

#[test]
fn how_much_at_once() {
    let plan = yaml("client: {base_url: https://h}\nresources: [a]\n").plan("c.yaml");
    assert!(plan.client.manners.parallel_pages);
    let own = "client: {base_url: https://h, concurrency: 3, parallel_pages: false, limits: {ahead_bytes_max: 9}}\nresources: [a]\n";
    let plan = yaml(own).plan("c.yaml");
    assert_eq!((plan.client.manners.concurrency, plan.limits.ahead_bytes_max), (3, 9));
    assert!(!plan.client.manners.parallel_pages);
}
