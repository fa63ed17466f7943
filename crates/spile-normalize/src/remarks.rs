//! What is worth telling about rows beside storing them. It is staged with the rows, so that a run that goes on after a
//! kill tells it too.
//!
//! Table, column and key names enter, values never do. Not here: what is odd. Invariant: everything but the counts is
//! bounded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spile_core::{NamingConvention, Schema};

/// Sentences, and columns that are only null, that are kept of one load.
const KEPT_MAX: usize = 1_000;

/// Columns that one sentence names.
const NAMED_MAX: usize = 8;

/// What a batch of rows, or a whole load, leaves to tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remarks {
    /// Sentences about what is odd but stored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What schema contracts dropped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<DroppedCount>,
    /// Columns (table, column) that came with nothing but null so far. They are not made, as in dlt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only_null: Vec<(String, String)>,
}

/// How often a schema contract dropped something of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedCount {
    /// The table.
    pub table: String,
    /// The column; empty for a table that may not be made.
    pub column: String,
    /// dlt's word for what the contract rules: `tables`, `columns`, `data_type`.
    pub entity: String,
    /// Whether rows were dropped, and not only values.
    pub rows: bool,
    /// How many.
    pub count: u64,
}

impl Remarks {
    /// Returns whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.warnings.is_empty() && self.dropped.is_empty() && self.only_null.is_empty()
    }

    /// Adds the remarks of later rows.
    pub fn extend(&mut self, later: &Self) {
        for warning in &later.warnings {
            if self.warnings.len() < KEPT_MAX && !self.warnings.contains(warning) {
                self.warnings.push(warning.clone());
            }
        }
        for dropped in &later.dropped {
            let same = |known: &&mut DroppedCount| {
                (&known.table, &known.column, &known.entity, known.rows)
                    == (&dropped.table, &dropped.column, &dropped.entity, dropped.rows)
            };
            match self.dropped.iter_mut().find(same) {
                Some(known) => known.count += dropped.count,
                None => self.dropped.push(dropped.clone()),
            }
        }
        for column in &later.only_null {
            if self.only_null.len() < KEPT_MAX && !self.only_null.contains(column) {
                self.only_null.push(column.clone());
            }
        }
    }

    /// Puts it into sentences. `schema` is the schema after the rows: a column that got a value since is not told.
    pub fn sentences(&self, schema: &Schema) -> Vec<String> {
        let mut sentences = self.warnings.clone();
        sentences.extend(self.dropped.iter().map(DroppedCount::sentence));
        let mut by_table: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (table, column) in
            self.only_null.iter().filter(|(table, column)| is_missing(schema, table, column))
        {
            by_table.entry(table).or_default().push(column);
        }
        sentences.extend(by_table.into_iter().map(|(table, columns)| only_null(table, &columns)));
        sentences
    }
}

impl DroppedCount {
    fn sentence(&self) -> String {
        let Self { table, column, entity, rows, count } = self;
        let what = if *rows { "rows" } else { "values" };
        let place = if column.is_empty() { String::new() } else { format!(", column {column}") };
        format!("table {table}{place}: the schema contract on {entity} dropped {count} {what}")
    }
}

/// Returns whether neither a column nor a table came of the key that leads to this column.
fn is_missing(schema: &Schema, table: &str, column: &str) -> bool {
    let convention = schema.naming_convention().ok().flatten();
    let separator = convention.unwrap_or_else(NamingConvention::default_convention).separator;
    let below = format!("{column}{separator}");
    let is_there = schema.tables.get(table).is_some_and(|table| {
        let mut columns = table.columns.values().filter(|column| column.data_type.is_some());
        columns.any(|other| other.name == column || other.name.starts_with(&below))
    });
    !is_there && !schema.tables.contains_key(&format!("{table}{separator}{column}"))
}

fn only_null(table: &str, columns: &[&str]) -> String {
    let named = columns[..columns.len().min(NAMED_MAX)].join(", ");
    let more = match columns.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "table {table}: nothing but null came for {named}{more}, so there is no such column; declare a data_type in columns to have it"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use spile_core::{ColumnSchema, DataType, TableSchema};

    fn dropped(count: u64, rows: bool) -> DroppedCount {
        DroppedCount { table: "t".into(), column: "c".into(), entity: "columns".into(), rows, count }
    }

    #[test]
    fn later_remarks_are_added_and_what_got_a_value_is_not_told() {
        let mut remarks = Remarks {
            warnings: vec!["odd".into()],
            dropped: vec![dropped(2, true)],
            only_null: vec![("t".into(), "a".into()), ("t".into(), "b".into())],
        };
        remarks.extend(&Remarks {
            warnings: vec!["odd".into(), "odder".into()],
            dropped: vec![dropped(3, true), dropped(1, false)],
            only_null: vec![("t".into(), "b".into()), ("u".into(), "a".into())],
        });
        let mut schema = Schema::new("s");
        let mut table = TableSchema::new("t");
        table.add(ColumnSchema::new("a", DataType::Text));
        schema.tables.insert("t".into(), table);
        let told = remarks.sentences(&schema);
        assert_eq!(told[..2], ["odd", "odder"]);
        assert!(told[2].ends_with("dropped 5 rows") && told[3].ends_with("dropped 1 values"), "{told:?}");
        assert!(told[4].contains("came for b,") && told[5].starts_with("table u:"), "{told:?}");
        assert_eq!(told.len(), 6);
        let again: Remarks = serde_json::from_str(&serde_json::to_string(&remarks).unwrap()).unwrap();
        assert_eq!(again, remarks);
    }

    #[test]
    fn a_sentence_names_few_columns() {
        let columns: Vec<String> = (0..20).map(|number| format!("c{number}")).collect();
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        assert!(only_null("t", &names).contains("c7 and 12 more"), "{}", only_null("t", &names));
    }
}
