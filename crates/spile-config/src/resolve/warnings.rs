//! What is legal and surely not meant: findings that do not stop a run.
//!
//! Errors are reported where a value is read; here are those that need two parts of the config side by side. Invariant:
//! nothing here changes the plan.

use spile_core::{
    Diagnostic, IncrementalPlan, LoadPlan, MergeStrategy, Node, Paginator, ParamValue, Position,
    RequestDraft, Span, Value, WriteDisposition,
};
use url::Url;

use crate::resolve::{Resolver, start_of};

impl Resolver<'_> {
    /// Warns of parameters that the paginator writes over with its first request.
    pub(super) fn warn_of_shadowed_params(
        &mut self,
        node: Option<&Node>,
        params: &[(String, ParamValue)],
        paginator: &dyn Paginator,
    ) {
        let literal = |(name, value): &(String, ParamValue)| match value {
            ParamValue::Literal(text) => (name.clone(), text.clone()),
            ParamValue::Template(_) => (name.clone(), String::new()),
        };
        let written: Vec<(String, String)> = params.iter().map(literal).collect();
        let mut draft = RequestDraft {
            method: spile_core::Method::Get,
            url: Url::parse("http://localhost").expect("the text is a URL"),
            params: written.clone(),
            headers: Vec::new(),
            json: None,
            data: None,
            credentials: Vec::new(),
        };
        if paginator.apply(&Position::Start, &mut draft).is_err() {
            return; // A paginator that cannot begin says so when it runs.
        }
        for (name, value) in &written {
            if draft.params.contains(&(name.clone(), value.clone())) {
                continue;
            }
            let kind = paginator.name();
            let diagnostic = Diagnostic::warning(
                "config/shadowed-parameter",
                format!("the paginator `{kind}` writes over the parameter `{name}`"),
            )
            .hint(format!("Remove `{name}` from `params`, or give the paginator another parameter name."));
            self.report(match key_span(node, name) {
                Some(span) => diagnostic.at(&span),
                None => diagnostic,
            });
        }
    }

    /// Warns where the paginator of the client is not, or is after all, the one that is used.
    pub(super) fn warn_of_overridden_paginator(
        &mut self,
        endpoint: &Node,
        path: Option<(&str, &Node)>,
        single_entity: bool,
    ) {
        let Some(client) = self.client_node("paginator") else { return };
        let name = client.as_str().or_else(|| client.get("type").and_then(Node::as_str)).unwrap_or("…");
        if matches!(name, "auto" | "single_page") {
            return;
        }
        let own = endpoint.get("paginator").filter(|node| !node.is_null());
        if let Some(own) = own {
            let is_auto = own.as_str().or_else(|| own.get("type").and_then(Node::as_str)) == Some("auto");
            if is_auto {
                self.report(
                    Diagnostic::warning(
                        "config/overridden-paginator",
                        format!("`auto` does not take the client's paginator away: `{name}` is used"),
                    )
                    .at(&own.span)
                    .hint("Name the paginator that this endpoint has, or remove `auto`."),
                );
            }
            return;
        }
        let Some((path, node)) = path.filter(|_| single_entity) else { return };
        // `users/{id}` is what the rule is for; a cursor or a query in the last part, or records in an envelope, is not.
        let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let selector = endpoint.get("data_selector").and_then(Node::as_str);
        let is_list = last.contains("{incremental.")
            || last.split_once('?').is_some_and(|(_, query)| query.contains('{'))
            || selector.is_some_and(|selector| !matches!(selector, "" | "$"));
        if is_list {
            self.report(
                Diagnostic::warning(
                    "config/overridden-paginator",
                    format!("the client's paginator `{name}` is not used here: one page is read"),
                )
                .at(&node.span)
                .label("a placeholder in the last part of a path means a single entity")
                .hint("Give the endpoint a `paginator` of its own, or move the placeholder into `params`."),
            );
        }
    }

    /// Warns of incremental keys that another one switches off.
    pub(super) fn warn_of_idle_incremental(&mut self, node: &Node, plan: &IncrementalPlan) {
        if let (Some(lag), true) = (node.get("lag"), plan.lag.is_some() && plan.end_value.is_some()) {
            self.report(
                no_effect("`lag` has no effect beside `end_value`", &lag.span).hint("Remove one of them."),
            );
        }
        let is_child = self.references.parent.is_some();
        if let (Some(order), true) = (node.get("row_order"), plan.row_order.is_some() && is_child) {
            self.report(
                no_effect("`row_order` ends no paging of a resource that depends on another", &order.span)
                    .hint("Remove it, or order the parent."),
            );
        }
    }

    /// Warns of hints that reach no row or column.
    pub(super) fn warn_of_unreachable_hints(&mut self, resource: &Node, load: &LoadPlan) {
        let hinted = |hint: &str| {
            load.columns.iter().any(|column| column.hints.get(hint).is_some_and(|set| set == true))
        };
        let is_merge = load.write_disposition == WriteDisposition::Merge;
        let needs_key = is_merge && matches!(load.merge.strategy, None | Some(MergeStrategy::DeleteInsert));
        let has_key = !load.primary_key.is_empty() || !load.merge_key.is_empty();
        if needs_key && !has_key && !hinted("primary_key") && !hinted("merge_key") && !hinted("unique") {
            let at = resource
                .get("write_disposition")
                .map_or_else(|| start_of(resource), |node| node.span.clone());
            self.report(
                Diagnostic::warning("config/merge-without-key", "`merge` without a key appends")
                    .at(&at)
                    .hint("Add `primary_key` or `merge_key`, or write `append`."),
            );
        }
        if let (Some(key), false) = (resource.get("merge_key").filter(|node| !node.is_null()), is_merge) {
            let disposition = load.write_disposition.as_str();
            self.report(
                no_effect(&format!("`merge_key` has no effect with `{disposition}`"), &key.span)
                    .hint("Remove it, or set `write_disposition` to `merge`."),
            );
        }
        for name in
            load.columns.iter().map(|column| &column.name).chain(&load.primary_key).chain(&load.merge_key)
        {
            if name.contains('.') && !name.starts_with('.') {
                let place = ["columns", "primary_key", "merge_key"].into_iter().find_map(|key| {
                    let node = resource.get(key)?;
                    key_span(Some(node), name).or_else(|| value_span(node, name))
                });
                let nested = name.replace('.', "__");
                let diagnostic = Diagnostic::warning(
                    "config/unreachable-hint",
                    format!("`{name}` is no nested value: it is a key with a dot in its name"),
                )
                .hint(format!("Write `{nested}` for the nested value."));
                self.report(match place {
                    Some(span) => diagnostic.at(&span),
                    None => diagnostic,
                });
            }
        }
    }
}

fn no_effect(message: &str, span: &Span) -> Diagnostic {
    Diagnostic::warning("config/no-effect", message.to_owned()).at(span)
}

/// Returns where a key of a map is written.
fn key_span(node: Option<&Node>, name: &str) -> Option<Span> {
    let Value::Map(entries) = &node?.value else { return None };
    entries.iter().find(|(key, _)| key.name == name).map(|(key, _)| key.span.clone())
}

/// Returns where a text is written, alone, in a list, or as the name of a column in one.
fn value_span(node: &Node, text: &str) -> Option<Span> {
    match &node.value {
        Value::String(found) if found == text => Some(node.span.clone()),
        Value::List(items) => items.iter().find_map(|item| {
            let named = item.get("name").unwrap_or(item);
            value_span(named, text)
        }),
        _ => None,
    }
}
