//! A schema that was made from one that is not the newest any more.
//!
//! Another run, of dlt's perhaps, can store a newer version between the start of a load and its commit, or while a sealed
//! package waits. What that run added must stay in the newest version: who restores reads nothing else.

use spile_core::Schema;

/// Returns the schema to store: as it is, when it was made from the newest one, else the newest one with what is new.
///
/// Where both say something of one table or column, the newest one holds. The result is not finalised.
pub(crate) fn reconcile(schema: Schema, newest: Option<Schema>) -> Schema {
    let Some(newest) = newest else { return schema };
    let hash = &newest.version_hash;
    if *hash == schema.version_hash || schema.previous_hashes.contains(hash) {
        return schema;
    }
    let mut merged = newest;
    for (name, table) in schema.tables {
        let Some(known) = merged.tables.get_mut(&name) else {
            merged.tables.insert(name, table);
            continue;
        };
        for (name, column) in table.columns {
            match known.columns.get(&name) {
                Some(existing) if existing.data_type.is_some() || column.data_type.is_none() => {}
                _ => {
                    known.columns.shift_remove(&name);
                    known.columns.insert(name, column);
                }
            }
        }
        for (key, value) in table.properties {
            known.properties.entry(key).or_insert(value);
        }
    }
    for (key, value) in schema.rest {
        merged.rest.entry(key).or_insert(value);
    }
    merged
}
