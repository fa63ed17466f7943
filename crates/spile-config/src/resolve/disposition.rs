//! `write_disposition` in dlt's forms: a word, or a map with a strategy and its settings.
//!
//! How `replace` exchanges rows is the destination's choice, since a load is one transaction and all of dlt's ways end in
//! the same rows; the names are checked and go no further.

use jiff::civil::DateTime;
use spile_core::{
    BoundaryTimestamp, Diagnostic, MergePlan, MergeStrategy, Node, Store, Value, VersionsPlan,
    WriteDisposition,
};

use crate::fields::{KnownKeys, missing, not_supported, wrong_type};
use crate::resolve::Resolver;

const DISPOSITIONS: [(&str, WriteDisposition); 3] = [
    ("append", WriteDisposition::Append),
    ("replace", WriteDisposition::Replace),
    ("merge", WriteDisposition::Merge),
];

const REPLACE_STRATEGIES: [(&str, ()); 3] =
    [("truncate-and-insert", ()), ("insert-from-staging", ()), ("staging-optimized", ())];

const SQL_CONDITION: &str = "Remove it; conditions in SQL are not taken from a config yet.";

pub(super) const DISPOSITION: KnownKeys = KnownKeys {
    of: "write_disposition",
    known: &[
        "disposition",
        "strategy",
        "deduplicated",
        "skip_unchanged_rows",
        "validity_column_names",
        "active_record_timestamp",
        "boundary_timestamp",
        "row_version_column_name",
    ],
    later: &[("source_filter", SQL_CONDITION), ("destination_scope", SQL_CONDITION)],
};

/// The settings of a merge with the strategies that heed them.
const HEEDED_BY: [(&str, &[MergeStrategy]); 6] = [
    ("deduplicated", &[MergeStrategy::DeleteInsert]),
    ("skip_unchanged_rows", &[MergeStrategy::Upsert]),
    ("validity_column_names", &[MergeStrategy::Scd2]),
    ("active_record_timestamp", &[MergeStrategy::Scd2]),
    ("boundary_timestamp", &[MergeStrategy::Scd2]),
    ("row_version_column_name", &[MergeStrategy::Scd2, MergeStrategy::Upsert]),
];

impl Resolver<'_> {
    /// Reads how rows enter, and for a merge how.
    pub(super) fn write_disposition(&mut self, node: &Node) -> Option<(WriteDisposition, MergePlan)> {
        let Value::Map(_) = node.value else {
            return self.disposition_word(node).map(|disposition| (disposition, MergePlan::default()));
        };
        DISPOSITION.check(node, self.diagnostics);
        let Some(word) = node.get("disposition") else {
            self.report(missing("disposition", "write_disposition", &node.span));
            return None;
        };
        let disposition = self.disposition_word(word)?;
        let strategy = node.get("strategy").filter(|node| !node.is_null());
        let merge = match disposition {
            WriteDisposition::Merge => self.merge_plan(node, strategy)?,
            WriteDisposition::Replace => {
                if let Some(strategy) = strategy {
                    self.choice(strategy, "the replace strategy", &REPLACE_STRATEGIES)?;
                }
                MergePlan::default()
            }
            WriteDisposition::Append => {
                if let Some(strategy) = strategy {
                    self.report(without_effect("strategy", "append").at(&strategy.span));
                }
                MergePlan::default()
            }
        };
        Some((disposition, merge))
    }

    fn disposition_word(&mut self, node: &Node) -> Option<WriteDisposition> {
        if node.as_str() == Some("skip") {
            self.report(
                not_supported("the write disposition `skip` on a resource with data", &node.span)
                    .hint("Deselect the resource with `selected: false`; dlt cannot load it either."),
            );
            return None;
        }
        self.choice(node, "write_disposition", &DISPOSITIONS)
    }

    fn merge_plan(&mut self, node: &Node, strategy: Option<&Node>) -> Option<MergePlan> {
        let get = |key: &str| node.get(key).filter(|node| !node.is_null());
        let strategy = match strategy {
            Some(strategy) if strategy.as_str() == Some("cdc") => {
                self.report(
                    not_supported("the merge strategy `cdc`", &strategy.span)
                        .hint("Use upsert, delete-insert, insert-only or scd2."),
                );
                return None;
            }
            Some(strategy) => Some(self.choice(strategy, "the merge strategy", &MergeStrategy::ALL)?),
            None => None,
        };
        for (key, heeding) in HEEDED_BY {
            let (Some(setting), Some(strategy)) = (get(key), strategy) else { continue };
            if !heeding.contains(&strategy) {
                self.report(without_effect(key, strategy.as_str()).at(&setting.span));
            }
        }
        let deduplicated = get("deduplicated").map(|node| self.boolean(node, "deduplicated"));
        let skip_unchanged = get("skip_unchanged_rows").map(|node| self.boolean(node, "skip_unchanged_rows"));
        let version_column = get("row_version_column_name")
            .map(|node| self.string(node, "row_version_column_name").filter(|name| !name.is_empty()));
        let versions = match strategy {
            Some(MergeStrategy::Scd2) => Some(self.versions(node)?),
            _ => None,
        };
        Some(MergePlan {
            strategy,
            deduplicated: deduplicated.unwrap_or(Some(false))?,
            skip_unchanged_rows: skip_unchanged.unwrap_or(Some(false))?,
            row_version_column: version_column.map_or(Some(None), |name| name.map(Some))?,
            versions,
        })
    }

    fn versions(&mut self, node: &Node) -> Option<VersionsPlan> {
        let get = |key: &str| node.get(key).filter(|node| !node.is_null());
        let mut plan = VersionsPlan::default();
        if let Some(names) = get("validity_column_names") {
            let read = self.strings(names, "validity_column_names")?;
            let [from, to] = read.as_slice() else {
                self.report(wrong_type("validity_column_names", "a list of two column names", names));
                return None;
            };
            (plan.valid_from, plan.valid_to) = (from.clone(), to.clone());
        }
        if let Some(time) = get("active_record_timestamp") {
            plan.active_record_timestamp = Some(self.time_text(time, "active_record_timestamp")?);
        }
        match node.get("boundary_timestamp") {
            None => {}
            Some(time) if time.is_null() => plan.boundary_timestamp = BoundaryTimestamp::Load,
            Some(time) => {
                plan.boundary_timestamp = BoundaryTimestamp::At(self.time_text(time, "boundary_timestamp")?);
            }
        }
        Some(plan)
    }

    /// Reads a time as it is written; that it is one is checked. Years up to 9999 are common here, so the check is that of a
    /// calendar and not that of an instant.
    fn time_text(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = self.string(node, what)?;
        if text.trim_end_matches(['Z', 'z']).parse::<DateTime>().is_ok() {
            return Some(text);
        }
        self.report(
            Diagnostic::error("config/invalid-value", format!("{what} must be a date or a time"))
                .at(&node.span)
                .hint("Write for example 2026-01-31 or 2026-01-31T12:00:00Z."),
        );
        None
    }

    /// An upsert without a key has nothing to go by.
    pub(super) fn check_merge_keys(
        &mut self,
        merge: &MergePlan,
        keys: &[String],
        has_hints: bool,
        at: &Node,
    ) {
        let Some(strategy) = merge.strategy.filter(|strategy| strategy.is_keyed()) else { return };
        if keys.is_empty() && !has_hints {
            self.report(
                Diagnostic::error(
                    "config/missing-field",
                    format!("the merge strategy `{}` needs the key `primary_key`", strategy.as_str()),
                )
                .at(&at.span)
                .hint("Add `primary_key` to the resource, with the field or fields that identify a record."),
            );
        }
    }

    /// Checks dlt's `destination.replace_strategy`. It decides nothing: see the head of this file.
    pub(super) fn check_replace_strategy(&mut self, kind: &str) {
        let asked = "destination.replace_strategy";
        let paths = [vec!["destination", kind, "replace_strategy"], vec!["destination", "replace_strategy"]];
        let Self { names, providers, .. } = self;
        let Some(found) = providers.search_for_pipeline(&names.pipeline, &paths, Store::Config, asked) else {
            return;
        };
        let known: Vec<&str> = REPLACE_STRATEGIES.iter().map(|(name, ())| *name).collect();
        if !matches!(&found, Value::String(name) if known.contains(&name.as_str())) {
            self.report(
                Diagnostic::error("config/invalid-value", format!("{asked} must be {}", known.join(" or ")))
                    .hint(format!("Set it to {}, or remove it.", known[0])),
            );
        }
    }
}

fn without_effect(key: &str, strategy: &str) -> Diagnostic {
    Diagnostic::warning("config/no-effect", format!("`{key}` has no effect with `{strategy}`"))
        .hint(format!("Remove `{key}`."))
}
