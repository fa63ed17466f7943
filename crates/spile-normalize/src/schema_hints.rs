//! What a resource's plan says about its table, brought into the schema before any data.
//!
//! Not here: what the data says. Invariant: hints add to a stored table and never retype a column.

use serde_json::{Value, json};
use spile_core::{
    ColumnHint, ColumnSchema, DataType, Error, ErrorKind, LoadPlan, Naming, Result, TableSchema,
    WriteDisposition,
};

use crate::catalog::Catalog;
use crate::contract::{self, TableContract};
use crate::ids::RootIdKind;
use crate::merge_hints;
use crate::nested_hints;
use crate::warnings::Warnings;

/// dlt's bound on nesting.
const NESTING_DEFAULT: u32 = 1_000;

/// A resource as the normaliser knows it.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// Normalised root table.
    pub(crate) table: String,
    /// Levels that become columns and tables.
    pub(crate) nesting: u32,
    /// Whether nested rows carry the root's id.
    pub(crate) propagates_root_id: bool,
    /// How root rows get their ids.
    pub(crate) root_id_kind: RootIdKind,
    /// What data that would change the schema may do.
    pub(crate) contract: TableContract,
}

/// Brings the hints of a resource into the schema.
pub(crate) fn declare(
    catalog: &mut Catalog,
    warnings: &mut Warnings,
    resource: &str,
    load: &LoadPlan,
    cursor_field: Option<&str>,
    naming: Naming,
) -> Result<Resource> {
    let name = catalog.spelled(naming, naming.path(&load.table));
    let table = catalog.table(&name, None)?;
    if let Some(parent) = &table.parent {
        return Err(Error::new(
            ErrorKind::Config,
            "config/table-clash",
            "a resource would share its table with the nested lists of another",
        )
        .with("resource", resource)
        .with("table", &name)
        .with("parent", parent)
        .hint("Set table_name on the resource to a name of its own."));
    }
    table.properties.insert("write_disposition".to_owned(), load.write_disposition.as_str().into());
    table.properties.insert("resource".to_owned(), resource.into());
    if let Some(nesting) = load.max_table_nesting {
        let marks = table.properties.entry("x-normalizer".to_owned()).or_insert_with(|| json!({}));
        if let Some(marks) = marks.as_object_mut() {
            marks.insert("max_nesting".to_owned(), nesting.into());
        }
    }
    // dlt keeps the bound in the schema: a later run that gives none has the one from before.
    let nesting = table
        .properties
        .get("x-normalizer")
        .and_then(|marks| marks.get("max_nesting"))
        .and_then(Value::as_u64)
        .map_or(NESTING_DEFAULT, |levels| u32::try_from(levels).unwrap_or(u32::MAX));
    let modes = contract::of_table(table, load.schema_contract);
    apply_hints(table, naming, &load.table_hints);
    for hint in &load.columns {
        // What is false is not stored, as in dlt, but that there is no time zone: there is one unless it is denied.
        apply_column(table, warnings, naming, hint, |key, value| {
            *value != Value::Bool(false) || key == "timezone"
        });
    }
    for (keys, hint) in [(&load.primary_key, "primary_key"), (&load.merge_key, "merge_key")] {
        for key in keys {
            let column = column_entry(table, naming, &naming.path(key));
            column.nullable = false;
            column.hints.insert(hint.to_owned(), Value::Bool(true));
        }
    }
    if load.write_disposition == WriteDisposition::Merge {
        merge_hints::declare(table, &load.merge, naming);
    }
    // A cursor deeper in the record has no column of its own name; dlt marks only plain ones.
    if let Some(field) = cursor_field.filter(|field| !field.contains(['.', '[', '$', '*'])) {
        let column = column_entry(table, naming, &naming.path(field));
        column.hints.insert("incremental".to_owned(), Value::Bool(true));
    }
    nested_hints::declare(catalog, warnings, (resource, &name), (&load.nested_hints, modes), naming)?;
    let propagates_root_id = catalog.propagates_root_id(&name);
    if propagates_root_id {
        catalog.record_propagation(&name);
    }
    let contract = TableContract { modes, columns_evolve: !catalog.is_filled_before(&name) };
    let root_id_kind = catalog.root_id_kind(&name);
    Ok(Resource { table: name, nesting, propagates_root_id, root_id_kind, contract })
}

/// Brings hints that are only kept into a table.
pub(crate) fn apply_hints(table: &mut TableSchema, naming: Naming, hints: &[(String, Value)]) {
    for (hint, value) in hints {
        table.properties.insert(hint.clone(), normalized_hint(value, naming));
    }
}

/// Brings a declared column into a table, with those of its hints that `is_stored` says yes to.
pub(crate) fn apply_column(
    table: &mut TableSchema,
    warnings: &mut Warnings,
    naming: Naming,
    hint: &ColumnHint,
    is_stored: impl Fn(&str, &Value) -> bool,
) {
    let name = naming.path(&hint.name);
    warn_retyped(warnings, table, &name, hint);
    let column = column_entry(table, naming, &name);
    // A column that holds data keeps its type, as in dlt.
    column.data_type = column.data_type.or(hint.data_type);
    if let Some(nullable) = hint.nullable {
        column.nullable = nullable;
    }
    for (key, value) in &hint.hints {
        if is_stored(key, value) && !value.is_null() {
            column.hints.insert(key.clone(), value.clone());
        }
    }
    if column.has_hint("primary_key") {
        column.nullable = false;
    }
}

/// Normalises the names in a hint of the table: those of `references`. The other hints hold none.
fn normalized_hint(value: &Value, naming: Naming) -> Value {
    let name = |value: &Value| match value {
        Value::String(text) => Value::from(naming.path(text)),
        other => other.clone(),
    };
    let Value::Array(references) = value else { return value.clone() };
    let normalized = |reference: &Value| {
        let mut reference = reference.clone();
        for key in ["columns", "referenced_columns"] {
            if let Some(names) = reference.get_mut(key).and_then(Value::as_array_mut) {
                for column in names {
                    *column = name(column);
                }
            }
        }
        if let Some(table) = reference.get_mut("referenced_table") {
            *table = name(table);
        }
        reference
    };
    Value::Array(references.iter().map(normalized).collect())
}

/// Returns the column of that name, making one without a type if need be.
pub(crate) fn column_entry<'a>(
    table: &'a mut TableSchema,
    naming: Naming,
    name: &str,
) -> &'a mut ColumnSchema {
    let spelling = naming.folds().then(|| naming.spelling(name, table.columns.keys().map(String::as_str)));
    let name = spelling.flatten().unwrap_or(name).to_owned();
    table.columns.entry(name.clone()).or_insert_with(|| {
        let mut column = ColumnSchema::new(name, DataType::Text);
        column.data_type = None;
        column
    })
}

/// Says that a declared type comes too late. dlt would change the schema and leave the column as it is.
fn warn_retyped(warnings: &mut Warnings, table: &TableSchema, column: &str, hint: &ColumnHint) {
    let stored = table.columns.get(column).and_then(|column| column.data_type);
    if let (Some(stored), Some(declared)) = (stored, hint.data_type)
        && stored != declared
    {
        warnings.add(format!(
            "column {column} of table {}: it is stored as {}, the declared type {} has no effect",
            table.name,
            stored.as_str(),
            declared.as_str()
        ));
    }
}
