//! From the syntax tree to a program: names become slots and globals, and what cannot run is refused at its place.
//!
//! Compiling happens when the config is read, so that `spile check` says all that is not supported before anything is
//! sent. What a name outside of the functions means is asked of [`Outside`], which is the evaluation of the script.

use std::collections::HashMap;
use std::sync::Arc;

use ruff_python_ast::visitor::Visitor;
use ruff_python_ast::{Expr, ExprLambda, Parameters, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

use super::code::{
    Code, Constant, Entry, Expression, Global, GlobalValue, Kind, Parameter, Place, Program, Statement,
    StatementKind,
};
use super::compile_names::{Names, parameters_of};

/// A function of the script.
#[derive(Clone, Copy)]
pub(crate) enum FunctionSource<'p> {
    /// `def`.
    Definition(&'p StmtFunctionDef),
    /// `lambda`.
    Lambda(&'p ExprLambda),
}

impl<'p> FunctionSource<'p> {
    fn address(self) -> usize {
        match self {
            Self::Definition(definition) => std::ptr::from_ref(definition) as usize,
            Self::Lambda(lambda) => std::ptr::from_ref(lambda) as usize,
        }
    }

    /// Returns the name for messages.
    pub(crate) fn name(self) -> &'p str {
        match self {
            Self::Definition(definition) => definition.name.as_str(),
            Self::Lambda(_) => "lambda",
        }
    }

    fn parameters(self) -> Option<&'p Parameters> {
        match self {
            Self::Definition(definition) => Some(&definition.parameters),
            Self::Lambda(lambda) => lambda.parameters.as_deref(),
        }
    }

    pub(crate) fn range(self) -> TextRange {
        match self {
            Self::Definition(definition) => definition.range(),
            Self::Lambda(lambda) => lambda.range(),
        }
    }
}

/// What a name outside of a function means.
pub(crate) enum Outer<'p> {
    /// A known value.
    Constant(Constant),
    /// A function, and the scope it was defined in.
    Function(FunctionSource<'p>, usize),
    /// An expression that only a machine can evaluate, and its scope.
    Expression(&'p Expr, usize),
    /// A module or something in one.
    Library(String),
    /// An exception class of the script: its name and the path of its base.
    Exception(String, String),
    /// A logger or the like.
    Silent,
    /// Nothing has this name.
    Unknown,
    /// Something that functions cannot use, and what to do instead.
    Refused(String, &'static str),
}

/// Returns the name under which a scope has a default of the lambda that was made in it.
pub(crate) fn default_name(index: usize) -> String {
    format!("<default {index}>")
}

/// Knows what stands around the functions.
pub(crate) trait Outside<'p> {
    /// Looks a name up in a scope and those around it.
    fn outer(&mut self, scope: usize, name: &str) -> Outer<'p>;
}

/// What a name inside a function is.
#[derive(Clone)]
pub(super) enum Binding {
    Slot(usize),
    /// Of a function around this one.
    Outer(usize, usize),
    /// Imported inside the function.
    Library(String),
}

/// The function that is being compiled.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) names: HashMap<String, Binding>,
    /// Targets of the comprehensions around the expression, innermost last.
    pub(super) overlays: Vec<HashMap<String, usize>>,
    pub(super) slot_names: Vec<String>,
}

impl Scope {
    pub(super) fn slot(&mut self, name: &str) -> usize {
        self.slot_names.push(name.to_owned());
        self.slot_names.len() - 1
    }
}

/// Something that cannot run.
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) hint: String,
    pub(crate) place: TextRange,
}

/// What functions are made of, for their digests.
#[derive(Default)]
pub(crate) struct Used {
    /// The source of all functions and of what they use.
    pub(crate) ranges: Vec<TextRange>,
    /// The values that they see.
    pub(crate) constants: String,
}

/// What a problem says to do unless there is something better.
pub(super) const GENERAL_HINT: &str =
    "Functions are run by Spile, not by Python: write it another way, or transform the rows after loading.";

pub(crate) struct Compiler<'p, 'o> {
    outside: &'o mut dyn Outside<'p>,
    pub(super) codes: Vec<Code>,
    pub(super) globals: Vec<Global>,
    texts: Vec<Arc<str>>,
    text_places: HashMap<Arc<str>, usize>,
    /// Functions that are compiled or being compiled, by address and scope.
    functions: HashMap<(usize, usize), usize>,
    /// Other globals, by scope and name.
    named: HashMap<(usize, String), usize>,
    pub(super) entries: Vec<Entry>,
    /// Functions around the expression that is being compiled, innermost last.
    pub(super) scopes: Vec<Scope>,
    /// The scope of the script that the function was defined in.
    pub(super) outer_scope: usize,
    pub(super) depth: usize,
    pub(crate) problems: Vec<Problem>,
    used: Used,
}

impl<'p, 'o> Compiler<'p, 'o> {
    pub(crate) fn new(outside: &'o mut dyn Outside<'p>) -> Self {
        Self {
            outside,
            codes: Vec::new(),
            globals: Vec::new(),
            texts: Vec::new(),
            text_places: HashMap::new(),
            functions: HashMap::new(),
            named: HashMap::new(),
            entries: Vec::new(),
            scopes: Vec::new(),
            outer_scope: 0,
            depth: 0,
            problems: Vec::new(),
            used: Used::default(),
        }
    }

    /// Adds a function that the config names, and all it uses.
    pub(crate) fn entry(&mut self, function: FunctionSource<'p>, scope: usize) {
        let global = self.function_global(function, scope);
        self.entries.push(Entry { name: function.name().to_owned(), global });
    }

    /// Returns the program, and what cannot run.
    pub(crate) fn finish(
        self,
        file: Arc<spile_core::SourceFile>,
        now_microseconds: i64,
    ) -> (Program, Vec<Problem>, Used) {
        let Self { codes, globals, texts, entries, problems, used, .. } = self;
        (Program { file, codes, globals, texts, entries, now_microseconds }, problems, used)
    }

    pub(super) fn text(&mut self, text: &str) -> usize {
        if let Some(index) = self.text_places.get(text) {
            return *index;
        }
        let shared: Arc<str> = text.into();
        self.texts.push(Arc::clone(&shared));
        self.text_places.insert(shared, self.texts.len() - 1);
        self.texts.len() - 1
    }

    pub(super) fn refuse(&mut self, what: impl Into<String>, at: &impl Ranged) {
        self.refuse_with(what, GENERAL_HINT, at);
    }

    pub(super) fn refuse_with(&mut self, what: impl Into<String>, hint: &str, at: &impl Ranged) {
        let message = format!("{} cannot be used in a function that runs on data", what.into());
        self.problems.push(Problem { message, hint: hint.to_owned(), place: at.range() });
    }

    pub(super) fn reserve(&mut self, name: &str) -> usize {
        self.globals.push(Global { name: name.to_owned(), value: GlobalValue::Pending });
        self.globals.len() - 1
    }

    pub(super) fn function_global(&mut self, function: FunctionSource<'p>, scope: usize) -> usize {
        let key = (function.address(), scope);
        if let Some(index) = self.functions.get(&key) {
            return *index;
        }
        let index = self.reserve(function.name());
        self.functions.insert(key, index);
        self.used.ranges.push(function.range());
        // A function of the script stands alone: it sees its own names and the script's.
        let scopes = std::mem::take(&mut self.scopes);
        let outer_scope = std::mem::replace(&mut self.outer_scope, scope);
        let code = self.function(function);
        let mut defaults = Vec::new();
        for parameter in function.parameters().into_iter().flat_map(Parameters::iter_non_variadic_params) {
            if let Some(default) = &parameter.default {
                defaults.push(self.default(defaults.len(), default));
            }
        }
        self.outer_scope = outer_scope;
        self.scopes = scopes;
        self.globals[index].value = GlobalValue::Function { code, defaults };
        index
    }

    /// Compiles a default: what it was where a lambda stands, or the expression.
    fn default(&mut self, index: usize, expression: &'p Expr) -> usize {
        let name = default_name(index);
        if let Outer::Unknown = self.outside.outer(self.outer_scope, &name) {
            return self.thunk(expression);
        }
        let kind = self.global(&name, expression);
        let value = self.made(kind, expression);
        self.returning(value, Scope::default(), place(expression))
    }

    /// Compiles an expression as a code without parameters.
    fn thunk(&mut self, expression: &'p Expr) -> usize {
        self.scopes.push(Scope::default());
        let value = self.expression(expression);
        let scope = self.scopes.pop().unwrap_or_default();
        self.returning(value, scope, place(expression))
    }

    pub(super) fn returning(&mut self, value: Expression, scope: Scope, place: Place) -> usize {
        let body = vec![Statement { kind: StatementKind::Return(Some(value)), place }];
        self.add_code("<script>", Vec::new(), scope, body, false)
    }

    fn add_code(
        &mut self,
        name: &str,
        parameters: Vec<Parameter>,
        scope: Scope,
        body: Vec<Statement>,
        is_generator: bool,
    ) -> usize {
        let slots = scope.slot_names.len();
        let slot_names = scope.slot_names;
        self.codes.push(Code { name: name.to_owned(), parameters, slots, slot_names, body, is_generator });
        self.codes.len() - 1
    }

    /// Compiles a function in the scopes that are open.
    pub(super) fn function(&mut self, function: FunctionSource<'p>) -> usize {
        let mut scope = Scope::default();
        let mut parameters = Vec::new();
        for (parameter, kind, has_default) in function.parameters().into_iter().flat_map(parameters_of) {
            let slot = scope.slot(parameter);
            scope.names.insert(parameter.to_owned(), Binding::Slot(slot));
            parameters.push(Parameter { name: parameter.to_owned(), kind, has_default });
        }
        let mut names = Names::default();
        match function {
            FunctionSource::Definition(definition) => {
                if definition.is_async {
                    self.refuse("an async function", &definition.name);
                }
                definition.body.iter().for_each(|statement| names.visit_stmt(statement));
            }
            FunctionSource::Lambda(lambda) => names.visit_expr(&lambda.body),
        }
        for name in &names.globals {
            self.refuse_with(
                format!("a change of `{}`, which outlives the row,", name.as_str()),
                "Rows are independent of each other: keep what a function changes inside of it.",
                *name,
            );
        }
        for name in names.nonlocals {
            match self.enclosing(name) {
                Some(binding) => scope.names.insert(name.to_owned(), binding),
                None => None,
            };
        }
        for name in names.bound {
            if !scope.names.contains_key(name) {
                let slot = scope.slot(name);
                scope.names.insert(name.to_owned(), Binding::Slot(slot));
            }
        }
        self.scopes.push(scope);
        let body = match function {
            FunctionSource::Definition(definition) => self.block(&definition.body),
            FunctionSource::Lambda(lambda) => {
                let value = self.expression(&lambda.body);
                vec![Statement { kind: StatementKind::Return(Some(value)), place: place(&*lambda.body) }]
            }
        };
        let scope = self.scopes.pop().unwrap_or_default();
        self.add_code(function.name(), parameters, scope, body, names.yields)
    }

    #[expect(clippy::unused_self, reason = "reads better beside its siblings")]
    fn place_of(&self, range: TextRange) -> Place {
        (range.start().to_u32(), range.end().to_u32())
    }

    /// Finds a name in the functions around the one that is about to be compiled.
    fn enclosing(&self, name: &str) -> Option<Binding> {
        self.scopes.iter().rev().enumerate().find_map(|(up, scope)| match scope.find(name)? {
            Binding::Slot(slot) => Some(Binding::Outer(up + 1, slot)),
            Binding::Outer(further, slot) => Some(Binding::Outer(up + 1 + further, slot)),
            library @ Binding::Library(_) => Some(library),
        })
    }

    /// Resolves a name that is read.
    pub(super) fn name(&mut self, name: &str, at: &Expr) -> Kind {
        let found = self.scopes.last().and_then(|scope| scope.find(name));
        let rest = self.scopes.len().saturating_sub(1);
        let found = found.or_else(|| {
            self.scopes[..rest].iter().rev().enumerate().find_map(|(up, scope)| match scope.find(name)? {
                Binding::Slot(slot) => Some(Binding::Outer(up + 1, slot)),
                Binding::Outer(further, slot) => Some(Binding::Outer(up + 1 + further, slot)),
                library @ Binding::Library(_) => Some(library),
            })
        });
        match found {
            Some(Binding::Slot(slot)) => Kind::Local(slot),
            Some(Binding::Outer(up, slot)) => Kind::Outer(up, slot),
            Some(Binding::Library(path)) => self.library(&path, at),
            None => self.global(name, at),
        }
    }

    pub(super) fn global(&mut self, name: &str, at: &Expr) -> Kind {
        let key = (self.outer_scope, name.to_owned());
        if let Some(index) = self.named.get(&key) {
            return Kind::Global(*index);
        }
        let value = match self.outside.outer(self.outer_scope, name) {
            Outer::Library(path) => return self.library(&path, at),
            Outer::Silent => {
                self.refuse_with(
                    format!("`{name}`, which exists only when Python runs,"),
                    "Write the value out, or make it inside the function.",
                    at,
                );
                return Kind::None;
            }
            Outer::Exception(name, base) => {
                let base = super::classes::Class::find(&base).filter(super::classes::Class::is_exception);
                let Some(base) = base else {
                    self.refuse(format!("the class `{name}`"), at);
                    return Kind::None;
                };
                return Kind::Class(super::classes::Class::Script(name.into(), Box::new(base)));
            }
            Outer::Function(function, scope) => return Kind::Global(self.function_global(function, scope)),
            Outer::Constant(constant) => {
                self.used.constants.push_str(&format!("{name}={constant:?};"));
                GlobalValue::Constant(constant)
            }
            Outer::Expression(expression, scope) => {
                let index = self.reserve(name);
                self.named.insert(key, index);
                self.used.ranges.push(expression.range());
                let scopes = std::mem::take(&mut self.scopes);
                let outer_scope = std::mem::replace(&mut self.outer_scope, scope);
                let code = self.thunk(expression);
                self.outer_scope = outer_scope;
                self.scopes = scopes;
                self.globals[index].value = GlobalValue::Expression(code);
                return Kind::Global(index);
            }
            Outer::Unknown => return self.library(&format!("builtins.{name}"), at),
            Outer::Refused(what, hint) => {
                self.refuse_with(what, hint, at);
                return Kind::None;
            }
        };
        let index = self.reserve(name);
        self.globals[index].value = value;
        self.named.insert(key, index);
        Kind::Global(index)
    }

    /// Returns the path of a name that stands for a module or for something in one.
    pub(super) fn library_name(&mut self, name: &str) -> Option<String> {
        for scope in self.scopes.iter().rev() {
            match scope.find(name) {
                Some(Binding::Library(path)) => return Some(path),
                Some(_) => return None,
                None => {}
            }
        }
        match self.outside.outer(self.outer_scope, name) {
            Outer::Library(path) => Some(path),
            Outer::Unknown => super::library::has_members(name).then(|| format!("builtins.{name}")),
            _ => None,
        }
    }

    /// Returns whether a name is a logger or the like.
    pub(super) fn is_silent(&mut self, name: &str) -> bool {
        if self.scopes.iter().any(|scope| scope.find(name).is_some()) {
            return false;
        }
        match self.outside.outer(self.outer_scope, name) {
            Outer::Silent => true,
            Outer::Library(path) => path == "logging" || path.ends_with(".logger"),
            _ => false,
        }
    }

    pub(super) fn made(&self, kind: Kind, at: &impl Ranged) -> Expression {
        Expression { kind, place: self.place_of(at.range()) }
    }
}

impl Scope {
    fn find(&self, name: &str) -> Option<Binding> {
        let overlay = self.overlays.iter().rev().find_map(|names| names.get(name));
        overlay.map(|slot| Binding::Slot(*slot)).or_else(|| self.names.get(name).cloned())
    }
}

pub(super) fn place(at: &impl Ranged) -> Place {
    (at.range().start().to_u32(), at.range().end().to_u32())
}
