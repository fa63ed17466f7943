//! How a resource is loaded: write disposition, keys, columns, nesting, contract.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use spile_core::{
    ColumnHint, ContractMode, DataType, LoadPlan, MergePlan, Node, SchemaContract, Value, WriteDisposition,
};

use crate::fields::{KnownKeys, wrong_type};
use crate::resolve::{Resolver, json_schema, merge};

const CHANGES_ROWS: &str = "Remove the hint; it would change which rows are kept.";

pub(super) const CONTRACT: KnownKeys =
    KnownKeys { of: "schema_contract", known: &["tables", "columns", "data_type"], later: &[] };

/// Hints of a column. Those that other destinations use (`partition`, `cluster`, `sort`) are kept in the schema.
pub(super) const COLUMN: KnownKeys = KnownKeys {
    of: "a column",
    known: &[
        "name",
        "data_type",
        "nullable",
        "primary_key",
        "merge_key",
        "unique",
        "precision",
        "scale",
        "timezone",
        "description",
        "partition",
        "cluster",
        "sort",
        "hard_delete",
        "dedup_sort",
    ],
    later: &[
        ("row_key", CHANGES_ROWS),
        ("parent_key", CHANGES_ROWS),
        ("root_key", CHANGES_ROWS),
        ("variant", CHANGES_ROWS),
        ("incremental", CHANGES_ROWS),
    ],
};

impl Resolver<'_> {
    pub(super) fn load_plan(&mut self, name: &str, resource: &Node) -> Option<LoadPlan> {
        let get = |key: &str| resource.get(key).filter(|node| !node.is_null());
        let table_choice = get("table_name").and_then(|node| self.table_choice(node));
        let written = get("table_name").filter(|node| !matches!(node.value, Value::Function(_)));
        let table = self.optional(written, |this, node| this.string(node, "table_name"));
        let disposition = match get("write_disposition") {
            Some(node) => self.write_disposition(node),
            None => Some((WriteDisposition::Append, MergePlan::default())),
        };
        let primary_key = self.optional(get("primary_key"), |this, node| this.strings(node, "primary_key"));
        let merge_key = self.optional(get("merge_key"), |this, node| this.strings(node, "merge_key"));
        let columns = get("columns").map_or(Some(Vec::new()), |node| self.columns(node));
        if let (Some((_, merge)), Ok(keys)) = (&disposition, &primary_key) {
            let at = get("write_disposition").unwrap_or(resource);
            let hinted = columns
                .iter()
                .flatten()
                .any(|column| column.hints.get("primary_key") == Some(&Json::Bool(true)));
            self.check_merge_keys(merge, keys.as_deref().unwrap_or_default(), hinted, at);
        }
        let contract = get("schema_contract").or_else(|| self.request.source.setting("schema_contract"));
        let contract = self.optional(contract, Self::schema_contract);
        let nesting = get("max_table_nesting").or_else(|| self.request.source.setting("max_table_nesting"));
        let nesting = self.optional(nesting, |this, node| this.count(node, "max_table_nesting"));
        let (write_disposition, merge) = disposition?;
        let table_hints = self.table_hints(resource);
        let contract_now = contract.as_ref().ok().copied().flatten();
        let nested_hints =
            get("nested_hints").map_or(Some(Vec::new()), |node| self.nested_hints(node, contract_now));
        Some(LoadPlan {
            table: table.ok()?.unwrap_or_else(|| name.to_owned()),
            table_choice,
            write_disposition,
            merge,
            primary_key: primary_key.ok()?.unwrap_or_default(),
            merge_key: merge_key.ok()?.unwrap_or_default(),
            columns: columns?,
            nested_hints: nested_hints?,
            max_table_nesting: nesting.ok()?.map(|levels| u32::try_from(levels).unwrap_or(u32::MAX)),
            schema_contract: contract.ok()?,
            table_hints: table_hints?,
        })
    }

    pub(super) fn columns(&mut self, node: &Node) -> Option<Vec<ColumnHint>> {
        if json_schema::is_schema(node) {
            return self.json_schema_columns(node);
        }
        let map = merge::columns(node);
        let Value::Map(entries) = &map.value else {
            self.report(
                wrong_type("columns", "a map of columns or a list of columns with names", node)
                    .hint("Write for example `columns: {id: {data_type: bigint}}`."),
            );
            return None;
        };
        let columns: Vec<Option<ColumnHint>> =
            entries.iter().map(|(key, hints)| self.column(&key.name, hints)).collect();
        columns.into_iter().collect()
    }

    fn column(&mut self, name: &str, node: &Node) -> Option<ColumnHint> {
        let Value::Map(entries) = &node.value else {
            self.report(wrong_type(&format!("the column `{name}`"), "a map of hints", node));
            return None;
        };
        let own: Vec<_> = entries.iter().filter(|(key, _)| !key.name.starts_with("x-")).cloned().collect();
        COLUMN.check(&Node::new(Value::Map(own), node.span.clone()), self.diagnostics);
        let mut column =
            ColumnHint { name: name.to_owned(), data_type: None, nullable: None, hints: BTreeMap::new() };
        let types: Vec<(&'static str, DataType)> =
            DataType::ALL.iter().map(|data_type| (data_type.as_str(), *data_type)).collect();
        for (key, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
            match key.name.as_str() {
                "name" => {}
                "data_type" => column.data_type = Some(self.choice(value, "data_type", &types)?),
                "nullable" => column.nullable = Some(self.boolean(value, "nullable")?),
                other => {
                    column.hints.insert(other.to_owned(), self.hint_value(value)?);
                }
            }
        }
        Some(column)
    }

    fn hint_value(&mut self, node: &Node) -> Option<Json> {
        match &node.value {
            Value::Bool(boolean) => Some(Json::from(*boolean)),
            Value::Int(number) => Some(Json::from(*number)),
            Value::String(text) => Some(Json::from(text.as_str())),
            _ => {
                self.report(wrong_type("a hint", "a text, a whole number or a boolean", node));
                None
            }
        }
    }

    /// Reads what data that would change the schema may do: one mode for all, or one for each of three.
    pub(super) fn schema_contract(&mut self, node: &Node) -> Option<SchemaContract> {
        let Value::Map(entries) = &node.value else {
            return self.choice(node, "schema_contract", &ContractMode::ALL).map(SchemaContract::all);
        };
        CONTRACT.check(node, self.diagnostics);
        let mut contract = SchemaContract::default();
        for (key, mode) in entries.iter().filter(|(_, mode)| !mode.is_null()) {
            let mode = self.choice(mode, &key.name, &ContractMode::ALL)?;
            match key.name.as_str() {
                "tables" => contract.tables = mode,
                "columns" => contract.columns = mode,
                "data_type" => contract.data_type = mode,
                _ => return None, // Reported above.
            }
        }
        Some(contract)
    }
}
