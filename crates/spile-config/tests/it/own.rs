//! What a script brings of its own: resources, tables per row, classes on top of dlt's.

use crate::project::{Project, credentials, paging, render};

/// A script whose source has `resources`, after `before`.
fn script(before: &str, resources: &str) -> Project {
    Project::new().file(
        "c.py",
        format!(
            "import dlt, requests\nfrom dlt.sources.rest_api import rest_api_source\n{before}\n\
             rest_api_source({{\"client\": {{\"base_url\": \"https://h\"}}, \"resources\": [{resources}]}})\n"
        ),
    )
}

#[test]
fn resources_become_pages_of_rows() {
    let before = "
def plain(stop):
    for n in range(stop):
        yield {'n': n}

@dlt.resource(primary_key='id', write_disposition='merge', selected=True)
def own(start=0, *, step=1):
    yield [{'id': start}, {'id': start + step}]
    yield {'id': 'single'}
    yield {'id': None}
    yield None
    yield ({'id': n} for n in range(2))

made = [own(n, step=10) for n in (1, 2)]
";
    for (resource, name, pages) in [
        ("own", "own", r#"[{"id":0},{"id":1}] [{"id":"single"},{"id":null},{"id":0},{"id":1}]"#),
        ("own()", "own", r#"[{"id":0},{"id":1}] [{"id":"single"},{"id":null},{"id":0},{"id":1}]"#),
        ("own(5, step=2)", "own", r#"[{"id":5},{"id":7}] [{"id":"single"},{"id":null},{"id":0},{"id":1}]"#),
        // The arguments are those of the call, not what the names stand for at the end.
        ("made[0]", "own", r#"[{"id":1},{"id":11}] [{"id":"single"},{"id":null},{"id":0},{"id":1}]"#),
        ("dlt.resource(plain(2), name='x')", "x", r#"[{"n":0},{"n":1}]"#),
        ("dlt.resource(plain(2))", "plain", r#"[{"n":0},{"n":1}]"#),
        ("dlt.resource(lambda: [1, 2], 'x')", "x", "[1,2]"),
        (
            "dlt.resource([{'a': 1}, [{'a': 2}], None, {'a': 3}], name='x')",
            "x",
            r#"[{"a":1}] [{"a":2}] [{"a":3}]"#,
        ),
        ("{'name': 'x', 'rows': plain}", "x", ""),
        ("{'name': 'x', 'rows': [{'a': 1.5, 'b': [True, None]}]}", "x", r#"[{"a":1.5,"b":[true,null]}]"#),
    ] {
        let plan = script(before, resource).plan("c.py");
        let found = &plan.resources[0];
        assert_eq!(found.name, name, "{resource}");
        let rows = found.rows.as_ref().unwrap().pages(0);
        assert_eq!(rows.map(|rows| rows.join(" ")).unwrap_or_default(), pages, "{resource}");
        if name == "own" {
            assert_eq!(found.load.primary_key, ["id"]);
        }
    }
}

#[test]
fn single_rows_share_pages() {
    let before = "
@dlt.resource
def many():
    for n in range(2500):
        yield {'n': n}
";
    let plan = script(before, "many").plan("c.py");
    let pages = plan.resources[0].rows.as_ref().unwrap().pages(0).unwrap();
    let rows: Vec<usize> = pages.iter().map(|page| page.matches("\"n\"").count()).collect();
    assert_eq!(rows, [1000, 1000, 500]);
}

#[test]
fn a_source_has_what_its_function_yields() {
    let text = "
import dlt
from dlt.sources.rest_api import rest_api_resources
@dlt.source
def shop():
    @dlt.resource
    def inner():
        yield {'n': 1}
    yield from rest_api_resources({'client': {'base_url': 'https://h'}, 'resources': ['users']})
    yield inner
    yield dlt.resource([{'a': 1}], name='data')
dlt.pipeline('p').run(shop())
";
    let names = |text: &str| -> Vec<String> {
        let plan = Project::new().file("c.py", text).plan("c.py");
        plan.resources.iter().map(|resource| resource.name.clone()).collect()
    };
    assert_eq!(names(text), ["users", "inner", "data"]);
    let returned = text
        .replace("yield from rest_api_resources(", "resources = rest_api_resources(")
        .replace("    yield inner\n", "")
        .replace("yield dlt.resource(", "return resources, inner(), dlt.resource(");
    assert_eq!(names(&returned), ["users", "inner", "data"]);
}

#[test]
fn times_are_those_of_the_run() {
    let before = "
from datetime import datetime
@dlt.resource
def clock():
    yield {'at': datetime.utcnow().isoformat()}
";
    let plan = script(before, "clock").plan("c.py");
    let rows = plan.resources[0].rows.as_ref().unwrap();
    assert_eq!(rows.pages(1_000_000).unwrap(), [r#"[{"at":"1970-01-01T00:00:01"}]"#]);
}

#[test]
fn what_cannot_be_said_of_own_resources_is_named() {
    let own = "@dlt.resource\ndef own():\n    yield 1\n";
    for (before, resources, expected) in [
        (
            "@dlt.transformer(data_from=None)\ndef enrich(item):\n    yield item\n",
            "enrich",
            "config/not-supported 3:1 `dlt.transformer` is not supported yet",
        ),
        (own, "own | own", "config/not-supported 7:69 `|` between resources is not supported yet"),
        (
            own,
            "own().add_limit(1)",
            "config/not-supported 7:69 `add_limit` of a resource is not supported yet",
        ),
        (
            own,
            "own.apply_hints()",
            "config/not-supported 7:69 `apply_hints` of a resource is not supported yet",
        ),
        (
            "@dlt.resource(nested_hints={'a': {'primary_key': 'id'}})\ndef own():\n    yield 1\n",
            "own",
            "config/not-supported 3:35 `primary_key` in hints of a nested table is not supported yet",
        ),
        ("@dlt.resource(nested_hints={('a', 'b'): {}})\ndef own():\n    yield 1\n", "own", "config/"),
        (
            "@dlt.resource\ndef own():\n    yield requests.get('https://h').json()\n",
            "own",
            "config/function-unsupported 5:11 `requests.get`",
        ),
        (
            "@dlt.resource\ndef own(key=dlt.secrets.value):\n    yield {'key': key}\n",
            "own",
            "config/function-unsupported 4:13 `dlt.secrets.value`",
        ),
        (own, "own(dlt.secrets['a'])", "config/function-unsupported"),
        (
            own,
            "dlt.resource({'a': 1}, name='x')",
            "config/python-unsupported 7:82 a resource that is made of a map",
        ),
        (
            own,
            "dlt.resource(own(), name='x')",
            "config/python-unsupported 7:82 a resource that is made of a resource",
        ),
        (own, "dlt.resource([1])", "config/missing-field"),
        (own, "{'name': 'x', 'rows': [1], 'endpoint': 'x'}", "config/conflicting-fields"),
        (
            own,
            "{'name': 'x', 'rows': 5}",
            "config/wrong-type 7:91 rows must be a list of rows, or a function",
        ),
        (own, "own, own", "config/duplicate-resource"),
    ] {
        let found = render(&script(before, resources).load("c.py").diagnostics);
        assert!(found.starts_with(expected), "{resources}\n  {found}\n  {expected}");
    }
}

#[test]
fn classes_that_only_pass_arguments_are_their_base() {
    let before = "
from dlt.sources.helpers.rest_client.paginators import HeaderLinkPaginator, JSONLinkPaginator
from dlt.sources.helpers.rest_client.auth import APIKeyAuth, BearerTokenAuth

class Backwards(HeaderLinkPaginator):
    \"\"\"Docs.\"\"\"
    KEY = 'prev'
    def __init__(self):
        super().__init__(links_next_key=self.KEY)

class Further(Backwards):
    KEY = 'further'

class Named(JSONLinkPaginator):
    def __init__(self, path='next', *, prefix='links'):
        self.full = f'{prefix}.{path}'
        super().__init__(self.full)

class Bare(HeaderLinkPaginator):
    pass

class Changed(HeaderLinkPaginator):
    def __init__(self):
        super().__init__()
        self.links_next_key = 'later'

class Key(APIKeyAuth):
    def __init__(self, api_key):
        super().__init__(name='X-Shop', api_key=api_key, location='header')

class Token(BearerTokenAuth):
    pass
";
    for (paginator, expected) in [
        ("Backwards()", "links_next_key=prev type=header_link"),
        ("Further()", "links_next_key=further type=header_link"),
        ("Named()", "next_url_path=links.next type=json_link"),
        ("Named('other', prefix='p')", "next_url_path=p.other type=json_link"),
        ("Bare(links_next_key='x')", "links_next_key=x type=header_link"),
        ("Changed()", "links_next_key=later type=header_link"),
    ] {
        let plan = script(before, &format!("{{'name': 'a', 'endpoint': {{'paginator': {paginator}}}}}"))
            .plan("c.py");
        assert_eq!(paging(&plan.resources[0]), expected, "{paginator}");
    }
    for (auth, expected) in [
        ("Key('k')", "api_key=k location=header name=X-Shop type=api_key"),
        ("Token('t')", "token=t type=bearer"),
    ] {
        let plan = script(before, &format!("{{'name': 'a', 'endpoint': {{'auth': {auth}}}}}")).plan("c.py");
        let found = credentials(&plan.resources[0]).join(" ");
        assert!(found.contains(expected), "{auth}: {found}");
    }
}

#[test]
fn classes_that_change_their_base_are_refused_by_their_method() {
    let imports = "from dlt.sources.helpers.rest_client.paginators import BasePaginator, HeaderLinkPaginator\n\
                   from dlt.sources.helpers.rest_client.auth import AuthConfigBase, OAuth2ClientCredentials\n\
                   from requests.auth import AuthBase\n";
    for (class, place, expected) in [
        (
            "class P(BasePaginator):\n    def helper(self):\n        pass\n    def update_request(self, request):\n        pass\n    \
             def update_state(self, response, data=None):\n        pass\n",
            "paginator",
            "config/python-unsupported 11:9 `update_state` of the class `P` cannot be evaluated",
        ),
        (
            "class P(HeaderLinkPaginator):\n    def update_state(self, response, data=None):\n        pass\n",
            "paginator",
            "config/python-unsupported 7:9 `update_state` of the class `P` cannot be evaluated",
        ),
        (
            "class P(AuthBase):\n    def __call__(self, request):\n        return request\n",
            "auth",
            "config/python-unsupported 7:9 `__call__` of the class `P` cannot be evaluated",
        ),
        (
            "class P(OAuth2ClientCredentials):\n    def build_access_token_request(self):\n        return {}\n",
            "auth",
            "config/python-unsupported 7:9 `build_access_token_request` of the class `P` cannot be evaluated",
        ),
        (
            "class P(HeaderLinkPaginator):\n    def __init__(self):\n        self.x = 1\n",
            "paginator",
            "config/python-unsupported 7:5 `P`, whose __init__ does not call the base's, cannot be evaluated",
        ),
        (
            "class P(HeaderLinkPaginator):\n    def __init__(self):\n        super().__init__()\n        self._next_reference = 1\n",
            "paginator",
            "config/python-unsupported 9:9 a change of `_next_reference` after the base's __init__ cannot be evaluated",
        ),
    ] {
        let resources = format!("{{'name': 'a', 'endpoint': {{'{place}': P()}}}}");
        let found = render(&script(&format!("{imports}{class}"), &resources).load("c.py").diagnostics);
        assert!(found.starts_with(expected), "{class}\n  {found}\n  {expected}");
        assert_eq!(found.lines().count(), 1, "{found}");
    }
}

#[test]
fn refresh_and_dev_mode_are_found_where_dlt_finds_them() {
    let text = "client: {base_url: 'https://h'}\nresources: [a]\n";
    let named = |plan: spile_core::Plan| (plan.refresh.map(spile_core::Refresh::as_str), plan.dataset);
    let plain = Project::new().file("c.yaml", text).plan("c.yaml");
    assert_eq!(named(plain), (None, "c_dataset".to_owned()));
    let own = "c_dataset_20240331123015".to_owned();
    let settings = Project::new()
        .file("c.yaml", text)
        .file(".dlt/config.toml", "[c]\nrefresh = 'drop_data'\n[pipelines]\n")
        .variable("DEV_MODE", "True");
    assert_eq!(named(settings.plan("c.yaml")), (Some("drop_data"), own.clone()));
    let script = "import dlt\nfrom dlt.sources.rest_api import rest_api_source\np = dlt.pipeline('c', dev_mode=True, \
                  refresh='drop_sources')\np.run(rest_api_source({'client': {'base_url': 'https://h'}, 'resources': ['a']}))\n";
    let mut written = Project::new().file("c.py", script);
    assert_eq!(named(written.plan("c.py")), (Some("drop_sources"), own));
    written.options.refresh = Some("drop_resources".to_owned());
    assert_eq!(named(written.plan("c.py")).0, Some("drop_resources"));
}
