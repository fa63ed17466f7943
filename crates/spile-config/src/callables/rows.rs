//! Rows that a script makes itself: what a function yields, or data that is written down.
//!
//! As in dlt what is yielded stands for itself: a list is a page of rows, None is nothing, anything else is one row. Single
//! rows in a row share a page, since a page is what the ledger keeps. The function runs to its end before the first page
//! leaves, within the budget that a function has for one row of an API.

use std::fmt;
use std::sync::Arc;

use spile_core::{Result, RowSource};

use super::code::Program;
use super::fault::Outcome;
use super::machine::Machine;
use super::run::explain;
use super::value::Value;
use super::write_row;

/// Single rows that share a page.
const ROWS_A_PAGE: usize = 1_000;

/// A function whose rows are those of a resource.
pub(crate) struct Rows {
    pub(crate) program: Arc<Program>,
    pub(crate) function: usize,
}

/// Rows that are written down.
#[derive(Debug)]
pub(crate) struct WrittenRows {
    /// JSON lists, a page each.
    pub(crate) pages: Vec<String>,
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rows({})", self.function)
    }
}

impl RowSource for Rows {
    fn pages(&self, run_start_microseconds: i64) -> Result<Vec<String>> {
        let mut machine = Machine::at(&self.program, run_start_microseconds);
        machine.refill();
        let mut writer = Writer::default();
        self.write(&mut machine, &mut writer).map_err(|fault| explain(fault, &self.program))?;
        writer.end_page();
        Ok(writer.pages)
    }

    fn describe(&self) -> String {
        format!("made by `{}` of the script", self.program.entry_name(self.function))
    }
}

impl Rows {
    fn write(&self, machine: &mut Machine<'_>, writer: &mut Writer) -> Outcome<()> {
        let made = machine.call_entry(self.function, Vec::new())?;
        let mut walk = machine.walk(&made)?;
        while let Some(item) = machine.next(&mut walk)? {
            machine.step()?;
            writer.item(machine, &item)?;
        }
        Ok(())
    }
}

impl RowSource for WrittenRows {
    fn pages(&self, _run_start_microseconds: i64) -> Result<Vec<String>> {
        Ok(self.pages.clone())
    }

    fn describe(&self) -> String {
        "written in the config".to_owned()
    }
}

/// Puts rows into pages.
#[derive(Default)]
struct Writer {
    pages: Vec<String>,
    /// The page of single rows that is being filled, without its closing bracket.
    open: String,
    rows: usize,
}

impl Writer {
    /// Takes what was yielded.
    fn item(&mut self, machine: &mut Machine<'_>, item: &Value) -> Outcome<()> {
        match item {
            Value::None => Ok(()),
            Value::List(list) => {
                self.end_page();
                for row in list.items.borrow().iter() {
                    self.row(machine, row)?;
                }
                self.end_page();
                Ok(())
            }
            // A generator that is yielded is walked over, as in dlt.
            Value::Iterator(_) => {
                let mut walk = machine.walk(item)?;
                while let Some(inner) = machine.next(&mut walk)? {
                    machine.step()?;
                    self.item(machine, &inner)?;
                }
                Ok(())
            }
            row => {
                self.row(machine, row)?;
                if self.rows >= ROWS_A_PAGE {
                    self.end_page();
                }
                Ok(())
            }
        }
    }

    fn row(&mut self, machine: &mut Machine<'_>, row: &Value) -> Outcome<()> {
        let before = self.open.len();
        self.open.push(if self.rows == 0 { '[' } else { ',' });
        write_row::write(row, &mut self.open)?;
        self.rows += 1;
        machine.take(self.open.len() - before)
    }

    fn end_page(&mut self) {
        if self.rows > 0 {
            let mut page = std::mem::take(&mut self.open);
            page.push(']');
            self.pages.push(page);
            self.rows = 0;
        }
    }
}
