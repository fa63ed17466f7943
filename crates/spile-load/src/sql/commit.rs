//! One package, one transaction: tables, rows, schema version, state, and last the load record.
//!
//! This module holds the control flow; the statements come from its pure siblings. Nothing here begins or ends the
//! transaction.

use std::collections::BTreeMap;

use spile_core::{
    Error, ErrorKind, Receipt, Result, Schema, SealedPackage, SegmentFile, TableLoad, TableSchema,
    WriteDisposition,
};

use super::clear::{clear, newest_to_keep};
use super::connection::{SqlConnection, StagedRows};
use super::destination::{first_number, newest_schema};
use super::dialect::SqlDialect;
use super::identifier::TableName;
use super::migrate::{Catalogue, migrate};
use super::{append, replace, system};
use crate::dlt::{VERSION_TABLE, finalize_schema, reconcile};

/// Writes a package inside an open transaction, into a dataset whose tables are known.
pub(crate) fn write_package<C: SqlConnection>(
    connection: &mut C,
    dialect: &dyn SqlDialect,
    dataset: &str,
    package: &SealedPackage,
    mut before: Catalogue,
) -> Result<Receipt> {
    let clearing = &package.manifest.clearing;
    let newest = if before.has(dialect, VERSION_TABLE) {
        newest_schema(connection, dataset, &package.schema.name)?
    } else {
        None
    };
    let mut schema = reconcile(package.schema.clone(), newest_to_keep(newest, clearing));
    finalize_schema(&mut schema);
    clear(connection, dialect, dataset, (clearing, &schema.name), &mut before)?;
    migrate(connection, dialect, dataset, package, &schema, &before)?;
    let mut writer = Writer { connection, dialect, dataset, package, schema: &schema, before };
    let mut rows = Vec::new();
    for load in &package.manifest.tables {
        rows.extend(writer.write(load)?);
    }
    let load_id = &package.manifest.load_id;
    connection.execute(&system::insert_version(dataset, &schema))?;
    if let Some(state) = &package.manifest.state {
        connection.execute(&system::insert_state(dataset, package, state))?;
    }
    connection.execute(&system::insert_load(dataset, load_id, &schema))?;
    Ok(Receipt { load_id: load_id.clone(), rows })
}

/// Returns the receipt of a load that was committed before. Appended and replaced rows are those that were staged;
/// merged ones are counted by the load that they carry.
pub(crate) fn receipt_of<C: SqlConnection>(
    connection: &mut C,
    dataset: &str,
    package: &SealedPackage,
) -> Result<Receipt> {
    let load_id = &package.manifest.load_id;
    let mut rows = Vec::new();
    for load in &package.manifest.tables {
        for (table, segments) in segments_by_table(&package.schema, load)? {
            let count = match load.write_disposition {
                WriteDisposition::Append | WriteDisposition::Replace => {
                    segments.iter().map(|segment| segment.rows).sum()
                }
                WriteDisposition::Merge => {
                    let root = known_table(&package.schema, &load.root)?;
                    let query = system::count_loaded(dataset, &package.schema, root, table, load_id)?;
                    first_number(&connection.query(&query)?)?
                }
            };
            rows.push((table.name.clone(), count));
        }
    }
    Ok(Receipt { load_id: load_id.clone(), rows })
}

/// What every step of a commit needs to know.
pub(super) struct Writer<'a, C> {
    pub(super) connection: &'a mut C,
    pub(super) dialect: &'a dyn SqlDialect,
    pub(super) dataset: &'a str,
    pub(super) package: &'a SealedPackage,
    pub(super) schema: &'a Schema,
    before: Catalogue,
}

/// The staged rows of one table of a chain.
pub(super) struct StagedTable<'a> {
    pub(super) table: &'a TableSchema,
    pub(super) name: TableName,
    pub(super) rows: StagedRows,
}

impl<'a, C: SqlConnection> Writer<'a, C> {
    /// Writes one root table with its children and returns the rows that entered, per table.
    fn write(&mut self, load: &TableLoad) -> Result<Vec<(String, u64)>> {
        let root = known_table(self.schema, &load.root)?;
        let mut staged = Vec::new();
        for (table, segments) in segments_by_table(self.schema, load)? {
            staged.push(self.stage(table, &segments).map_err(|error| error.with("table", &table.name))?);
        }
        match load.write_disposition {
            WriteDisposition::Append => self.insert_all(&staged),
            WriteDisposition::Replace => {
                for table in self.stored_chain(root) {
                    self.execute(&table.name, &replace::clear(&TableName::new(self.dataset, &table.name)))?;
                }
                self.insert_all(&staged)
            }
            WriteDisposition::Merge => self.merge(root, &staged),
        }
    }

    fn stage<'t>(&mut self, table: &'t TableSchema, segments: &[&SegmentFile]) -> Result<StagedTable<'t>> {
        let rows = self.connection.stage(&self.package.folder, table, segments)?;
        Ok(StagedTable { table, name: TableName::new(self.dataset, &table.name), rows })
    }

    pub(super) fn insert_all(&mut self, staged: &[StagedTable<'_>]) -> Result<Vec<(String, u64)>> {
        staged.iter().map(|staged| self.insert(staged, None)).collect()
    }

    pub(super) fn insert(
        &mut self,
        staged: &StagedTable<'_>,
        condition: Option<&str>,
    ) -> Result<(String, u64)> {
        let statement = append::insert(&staged.name, &staged.rows, condition);
        Ok((staged.table.name.clone(), self.execute(&staged.table.name, &statement)?))
    }

    /// Returns whether a table existed before this commit.
    pub(super) fn is_stored(&self, table: &TableSchema) -> bool {
        self.before.has(self.dialect, &table.name)
    }

    /// Returns the tables of a chain that existed before this commit, parents first.
    pub(super) fn stored_chain(&self, root: &'a TableSchema) -> Vec<&'a TableSchema> {
        self.schema.chain(&root.name).into_iter().filter(|table| self.is_stored(table)).collect()
    }

    pub(super) fn execute(&mut self, table: &str, statement: &str) -> Result<u64> {
        self.connection.execute(statement).map_err(|error| error.with("table", table))
    }
}

/// Groups the segments of a load by table, parents first, each in staging order.
pub(crate) fn segments_by_table<'s, 'l>(
    schema: &'s Schema,
    load: &'l TableLoad,
) -> Result<Vec<(&'s TableSchema, Vec<&'l SegmentFile>)>> {
    let mut segments: BTreeMap<&str, Vec<&SegmentFile>> = BTreeMap::new();
    for (table, segment) in &load.segments {
        segments.entry(table).or_default().push(segment);
    }
    let mut tables = Vec::new();
    for table in schema.tables.get(&load.root).map(|root| schema.chain(&root.name)).unwrap_or_default() {
        if let Some(segments) = segments.remove(table.name.as_str()) {
            tables.push((table, segments));
        }
    }
    match segments.keys().next() {
        None => Ok(tables),
        Some(stray) => Err(Error::new(
            ErrorKind::Bug,
            "destination/unknown-table",
            "a segment belongs to a table that is not in the chain of its root",
        )
        .with("root", &load.root)
        .with("table", stray)),
    }
}

fn known_table<'s>(schema: &'s Schema, name: &str) -> Result<&'s TableSchema> {
    schema.tables.get(name).ok_or_else(|| {
        Error::new(
            ErrorKind::Bug,
            "destination/unknown-table",
            "a package loads a table that its schema does not have",
        )
        .with("table", name)
    })
}

/// Returns the column of a table that carries a key hint.
pub(crate) fn key_column<'t>(table: &'t TableSchema, hint: &'static str) -> Result<&'t str> {
    table.columns_with(hint).first().copied().ok_or_else(|| {
        Error::new(
            ErrorKind::State,
            "destination/key-column",
            "a merge needs a key column that a table lacks",
        )
        .with("table", &table.name)
        .with("hint", hint)
        .hint("Load the table with write_disposition replace once, so that its nested tables get root keys.")
    })
}
