//! Schema contracts: what data that would change the schema may do, as dlt decides it.
//!
//! Rows and values that a contract drops are counted by table, column and cause, and reported; dlt drops them in silence.
//! Not here: which contract a resource has (`schema_hints`). Invariant: under `evolve`, the default, nothing here is
//! asked for values that fit.

use indexmap::IndexMap;
use serde_json::{Value, json};
use spile_core::{ContractMode, DataType, Error, ErrorKind, Result, SchemaContract, TableSchema};

use crate::remarks::DroppedCount;
use crate::table::Table;

/// What of the schema a row or value would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Entity {
    /// A new table.
    Tables,
    /// A new column.
    Columns,
    /// A variant column.
    DataType,
}

impl Entity {
    fn as_str(self) -> &'static str {
        match self {
            Self::Tables => "tables",
            Self::Columns => "columns",
            Self::DataType => "data_type",
        }
    }

    fn mode(self, contract: SchemaContract) -> ContractMode {
        match self {
            Self::Tables => contract.tables,
            Self::Columns => contract.columns,
            Self::DataType => contract.data_type,
        }
    }
}

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is stored.
    Kept,
    /// It is dropped, its row is not.
    ValueDropped,
    /// Its row is dropped.
    RowDropped,
}

/// The contract of a table in this run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TableContract {
    /// The modes.
    pub(crate) modes: SchemaContract,
    /// Whether new columns are let in whatever the mode: the table has had no data before this run.
    pub(crate) columns_evolve: bool,
}

impl TableContract {
    /// Returns whether the data may change the schema as it likes.
    pub(crate) fn is_open(self) -> bool {
        self.modes == SchemaContract::default()
    }
}

/// What contracts dropped, counted.
#[derive(Default)]
pub(crate) struct Dropped(IndexMap<(String, String, Entity, bool), u64>);

impl Dropped {
    /// Decides about a change of the schema, and counts what is dropped. `column` is empty for tables.
    #[cold]
    pub(crate) fn admit(
        &mut self,
        table: &Table,
        entity: Entity,
        column: &str,
        value_type: Option<DataType>,
    ) -> Result<Admission> {
        let mode = match entity {
            Entity::Columns if table.contract.columns_evolve => ContractMode::Evolve,
            _ => entity.mode(table.contract.modes),
        };
        let admission = match (mode, entity) {
            (ContractMode::Evolve, _) => return Ok(Admission::Kept),
            (ContractMode::Freeze, _) => return Err(frozen(&table.name, entity, column, value_type)),
            (ContractMode::DiscardRow, _) | (ContractMode::DiscardValue, Entity::Tables) => {
                Admission::RowDropped
            }
            (ContractMode::DiscardValue, Entity::Columns | Entity::DataType) => Admission::ValueDropped,
        };
        let is_row = admission == Admission::RowDropped;
        *self.0.entry((table.name.clone(), column.to_owned(), entity, is_row)).or_default() += 1;
        Ok(admission)
    }

    /// Takes the counts.
    pub(crate) fn take(&mut self) -> Vec<DroppedCount> {
        let counts = std::mem::take(&mut self.0).into_iter();
        let entry = |((table, column, entity, rows), count): ((String, String, Entity, bool), u64)| {
            DroppedCount { table, column, entity: entity.as_str().to_owned(), rows, count }
        };
        counts.map(entry).collect()
    }
}

fn frozen(table: &str, entity: Entity, column: &str, value_type: Option<DataType>) -> Error {
    let message = match entity {
        Entity::Tables => "the data needs a new table, and the schema contract freezes tables",
        Entity::Columns => "the data has a new column, and the schema contract freezes columns",
        Entity::DataType => {
            "a value does not fit the type of its column, and the schema contract freezes data types"
        }
    };
    let error = Error::new(ErrorKind::Data, "data/contract", message).with("table", table);
    let error = if column.is_empty() { error } else { error.with("column", column) };
    let error = match value_type {
        Some(value_type) => error.with("value_type", value_type.as_str()),
        None => error,
    };
    error.hint(
        "Set schema_contract of the resource to evolve, discard_row or discard_value, or declare the column.",
    )
}

/// Keeps the contract of a resource in its table, as dlt does, and returns the one that holds: a run that gives none has
/// the one from before.
pub(crate) fn of_table(table: &mut TableSchema, given: Option<SchemaContract>) -> SchemaContract {
    const KEY: &str = "schema_contract";
    if let Some(given) = given {
        table.properties.insert(KEY.to_owned(), json!(given));
        return given;
    }
    table.properties.get(KEY).map(stored).unwrap_or_default()
}

/// Reads a stored contract: one mode for all, or one for some of three.
fn stored(value: &Value) -> SchemaContract {
    let mode = |value: &Value| serde_json::from_value::<ContractMode>(value.clone()).unwrap_or_default();
    match value {
        Value::Object(modes) => {
            let of = |name: &str| modes.get(name).map(mode).unwrap_or_default();
            SchemaContract { tables: of("tables"), columns: of("columns"), data_type: of("data_type") }
        }
        other => SchemaContract::all(mode(other)),
    }
}
