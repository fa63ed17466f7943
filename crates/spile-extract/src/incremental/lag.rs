//! The look-back: how far before the last value a run starts again.
//!
//! dlt's rules: numbers go back in their own unit, times in seconds, dates in days; the initial value is never crossed.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};
use serde_json::Value;
use spile_core::{Error, ErrorKind, IncrementalPlan, Result};

use super::compare::Reading;
use super::format::{self, TimeForm};

/// Moves a value back by the plan's lag (forth for `min`), in its own form.
pub(super) fn apply(plan: &IncrementalPlan, lag: f64, value: &Value, reading: Reading) -> Result<Value> {
    let signed = if plan.descending { lag } else { -lag };
    if let (Value::Number(number), Reading::Values) = (value, reading) {
        let moved = match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::from((whole as f64 + signed) as i64),
            (None, Some(number)) => Value::from(number + signed),
            (None, None) => value.clone(),
        };
        return Ok(moved);
    }
    let Some((instant, form)) = format::recognise(value) else {
        return Err(Error::new(
            ErrorKind::Data,
            "incremental/lag",
            format!(
                "the lag cannot be applied to the cursor `{}`: its value is no time",
                plan.cursor_path.as_str()
            ),
        )
        .hint("Remove `lag`, or point `cursor_path` at a time or a number."));
    };
    let out_of_range = |error: jiff::Error| {
        Error::new(ErrorKind::Config, "incremental/lag", "the lag leads out of the calendar")
            .source_error(error)
    };
    let moved = if reading == Reading::Values && in_days(plan, form) {
        let days = Span::new().try_days(signed as i64).map_err(out_of_range)?;
        let day = TimeZone::UTC.to_datetime(instant).date().checked_add(days).map_err(out_of_range)?;
        // A whole day stays in range: from its first instant for `max`, to its last for `min`.
        let time = match form {
            TimeForm::Date => Time::midnight(),
            _ if plan.descending => Time::constant(23, 59, 59, 999_999_000),
            _ => Time::midnight(),
        };
        TimeZone::UTC.to_timestamp(day.to_datetime(time)).map_err(out_of_range)?
    } else {
        let span = SignedDuration::try_from_secs_f64(signed).map_err(out_of_range)?;
        instant.checked_add(span).map_err(out_of_range)?
    };
    Ok(form.write(moved))
}

/// A declared initial value decides the unit, else the value itself.
pub(super) fn in_days(plan: &IncrementalPlan, form: TimeForm) -> bool {
    let declared = plan
        .initial_value
        .as_ref()
        .and_then(Value::as_str)
        .and_then(format::recognise_iso)
        .map(|(_, declared)| declared);
    declared.unwrap_or(form) == TimeForm::Date
}
