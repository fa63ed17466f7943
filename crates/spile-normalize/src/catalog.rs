//! The schema as it grows, and what of that growth has not been handed out yet.
//!
//! Not here: the values. Invariant: a name that the schema has keeps its type; the changes that are taken, applied to the
//! schema of before, give the schema of now.

use rustc_hash::FxHashSet;
use serde_json::{Map, Value, json};
use spile_core::{
    ColumnSchema, DataType, Error, ErrorKind, Limits, MergeStrategy, Naming, Result, Schema, SchemaChange,
    TableSchema, WriteDisposition,
};

use crate::ids::RootIdKind;

/// Why a column comes to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A key of the data.
    Data,
    /// A value that did not fit the column of its key.
    Variant,
    /// The normaliser, with this hint besides NOT NULL.
    System(Option<&'static str>),
}

/// The schema with its pending changes.
pub(crate) struct Catalog {
    schema: Schema,
    columns_max: usize,
    tables_max: usize,
    /// Tables to hand out whole.
    changed_tables: Vec<String>,
    /// Columns to hand out, unless their table is.
    changed_columns: Vec<(String, String)>,
    /// Tables that had data before this run: what is added to them must be nullable.
    filled_before: FxHashSet<String>,
}

impl Catalog {
    /// Starts from a stored or an empty schema.
    pub(crate) fn new(schema: Schema, limits: &Limits) -> Self {
        let filled_before = schema
            .tables
            .values()
            .filter(|table| table.has_seen_data())
            .map(|table| table.name.clone())
            .collect();
        Self {
            schema,
            columns_max: limits.columns_max,
            tables_max: limits.tables_max,
            changed_tables: Vec::new(),
            changed_columns: Vec::new(),
            filled_before,
        }
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns whether a table had data before this run.
    pub(crate) fn is_filled_before(&self, table: &str) -> bool {
        self.filled_before.contains(table)
    }

    /// Returns whether a table has a column whose type is known.
    pub(crate) fn has_typed_column(&self, table: &str) -> bool {
        let table = self.schema.tables.get(table);
        table.is_some_and(|table| table.columns.values().any(|column| column.data_type.is_some()))
    }

    /// Applies changes that an earlier process handed out; they are not handed out again.
    pub(crate) fn apply(&mut self, changes: &[SchemaChange]) {
        for change in changes {
            self.schema.apply(change);
        }
    }

    /// Returns the name under which the destination has a table of this name.
    pub(crate) fn spelled(&self, naming: Naming, name: String) -> String {
        let known = naming.folds().then(|| self.schema.tables.keys().map(String::as_str));
        known.and_then(|known| naming.spelling(&name, known)).map(str::to_owned).unwrap_or(name)
    }

    /// Returns the table, making it if need be.
    pub(crate) fn table(&mut self, name: &str, parent: Option<&str>) -> Result<&mut TableSchema> {
        if !self.schema.tables.contains_key(name) {
            if self.schema.tables.len() >= self.tables_max {
                return Err(Error::new(
                    ErrorKind::Limit,
                    "limit/tables",
                    format!("the data needs more than {} tables", self.tables_max),
                )
                .with("table", name)
                .hint("Set max_table_nesting on the resource to keep deep lists as JSON."));
            }
            let mut table = TableSchema::new(name);
            table.parent = parent.map(str::to_owned);
            self.schema.tables.insert(name.to_owned(), table);
        }
        self.announce_table(name);
        Ok(&mut self.schema.tables[name])
    }

    /// Hands the table out whole with the next changes.
    pub(crate) fn announce_table(&mut self, name: &str) {
        if !self.changed_tables.iter().any(|changed| changed == name) {
            self.changed_tables.push(name.to_owned());
        }
    }

    /// Notes that the table has rows, as dlt marks it.
    pub(crate) fn mark_seen_data(&mut self, name: &str) {
        let Some(table) = self.schema.tables.get_mut(name) else { return };
        if table.has_seen_data() {
            return;
        }
        let marks = table.properties.entry("x-normalizer".to_owned()).or_insert_with(|| json!({}));
        if !marks.is_object() {
            *marks = json!({});
        }
        marks["seen-data"] = Value::Bool(true);
        self.announce_table(name);
    }

    /// Gives a column its type: a new one, or one that was declared without a type.
    ///
    /// A column that has a type already is returned as it is.
    pub(crate) fn type_column(
        &mut self,
        table: &str,
        name: &str,
        data_type: DataType,
        origin: Origin,
    ) -> Result<&ColumnSchema> {
        let is_late = self.filled_before.contains(table);
        let columns_max = self.columns_max;
        let Some(schema) = self.schema.tables.get_mut(table) else {
            return Err(Error::new(ErrorKind::Bug, "bug/schema", "a column was added to an unknown table")
                .with("table", table));
        };
        let declared = match schema.columns.get(name) {
            Some(column) if column.data_type.is_some() => return Ok(&schema.columns[name]),
            Some(_) => schema.columns.shift_remove(name),
            None if schema.columns.len() >= columns_max => {
                return Err(Error::new(
                    ErrorKind::Limit,
                    "limit/columns",
                    format!("a table needs more than {columns_max} columns"),
                )
                .with("table", table)
                .hint("Set max_table_nesting on the resource, or declare a column of type json, to keep objects whose keys are data in one column."));
            }
            None => None,
        };
        // dlt moves a column that was declared without a type to where the data has it first.
        let mut column = declared.unwrap_or_else(|| new_column(name, data_type, origin, is_late));
        column.data_type = Some(data_type);
        schema.columns.insert(name.to_owned(), column);
        self.changed_columns.push((table.to_owned(), name.to_owned()));
        Ok(&schema.columns[name])
    }

    /// Takes the changes since they were taken last, tables first.
    pub(crate) fn take_changes(&mut self) -> Vec<SchemaChange> {
        let tables = std::mem::take(&mut self.changed_tables);
        let mut changes: Vec<SchemaChange> = tables
            .iter()
            .filter_map(|name| self.schema.tables.get(name).cloned().map(SchemaChange::Table))
            .collect();
        for (table, name) in std::mem::take(&mut self.changed_columns) {
            if tables.contains(&table) {
                continue;
            }
            if let Some(column) = self.schema.tables.get(&table).and_then(|schema| schema.columns.get(&name))
            {
                changes.push(SchemaChange::Column { table, column: column.clone() });
            }
        }
        changes
    }

    /// Returns whether children of this root table carry `_dlt_root_id`.
    pub(crate) fn propagates_root_id(&self, root: &str) -> bool {
        let is_merge = self.schema.tables.get(root).is_some_and(|table| {
            table.properties.get("write_disposition") == Some(&Value::from("merge"))
                && MergeStrategy::of_table(table).is_ok_and(MergeStrategy::needs_root_key)
        });
        is_merge
            || self.schema.chain(root).iter().skip(1).any(|table| !table.columns_with("root_key").is_empty())
    }

    /// Returns how rows of this root table get their ids.
    pub(crate) fn root_id_kind(&self, root: &str) -> RootIdKind {
        let is_merge = |table: &&TableSchema| {
            table.properties.get("write_disposition") == Some(&Value::from(WriteDisposition::Merge.as_str()))
        };
        let Some(table) = self.schema.tables.get(root).filter(is_merge) else { return RootIdKind::Random };
        match MergeStrategy::of_table(table) {
            Ok(strategy) if strategy.is_keyed() => RootIdKind::KeyHash,
            // A row version of the user's own leaves the row ids alone.
            Ok(MergeStrategy::Scd2) if table.columns_with("x-row-version").first() == Some(&"_dlt_id") => {
                RootIdKind::RowHash
            }
            _ => RootIdKind::Random,
        }
    }

    /// Records in dlt's normaliser settings that the root id is copied into the children.
    pub(crate) fn record_propagation(&mut self, root: &str) {
        let mut settings =
            self.schema.rest.get("normalizers").cloned().unwrap_or_else(|| json!({"names": "snake_case"}));
        let mut place = &mut settings;
        for name in ["json", "config", "propagation", "tables", root] {
            place = member(place, name);
        }
        *place = json!({"_dlt_id": "_dlt_root_id"});
        member(&mut settings, "json").as_object_mut().map(|json| {
            json.entry("module").or_insert_with(|| "dlt.common.normalizers.json.relational".into())
        });
        self.schema.rest.insert("normalizers".to_owned(), settings);
    }
}

/// Returns a member of an object, making both if need be.
fn member<'a>(value: &'a mut Value, name: &str) -> &'a mut Value {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    &mut value[name]
}

fn new_column(name: &str, data_type: DataType, origin: Origin, is_late: bool) -> ColumnSchema {
    let mut column = ColumnSchema::new(name, data_type);
    match origin {
        Origin::Data => {}
        Origin::Variant => {
            column = column.hint("variant");
            let description = format!("Variant of column {name} generated by dlt");
            column.hints.insert("description".to_owned(), description.into());
        }
        Origin::System(hint) => {
            // A NOT NULL column cannot be added to rows that are there; dlt fails at that.
            column.nullable = is_late;
            if let Some(hint) = hint {
                if hint == "row_key" {
                    column = column.hint("unique");
                }
                column = column.hint(hint);
            }
        }
    }
    column
}
