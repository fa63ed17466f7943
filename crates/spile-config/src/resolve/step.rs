//! `step`, `cursor_granularity` and `per_parent` of a cursor: what Spile adds to dlt's `incremental` and the seeds'
//! `incremental_sync`.
//!
//! Invariant: a step that is resolved is longer than nothing, and its cursor has what cutting needs: a start, a direction
//! and requests that carry both bounds.

use jiff::Span;
use spile_core::{Diagnostic, IncrementalPlan, Node, ResourcePlan, StepPlan, Stride, Value};

use crate::fields::{missing, nearest, wrong_type};
use crate::resolve::read::Reported;
use crate::resolve::{Resolver, start_of};

/// The keys of a length that is written as a map: Python's words, and those of the calendar.
const UNITS: [&str; 7] = ["years", "months", "weeks", "days", "hours", "minutes", "seconds"];

const EXPECTED: &str = "a duration such as P30D, a map such as {days: 30} or a number above 0";

impl Resolver<'_> {
    /// Reads how a window is cut.
    pub(super) fn step(&mut self, node: &Node) -> Result<Option<StepPlan>, Reported> {
        let get = |key: &str| node.get(key).filter(|node| !node.is_null());
        let step = self.optional(get("step"), |this, node| this.stride(node, "step"))?;
        let granularity = get("cursor_granularity");
        if let (None, Some(node)) = (&step, granularity) {
            self.report(
                Diagnostic::error(
                    "config/invalid-value",
                    "`cursor_granularity` has no meaning without `step`",
                )
                .at(&start_of(node))
                .hint("Add `step`, or remove `cursor_granularity`."),
            );
            return Err(Reported);
        }
        let granularity = self.optional(granularity, |this, node| this.stride(node, "cursor_granularity"))?;
        Ok(step.map(|step| StepPlan { step, granularity }))
    }

    /// Reads whether each row of the parent has a cursor of its own.
    pub(super) fn per_parent(&mut self, node: &Node) -> Result<bool, Reported> {
        let node = node.get("per_parent").filter(|node| !node.is_null());
        Ok(self.optional(node, |this, node| this.boolean(node, "per_parent"))?.unwrap_or(false))
    }

    fn stride(&mut self, node: &Node, what: &str) -> Option<Stride> {
        let resolved = self.resolved(node)?;
        let stride = match &resolved.value {
            Value::Int(number) => Some(Stride::Units(*number as f64)),
            Value::Float(number) => Some(Stride::Units(*number)),
            Value::String(text) if text.starts_with('P') => text.parse::<Span>().ok().map(Stride::Span),
            Value::Map(_) => self.span(&resolved).ok()?.map(Stride::Span),
            _ => None,
        };
        let is_above_zero = |stride: &Stride| match stride {
            Stride::Units(units) => units.is_finite() && *units > 0.0,
            Stride::Span(span) => span.is_positive(),
        };
        let stride = stride.filter(is_above_zero);
        if stride.is_none() {
            self.report(wrong_type(what, EXPECTED, &resolved));
        }
        stride
    }

    /// Reads a length that is written as a map; `None` when no calendar holds it.
    fn span(&mut self, node: &Node) -> Result<Option<Span>, Reported> {
        let mut span = Span::new();
        for (key, node) in self.entries(node, "a length of time").ok_or(Reported)? {
            let number = self.count(node, &key.name).ok_or(Reported)?;
            let Ok(number) = i64::try_from(number) else { return Ok(None) };
            let with = match key.name.as_str() {
                "years" => span.try_years(number),
                "months" => span.try_months(number),
                "weeks" => span.try_weeks(number),
                "days" => span.try_days(number),
                "hours" => span.try_hours(number),
                "minutes" => span.try_minutes(number),
                "seconds" => span.try_seconds(number),
                name => {
                    let message = format!("unknown key `{name}` in a length of time");
                    let diagnostic = Diagnostic::error("config/unknown-field", message).at(&key.span);
                    self.report(match nearest(name, UNITS.into_iter()) {
                        Some(near) => diagnostic.hint(format!("Write `{near}`.")),
                        None => diagnostic.hint(format!("Known keys are {}.", UNITS.join(", "))),
                    });
                    return Err(Reported);
                }
            };
            let Ok(longer) = with else { return Ok(None) };
            span = longer;
        }
        Ok(Some(span))
    }

    /// Reports a step that the rest of its cursor leaves without meaning.
    pub(super) fn check_step(&mut self, plan: &IncrementalPlan, node: &Node) -> Result<(), Reported> {
        if plan.step.is_none() {
            return Ok(());
        }
        let at = start_of(node.get("step").unwrap_or(node));
        let problem = if plan.descending {
            Diagnostic::error("config/invalid-value", "`step` needs a cursor that grows")
                .hint("Remove `step`, or `last_value_func: min`.")
        } else if plan.initial_value.is_none() {
            missing("initial_value", "`step`", &at).hint("Add `initial_value`, or say `--since`.")
        } else {
            return Ok(());
        };
        self.report(problem.at(&at));
        Err(Reported)
    }

    /// Reports what a step and cursors of parent rows need of the whole resource.
    pub(super) fn check_cursor(&mut self, plan: &ResourcePlan, node: &Node) {
        let Some(incremental) = &plan.incremental else { return };
        let at = |key: &str| start_of(node.get(key).unwrap_or(node));
        if incremental.step.is_some() {
            let asked = plan.asked_bounds();
            if !asked.start || !asked.end {
                self.report(
                    Diagnostic::error("config/missing-field", "`step` needs both bounds in the requests")
                        .at(&at("step"))
                        .hint(
                            "Add the parameters of start and end, or the placeholders {incremental.start_value} and \
                             {incremental.end_value}: without an end, each window would read all that follows it.",
                        ),
                );
            }
        }
        if incremental.per_parent && plan.family.parent.is_none() {
            self.report(
                Diagnostic::error(
                    "config/no-parent",
                    "`per_parent` needs a resource that depends on another",
                )
                .at(&at("per_parent"))
                .hint("Remove `per_parent`, or use a value of a parent in the path or the params."),
            );
        }
    }
}
