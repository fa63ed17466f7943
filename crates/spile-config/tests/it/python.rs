//! dlt scripts as people write them.

use crate::project::{Project, credentials, render};

fn script(text: &str) -> Project {
    Project::new().file("c.py", text)
}

#[test]
fn a_script_in_functions() {
    let plan = script(
        r#"
"""Docs."""
from typing import Any
import dlt, os as system
from dlt.sources.rest_api import RESTAPIConfig, rest_api_source as make
from dlt.sources.helpers.rest_client.paginators import HeaderLinkPaginator, PageNumberPaginator

BASE = "https://h" "/v1"
COMMON = {"write_disposition": "merge", **{"primary_key": ["a", "b"]}}

def endpoint(path: str, size=10 * 5) -> dict:
    return {"path": f"{path}.json", "params": {"size": size, "on": True, "ratio": -1.5}}

def load() -> None:
    pipeline = dlt.pipeline(pipeline_name="shop", destination="duckdb", dataset_name="Shop Data", progress="log")
    config: RESTAPIConfig = {
        "client": {
            "base_url": BASE + "/x",
            "headers": {"X-Key": "Key " + dlt.secrets["shop.key"], "Env": system.environ["ENV"]},
            "paginator": HeaderLinkPaginator(links_next_key="after"),
        },
        "resource_defaults": COMMON,
        "resources": [
            {"name": "items", "endpoint": endpoint("items", size=7)},
            {"name": "old", "endpoint": {"incremental": dlt.sources.incremental("t", initial_value=3), "paginator": PageNumberPaginator(1)}},
            *["plain"],
        ],
    }
    source = make(config, name="shop_api", max_table_nesting=1)
    info = pipeline.run(source)
    print(info, f"{info.x:>3}")

if __name__ == "__main__":
    load()
"#,
    )
    .variable("SHOP__KEY", "sesame")
    .variable("ENV", "e")
    .plan("c.py");
    assert_eq!(
        (plan.pipeline.as_str(), plan.dataset.as_str(), plan.source.as_str()),
        ("shop", "shop_data", "shop_api")
    );
    let urls: Vec<&str> = plan.resources.iter().map(|resource| resource.url.as_str()).collect();
    assert_eq!(urls, ["https://h/v1/x/items.json", "https://h/v1/x/old", "https://h/v1/x/plain"]);
    assert_eq!(
        format!("{:?}", plan.resources[0].params),
        r#"[("size", Literal("7")), ("on", Literal("True")), ("ratio", Literal("-1.5"))]"#
    );
    let paginators: Vec<&str> = plan.resources.iter().map(|resource| resource.paginator.name()).collect();
    assert_eq!(paginators, ["header_link", "page_number", "header_link"]);
    assert_eq!(plan.client.headers[0].value.expose(), "Key sesame");
    assert_eq!(plan.resources[0].load.primary_key, ["a", "b"]);
    assert!(plan.resources[1].incremental.is_some());
}

#[test]
fn a_decorated_source_has_the_decorator_s_name() {
    let plan = script(
        "import dlt\nfrom dlt.sources.rest_api import rest_api_resources, RESTAPIConfig\n@dlt.source(name='x')\ndef shop(page=2):\n    \
         config = {'client': {'base_url': 'https://h', 'auth': {'type': 'bearer', 'token': dlt.secrets['t']}}, 'resources': ['a']}\n    \
         yield from rest_api_resources(config)\n",
    )
    .variable("T", "01234567890")
    .plan("c.py");
    assert_eq!(plan.source, "x");
    assert_eq!(credentials(&plan.resources[0]), ["Header bearer: token=01234567890 type=bearer"]);
}

/// The shape of dlt's own template.
#[test]
fn arguments_of_a_source_are_injected() {
    let text = r#"
import dlt
from dlt.sources.rest_api import rest_api_resources

@dlt.source
def github(access_token: Optional[str] = dlt.secrets.value, account=dlt.config.value):
    yield from rest_api_resources({
        "client": {
            "base_url": f"https://h/{account}",
            "auth": {"type": "bearer", "token": access_token} if access_token else None,
        },
        "resources": ["a"],
    })

pipeline = dlt.pipeline("p")
print(pipeline.run(github()))
"#;
    let project = script(text).file(".dlt/config.toml", "[sources.c]\naccount = 'acc'\n");
    let plan = project.plan("c.py");
    assert_eq!((plan.source.as_str(), plan.client.base_url.as_str()), ("github", "https://h/acc"));
    assert!(plan.resources[0].auth.is_empty(), "an optional argument that is not set is None");
    let plan = project.variable("SOURCES__GITHUB__ACCESS_TOKEN", "sesame").plan("c.py");
    assert_eq!(credentials(&plan.resources[0]), ["Header bearer: token=sesame type=bearer"]);
    let found = render(&script(text).load("c.py").diagnostics);
    assert!(found.starts_with("config/missing-config 6:61"), "{found}");
    assert!(found.contains("SOURCES__C__GITHUB__ACCOUNT"), "{found}");
}

#[test]
fn what_cannot_be_evaluated_is_named() {
    let source = |value: &str| {
        format!(
            "import dlt\nfrom dlt.sources.rest_api import rest_api_source\nrest_api_source({{'client': {value}}})\n"
        )
    };
    for (text, expected) in [
        (source("{'base_url': {1, 2}}"), "config/python-unsupported 3:41 a set"),
        (source("[x for x in y]"), "config/python-unsupported 3:40 the unknown name `y`"),
        (source("{'base_url': missing}"), "config/python-unsupported 3:41 the unknown name `missing`"),
        (
            source("{'a': dlt.secrets.value}"),
            "config/python-unsupported 3:34 `dlt.secrets.value` in this place",
        ),
        (source("{'a': datetime.now()}"), "config/python-unsupported 3:34 the unknown name `datetime`"),
        (source("{'a': 1, 'a': 2}"), "config/duplicate-key 3:37 the key `a`"),
        (source("{**x}"), "config/python-unsupported 3:31 the unknown name `x`"),
        (source("'x'.zfill(3)"), "config/python-unsupported 3:28 the method `zfill`"),
        ("import dlt\nx = {'a': 1\n".to_owned(), "config/python-syntax"),
        ("import dlt\n".to_owned(), "config/no-source 1:1"),
        ("for i in 5:\n    pass\n".to_owned(), "config/python-unsupported 1:10 a loop over an integer"),
        ("a = []\na.append(a)\nrest_api_source(a)\n".to_owned(), "config/too-deep"),
        ("s = rest_api_source({})\ns.resources['a'].add_filter(1)\n".to_owned(), "config/not-supported 2:1"),
        (
            "import dlt\ndlt.pipeline().run([1])\n".to_owned(),
            "config/python-unsupported 2:20 a load of an integer",
        ),
        (
            "import os\nos.environ['A'] = 'b'\n".to_owned(),
            "config/python-unsupported 2:1 an assignment to `os.environ`",
        ),
        ("import os\nx = os.environ['NOPE']\n".to_owned(), "config/missing-variable 2:5"),
        ("import dlt\nrest_api_source({})\nrest_api_source({})\n".to_owned(), "config/several-sources 3:1"),
        ("import dlt\nrest_api_source({}, nmae='x')\n".to_owned(), "config/unknown-field 2:21"),
        ("import dlt\np = dlt.pipeline(staging='s3')\n".to_owned(), "config/not-supported 2:18"),
    ] {
        let found = render(&script(&text).load("c.py").diagnostics);
        assert!(found.starts_with(expected), "{text}\n{expected}\n{found}");
        assert_eq!(found.lines().count(), 1, "one cause, one finding: {found}");
    }
}

#[test]
fn endless_scripts_end() {
    for text in [
        "while True:\n    pass\n",
        "a = []\nwhile True:\n    a = [a]\n",
        "a = 'x'\nwhile True:\n    a += a\n",
    ] {
        let found = render(&script(text).load("c.py").diagnostics);
        assert!(found.contains("config/python-unsupported"), "{text}\n{found}");
    }
}

/// Every script of `testdata/python` gives the plan that its last lines describe: `# resource url [param=value ...]`.
#[test]
fn scripts_as_people_write_them() {
    let directory = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/python");
    let mut names: Vec<_> =
        std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut wrong = Vec::new();
    for path in &names {
        let text = std::fs::read_to_string(path).unwrap();
        let project = script(&text).variable("API_TOKEN", "sesame").variable("API_HOST", "https://host");
        let resolved = project.load("c.py");
        let expected: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("#> ")).collect();
        let found: Vec<String> = match &resolved.plan {
            Some(plan) => plan.resources.iter().map(first_request).collect(),
            None => render(&resolved.diagnostics).lines().map(str::to_owned).collect(),
        };
        let same = found.len() == expected.len()
            && found.iter().zip(&expected).all(|(found, expected)| found.starts_with(expected));
        if !same || expected.is_empty() {
            wrong.push(format!("{}\n  expected {expected:#?}\n  found {found:#?}", path.display()));
        }
    }
    assert!(names.len() >= 30, "{}", names.len());
    assert!(wrong.is_empty(), "{} of {} differ\n{}", wrong.len(), names.len(), wrong.join("\n"));
}

fn first_request(resource: &spile_core::ResourcePlan) -> String {
    let mut line = format!("{} {}", resource.name, resource.url);
    for (name, value) in &resource.params {
        match value {
            spile_core::ParamValue::Literal(text) => line.push_str(&format!(" {name}={text}")),
            spile_core::ParamValue::Template(_) => line.push_str(&format!(" {name}=...")),
        }
    }
    if let Some(start) = resource.incremental.as_ref().and_then(|plan| plan.initial_value.as_ref()) {
        line.push_str(&format!(" from {start}"));
    }
    line
}

/// The shape of what `dlt init rest_api` writes.
#[test]
fn of_several_pipelines_the_named_one_is_read() {
    let text = r#"
import dlt
from dlt.common.pendulum import pendulum
from dlt.sources.rest_api import check_connection, rest_api_resources, rest_api_source

@dlt.source(name="github")
def github_source():
    yield from rest_api_resources({"client": {"base_url": "https://github"}, "resources": ["issues"]})

def load_github():
    pipeline = dlt.pipeline(pipeline_name="rest_api_github", dataset_name="data")
    print(pipeline.run(github_source()))

def load_pokemon():
    pipeline = dlt.pipeline(pipeline_name="rest_api_pokemon", dataset_name="data")
    source = rest_api_source({"client": {"base_url": "https://pokemon"}, "resources": [
        {"name": "berry", "endpoint": {"params": {"since": pendulum.today().subtract(days=3).to_iso8601_string()}}}]})
    (can_connect, problem) = check_connection(source, "berry")
    if not can_connect:
        print(problem)
    pipeline.run(source)

if __name__ == "__main__":
    load_github()
    load_pokemon()
"#;
    let found = render(&script(text).load("c.py").diagnostics);
    assert!(found.starts_with("config/several-pipelines 15:"), "{found}");
    assert!(found.contains("`--pipeline rest_api_github` or `--pipeline rest_api_pokemon`"), "{found}");
    let named = |name: &str| {
        let mut project = script(text);
        project.options.pipeline = Some(name.to_owned());
        project
    };
    for (name, url) in
        [("rest_api_github", "https://github/issues"), ("rest_api_pokemon", "https://pokemon/berry")]
    {
        let plan = named(name).plan("c.py");
        assert_eq!((plan.pipeline.as_str(), plan.resources[0].url.as_str()), (name, url));
    }
    let found = render(&named("nope").load("c.py").diagnostics);
    assert!(found.starts_with("config/several-pipelines") && found.lines().count() == 1, "{found}");
}

#[test]
fn a_limit_counts_pages_and_a_part_is_not_the_whole() {
    let text = |run: &str| {
        format!(
            "import dlt\nfrom dlt.sources.rest_api import rest_api_source\n\ndef make():\n    return rest_api_source({{'client': \
             {{'base_url': 'https://h'}}, 'resources': ['a', 'b']}})\n\nsource = make()\ndlt.pipeline('p').run({run})\n"
        )
    };
    assert_eq!(script(&text("source")).plan("c.py").page_limit, None);
    let limited = text("source").replace("source = make()", "source = make().add_limit(3)");
    assert_eq!(script(&limited).plan("c.py").page_limit, Some(3));
    assert_eq!(script(&text("source.add_limit(3)")).plan("c.py").page_limit, Some(3));
    assert_eq!(script(&text("source.add_limit(None)")).plan("c.py").page_limit, None);
    let part = text("part").replace("dlt.pipeline", "part = source.resources['a']\ndlt.pipeline");
    let found = render(&script(&part).load("c.py").diagnostics);
    assert!(found.starts_with("config/not-supported 9:23 a load of a part"), "{found}");
    for (run, expected) in [
        ("source.a.add_limit(3)", "config/not-supported 8:23 `add_limit`"),
        ("source.resources['a']", "config/not-supported 8:23 a load of a part"),
        ("source.a", "config/not-supported 8:23 a load of a part"),
    ] {
        let found = render(&script(&text(run)).load("c.py").diagnostics);
        assert!(found.starts_with(expected) && found.lines().count() == 1, "{run}\n{found}");
    }
}
