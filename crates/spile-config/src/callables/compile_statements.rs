//! Statements of functions, compiled.

use ruff_python_ast::{Alias, ExceptHandler, Expr, Stmt, StmtIf, StmtTry};
use ruff_text_size::Ranged;

use super::code::{Handler, Statement, StatementKind, Target, Try};
use super::compile::{Binding, Compiler, FunctionSource};

impl<'p> Compiler<'p, '_> {
    pub(super) fn block(&mut self, body: &'p [Stmt]) -> Vec<Statement> {
        body.iter().filter_map(|statement| self.statement(statement)).collect()
    }

    fn statement(&mut self, statement: &'p Stmt) -> Option<Statement> {
        let kind = match statement {
            // A literal on its own is a docstring.
            Stmt::Expr(expression) if expression.value.is_literal_expr() => return None,
            Stmt::Expr(expression) => StatementKind::Expression(self.expression(&expression.value)),
            Stmt::Assign(assign) => {
                let value = self.expression(&assign.value);
                let targets = assign.targets.iter().map(|target| self.target(target)).collect();
                StatementKind::Assign(targets, value)
            }
            Stmt::AnnAssign(assign) => {
                let value = self.expression(assign.value.as_ref()?);
                StatementKind::Assign(vec![self.target(&assign.target)], value)
            }
            Stmt::AugAssign(assign) => {
                let value = self.expression(&assign.value);
                StatementKind::Augment(self.target(&assign.target), assign.op, value)
            }
            Stmt::Return(result) => {
                StatementKind::Return(result.value.as_ref().map(|value| self.expression(value)))
            }
            Stmt::If(branch) => self.branch(branch),
            Stmt::For(each) if !each.is_async => {
                let iterable = self.expression(&each.iter);
                let target = self.target(&each.target);
                StatementKind::For(target, iterable, self.block(&each.body), self.block(&each.orelse))
            }
            Stmt::While(repeat) => {
                let test = self.expression(&repeat.test);
                StatementKind::While(test, self.block(&repeat.body), self.block(&repeat.orelse))
            }
            Stmt::Break(_) => StatementKind::Break,
            Stmt::Continue(_) => StatementKind::Continue,
            Stmt::Pass(_) => StatementKind::Pass,
            Stmt::Global(_) | Stmt::Nonlocal(_) | Stmt::TypeAlias(_) => return None,
            Stmt::Raise(raise) => {
                StatementKind::Raise(raise.exc.as_ref().map(|exception| self.expression(exception)))
            }
            Stmt::Assert(assert) => {
                let test = self.expression(&assert.test);
                StatementKind::Assert(test, assert.msg.as_ref().map(|message| self.expression(message)))
            }
            Stmt::Try(attempt) => self.attempt(attempt),
            Stmt::FunctionDef(definition) => {
                if !definition.decorator_list.is_empty() {
                    self.refuse("a decorator", &definition.decorator_list[0]);
                }
                let defaults = self.defaults(Some(&definition.parameters));
                let code = self.function(FunctionSource::Definition(definition));
                let slot =
                    match self.scopes.last().and_then(|scope| scope.names.get(definition.name.as_str())) {
                        Some(Binding::Slot(slot)) => *slot,
                        _ => 0,
                    };
                StatementKind::Define(slot, code, defaults)
            }
            Stmt::Delete(delete) => {
                StatementKind::Delete(delete.targets.iter().map(|target| self.target(target)).collect())
            }
            Stmt::Import(import) => {
                import.names.iter().for_each(|alias| self.import(alias, None));
                return None;
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                import.names.iter().for_each(|alias| self.import(alias, Some(module)));
                return None;
            }
            Stmt::For(_) => return self.refused_statement("an async loop", statement),
            Stmt::With(_) => return self.refused_statement("`with`", statement),
            Stmt::Match(_) => return self.refused_statement("`match`", statement),
            Stmt::ClassDef(_) => return self.refused_statement("a class", statement),
            Stmt::IpyEscapeCommand(_) => return self.refused_statement("this statement", statement),
        };
        let place = (statement.range().start().to_u32(), statement.range().end().to_u32());
        Some(Statement { kind, place })
    }

    fn refused_statement(&mut self, what: &str, at: &Stmt) -> Option<Statement> {
        self.refuse(what, at);
        None
    }

    fn branch(&mut self, branch: &'p StmtIf) -> StatementKind {
        let mut arms = vec![(self.expression(&branch.test), self.block(&branch.body))];
        let mut orelse = Vec::new();
        for clause in &branch.elif_else_clauses {
            match &clause.test {
                Some(test) => arms.push((self.expression(test), self.block(&clause.body))),
                None => orelse = self.block(&clause.body),
            }
        }
        StatementKind::If(arms, orelse)
    }

    fn attempt(&mut self, attempt: &'p StmtTry) -> StatementKind {
        if attempt.is_star {
            self.refuse("`except*`", attempt);
        }
        let body = self.block(&attempt.body);
        let mut handlers = Vec::new();
        for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
            let classes = handler.type_.as_ref().map(|class| self.expression(class));
            let slot = handler.name.as_ref().and_then(|name| {
                match self.scopes.last()?.names.get(name.as_str())? {
                    Binding::Slot(slot) => Some(*slot),
                    Binding::Outer(..) | Binding::Library(_) => None,
                }
            });
            handlers.push(Handler { classes, slot, body: self.block(&handler.body) });
        }
        let orelse = self.block(&attempt.orelse);
        let finally = self.block(&attempt.finalbody);
        StatementKind::Try(Box::new(Try { body, handlers, orelse, finally }))
    }

    /// Binds what is imported inside of a function; what it is gets checked where it is used.
    fn import(&mut self, alias: &'p Alias, module: Option<&str>) {
        let name = alias.name.as_str();
        let plain = if module.is_some() { name } else { name.split('.').next().unwrap_or(name) };
        let bound = alias.asname.as_ref().map_or(plain, |asname| asname.as_str());
        let path = match (module, &alias.asname) {
            (Some(module), _) => format!("{module}.{name}"),
            (None, Some(_)) => name.to_owned(),
            (None, None) => plain.to_owned(),
        };
        if let Some(scope) = self.scopes.last_mut() {
            scope.names.insert(bound.to_owned(), Binding::Library(path));
        }
    }

    pub(super) fn target(&mut self, target: &'p Expr) -> Target {
        match target {
            Expr::Name(name) => match self.name(name.id.as_str(), target) {
                super::code::Kind::Local(slot) => Target::Local(slot),
                super::code::Kind::Outer(up, slot) => Target::Outer(up, slot),
                _ => {
                    self.refuse(format!("an assignment to `{}`", name.id), target);
                    Target::Local(0)
                }
            },
            Expr::Subscript(subscript) => {
                Target::Item(self.expression(&subscript.value), self.expression(&subscript.slice))
            }
            Expr::Attribute(attribute) => {
                Target::Attribute(self.expression(&attribute.value), attribute.attr.as_str().into())
            }
            Expr::Tuple(tuple) => self.unpacking(&tuple.elts),
            Expr::List(list) => self.unpacking(&list.elts),
            Expr::Starred(starred) => self.target(&starred.value),
            _ => {
                self.refuse("an assignment to this", target);
                Target::Local(0)
            }
        }
    }

    fn unpacking(&mut self, elements: &'p [Expr]) -> Target {
        let starred = elements.iter().position(Expr::is_starred_expr);
        Target::Unpack(elements.iter().map(|element| self.target(element)).collect(), starred)
    }
}
