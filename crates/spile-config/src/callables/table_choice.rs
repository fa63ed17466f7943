//! `table_name` as a function: a table for each row.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use spile_core::{Json, Result, TableChoice};

use super::code::Program;
use super::fault::{Outcome, stop};
use super::machine::Machine;
use super::run::explain;
use super::value::Value;

/// A function that names the table of a row.
pub(crate) struct Choice {
    pub(crate) program: Arc<Program>,
    pub(crate) function: usize,
}

impl fmt::Debug for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Choice({})", self.function)
    }
}

impl TableChoice for Choice {
    fn tables(&self, rows: &[Json<'_>]) -> Result<Vec<Arc<str>>> {
        let mut machine = Machine::new(&self.program);
        // Rows are many and tables few.
        let mut known: HashMap<Arc<str>, Arc<str>> = HashMap::new();
        let mut tables = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            machine.refill();
            let name = self.name(&mut machine, *row);
            machine.forget();
            let name = name.map_err(|fault| explain(fault, &self.program).with("row", index + 1))?;
            tables.push(Arc::clone(known.entry(Arc::clone(&name)).or_insert(name)));
        }
        Ok(tables)
    }

    fn describe(&self) -> String {
        format!("named by `{}`", self.program.entry_name(self.function))
    }
}

impl Choice {
    fn name(&self, machine: &mut Machine<'_>, row: Json<'_>) -> Outcome<Arc<str>> {
        let row = machine.value_of(row)?;
        let given = machine.call_entry(self.function, vec![row])?;
        let what = match &given {
            Value::Text(text) if !text.trim_matches(['_', ' ', '\t', '\n']).is_empty() => {
                return Ok(Arc::from(&**text));
            }
            Value::Text(text) => format!("the text {:?}", &**text),
            other => format!("a value of the type {}", other.type_name()),
        };
        stop(
            "script/table-name",
            format!("the function gave {what} where the name of a table is needed"),
            "Give a text for every row, for example `row.get(\"kind\") or \"other\"`.",
        )
    }
}
