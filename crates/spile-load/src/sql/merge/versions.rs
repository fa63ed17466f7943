//! scd2: each version of a row is kept, with the time from and to which it was valid.
//!
//! A load is a snapshot: versions that it does not have end at the boundary of the load, new ones begin there. With a merge
//! key a load is a snapshot only of the groups that it has rows of. Nested rows enter with their version and stay.
//!
//! Of several staged rows with one version one enters, the last.

use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;
use serde_json::Value;
use spile_core::{Error, ErrorKind, Result, TableSchema};

use super::keys::{self, equal};
use super::{Entered, WINNERS, is_absent};
use crate::sql::commit::{StagedTable, Writer, key_column};
use crate::sql::connection::{SqlConnection, StagedRows};
use crate::sql::dialect::SqlDialect;
use crate::sql::identifier::{Identifier, TableName, name_list};

/// What versions are kept by, read from the hints of the root table.
#[derive(Debug)]
pub(crate) struct Versions<'a> {
    valid_from: &'a str,
    valid_to: &'a str,
    /// The column that tells versions apart.
    version: &'a str,
    /// The column that nested rows refer to.
    row_key: &'a str,
    /// The columns of the groups that a load is a snapshot of, and whether any staged row has them.
    merge_key: Vec<&'a str>,
    has_groups: bool,
    /// What `valid_to` holds while a version is valid, as a literal.
    active: Option<String>,
    /// Where the versions of this load begin, as a literal.
    boundary: String,
}

impl<'a> Versions<'a> {
    /// Reads the hints of a table.
    pub(crate) fn read(
        root: &'a TableSchema,
        staged: &StagedRows,
        load_id: &str,
        dialect: &dyn SqlDialect,
    ) -> Result<Self> {
        let (valid_from, valid_to) = (key_column(root, "x-valid-from")?, key_column(root, "x-valid-to")?);
        let active = root.columns[valid_to].hints.get("x-active-record-timestamp");
        let boundary = root.properties.get("x-boundary-timestamp");
        let literal = |value: Option<&Value>| match value {
            None | Some(Value::Null) => Ok(None),
            Some(value) => time_of(value).map(|time| Some(dialect.timestamp(&utc_text(time)))),
        };
        let told = |error: Error| error.with("table", &root.name);
        let boundary = literal(boundary).map_err(told)?;
        let merge_key = root.columns_with("merge_key");
        let version = key_column(root, "x-row-version")?;
        Ok(Self {
            valid_from,
            valid_to,
            version,
            row_key: root.columns_with("row_key").first().copied().unwrap_or(version),
            has_groups: merge_key.iter().all(|key| staged.columns.iter().any(|column| column == key)),
            merge_key,
            active: literal(active).map_err(told)?,
            boundary: match boundary {
                Some(boundary) => boundary,
                None => dialect.timestamp(&utc_text(time_of_load(load_id)?)),
            },
        })
    }

    /// Returns the condition that a stored row is a version that is valid.
    fn is_active(&self, alias: &str) -> String {
        let valid_to = Identifier::new(self.valid_to);
        match &self.active {
            None => format!("{alias}.{valid_to} IS NULL"),
            Some(active) => format!("{alias}.{valid_to} = {active}"),
        }
    }

    /// Returns the statement that ends the versions that the load does not have; `None` when it is a snapshot of nothing.
    pub(crate) fn retire(&self, root: &TableName, staged: &StagedRows) -> Option<String> {
        let mut conditions = vec![
            self.is_active("r"),
            format!(
                "NOT EXISTS (SELECT 1 FROM {} AS k WHERE {})",
                staged.relation,
                equal(&[self.version], "k", "r")
            ),
        ];
        if !self.has_groups {
            return None;
        }
        if !self.merge_key.is_empty() {
            let same_group = equal(&self.merge_key, "k", "r");
            conditions.push(format!("EXISTS (SELECT 1 FROM {} AS k WHERE {same_group})", staged.relation));
        }
        let valid_to = Identifier::new(self.valid_to);
        Some(format!(
            "UPDATE {root} AS r SET {valid_to} = {} WHERE {}",
            self.boundary,
            conditions.join(" AND ")
        ))
    }

    /// Returns the statement that keeps row key and position of the staged rows that are new versions: the last of each.
    pub(crate) fn select_new(
        &self,
        winners: &TableName,
        staged: &StagedRows,
        stored: Option<&TableName>,
    ) -> String {
        let (row_key, version) = (Identifier::new(self.row_key), Identifier::new(self.version));
        let sequence = staged.sequence.join(", ");
        let last_first: Vec<String> =
            staged.sequence.iter().map(|position| format!("{position} DESC")).collect();
        let is_new = stored.map(|root| {
            format!(
                " WHERE NOT EXISTS (SELECT 1 FROM {root} AS r WHERE {} AND {})",
                equal(&[self.version], "r", "s"),
                self.is_active("r")
            )
        });
        format!(
            "CREATE TEMPORARY TABLE {winners} AS SELECT {row_key}, {sequence} FROM (SELECT s.{row_key}, \
             {sequence}, ROW_NUMBER() OVER (PARTITION BY s.{version} ORDER BY {}) AS _spile_rank FROM {} AS s{}) \
             AS ranked WHERE _spile_rank = 1",
            last_first.join(", "),
            staged.relation,
            is_new.unwrap_or_default(),
        )
    }

    /// Returns the statement that inserts the new versions, valid from the boundary on.
    pub(crate) fn insert(&self, root: &TableName, staged: &StagedRows, winners: &TableName) -> String {
        let validity = [self.valid_from, self.valid_to];
        let columns: Vec<&str> =
            staged.columns.iter().map(String::as_str).filter(|column| !validity.contains(column)).collect();
        format!(
            "INSERT INTO {root} ({}) SELECT {}, {}, {} FROM {} AS s WHERE {}",
            name_list("", columns.iter().copied().chain(validity)),
            name_list("s.", columns.iter().copied()),
            self.boundary,
            self.active.as_deref().unwrap_or("NULL"),
            staged.relation,
            keys::is_winner(winners, staged),
        )
    }
}

impl<'a, C: SqlConnection> Writer<'a, C> {
    /// Ends the versions that are gone and inserts those that are new.
    pub(super) fn keep_versions(
        &mut self,
        root: &StagedTable<'a>,
        staged: &[StagedTable<'a>],
    ) -> Result<Entered> {
        let load_id = &self.package.manifest.load_id;
        let versions = Versions::read(root.table, &root.rows, load_id, self.dialect)?;
        let stored = self.is_stored(root.table).then_some(&root.name);
        let name = &root.table.name;
        if let Some(retire) = stored.and_then(|stored| versions.retire(stored, &root.rows)) {
            self.execute(name, &retire)?;
        }
        let winners = TableName::temporary(WINNERS);
        self.execute(name, &versions.select_new(&winners, &root.rows, stored))?;
        let mut rows =
            vec![(name.clone(), self.execute(name, &versions.insert(&root.name, &root.rows, &winners))?)];
        for nested in staged.iter().filter(|staged| staged.table.name != *name) {
            let row_key = key_column(nested.table, "row_key")?;
            let first = self.select_first_of_row_key(nested, row_key)?;
            let mut conditions = vec![
                keys::is_winner(&first, &nested.rows),
                descends(nested, "s", staged, versions.row_key, &winners)?,
            ];
            if self.is_stored(nested.table) {
                conditions.push(is_absent(&nested.name, row_key));
            }
            rows.push(self.insert(nested, Some(&conditions.join(" AND ")))?);
            self.drop_temporary(&first)?;
        }
        self.drop_temporary(&winners)?;
        Ok(rows)
    }
}

/// Returns the condition that a staged nested row hangs below one of the winners, from parent to parent: nested rows do not
/// know their root here.
fn descends(
    nested: &StagedTable<'_>,
    alias: &str,
    staged: &[StagedTable<'_>],
    root_row_key: &str,
    winners: &TableName,
) -> Result<String> {
    let parent_key = Identifier::new(key_column(nested.table, "parent_key")?);
    let parent = staged.iter().find(|staged| Some(&staged.table.name) == nested.table.parent.as_ref());
    let Some(parent) = parent else { return Ok("FALSE".to_owned()) };
    if parent.table.parent.is_none() {
        let row_key = Identifier::new(root_row_key);
        return Ok(format!("{alias}.{parent_key} IN (SELECT {row_key} FROM {winners})"));
    }
    let above = format!("{alias}p");
    let condition = descends(parent, &above, staged, root_row_key, winners)?;
    let row_key = Identifier::new(key_column(parent.table, "row_key")?);
    Ok(format!(
        "{alias}.{parent_key} IN (SELECT {above}.{row_key} FROM {} AS {above} WHERE {condition})",
        parent.rows.relation
    ))
}

/// Reads a time as dlt stores it; one without an offset is in UTC.
fn time_of(value: &Value) -> Result<DateTime> {
    let text = value.as_str().unwrap_or_default();
    let parsed = Pieces::parse(text).ok().and_then(|pieces| {
        let time = DateTime::from_parts(pieces.date(), pieces.time().unwrap_or_default());
        match pieces.to_numeric_offset() {
            None => Some(time),
            Some(offset) => time.checked_sub(jiff::SignedDuration::from_secs(offset.seconds().into())).ok(),
        }
    });
    parsed.ok_or_else(|| {
        Error::new(ErrorKind::State, "destination/version-time", "a time that versions go by cannot be read")
            .with("found", value)
            .hint("Write active_record_timestamp and boundary_timestamp like 2026-01-31T12:00:00Z.")
    })
}

/// Returns when a load was made: its id is the text of Unix seconds, with or without a fraction.
fn time_of_load(load_id: &str) -> Result<DateTime> {
    let (seconds, fraction) = load_id.split_once('.').unwrap_or((load_id, ""));
    let micros: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let made =
        seconds.parse().ok().zip(micros.parse::<i64>().ok()).and_then(|(seconds, micros): (i64, i64)| {
            jiff::Timestamp::from_microsecond(seconds.checked_mul(1_000_000)?.checked_add(micros)?).ok()
        });
    let made = made.ok_or_else(|| {
        Error::new(ErrorKind::Bug, "destination/load-id", "a load id is not a time").with("load_id", load_id)
    })?;
    Ok(made.to_zoned(jiff::tz::TimeZone::UTC).datetime())
}

/// Writes a time in UTC with microseconds, as all destinations hold it.
fn utc_text(time: DateTime) -> String {
    format!("{time:.6}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_read_as_dlt_writes_them() {
        for (text, utc) in [
            ("9999-12-31", Some("9999-12-31T00:00:00.000000")),
            ("9999-12-31T23:59:59Z", Some("9999-12-31T23:59:59.000000")),
            ("2024-01-01T00:00:00+02:00", Some("2023-12-31T22:00:00.000000")),
            ("2024-01-01 10:00:00.1234567", Some("2024-01-01T10:00:00.123456")),
            ("soon", None),
        ] {
            assert_eq!(time_of(&json!(text)).ok().map(utc_text).as_deref(), utc, "{text}");
        }
        for (load_id, utc) in [
            ("1795329138.8884501", "2026-11-22T06:32:18.888450"),
            ("1.5", "1970-01-01T00:00:01.500000"),
            ("7", "1970-01-01T00:00:07.000000"),
        ] {
            assert_eq!(utc_text(time_of_load(load_id).unwrap()), utc, "{load_id}");
        }
        assert!(time_of_load("load").is_err());
    }
}
