//! Tables, columns and types in dlt's terms.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// dlt's data types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataType {
    /// `text`: UTF-8.
    Text,
    /// `double`: 64-bit float.
    Double,
    /// `bool`.
    Bool,
    /// `timestamp`: microseconds, UTC.
    Timestamp,
    /// `bigint`: 64 bits, signed.
    Bigint,
    /// `binary`.
    Binary,
    /// `json`: kept as JSON text.
    Json,
    /// `decimal`: 38 digits, 9 of them after the point.
    Decimal,
    /// `date`.
    Date,
    /// `time`.
    Time,
}

impl DataType {
    /// All types.
    pub const ALL: [Self; 10] = [
        Self::Text,
        Self::Double,
        Self::Bool,
        Self::Timestamp,
        Self::Bigint,
        Self::Binary,
        Self::Json,
        Self::Decimal,
        Self::Date,
        Self::Time,
    ];

    /// Returns dlt's name of the type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Double => "double",
            Self::Bool => "bool",
            Self::Timestamp => "timestamp",
            Self::Bigint => "bigint",
            Self::Binary => "binary",
            Self::Json => "json",
            Self::Decimal => "decimal",
            Self::Date => "date",
            Self::Time => "time",
        }
    }

    /// Finds a type by dlt's name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|data_type| data_type.as_str() == name)
    }
}

/// What happens to data that would change the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContractMode {
    /// The schema grows.
    #[default]
    Evolve,
    /// The run fails.
    Freeze,
    /// The row is dropped, with the rows nested in it.
    DiscardRow,
    /// The value is dropped.
    DiscardValue,
}

impl ContractMode {
    /// All modes with dlt's words.
    pub const ALL: [(&str, Self); 4] = [
        ("evolve", Self::Evolve),
        ("freeze", Self::Freeze),
        ("discard_row", Self::DiscardRow),
        ("discard_value", Self::DiscardValue),
    ];

    /// Returns dlt's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Evolve => "evolve",
            Self::Freeze => "freeze",
            Self::DiscardRow => "discard_row",
            Self::DiscardValue => "discard_value",
        }
    }
}

/// dlt's schema contract: what new tables, new columns and values of another type may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SchemaContract {
    /// A table that has had no data yet.
    pub tables: ContractMode,
    /// A new column of a table that has had data.
    pub columns: ContractMode,
    /// A value that does not fit the type of its column.
    pub data_type: ContractMode,
}

impl SchemaContract {
    /// Makes the contract that has one mode for all three.
    pub fn all(mode: ContractMode) -> Self {
        Self { tables: mode, columns: mode, data_type: mode }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnSchema {
    /// Normalised name.
    pub name: String,
    /// Type; `None` for a hinted column that no data has reached yet.
    pub data_type: Option<DataType>,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// dlt's hints that are true or set (`primary_key`, `row_key`, `variant`, `incremental`, `precision`,
    /// `description`, ...), in dlt's stored form and order, `name`, `data_type` and `nullable` left out.
    pub hints: IndexMap<String, Value>,
}

impl ColumnSchema {
    /// Makes a nullable column without hints.
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Self { name: name.into(), data_type: Some(data_type), nullable: true, hints: IndexMap::new() }
    }

    /// Makes the column NOT NULL.
    pub fn not_null(mut self) -> Self {
        self.nullable = false;
        self
    }

    /// Adds a hint that is true.
    pub fn hint(mut self, name: &str) -> Self {
        self.hints.insert(name.to_owned(), Value::Bool(true));
        self
    }

    /// Returns whether a boolean hint is set.
    pub fn has_hint(&self, name: &str) -> bool {
        self.hints.get(name) == Some(&Value::Bool(true))
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableSchema {
    /// Normalised name.
    pub name: String,
    /// Parent table for a nested one.
    pub parent: Option<String>,
    /// Columns in order of creation.
    pub columns: IndexMap<String, ColumnSchema>,
    /// dlt's other table properties in stored form and order (`write_disposition`, `resource`, `description`,
    /// `x-normalizer`, ...), `name`, `columns` and `parent` left out.
    pub properties: IndexMap<String, Value>,
}

impl TableSchema {
    /// Makes an empty table.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), parent: None, columns: IndexMap::new(), properties: IndexMap::new() }
    }

    /// Adds or replaces a column.
    pub fn add(&mut self, column: ColumnSchema) {
        self.columns.insert(column.name.clone(), column);
    }

    /// Adds a column, or gives one without a type its type; a column that has a type stays as it is.
    fn grow(&mut self, column: &ColumnSchema) {
        match self.columns.get(&column.name) {
            Some(existing) if existing.data_type.is_some() || column.data_type.is_none() => {}
            _ => {
                self.columns.shift_remove(&column.name);
                self.add(column.clone());
            }
        }
    }

    /// Returns whether rows came for the table, as dlt marks it.
    pub fn has_seen_data(&self) -> bool {
        self.properties.get("x-normalizer").and_then(|marks| marks.get("seen-data"))
            == Some(&Value::Bool(true))
    }

    /// Returns the names of the columns with a boolean hint.
    pub fn columns_with(&self, hint: &str) -> Vec<&str> {
        self.columns
            .values()
            .filter(|column| column.has_hint(hint))
            .map(|column| column.name.as_str())
            .collect()
    }
}

/// A dataset's schema under one schema name.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// dlt's schema name, `rest_api` by default.
    pub name: String,
    /// dlt's running version; 0 before anything was stored.
    pub version: u64,
    /// Hash of the stored form; empty before anything was stored.
    pub version_hash: String,
    /// Earlier hashes, newest first, at most ten.
    pub previous_hashes: Vec<String>,
    /// Tables by normalised name.
    pub tables: IndexMap<String, TableSchema>,
    /// Stored keys that Spile does not interpret (`settings`, `normalizers`, `description`, ...), kept as they were.
    pub rest: IndexMap<String, Value>,
}

impl Schema {
    /// Makes an empty schema.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: 0,
            version_hash: String::new(),
            previous_hashes: Vec::new(),
            tables: IndexMap::new(),
            rest: IndexMap::new(),
        }
    }

    /// Returns a table and all its descendants, parents first.
    pub fn chain<'a>(&'a self, root: &'a str) -> Vec<&'a TableSchema> {
        let mut names = vec![root];
        let mut index = 0;
        while index < names.len() {
            let parent = names[index];
            names.extend(
                self.tables
                    .values()
                    .filter(|table| table.parent.as_deref() == Some(parent))
                    .map(|table| table.name.as_str()),
            );
            index += 1;
        }
        names.into_iter().filter_map(|name| self.tables.get(name)).collect()
    }

    /// Applies a change; applying it twice is a no-op.
    ///
    /// A table that is there already gets the columns that it lacks and the properties of the change. A column that
    /// had no type moves to the end when it gets one, as in dlt.
    pub fn apply(&mut self, change: &crate::batch::SchemaChange) {
        match change {
            crate::batch::SchemaChange::Table(table) => match self.tables.get_mut(&table.name) {
                Some(existing) => {
                    for column in table.columns.values() {
                        existing.grow(column);
                    }
                    existing.properties.extend(table.properties.clone());
                }
                None => {
                    self.tables.insert(table.name.clone(), table.clone());
                }
            },
            crate::batch::SchemaChange::Column { table, column } => {
                if let Some(table) = self.tables.get_mut(table) {
                    table.grow(column);
                }
            }
        }
    }
}
