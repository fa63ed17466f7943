//! The keys of a resource, which `resource_defaults` shares but for its own: name and rows.

use spile_core::FieldDoc;

use super::key;

/// The keys that all resources can have by default.
pub(super) const RESOURCE_FIELDS: &[FieldDoc] = RESOURCE_WITH_NAME.split_at(2).1;

/// The keys of one resource; its own come first.
pub(super) const RESOURCE_WITH_NAME: &[FieldDoc] = &[
    key("name", "string", "", "Its name; the table's too unless `table_name` is given."),
    key(
        "rows",
        "function or list of any",
        "null",
        "Rows in the place of an endpoint: written down, or made by a function of the script; what `dlt.resource` becomes (beyond dlt).",
    ),
    key("endpoint", "endpoint or string", "the name", "What is requested; a text is the path."),
    key(
        "write_disposition",
        "`append` or `replace` or `merge` or `skip` or write_disposition",
        "append",
        "How rows enter the table.",
    ),
    key("primary_key", "string or list of string", "null", "What identifies a record."),
    key("merge_key", "string or list of string", "null", "What groups records that replace each other."),
    key("columns", "map of column or list of column or json_schema", "null", "Hints of columns."),
    key("nested_hints", "map of nested_hints", "null", "Hints of nested tables, by the key of their lists."),
    key(
        "table_name",
        "string or function",
        "the name",
        "The table, or a function that names it for each record.",
    ),
    key("max_table_nesting", "integer", "the source's", "Levels of nesting that become tables."),
    key(
        "selected",
        "boolean",
        "true",
        "Whether it is loaded; a parent is read for its children all the same.",
    ),
    key("parallelized", "boolean", "false", "Accepted; resources are always read side by side."),
    key(
        "schema_contract",
        "`evolve` or `freeze` or `discard_row` or `discard_value` or schema_contract",
        "the source's",
        "What data may do to the schema.",
    ),
    key("incremental_sync", "incremental_sync", "null", "The seed dialect's window (beyond dlt)."),
    key("processing_steps", "list of step", "null", "What is done with each record, in scripts."),
    key(
        "include_from_parent",
        "list of string",
        "null",
        "Keys of the parent's record that every row gets, as `_<parent>_<key>`.",
    ),
    key("references", "list of reference", "null", "References to other tables, kept in the schema."),
    key(
        "table_format",
        "`iceberg` or `delta` or `hive` or `native`",
        "null",
        "Kept in the schema, for other destinations.",
    ),
    key(
        "file_format",
        "`preferred` or `jsonl` or `typed-jsonl` or `insert_values` or `parquet` or `csv` or `reference` or `model`",
        "null",
        "Kept in the schema, for other destinations.",
    ),
];
