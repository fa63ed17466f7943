//! What a plan says of a merge, as properties of the table and hints of its columns: dlt's stored form.
//!
//! Not here: the row ids that follow from the strategy. Invariant: what the plan does not say stays as the stored table
//! has it, as in dlt.

use serde_json::{Value, json};
use spile_core::{
    BoundaryTimestamp, DataType, MERGE_STRATEGY_PROPERTY, MergePlan, MergeStrategy, Naming, TableSchema,
    VersionsPlan,
};

use crate::schema_hints::column_entry;

/// Brings the settings of a merge into a root table.
pub(crate) fn declare(table: &mut TableSchema, merge: &MergePlan, naming: Naming) {
    if let Some(strategy) = merge.strategy {
        table.properties.insert(MERGE_STRATEGY_PROPERTY.to_owned(), strategy.as_str().into());
    }
    for (is_set, property) in [
        (merge.deduplicated, "x-stage-data-deduplicated"),
        (merge.skip_unchanged_rows, "x-merge-skip-unchanged-rows"),
    ] {
        if is_set {
            table.properties.insert(property.to_owned(), Value::Bool(true));
        }
    }
    let version_column = merge.row_version_column.as_deref();
    if let Some(versions) = &merge.versions {
        declare_versions(table, versions, version_column.unwrap_or("_dlt_id"), naming);
    } else if let Some(name) = version_column
        && merge.strategy == Some(MergeStrategy::Upsert)
        && merge.skip_unchanged_rows
    {
        let column = column_entry(table, naming, &naming.path(name));
        column.nullable = false;
        column.hints.insert("x-row-version".to_owned(), Value::Bool(true));
    }
}

fn declare_versions(table: &mut TableSchema, versions: &VersionsPlan, version_column: &str, naming: Naming) {
    let boundary = match &versions.boundary_timestamp {
        BoundaryTimestamp::Stored => None,
        BoundaryTimestamp::Load => Some(Value::Null),
        BoundaryTimestamp::At(time) => Some(time.as_str().into()),
    };
    if let Some(boundary) = boundary {
        table.properties.insert("x-boundary-timestamp".to_owned(), boundary);
    }
    for (name, hint) in [(&versions.valid_from, "x-valid-from"), (&versions.valid_to, "x-valid-to")] {
        let column = column_entry(table, naming, &naming.path(name));
        column.data_type = Some(DataType::Timestamp);
        column.nullable = true;
        column.hints.insert(hint.to_owned(), Value::Bool(true));
        if hint == "x-valid-to" {
            let active = json!(versions.active_record_timestamp);
            column.hints.insert("x-active-record-timestamp".to_owned(), active);
        }
    }
    // A value that comes back after it was gone has the version of before, so versions need not be unique.
    let column = column_entry(table, naming, &naming.path(version_column));
    column.nullable = false;
    for (hint, value) in [("x-row-version", true), ("unique", false), ("row_key", false)] {
        column.hints.insert(hint.to_owned(), Value::Bool(value));
    }
}
