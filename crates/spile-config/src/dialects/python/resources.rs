//! Resources whose rows the script makes itself: `@dlt.resource` functions, and `dlt.resource([...], name="shops")`.
//!
//! Each becomes an entry of `resources` with the key `rows`: a function that is called when the run has come to it, or the
//! data. Arguments of a call are evaluated where it stands, as in Python. What dlt can do to such an object further
//! (`apply_hints`, `|`, transformers) is refused by name.

use std::collections::BTreeMap;

use ruff_python_ast::{Decorator as Decoration, Expr, ExprCall, StmtFunctionDef};
use ruff_text_size::Ranged;
use spile_core::{Key, Node, Span, Value};

use super::interpret::Interpreter;
use super::named_functions::NamedFunction;
use super::object::{Function, Object};
use super::span;
use crate::callables::{Bound, FunctionSource};
use crate::fields::not_supported;

/// Arguments of `dlt.resource` that are keys of a resource.
const HINTS: [&str; 14] = [
    "name",
    "table_name",
    "max_table_nesting",
    "write_disposition",
    "columns",
    "nested_hints",
    "primary_key",
    "merge_key",
    "schema_contract",
    "table_format",
    "file_format",
    "references",
    "selected",
    "parallelized",
];

/// Arguments that say where configuration is looked for, and how dlt makes the object.
const WITHOUT_EFFECT: [&str; 3] = ["section", "spec", "standalone"];

const TRANSFORMER_HINT: &str = "Give its rows to a resource with a parent ({resources.<parent>.<field>}), or change rows with `processing_steps`.";

const SOURCE_HINT: &str = "Put the resource into the `resources` of a rest_api_source.";

impl<'p> Interpreter<'p, '_> {
    /// Returns whether a function is a resource or a transformer of dlt's.
    pub(super) fn makes_resource(&self, definition: &'p StmtFunctionDef) -> bool {
        self.decoration(definition, "dlt.resource").is_some()
            || self.decoration(definition, "dlt.transformer").is_some()
    }

    /// Returns whether an object is a resource of the script.
    pub(super) fn is_resource(&self, object: &Object<'p>) -> bool {
        match object {
            Object::Resource(_) => true,
            Object::Function(function) => self.makes_resource(function.definition),
            _ => false,
        }
    }

    fn decoration(&self, definition: &'p StmtFunctionDef, path: &str) -> Option<&'p Decoration> {
        definition.decorator_list.iter().find(|decoration| {
            let name = match &decoration.expression {
                Expr::Call(call) => &*call.func,
                name => name,
            };
            self.dotted(name).as_deref() == Some(path)
        })
    }

    /// Makes the resource of a decorated function that is not called: its parameters have defaults.
    pub(super) fn resource_of(&mut self, function: Function<'p>, at: &Span) -> Option<Node> {
        let rows = NamedFunction {
            source: FunctionSource::Definition(function.definition),
            frame: function.frame,
            bound: None,
        };
        self.decorated(function, rows, at)
    }

    /// Makes the resource of a decorated function with the arguments of its call.
    pub(super) fn call_resource(&mut self, function: Function<'p>, call: &'p ExprCall) -> Option<Object<'p>> {
        let at = span(self.reading, call.range());
        let rows = self.bound(function, call)?;
        self.decorated(function, rows, &at).map(Object::Resource)
    }

    fn decorated(&mut self, function: Function<'p>, rows: NamedFunction<'p>, at: &Span) -> Option<Node> {
        let definition = function.definition;
        if let Some(decoration) = self.decoration(definition, "dlt.transformer") {
            let place = span(self.reading, decoration.range());
            self.diagnostics.push(not_supported("`dlt.transformer`", &place).hint(TRANSFORMER_HINT));
            return None;
        }
        let decoration = self.decoration(definition, "dlt.resource")?;
        let mut entries = match &decoration.expression {
            Expr::Call(call) => self.resource_hints(call)?,
            _ => Vec::new(),
        };
        name_it(&mut entries, definition.name.as_str(), at);
        let rows = self.named_function(rows, at);
        entries.push((Key { name: "rows".to_owned(), span: at.clone() }, rows));
        Some(Node::new(Value::Map(entries), at.clone()))
    }

    /// Evaluates the hints of `dlt.resource(...)`.
    fn resource_hints(&mut self, call: &'p ExprCall) -> Option<Vec<(Key, Node)>> {
        let mut entries = Vec::new();
        if let Some(name) = call.arguments.args.get(1) {
            let at = span(self.reading, name.range());
            entries.push((Key { name: "name".to_owned(), span: at }, self.evaluate_node(name)?));
        }
        for keyword in &call.arguments.keywords {
            let name = self.keyword_name(keyword)?;
            let at = span(self.reading, keyword.range());
            if WITHOUT_EFFECT.contains(&name.as_str()) {
                continue;
            }
            let node = self.evaluate_node(&keyword.value)?;
            if node.is_null() {
                continue;
            }
            if !HINTS.contains(&name.as_str()) {
                self.diagnostics.push(
                    not_supported(&format!("`{name}` of dlt.resource"), &at).hint("Remove the argument."),
                );
                return None;
            }
            entries.push((Key { name, span: at }, node));
        }
        Some(entries)
    }

    /// Evaluates `dlt.resource(data, ...)`: data that is written down, a function, or a call of one.
    pub(super) fn resource_call(&mut self, call: &'p ExprCall) -> Option<Object<'p>> {
        let at = span(self.reading, call.range());
        let Some(data) = call.arguments.args.first() else {
            return self.refuse_expression("a resource without data", call);
        };
        let mut entries = self.resource_hints(call)?;
        let made = match data {
            Expr::Call(made) => match self.evaluate_callee(made) {
                Some(function) => Some((function, self.bound(function, made)?)),
                None => None,
            },
            _ => None,
        };
        let rows = match made {
            Some((function, rows)) => {
                name_it(&mut entries, function.definition.name.as_str(), &at);
                self.named_function(rows, &at)
            }
            None => match self.evaluate(data)? {
                Object::Function(function) if !self.makes_resource(function.definition) => {
                    name_it(&mut entries, function.definition.name.as_str(), &at);
                    self.function_node(FunctionSource::Definition(function.definition), function.frame, &at)
                }
                Object::Lambda(lambda, frame) => {
                    self.function_node(FunctionSource::Lambda(lambda), frame, &at)
                }
                object @ Object::List(..) => self.freeze(&object, "this data", data)?,
                other => {
                    let what = format!("a resource that is made of {}", other.kind());
                    return self.refuse_expression(&what, data);
                }
            },
        };
        entries.push((Key { name: "rows".to_owned(), span: at.clone() }, rows));
        Some(Object::Resource(Node::new(Value::Map(entries), at)))
    }

    /// Returns the plain function of the script that a call calls, if it is one.
    fn evaluate_callee(&mut self, call: &'p ExprCall) -> Option<Function<'p>> {
        let Expr::Name(name) = &*call.func else { return None };
        match self.lookup(name.id.as_str()) {
            Some(Object::Function(function)) if !self.makes_resource(function.definition) => Some(function),
            _ => None,
        }
    }

    /// Evaluates the arguments of a call that is made when the run has come to it.
    fn bound(&mut self, function: Function<'p>, call: &'p ExprCall) -> Option<NamedFunction<'p>> {
        let mut names = BTreeMap::new();
        for (index, argument) in call.arguments.args.iter().enumerate() {
            if argument.is_starred_expr() {
                return self.refuse_expression("an unpacking of arguments", argument);
            }
            names.insert(Bound::positional_name(index), self.evaluate(argument)?);
        }
        let mut named = Vec::new();
        for keyword in &call.arguments.keywords {
            for (name, value) in self.keyword(keyword)? {
                names.insert(Bound::keyword_name(&name), value);
                named.push(name);
            }
        }
        let bound = (!names.is_empty()).then(|| Bound {
            scope: self.inner_frame(names),
            positional: call.arguments.args.len(),
            named,
            at: &call.func,
        });
        let source = FunctionSource::Definition(function.definition);
        Some(NamedFunction { source, frame: function.frame, bound })
    }

    /// Refuses what dlt can do to a resource further.
    pub(super) fn refuse_resource_method<T>(&mut self, method: &str, at: &impl Ranged) -> Option<T> {
        let at = span(self.reading, at.range());
        self.diagnostics.push(
            not_supported(&format!("`{method}` of a resource"), &at)
                .hint("Write hints as arguments of `dlt.resource`; change rows in the function itself."),
        );
        None
    }

    /// Refuses `resource | transformer`.
    pub(super) fn refuse_pipe<T>(&mut self, at: &impl Ranged) -> Option<T> {
        let at = span(self.reading, at.range());
        self.diagnostics.push(not_supported("`|` between resources", &at).hint(TRANSFORMER_HINT));
        None
    }

    /// Takes note of resources that a function yields or returns: they belong to the source that it makes.
    pub(super) fn take_resources(&mut self, object: &Object<'p>, at: &impl Ranged) {
        match object {
            Object::Resource(resource) => self.yielded.push(resource.clone()),
            Object::Function(function) if self.makes_resource(function.definition) => {
                let place = span(self.reading, at.range());
                let resource = self.resource_of(*function, &place);
                self.yielded.extend(resource);
            }
            Object::List(items, _) => {
                let items = items.borrow().clone();
                for item in &items {
                    self.take_resources(item, at);
                }
            }
            _ => {} // Not a resource: what a config depends on is refused where it does.
        }
    }

    /// Adds the resources that a function of a source has yielded to the one source that it made; gives whether there
    /// were any.
    pub(super) fn add_resources(&mut self, first: usize, yielded: usize, at: &impl Ranged) -> Option<bool> {
        if self.yielded.len() <= yielded {
            return Some(false);
        }
        let added = self.yielded.split_off(yielded);
        let place = span(self.reading, at.range());
        let [source] = &mut self.sources[first..] else {
            self.diagnostics.push(
                not_supported("a source of resources without one rest_api_source", &place).hint(SOURCE_HINT),
            );
            return None;
        };
        source.add(added);
        Some(true)
    }
}

/// Gives a resource the name of its function, unless it has one.
fn name_it(entries: &mut Vec<(Key, Node)>, name: &str, at: &Span) {
    if !entries.iter().any(|(key, _)| key.name == "name") {
        let key = Key { name: "name".to_owned(), span: at.clone() };
        entries.push((key, Node::new(Value::String(name.to_owned()), at.clone())));
    }
}
