//! Statements that create and grow tables. Nothing here drops or retypes anything.

use spile_core::{ColumnSchema, Result, TableSchema};

use super::dialect::SqlDialect;
use super::identifier::{Identifier, TableName};

/// Returns the statement that creates a table; columns that no data has reached are left out.
pub(crate) fn create_table(
    dialect: &dyn SqlDialect,
    name: &TableName,
    table: &TableSchema,
) -> Result<String> {
    let mut columns = Vec::new();
    for column in table.columns.values() {
        if let Some(definition) = column_definition(dialect, column)? {
            let not_null = if column.nullable { "" } else { " NOT NULL" };
            columns.push(format!("{definition}{not_null}{}", dialect.constraint(column)));
        }
    }
    Ok(format!("CREATE TABLE {name} ({})", columns.join(", ")))
}

/// Returns the statements that add a column. It becomes NOT NULL only when `empty` says that no row could break it.
pub(crate) fn add_column(
    dialect: &dyn SqlDialect,
    name: &TableName,
    column: &ColumnSchema,
    empty: bool,
) -> Result<Vec<String>> {
    let Some(definition) = column_definition(dialect, column)? else {
        return Ok(Vec::new());
    };
    let mut statements = vec![format!("ALTER TABLE {name} ADD COLUMN {definition}")];
    if empty && !column.nullable {
        statements.extend(dialect.set_not_null(name, &Identifier::new(column.name.as_str())));
    }
    Ok(statements)
}

/// Returns the statement that fills the root key of a nested table that had none: from the parent's root key, or from
/// the parent's row key when the parent is the root.
pub(crate) fn fill_root_key(
    child: &TableName,
    parent: &TableName,
    root_key: &str,
    parent_key: &str,
    parent_row_key: &str,
    parent_root_key: Option<&str>,
) -> String {
    let root_key = Identifier::new(root_key);
    let parent_key = Identifier::new(parent_key);
    match parent_root_key {
        None => format!("UPDATE {child} SET {root_key} = {parent_key}"),
        Some(parent_root_key) => format!(
            "UPDATE {child} AS c SET {root_key} = p.{} FROM {parent} AS p WHERE c.{parent_key} = p.{}",
            Identifier::new(parent_root_key),
            Identifier::new(parent_row_key),
        ),
    }
}

fn column_definition(dialect: &dyn SqlDialect, column: &ColumnSchema) -> Result<Option<String>> {
    let Some(data_type) = column.data_type else {
        return Ok(None);
    };
    let data_type = dialect.data_type(data_type, column)?;
    Ok(Some(format!("{} {data_type}", Identifier::new(column.name.as_str()))))
}
