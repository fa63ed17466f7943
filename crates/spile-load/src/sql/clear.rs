//! Taking tables or their rows away, inside the transaction of the load that follows them.

use spile_core::{Clearing, Result, Schema};

use super::connection::SqlConnection;
use super::dialect::SqlDialect;
use super::identifier::{Literal, TableName};
use super::migrate::Catalogue;
use super::replace;
use crate::dlt::VERSION_TABLE;

/// Takes away what a load takes away, and says so to the catalogue.
pub(super) fn clear(
    connection: &mut impl SqlConnection,
    dialect: &dyn SqlDialect,
    dataset: &str,
    (clearing, schema_name): (&Clearing, &str),
    catalogue: &mut Catalogue,
) -> Result<()> {
    for table in clearing.emptied.iter().filter(|table| catalogue.has(dialect, table)) {
        let statement = replace::clear(&TableName::new(dataset, table));
        connection.execute(&statement).map_err(|error| error.with("table", table))?;
    }
    let mut versions_go = false;
    for table in &clearing.dropped {
        if catalogue.has(dialect, table) {
            let statement = format!("DROP TABLE {}", TableName::new(dataset, table));
            connection.execute(&statement).map_err(|error| error.with("table", table))?;
            catalogue.forget(dialect, table);
        }
        versions_go = true;
    }
    if versions_go && catalogue.has(dialect, VERSION_TABLE) {
        let versions = TableName::new(dataset, VERSION_TABLE);
        connection
            .execute(&format!("DELETE FROM {versions} WHERE schema_name = {}", Literal(schema_name)))?;
    }
    Ok(())
}

/// Returns the newest stored schema as the package is to be reconciled with it: nothing when the load was made from it,
/// else what another run has stored since, without what this load takes away.
pub(crate) fn newest_to_keep(newest: Option<Schema>, clearing: &Clearing) -> Option<Schema> {
    let mut newest = newest?;
    if !clearing.dropped.is_empty() {
        if newest.version_hash == clearing.schema_hash {
            return None;
        }
        newest.tables.retain(|name, _| !clearing.dropped.contains(name));
    }
    Some(newest)
}
