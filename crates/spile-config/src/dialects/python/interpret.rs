//! Statements and scopes.
//!
//! Statements run in order; what cannot be understood poisons the names it would have bound, so that one cause gives one
//! finding.

use std::collections::BTreeMap;

use ruff_python_ast::{Alias, Expr, Stmt, StmtFunctionDef, StmtIf};
use ruff_text_size::Ranged;
use spile_core::{Diagnostics, Node};

use super::capture::{CapturedPipeline, CapturedSource};
use super::unsupported;
use crate::dialects::Reading;

/// Calls of functions nested deeper than this are refused.
const CALLS_MAX: usize = 16;

/// What an expression evaluates to.
#[derive(Clone)]
pub(super) enum Object<'p> {
    /// Part of a config.
    Node(Node),
    /// A module, or a name in one: `dlt.secrets`.
    Path(String),
    /// A function of the script.
    Function(&'p StmtFunctionDef),
    /// A source that was captured.
    Source,
    /// A pipeline that was captured.
    Pipeline,
    /// Something that exists only when Python runs, such as the result of a load.
    Opaque,
    /// What could not be evaluated and was reported.
    Unknown,
}

/// How a block of statements ended.
enum Flow<'p> {
    Next,
    Return(Option<Object<'p>>),
}

pub(super) struct Interpreter<'p, 'r> {
    pub(super) reading: &'r Reading<'r>,
    pub(super) diagnostics: &'r mut Diagnostics,
    /// Innermost last.
    scopes: Vec<BTreeMap<String, Object<'p>>>,
    pub(super) sources: Vec<CapturedSource>,
    pub(super) pipelines: Vec<CapturedPipeline>,
    called: Vec<String>,
    functions: Vec<&'p StmtFunctionDef>,
    /// How deep the evaluation of expressions is.
    pub(super) depth: usize,
    /// How much was evaluated and copied.
    pub(super) work: usize,
}

impl<'p, 'r> Interpreter<'p, 'r> {
    pub(super) fn new(reading: &'r Reading<'r>, diagnostics: &'r mut Diagnostics) -> Self {
        Self {
            reading,
            diagnostics,
            scopes: vec![BTreeMap::new()],
            sources: Vec::new(),
            pipelines: Vec::new(),
            called: Vec::new(),
            functions: Vec::new(),
            depth: 0,
            work: 0,
        }
    }

    /// Runs a script. A script that only defines a function around its source has that function called.
    pub(super) fn run(&mut self, body: &'p [Stmt]) {
        self.block(body);
        if !self.sources.is_empty() || self.diagnostics.has_errors() {
            return;
        }
        let candidates: Vec<&'p StmtFunctionDef> = self
            .functions
            .iter()
            .copied()
            .filter(|function| {
                !self.called.contains(&function.name.to_string()) && self.mentions_source(function)
            })
            .collect();
        if let [function] = candidates[..] {
            self.call(function, Vec::new(), &[], function);
        }
    }

    fn mentions_source(&self, function: &StmtFunctionDef) -> bool {
        let range = function.range();
        let text =
            self.reading.text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default();
        text.contains("rest_api_source") || text.contains("rest_api_resources")
    }

    fn block(&mut self, body: &'p [Stmt]) -> Flow<'p> {
        for statement in body {
            if let Flow::Return(value) = self.statement(statement) {
                return Flow::Return(value);
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
                self.functions.push(function);
                self.bind(function.name.as_str(), Some(Object::Function(function)));
            }
            Stmt::ClassDef(class) => self.bind(class.name.as_str(), Some(Object::Opaque)),
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
            Stmt::Delete(_) => self.refuse("`del`", statement),
            Stmt::AugAssign(_) => self.refuse("an augmented assignment", statement),
            Stmt::For(_) | Stmt::While(_) => self.refuse("a loop", statement),
            Stmt::With(_) => self.refuse("`with`", statement),
            Stmt::Match(_) => self.refuse("`match`", statement),
            Stmt::Raise(_) => self.refuse("`raise`", statement),
            Stmt::Try(_) => self.refuse("`try`", statement),
            Stmt::Break(_) | Stmt::Continue(_) | Stmt::IpyEscapeCommand(_) => {
                self.refuse("this statement", statement);
            }
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

    fn bind_target(&mut self, target: &'p Expr, value: Option<Object<'p>>) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str(), value),
            _ => self.refuse("an assignment to anything but a name", target),
        }
    }

    pub(super) fn bind(&mut self, name: &str, value: Option<Object<'p>>) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), value.unwrap_or(Object::Unknown));
        }
    }

    /// Looks a name up. A function sees its own names and those of the script.
    pub(super) fn lookup(&self, name: &str) -> Option<Object<'p>> {
        let inner = self.scopes.last()?;
        inner.get(name).or_else(|| self.scopes.first()?.get(name)).cloned()
    }

    /// Calls a function of the script.
    pub(super) fn call(
        &mut self,
        function: &'p StmtFunctionDef,
        arguments: Vec<Object<'p>>,
        keywords: &[(String, Object<'p>)],
        at: &impl Ranged,
    ) -> Option<Object<'p>> {
        self.called.push(function.name.to_string());
        if self.scopes.len() > CALLS_MAX {
            self.refuse("a recursion", at);
            return None;
        }
        let parameters = &function.parameters;
        if function.is_async || parameters.vararg.is_some() || parameters.kwarg.is_some() {
            self.refuse("a call of this function", at);
            return None;
        }
        let decorator = self.source_decorator(function);
        let mut scope = BTreeMap::new();
        let mut positional = arguments.into_iter();
        let named = parameters.posonlyargs.iter().chain(&parameters.args);
        for parameter in named.chain(&parameters.kwonlyargs) {
            let name = parameter.parameter.name.to_string();
            let keyword =
                keywords.iter().find(|(keyword, _)| *keyword == name).map(|(_, value)| value.clone());
            let value = match (positional.next().or(keyword), &parameter.default) {
                (Some(value), _) => Some(value),
                (None, Some(default)) => self.default_value(decorator.as_ref(), parameter, default),
                (None, None) => {
                    self.refuse(&format!("a call without a value for `{name}`"), at);
                    None
                }
            };
            scope.insert(name, value.unwrap_or(Object::Unknown));
        }
        let before = self.sources.len();
        self.scopes.push(scope);
        let flow = self.block(&function.body);
        self.scopes.pop();
        if let Some(decorator) = &decorator {
            self.apply_decorator(decorator, before);
        }
        match flow {
            Flow::Return(value) => value,
            Flow::Next if self.sources.len() > before => Some(Object::Source),
            Flow::Next => Some(Object::Opaque),
        }
    }

    pub(super) fn refuse(&mut self, what: &str, at: &impl Ranged) {
        self.diagnostics.push(unsupported(self.reading, what, at));
    }
}
