//! What a plan carries: the functions of a program as steps over rows, conversions of cursor values and response hooks.
//!
//! Every failure becomes an error that names the function, its line in the script and the row.

use std::fmt;
use std::sync::Arc;

use spile_core::{
    CursorConvert, Document, Error, ErrorKind, HookVerdict, HookedAnswer, Json, ResponseHook, Result,
    RowSteps,
};

use super::code::Program;
use super::fault::{Fault, Outcome};
use super::machine::Machine;
use super::response::Response;
use super::value::Value;
use super::write_row;

/// What a step does with a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// Keeps the row if the function's result is true.
    Filter,
    /// Puts the function's result in its place.
    Map,
    /// Puts all that the function yields in its place.
    YieldMap,
}

/// The processing steps of a resource.
pub(crate) struct Steps {
    pub(crate) program: Arc<Program>,
    /// What is done, by which function.
    pub(crate) steps: Vec<(Step, usize)>,
}

/// A function that converts a cursor value.
pub(crate) struct Convert {
    pub(crate) program: Arc<Program>,
    pub(crate) function: usize,
}

/// A function that is called with every answer.
pub(crate) struct Hook {
    pub(crate) program: Arc<Program>,
    pub(crate) function: usize,
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Steps({:?})", self.steps)
    }
}

impl fmt::Debug for Convert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Convert({})", self.function)
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hook({})", self.function)
    }
}

impl RowSteps for Steps {
    fn run(&self, rows: &[Json<'_>]) -> Result<Document> {
        let mut machine = Machine::new(&self.program);
        let mut text = String::from("[");
        for (index, row) in rows.iter().enumerate() {
            machine.refill();
            let done = self.row(&mut machine, *row, &mut text);
            machine.forget();
            done.map_err(|fault| explain(fault, &self.program).with("row", index + 1))?;
        }
        text.push(']');
        Document::parse(text.into_bytes()).map_err(|error| {
            Error::new(ErrorKind::Bug, "bug/rows", "rows that functions made cannot be read back")
                .source_error(error)
        })
    }

    fn describe(&self) -> Vec<String> {
        let word = |step: Step| match step {
            Step::Filter => "filter",
            Step::Map => "map",
            Step::YieldMap => "yield_map",
        };
        self.steps
            .iter()
            .map(|(step, function)| format!("{} {}", word(*step), self.program.entry_name(*function)))
            .collect()
    }
}

impl Steps {
    fn row(&self, machine: &mut Machine<'_>, row: Json<'_>, text: &mut String) -> Outcome<()> {
        let value = machine.value_of(row)?;
        self.pass(machine, value, true, 0, text)
    }

    /// Takes a value through the steps that are left. `listed` is whether it is an element of a page; what a
    /// `yield_map` yields stands for itself, and then None is nothing, as in dlt.
    fn pass(
        &self,
        machine: &mut Machine<'_>,
        value: Value,
        listed: bool,
        next: usize,
        text: &mut String,
    ) -> Outcome<()> {
        let Some((step, function)) = self.steps.get(next) else {
            if text.len() > 1 {
                text.push(',');
            }
            let mut written = String::new();
            write_row::write(&value, &mut written)?;
            text.push_str(&written);
            return machine.take(written.len());
        };
        let arguments = |value: Value| self.program.arguments(*function, value);
        match step {
            Step::Filter => {
                let kept = machine.call_entry(*function, arguments(value.clone()))?.truth();
                if kept { self.pass(machine, value, listed, next + 1, text) } else { Ok(()) }
            }
            Step::Map => {
                let made = machine.call_entry(*function, arguments(value))?;
                if listed {
                    return self.pass(machine, made, true, next + 1, text);
                }
                self.item(machine, made, next + 1, text)
            }
            Step::YieldMap => {
                let made = machine.call_entry(*function, arguments(value))?;
                let mut walk = machine.walk(&made)?;
                while let Some(item) = machine.next(&mut walk)? {
                    self.item(machine, item, next + 1, text)?;
                }
                Ok(())
            }
        }
    }

    /// Takes something that stands for itself: a list is a page of rows, None is nothing.
    fn item(&self, machine: &mut Machine<'_>, item: Value, next: usize, text: &mut String) -> Outcome<()> {
        match item {
            Value::None => Ok(()),
            Value::List(list) => {
                let rows = list.items.borrow().clone();
                for row in rows {
                    self.pass(machine, row, true, next, text)?;
                }
                Ok(())
            }
            other => self.pass(machine, other, false, next, text),
        }
    }
}

impl CursorConvert for Convert {
    fn convert(&self, value: &serde_json::Value) -> Result<serde_json::Value> {
        let mut machine = Machine::new(&self.program);
        let converted = || -> Outcome<String> {
            let text = value.to_string().into_bytes();
            let value = super::library::json::parse(&mut machine, text)?;
            let made = machine.call_entry(self.function, vec![value])?;
            let mut text = String::new();
            match &made {
                // dlt sends `str(...)` of what a conversion gives.
                Value::Moment(_) => {
                    super::library::json::quoted(&super::format::display(&made)?, false, &mut text);
                }
                made => write_row::write(made, &mut text)?,
            }
            Ok(text)
        };
        let mut converted = converted;
        let text = converted().map_err(|fault| explain(fault, &self.program))?;
        serde_json::from_str(&text).map_err(|error| {
            Error::new(ErrorKind::Bug, "bug/rows", "a converted cursor value cannot be read back")
                .source_error(error)
        })
    }
}

impl ResponseHook for Hook {
    fn call(&self, answer: &mut HookedAnswer) -> Result<HookVerdict> {
        let mut machine = Machine::new(&self.program);
        let response = std::rc::Rc::new(Response::new(answer));
        let outcome = machine.call_entry(self.function, vec![Value::Response(std::rc::Rc::clone(&response))]);
        match outcome {
            Ok(_) => {}
            Err(Fault::Raised(exception)) if exception.class.name() == "IgnoreResponseException" => {
                return Ok(HookVerdict::Ignore);
            }
            Err(fault) => return Err(explain(fault, &self.program)),
        }
        response.write_back(answer).map_err(|fault| explain(fault, &self.program))?;
        Ok(HookVerdict::Continue)
    }
}

impl Program {
    pub(crate) fn entry_name(&self, entry: usize) -> &str {
        &self.entries[entry].name
    }

    /// Returns the arguments of a step's function: dlt gives one with more parameters the metadata too, which is None.
    fn arguments(&self, entry: usize, value: Value) -> Vec<Value> {
        let global = &self.globals[self.entries[entry].global];
        let with_meta = matches!(
            &global.value,
            super::code::GlobalValue::Function { code, .. } if self.codes[*code].parameters.len() != 1
        );
        if with_meta { vec![value, Value::None] } else { vec![value] }
    }
}

/// Makes the error of a fault.
pub(super) fn explain(fault: Fault, program: &Program) -> Error {
    let (error, place, function) = match fault {
        Fault::Raised(exception) => {
            let mut message = exception.class.name().to_owned();
            if !exception.arguments.is_empty() {
                let text = super::format::display(&Value::Exception(std::rc::Rc::clone(&exception)));
                message.push_str(": ");
                message.extend(text.unwrap_or_default().chars().take(200));
            }
            let hint = match exception.class.name() {
                "KeyError" => "A row may lack this key: use `.get(...)`, or filter such rows out first.",
                "TypeError" | "AttributeError" => {
                    "A value may be None or of another type in this row; check for it first."
                }
                "IndexError" => "A list may be empty in this row; check for it first.",
                "ValueError" | "JSONDecodeError" => {
                    "A value may have another form in this row; check for it, or catch the exception."
                }
                "RecursionError" => "Check for a function that calls itself without end.",
                _ => "Look at the function and at the data of this page.",
            };
            let error = Error::new(
                ErrorKind::Data,
                "script/exception",
                format!("a function of the script raised {message}"),
            );
            (error.hint(hint), exception.place.get(), exception.function.borrow().clone())
        }
        Fault::Stopped(stop) => {
            let kind = match stop.code {
                "script/steps" | "script/memory" => ErrorKind::Limit,
                "script/unsupported" | "script/outlives-row" => ErrorKind::Config,
                _ => ErrorKind::Data,
            };
            (Error::new(kind, stop.code, stop.message).hint(stop.hint), stop.place, stop.function)
        }
    };
    let error = match function {
        Some(function) => error.with("function", function),
        None => error,
    };
    match place {
        Some((start, _)) => {
            let (line, column) = program.file.line_column(start as usize);
            error.with("at", format!("{}:{line}:{column}", program.file.name))
        }
        None => error,
    }
}
