//! Emptying a table so that a load takes its place.

use super::identifier::TableName;

/// Returns the statement that empties a table inside the transaction.
pub(crate) fn clear(target: &TableName) -> String {
    format!("DELETE FROM {target}")
}
