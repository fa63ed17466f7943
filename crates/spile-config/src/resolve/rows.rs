//! Resources whose rows the script makes or the config has: no endpoint, no request.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use spile_core::{
    ClientPlan, DecoderPlan, Diagnostic, FamilyPlan, Method, Node, ResourcePlan, RowSource, Value,
};

use crate::callables::{Rows, WrittenRows};
use crate::fields::wrong_type;
use crate::resolve::Resolver;

/// Keys that say something about requests, which such a resource does not have.
const OF_REQUESTS: [&str; 3] = ["endpoint", "incremental_sync", "include_from_parent"];

impl Resolver<'_> {
    /// Reports keys that have no meaning beside `rows`.
    pub(super) fn check_rows_keys(&mut self, resource: &Node) {
        let Value::Map(entries) = &resource.value else { return };
        for (key, value) in entries {
            if OF_REQUESTS.contains(&key.name.as_str()) && !value.is_null() {
                let message = format!("`{}` cannot stand beside `rows`", key.name);
                self.report(
                    Diagnostic::error("config/conflicting-fields", message)
                        .at(&key.span)
                        .hint("A resource is requested or made: remove one of the two."),
                );
            }
        }
    }

    /// Resolves a resource with `rows`.
    pub(super) fn made_resource(
        &mut self,
        name: &str,
        rows: &Node,
        resource: &Node,
        client: Option<&ClientPlan>,
    ) -> Option<ResourcePlan> {
        let load = self.load_plan(name, resource);
        let steps = self.steps(resource);
        let rows = self.row_source(rows);
        let paginator = self.paginator(None, true);
        Some(ResourcePlan {
            name: name.to_owned(),
            rows: Some(rows?),
            method: Method::Get,
            url: client?.base_url.clone(),
            target: None,
            params: Vec::new(),
            headers: Vec::new(),
            without_headers: Vec::new(),
            json: None,
            data: None,
            auth: Vec::new(),
            paginator: paginator?,
            decoder: DecoderPlan::default(),
            data_selector: None,
            actions: Vec::new(),
            steps: steps.ok()?,
            incremental: None,
            load: load?,
            family: FamilyPlan { parent: None, offers: Vec::new(), hidden: false },
        })
    }

    fn row_source(&mut self, node: &Node) -> Option<Arc<dyn RowSource>> {
        match &node.value {
            Value::Function(function) => {
                // Without a program the functions did not compile, which was reported.
                let program = self.program()?;
                Some(Arc::new(Rows { program, function: function.index }))
            }
            Value::List(items) => {
                // As in dlt a list in the list is a page of rows, and null is nothing.
                let (mut pages, mut open) = (Vec::new(), Vec::new());
                for item in items.iter().filter(|item| !item.is_null()) {
                    let row = self.written_row(item)?;
                    match row {
                        Json::Array(page) => {
                            pages.extend(page_of(&mut open));
                            pages.extend(page_of(&mut { page }));
                        }
                        row => open.push(row),
                    }
                }
                pages.extend(page_of(&mut open));
                Some(Arc::new(WrittenRows { pages }))
            }
            _ => {
                self.report(wrong_type("rows", "a list of rows, or a function of a script", node));
                None
            }
        }
    }

    fn written_row(&mut self, node: &Node) -> Option<Json> {
        Some(match &node.value {
            Value::Null => Json::Null,
            Value::Bool(boolean) => Json::from(*boolean),
            Value::Int(number) => Json::from(*number),
            Value::Float(number) => Json::from(*number),
            Value::String(text) => Json::from(text.as_str()),
            Value::List(items) => {
                let items: Vec<Option<Json>> = items.iter().map(|item| self.written_row(item)).collect();
                Json::Array(items.into_iter().collect::<Option<_>>()?)
            }
            Value::Map(entries) => {
                let mut row = Map::new();
                for (key, value) in entries {
                    row.insert(key.name.clone(), self.written_row(value)?);
                }
                Json::Object(row)
            }
            Value::Reference(_) | Value::Concat(_) | Value::Function(_) => {
                self.report(
                    wrong_type("a value of a row", "a plain value", node)
                        .hint("Write the value out; a secret does not belong into rows."),
                );
                return None;
            }
        })
    }
}

/// Makes a page of rows, unless there are none.
fn page_of(rows: &mut Vec<Json>) -> Option<String> {
    if rows.is_empty() { None } else { Some(Json::Array(std::mem::take(rows)).to_string()) }
}
