//! Functions of a script that run on data: `filter`, `map`, `yield_map`, `convert` and response hooks.
//!
//! ```text
//! syntax tree ──▶ program ──▶ machine ──▶ rows
//!              compile      run (one per page)
//! ```
//!
//! The evaluator of configs (`dialects::python`) computes located nodes and refuses what it does not know; functions
//! need Python's values, exceptions and speed, so they have a language of their own here. A program is immutable and
//! shared by threads; a machine is one page's. Invariant: a function reaches nothing but its arguments and the frozen
//! values around it, and ends within its budget.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unused_self,
    reason = "functions of one kind have one signature, whether they need all of it or not"
)]

mod attributes;
mod classes;
mod code;
mod compile;
mod compile_calls;
mod compile_expressions;
mod compile_names;
mod compile_statements;
mod containers;
mod expressions;
mod fault;
mod format;
mod library;
mod machine;
mod methods;
mod operators;
mod response;
mod rows;
mod run;
mod statements;
mod subscripts;
mod table_choice;
mod unwind;
mod value;
mod walk;
mod work;
mod write_row;

pub(crate) use code::{Constant, Program};
pub(crate) use compile::{Compiler, FunctionSource, Outer, Outside, default_name};
pub(crate) use compile_calls::Bound;
pub(crate) use library::time::{Delta, Moment};
pub(crate) use library::time_methods::pendulum_pattern;
pub(crate) use rows::{Rows, WrittenRows};
pub(crate) use run::{Convert, Hook, Step, Steps};
pub(crate) use table_choice::Choice;
