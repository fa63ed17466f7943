//! Calls: of dlt, of the few library functions that configs use, and of the script's own functions.
//!
//! A call of anything else gives an opaque object, which is an error only where a config depends on it.

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::Ranged;
use spile_core::{Node, Value};

use super::interpret::Interpreter;
use super::object::Object;
use super::{classes, span};
use crate::fields::not_supported;

/// dlt's typed dicts, which are dicts when they are called.
const TYPED_DICTS: [&str; 8] = [
    "RESTAPIConfig",
    "ClientConfig",
    "EndpointResource",
    "EndpointResourceBase",
    "Endpoint",
    "IncrementalConfig",
    "ResolveParamConfig",
    "PaginatorConfig",
];

/// The argument of a destination that says where it is.
const PLACES: [&str; 2] = ["bucket_url", "credentials"];

impl<'p> Interpreter<'p, '_> {
    pub(super) fn evaluate_call(&mut self, call: &'p ExprCall) -> Option<Object<'p>> {
        if let Some(instance) = self.calls_base(call) {
            return self.init_base(&instance, call);
        }
        if let Expr::Attribute(attribute) = &*call.func {
            let base = self.evaluate(&attribute.value)?;
            return self.call_method(base, attribute.attr.as_str(), call);
        }
        match self.evaluate(&call.func)? {
            Object::Path(path) => self.call_path(&path, call),
            Object::Function(function) if self.makes_resource(function.definition) => {
                self.call_resource(function, call)
            }
            Object::Function(function) => self.call_function(function, call),
            // `max` and `min` are texts, since incrementals name them.
            Object::Node(node) => match node.as_str() {
                Some(name @ ("max" | "min")) => self.refuse_expression(&format!("a call of `{name}`"), call),
                _ => self.refuse_expression("this call", call),
            },
            Object::Class(class, frame) => self.own_instance(class, frame, call),
            Object::Opaque => Some(Object::Opaque),
            Object::Unknown => None,
            _ => self.refuse_expression("this call", call),
        }
    }

    fn call_method(&mut self, base: Object<'p>, method: &str, call: &'p ExprCall) -> Option<Object<'p>> {
        match base {
            Object::Path(path) => self.call_path(&format!("{path}.{method}"), call),
            Object::Pipeline if method == "run" => self.run_pipeline(call),
            Object::Pipeline | Object::Opaque | Object::Class(..) => Some(Object::Opaque),
            Object::Unknown => None,
            // These only look.
            Object::Source | Object::Part
                if matches!(method, "keys" | "items" | "values" | "discover_schema") =>
            {
                Some(Object::Opaque)
            }
            Object::Source if method == "add_limit" && (self.sources.len() == 1 || is_made_here(call)) => {
                self.limit(call)
            }
            Object::Source | Object::Part => {
                let at = span(self.reading, call.range());
                self.diagnostics.push(
                    not_supported(&format!("`{method}` of a source"), &at).hint(
                        "Choose resources and limits on the command line: RESOURCE..., --limit-pages N.",
                    ),
                );
                None
            }
            Object::Map(entries, _) => self.map_method(&entries, method, call),
            Object::List(items, _) => self.list_method(&items, method, call),
            Object::Node(node) => self.text_method(&node, method, call),
            Object::Moment(moment) => self.moment_method(moment, method, call),
            Object::Function(function) if self.makes_resource(function.definition) => {
                self.refuse_resource_method(method, call)
            }
            Object::Resource(_) => self.refuse_resource_method(method, call),
            Object::Instance(_)
            | Object::Duration(_)
            | Object::Function(_)
            | Object::Lambda(..)
            | Object::Deferred(..) => self.refuse_expression(&format!("the method `{method}`"), call),
        }
    }

    fn call_path(&mut self, path: &str, call: &'p ExprCall) -> Option<Object<'p>> {
        let name = path.rsplit('.').next().unwrap_or(path);
        if let Some(class) = classes::find(path) {
            return self.instance(class, call);
        }
        match path {
            "dlt.pipeline" => Some(self.capture_pipeline(call)),
            "dlt.resource" => self.resource_call(call),
            "dlt.secrets.get" | "dlt.config.get" => {
                let store = path.trim_end_matches(".get").to_owned();
                let key = self.first_text(call)?;
                self.stored(&store, key, &call.func)
            }
            "os.getenv" | "os.environ.get" => self.environment_variable(call),
            "copy.copy" | "copy.deepcopy" => {
                let [copied] = <[_; 1]>::try_from(self.arguments(call)?).ok()?;
                Some(Object::of(self.freeze(&copied, copied.kind(), call)?))
            }
            "typing.cast" => self.arguments(call)?.pop(),
            _ if path.starts_with("builtins.") => self.builtin(name, call),
            _ if path.starts_with("dlt.") && TYPED_DICTS.contains(&name) => self.dict_call(call),
            _ if matches!(name, "rest_api_source" | "rest_api_resources") => Some(self.capture_source(call)),
            // It would send a request; what it is asked for is to go on.
            _ if name == "check_connection" => {
                let at = span(self.reading, call.range());
                let able = Object::Node(Node::new(Value::Bool(true), at.clone()));
                Some(Object::list(vec![able, Object::text("", at.clone())], at))
            }
            _ if path.starts_with("dlt.destinations.") => self.destination_call(name, call),
            _ => self.moment_call(path, call),
        }
    }

    fn environment_variable(&mut self, call: &'p ExprCall) -> Option<Object<'p>> {
        let name = self.first_text(call)?;
        let at = span(self.reading, call.range());
        if let Some(value) = self.reading.environment.variables.get(&name) {
            return Some(Object::Node(Node::new(Value::String(value.clone()), at)));
        }
        let default = call.arguments.args.get(1);
        let keyword = call.arguments.keywords.iter().find(|keyword| keyword.arg.is_some());
        match default.or(keyword.map(|keyword| &keyword.value)) {
            Some(default) => self.evaluate(default),
            None => Some(Object::Node(Node::new(Value::Null, at))),
        }
    }

    /// Reads `dlt.destinations.duckdb("file.duckdb")` as the URL of the file, and the same for what else has one.
    fn destination_call(&mut self, name: &str, call: &'p ExprCall) -> Option<Object<'p>> {
        let at = span(self.reading, call.range());
        let place = match (&*call.arguments.args, &*call.arguments.keywords) {
            ([], []) => None,
            ([place], []) => Some(place),
            ([], [keyword]) if keyword.arg.as_ref().is_some_and(|name| PLACES.contains(&name.as_str())) => {
                Some(&keyword.value)
            }
            _ => {
                self.diagnostics.push(
                    not_supported("a destination with these arguments", &at).hint(
                        "Write its URL, or put its settings into .dlt/config.toml and .dlt/secrets.toml.",
                    ),
                );
                return None;
            }
        };
        let text = match (place.map(|place| self.text(place)), name) {
            (None, _) => name.to_owned(),
            (Some(place), "duckdb") => with_scheme("duckdb:", place?),
            (Some(place), "filesystem") => with_scheme("file:", place?),
            (Some(place), "postgres" | "sqlalchemy") => place?,
            (Some(_), _) => {
                self.diagnostics.push(
                    not_supported("a destination with these arguments", &at)
                        .hint("Use one that `spile list destinations` prints."),
                );
                return None;
            }
        };
        Some(Object::Node(Node::new(Value::String(text), at)))
    }

    pub(super) fn first_text(&mut self, call: &'p ExprCall) -> Option<String> {
        let Some(first) = call.arguments.args.first() else {
            return self.refuse_expression("a call without an argument", call);
        };
        self.text(first)
    }

    fn text(&mut self, argument: &'p Expr) -> Option<String> {
        match self.evaluate_node(argument)?.value {
            Value::String(text) => Some(text),
            _ => self.refuse_expression("an argument that is not a string", argument),
        }
    }
}

/// Returns whether a method is called on the result of a call of a function.
fn is_made_here(call: &ExprCall) -> bool {
    let Expr::Attribute(attribute) = &*call.func else { return false };
    matches!(&*attribute.value, Expr::Call(made) if made.func.is_name_expr())
}

/// Returns a place as a URL; one that is a URL stays as it is.
fn with_scheme(scheme: &str, place: String) -> String {
    if place.starts_with(scheme) || place.contains("://") { place } else { format!("{scheme}{place}") }
}
