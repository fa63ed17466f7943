//! Calls that are made later: a function of the script with the arguments that it was given where the call stands.

use ruff_python_ast::Expr;

use super::code::{Arguments, Entry, GlobalValue, Item, Kind};
use super::compile::{Compiler, FunctionSource, Scope, place};

/// A call that is made later: the function with the arguments it was given, which are names of a scope.
#[derive(Clone)]
pub(crate) struct Bound<'p> {
    /// The scope that has the arguments.
    pub(crate) scope: usize,
    /// How many of them, by their position.
    pub(crate) positional: usize,
    /// The others, by their names.
    pub(crate) named: Vec<String>,
    /// Where the function is called.
    pub(crate) at: &'p Expr,
}

impl Bound<'_> {
    /// Returns the name of an argument in the scope.
    pub(crate) fn positional_name(index: usize) -> String {
        format!("<argument {index}>")
    }

    /// Returns the name of an argument in the scope that is given by its name.
    pub(crate) fn keyword_name(name: &str) -> String {
        format!("<argument {name}>")
    }
}

impl<'p> Compiler<'p, '_> {
    /// Adds a call of a function that the config names.
    pub(crate) fn bound_entry(&mut self, function: FunctionSource<'p>, scope: usize, bound: &Bound<'p>) {
        let called = self.function_global(function, scope);
        let outer_scope = std::mem::replace(&mut self.outer_scope, bound.scope);
        let mut arguments = Arguments::default();
        for index in 0..bound.positional {
            let kind = self.global(&Bound::positional_name(index), bound.at);
            arguments.positional.push(Item { starred: false, value: self.made(kind, bound.at) });
        }
        for name in &bound.named {
            let kind = self.global(&Bound::keyword_name(name), bound.at);
            arguments.named.push((Some(name.as_str().into()), self.made(kind, bound.at)));
        }
        self.outer_scope = outer_scope;
        let callee = Box::new(self.made(Kind::Global(called), bound.at));
        let call = self.made(Kind::Call(callee, arguments), bound.at);
        let code = self.returning(call, Scope::default(), place(bound.at));
        let global = self.reserve(function.name());
        self.globals[global].value = GlobalValue::Function { code, defaults: Vec::new() };
        self.entries.push(Entry { name: function.name().to_owned(), global });
    }
}
