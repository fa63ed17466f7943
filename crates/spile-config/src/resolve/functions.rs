//! Where a config names functions: `processing_steps`, `convert` and callable response actions.

use std::sync::Arc;

use spile_core::{ActionEffect, CursorConvert, Diagnostic, Node, ResponseHook, RowSteps, TableChoice, Value};

use crate::callables::{Choice, Convert, Hook, Program, Step, Steps};
use crate::fields::{KnownKeys, wrong_type};
use crate::resolve::Resolver;
use crate::resolve::read::Reported;

pub(super) const STEP: KnownKeys =
    KnownKeys { of: "a processing step", known: &["filter", "map", "yield_map"], later: &[] };

impl Resolver<'_> {
    /// Resolves `processing_steps`. As in dlt one step with several keys filters, then maps, then yields.
    pub(super) fn steps(&mut self, resource: &Node) -> Result<Option<Arc<dyn RowSteps>>, Reported> {
        let Some(node) = resource.get("processing_steps").filter(|node| !node.is_null()) else {
            return Ok(None);
        };
        let Value::List(items) = &node.value else {
            self.report(wrong_type("processing_steps", "a list of steps", node));
            return Err(Reported);
        };
        let mut steps = Vec::new();
        let mut complete = true;
        for item in items {
            if !matches!(item.value, Value::Map(_)) {
                self.report(wrong_type("a processing step", "a map such as {\"filter\": function}", item));
                complete = false;
                continue;
            }
            STEP.check(item, self.diagnostics);
            for (key, step) in [("filter", Step::Filter), ("map", Step::Map), ("yield_map", Step::YieldMap)] {
                let Some(function) = item.get(key).filter(|node| !node.is_null()) else { continue };
                match self.function(function, key) {
                    Some(function) => steps.push((step, function)),
                    None => complete = false,
                }
            }
        }
        match self.program() {
            _ if !complete => Err(Reported),
            Some(program) if !steps.is_empty() => Ok(Some(Arc::new(Steps { program, steps }))),
            _ => Ok(None),
        }
    }

    /// Resolves `convert`, or `transform`, which is its old name.
    pub(super) fn convert(&mut self, node: &Node) -> Result<Option<Arc<dyn CursorConvert>>, Reported> {
        let get = |key: &str| node.get(key).filter(|node| !node.is_null());
        let Some(convert) = get("convert").or(get("transform")) else { return Ok(None) };
        let function = self.function(convert, "convert").ok_or(Reported)?;
        Ok(self.program().map(|program| Arc::new(Convert { program, function }) as Arc<dyn CursorConvert>))
    }

    /// Resolves a `table_name` that is a function.
    pub(super) fn table_choice(&mut self, node: &Node) -> Option<Arc<dyn TableChoice>> {
        let Value::Function(function) = &node.value else { return None };
        let program = self.program()?;
        Some(Arc::new(Choice { program, function: function.index }))
    }

    /// Resolves what an action does: a word, a function or a list of functions.
    pub(super) fn effect(&mut self, node: &Node) -> Option<ActionEffect> {
        let functions = match &node.value {
            Value::Function(_) => std::slice::from_ref(node),
            Value::List(items) if !items.is_empty() => items,
            _ => {
                let word = self.string(node, "action")?;
                if word == "ignore" {
                    return Some(ActionEffect::Ignore);
                }
                self.report(
                    Diagnostic::warning(
                        "config/no-effect",
                        format!("the action `{word}` does nothing, here as in dlt"),
                    )
                    .at(&node.span)
                    .hint("Write `ignore`; without an action an error status fails the run."),
                );
                return Some(ActionEffect::Nothing);
            }
        };
        let mut hooks: Vec<Arc<dyn ResponseHook>> = Vec::new();
        for item in functions {
            let function = self.function(item, "action")?;
            hooks.push(Arc::new(Hook { program: self.program()?, function }));
        }
        Some(ActionEffect::Call(hooks))
    }

    pub(super) fn program(&self) -> Option<Arc<Program>> {
        self.request.source.functions.clone()
    }

    /// Reads a function.
    fn function(&mut self, node: &Node, what: &str) -> Option<usize> {
        if let Value::Function(function) = &node.value {
            return Some(function.index);
        }
        self.report(wrong_type(what, "a function", node).hint(
            "Functions are written in Python: put this config into a `.py` file with a lambda or a `def`.",
        ));
        None
    }
}
