//! Adding staged rows to a table.

use super::connection::StagedRows;
use super::identifier::{TableName, name_list};

/// Returns the statement that adds all staged rows, or those that meet a condition over the alias `s`.
///
/// The column list is explicit: columns that the segments lack become NULL.
pub(crate) fn insert(target: &TableName, staged: &StagedRows, condition: Option<&str>) -> String {
    let columns = staged.columns.iter().map(String::as_str);
    let mut statement = format!(
        "INSERT INTO {target} ({}) SELECT {} FROM {} AS s",
        name_list("", columns.clone()),
        name_list("s.", columns),
        staged.relation,
    );
    if let Some(condition) = condition {
        statement.push_str(" WHERE ");
        statement.push_str(condition);
    }
    statement
}
