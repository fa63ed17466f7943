//! A table under way: its columns and the rows since the last flush.
//!
//! Not here: which keys lead to its columns, and the schema. Invariant: names of columns are unique, and every column of
//! the stored schema is here from the start.

use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType as ArrowType, Field, Schema as ArrowSchema};
use rustc_hash::FxHashMap;
use spile_core::{Batch, DataType, Error, ErrorKind, Naming, ROOT_LINK, Result, TableSchema};

use crate::catalog::{Catalog, Origin};
use crate::columns::{Column, Role};
use crate::contract::TableContract;

/// Builders of one table.
pub(crate) struct Table {
    /// Normalised, shortened name.
    pub(crate) name: String,
    /// Normalised path, not shortened: what names of nested tables build on.
    pub(crate) path: String,
    /// The columns.
    pub(crate) columns: Vec<Column>,
    /// Rows since the last flush; the row under way is not counted.
    pub(crate) rows: usize,
    parent: Option<String>,
    is_announced: bool,
    /// What data that would change the schema may do.
    pub(crate) contract: TableContract,
    /// Columns that no row may lack.
    pub(crate) required: Vec<usize>,
    /// Columns of the primary key, by name.
    pub(crate) key: Vec<usize>,
    /// The number of the record that each row comes from, where row keys do not tell; see [`ROOT_LINK`].
    links: Vec<i64>,
    naming: Naming,
    /// As in `Capabilities`.
    pub(crate) integer_bits: &'static [u8],
    /// Columns by what the destination tells their names apart by.
    by_name: FxHashMap<String, usize>,
    system: System,
}

/// The columns that dlt adds.
struct System {
    row_id: usize,
    kind: Kind,
    /// Whether they are in the schema; they come after the columns of the first row.
    is_known: bool,
}

enum Kind {
    Root { load_id: usize },
    Nested { root_id: Option<usize>, parent_id: usize, list_index: usize },
}

/// What the system columns of a row hold.
pub(crate) struct SystemValues<'a> {
    /// The row's number.
    pub(crate) row: usize,
    /// Its id.
    pub(crate) row_id: &'a [u8],
    /// The load, for root rows.
    pub(crate) load_id: &'a str,
    /// Where a nested row hangs.
    pub(crate) parent: Option<ParentValues<'a>>,
}

/// Where a nested row hangs.
pub(crate) struct ParentValues<'a> {
    /// Id of the parent row.
    pub(crate) id: &'a [u8],
    /// Id of the root row, where it is stored with every row.
    pub(crate) root_id: Option<&'a [u8]>,
    /// Place in the list.
    pub(crate) index: u32,
}

impl Table {
    /// Makes the builders of a root table.
    pub(crate) fn root(schema: &TableSchema, naming: Naming, integer_bits: &'static [u8]) -> Self {
        let mut table = Self::new(schema, schema.name.clone(), naming, integer_bits);
        let load_id = table.system_column("_dlt_load_id", Role::System);
        table.system.kind = Kind::Root { load_id };
        table.load(schema);
        table
    }

    /// Makes the builders of a nested table. It enters the schema with its first row, as in dlt.
    pub(crate) fn nested(
        schema: &TableSchema,
        path: String,
        has_root_id: bool,
        naming: Naming,
        integer_bits: &'static [u8],
    ) -> Self {
        let mut table = Self::new(schema, path, naming, integer_bits);
        let root_id = has_root_id.then(|| table.system_column("_dlt_root_id", Role::System));
        let parent_id = table.system_column("_dlt_parent_id", Role::System);
        let list_index = table.system_column("_dlt_list_idx", Role::System);
        table.system.kind = Kind::Nested { root_id, parent_id, list_index };
        table.load(schema);
        table
    }

    fn new(schema: &TableSchema, path: String, naming: Naming, integer_bits: &'static [u8]) -> Self {
        let mut table = Self {
            name: schema.name.clone(),
            path,
            parent: schema.parent.clone(),
            is_announced: false,
            columns: Vec::new(),
            rows: 0,
            contract: TableContract::default(),
            required: Vec::new(),
            key: Vec::new(),
            links: Vec::new(),
            naming,
            integer_bits,
            by_name: FxHashMap::default(),
            system: System { row_id: 0, kind: Kind::Root { load_id: 0 }, is_known: false },
        };
        table.system.row_id = table.system_column("_dlt_id", Role::RowId);
        table
    }

    fn system_column(&mut self, name: &str, role: Role) -> usize {
        self.insert(Column::untyped(name.to_owned(), role))
    }

    fn insert(&mut self, column: Column) -> usize {
        let index = self.columns.len();
        self.by_name.insert(self.naming.folded(&column.name).into_owned(), index);
        self.columns.push(column);
        index
    }

    /// Takes over the columns that the schema has. Calling it again takes over what was declared since.
    pub(crate) fn load(&mut self, schema: &TableSchema) {
        for column in schema.columns.values() {
            let index = self.column(&column.name);
            if let Some(data_type) = column.data_type {
                self.columns[index].set_type(data_type, column, self.integer_bits);
            }
            let is_required = !column.nullable && self.columns[index].role == Role::Data;
            if is_required && !self.required.contains(&index) {
                self.required.push(index);
            }
            if column.has_hint("primary_key") && !self.key.contains(&index) {
                self.key.push(index);
            }
        }
        let columns = &self.columns;
        self.key.sort_unstable_by(|one, other| columns[*one].name.cmp(&columns[*other].name));
    }

    /// Returns the column of that name, making one without a type if need be.
    pub(crate) fn column(&mut self, name: &str) -> usize {
        match self.by_name.get(&*self.naming.folded(name)) {
            Some(index) => *index,
            None => self.insert(Column::untyped(name.to_owned(), Role::Data)),
        }
    }

    /// Writes the system columns of a row; rows come in order.
    pub(crate) fn write_system(&mut self, values: &SystemValues<'_>) -> Result<()> {
        let row = values.row;
        let columns = &mut self.columns;
        let is_written = columns[self.system.row_id].write_text(row, values.row_id)
            && match (&self.system.kind, &values.parent) {
                (Kind::Root { load_id }, None) => {
                    columns[*load_id].write_text(row, values.load_id.as_bytes())
                }
                (Kind::Nested { root_id, parent_id, list_index }, Some(parent)) => {
                    let has_root = match (root_id, &parent.root_id) {
                        (Some(column), Some(id)) => columns[*column].write_text(row, id),
                        (column, _) => column.is_none(),
                    };
                    has_root
                        && columns[*parent_id].write_text(row, parent.id)
                        && columns[*list_index].write_int(row, i64::from(parent.index))
                }
                (Kind::Root { .. }, Some(_)) | (Kind::Nested { .. }, None) => false,
            };
        if is_written {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Bug,
            "bug/system-columns",
            "a row could not be linked to its parent or load",
        )
        .with("table", &self.name))
    }

    /// Returns whether no row has come yet and the schema knows no column of the table.
    pub(crate) fn is_new(&self, catalog: &Catalog) -> bool {
        !self.is_announced && !catalog.has_typed_column(&self.name)
    }

    /// Drops the row under way, of which these columns were written.
    pub(crate) fn take_back(&mut self, columns: impl Iterator<Item = usize>) {
        let row = self.rows;
        for column in columns {
            self.columns[column].take_back(row);
        }
    }

    /// Brings the table into the schema before the columns of its first row.
    #[inline]
    pub(crate) fn announce(&mut self, catalog: &mut Catalog) -> Result<()> {
        if !self.is_announced {
            catalog.table(&self.name, self.parent.as_deref())?;
            self.is_announced = true;
        }
        Ok(())
    }

    /// Brings the system columns into the schema, after the columns of the first row.
    #[inline]
    pub(crate) fn begin(&mut self, catalog: &mut Catalog) -> Result<()> {
        if self.system.is_known { Ok(()) } else { self.add_system_columns(catalog) }
    }

    #[cold]
    fn add_system_columns(&mut self, catalog: &mut Catalog) -> Result<()> {
        let mut wanted: Vec<(usize, DataType, Option<&'static str>)> = Vec::with_capacity(4);
        match self.system.kind {
            Kind::Root { load_id } => wanted.push((load_id, DataType::Text, None)),
            Kind::Nested { root_id, parent_id, list_index } => {
                wanted.extend(root_id.map(|root_id| (root_id, DataType::Text, Some("root_key"))));
                wanted.push((parent_id, DataType::Text, Some("parent_key")));
                wanted.push((list_index, DataType::Bigint, None));
            }
        }
        wanted.push((self.system.row_id, DataType::Text, Some("row_key")));
        for (index, data_type, hint) in wanted {
            let column = &mut self.columns[index];
            let schema = catalog.type_column(&self.name, &column.name, data_type, Origin::System(hint))?;
            if schema.data_type != Some(data_type) {
                return Err(reserved_column(&self.name, &column.name));
            }
            column.set_type(data_type, schema, self.integer_bits);
        }
        catalog.mark_seen_data(&self.name);
        self.system.is_known = true;
        Ok(())
    }

    /// Notes which record the row that was completed last comes from.
    #[inline]
    pub(crate) fn link(&mut self, record: i64) {
        self.links.push(record);
    }

    /// Completes the row under way; the error names a required column that it lacks.
    #[inline]
    pub(crate) fn end_row(&mut self, catalog: &Catalog) -> Result<()> {
        for index in &self.required {
            if !self.columns[*index].is_set(self.rows) {
                let name = &self.columns[*index].name;
                let schema =
                    catalog.schema().tables.get(&self.name).and_then(|table| table.columns.get(name));
                let is_key = schema.is_some_and(|column| column.has_hint("primary_key"));
                return Err(missing_value(&self.name, name, is_key));
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Returns an estimate of the bytes held.
    pub(crate) fn buffered_bytes(&self) -> usize {
        let rows = self.rows;
        if rows == 0 { 0 } else { self.columns.iter().map(|column| column.buffered_bytes(rows)).sum() }
    }

    /// Takes the rows; `None` when there are none.
    pub(crate) fn finish(&mut self) -> Result<Option<Batch>> {
        let rows = std::mem::take(&mut self.rows);
        if rows == 0 {
            return Ok(None);
        }
        let mut fields = Vec::with_capacity(self.columns.len());
        let mut arrays = Vec::with_capacity(self.columns.len());
        for column in &mut self.columns {
            if let Some(array) = column.finish(rows)? {
                let arrow_type: ArrowType = array.data_type().clone();
                fields.push(Field::new(&column.name, arrow_type, true));
                arrays.push(array);
            }
        }
        let links = std::mem::take(&mut self.links);
        if !links.is_empty() {
            fields.push(Field::new(ROOT_LINK, ArrowType::Int64, true));
            arrays.push(Arc::new(Int64Array::from(links)));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let rows = RecordBatch::try_new_with_options(Arc::new(ArrowSchema::new(fields)), arrays, &options)
            .map_err(|error| {
                Error::new(ErrorKind::Bug, "bug/batch", "columns of one table differ in length")
                    .with("table", &self.name)
                    .source_error(error)
            })?;
        Ok(Some(Batch { table: self.name.clone(), rows }))
    }
}

fn reserved_column(table: &str, column: &str) -> Error {
    Error::new(ErrorKind::State, "state/reserved-column", "a column that dlt reserves has another type")
        .with("table", table)
        .with("column", column)
        .hint("Load into a dataset in which no other tool has made this table.")
}

/// Makes the error of a row that lacks a value it must have.
pub(crate) fn missing_value(table: &str, column: &str, is_key: bool) -> Error {
    let (code, message, hint) = if is_key {
        (
            "data/null-key",
            "a record has no usable value in its primary key",
            "Correct primary_key: each of its columns must have a value of the column's type in every record.",
        )
    } else {
        (
            "data/null-value",
            "a record has no usable value in a column that is not nullable",
            "Declare the column with nullable true, or correct its data_type.",
        )
    };
    Error::new(ErrorKind::Data, code, message).with("table", table).with("column", column).hint(hint)
}
