//! What a resource's plan says of its nested tables, brought into the schema before any data.
//!
//! Not here: nested tables with a key, which dlt makes tables of their own; the config refuses those. Invariant: a table
//! that is declared here hangs on the resource's own table, and only where nothing limits what data may add.

use spile_core::{Error, ErrorKind, Naming, NestedHints, Result, SchemaContract};

use crate::catalog::Catalog;
use crate::schema_hints::{apply_column, apply_hints};
use crate::warnings::Warnings;

/// Returns the table of the lists under a key of a root table's records.
pub(crate) fn table_name(catalog: &Catalog, root: &str, key: &str, naming: Naming) -> String {
    // As in dlt the key is one part of the name, whatever it holds.
    catalog.spelled(naming, naming.shorten_path(&naming.join(root, &naming.identifier(key))))
}

/// Brings hints of nested tables into the schema: `(resource, root)` and `(hints, modes)` belong together.
pub(crate) fn declare(
    catalog: &mut Catalog,
    warnings: &mut Warnings,
    (resource, root): (&str, &str),
    (hints, modes): (&[NestedHints], SchemaContract),
    naming: Naming,
) -> Result<()> {
    if !hints.is_empty() && modes != SchemaContract::default() {
        return Err(Error::new(
            ErrorKind::Config,
            "config/not-supported",
            "nested_hints beside a schema_contract is not supported yet",
        )
        .with("resource", resource)
        .with("table", root)
        .hint("Its table has a contract from an earlier run: set schema_contract to evolve, or remove nested_hints."));
    }
    for hints in hints {
        let name = table_name(catalog, root, &hints.name, naming);
        let table = catalog.table(&name, Some(root))?;
        if table.parent.as_deref() != Some(root) {
            return Err(Error::new(
                ErrorKind::Config,
                "config/table-clash",
                "hints of a nested table name a table that is another's",
            )
            .with("resource", resource)
            .with("table", &name)
            .hint("Set table_name on one of the two resources to a name of its own."));
        }
        apply_hints(table, naming, &hints.table_hints);
        for hint in &hints.columns {
            // Unlike those of a resource's own columns, dlt stores hints here as they are written.
            apply_column(table, warnings, naming, hint, |_, _| true);
        }
    }
    Ok(())
}
