//! Hints of a table that are kept with it and decide nothing here: `references`, `table_format`, `file_format`. What they
//! mean is for the destination to say.
//!
//! They are for the readers of the stored schema. Invariant: what is kept has dlt's stored form; names are normalised
//! where the table's own are.

use serde_json::{Map, Value as Json};
use spile_core::{Diagnostic, Node, Value};

use crate::fields::{KnownKeys, missing, wrong_type};
use crate::resolve::{Resolver, start_of};

const TABLE_FORMATS: [&str; 4] = ["iceberg", "delta", "hive", "native"];
const FILE_FORMATS: [&str; 8] =
    ["preferred", "jsonl", "typed-jsonl", "insert_values", "parquet", "csv", "reference", "model"];

pub(super) const REFERENCE: KnownKeys = KnownKeys {
    of: "a reference",
    known: &["columns", "referenced_table", "referenced_columns", "label", "cardinality"],
    later: &[],
};

impl Resolver<'_> {
    /// Reads the hints in dlt's order of keys.
    pub(super) fn table_hints(&mut self, resource: &Node) -> Option<Vec<(String, Json)>> {
        let get = |key: &str| resource.get(key).filter(|node| !node.is_null());
        let mut hints = Vec::new();
        if let Some(node) = get("references") {
            hints.push(("references".to_owned(), self.references_hint(node)?));
        }
        for (key, words) in [("table_format", &TABLE_FORMATS[..]), ("file_format", &FILE_FORMATS[..])] {
            let Some(node) = get(key) else { continue };
            let words: Vec<(&'static str, &'static str)> = words.iter().map(|word| (*word, *word)).collect();
            let word = self.choice(node, key, &words)?;
            self.report(
                Diagnostic::warning(
                    "config/no-effect",
                    format!("`{key}` is kept with the table and changes nothing"),
                )
                .at(&node.span)
                .label("databases have a format of their own")
                .hint("Leave it for other tools that read the schema, or remove it."),
            );
            hints.push((key.to_owned(), Json::from(word)));
        }
        Some(hints)
    }

    fn references_hint(&mut self, node: &Node) -> Option<Json> {
        let Value::List(items) = &node.value else {
            self.report(wrong_type("references", "a list", node));
            return None;
        };
        let read: Vec<Option<Json>> = items.iter().map(|item| self.reference_hint(item)).collect();
        read.into_iter().collect::<Option<Vec<_>>>().map(Json::Array)
    }

    fn reference_hint(&mut self, node: &Node) -> Option<Json> {
        let Value::Map(entries) = &node.value else {
            self.report(wrong_type("a reference", "a map", node));
            return None;
        };
        REFERENCE.check(node, self.diagnostics);
        let mut hint = Map::new();
        for key in ["columns", "referenced_table", "referenced_columns"] {
            if node.get(key).is_none_or(Node::is_null) {
                self.report(missing(key, "a reference", &start_of(node)));
                return None;
            }
        }
        for (key, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
            let name = key.name.as_str();
            let read = match name {
                "columns" | "referenced_columns" if matches!(value.value, Value::List(_)) => {
                    Json::from(self.strings(value, name)?)
                }
                "columns" | "referenced_columns" => {
                    self.report(wrong_type(name, "a list of column names", value));
                    return None;
                }
                _ => Json::from(self.string(value, name)?),
            };
            hint.insert(key.name.clone(), read);
        }
        let count = |key: &str| hint.get(key).and_then(Json::as_array).map_or(0, Vec::len);
        if count("columns") != count("referenced_columns") {
            let message = "a reference must name as many columns on both sides";
            self.report(Diagnostic::error("config/invalid-value", message).at(&start_of(node)).hint(
                "Give `columns` and `referenced_columns` the same number of names, in the same order.",
            ));
            return None;
        }
        Some(Json::Object(hint))
    }
}
