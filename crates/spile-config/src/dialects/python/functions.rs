//! Calls of the script's own functions: arguments, keywords, defaults, decorators.

use std::collections::BTreeMap;

use ruff_python_ast::{ExprCall, Keyword};
use ruff_text_size::Ranged;
use spile_core::Key;

use super::interpret::{Flow, Interpreter};
use super::object::{Function, Object, replace};
use super::span;

impl<'p> Interpreter<'p, '_> {
    /// Evaluates the arguments of a call and calls.
    pub(super) fn call_function(&mut self, function: Function<'p>, call: &'p ExprCall) -> Option<Object<'p>> {
        let mut arguments = Vec::new();
        for argument in &call.arguments.args {
            if let ruff_python_ast::Expr::Starred(starred) = argument {
                match self.evaluate(&starred.value)? {
                    Object::List(items, _) => arguments.extend(items.borrow().iter().cloned()),
                    _ => return self.refuse_expression("an unpacking of anything but a list", argument),
                }
            } else {
                arguments.push(self.evaluate(argument).unwrap_or(Object::Unknown));
            }
        }
        let mut keywords = Vec::new();
        for keyword in &call.arguments.keywords {
            keywords.extend(self.keyword(keyword)?);
        }
        self.call(function, arguments, keywords, call)
    }

    /// Evaluates a keyword argument, or the dict of `**arguments`.
    pub(super) fn keyword(&mut self, keyword: &'p Keyword) -> Option<Vec<(String, Object<'p>)>> {
        let value = self.evaluate(&keyword.value).unwrap_or(Object::Unknown);
        match (&keyword.arg, value) {
            (Some(name), value) => Some(vec![(name.to_string(), value)]),
            (None, Object::Map(entries, _)) => {
                Some(entries.borrow().iter().map(|(key, value)| (key.name.clone(), value.clone())).collect())
            }
            (None, Object::Unknown) => None,
            (None, _) => self.refuse_expression("an unpacking of anything but a dict", keyword),
        }
    }

    /// Calls a function of the script.
    pub(super) fn call(
        &mut self,
        function: Function<'p>,
        arguments: Vec<Object<'p>>,
        mut keywords: Vec<(String, Object<'p>)>,
        at: &impl Ranged,
    ) -> Option<Object<'p>> {
        let definition = function.definition;
        if definition.is_async {
            return self.refuse_expression("a call of an async function", at);
        }
        let place = span(self.reading, at.range());
        let parameters = &definition.parameters;
        let decorator = self.source_decorator(definition);
        let mut names = BTreeMap::new();
        let mut positional = arguments.into_iter();
        let by_position =
            parameters.posonlyargs.iter().chain(&parameters.args).map(|parameter| (parameter, true));
        let by_name = parameters.kwonlyargs.iter().map(|parameter| (parameter, false));
        for (parameter, takes_position) in by_position.chain(by_name) {
            let name = parameter.parameter.name.to_string();
            let keyword = keywords.iter().position(|(keyword, _)| *keyword == name);
            let given = if takes_position { positional.next() } else { None };
            let given = given.or_else(|| keyword.map(|index| keywords.remove(index).1));
            let value = match (given, &parameter.default) {
                (Some(value), _) => Some(value),
                (None, Some(default)) => self.default_value(decorator.as_ref(), parameter, default),
                (None, None) => {
                    self.refuse(&format!("a call without a value for `{name}`"), at);
                    None
                }
            };
            names.insert(name, value.unwrap_or(Object::Unknown));
        }
        let rest: Vec<Object<'p>> = positional.collect();
        if let Some(parameter) = &parameters.vararg {
            names.insert(parameter.name.to_string(), Object::list(rest, place.clone()));
        } else if !rest.is_empty() {
            return self.refuse_expression("a call with so many arguments", at);
        }
        match &parameters.kwarg {
            Some(parameter) => {
                let mut entries = Vec::new();
                for (name, value) in keywords {
                    replace(&mut entries, (Key { name, span: place.clone() }, value));
                }
                names.insert(parameter.name.to_string(), Object::map(entries, place));
            }
            None => {
                if let Some((name, _)) = keywords.first() {
                    return self.refuse_expression(&format!("the unknown argument `{name}`"), at);
                }
            }
        }
        let before = self.sources.len();
        let yielded_before = self.yielded.len();
        let flow = self.in_frame(function, names, at)?;
        if let Some(decorator) = &decorator {
            if let Flow::Return(Some(returned)) = &flow {
                self.take_resources(returned, at);
            }
            let added = self.add_resources(before, yielded_before, at)?;
            self.apply_decorator(decorator, before);
            if added {
                return Some(Object::Source);
            }
        }
        match flow {
            Flow::Return(Some(Object::Opaque)) | Flow::Next | Flow::Break | Flow::Continue => {
                Some(if self.sources.len() > before { Object::Source } else { Object::Opaque })
            }
            Flow::Return(value) => value,
        }
    }
}
