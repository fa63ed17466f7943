//! Destinations that are files: what dlt's settings and URLs make of them.

use crate::project::{Project, render, yaml};

const TEXT: &str = "destination: filesystem\nclient: {base_url: https://h}\nresources: [a]\n";

/// Returns kind and location, the folder of the project left out.
fn place(project: &Project) -> (String, String) {
    let plan = project.plan("c.yaml").destination;
    let folder = project.path().to_str().unwrap().to_owned();
    (plan.kind, plan.location.expose().replace(&folder, ""))
}

fn written(destination: &str) -> Project {
    let mut project = yaml(TEXT);
    project.options.destination = Some(destination.to_owned());
    project
}

#[test]
fn urls() {
    for (destination, kind, location) in [
        ("file:///d/lake", "filesystem", "file:///d/lake"),
        ("file:lake", "filesystem", "file:///lake/"),
        ("file:la ke?format=csv", "filesystem", "file:///la%20ke/?format=csv"),
        ("s3://b/p?format=parquet", "filesystem", "s3://b/p?format=parquet"),
        ("memory", "memory", "memory://spile"),
        ("memory://x", "memory", "memory://x"),
        ("sqlite:///d.db", "sqlite", "/d.db"),
        ("sqlite:////d.db", "sqlite", "/d.db"),
        ("sqlite", "sqlite", "/c.db"),
        ("sqlalchemy", "sqlite", "/c.db"),
        ("d.duckdb", "duckdb", "/d.duckdb"),
    ] {
        assert_eq!(place(&written(destination)), (kind.to_owned(), location.to_owned()), "{destination}");
    }
    for destination in ["gs://b", "az://b", "file:", "sqlit", "mysql://u:p@h/d"] {
        let found = written(destination).load("c.yaml").diagnostics;
        assert!(
            ["config/destination-not-supported", "config/invalid-value"].contains(&found[0].code),
            "{destination}"
        );
    }
}

#[test]
fn settings_of_dlt() {
    let settings = |toml: &str| yaml(TEXT).file(".dlt/secrets.toml", toml);
    for (toml, location) in [
        ("[destination.filesystem]\nbucket_url = 'lake'\n", "file:///lake/"),
        ("[destination]\nbucket_url = 'file:///lake'\n", "file:///lake"),
        (
            "[destination.filesystem]\nbucket_url = 's3://b'\nlayout = '{table_name}/{file_id}'\n\
             loader_file_format = 'csv'\n[data_writer]\ndisable_compression = true\n",
            "s3://b?layout=%7Btable_name%7D%2F%7Bfile_id%7D&format=csv&compress=false",
        ),
        (
            "[destination.filesystem]\nbucket_url = 's3://b'\n[destination.filesystem.credentials]\n\
             endpoint_url = 'http://h:1'\nregion_name = 'r'\naws_access_key_id = 'key1'\naws_secret_access_key = 'sesame/1'\n",
            "s3://b?endpoint_url=http%3A%2F%2Fh%3A1&region=r&aws_access_key_id=key1&aws_secret_access_key=sesame%2F1",
        ),
        (
            "[destination.sqlalchemy]\ncredentials = 'sqlite:///x.db'\n[destination.filesystem]\nbucket_url='memory://m'",
            "memory://m",
        ),
    ] {
        let project = settings(toml);
        assert_eq!(place(&project).1, location, "{toml}");
        assert!(
            !project.plan("c.yaml").redactor.redact("sesame/1 sesame%2F1").contains("sesame")
                || !toml.contains("sesame")
        );
    }
    assert_eq!(settings("").load("c.yaml").diagnostics[0].code, "config/missing-bucket-url");
    let variables = settings("[destination.filesystem]\nbucket_url = 's3://b?region=x'\n")
        .variable("AWS_REGION", "y")
        .variable("AWS_ACCESS_KEY_ID", "key1")
        .variable("AWS_SECRET_ACCESS_KEY", "open sesame");
    assert_eq!(
        place(&variables).1,
        "s3://b?region=x&aws_access_key_id=key1&aws_secret_access_key=open+sesame"
    );
    assert_eq!(variables.plan("c.yaml").redactor.redact("open sesame"), "***");
    let mut sqlite = settings("[destination.sqlalchemy]\ncredentials = 'sqlite:///x.db'\n");
    sqlite.options.destination = Some("sqlalchemy".to_owned());
    assert_eq!(place(&sqlite), ("sqlite".to_owned(), "/x.db".to_owned()));
    let mut other = settings("[destination.sqlalchemy]\ncredentials = 'mysql://u:sesame@h/d'\n");
    other.options.destination = Some("sqlalchemy".to_owned());
    let found = other.load("c.yaml").diagnostics;
    assert_eq!(found[0].code, "config/destination-not-supported");
    assert!(!format!("{found:?}").contains("sesame"), "{found:?}");
}

#[test]
fn scripts() {
    let script = |destination: &str, run: &str| {
        let text = format!(
            "import dlt\nfrom dlt.sources.rest_api import rest_api_source\n\
             pipeline = dlt.pipeline(pipeline_name='c', destination={destination})\n\
             pipeline.run(rest_api_source({{'client': {{'base_url': 'https://h'}}, 'resources': ['a']}}){run})\n"
        );
        Project::new().file("c.py", text)
    };
    for (destination, run, location) in [
        ("dlt.destinations.filesystem(bucket_url='file:///d/lake')", "", "file:///d/lake"),
        (
            "dlt.destinations.filesystem('lake')",
            ", loader_file_format='parquet'",
            "file:///lake/?format=parquet",
        ),
        ("dlt.destinations.sqlalchemy('sqlite:///x.db')", "", "/x.db"),
        ("dlt.destinations.sqlalchemy(credentials='sqlite:///x.db')", "", "/x.db"),
    ] {
        let plan = script(destination, run).plan("c.py").destination;
        assert!(plan.location.expose().ends_with(location.trim_start_matches("file://")), "{destination}");
    }
    for destination in ["dlt.destinations.filesystem('lake', layout='x')", "dlt.destinations.mssql('x')"] {
        let found = render(&script(destination, "").load("c.py").diagnostics);
        assert!(found.contains("a destination with these arguments"), "{found}");
    }
}
