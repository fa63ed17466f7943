//! Jinja templates in the keys that go beyond dlt (`cursor_value`, `stop_condition`), evaluated on a response.
//!
//! Not interpolation of `{...}`: that is dlt's, and done when the plan is made. The invariants: a template that does
//! not compile is found before any request, evaluation has a fuel limit, and a lookup in something that is missing is
//! undefined, never an error.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, context};
use spile_core::{Json, JsonKind, ResponseView};

use crate::link_header;

/// Instructions that one evaluation may take.
const FUEL: u64 = 100_000;

/// What a template can name.
const NAMES: [&str; 5] = ["response", "headers", "last_record", "last_page_size", "config"];

/// It is the same for every template and never changes, so that one is enough.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.set_fuel(Some(FUEL));
    environment
});

/// A template that compiles.
#[derive(Clone)]
pub(crate) struct Template {
    source: String,
    /// The inside of a lone `{{ ... }}`: it is evaluated as an expression, so that its value keeps its type.
    expression: Option<String>,
    needs_body: bool,
    needs_last_record: bool,
    config: Value,
}

impl Template {
    /// Compiles a template; the message says what is wrong with it.
    pub(crate) fn parse(source: &str) -> Result<Self, String> {
        let template = ENVIRONMENT.template_from_str(source).map_err(|error| describe(&error))?;
        let names = template.undeclared_variables(false);
        let is_known =
            |name: &str| NAMES.contains(&name) || ENVIRONMENT.globals().any(|(known, _)| known == name);
        if let Some(unknown) = names.iter().filter(|name| !is_known(name)).min() {
            return Err(format!("there is no variable `{unknown}`"));
        }
        let expression = lone_expression(source).map(str::to_owned);
        if let Some(expression) = &expression {
            ENVIRONMENT.compile_expression(expression).map_err(|error| describe(&error))?;
        }
        Ok(Self {
            source: source.to_owned(),
            expression,
            needs_body: names.contains("response"),
            needs_last_record: names.contains("last_record"),
            config: Value::from_object(Config::default()),
        })
    }

    /// Sets what `config` stands for.
    pub(crate) fn with_config(mut self, config: Vec<(String, serde_json::Value)>) -> Self {
        let value = |value| serde_json::from_value(value).expect("templates know all that JSON has");
        let values = config.into_iter().map(|(name, json)| (name, value(json))).collect();
        self.config = Value::from_object(Config { values });
        self
    }

    /// Returns the template as written.
    pub(crate) fn as_str(&self) -> &str {
        &self.source
    }

    /// Evaluates the template; `None` when the value is empty, null or undefined.
    pub(crate) fn value(&self, response: &ResponseView<'_>) -> Result<Option<serde_json::Value>, String> {
        let value = self.evaluate(response)?;
        if value.is_undefined()
            || value.is_none()
            || value.as_str().is_some_and(|text| text.trim().is_empty())
        {
            return Ok(None);
        }
        match serde_json::to_value(&value) {
            Ok(serde_json::Value::Null) => Ok(None),
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(format!("the template gives {}, which is no value", value.kind())),
        }
    }

    /// Evaluates the template to a yes or no, by Python's rule for truth; a text is read as one.
    pub(crate) fn truth(&self, response: &ResponseView<'_>) -> Result<bool, String> {
        let value = self.evaluate(response)?;
        Ok(match value.as_str() {
            Some(text) => {
                !matches!(text.trim().to_ascii_lowercase().as_str(), "" | "false" | "0" | "none" | "no")
            }
            None => value.is_true(),
        })
    }

    fn evaluate(&self, response: &ResponseView<'_>) -> Result<Value, String> {
        let body = self.needs_body.then(|| tree(response.body));
        let last_record = response.last_record.filter(|_| self.needs_last_record).map(tree);
        let names = context! {
            response => body,
            headers => Value::from_object(Headers::new(response)),
            last_record => last_record,
            last_page_size => response.record_count,
            config => self.config.clone(),
        };
        match &self.expression {
            Some(expression) => ENVIRONMENT
                .compile_expression(expression)
                .and_then(|expression| expression.eval(names))
                .map_err(|error| describe(&error)),
            None => {
                ENVIRONMENT.render_str(&self.source, names).map(Value::from).map_err(|error| describe(&error))
            }
        }
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.source)
    }
}

/// Returns the inside of a template that is one `{{ ... }}` and nothing else.
fn lone_expression(source: &str) -> Option<&str> {
    let inside = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let alone = !inside.contains("{{") && !inside.contains("}}") && !inside.contains("{%");
    alone.then(|| inside.trim_matches('-').trim())
}

/// Makes the template engine's tree of a value. This is off the hot path: only templates that name the value need it.
fn tree(value: Json<'_>) -> Value {
    match value.kind() {
        JsonKind::Null => Value::from(()),
        JsonKind::Bool(value) => Value::from(value),
        JsonKind::Int(value) => Value::from(value),
        JsonKind::BigInt(value) => Value::from(value),
        JsonKind::Float(value) => Value::from(value),
        JsonKind::String(value) => Value::from(value),
        JsonKind::Array(_) => value.elements().map(tree).collect(),
        JsonKind::Object(_) => Value::from_pairs(value.members().map(|(name, member)| (name, tree(member)))),
    }
}

fn describe(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// Response headers: names in any case, and `link` as a map of relations that is always there.
#[derive(Debug)]
struct Headers {
    names: Vec<(String, Value)>,
}

impl Headers {
    fn new(response: &ResponseView<'_>) -> Self {
        let links = Value::from_pairs(link_header::of(response).into_iter().map(|(relation, link)| {
            // The target is named `url`, whatever parameter of that name a server adds.
            let params = link.params.into_iter().filter(|(name, _)| name != "url");
            (relation, Value::from_pairs(params.chain([("url".to_owned(), link.url)])))
        }));
        let mut names = vec![("link".to_owned(), links)];
        for (name, value) in response.headers {
            if !names.iter().any(|(existing, _)| existing == name) {
                names.push((name.clone(), Value::from(value.as_str())));
            }
        }
        Self { names }
    }
}

impl Object for Headers {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?.to_ascii_lowercase();
        self.names.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.names.iter().map(|(name, _)| Value::from(name.as_str())).collect())
    }
}

/// The source's arguments. One that is missing is an error, unlike a field of an answer: it would end paging unseen.
#[derive(Debug, Default)]
struct Config {
    values: BTreeMap<String, Value>,
}

impl Object for Config {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        Some(self.values.get(name).cloned().unwrap_or_else(|| {
            let message = format!(
                "the source has no argument `{name}`, or it is a secret; set it with --set {name}=VALUE"
            );
            Value::from(minijinja::Error::new(ErrorKind::UndefinedError, message))
        }))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.values.keys().map(|name| Value::from(name.as_str())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spile_core::Document;
    use url::Url;

    fn check(source: &str, headers: &[(&str, &str)], body: &str) -> (Option<String>, bool) {
        let document = Document::parse(body.as_bytes().to_vec()).unwrap();
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let url = Url::parse("http://h/a").unwrap();
        let response = ResponseView {
            url: &url,
            headers: &headers,
            body: document.root(),
            record_count: 2,
            last_record: document.root().get("items").and_then(|items| items.elements().last()),
            pages_before: 0,
            records_before: 0,
        };
        let template = Template::parse(source).unwrap();
        let value = template.value(&response).unwrap().map(|value| value.to_string());
        (value, template.truth(&response).unwrap())
    }

    #[test]
    fn the_seeds_templates() {
        let next = "{{ headers['link']['next']['url'] }}";
        let stop = "{{ 'next' not in headers['link'] }}";
        let link = [("link", r#"<http://h/a?page=2>; rel="next""#)];
        assert_eq!(check(next, &link, "{}"), (Some(r#""http://h/a?page=2""#.into()), true));
        assert_eq!(check(next, &[], "{}"), (None, false));
        assert!(!check(stop, &link, "{}").1);
        assert!(check(stop, &[], "{}").1);
        assert!(check(stop, &[("link", "<u>; rel=prev")], "{}").1);
    }

    #[test]
    fn names_and_python_ways() {
        let body = r#"{"next":7,"none":null,"more":false,"items":[{"id":1},{"id":"z"}]}"#;
        for (source, value, truth) in [
            ("{{ response.next }}", Some("7"), true),
            ("{{ response['none'] }}", None, false),
            ("{{ response.no.such['thing'] }}", None, false),
            ("{{ response.get('next') }}", Some("7"), true),
            ("{{ response.get('nope', '') }}", None, false),
            ("{{ not response.more }}", Some("true"), true),
            ("{{ last_record.id }}", Some(r#""z""#), true),
            ("{{ last_record['id'].upper() }}", Some(r#""Z""#), true),
            ("{{ last_page_size < 100 }}", Some("true"), true),
            ("{{ headers['X-Next'] }}", Some(r#""abc""#), true),
            ("{{ headers.get('x-next') }}", Some(r#""abc""#), true),
            ("{{ 'X-NEXT' in headers }}", Some("true"), true),
            ("p{{ response.next }}", Some(r#""p7""#), true),
            ("{% if response.more %}x{% endif %}", None, false),
        ] {
            let found = check(source, &[("x-next", "abc")], body);
            assert_eq!((found.0.as_deref(), found.1), (value, truth), "{source}");
        }
    }

    #[test]
    fn config_is_the_arguments_and_a_missing_one_is_an_error() {
        let document = Document::parse(b"{}".to_vec()).unwrap();
        let url = Url::parse("http://h/a").unwrap();
        let response = ResponseView {
            url: &url,
            headers: &[],
            body: document.root(),
            record_count: 0,
            last_record: None,
            pages_before: 0,
            records_before: 0,
        };
        let value = |source: &str| {
            let template = Template::parse(source).unwrap();
            template.with_config(vec![("region".to_owned(), "eu".into())]).value(&response)
        };
        assert_eq!(value("{{ config.region }}"), Ok(Some("eu".into())));
        assert_eq!(value("{{ config['region'] }}-1"), Ok(Some("eu-1".into())));
        assert!(value("{{ config.rogion }}").unwrap_err().contains("no argument `rogion`"));
        assert!(value("x{{ config['rogion'] }}").unwrap_err().contains("no argument `rogion`"));
    }

    #[test]
    fn broken_and_endless_templates_are_errors() {
        for source in ["{{ a", "{{ a b }}", "{% for %}", "{{ }}"] {
            assert!(Template::parse(source).is_err(), "{source}");
        }
        let template = Template::parse(
            "{% for i in range(9999) %}{% for j in range(9999) %}{{ j }}{% endfor %}{% endfor %}",
        );
        let document = Document::parse(b"{}".to_vec()).unwrap();
        let url = Url::parse("http://h").unwrap();
        let response = ResponseView {
            url: &url,
            headers: &[],
            body: document.root(),
            record_count: 0,
            last_record: None,
            pages_before: 0,
            records_before: 0,
        };
        assert!(template.unwrap().value(&response).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_template_panics(source in r"(\{\{|\}\}|\{%|%\}|response|\.|\[|\]|'| |-|not|in|é|1|\|){0,20}") {
            let _template = Template::parse(&source);
        }
    }
}
