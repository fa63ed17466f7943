//! dlt's delete-insert merge as SQL text.
//!
//! Staged rows replace the rows with the same key, children included. Of several staged rows with one primary key the
//! last in staging order survives, unless `dedup_sort` names a column that decides. Key look-ups are semi-joins over
//! the key columns alone, so that no wide row is read twice.
//!
//! Invariant: row keys (`_dlt_id`) are unique inside a package.

use serde_json::Value;
use spile_core::{DataType, Error, ErrorKind, Result, TableSchema};

use super::connection::StagedRows;
use super::identifier::{Identifier, TableName, name_list};

/// What a merge goes by, read from the hints of the root table and reduced to the columns that were staged.
#[derive(Debug)]
pub(crate) struct MergeKeys<'a> {
    primary: Vec<&'a str>,
    merge: Vec<&'a str>,
    dedup_sort: Option<(&'a str, SortOrder)>,
    hard_delete: Option<HardDelete<'a>>,
}

#[derive(Debug, Clone, Copy)]
enum SortOrder {
    Ascending,
    Descending,
}

#[derive(Debug, Clone, Copy)]
struct HardDelete<'a> {
    column: &'a str,
    /// A boolean flag marks a deletion when it is true, any other type when it is not null.
    boolean: bool,
}

impl<'a> MergeKeys<'a> {
    /// Reads the hints. `None`: there is no key, the load is a plain append.
    pub(crate) fn read(root: &'a TableSchema, staged: &StagedRows) -> Result<Option<Self>> {
        refuse_other_strategies(root)?;
        let is_staged = |name: &&str| staged.columns.iter().any(|column| column == name);
        let primary = root.columns_with("primary_key");
        let mut merge = root.columns_with("merge_key");
        if primary.is_empty() && merge.is_empty() {
            return Ok(None);
        }
        if let Some(missing) = primary.iter().find(|name| !is_staged(name)) {
            return Err(Error::new(
                ErrorKind::Data,
                "destination/primary-key-missing",
                "no staged row has a value for the primary key",
            )
            .with("table", &root.name)
            .with("column", missing)
            .hint("Check that primary_key names a field that the records have."));
        }
        // A merge key that is NULL in every row matches nothing.
        if !merge.iter().all(is_staged) {
            merge.clear();
        }
        let dedup_sort = root.columns.values().find_map(|column| {
            let order = column.hints.get("dedup_sort").and_then(Value::as_str)?;
            let order = if order == "asc" { SortOrder::Ascending } else { SortOrder::Descending };
            Some((column.name.as_str(), order))
        });
        let hard_delete = root.columns.values().find(|column| column.has_hint("hard_delete")).map(|column| {
            HardDelete { column: &column.name, boolean: column.data_type == Some(DataType::Bool) }
        });
        Ok(Some(Self {
            primary,
            merge,
            dedup_sort: dedup_sort.filter(|(name, _)| is_staged(name)),
            hard_delete: hard_delete.filter(|flag| is_staged(&flag.column)),
        }))
    }

    /// Returns whether staged rows can ask for deletion.
    pub(crate) fn has_hard_delete(&self) -> bool {
        self.hard_delete.is_some()
    }

    /// Returns the query that yields a row if two staged rows share a primary key; `None` without a primary key.
    pub(crate) fn find_duplicate(&self, staged: &StagedRows) -> Option<String> {
        if self.primary.is_empty() {
            return None;
        }
        let keys = name_list("s.", self.primary.iter().copied());
        Some(format!("SELECT 1 FROM {} AS s GROUP BY {keys} HAVING COUNT(*) > 1 LIMIT 1", staged.relation))
    }

    /// Returns the statement that keeps row key and staging position of the staged rows that enter: the survivors of
    /// each primary key, deletions left out.
    pub(crate) fn select_winners(&self, winners: &TableName, staged: &StagedRows, row_key: &str) -> String {
        let row_key = Identifier::new(row_key);
        let sequence = staged.sequence.join(", ");
        let flag = self.hard_delete.map(|flag| Identifier::new(flag.column));
        let flag_column = flag.as_ref().map(|name| format!(", s.{name}")).unwrap_or_default();
        let mut conditions = Vec::new();
        let mut rank = String::new();
        if !self.primary.is_empty() {
            let keys = name_list("s.", self.primary.iter().copied());
            rank = format!(
                ", ROW_NUMBER() OVER (PARTITION BY {keys} ORDER BY {}) AS _spile_rank",
                self.order(staged)
            );
            conditions.push("_spile_rank = 1".to_owned());
        }
        if let (Some(flag), Some(hint)) = (&flag, self.hard_delete) {
            conditions.push(if hint.boolean {
                format!("({flag} IS NULL OR NOT {flag})")
            } else {
                format!("{flag} IS NULL")
            });
        }
        let condition = if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") };
        format!(
            "CREATE TEMPORARY TABLE {winners} AS SELECT {row_key}, {sequence} FROM \
             (SELECT s.{row_key}, {sequence}{flag_column}{rank} FROM {} AS s) AS ranked WHERE {condition}",
            staged.relation
        )
    }

    /// Returns the statement that keeps the row keys of the rows that a load replaces.
    pub(crate) fn collect_replaced(
        &self,
        replaced: &TableName,
        root: &TableName,
        staged: &StagedRows,
        row_key: &str,
    ) -> String {
        let row_key = Identifier::new(row_key);
        let condition = self.is_replaced(staged);
        format!("CREATE TEMPORARY TABLE {replaced} AS SELECT r.{row_key} FROM {root} AS r WHERE {condition}")
    }

    /// Returns the statement that deletes the rows that a load replaces, for a root without children.
    pub(crate) fn delete_replaced(&self, root: &TableName, staged: &StagedRows) -> String {
        format!("DELETE FROM {root} AS r WHERE {}", self.is_replaced(staged))
    }

    /// Returns the condition over alias `r` that a stored row has the key of a staged one.
    fn is_replaced(&self, staged: &StagedRows) -> String {
        let alternatives: Vec<String> = [&self.primary, &self.merge]
            .into_iter()
            .filter(|keys| !keys.is_empty())
            .map(|keys| {
                let equal: Vec<String> = keys
                    .iter()
                    .map(|key| Identifier::new(*key))
                    .map(|key| format!("k.{key} = r.{key}"))
                    .collect();
                format!("EXISTS (SELECT 1 FROM {} AS k WHERE {})", staged.relation, equal.join(" AND "))
            })
            .collect();
        if alternatives.is_empty() { "FALSE".to_owned() } else { alternatives.join(" OR ") }
    }

    /// Returns the order in which the survivor of a primary key comes first.
    fn order(&self, staged: &StagedRows) -> String {
        let mut terms = Vec::new();
        if let Some((column, order)) = self.dedup_sort {
            let direction = match order {
                SortOrder::Ascending => "ASC",
                SortOrder::Descending => "DESC",
            };
            terms.push(format!("s.{} {direction} NULLS LAST", Identifier::new(column)));
        }
        terms.extend(staged.sequence.iter().map(|position| format!("{position} DESC")));
        terms.join(", ")
    }
}

/// Returns the statement that deletes rows by a key that was collected before.
pub(crate) fn delete_collected(
    target: &TableName,
    key: &str,
    collected: &TableName,
    row_key: &str,
) -> String {
    let (key, row_key) = (Identifier::new(key), Identifier::new(row_key));
    format!("DELETE FROM {target} WHERE {key} IN (SELECT {row_key} FROM {collected})")
}

/// Returns the condition over alias `s` that a staged root row is one of the winners.
pub(crate) fn is_winner(winners: &TableName, staged: &StagedRows) -> String {
    let equal: Vec<String> =
        staged.sequence.iter().map(|position| format!("w.{position} = s.{position}")).collect();
    format!("EXISTS (SELECT 1 FROM {winners} AS w WHERE {})", equal.join(" AND "))
}

/// Returns the condition over alias `s` that a staged child row belongs to one of the winners.
pub(crate) fn has_winning_root(winners: &TableName, root_key: &str, row_key: &str) -> String {
    let (root_key, row_key) = (Identifier::new(root_key), Identifier::new(row_key));
    format!("s.{root_key} IN (SELECT {row_key} FROM {winners})")
}

fn refuse_other_strategies(root: &TableSchema) -> Result<()> {
    match root.properties.get("x-merge-strategy").and_then(Value::as_str) {
        None | Some("delete-insert") => Ok(()),
        Some(strategy) => Err(Error::new(
            ErrorKind::Config,
            "destination/merge-strategy",
            "the merge strategy is not supported yet",
        )
        .with("table", &root.name)
        .with("strategy", strategy)
        .hint("Use the merge strategy delete-insert, which is the default.")),
    }
}
