//! dlt's `incremental` (also as a parameter) and the seeds' `incremental_sync`.
//!
//! Both become one [`IncrementalPlan`]. Values are not interpreted here: formats are recognised when the window opens.

use serde_json::Value as Json;
use spile_core::{
    CursorBound, CursorFormat, Diagnostic, IncrementalPlan, JsonPath, Key, MissingCursor, Node, RangeEdge,
    RowOrder, Value,
};

use crate::fields::{KnownKeys, missing, wrong_type};
use crate::resolve::read::Reported;
use crate::resolve::{Resolver, start_of};

pub(super) const INCREMENTAL: KnownKeys = KnownKeys {
    of: "incremental",
    known: &[
        "type",
        "cursor_path",
        "initial_value",
        "end_value",
        "last_value_func",
        "primary_key",
        "row_order",
        "on_cursor_value_missing",
        "lag",
        "range_start",
        "range_end",
        "start_param",
        "end_param",
        "allow_external_schedulers",
        "convert",
        "transform",
        "step",
        "cursor_granularity",
        "per_parent",
    ],
    later: &[],
};

pub(super) const SYNC: KnownKeys = KnownKeys {
    of: "incremental_sync",
    known: &[
        "cursor_field",
        "start_time_param",
        "end_time_param",
        "initial_value",
        "start",
        "end_value",
        "lookback",
        "lag",
        "param_format",
        "start_param_format",
        "end_param_format",
        "step",
        "cursor_granularity",
        "per_parent",
    ],
    later: &[],
};

const EDGES: [(&str, RangeEdge); 2] = [("closed", RangeEdge::Closed), ("open", RangeEdge::Open)];

impl Resolver<'_> {
    /// Resolves the incremental of a resource, if it has one.
    pub(super) fn incremental(
        &mut self,
        name: &str,
        endpoint: &Node,
        resource: &Node,
    ) -> Result<Option<IncrementalPlan>, Reported> {
        let plain = endpoint.get("incremental").filter(|node| !node.is_null());
        let sync = resource.get("incremental_sync").filter(|node| !node.is_null());
        let params = Self::incremental_params(endpoint);
        if let (Some(_), Some(sync)) = (plain.or(params.first().map(|(_, node)| *node)), sync) {
            self.report(
                Diagnostic::error(
                    "config/invalid-value",
                    format!("`{name}` has both incremental and incremental_sync"),
                )
                .at(&start_of(sync))
                .hint("Keep one of them."),
            );
            return Err(Reported);
        }
        let plan = match (params.as_slice(), plain, sync) {
            ([_, (key, _), ..], _, _) => {
                self.report(
                    Diagnostic::error("config/invalid-value", "only one incremental parameter is allowed")
                        .at(&key.span)
                        .hint("Use `endpoint.incremental` with start_param and end_param."),
                );
                return Err(Reported);
            }
            ([(key, node)], _, _) => self.param_incremental(key, node)?,
            ([], Some(node), _) => self.dlt_incremental(node, None)?,
            ([], None, Some(node)) => self.sync(node)?,
            ([], None, None) => return Ok(None),
        };
        let at = plain.or(sync).or(params.first().map(|(_, node)| *node)).unwrap_or(endpoint);
        self.backfill(plan, sync.is_some(), at).map(Some)
    }

    fn incremental_params(endpoint: &Node) -> Vec<(&Key, &Node)> {
        let Some(Value::Map(entries)) = endpoint.get("params").map(|node| &node.value) else {
            return Vec::new();
        };
        entries
            .iter()
            .filter(|(_, node)| node.get("type").and_then(Node::as_str) == Some("incremental"))
            .map(|(key, node)| (key, node))
            .collect()
    }

    fn param_incremental(&mut self, key: &Key, node: &Node) -> Result<IncrementalPlan, Reported> {
        for refused in ["end_value", "end_param", "start_param"] {
            if let Some(found) = node.get(refused).filter(|node| !node.is_null()) {
                self.report(
                    Diagnostic::error(
                        "config/invalid-value",
                        format!("`{refused}` cannot be set on the parameter `{}`", key.name),
                    )
                    .at(&found.span)
                    .hint("Use `endpoint.incremental` with start_param and end_param."),
                );
                return Err(Reported);
            }
        }
        self.dlt_incremental(node, Some(key.name.clone()))
    }

    fn dlt_incremental(&mut self, node: &Node, param: Option<String>) -> Result<IncrementalPlan, Reported> {
        self.entries(node, "incremental").ok_or(Reported)?;
        INCREMENTAL.check(node, self.diagnostics);
        let get = |key: &str| node.get(key).filter(|node| !node.is_null());
        let cursor_path = self.cursor_path(node, "cursor_path", "incremental");
        let start_param = self.optional(get("start_param"), |this, node| this.string(node, "start_param"));
        let end_param = self.optional(get("end_param"), |this, node| this.string(node, "end_param"));
        if let Some(node) = get("allow_external_schedulers")
            && self.boolean(node, "allow_external_schedulers") == Some(true)
        {
            self.report(
                crate::fields::not_supported("allow_external_schedulers", &node.span)
                    .hint("Give the window with `--since` and `--until`."),
            );
        }
        let functions = [("max", false), ("min", true)];
        let orders = [("asc", RowOrder::Asc), ("desc", RowOrder::Desc)];
        let rules = [
            ("raise", MissingCursor::Raise),
            ("include", MissingCursor::Include),
            ("exclude", MissingCursor::Exclude),
        ];
        Ok(IncrementalPlan {
            initial_value: self.cursor_value(get("initial_value"))?,
            end_value: self.cursor_value(get("end_value"))?,
            start: as_record(start_param?.or(param)),
            end: as_record(end_param?),
            end_is_run_start: false,
            convert: self.convert(node)?,
            lag: self.optional(get("lag"), |this, node| this.amount(node, "lag"))?,
            descending: self.choice_or(get("last_value_func"), "last_value_func", &functions, false)?,
            range_start: self.choice_or(get("range_start"), "range_start", &EDGES, RangeEdge::Closed)?,
            range_end: self.choice_or(get("range_end"), "range_end", &EDGES, RangeEdge::Open)?,
            on_missing: self.choice_or(
                get("on_cursor_value_missing"),
                "on_cursor_value_missing",
                &rules,
                MissingCursor::Raise,
            )?,
            row_order: self
                .optional(get("row_order"), |this, node| this.choice(node, "row_order", &orders))?,
            primary_key: self.optional(get("primary_key"), |this, node| this.strings(node, "primary_key"))?,
            step: self.step(node)?,
            per_parent: self.per_parent(node)?,
            cursor_path: cursor_path.ok_or(Reported)?,
        })
    }

    fn sync(&mut self, node: &Node) -> Result<IncrementalPlan, Reported> {
        self.entries(node, "incremental_sync").ok_or(Reported)?;
        SYNC.check(node, self.diagnostics);
        let get = |key: &str| node.get(key).filter(|node| !node.is_null());
        let cursor_path = self.cursor_path(node, "cursor_field", "incremental_sync");
        let text =
            |this: &mut Self, key: &'static str| this.optional(get(key), |this, node| this.string(node, key));
        let start_param = text(self, "start_time_param")?;
        let end_param = text(self, "end_time_param")?;
        let start_format = self.cursor_format(get("start_param_format").or(get("param_format")))?;
        let end_format = self.cursor_format(get("end_param_format").or(get("param_format")))?;
        Ok(IncrementalPlan {
            initial_value: self.cursor_value(get("initial_value").or(get("start")))?,
            end_value: self.cursor_value(get("end_value"))?,
            end_is_run_start: end_param.is_some(),
            convert: None,
            start: CursorBound { param: start_param, format: start_format },
            end: CursorBound { param: end_param, format: end_format },
            lag: self.optional(get("lookback").or(get("lag")), |this, node| this.amount(node, "lookback"))?,
            descending: false,
            range_start: RangeEdge::Closed,
            range_end: RangeEdge::Closed,
            // A record without the cursor is still a record: nothing may be lost.
            on_missing: MissingCursor::Include,
            row_order: None,
            primary_key: None,
            step: self.step(node)?,
            per_parent: self.per_parent(node)?,
            cursor_path: cursor_path.ok_or(Reported)?,
        })
    }

    /// Puts the command line's window in place of the config's.
    fn backfill(
        &mut self,
        mut plan: IncrementalPlan,
        is_sync: bool,
        at: &Node,
    ) -> Result<IncrementalPlan, Reported> {
        let options = self.request.options;
        if let Some(since) = &options.since {
            plan.initial_value = Some(bound(since, plan.initial_value.as_ref()));
        }
        if let Some(until) = &options.until {
            plan.end_value = Some(bound(until, plan.initial_value.as_ref()));
        }
        if plan.end_value.is_some() && plan.initial_value.is_none() && !is_sync {
            self.report(
                Diagnostic::error("config/missing-field", "an end value needs an initial value")
                    .at(&start_of(at))
                    .hint("Add `initial_value`, or say `--since`."),
            );
            return Err(Reported);
        }
        self.check_step(&plan, at)?;
        Ok(plan)
    }

    fn cursor_path(&mut self, node: &Node, key: &str, of: &str) -> Option<JsonPath> {
        if let Some(path) = node.get(key).filter(|node| !node.is_null()) {
            let text = self.string(path, key)?;
            self.json_path(&text, path, key)
        } else {
            self.report(missing(key, of, &start_of(node)));
            None
        }
    }

    fn cursor_value(&mut self, node: Option<&Node>) -> Result<Option<Json>, Reported> {
        self.optional(node, |this, node| {
            let resolved = this.resolved(node)?;
            let value = match &resolved.value {
                Value::Bool(boolean) => Some(Json::from(*boolean)),
                Value::Int(number) => Some(Json::from(*number)),
                Value::Float(number) => Some(Json::from(*number)),
                Value::String(text) => Some(Json::from(text.as_str())),
                _ => None,
            };
            if value.is_none() {
                this.report(wrong_type("a cursor value", "a text or a number", &resolved));
            }
            value
        })
    }

    pub(super) fn choice_or<T: Copy>(
        &mut self,
        node: Option<&Node>,
        what: &str,
        words: &[(&'static str, T)],
        default: T,
    ) -> Result<T, Reported> {
        Ok(self.optional(node, |this, node| this.choice(node, what, words))?.unwrap_or(default))
    }

    /// Reads how a bound is written. A pattern without a `%` would send the same text for every value.
    fn cursor_format(&mut self, node: Option<&Node>) -> Result<CursorFormat, Reported> {
        let Some(node) = node else { return Ok(CursorFormat::AsRecord) };
        let written = self.string(node, "the format of a parameter").ok_or(Reported)?;
        match written.as_str() {
            "unix" => Ok(CursorFormat::Unix),
            "unix_ms" => Ok(CursorFormat::UnixMs),
            "iso8601" => Ok(CursorFormat::Iso8601),
            _ if written.contains('%') => Ok(CursorFormat::Strftime(written)),
            _ => {
                self.report(
                    Diagnostic::error("config/invalid-value", format!("there is no format `{written}`"))
                        .at(&node.span)
                        .hint("Write unix, unix_ms, iso8601 or a strftime pattern such as %Y-%m-%d."),
                );
                Err(Reported)
            }
        }
    }
}

fn as_record(param: Option<String>) -> CursorBound {
    CursorBound { param, format: CursorFormat::AsRecord }
}

/// Reads a bound of the command line: a number when it is one, unless the config's own value is a text.
fn bound(text: &str, like: Option<&Json>) -> Json {
    if like.is_some_and(Json::is_string) {
        return Json::from(text);
    }
    let number = text.parse::<i64>().map(Json::from).ok();
    number
        .or_else(|| text.parse().ok().and_then(serde_json::Number::from_f64).map(Json::Number))
        .unwrap_or_else(|| Json::from(text))
}
