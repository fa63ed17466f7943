//! Which names a function binds: that decides what is a variable of its own.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Parameters, Stmt};

use super::code::ParameterKind;

/// Returns the parameters in the order of their slots, and which have a default.
pub(super) fn parameters_of(parameters: &Parameters) -> Vec<(&str, ParameterKind, bool)> {
    let mut found = Vec::new();
    for (list, kind) in [
        (&parameters.posonlyargs, ParameterKind::PositionOnly),
        (&parameters.args, ParameterKind::Plain),
        (&parameters.kwonlyargs, ParameterKind::KeywordOnly),
    ] {
        for parameter in list {
            found.push((parameter.parameter.name.as_str(), kind, parameter.default.is_some()));
        }
    }
    for (parameter, kind) in
        [(&parameters.vararg, ParameterKind::Rest), (&parameters.kwarg, ParameterKind::Keywords)]
    {
        if let Some(parameter) = parameter {
            found.push((parameter.name.as_str(), kind, false));
        }
    }
    found
}

/// The names that a function binds, without those of functions inside of it.
#[derive(Default)]
pub(super) struct Names<'p> {
    pub(super) bound: Vec<&'p str>,
    pub(super) globals: Vec<&'p ruff_python_ast::Identifier>,
    pub(super) nonlocals: Vec<&'p str>,
    pub(super) yields: bool,
}

impl<'p> Names<'p> {
    fn target(&mut self, target: &'p Expr) {
        match target {
            Expr::Name(name) => self.bound.push(name.id.as_str()),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|element| self.target(element)),
            Expr::List(list) => list.elts.iter().for_each(|element| self.target(element)),
            Expr::Starred(starred) => self.target(&starred.value),
            _ => {} // An item or an attribute binds no name.
        }
    }
}

impl<'p> Visitor<'p> for Names<'p> {
    fn visit_stmt(&mut self, statement: &'p Stmt) {
        match statement {
            Stmt::FunctionDef(definition) => {
                self.bound.push(definition.name.as_str());
                return;
            }
            Stmt::ClassDef(class) => {
                self.bound.push(class.name.as_str());
                return;
            }
            Stmt::Assign(assign) => assign.targets.iter().for_each(|target| self.target(target)),
            Stmt::AnnAssign(assign) => self.target(&assign.target),
            Stmt::AugAssign(assign) => self.target(&assign.target),
            Stmt::For(each) => self.target(&each.target),
            Stmt::Try(attempt) => {
                for ruff_python_ast::ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                    self.bound.extend(handler.name.as_ref().map(ruff_python_ast::Identifier::as_str));
                }
            }
            Stmt::Global(names) => self.globals.extend(&names.names),
            Stmt::Nonlocal(names) => {
                self.nonlocals.extend(names.names.iter().map(ruff_python_ast::Identifier::as_str));
            }
            _ => {} // Binds nothing itself; imports are bound where they stand.
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'p Expr) {
        match expression {
            Expr::Lambda(_) => return,
            Expr::Named(named) => self.target(&named.target),
            Expr::Yield(_) | Expr::YieldFrom(_) => self.yields = true,
            _ => {} // Binds nothing itself.
        }
        walk_expr(self, expression);
    }
}
