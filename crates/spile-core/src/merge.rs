//! How `merge` finds the rows that it replaces: dlt's strategies and their settings.
//!
//! Not here: SQL, and the row ids that follow from a strategy. A strategy travels in the stored schema, where dlt looks for
//! it; [`MergeStrategy::of_table`] is the one place that reads it back.

use serde_json::Value;

use crate::schema::TableSchema;

/// The property of a stored table that names its merge strategy.
pub const MERGE_STRATEGY_PROPERTY: &str = "x-merge-strategy";

/// dlt's merge strategies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MergeStrategy {
    /// Stored rows with the key of a staged one are deleted, then the staged rows are inserted.
    #[default]
    DeleteInsert,
    /// Stored rows with the primary key of a staged one are updated, new ones are inserted.
    Upsert,
    /// Only rows with a primary key that is not stored yet are inserted.
    InsertOnly,
    /// Each version of a row is kept with the time from and to which it was valid.
    Scd2,
}

impl MergeStrategy {
    /// All strategies with dlt's words.
    pub const ALL: [(&str, Self); 4] = [
        ("delete-insert", Self::DeleteInsert),
        ("upsert", Self::Upsert),
        ("insert-only", Self::InsertOnly),
        ("scd2", Self::Scd2),
    ];

    /// Returns dlt's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeleteInsert => "delete-insert",
            Self::Upsert => "upsert",
            Self::InsertOnly => "insert-only",
            Self::Scd2 => "scd2",
        }
    }

    /// Returns the strategy that a stored root table is merged by, if it is merged at all: a table keeps its strategy when
    /// its write disposition changes, as in dlt. The error is a name that is not known.
    pub fn of_table(root: &TableSchema) -> std::result::Result<Self, &str> {
        match root.properties.get(MERGE_STRATEGY_PROPERTY).and_then(Value::as_str) {
            None => Ok(Self::default()),
            Some(name) => Self::ALL
                .into_iter()
                .find(|(known, _)| *known == name)
                .map(|(_, strategy)| strategy)
                .ok_or(name),
        }
    }

    /// Returns whether rows are found by their primary key, so that row keys follow from it.
    pub fn is_keyed(self) -> bool {
        matches!(self, Self::Upsert | Self::InsertOnly)
    }

    /// Returns whether nested rows carry the row key of their root.
    pub fn needs_root_key(self) -> bool {
        self != Self::Scd2
    }
}

/// What a config says of a merge. Without effect on the other dispositions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MergePlan {
    /// The strategy; `None`: the one that the stored table has, else [`MergeStrategy::default`].
    pub strategy: Option<MergeStrategy>,
    /// Whether staged rows are known to have each primary key once. Delete-insert only.
    pub deduplicated: bool,
    /// Whether stored rows that equal their staged one stay as they are. Upsert only.
    pub skip_unchanged_rows: bool,
    /// The column that tells versions of a row apart, as written; `None`: the row key (scd2) or all values (upsert).
    pub row_version_column: Option<String>,
    /// How versions of rows are kept; there with [`MergeStrategy::Scd2`] and with no other.
    pub versions: Option<VersionsPlan>,
}

/// The settings of [`MergeStrategy::Scd2`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionsPlan {
    /// The column that says since when a version is valid, as written.
    pub valid_from: String,
    /// The column that says until when a version was valid, as written.
    pub valid_to: String,
    /// What `valid_to` holds while a version is valid, an ISO 8601 time as written; `None`: NULL.
    pub active_record_timestamp: Option<String>,
    /// When the versions of a load begin.
    pub boundary_timestamp: BoundaryTimestamp,
}

/// When the versions of a load begin and those that they replace end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum BoundaryTimestamp {
    /// Nothing was said: what the stored table says, else when the load was made.
    #[default]
    Stored,
    /// When the load was made, whatever the stored table says.
    Load,
    /// An ISO 8601 time, as written.
    At(String),
}

impl Default for VersionsPlan {
    fn default() -> Self {
        Self {
            valid_from: "_dlt_valid_from".to_owned(),
            valid_to: "_dlt_valid_to".to_owned(),
            active_record_timestamp: None,
            boundary_timestamp: BoundaryTimestamp::Stored,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategy_is_read_back_from_a_table() {
        let mut table = TableSchema::new("t");
        assert_eq!(MergeStrategy::of_table(&table), Ok(MergeStrategy::DeleteInsert));
        for (name, strategy) in MergeStrategy::ALL {
            assert_eq!(strategy.as_str(), name);
            table.properties.insert(MERGE_STRATEGY_PROPERTY.to_owned(), name.into());
            assert_eq!(MergeStrategy::of_table(&table), Ok(strategy));
        }
        table.properties.insert(MERGE_STRATEGY_PROPERTY.to_owned(), "cdc".into());
        assert_eq!(MergeStrategy::of_table(&table), Err("cdc"));
    }
}
