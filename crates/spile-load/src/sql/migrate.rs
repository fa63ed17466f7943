//! Bringing the dataset's tables to the schema of a package.
//!
//! The tables themselves are asked what they look like, not `_dlt_version`: a column that somebody dropped by hand comes
//! back. Tables and columns are only ever added.

use std::collections::{BTreeMap, BTreeSet};

use spile_core::{Result, Schema, SealedPackage, TableSchema};

use super::connection::SqlConnection;
use super::ddl;
use super::dialect::SqlDialect;
use super::identifier::TableName;
use crate::dlt::{LOADS_TABLE, STATE_TABLE, VERSION_TABLE};

/// The tables of a dataset with their columns, names folded as the database folds them.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    tables: BTreeMap<String, BTreeSet<String>>,
}

impl Catalogue {
    /// Reads the catalogue; a dataset that does not exist has no tables.
    pub(crate) fn read(
        connection: &mut impl SqlConnection,
        dialect: &dyn SqlDialect,
        dataset: &str,
    ) -> Result<Self> {
        let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in connection.query(&dialect.columns(dataset))? {
            if let [Some(table), Some(column), _] = row.as_slice() {
                tables.entry(dialect.fold(table)).or_default().insert(dialect.fold(column));
            }
        }
        Ok(Self { tables })
    }

    /// Returns whether a table exists.
    pub(crate) fn has(&self, dialect: &dyn SqlDialect, table: &str) -> bool {
        self.tables.contains_key(&dialect.fold(table))
    }

    /// Notes that a table is gone.
    pub(crate) fn forget(&mut self, dialect: &dyn SqlDialect, table: &str) {
        self.tables.remove(&dialect.fold(table));
    }
}

/// Creates the dataset and the tables that the package needs, and adds the columns they lack.
pub(crate) fn migrate(
    connection: &mut impl SqlConnection,
    dialect: &dyn SqlDialect,
    dataset: &str,
    package: &SealedPackage,
    schema: &Schema,
    catalogue: &Catalogue,
) -> Result<()> {
    // A user who may not create schemas can still load into one that is there.
    if catalogue.tables.is_empty()
        && let Some(create) = dialect.create_dataset(dataset)
    {
        connection.execute(&create)?;
    }
    for table in schema.tables.values().filter(|table| is_wanted(table, package)) {
        let migrated = match catalogue.tables.get(&dialect.fold(&table.name)) {
            None => create(connection, dialect, dataset, table),
            Some(columns) => grow(connection, dialect, dataset, schema, table, columns),
        };
        migrated.map_err(|error| error.with("table", &table.name))?;
    }
    Ok(())
}

/// Returns whether a table exists at the destination after this load: data has reached it, or it is a system table.
fn is_wanted(table: &TableSchema, package: &SealedPackage) -> bool {
    let seen_data = table.properties.get("x-normalizer").is_some_and(|mark| mark["seen-data"] == true);
    let has_segments = || {
        package.manifest.tables.iter().any(|load| load.segments.iter().any(|(name, _)| *name == table.name))
    };
    seen_data || [LOADS_TABLE, VERSION_TABLE, STATE_TABLE].contains(&table.name.as_str()) || has_segments()
}

fn create(
    connection: &mut impl SqlConnection,
    dialect: &dyn SqlDialect,
    dataset: &str,
    table: &TableSchema,
) -> Result<()> {
    let name = TableName::new(dataset, &table.name);
    connection.execute(&ddl::create_table(dialect, &name, table)?)?;
    Ok(())
}

fn grow(
    connection: &mut impl SqlConnection,
    dialect: &dyn SqlDialect,
    dataset: &str,
    schema: &Schema,
    table: &TableSchema,
    existing: &BTreeSet<String>,
) -> Result<()> {
    let name = TableName::new(dataset, &table.name);
    let mut missing =
        table.columns.values().filter(|column| !existing.contains(&dialect.fold(&column.name))).peekable();
    if missing.peek().is_none() {
        return Ok(());
    }
    let empty = connection.query(&format!("SELECT 1 FROM {name} LIMIT 1"))?.is_empty();
    for column in missing {
        for statement in ddl::add_column(dialect, &name, column, empty)? {
            connection.execute(&statement)?;
        }
        if column.has_hint("root_key") && !empty {
            fill_root_key(connection, dataset, schema, table, &column.name)?;
        }
    }
    Ok(())
}

/// Gives the rows that were appended before the table was merged into their root key; without it, a merge could not
/// find them and they would stay behind as orphans. Parents come before their children in a schema.
fn fill_root_key(
    connection: &mut impl SqlConnection,
    dataset: &str,
    schema: &Schema,
    table: &TableSchema,
    root_key: &str,
) -> Result<()> {
    let Some(parent) = table.parent.as_ref().and_then(|parent| schema.tables.get(parent)) else {
        return Ok(());
    };
    let parent_key = table.columns_with("parent_key").first().copied().unwrap_or("_dlt_parent_id");
    let row_key = parent.columns_with("row_key").first().copied().unwrap_or("_dlt_id");
    let parent_root_key = parent.columns_with("root_key").first().copied();
    let statement = ddl::fill_root_key(
        &TableName::new(dataset, &table.name),
        &TableName::new(dataset, &parent.name),
        root_key,
        parent_key,
        row_key,
        parent_root_key,
    );
    connection.execute(&statement)?;
    Ok(())
}
