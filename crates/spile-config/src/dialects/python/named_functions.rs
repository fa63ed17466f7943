//! Functions that a config names: they become nodes here, and a program when the script has been read to its end, since
//! that is when Python would look their names up.

use std::collections::BTreeMap;
use std::sync::Arc;

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::{Expr, ExprCall, ExprLambda};
use ruff_text_size::TextRange;
use spile_core::{Diagnostic, FunctionRef, Node, Span, Store, Value};

use super::interpret::Interpreter;
use super::object::Object;
use super::span;
use crate::callables::{Bound, Compiler, Constant, FunctionSource, Outer, Outside, Program, default_name};

/// Deepest value from outside that functions see.
const LEVELS_MAX: usize = 64;

const RUN_TIME_HINT: &str = "It exists only when Python runs; write the value out.";

/// A function that the config names.
#[derive(Clone)]
pub(super) struct NamedFunction<'p> {
    pub(super) source: FunctionSource<'p>,
    /// The frame it was made in.
    pub(super) frame: usize,
    /// The arguments it was called with, if it is a call that is made later.
    pub(super) bound: Option<Bound<'p>>,
}

impl<'p> Interpreter<'p, '_> {
    /// Makes the node of a function.
    pub(super) fn function_node(&mut self, source: FunctionSource<'p>, frame: usize, at: &Span) -> Node {
        self.named_function(NamedFunction { source, frame, bound: None }, at)
    }

    /// Makes the node of a function or of a call that is made later.
    pub(super) fn named_function(&mut self, named: NamedFunction<'p>, at: &Span) -> Node {
        let index = self.named_functions.len();
        let name = named.source.name().to_owned();
        self.named_functions.push(named);
        Node::new(Value::Function(FunctionRef { index, name, digest: String::new() }), at.clone())
    }

    /// Makes a lambda. As in Python its defaults are evaluated where it stands, once.
    pub(super) fn lambda(&mut self, lambda: &'p ExprLambda) -> Option<Object<'p>> {
        let parameters =
            lambda.parameters.iter().flat_map(|parameters| parameters.iter_non_variadic_params());
        let mut defaults = BTreeMap::new();
        for (index, default) in parameters.filter_map(|parameter| parameter.default.as_ref()).enumerate() {
            let value = self.evaluate(default)?;
            defaults.insert(default_name(index), value);
        }
        let frame = if defaults.is_empty() { self.frame_id() } else { self.inner_frame(defaults) };
        Some(Object::Lambda(lambda, frame))
    }

    /// Returns whether a call makes something that only functions use.
    pub(super) fn is_for_functions(&self, call: &ExprCall) -> bool {
        match &*call.func {
            Expr::Name(name) => match self.lookup(name.id.as_str()) {
                None => matches!(name.id.as_str(), "set" | "frozenset"),
                Some(Object::Path(path)) => path == "re.compile",
                Some(_) => false,
            },
            function => self.dotted(function).is_some_and(|path| path == "re.compile"),
        }
    }

    /// Compiles the functions that the config names, and writes their digests into it.
    pub(super) fn compile_functions(&mut self, config: &mut Node) -> Option<Arc<Program>> {
        if self.named_functions.is_empty() {
            return None;
        }
        let named = self.named_functions.clone();
        let file = Arc::clone(self.reading.file);
        let now = self.reading.environment.now_microseconds;
        let mut compiler = Compiler::new(self);
        for NamedFunction { source, frame, bound } in &named {
            match bound {
                Some(bound) => compiler.bound_entry(*source, *frame, bound),
                None => compiler.entry(*source, *frame),
            }
        }
        let (program, problems, used) = compiler.finish(file, now);
        for problem in problems {
            self.diagnostics.push(
                Diagnostic::error("config/function-unsupported", problem.message)
                    .at(&span(self.reading, problem.place))
                    .hint(problem.hint),
            );
        }
        let mut whole = blake3::Hasher::new();
        used.ranges.iter().for_each(|range| self.hash(*range, &mut whole));
        whole.update(used.constants.as_bytes());
        let whole = whole.finalize();
        let digests: Vec<String> = named
            .iter()
            .map(|NamedFunction { source, .. }| {
                let mut own = blake3::Hasher::new();
                self.hash(source.range(), &mut own);
                own.update(whole.as_bytes());
                own.finalize().to_hex().to_string()
            })
            .collect();
        sign(config, &digests);
        Some(Arc::new(program))
    }

    /// Hashes source without comments and line breaks.
    fn hash(&self, range: TextRange, hasher: &mut blake3::Hasher) {
        for token in self.tokens.in_range(range) {
            let (kind, range) = token.as_tuple();
            if matches!(kind, TokenKind::Comment | TokenKind::NonLogicalNewline) {
                continue;
            }
            let text = self.reading.text.get(range.start().to_usize()..range.end().to_usize());
            let text = text.unwrap_or_default().trim();
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
    }

    /// Returns an object as functions see it; `None` when they cannot.
    fn constant(&self, object: &Object<'p>, levels: usize) -> Option<Constant> {
        let levels = levels.checked_sub(1)?;
        Some(match object {
            Object::Node(node) => self.node_constant(node, levels)?,
            Object::List(items, _) => {
                let items = items.borrow();
                Constant::List(items.iter().map(|item| self.constant(item, levels)).collect::<Option<_>>()?)
            }
            Object::Map(entries, _) => {
                let entries = entries.borrow();
                let entry = |(key, value): &(spile_core::Key, Object<'p>)| {
                    Some((Arc::from(key.name.as_str()), self.constant(value, levels)?))
                };
                Constant::Dict(entries.iter().map(entry).collect::<Option<_>>()?)
            }
            Object::Moment(moment) => Constant::Moment(moment.for_functions()),
            Object::Duration(duration) => Constant::Delta(duration.for_functions()),
            _ => return None,
        })
    }

    fn node_constant(&self, node: &Node, levels: usize) -> Option<Constant> {
        let levels = levels.checked_sub(1)?;
        Some(match &node.value {
            Value::Null => Constant::None,
            Value::Bool(boolean) => Constant::Bool(*boolean),
            Value::Int(number) => Constant::Int(*number),
            Value::Float(number) => Constant::Float(*number),
            Value::String(text) => Constant::Text(text.as_str().into()),
            Value::Reference(reference) if reference.store == Store::Config => {
                let path: Vec<&str> = reference.key.split('.').collect();
                let (_, value) = self.reading.providers.peek(&[path], Store::Config)?;
                self.node_constant(&Node::new(value, node.span.clone()), levels)?
            }
            Value::List(items) => Constant::List(
                items.iter().map(|item| self.node_constant(item, levels)).collect::<Option<_>>()?,
            ),
            Value::Map(entries) => Constant::Dict(
                entries
                    .iter()
                    .map(|(key, node)| {
                        Some((Arc::from(key.name.as_str()), self.node_constant(node, levels)?))
                    })
                    .collect::<Option<_>>()?,
            ),
            // A secret has no business in rows.
            Value::Reference(_) | Value::Concat(_) | Value::Function(_) => return None,
        })
    }
}

impl<'p> Outside<'p> for Interpreter<'p, '_> {
    fn outer(&mut self, scope: usize, name: &str) -> Outer<'p> {
        let Some(object) = self.lookup_in(scope, name) else { return Outer::Unknown };
        let refused = |what: &str, hint| Outer::Refused(format!("`{name}`, which is {what},"), hint);
        match &object {
            Object::Function(function) => {
                Outer::Function(FunctionSource::Definition(function.definition), function.frame)
            }
            Object::Lambda(lambda, frame) => Outer::Function(FunctionSource::Lambda(lambda), *frame),
            Object::Deferred(expression, frame) => Outer::Expression(expression, *frame),
            Object::Path(path) => Outer::Library(path.clone()),
            Object::Class(class, frame) => {
                let base = match class.arguments.as_ref().map(|arguments| &*arguments.args) {
                    Some([Expr::Name(base)]) => match self.lookup_in(*frame, base.id.as_str()) {
                        Some(Object::Path(path)) => Some(path),
                        Some(_) => None,
                        None => Some(format!("builtins.{}", base.id)),
                    },
                    Some([base]) => self.dotted(base),
                    _ => None,
                };
                match base {
                    Some(base) => Outer::Exception(class.name.to_string(), base),
                    None => refused("a class", "Use dicts; only classes of exceptions are there."),
                }
            }
            Object::Opaque => Outer::Silent,
            Object::Source | Object::Part | Object::Pipeline | Object::Resource(_) | Object::Instance(_) => {
                refused(object.kind(), RUN_TIME_HINT)
            }
            Object::Unknown => refused("not known", RUN_TIME_HINT),
            other => match self.constant(other, LEVELS_MAX) {
                Some(constant) => Outer::Constant(constant),
                None => refused(
                    "a secret or holds something that functions cannot see",
                    "Pass only plain values; a secret does not belong into rows.",
                ),
            },
        }
    }
}

/// Writes the digests of functions into the nodes that refer to them.
fn sign(node: &mut Node, digests: &[String]) {
    match &mut node.value {
        Value::Function(function) => {
            function.digest = digests.get(function.index).cloned().unwrap_or_default();
        }
        Value::List(items) => items.iter_mut().for_each(|item| sign(item, digests)),
        Value::Map(entries) => entries.iter_mut().for_each(|(_, node)| sign(node, digests)),
        _ => {} // Holds no function.
    }
}
