//! `@dlt.source`: the sources made inside the function carry its name, and its open arguments are injected.
//!
//! dlt's own template has this shape: `def github(access_token=dlt.secrets.value)`. The argument becomes a reference to
//! the key that dlt's search finds, so that it is looked up later like any other.

use std::path::Path;

use ruff_python_ast::{Expr, ParameterWithDefault, StmtFunctionDef};
use ruff_text_size::Ranged;
use spile_core::{Key, Node, Reference, Store, Value};

use super::interpret::Interpreter;
use super::object::Object;
use super::span;
use crate::fields::not_supported;
use crate::providers::source_paths;

/// What a decorator says about the sources of its function.
pub(super) struct Decorator {
    name: String,
    section: String,
    settings: Vec<(Key, Node)>,
}

/// Arguments of the decorator that are settings of the source.
const SETTINGS: [&str; 6] =
    ["name", "section", "max_table_nesting", "root_key", "schema_contract", "parallelized"];

impl<'p> Interpreter<'p, '_> {
    /// Returns the `@dlt.source` of a function, if it has one.
    pub(super) fn source_decorator(&mut self, function: &'p StmtFunctionDef) -> Option<Decorator> {
        let (call, decorated) = function.decorator_list.iter().find_map(|decorator| {
            let (call, path) = match &decorator.expression {
                Expr::Call(call) => (Some(call), &*call.func),
                path => (None, path),
            };
            (self.dotted(path).as_deref() == Some("dlt.source")).then_some((call, decorator))
        })?;
        let at = span(self.reading, decorated.range());
        let stem = Path::new(&self.reading.file.name).file_stem();
        let stem = stem.map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let mut decorator =
            Decorator { name: function.name.to_string(), section: stem, settings: Vec::new() };
        for keyword in call.map_or(&[][..], |call| &call.arguments.keywords) {
            let Some(name) = self.keyword_name(keyword) else { continue };
            if !SETTINGS.contains(&name.as_str()) {
                let at = span(self.reading, keyword.range());
                self.diagnostics.push(
                    not_supported(&format!("`{name}` of dlt.source"), &at).hint("Remove the argument."),
                );
                continue;
            }
            let Some(node) = self.evaluate_node(&keyword.value) else { continue };
            match (name.as_str(), &node.value) {
                ("name", Value::String(text)) => decorator.name.clone_from(text),
                ("section", Value::String(text)) => decorator.section.clone_from(text),
                _ => {
                    let key = Key { name, span: span(self.reading, keyword.range()) };
                    decorator.settings.push((key, node));
                }
            }
        }
        for (name, value) in [("name", &decorator.name), ("section", &decorator.section)] {
            let key = Key { name: name.to_owned(), span: at.clone() };
            decorator.settings.push((key, Node::new(Value::String(value.clone()), at.clone())));
        }
        Some(decorator)
    }

    /// Gives the sources made since `first` what the decorator says; their own arguments win.
    pub(super) fn apply_decorator(&mut self, decorator: &Decorator, first: usize) {
        for source in self.sources.iter_mut().skip(first) {
            for (key, node) in &decorator.settings {
                if !source.settings.iter().any(|(existing, _)| existing.name == key.name) {
                    source.settings.push((key.clone(), node.clone()));
                }
            }
        }
    }

    /// Evaluates the default of a parameter; `dlt.secrets.value` and `dlt.config.value` are injected.
    pub(super) fn default_value(
        &mut self,
        decorator: Option<&Decorator>,
        parameter: &'p ParameterWithDefault,
        default: &'p Expr,
    ) -> Option<Object<'p>> {
        let store = match (decorator, self.value_of(default).as_deref()) {
            (Some(_), Some("dlt.secrets")) => Store::Secrets,
            (Some(_), Some("dlt.config")) => Store::Config,
            _ => return self.evaluate(default),
        };
        let decorator = decorator?;
        let name = parameter.parameter.name.as_str();
        let at = span(self.reading, parameter.range());
        let paths = source_paths(&decorator.section, &decorator.name, &[name]);
        let found = self.reading.providers.peek(&paths, store);
        let key = match found {
            Some((key, _)) => key,
            None if self.is_optional(parameter) => return Some(Object::Node(Node::new(Value::Null, at))),
            // Looking it up later says that it is missing, and where it could be.
            None => paths.first()?.join("."),
        };
        Some(Object::Node(Node::new(Value::Reference(Reference { store, key }), at)))
    }

    /// Returns the path before `.value`.
    fn value_of(&self, expression: &Expr) -> Option<String> {
        match expression {
            Expr::Attribute(attribute) if attribute.attr.as_str() == "value" => self.dotted(&attribute.value),
            _ => None,
        }
    }

    /// Returns whether the annotation lets a parameter be `None`.
    fn is_optional(&self, parameter: &ParameterWithDefault) -> bool {
        let Some(annotation) = &parameter.parameter.annotation else { return false };
        let range = annotation.range();
        let text =
            self.reading.text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default();
        text.contains("Optional") || text.split('|').any(|part| part.trim() == "None")
    }
}
