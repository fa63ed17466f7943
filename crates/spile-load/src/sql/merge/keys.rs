//! What a merge goes by, and the SQL that finds rows by it.
//!
//! Of several staged rows with one primary key one survives: the last in staging order, or the one that `dedup_sort` puts
//! first; where stored rows stay as they are (insert-only), the first. Key look-ups are semi-joins over the key columns
//! alone, so that no wide row is read twice.

use serde_json::Value;
use spile_core::{DataType, Error, ErrorKind, MergeStrategy, Result, TableSchema};

use crate::sql::connection::StagedRows;
use crate::sql::identifier::{Identifier, TableName, name_list};

/// What a merge goes by, read from the hints of the root table and reduced to the columns that were staged.
#[derive(Debug)]
pub(crate) struct MergeKeys<'a> {
    primary: Vec<&'a str>,
    merge: Vec<&'a str>,
    dedup_sort: Option<(&'a str, SortOrder)>,
    hard_delete: Option<HardDelete<'a>>,
    /// Whether the staged rows are said to have each key once.
    deduplicated: bool,
    skips_unchanged: bool,
    survivor: SortOrder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SortOrder {
    Ascending,
    Descending,
}

impl SortOrder {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct HardDelete<'a> {
    column: &'a str,
    /// A boolean flag marks a deletion when it is true, any other type when it is not null.
    boolean: bool,
}

impl HardDelete<'_> {
    /// Returns the condition that a row is not a deletion; `flag` is the column as it is written there.
    fn kept(self, flag: &str) -> String {
        if self.boolean { format!("({flag} IS NULL OR NOT {flag})") } else { format!("{flag} IS NULL") }
    }
}

impl<'a> MergeKeys<'a> {
    /// Reads the hints of a table that is merged by this strategy.
    pub(crate) fn read(root: &'a TableSchema, staged: &StagedRows, strategy: MergeStrategy) -> Result<Self> {
        let is_staged = |name: &&str| staged.columns.iter().any(|column| column == name);
        let primary = root.columns_with("primary_key");
        if primary.is_empty() && strategy.is_keyed() {
            return Err(without_primary_key(root, strategy));
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
        let mut merge = if strategy.is_keyed() { Vec::new() } else { root.columns_with("merge_key") };
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
        Ok(Self {
            primary,
            merge,
            dedup_sort: dedup_sort.filter(|(name, _)| is_staged(name) && !strategy.is_keyed()),
            hard_delete: hard_delete.filter(|flag| is_staged(&flag.column)),
            deduplicated: !strategy.is_keyed()
                && root.properties.get("x-stage-data-deduplicated") == Some(&Value::Bool(true)),
            skips_unchanged: strategy == MergeStrategy::Upsert
                && root.properties.get("x-merge-skip-unchanged-rows") == Some(&Value::Bool(true)),
            survivor: if strategy == MergeStrategy::InsertOnly {
                SortOrder::Ascending
            } else {
                SortOrder::Descending
            },
        })
    }

    /// Returns whether there is no key to find stored rows by, so that nothing is replaced.
    pub(crate) fn is_empty(&self) -> bool {
        self.primary.is_empty() && self.merge.is_empty()
    }

    /// Returns whether stored rows that equal their staged one stay as they are.
    pub(crate) fn skips_unchanged(&self) -> bool {
        self.skips_unchanged
    }

    /// Returns whether staged rows can ask for deletion.
    pub(crate) fn has_hard_delete(&self) -> bool {
        self.hard_delete.is_some()
    }

    /// Returns the query that yields a row if two staged rows share a primary key; `None` when that does not matter.
    pub(crate) fn find_duplicate(&self, staged: &StagedRows) -> Option<String> {
        if self.primary.is_empty() || self.deduplicated {
            return None;
        }
        let keys = name_list("s.", self.primary.iter().copied());
        Some(format!("SELECT 1 FROM {} AS s GROUP BY {keys} HAVING COUNT(*) > 1 LIMIT 1", staged.relation))
    }

    /// Returns the statement that keeps row key and staging position of the staged rows that enter: the survivors of
    /// each primary key, deletions left out.
    pub(crate) fn select_winners(&self, winners: &TableName, staged: &StagedRows, row_key: &str) -> String {
        let mut kept = vec![Identifier::new(row_key).to_string()];
        kept.extend(staged.link.map(|link| Identifier::new(link).to_string()));
        kept.extend(staged.sequence.iter().map(|position| (*position).to_owned()));
        let kept = kept.join(", ");
        let flag = self.hard_delete.map(|flag| (flag, Identifier::new(flag.column).to_string()));
        let (mut before, mut after) = (String::new(), Vec::new());
        let (mut rank, mut flag_column) = (String::new(), String::new());
        if !self.primary.is_empty() && !self.deduplicated {
            let keys = name_list("s.", self.primary.iter().copied());
            rank = format!(
                ", ROW_NUMBER() OVER (PARTITION BY {keys} ORDER BY {}) AS _spile_rank",
                self.order(staged)
            );
            after.push("_spile_rank = 1".to_owned());
        }
        match &flag {
            // Where nothing is deleted, a deletion is as if it had not come.
            Some((flag, column)) if self.survivor == SortOrder::Ascending => {
                before = format!(" WHERE {}", flag.kept(column));
            }
            Some((flag, column)) => {
                flag_column = format!(", s.{column}");
                after.push(flag.kept(column));
            }
            None => {}
        }
        let after = if after.is_empty() { "TRUE".to_owned() } else { after.join(" AND ") };
        format!(
            "CREATE TEMPORARY TABLE {winners} AS SELECT {kept} FROM \
             (SELECT {kept}{flag_column}{rank} FROM {} AS s{before}) AS ranked WHERE {after}",
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
                format!("EXISTS (SELECT 1 FROM {} AS k WHERE {})", staged.relation, equal(keys, "k", "r"))
            })
            .collect();
        if alternatives.is_empty() { "FALSE".to_owned() } else { alternatives.join(" OR ") }
    }

    /// Returns the condition over alias `s` that no stored row has the primary key of a staged one.
    pub(crate) fn is_new(&self, root: &TableName) -> String {
        format!("NOT EXISTS (SELECT 1 FROM {root} AS r WHERE {})", equal(&self.primary, "r", "s"))
    }

    /// Returns the statement that keeps the positions of the winners that equal the stored row with their primary key, in
    /// the row version if the table has one, else in all columns that carry data.
    pub(crate) fn select_unchanged(
        &self,
        unchanged: &TableName,
        winners: &TableName,
        table: &TableSchema,
        root: &TableName,
        staged: &StagedRows,
        row_key: &str,
    ) -> String {
        let compared = self.compared_columns(table, row_key);
        let is_staged = |name: &str| staged.columns.iter().any(|column| column == name);
        let same: Vec<String> = compared
            .into_iter()
            .map(|name| (Identifier::new(name), is_staged(name)))
            .map(|(column, is_staged)| {
                if is_staged {
                    format!(" AND s.{column} IS NOT DISTINCT FROM r.{column}")
                } else {
                    format!(" AND r.{column} IS NULL")
                }
            })
            .collect();
        let sequence: Vec<String> = staged.sequence.iter().map(|position| format!("s.{position}")).collect();
        format!(
            "CREATE TEMPORARY TABLE {unchanged} AS SELECT {} FROM {} AS s JOIN {root} AS r ON {} \
             WHERE {}{}",
            sequence.join(", "),
            staged.relation,
            equal(&[&self.primary[..], &[row_key]].concat(), "r", "s"),
            is_winner(winners, staged),
            same.concat(),
        )
    }

    /// Returns the columns whose values decide whether a row changed, as dlt picks them.
    fn compared_columns<'t>(&self, table: &'t TableSchema, row_key: &str) -> Vec<&'t str> {
        let versions = table.columns_with("x-row-version");
        if !versions.is_empty() {
            return versions;
        }
        let flag = self.hard_delete.map(|flag| flag.column);
        table
            .columns
            .values()
            .filter(|column| column.data_type.is_some() && !self.primary.contains(&column.name.as_str()))
            .map(|column| column.name.as_str())
            .filter(|name| ![row_key, "_dlt_load_id"].contains(name) && Some(*name) != flag)
            .collect()
    }

    /// Returns the statement that deletes the stored rows that have the primary key of a staged row, unless they equal it.
    pub(crate) fn delete_changed(
        &self,
        root: &TableName,
        staged: &StagedRows,
        unchanged: &TableName,
    ) -> String {
        format!(
            "DELETE FROM {root} AS r WHERE {} AND NOT EXISTS (SELECT 1 FROM {} AS s WHERE {} AND {})",
            self.is_replaced(staged),
            staged.relation,
            equal(&self.primary, "r", "s"),
            is_winner(unchanged, staged),
        )
    }

    /// Returns the order in which the survivor of a primary key comes first.
    fn order(&self, staged: &StagedRows) -> String {
        let mut terms = Vec::new();
        if let Some((column, order)) = self.dedup_sort {
            terms.push(format!("s.{} {} NULLS LAST", Identifier::new(column), order.as_str()));
        }
        let survivor = self.survivor.as_str();
        terms.extend(staged.sequence.iter().map(|position| format!("{position} {survivor}")));
        terms.join(", ")
    }
}

/// Returns the condition that two rows have the same values in these columns.
pub(super) fn equal(columns: &[&str], left: &str, right: &str) -> String {
    let equal: Vec<String> = columns
        .iter()
        .map(|column| Identifier::new(*column))
        .map(|column| format!("{left}.{column} = {right}.{column}"))
        .collect();
    equal.join(" AND ")
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

/// Returns the condition over alias `s` that a staged child row belongs to one of the winners, by a column of its own and
/// the column of the winners that this holds.
pub(crate) fn has_winning_root(winners: &TableName, column: &str, of_winners: &str) -> String {
    let (column, of_winners) = (Identifier::new(column), Identifier::new(of_winners));
    format!("s.{column} IN (SELECT {of_winners} FROM {winners})")
}

fn without_primary_key(root: &TableSchema, strategy: MergeStrategy) -> Error {
    Error::new(
        ErrorKind::Config,
        "destination/no-primary-key",
        "the merge strategy finds rows by a primary key, and the table has none",
    )
    .with("table", &root.name)
    .with("strategy", strategy.as_str())
    .hint("Add primary_key to the resource, with the field or fields that identify a record.")
}
