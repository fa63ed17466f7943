//! The document of a plan with what depends on the moment: how a `step` cuts the range of a first run.
//!
//! Nothing is sent and no state is read, so what is shown starts at the initial value.

use serde_json::{Value, json};
use spile_core::{IncrementalPlan, Limits, Plan, Result};
use spile_extract::{Window, Windows};

use crate::clock;

/// Describes a plan.
pub fn explain(plan: &Plan) -> Value {
    let mut document = spile_config::explain(plan);
    for (resource, explained) in
        plan.resources.iter().zip(document["resources"].as_array_mut().into_iter().flatten())
    {
        let Some(incremental) =
            resource.incremental.as_ref().filter(|incremental| incremental.step.is_some())
        else {
            continue;
        };
        let windows = windows(incremental, &plan.limits);
        explained["incremental"]["windows"] =
            windows.unwrap_or_else(|error| json!({ "error": error.to_string() }));
    }
    document
}

fn windows(plan: &IncrementalPlan, limits: &Limits) -> Result<Value> {
    let whole = Window::open(plan, None, clock::now())?;
    let windows = Windows::cut(plan, whole, limits.windows_max)?;
    let bounds = |index: u64| -> Result<Value> {
        let window = windows.get(plan, index)?;
        Ok(json!({ "start": window.start_text, "end": window.end_text }))
    };
    Ok(json!({ "count": windows.count(), "first": bounds(0)?, "last": bounds(windows.count() - 1)? }))
}
