//! dlt scripts, read by an evaluator of its own: no interpreter is started and nothing is executed.
//!
//! ```text
//! text ──▶ syntax tree ──▶ statements ──▶ expressions ──▶ the captured source
//!            (parser)       interpret      evaluate          capture
//! ```
//!
//! Understood is what configs are made of: imports, assignments, literals, `dlt.secrets[...]`, simple functions, and the
//! calls that make sources and pipelines. Anything else is an error at its place when the config depends on it.
//! Invariant: every construct is evaluated as Python would, or refused by name.

mod builtins;
mod calls;
mod capture;
mod classes;
mod decorator;
mod evaluate;
mod functions;
mod interpret;
mod loops;
mod methods;
mod moments;
mod named_functions;
mod object;
mod operators;
mod own_classes;
mod resources;
mod strings;
mod targets;

use ruff_python_ast::Expr;
use ruff_text_size::{Ranged, TextRange};
use spile_core::{Diagnostic, Diagnostics, Span};

use crate::dialects::{Reading, SourceConfig};
use interpret::Interpreter;

/// A script larger than this is not a config. It also bounds how deep a syntax tree can get.
const SCRIPT_BYTES_MAX: usize = 512 << 10;

/// Brackets or signs nested deeper than this are refused before they reach the parser.
const SYNTAX_DEPTH_MAX: usize = 200;

/// Long chains (`a.b.c...`) make deep trees that are dropped recursively, hence a stack of its own. It is reserved,
/// not used.
const STACK_BYTES: usize = 256 << 20;

pub(crate) fn read(reading: &Reading<'_>, diagnostics: &mut Diagnostics) -> Option<SourceConfig> {
    if reading.text.len() > SCRIPT_BYTES_MAX {
        diagnostics.push(
            Diagnostic::error("config/too-large", "the script is larger than 512 KiB")
                .hint("Keep the config apart from data and other code."),
        );
        return None;
    }
    if let Some(offset) = too_deep(reading.text) {
        super::too_deep(&reading.span(offset, offset + 1), diagnostics);
        return None;
    }
    let findings = &mut *diagnostics;
    let outcome = std::thread::scope(|scope| {
        let worker = std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || parse_and_interpret(reading, findings));
        worker.ok().and_then(|worker| worker.join().ok())
    });
    if outcome.is_none() {
        diagnostics.push(
            Diagnostic::error("config/python-unsupported", "the script cannot be read")
                .at(&reading.span(0, 0))
                .hint("Write the config as YAML, TOML or JSON."),
        );
    }
    outcome.flatten()
}

fn parse_and_interpret(reading: &Reading<'_>, diagnostics: &mut Diagnostics) -> Option<SourceConfig> {
    let parsed = match ruff_python_parser::parse_module(reading.text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let message = error.error.to_string();
            diagnostics.push(
                Diagnostic::error(
                    "config/python-syntax",
                    format!("invalid Python: {}", lower_first(&message)),
                )
                .at(&span(reading, error.location))
                .hint("Check brackets, quotes and commas here and on the line before."),
            );
            return None;
        }
    };
    let mut interpreter = Interpreter::new(reading, parsed.tokens(), diagnostics);
    interpreter.run(parsed.suite());
    interpreter.finish()
}

/// Finds where brackets or signs nest too deeply. Texts are not told from code, which errs on the safe side.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut signs = 0_usize;
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'-' | b'+' | b'~' => signs += 1,
            b' ' | b'\t' | b'\\' | b'\n' | b'\r' => continue,
            _ => {}
        }
        if !matches!(byte, b'-' | b'+' | b'~') {
            signs = 0;
        }
        // A line of dashes in a comment is long, hence the larger bound for signs.
        if depth > SYNTAX_DEPTH_MAX || signs > 10 * SYNTAX_DEPTH_MAX {
            return Some(offset);
        }
    }
    None
}

fn span(reading: &Reading<'_>, range: TextRange) -> Span {
    reading.span(range.start().to_usize(), range.end().to_usize())
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// Returns the name of a construct in the words of a Python programmer.
fn describe(expression: &Expr) -> &'static str {
    match expression {
        Expr::Lambda(_) => "a lambda",
        Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) => "a comprehension",
        Expr::Await(_) => "`await`",
        Expr::Yield(_) => "`yield`",
        Expr::Compare(_) => "a comparison",
        Expr::If(_) => "a conditional expression",
        Expr::Set(_) => "a set",
        Expr::BytesLiteral(_) => "a bytes literal",
        Expr::Named(_) => "`:=`",
        Expr::Slice(_) => "a slice",
        Expr::Starred(_) => "an unpacking",
        Expr::Call(_) => "this call",
        Expr::Attribute(_) => "this attribute",
        Expr::Subscript(_) => "this subscript",
        Expr::BinOp(_) | Expr::BoolOp(_) | Expr::UnaryOp(_) => "this operation",
        _ => "this expression",
    }
}

/// Says that a construct cannot be evaluated.
fn unsupported(reading: &Reading<'_>, what: &str, at: &impl Ranged) -> Diagnostic {
    unsupported_at(what, &span(reading, at.range()))
}

fn unsupported_at(what: &str, at: &Span) -> Diagnostic {
    Diagnostic::error("config/python-unsupported", format!("{what} cannot be evaluated"))
        .at(at)
        .hint("The script is read, not executed: write the value out, or move it into the configuration.")
}
