//! Conversions: every seed in every dialect keeps its fingerprint, and no secret is written.

use std::path::Path;

use spile_config::{Environment, convert};

use crate::project::{Project, render, seed};

fn environment(project: &Project) -> Environment {
    Environment {
        variables: project.variables.clone(),
        working_directory: project.path().to_owned(),
        global_directory: None,
        now_microseconds: 0,
    }
}

const TARGETS: [(&str, &str); 4] = [("json", "json"), ("python", "py"), ("toml", "toml"), ("yaml", "yaml")];

#[test]
fn seeds_keep_their_fingerprint() {
    for name in ["calls", "accounts"] {
        for from in ["md", "py", "yaml", "toml", "json"] {
            let file = format!("{name}.{from}");
            let mut project = Project::new()
                .file(&file, seed(&file))
                .variable("ACCESS_TOKEN", "sesame")
                .variable("API_KEY", "sesame")
                .set("account_id=A")
                .set("pipeline=p");
            let expected = project.plan(&file).fingerprint;
            for (to, extension) in TARGETS {
                let converted = convert(Path::new(&file), to, None, &environment(&project));
                let text = converted
                    .text
                    .unwrap_or_else(|| panic!("{file} {to} {}", render(&converted.diagnostics)));
                assert!(!text.contains("sesame"), "{text}");
                let target = format!("out.{extension}");
                project = project.file(&target, &text);
                assert_eq!(project.plan(&target).fingerprint, expected, "{file} to {to}\n{text}");
            }
        }
    }
}

#[test]
fn what_stays_what_it_is_and_what_is_lost() {
    let text = r#"
arguments: {x: 1}
name: shop
client: {base_url: "${env.HOST}/v1", headers: {A: "Key ${secrets.a.b}", B: "$${plain}"}}
resource_defaults: {primary_key: null, columns: {"odd name": {data_type: text}}}
resources: [{name: a, endpoint: {params: {n: 1.5, on: true, list: [1, x]}}}, b]
"#;
    let project = Project::new().file("c.yaml", text).variable("HOST", "https://hidden");
    for (to, expected, lost) in [
        ("json", "\"base_url\": \"${env.HOST}/v1\"", ""),
        ("yaml", "B: \"$${plain}\"", ""),
        ("toml", "A = \"Key ${secrets.a.b}\"", "the null of `primary_key` is not carried over"),
        ("python", "\"A\": \"Key \" + dlt.secrets[\"a.b\"],", "`arguments` is not carried over"),
        ("python", "\"base_url\": os.environ[\"HOST\"] + \"/v1\",", "`arguments` is not carried over"),
    ] {
        let converted = convert(Path::new("c.yaml"), to, None, &environment(&project));
        let written = converted.text.unwrap();
        assert!(written.contains(expected) && !written.contains("hidden"), "{to}\n{written}");
        let found: Vec<_> = converted.diagnostics.iter().map(|found| found.message.as_str()).collect();
        assert_eq!(found.join(""), lost, "{to}");
    }
    let unknown = convert(Path::new("c.yaml"), "xml", None, &environment(&project));
    assert!(unknown.text.is_none());
    assert!(render(&unknown.diagnostics).starts_with("config/unknown-dialect 0:0"));
}
