//! Statements and scopes.
//!
//! Statements run in order; what cannot be understood poisons the names it would have bound, so that one cause gives one
//! finding.

use std::collections::BTreeMap;

use ruff_python_ast::token::Tokens;
use ruff_python_ast::{Alias, Stmt, StmtFunctionDef, StmtIf};
use ruff_text_size::Ranged;
use spile_core::{Diagnostics, Node};

use super::capture::{CapturedPipeline, CapturedSource};
use super::named_functions::NamedFunction;
use super::object::{Function, Object};
use super::unsupported;
use crate::dialects::Reading;

/// Calls of functions nested deeper than this are refused.
const CALLS_MAX: usize = 16;

/// The names of one activation of a function, or of the script.
struct Frame<'p> {
    id: usize,
    /// The frame that the function was defined in.
    outer: usize,
    names: BTreeMap<String, Object<'p>>,
}

/// How a block of statements ended.
pub(super) enum Flow<'p> {
    Next,
    Break,
    Continue,
    Return(Option<Object<'p>>),
}

pub(super) struct Interpreter<'p, 'r> {
    pub(super) reading: &'r Reading<'r>,
    pub(super) diagnostics: &'r mut Diagnostics,
    /// Innermost last.
    frames: Vec<Frame<'p>>,
    /// Frames of functions that have returned; functions that were made in them still see them.
    retired: Vec<Frame<'p>>,
    frames_made: usize,
    pub(super) sources: Vec<CapturedSource>,
    pub(super) pipelines: Vec<CapturedPipeline>,
    /// How many pipelines and sources there were at each `pipeline.run`.
    pub(super) runs: Vec<(usize, usize)>,
    called: Vec<String>,
    functions: Vec<Function<'p>>,
    /// Whether a load was started: nothing after it can change what is loaded.
    pub(super) has_run: bool,
    /// How deep the evaluation of expressions is.
    pub(super) depth: usize,
    /// How much was evaluated and copied.
    pub(super) work: usize,
    /// Functions that the config names, with their frames; nodes refer to them by number.
    pub(super) named_functions: Vec<NamedFunction<'p>>,
    /// Resources that functions of the script have yielded, and not been taken by a source yet.
    pub(super) yielded: Vec<Node>,
    pub(super) tokens: &'r Tokens,
}

impl<'p, 'r> Interpreter<'p, 'r> {
    pub(super) fn new(
        reading: &'r Reading<'r>,
        tokens: &'r Tokens,
        diagnostics: &'r mut Diagnostics,
    ) -> Self {
        Self {
            reading,
            diagnostics,
            frames: vec![Frame { id: 0, outer: 0, names: BTreeMap::new() }],
            retired: Vec::new(),
            frames_made: 0,
            sources: Vec::new(),
            pipelines: Vec::new(),
            runs: Vec::new(),
            called: Vec::new(),
            functions: Vec::new(),
            has_run: false,
            depth: 0,
            work: 0,
            named_functions: Vec::new(),
            yielded: Vec::new(),
            tokens,
        }
    }

    /// Runs a script. A script that only defines a function around its source has that function called.
    pub(super) fn run(&mut self, body: &'p [Stmt]) {
        self.block(body);
        if !self.sources.is_empty() || self.diagnostics.has_errors() {
            return;
        }
        let candidates: Vec<Function<'p>> = self
            .functions
            .iter()
            .copied()
            .filter(|function| {
                !self.called.contains(&function.definition.name.to_string())
                    && self.mentions_source(function.definition)
            })
            .collect();
        if let [function] = candidates[..] {
            self.call(function, Vec::new(), Vec::new(), function.definition);
        }
    }

    fn mentions_source(&self, function: &StmtFunctionDef) -> bool {
        let range = function.range();
        let text =
            self.reading.text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default();
        text.contains("rest_api_source") || text.contains("rest_api_resources")
    }

    pub(super) fn block(&mut self, body: &'p [Stmt]) -> Flow<'p> {
        for statement in body {
            match self.statement(statement) {
                Flow::Next => {}
                ended => return ended,
            }
        }
        Flow::Next
    }

    fn statement(&mut self, statement: &'p Stmt) -> Flow<'p> {
        match statement {
            Stmt::Import(import) => import.names.iter().for_each(|alias| self.import(alias, None)),
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                import.names.iter().for_each(|alias| self.import(alias, Some(module)));
            }
            Stmt::Assign(assign) => {
                let value = self.evaluate(&assign.value);
                assign.targets.iter().for_each(|target| self.bind_target(target, value.clone()));
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    let value = self.evaluate(value);
                    self.bind_target(&assign.target, value);
                }
            }
            Stmt::FunctionDef(function) => {
                let name = function.name.as_str();
                let frame = self.frames.last().map_or(0, |frame| frame.id);
                let function = Function { definition: function, frame };
                self.functions.push(function);
                self.bind(name, Some(Object::Function(function)));
            }
            Stmt::ClassDef(class) => {
                let class_object = Object::Class(class, self.frame_id());
                self.bind(class.name.as_str(), Some(class_object));
            }
            Stmt::If(branch) => return self.branch(branch),
            // A literal on its own is a docstring.
            Stmt::Expr(expression) if expression.value.is_literal_expr() => {}
            Stmt::Expr(expression) => {
                let _effect = self.evaluate(&expression.value);
            }
            Stmt::Return(result) => {
                let value = result.value.as_ref().map(|value| self.evaluate(value));
                return Flow::Return(value.unwrap_or(Some(Object::Opaque)));
            }
            // None of these changes a config.
            Stmt::Pass(_) | Stmt::Assert(_) | Stmt::Global(_) | Stmt::Nonlocal(_) | Stmt::TypeAlias(_) => {}
            Stmt::AugAssign(assign) => self.augment(assign),
            Stmt::For(each) => return self.for_each(each),
            Stmt::While(repeat) => return self.repeat(repeat),
            Stmt::With(with) => return self.with(with),
            // What Python would raise is refused where it happens, so no handler is ever entered.
            Stmt::Try(attempt) => {
                for body in [&attempt.body, &attempt.orelse, &attempt.finalbody] {
                    match self.block(body) {
                        Flow::Next => {}
                        ended => return ended,
                    }
                }
            }
            Stmt::Break(_) => return Flow::Break,
            Stmt::Continue(_) => return Flow::Continue,
            Stmt::Delete(delete) => delete.targets.iter().for_each(|target| self.delete(target)),
            Stmt::Match(_) => self.refuse("`match`", statement),
            Stmt::Raise(_) => {
                self.refuse("`raise`, which this script reaches,", statement);
                return Flow::Return(None);
            }
            Stmt::IpyEscapeCommand(_) => self.refuse("this statement", statement),
        }
        Flow::Next
    }

    fn import(&mut self, alias: &Alias, module: Option<&str>) {
        let name = alias.name.as_str();
        // `import a.b` binds `a`.
        let plain = if module.is_some() { name } else { name.split('.').next().unwrap_or(name) };
        let bound = alias.asname.as_ref().map_or(plain, |asname| asname.as_str());
        let path = match (module, &alias.asname) {
            (Some(module), _) => format!("{module}.{name}"),
            (None, Some(_)) => name.to_owned(),
            (None, None) => plain.to_owned(),
        };
        self.bind(bound, Some(Object::Path(path)));
    }

    /// Runs the branch that Python would take when the script is started.
    fn branch(&mut self, branch: &'p StmtIf) -> Flow<'p> {
        let Some(taken) = self.truth(&branch.test) else { return Flow::Next };
        if taken {
            return self.block(&branch.body);
        }
        for clause in &branch.elif_else_clauses {
            let taken = match &clause.test {
                Some(test) => self.truth(test),
                None => Some(true),
            };
            match taken {
                Some(true) => return self.block(&clause.body),
                Some(false) => {}
                None => return Flow::Next,
            }
        }
        Flow::Next
    }

    pub(super) fn bind(&mut self, name: &str, value: Option<Object<'p>>) {
        if let Some(frame) = self.frames.last_mut() {
            frame.names.insert(name.to_owned(), value.unwrap_or(Object::Unknown));
        }
    }

    /// Takes a name away again, or gives it back what it had.
    pub(super) fn restore(&mut self, name: &str, value: Option<Object<'p>>) {
        if let Some(frame) = self.frames.last_mut() {
            match value {
                Some(value) => frame.names.insert(name.to_owned(), value),
                None => frame.names.remove(name),
            };
        }
    }

    /// Looks a name up in the innermost frame only.
    pub(super) fn local(&self, name: &str) -> Option<Object<'p>> {
        self.frames.last()?.names.get(name).cloned()
    }

    /// Returns the number of the innermost frame.
    pub(super) fn frame_id(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.id)
    }

    /// Looks a name up: in its function, in the functions around it, in the script.
    pub(super) fn lookup(&self, name: &str) -> Option<Object<'p>> {
        self.lookup_from(self.frames.last()?, name)
    }

    /// Looks a name up as a function sees it that was made in a frame.
    pub(super) fn lookup_in(&self, frame: usize, name: &str) -> Option<Object<'p>> {
        self.lookup_from(self.frame(frame)?, name)
    }

    fn frame(&self, id: usize) -> Option<&Frame<'p>> {
        self.frames.iter().chain(&self.retired).find(|frame| frame.id == id)
    }

    fn lookup_from<'f>(&'f self, mut frame: &'f Frame<'p>, name: &str) -> Option<Object<'p>> {
        loop {
            if let Some(found) = frame.names.get(name) {
                return Some(found.clone());
            }
            if frame.id == 0 {
                return None;
            }
            frame = self.frame(frame.outer).or_else(|| self.frames.first())?;
        }
    }

    /// Makes a frame that only functions made in this one see.
    pub(super) fn inner_frame(&mut self, names: BTreeMap<String, Object<'p>>) -> usize {
        self.frames_made += 1;
        let id = self.frames_made;
        self.retired.push(Frame { id, outer: self.frame_id(), names });
        id
    }

    pub(super) fn refuse(&mut self, what: &str, at: &impl Ranged) {
        self.diagnostics.push(unsupported(self.reading, what, at));
    }

    /// Runs a function's body with its names.
    pub(super) fn in_frame(
        &mut self,
        function: Function<'p>,
        names: BTreeMap<String, Object<'p>>,
        at: &impl Ranged,
    ) -> Option<Flow<'p>> {
        if self.frames.len() > CALLS_MAX {
            self.refuse("a recursion", at);
            return None;
        }
        self.called.push(function.definition.name.to_string());
        self.frames_made += 1;
        self.frames.push(Frame { id: self.frames_made, outer: function.frame, names });
        let flow = self.block(&function.definition.body);
        self.retired.extend(self.frames.pop());
        Some(flow)
    }
}
