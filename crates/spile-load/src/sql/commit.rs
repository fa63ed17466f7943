//! One package, one transaction: tables, rows, schema version, state, and last the load record.
//!
//! This module holds the control flow; the statements come from its pure siblings. Nothing here begins or ends the
//! transaction.

use std::collections::BTreeMap;

use spile_core::{
    Error, ErrorKind, Receipt, Result, Schema, SealedPackage, SegmentFile, TableLoad, TableSchema,
    WriteDisposition,
};

use super::connection::{SqlConnection, StagedRows};
use super::destination::first_number;
use super::dialect::SqlDialect;
use super::identifier::TableName;
use super::merge::{self, MergeKeys};
use super::migrate::{Catalogue, migrate};
use super::{append, replace, system};
use crate::dlt::finalize_schema;

/// The row keys and positions of the staged roots that enter.
const WINNERS: &str = "_spile_winners";
/// The row keys of the stored roots that are replaced.
const REPLACED: &str = "_spile_replaced";

/// Writes a package inside an open transaction.
pub(crate) fn write_package<C: SqlConnection>(
    connection: &mut C,
    dialect: &dyn SqlDialect,
    dataset: &str,
    package: &SealedPackage,
) -> Result<Receipt> {
    let mut schema = package.schema.clone();
    finalize_schema(&mut schema);
    let before = migrate(connection, dialect, dataset, package, &schema)?;
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
                    let query = system::count_loaded(dataset, root, table, load_id)?;
                    first_number(&connection.query(&query)?)?
                }
            };
            rows.push((table.name.clone(), count));
        }
    }
    Ok(Receipt { load_id: load_id.clone(), rows })
}

/// What every step of a commit needs to know.
struct Writer<'a, C> {
    connection: &'a mut C,
    dialect: &'a dyn SqlDialect,
    dataset: &'a str,
    package: &'a SealedPackage,
    schema: &'a Schema,
    before: Catalogue,
}

/// The staged rows of one table of a chain.
struct StagedTable<'a> {
    table: &'a TableSchema,
    name: TableName,
    rows: StagedRows,
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
            WriteDisposition::Merge => {
                let Some(staged_root) = staged.iter().find(|staged| staged.table.name == root.name) else {
                    return self.insert_all(&staged);
                };
                match MergeKeys::read(root, &staged_root.rows)? {
                    None => self.insert_all(&staged),
                    Some(keys) => self.merge(&keys, staged_root, &staged),
                }
            }
        }
    }

    fn stage<'t>(&mut self, table: &'t TableSchema, segments: &[&SegmentFile]) -> Result<StagedTable<'t>> {
        let rows = self.connection.stage(&self.package.folder, table, segments)?;
        Ok(StagedTable { table, name: TableName::new(self.dataset, &table.name), rows })
    }

    fn insert_all(&mut self, staged: &[StagedTable<'_>]) -> Result<Vec<(String, u64)>> {
        staged.iter().map(|staged| self.insert(staged, None)).collect()
    }

    fn insert(&mut self, staged: &StagedTable<'_>, condition: Option<&str>) -> Result<(String, u64)> {
        let statement = append::insert(&staged.name, &staged.rows, condition);
        Ok((staged.table.name.clone(), self.execute(&staged.table.name, &statement)?))
    }

    /// Replaces stored rows by the staged rows with the same key.
    fn merge(
        &mut self,
        keys: &MergeKeys<'_>,
        root: &StagedTable<'a>,
        staged: &[StagedTable<'a>],
    ) -> Result<Vec<(String, u64)>> {
        if self.before.has(self.dialect, &root.table.name) {
            self.delete_replaced(keys, root)?;
        }
        if !self.needs_winners(keys, root)? {
            return self.insert_all(staged);
        }
        let row_key = key_column(root.table, "row_key")?;
        let winners = TableName::temporary(WINNERS);
        self.execute(&root.table.name, &keys.select_winners(&winners, &root.rows, row_key))?;
        let mut rows = Vec::new();
        for staged in staged {
            let condition = if staged.table.name == root.table.name {
                merge::is_winner(&winners, &staged.rows)
            } else {
                let root_key = key_column(staged.table, "root_key")?;
                merge::has_winning_root(&winners, root_key, row_key)
            };
            rows.push(self.insert(staged, Some(&condition))?);
        }
        self.connection.execute(&format!("DROP TABLE {winners}"))?;
        Ok(rows)
    }

    /// Deletes the stored rows that have the key of a staged one, children first.
    fn delete_replaced(&mut self, keys: &MergeKeys<'_>, root: &StagedTable<'a>) -> Result<()> {
        let children: Vec<&TableSchema> =
            self.stored_chain(root.table).into_iter().filter(|table| table.name != root.table.name).collect();
        if children.is_empty() {
            self.execute(&root.table.name, &keys.delete_replaced(&root.name, &root.rows))?;
            return Ok(());
        }
        let row_key = key_column(root.table, "row_key")?;
        let replaced = TableName::temporary(REPLACED);
        self.execute(&root.table.name, &keys.collect_replaced(&replaced, &root.name, &root.rows, row_key))?;
        for child in children {
            let name = TableName::new(self.dataset, &child.name);
            let root_key = key_column(child, "root_key")?;
            self.execute(&child.name, &merge::delete_collected(&name, root_key, &replaced, row_key))?;
        }
        let delete_roots = merge::delete_collected(&root.name, row_key, &replaced, row_key);
        self.execute(&root.table.name, &delete_roots)?;
        self.connection.execute(&format!("DROP TABLE {replaced}"))?;
        Ok(())
    }

    /// Returns whether some staged rows stay out. Mostly none does, and asking is much cheaper than ranking.
    fn needs_winners(&mut self, keys: &MergeKeys<'_>, root: &StagedTable<'_>) -> Result<bool> {
        if keys.has_hard_delete() {
            return Ok(true);
        }
        match keys.find_duplicate(&root.rows) {
            None => Ok(false),
            Some(query) => Ok(!self.connection.query(&query)?.is_empty()),
        }
    }

    /// Returns the tables of a chain that existed before this commit, parents first.
    fn stored_chain(&self, root: &'a TableSchema) -> Vec<&'a TableSchema> {
        self.schema
            .chain(&root.name)
            .into_iter()
            .filter(|table| self.before.has(self.dialect, &table.name))
            .collect()
    }

    fn execute(&mut self, table: &str, statement: &str) -> Result<u64> {
        self.connection.execute(statement).map_err(|error| error.with("table", table))
    }
}

/// Groups the segments of a load by table, parents first, each in staging order.
fn segments_by_table<'s, 'l>(
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
