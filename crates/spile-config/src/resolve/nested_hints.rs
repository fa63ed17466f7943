//! `nested_hints` of a resource: declared columns of the tables that its lists become.
//!
//! A key in dlt's REST source is one name, so only lists of the record itself can have hints. Not here: keys and write
//! dispositions of nested tables, by which dlt makes them tables of their own; they are refused. Invariant: nothing that
//! is read here changes which tables there are rows in, or how rows hang together.

use spile_core::{ColumnHint, Diagnostic, Key, NestedHints, Node, SchemaContract, Value};

use crate::fields::{KnownKeys, not_supported, wrong_type};
use crate::resolve::{Resolver, json_schema};

const OF_ITS_OWN: &str = "Remove it; by it dlt makes the nested table one of its own, without a parent.";

/// Hints of columns that do to a nested table what the key of the same name does.
const KEY_HINTS: [&str; 2] = ["primary_key", "merge_key"];

pub(super) const NESTED: KnownKeys = KnownKeys {
    of: "hints of a nested table",
    known: &["columns", "references", "table_format", "file_format"],
    later: &[
        ("primary_key", OF_ITS_OWN),
        ("merge_key", OF_ITS_OWN),
        ("write_disposition", "Remove it; nested rows enter as the rows that they hang on."),
        ("schema_contract", "Remove it; nested tables have the contract of their resource."),
        ("parent_table_name", "Remove it; nested tables are named after their parent."),
    ],
};

impl Resolver<'_> {
    /// Reads hints by the keys of lists. `contract` is that of the resource.
    pub(super) fn nested_hints(
        &mut self,
        node: &Node,
        contract: Option<SchemaContract>,
    ) -> Option<Vec<NestedHints>> {
        let Value::Map(entries) = &node.value else {
            self.report(wrong_type("nested_hints", "a map of keys of lists to hints", node));
            return None;
        };
        if let (Some((key, _)), Some(contract)) = (entries.first(), contract)
            && contract != SchemaContract::default()
        {
            self.report(not_supported("`nested_hints` beside a `schema_contract`", &key.span).hint(
                "Remove one of the two; a contract would have to tell hinted columns from found ones.",
            ));
            return None;
        }
        let read: Vec<Option<NestedHints>> =
            entries.iter().map(|(key, hints)| self.hints_of_list(key, hints)).collect();
        read.into_iter().collect()
    }

    fn hints_of_list(&mut self, key: &Key, node: &Node) -> Option<NestedHints> {
        if !matches!(node.value, Value::Map(_)) {
            self.report(wrong_type(&format!("hints of `{}`", key.name), "a map of hints", node));
            return None;
        }
        NESTED.check(node, self.diagnostics);
        if key.name.trim().is_empty() {
            self.report(
                Diagnostic::error("config/invalid-value", "hints of nested tables need the key of a list")
                    .at(&key.span)
                    .hint("Write the key under which the list stands in the record."),
            );
            return None;
        }
        if key.name.contains("__") || key.name.contains('.') {
            self.report(
                Diagnostic::warning(
                    "config/unreachable-hint",
                    format!("`{}` is no path: it is one name, as in dlt", key.name),
                )
                .at(&key.span)
                .hint("Hints reach the lists of a record, no lists inside of objects or of other lists."),
            );
        }
        let columns = node.get("columns").filter(|columns| !columns.is_null());
        let columns = columns.map_or(Some(Vec::new()), |columns| self.columns_of_list(columns));
        let table_hints = self.table_hints(node)?;
        Some(NestedHints { name: key.name.clone(), columns: columns?, table_hints })
    }

    fn columns_of_list(&mut self, node: &Node) -> Option<Vec<ColumnHint>> {
        if json_schema::is_schema(node) {
            return self.columns(node);
        }
        let columns: Vec<&Node> = match &node.value {
            Value::Map(entries) => entries.iter().map(|(_, column)| column).collect(),
            Value::List(items) => items.iter().collect(),
            _ => Vec::new(),
        };
        for (key, value) in columns.iter().filter_map(|column| entries_of(column)).flatten() {
            self.check_column_hint(key, value);
        }
        let columns = self.columns(&by_name(node))?;
        for column in &columns {
            if column.name.trim().to_lowercase().starts_with("_dlt_") {
                self.report(
                    not_supported(&format!("a hint of `{}` in a nested table", column.name), &node.span)
                        .hint("Remove it; the columns that dlt adds are as they are."),
                );
            }
        }
        Some(columns)
    }

    fn check_column_hint(&mut self, key: &Key, value: &Node) {
        let what = format!("`{}` in a column of a nested table", key.name);
        if value.is_null() {
            // dlt stores it, and then means something else by it, key by key.
            self.report(not_supported(&format!("null as {what}"), &value.span).hint("Remove the key."));
        } else if KEY_HINTS.contains(&key.name.as_str()) && !matches!(value.value, Value::Bool(false)) {
            self.report(not_supported(&what, &key.span).hint(OF_ITS_OWN));
        }
    }
}

fn entries_of(node: &Node) -> Option<&[(Key, Node)]> {
    match &node.value {
        Value::Map(entries) => Some(entries),
        _ => None,
    }
}

/// Puts the `name` of a column in the place of its key. dlt goes by the names here, and by the keys in a resource's columns.
fn by_name(node: &Node) -> Node {
    let Some(entries) = entries_of(node) else { return node.clone() };
    let renamed = entries.iter().map(|(key, column)| {
        let name = column.get("name").filter(|name| !name.is_null());
        let key = match name.and_then(|name| Some((name.as_str()?, &name.span))) {
            Some((name, span)) => Key { name: name.to_owned(), span: span.clone() },
            None => key.clone(),
        };
        (key, column.clone())
    });
    Node::new(Value::Map(renamed.collect()), node.span.clone())
}
