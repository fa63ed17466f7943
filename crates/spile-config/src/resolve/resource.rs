//! `resources` and `resource_defaults`: names, shorthands, merging, selection.

use spile_core::{ClientPlan, Diagnostic, FamilyPlan, Key, Node, ParentPlan, ResourcePlan, Value};

use crate::dialects::{ENTRIES_MAX, too_long};
use crate::fields::{KnownKeys, missing, nearest, wrong_type};
use crate::resolve::parent::{Link, References};
use crate::resolve::path::Target;
use crate::resolve::{Resolver, merge, start_of};

pub(super) const RESOURCE: KnownKeys = KnownKeys {
    of: "a resource",
    known: &[
        "name",
        "rows",
        "endpoint",
        "write_disposition",
        "primary_key",
        "merge_key",
        "columns",
        "nested_hints",
        "table_name",
        "max_table_nesting",
        "selected",
        "parallelized",
        "schema_contract",
        "incremental_sync",
        "include_from_parent",
        "references",
        "table_format",
        "file_format",
        "processing_steps",
    ],
    later: &[("parent_table_name", "Remove it; nested tables are named after their parent.")],
};

/// Keys that people put one level too high, with where they belong.
const ENDPOINT_KEYS: [&str; 11] = [
    "path",
    "method",
    "params",
    "json",
    "data",
    "headers",
    "auth",
    "paginator",
    "data_selector",
    "decoder",
    "incremental",
];

impl Resolver<'_> {
    pub(super) fn resources(&mut self, node: &Node, client: Option<&ClientPlan>) -> Vec<ResourcePlan> {
        let Value::List(items) = &node.value else {
            self.report(wrong_type("resources", "a list", node));
            return Vec::new();
        };
        if items.len() > ENTRIES_MAX {
            too_long("`resources`", &start_of(node), self.diagnostics);
            return Vec::new();
        }
        let defaults = self.defaults();
        let mut written: Vec<(String, Node)> = Vec::new();
        for item in items {
            let Some((name, resource)) = self.written_resource(item) else { continue };
            if written.iter().any(|(existing, _)| *existing == name) {
                let at = resource.get("name").unwrap_or(&resource).span.clone();
                self.report(
                    Diagnostic::error(
                        "config/duplicate-resource",
                        format!("the resource `{name}` is defined twice"),
                    )
                    .at(&at)
                    .hint("Give one of them another `name`; `table_name` can put both into one table."),
                );
                continue;
            }
            written.push((name, resource));
        }
        self.check_selection(&written);
        let plans = self.plans(&written, &defaults, client);
        self.check_backfill(&plans);
        if plans.is_empty() && !self.diagnostics.has_errors() {
            self.report(
                Diagnostic::warning(
                    "config/no-resources",
                    "no resource is selected, so nothing will be loaded",
                )
                .at(&start_of(node))
                .hint("Name a resource on the command line, or remove `selected: false`."),
            );
        }
        plans
    }

    /// Resolves what is selected, and what that depends on.
    fn plans(
        &mut self,
        written: &[(String, Node)],
        defaults: &Node,
        client: Option<&ClientPlan>,
    ) -> Vec<ResourcePlan> {
        let merged: Vec<(&str, Node)> = written
            .iter()
            .map(|(name, resource)| match resource.get("rows") {
                // As in dlt defaults are for endpoints.
                Some(_) => (name.as_str(), resource.clone()),
                None => (name.as_str(), merge::resource(defaults, resource)),
            })
            .collect();
        let mut wanted: Vec<(usize, bool)> = Vec::new();
        for (index, (name, resource)) in merged.iter().enumerate() {
            if self.is_selected(name, resource) {
                wanted.push((index, false));
            }
        }
        let (mut plans, mut links) = (Vec::new(), Vec::new());
        let mut next = 0;
        while let Some((index, hidden)) = wanted.get(next).copied() {
            next += 1;
            let (name, resource) = &merged[index];
            let plan = self.resource(name, resource, client, &mut links);
            let Some(mut plan) = plan else { continue };
            plan.family.hidden = hidden;
            let parent = plan.family.parent.as_ref().map(|parent| parent.resource.as_str());
            let parent = merged.iter().position(|(name, _)| Some(*name) == parent);
            if let Some(parent) = parent.filter(|parent| !wanted.iter().any(|(index, _)| index == parent)) {
                wanted.push((parent, true));
            }
            plans.push((index, plan));
        }
        plans.sort_by_key(|(index, _)| *index);
        let mut plans: Vec<ResourcePlan> = plans.into_iter().map(|(_, plan)| plan).collect();
        let known: Vec<&str> = merged.iter().map(|(name, _)| *name).collect();
        self.link(&mut plans, &links, &known);
        plans
    }

    /// Returns the defaults, or an empty map.
    fn defaults(&mut self) -> Node {
        let config = &self.request.source.config;
        let empty = || Node::new(Value::Map(Vec::new()), config.span.clone());
        let Some(node) = config.get("resource_defaults").filter(|node| !node.is_null()) else {
            return empty();
        };
        let Value::Map(entries) = &node.value else {
            self.report(wrong_type("resource_defaults", "a map", node));
            return empty();
        };
        self.check_resource_keys(node);
        for (key, value) in entries {
            let problem = match key.name.as_str() {
                "name" => Some("resource_defaults cannot have a name"),
                "rows" => Some("resource_defaults cannot have rows"),
                "endpoint" if !matches!(value.value, Value::Map(_)) => {
                    Some("the default endpoint must be a map")
                }
                _ => None,
            };
            if let Some(problem) = problem {
                let at = if key.name == "endpoint" { &value.span } else { &key.span };
                self.report(Diagnostic::error("config/wrong-type", problem).at(at));
                return empty();
            }
        }
        if let Some(path) = node.get("endpoint").and_then(|endpoint| endpoint.get("path")) {
            self.report(
                Diagnostic::warning("config/no-effect", "a default path has no effect")
                    .at(&path.span)
                    .hint("A resource without a path gets its name as the path, as in dlt."),
            );
        }
        node.clone()
    }

    /// Reads the name of a resource and writes its shorthands out.
    fn written_resource(&mut self, item: &Node) -> Option<(String, Node)> {
        let key = |name: &str, at: &Node| Key { name: name.to_owned(), span: at.span.clone() };
        let map = |entries| Node::new(Value::Map(entries), item.span.clone());
        match &item.value {
            Value::String(name) => {
                let endpoint = map(vec![(key("path", item), item.clone())]);
                let resource =
                    map(vec![(key("name", item), item.clone()), (key("endpoint", item), endpoint)]);
                Some((name.clone(), resource))
            }
            Value::Map(entries) => {
                self.check_resource_keys(item);
                let Some(name_node) = item.get("name") else {
                    self.report(missing("name", "a resource", &start_of(item)));
                    return None;
                };
                let name = self.string(name_node, "the name of a resource")?;
                if name.is_empty() {
                    self.report(wrong_type("the name of a resource", "a text that is not empty", name_node));
                    return None;
                }
                if item.get("rows").is_some_and(|rows| !rows.is_null()) {
                    self.check_rows_keys(item);
                    return Some((name, item.clone()));
                }
                let mut entries: Vec<(Key, Node)> = entries.clone();
                entries.retain(|(key, _)| key.name != "rows");
                let endpoint = entries.iter_mut().find(|(key, _)| key.name == "endpoint");
                let path = (key("path", name_node), name_node.clone());
                if let Some((_, endpoint)) = endpoint {
                    fill_path(endpoint, path);
                } else {
                    let endpoint = Node::new(Value::Map(vec![path]), name_node.span.clone());
                    entries.push((key("endpoint", name_node), endpoint));
                }
                Some((name, map(entries)))
            }
            _ => {
                self.report(wrong_type("a resource", "a name or a map", item));
                None
            }
        }
    }

    fn check_resource_keys(&mut self, node: &Node) {
        let Value::Map(entries) = &node.value else { return };
        let (misplaced, others): (Vec<_>, Vec<_>) =
            entries.iter().cloned().partition(|(key, _)| ENDPOINT_KEYS.contains(&key.name.as_str()));
        for (key, _) in misplaced {
            self.report(
                Diagnostic::error(
                    "config/unknown-field",
                    format!("unknown key `{}` in a resource", key.name),
                )
                .at(&key.span)
                .label(format!("belongs into `endpoint.{}`", key.name))
                .hint(format!("Move `{}` into the `endpoint` of the resource.", key.name)),
            );
        }
        RESOURCE.check(&Node::new(Value::Map(others), node.span.clone()), self.diagnostics);
    }

    /// Reports names on the command line that the config does not have.
    fn check_selection(&mut self, written: &[(String, Node)]) {
        for name in &self.request.options.resources {
            if written.iter().any(|(existing, _)| existing == name) {
                continue;
            }
            let known = || written.iter().map(|(name, _)| name.as_str());
            let diagnostic =
                Diagnostic::error("config/unknown-resource", format!("the config has no resource `{name}`"));
            let all = known().collect::<Vec<_>>().join(", ");
            self.report(match nearest(name, known()) {
                Some(near) => diagnostic.hint(format!("Did you mean `{near}`? There are {all}.")),
                None => diagnostic.hint(format!("There are {all}.")),
            });
        }
    }

    fn is_selected(&mut self, name: &str, resource: &Node) -> bool {
        // Spile reads resources side by side anyway, so `parallelized` is only checked for its shape.
        if let Some(node) = resource.get("parallelized").filter(|node| !node.is_null()) {
            let _checked = self.boolean(node, "parallelized");
        }
        let by_config = match resource.get("selected").filter(|node| !node.is_null()) {
            Some(node) => self.boolean(node, "selected").unwrap_or(true),
            None => true,
        };
        let chosen = &self.request.options.resources;
        if chosen.is_empty() { by_config } else { chosen.iter().any(|chosen| chosen == name) }
    }

    fn resource(
        &mut self,
        name: &str,
        merged: &Node,
        client: Option<&ClientPlan>,
        links: &mut Vec<Link>,
    ) -> Option<ResourcePlan> {
        self.references = References::default();
        if let Some(rows) = merged.get("rows") {
            return self.made_resource(name, rows, merged, client);
        }
        let load = self.load_plan(name, merged);
        if let Some(load) = &load {
            self.warn_of_unreachable_hints(merged, load);
        }
        let endpoint = merged.get("endpoint")?;
        let parts = self.endpoint(name, endpoint, merged, client);
        let steps = self.steps(merged);
        let bound: Vec<String> = self.references.offers.iter().map(|offer| offer.name.clone()).collect();
        self.include_from_parent(name, merged);
        if let Some(plan) = parts.as_ref().and_then(|parts| parts.incremental.as_ref())
            && let Some(node) = endpoint.get("incremental")
        {
            self.warn_of_idle_incremental(node, plan);
        }
        let References { parent, span, offers, include, .. } = std::mem::take(&mut self.references);
        if let (Some(parent), Some(span)) = (&parent, span) {
            links.push(Link { child: name.to_owned(), parent: parent.clone(), span, offers });
        }
        let (load, parts, client) = (load?, parts?, client?);
        let (url, target) = match parts.target {
            Target::Fixed(url) => (url, None),
            Target::Template(target) => (client.base_url.clone(), Some(target)),
        };
        let parent = parent.map(|resource| ParentPlan { resource, bound, include });
        let plan = ResourcePlan {
            name: name.to_owned(),
            rows: None,
            method: parts.method,
            url,
            target,
            params: parts.params,
            headers: parts.headers,
            without_headers: parts.without_headers,
            json: parts.json,
            data: parts.data,
            auth: parts.auth,
            paginator: parts.paginator,
            decoder: parts.decoder,
            data_selector: parts.data_selector,
            actions: parts.actions,
            steps: steps.ok()?,
            incremental: parts.incremental,
            load,
            family: FamilyPlan { parent, offers: Vec::new(), hidden: false },
        };
        let sync = merged.get("incremental_sync").filter(|node| !node.is_null());
        self.check_cursor(&plan, sync.or(endpoint.get("incremental")).unwrap_or(endpoint));
        Some(plan)
    }

    /// A backfill window without an incremental resource would be ignored.
    fn check_backfill(&mut self, plans: &[ResourcePlan]) {
        let options = self.request.options;
        let asked = options.since.is_some() || options.until.is_some();
        if asked && !plans.is_empty() && plans.iter().all(|plan| plan.incremental.is_none()) {
            self.report(
                Diagnostic::error(
                    "config/no-incremental",
                    "a window was asked for, but no resource is incremental",
                )
                .hint("Drop `--since` and `--until`, or give a resource an `incremental`."),
            );
        }
    }
}

/// Writes an endpoint out: a text is its path, and a missing path is the resource's name.
fn fill_path(endpoint: &mut Node, default: (Key, Node)) {
    let span = endpoint.span.clone();
    match &mut endpoint.value {
        Value::Map(entries) => {
            if !entries.iter().any(|(key, _)| key.name == "path") {
                entries.push(default);
            }
        }
        Value::Null => endpoint.value = Value::Map(vec![default]),
        Value::String(_) | Value::Concat(_) | Value::Reference(_) => {
            let key = Key { name: "path".to_owned(), span: span.clone() };
            let path = endpoint.clone();
            *endpoint = Node::new(Value::Map(vec![(key, path)]), span);
        }
        // Reported by the endpoint.
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::List(_) | Value::Function(_) => {}
    }
}
