//! The window of a run: from where to where, and how both are written in requests.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use spile_core::{CursorFormat, Error, ErrorKind, IncrementalPlan, Result};

use super::compare::{Cursor, Reading};
use super::format::{self, TimeForm};
use super::lag;
use crate::paginators::query_text;

/// What a run asks for. It is fixed at the start and kept in the ledger, so that a resumed run asks for the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// First cursor value, with the lag; `None`: from the beginning.
    pub start: Option<Value>,
    /// Last cursor value; `None`: whatever there is.
    pub end: Option<Value>,
    /// The end as it is asked for, where that is not the end itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_asked: Option<Value>,
    /// The start as it is sent.
    pub start_text: Option<String>,
    /// The end as it is sent.
    pub end_text: Option<String>,
    /// The initial value as it is sent, when the config converts values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_text: Option<String>,
    /// dlt's stored incremental state before this run; `None` when there was none or the run is stateless.
    pub state: Option<Value>,
}

impl Window {
    /// Opens the window of a run. `stored` is dlt's state of this cursor; a fixed end value makes the run stateless.
    pub fn open(plan: &IncrementalPlan, stored: Option<&Value>, run_start: Timestamp) -> Result<Self> {
        if plan.end_value.is_some() && plan.initial_value.is_none() && !plan.end_is_run_start {
            return Err(Error::new(
                ErrorKind::Config,
                "incremental/no-initial-value",
                "`end_value` needs `initial_value`",
            )
            .hint("Give `initial_value`, the start of the window that `end_value` closes."));
        }
        let reading = reading(plan);
        let state = stored.filter(|_| plan.end_value.is_none()).cloned().map(plain_state);
        let last = state.as_ref().and_then(|state| state.get("last_value")).filter(|last| !last.is_null());
        let last = last.or(plan.initial_value.as_ref());
        let start = match (last, plan.lag) {
            (Some(last), Some(lag)) if lag != 0.0 && plan.end_value.is_none() => {
                Some(not_before_initial(plan, lag::apply(plan, lag, last, reading)?, reading))
            }
            (last, _) => last.cloned(),
        };
        let record_form = last.and_then(format::recognise).map_or(TimeForm::DEFAULT, |(_, form)| form);
        let start_text = match &start {
            Some(start) => Some(text(start, &plan.start.format, plan)?),
            // dlt calls the conversion for a parameter even when there is no value.
            None if plan.start.param.is_some() => converted(&Value::Null, plan)?,
            None => None,
        };
        let initial_text = match (&plan.initial_value, &plan.convert) {
            (Some(initial), Some(_)) => converted(initial, plan)?,
            _ => None,
        };
        let end = match &plan.end_value {
            Some(end) => Some(end.clone()),
            None if plan.end_is_run_start => Some(run_end(whole_second(run_start), record_form, plan)),
            // A step needs an end to cut up to. Records of today belong to the window, also where cursors are dates.
            None if plan.step.is_some() && last.is_some_and(|last| Cursor::is_time(last, reading)) => {
                let days = i64::from(record_form == TimeForm::Date);
                let end = whole_second(run_start).saturating_add(SignedDuration::from_hours(24 * days));
                Some(record_form.write(end.unwrap_or(run_start)))
            }
            None => None,
        };
        let end_text = match &end {
            Some(_) if plan.end_value.is_none() && plan.end_is_run_start => {
                Some(format::write(whole_second(run_start), &plan.end.format, record_form)?)
            }
            Some(end) => Some(text(end, &plan.end.format, plan)?),
            None => None,
        };
        Ok(Self { start, end, end_asked: None, start_text, end_text, initial_text, state })
    }

    /// Returns the window in words.
    pub fn describe(&self) -> String {
        let shown = |value: &Value| query_text(value);
        match (&self.start, &self.end) {
            (Some(start), Some(end)) => format!("from {} to {}", shown(start), shown(end)),
            (Some(start), None) => format!("from {}", shown(start)),
            (None, Some(end)) => format!("everything up to {}", shown(end)),
            (None, None) => "everything".to_owned(),
        }
    }

    /// Returns a text that is the same for the same window, for page ids.
    pub fn key(&self) -> String {
        Value::from(vec![
            self.start.clone().unwrap_or_default(),
            self.end.clone().unwrap_or_default(),
            self.start_text.clone().into(),
            self.end_text.clone().into(),
        ])
        .to_string()
    }
}

/// Returns the end of a window that ends when the run starts. Where the request says it in a form of its own and the records'
/// form is coarser, as a date is, the value is as fine as what is sent, so that no record of the last day is left out.
fn run_end(end: Timestamp, record_form: TimeForm, plan: &IncrementalPlan) -> Value {
    let written = record_form.write(end);
    let is_exact = format::recognise(&written).is_some_and(|(instant, _)| instant == end);
    if is_exact || plan.end.format == CursorFormat::AsRecord { written } else { TimeForm::DEFAULT.write(end) }
}

/// A second is as fine as most APIs filter; what the fraction hides comes with the next run.
fn whole_second(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

/// Returns how cursor values of a plan are read: those of `incremental_sync` are times.
pub(super) fn reading(plan: &IncrementalPlan) -> Reading {
    if plan.end_is_run_start { Reading::Times } else { Reading::Values }
}

fn not_before_initial(plan: &IncrementalPlan, lagged: Value, reading: Reading) -> Value {
    let Some(initial) = &plan.initial_value else { return lagged };
    let order = Cursor::of_value(&lagged, reading)
        .zip(Cursor::of_value(initial, reading))
        .and_then(|(lagged, initial)| lagged.compare(&initial));
    let crossed = if plan.descending { std::cmp::Ordering::Greater } else { std::cmp::Ordering::Less };
    if order == Some(crossed) { initial.clone() } else { lagged }
}

/// Runs the config's conversion; `None` when there is none, or when it gives nothing to send.
fn converted(value: &Value, plan: &IncrementalPlan) -> Result<Option<String>> {
    let Some(convert) = &plan.convert else { return Ok(None) };
    let made = convert.convert(value).map_err(|error| error.with("cursor", plan.cursor_path.as_str()))?;
    Ok((!made.is_null()).then(|| query_text(&made)))
}

pub(super) fn text(value: &Value, format: &CursorFormat, plan: &IncrementalPlan) -> Result<String> {
    if plan.convert.is_some() {
        return Ok(converted(value, plan)?.unwrap_or_else(|| "None".to_owned()));
    }
    if *format == CursorFormat::AsRecord {
        return Ok(query_text(value));
    }
    match format::recognise(value) {
        Some((instant, form)) => format::write(instant, format, form),
        None => Err(Error::new(
            ErrorKind::Config,
            "incremental/no-time",
            format!(
                "the cursor `{}` has a value that is no time, but is to be written as one",
                plan.cursor_path.as_str()
            ),
        )
        .hint("Remove the parameter's format, or give `initial_value` as a time.")),
    }
}

/// dlt marks values that are not plain JSON by a private-use character in front, such as a datetime; the rest of the
/// text is the value.
fn plain_state(mut state: Value) -> Value {
    if let Some(members) = state.as_object_mut() {
        for (_, value) in members.iter_mut() {
            if let Some(text) = value.as_str()
                && let Some(first @ '\u{f026}'..='\u{f0ff}') = text.chars().next()
            {
                *value = Value::from(&text[first.len_utf8()..]);
            }
        }
    }
    state
}
