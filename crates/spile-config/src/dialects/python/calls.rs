//! Calls: of dlt, of the few library functions that configs use, and of the script's own functions.
//!
//! A call of anything else gives an opaque object, which is an error only where a config depends on it.

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::Ranged;
use spile_core::{Key, Node, Value};

use super::interpret::{Interpreter, Object};
use super::{classes, span};
use crate::fields::not_supported;

impl<'p> Interpreter<'p, '_> {
    pub(super) fn evaluate_call(&mut self, call: &'p ExprCall) -> Option<Object<'p>> {
        if let Expr::Attribute(attribute) = &*call.func {
            let base = self.evaluate(&attribute.value)?;
            let method = attribute.attr.as_str();
            return match base {
                Object::Path(path) => self.call_path(&format!("{path}.{method}"), call),
                Object::Pipeline if method == "run" => self.run_pipeline(call),
                Object::Pipeline | Object::Opaque => Some(Object::Opaque),
                Object::Unknown => None,
                Object::Source => {
                    let at = span(self.reading, call.range());
                    self.diagnostics.push(not_supported(&format!("`{method}` of a source"), &at).hint(
                        "Choose resources and limits on the command line: RESOURCE..., --limit-pages N.",
                    ));
                    None
                }
                Object::Node(_) | Object::Function(_) => {
                    self.refuse_expression(&format!("the method `{method}`"), call)
                }
            };
        }
        match self.evaluate(&call.func)? {
            Object::Path(path) => self.call_path(&path, call),
            Object::Function(function) => {
                let mut arguments = Vec::new();
                for argument in &call.arguments.args {
                    arguments.push(self.evaluate(argument).unwrap_or(Object::Unknown));
                }
                let mut keywords = Vec::new();
                for keyword in &call.arguments.keywords {
                    let name = self.keyword_name(keyword)?;
                    let value = self.evaluate(&keyword.value).unwrap_or(Object::Unknown);
                    keywords.push((name, value));
                }
                self.call(function, arguments, &keywords, call)
            }
            Object::Opaque => Some(Object::Opaque),
            Object::Unknown => None,
            Object::Node(_) | Object::Source | Object::Pipeline => self.refuse_expression("this call", call),
        }
    }

    fn call_path(&mut self, path: &str, call: &'p ExprCall) -> Option<Object<'p>> {
        let name = path.rsplit('.').next().unwrap_or(path);
        if let Some(class) = classes::find(path) {
            return self.instance(class, call);
        }
        match path {
            "dlt.pipeline" => Some(self.capture_pipeline(call)),
            "dlt.secrets.get" | "dlt.config.get" => {
                let store = path.trim_end_matches(".get").to_owned();
                let key = self.first_text(call)?;
                self.stored(&store, key, &call.func)
            }
            "os.getenv" | "os.environ.get" => self.environment_variable(call),
            "builtins.print" => self.printed(call),
            "builtins.dict" => self.dict_call(call),
            _ if matches!(name, "rest_api_source" | "rest_api_resources") => Some(self.capture_source(call)),
            _ if path.starts_with("dlt.destinations.") => self.destination_call(name, call),
            _ => Some(Object::Opaque),
        }
    }

    /// What is printed does not matter, what is called while printing does.
    fn printed(&mut self, call: &'p ExprCall) -> Option<Object<'p>> {
        for argument in call.arguments.args.iter().filter(|argument| argument.is_call_expr()) {
            let _printed = self.evaluate(argument)?;
        }
        Some(Object::Opaque)
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

    fn dict_call(&mut self, call: &'p ExprCall) -> Option<Object<'p>> {
        if !call.arguments.args.is_empty() {
            return self.refuse_expression("`dict` with positional arguments", call);
        }
        let mut entries = Vec::new();
        for keyword in &call.arguments.keywords {
            let name = self.keyword_name(keyword)?;
            let key = Key { name, span: span(self.reading, keyword.range()) };
            entries.push((key, self.evaluate_node(&keyword.value)?));
        }
        Some(Object::Node(Node::new(Value::Map(entries), span(self.reading, call.range()))))
    }

    /// Reads `dlt.destinations.duckdb("file.duckdb")` as the URL of the file.
    fn destination_call(&mut self, name: &str, call: &'p ExprCall) -> Option<Object<'p>> {
        let at = span(self.reading, call.range());
        let text = match (&*call.arguments.args, call.arguments.keywords.is_empty()) {
            ([], true) => name.to_owned(),
            ([_], true) if name == "duckdb" => {
                let path = self.first_text(call)?;
                if path.starts_with("duckdb:") { path } else { format!("duckdb:{path}") }
            }
            _ => {
                self.diagnostics.push(
                    not_supported("a destination with these arguments", &at)
                        .hint("Write its URL, or put its credentials into .dlt/secrets.toml."),
                );
                return None;
            }
        };
        Some(Object::Node(Node::new(Value::String(text), at)))
    }

    fn first_text(&mut self, call: &'p ExprCall) -> Option<String> {
        let Some(first) = call.arguments.args.first() else {
            return self.refuse_expression("a call without an argument", call);
        };
        match self.evaluate_node(first)?.value {
            Value::String(text) => Some(text),
            _ => self.refuse_expression("an argument that is not a string", first),
        }
    }
}
