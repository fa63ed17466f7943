//! The normaliser of one run: tables under way, the schema as it grows, and the calls of the engine.
//!
//! Not here: how a record becomes rows (`walk`). Invariant: rows come out in the order in which they were pushed, and the
//! same pages in the same order give the same rows, ids included.

use indexmap::IndexMap;
use rustc_hash::FxHashMap;
use spile_core::{
    Batch, Error, ErrorKind, Limits, LoadPlan, Naming, Page, PageId, Result, Schema, SchemaChange,
    TableSchema,
};

use crate::catalog::Catalog;
use crate::contract::{Dropped, TableContract};
use crate::ids::{RootIdKind, RootIds};
use crate::lineage::Lineage;
use crate::nested_hints;
use crate::remarks::Remarks;
use crate::schema_hints::{self, Resource};
use crate::shape::Shape;
use crate::table::Table;
use crate::walk::{Place, Scratch};
use crate::warnings::Warnings;

/// Nesting that is never passed, whatever the limits say: the walk is recursive.
const NESTING_LIMIT: usize = 256;

/// Turns the pages of one run into rows.
///
/// Resources are declared by [`Normalizer::add_resource`], pages are pushed one after the other, and every now and then
/// [`Normalizer::flush`] takes the rows. After an error the normaliser is not used again.
pub struct Normalizer {
    pub(crate) catalog: Catalog,
    pub(crate) warnings: Warnings,
    pub(crate) tables: Vec<Table>,
    /// The shape of each table's own rows.
    pub(crate) row_shapes: Vec<usize>,
    /// The row that had a list for each table last; see `walk`.
    pub(crate) list_stamps: Vec<u64>,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) row_stamp: u64,
    pub(crate) object_stamp: u64,
    pub(crate) root_ids: RootIds,
    pub(crate) lineage: Lineage,
    pub(crate) hash_buffer: Vec<u8>,
    pub(crate) load_id: String,
    pub(crate) naming: Naming,
    integer_bits: &'static [u8],
    pub(crate) nesting_max: usize,
    pub(crate) columns_max: usize,
    /// Whether nested rows of the page under way carry the root's id.
    pub(crate) propagates_root_id: bool,
    /// How root rows of the page under way get their ids.
    pub(crate) root_id_kind: RootIdKind,
    /// The number of the record under way, where row keys do not tell records apart.
    pub(crate) record_number: i64,
    pub(crate) dropped: Dropped,
    resources: IndexMap<String, Resource>,
    /// Resources whose rows choose their tables.
    choosing: FxHashMap<String, Choosing>,
    table_by_name: FxHashMap<String, usize>,
}

/// A resource whose rows choose their tables.
struct Choosing {
    load: LoadPlan,
    cursor_field: Option<String>,
    /// The tables that were chosen, by their names as written.
    tables: FxHashMap<String, Resource>,
}

/// What was buffered.
#[derive(Debug)]
pub struct Flushed {
    /// Rows per table, tables in the order of their creation.
    pub batches: Vec<Batch>,
    /// How the schema grew since the last flush.
    pub changes: Vec<SchemaChange>,
    /// What is worth telling about the rows.
    pub remarks: Remarks,
}

impl Normalizer {
    /// Starts a run from a stored schema or an empty one.
    ///
    /// `naming` is that of the schema, with the bounds of the destination.
    pub fn new(schema: Schema, load_id: &str, naming: Naming, limits: &Limits) -> Self {
        Self {
            catalog: Catalog::new(schema, limits),
            warnings: Warnings::default(),
            tables: Vec::new(),
            row_shapes: Vec::new(),
            list_stamps: Vec::new(),
            shapes: Vec::new(),
            row_stamp: 0,
            object_stamp: 0,
            root_ids: RootIds::new(load_id, PageId([0; 16])),
            lineage: Lineage::default(),
            hash_buffer: Vec::new(),
            load_id: load_id.to_owned(),
            naming,
            integer_bits: &[],
            nesting_max: limits.nesting_max.min(NESTING_LIMIT),
            columns_max: limits.columns_max,
            propagates_root_id: false,
            root_id_kind: RootIdKind::Random,
            record_number: 0,
            dropped: Dropped::default(),
            resources: IndexMap::new(),
            choosing: FxHashMap::default(),
            table_by_name: FxHashMap::default(),
        }
    }

    /// Says which widths the destination has for whole numbers, as in `Capabilities`. It comes before the first resource.
    #[must_use]
    pub fn with_integer_bits(mut self, integer_bits: &'static [u8]) -> Self {
        self.integer_bits = integer_bits;
        self
    }

    /// Declares a resource before its pages: its root table, key hints, declared columns and write disposition.
    ///
    /// Returns the normalised name of the root table, or `None` when rows choose theirs: those are declared when they come.
    /// `cursor_field` is the key that the resource is incremental on.
    pub fn add_resource(
        &mut self,
        resource: &str,
        load: &LoadPlan,
        cursor_field: Option<&str>,
    ) -> Result<Option<String>> {
        if load.table_choice.is_some() {
            let (load, cursor_field) = (load.clone(), cursor_field.map(str::to_owned));
            let choosing = Choosing { load, cursor_field, tables: FxHashMap::default() };
            self.choosing.insert(resource.to_owned(), choosing);
            return Ok(None);
        }
        let declared = self.declare(resource, load, cursor_field)?;
        let table = declared.table.clone();
        self.resources.insert(resource.to_owned(), declared);
        Ok(Some(table))
    }

    fn declare(&mut self, resource: &str, load: &LoadPlan, cursor_field: Option<&str>) -> Result<Resource> {
        let declared = schema_hints::declare(
            &mut self.catalog,
            &mut self.warnings,
            resource,
            load,
            cursor_field,
            self.naming,
        )?;
        self.reload(&declared.table);
        for hints in &load.nested_hints {
            self.reload(&nested_hints::table_name(&self.catalog, &declared.table, &hints.name, self.naming));
        }
        Ok(declared)
    }

    /// Brings what was declared of a table since to its builders, if it has some.
    fn reload(&mut self, table: &str) {
        if let (Some(builders), Some(schema)) =
            (self.table_by_name.get(&*self.naming.folded(table)), self.schema().tables.get(table))
        {
            let (builders, schema) = (*builders, schema.clone());
            self.tables[builders].load(&schema);
        }
    }

    /// Replays changes that an earlier process of the same run handed out. It comes before the first page.
    pub fn apply_changes(&mut self, changes: &[SchemaChange]) {
        self.catalog.apply(changes);
        for resource in self.resources.values_mut() {
            resource.propagates_root_id = self.catalog.propagates_root_id(&resource.table);
            resource.root_id_kind = self.catalog.root_id_kind(&resource.table);
        }
        self.choosing.values_mut().for_each(|choosing| choosing.tables.clear());
        // Builders are made from the schema when they are needed first, which is now again.
        if self.buffered_rows() == 0 {
            self.tables.clear();
            self.row_shapes.clear();
            self.list_stamps.clear();
            self.shapes.clear();
            self.table_by_name.clear();
        }
    }

    /// Adds the records of a page.
    pub fn push(&mut self, page: &Page) -> Result<()> {
        let name = &page.evidence.resource;
        self.root_ids = RootIds::new(&self.load_id, page.evidence.id);
        self.push_tables(page).map_err(|error| error.with("resource", name).with("page", page.evidence.id))
    }

    /// Adds the records of a page, table by table where rows choose theirs.
    fn push_tables(&mut self, page: &Page) -> Result<()> {
        let name = &page.evidence.resource;
        if page.tables.is_empty() {
            let Some(resource) = self.resources.get(name).cloned() else {
                return Err(Error::new(
                    ErrorKind::Bug,
                    "bug/resource",
                    "a page came of an undeclared resource",
                ));
            };
            return self.push_records(page, &page.records, &resource);
        }
        let mut groups: IndexMap<&str, Vec<u32>> = IndexMap::new();
        for (index, table) in page.records.iter().zip(&page.tables) {
            groups.entry(&**table).or_default().push(*index);
        }
        for (table, records) in groups {
            let resource = self.chosen_table(name, table)?;
            self.push_records(page, &records, &resource)?;
        }
        Ok(())
    }

    fn push_records(&mut self, page: &Page, records: &[u32], resource: &Resource) -> Result<()> {
        let mut scratch = Scratch::default();
        self.propagates_root_id = resource.propagates_root_id;
        self.root_id_kind = resource.root_id_kind;
        let place = Place { levels: resource.nesting, depth: 1 };
        for index in records {
            let table = self.root_table(&resource.table);
            self.tables[table].contract = resource.contract;
            self.push_record(&mut scratch, table, page.document.at(*index), place)?;
        }
        self.write_lineage()
    }

    /// Returns the hints of a table that rows of a resource chose, declaring it when they chose it first.
    fn chosen_table(&mut self, resource: &str, table: &str) -> Result<Resource> {
        let Some(choosing) = self.choosing.get(resource) else {
            return Err(Error::new(ErrorKind::Bug, "bug/resource", "a page came of an undeclared resource"));
        };
        if let Some(known) = choosing.tables.get(table) {
            return Ok(known.clone());
        }
        let load = LoadPlan { table: table.to_owned(), ..choosing.load.clone() };
        let cursor_field = choosing.cursor_field.clone();
        let declared = self.declare(resource, &load, cursor_field.as_deref())?;
        if let Some(choosing) = self.choosing.get_mut(resource) {
            choosing.tables.insert(table.to_owned(), declared.clone());
        }
        Ok(declared)
    }

    /// Returns how many rows are buffered, nested ones too.
    pub fn buffered_rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows as u64).sum()
    }

    /// Returns an estimate of the bytes that are buffered.
    pub fn buffered_bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.buffered_bytes() as u64).sum()
    }

    /// Takes all buffered rows, the schema changes that they need, and what is worth telling about them.
    pub fn flush(&mut self) -> Result<Flushed> {
        let mut batches = Vec::new();
        for table in &mut self.tables {
            batches.extend(table.finish()?);
        }
        let remarks = Remarks {
            warnings: self.warnings.take(),
            dropped: self.dropped.take(),
            only_null: self.take_only_null(),
        };
        Ok(Flushed { batches, changes: self.catalog.take_changes(), remarks })
    }

    /// Returns the schema as it is now, changes that were not flushed yet included.
    pub fn schema(&self) -> &Schema {
        self.catalog.schema()
    }

    /// Takes the columns that nulls came for and no value so far, each once.
    fn take_only_null(&mut self) -> Vec<(String, String)> {
        let mut columns = Vec::new();
        for shape in &mut self.shapes {
            let table = &self.tables[shape.table];
            // Under a contract a column may be missing for another reason.
            if !table.contract.is_open() {
                continue;
            }
            for field in shape.new_nulls() {
                let column = &table.columns[field.column];
                if column.data_type().is_none() {
                    columns.push((table.name.clone(), column.name.clone()));
                }
            }
        }
        columns
    }

    /// Returns the builders of a root table.
    fn root_table(&mut self, name: &str) -> usize {
        if let Some(table) = self.table_by_name.get(&*self.naming.folded(name)) {
            return *table;
        }
        let table = match self.catalog.schema().tables.get(name) {
            Some(schema) => Table::root(schema, self.naming, self.integer_bits),
            None => Table::root(&TableSchema::new(name), self.naming, self.integer_bits),
        };
        self.add_table(table)
    }

    /// Returns the builders of a nested table, by its path.
    pub(crate) fn nested_table(&mut self, parent: usize, path: String) -> Result<usize> {
        let name = self.naming.shorten_path(&path);
        let name = self.catalog.spelled(self.naming, name);
        let is_root = |table: &TableSchema| table.parent.is_none();
        if self.catalog.schema().tables.get(&name).is_some_and(is_root) {
            return Err(Error::new(
                ErrorKind::Config,
                "config/table-clash",
                "a nested list would share its table with a resource",
            )
            .with("table", &name)
            .with("parent", &self.tables[parent].name)
            .hint("Set table_name on one of the two resources to a name of its own."));
        }
        let contract = TableContract { modes: self.tables[parent].contract.modes, columns_evolve: false };
        if let Some(table) = self.table_by_name.get(&*self.naming.folded(&name)) {
            self.tables[*table].contract = contract;
            return Ok(*table);
        }
        let mut table = if let Some(schema) = self.catalog.schema().tables.get(&name) {
            Table::nested(schema, path, self.propagates_root_id, self.naming, self.integer_bits)
        } else {
            let mut schema = TableSchema::new(name);
            schema.parent = Some(self.tables[parent].name.clone());
            Table::nested(&schema, path, self.propagates_root_id, self.naming, self.integer_bits)
        };
        table.contract = contract;
        Ok(self.add_table(table))
    }

    fn add_table(&mut self, table: Table) -> usize {
        let index = self.tables.len();
        self.table_by_name.insert(self.naming.folded(&table.name).into_owned(), index);
        self.tables.push(table);
        self.list_stamps.push(0);
        self.row_shapes.push(self.shapes.len());
        self.shapes.push(Shape::new(index, String::new()));
        index
    }

    #[cold]
    pub(crate) fn warn_big_integer(&mut self, table: usize, column: usize) {
        let table = &self.tables[table];
        self.warnings.add(format!(
            "column {} of table {}: whole numbers beyond 64 bits are stored as text",
            table.columns[column].name, table.name
        ));
    }
}
