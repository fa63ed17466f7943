//! A run's window, cut into windows of a `step` that are asked for one by one.
//!
//! Pure, and made anew from the same window by a resumed run. The invariant: the windows tile the range. The first starts
//! where the range starts, the last ends where it ends, and each of the others starts where the one in front of it ends,
//! at a value that both bounds can be written as exactly. So a record belongs to one window, whatever the API does at a
//! border.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, Unit};
use serde_json::Value;
use spile_core::{
    CursorFormat, Error, ErrorKind, IncrementalPlan, RangeEdge, Result, StepPlan, Stride, WindowPart,
};

use super::compare::Reading;
use super::format::{self, TimeForm};
use super::lag;
use super::window::{Window, reading, text};

/// The windows of a run.
#[derive(Debug, Clone)]
pub struct Windows {
    whole: Window,
    cuts: Option<Cuts>,
    count: u64,
}

/// Where a range is cut: `cut(n)` is the start moved by n steps, so that lengths of months do not add up their rounding.
#[derive(Debug, Clone)]
enum Cuts {
    Times { base: DateTime, form: TimeForm, step: Length, granularity: Option<Length> },
    Integers { start: i128, step: i128, granularity: i128 },
    Floats { start: f64, step: f64, granularity: f64 },
}

/// A length of time.
#[derive(Debug, Clone, Copy)]
enum Length {
    Span(Span),
    Nanoseconds(i128),
}

impl Length {
    /// Returns the instant that is this long before a time.
    fn before(self, end: &Value) -> Option<Timestamp> {
        let (instant, _) = format::recognise(end)?;
        let at = TimeZone::UTC.to_datetime(instant);
        let at = match self {
            Self::Span(span) => at.checked_sub(span).ok()?,
            Self::Nanoseconds(nanoseconds) => at.checked_sub(duration(nanoseconds)?).ok()?,
        };
        TimeZone::UTC.to_timestamp(at).ok()
    }
}

impl Windows {
    /// Cuts a window as its plan says; without a step it stays whole.
    pub fn cut(plan: &IncrementalPlan, whole: Window, windows_max: u64) -> Result<Self> {
        let Some(step) = &plan.step else { return Ok(Self { whole, cuts: None, count: 1 }) };
        let cuts = Cuts::new(plan, step, &whole)?;
        let count = cuts.count(whole.end.as_ref(), reading(plan));
        if count > windows_max {
            let path = plan.cursor_path.as_str();
            let message =
                format!("the step of `{path}` cuts the range into {count} windows, more than {windows_max}");
            return Err(Error::new(ErrorKind::Limit, "limit/windows", message)
                .with("range", whole.describe())
                .hint("Give a longer `step`, a shorter range, or raise `client.limits.windows_max`."));
        }
        let windows = Self { whole, cuts: Some(cuts), count };
        if count > 1 {
            windows.get(plan, 0)?;
        }
        Ok(windows)
    }

    /// Returns how many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the window that was cut.
    pub fn whole(&self) -> &Window {
        &self.whole
    }

    /// Returns which window a number stands for; `None` where nothing is to be cut.
    pub fn part(&self, index: u64) -> Option<WindowPart> {
        self.cuts.as_ref().map(|_| WindowPart { index, count: self.count })
    }

    /// Makes one of the windows, by its number from 0.
    pub fn get(&self, plan: &IncrementalPlan, index: u64) -> Result<Window> {
        let Some(cuts) = &self.cuts else { return Ok(self.whole.clone()) };
        let part = WindowPart { index, count: self.count };
        let mut window = self.whole.clone();
        if part.has_previous() {
            let start = cuts.exact(plan, index)?;
            window.start_text = Some(text(&start, &plan.start.format, plan)?);
            window.start = Some(start);
        }
        if part.has_next() {
            let end = cuts.exact(plan, index + 1)?;
            window.end_text = Some(text(&end, &plan.end.format, plan)?);
            window.end = Some(end);
        }
        let inclusive = !part.has_next() && plan.range_end == RangeEdge::Closed;
        if let (false, Some(end)) = (inclusive, &window.end)
            && let Some((asked, written)) = cuts.reduced(end, part.has_next(), plan)?
        {
            window.end_text = Some(written);
            window.end_asked = Some(asked);
        }
        Ok(window)
    }
}

impl Cuts {
    fn new(plan: &IncrementalPlan, step: &StepPlan, whole: &Window) -> Result<Self> {
        let Some(start) = &whole.start else {
            return Err(refused(plan, "there is no start to count from")
                .hint("Give `initial_value`, the start of the first run."));
        };
        if let (Value::Number(number), Reading::Values) = (start, reading(plan)) {
            return Self::of_numbers(plan, step, number, whole);
        }
        let recognised = match reading(plan) {
            Reading::Times => format::recognise(start),
            Reading::Values => start.as_str().and_then(format::recognise_iso),
        };
        let Some((instant, form)) = recognised else {
            return Err(refused(plan, "its start is neither a time nor a number")
                .hint("A `step` needs a cursor of times or numbers; remove it."));
        };
        let in_days = reading(plan) == Reading::Values && lag::in_days(plan, form);
        let length = |stride: &Stride| match *stride {
            Stride::Span(span) => Length::Span(span),
            Stride::Units(units) => {
                Length::Nanoseconds((units * if in_days { 86_400e9 } else { 1e9 }).round() as i128)
            }
        };
        let form = finer(form, plan);
        let cuts = Self::Times {
            base: base(instant, form, plan)?,
            form,
            step: length(&step.step),
            granularity: step.granularity.as_ref().map(length),
        };
        Ok(cuts)
    }

    fn of_numbers(
        plan: &IncrementalPlan,
        step: &StepPlan,
        start: &serde_json::Number,
        whole: &Window,
    ) -> Result<Self> {
        let units = |stride: &Stride| match stride {
            Stride::Units(units) => Ok(*units),
            Stride::Span(_) => Err(refused(plan, "it is a length of time, but the cursor is a number")
                .hint("Give `step` as a number, in units of the cursor.")),
        };
        let step_units = units(&step.step)?;
        let granularity = step.granularity.as_ref().map(units).transpose()?.unwrap_or(0.0);
        if whole.end.is_none() {
            return Err(refused(plan, "the cursor is a number, and there is no end to count to")
                .hint("Give `end_value`, or say `--until`."));
        }
        let integer = start.as_i64().map(i128::from).or_else(|| start.as_u64().map(i128::from));
        match (integer, start.as_f64()) {
            (Some(start), _) if step_units.fract() == 0.0 && granularity.fract() == 0.0 => {
                Ok(Self::Integers { start, step: step_units as i128, granularity: granularity as i128 })
            }
            (_, Some(start)) => Ok(Self::Floats { start, step: step_units, granularity }),
            (_, None) => Err(refused(plan, "its start is no number that can be counted from")),
        }
    }

    /// Returns where the n-th window starts; `None` beyond what can be written.
    fn cut(&self, n: u64) -> Option<Value> {
        match self {
            Self::Times { form, .. } => Some(form.write(self.instant(n)?)),
            Self::Integers { start, step, .. } => {
                integer(start.checked_add(step.checked_mul(i128::from(n))?)?)
            }
            Self::Floats { start, step, .. } => {
                serde_json::Number::from_f64(start + n as f64 * step).map(Value::Number)
            }
        }
    }

    fn instant(&self, n: u64) -> Option<Timestamp> {
        let Self::Times { base, step, .. } = self else { return None };
        let moved = match step {
            Length::Span(span) => base.checked_add(span.checked_mul(i64::try_from(n).ok()?).ok()?).ok()?,
            Length::Nanoseconds(step) => {
                base.checked_add(duration(step.checked_mul(i128::from(n))?)?).ok()?
            }
        };
        TimeZone::UTC.to_timestamp(moved).ok()
    }

    /// Returns where the n-th window starts, and refuses what the requests cannot say exactly.
    fn exact(&self, plan: &IncrementalPlan, n: u64) -> Result<Value> {
        let inexact = || {
            let shown = self.cut(n).map(|value| value.to_string()).unwrap_or_default();
            refused(plan, "a bound between two windows cannot be written as the requests write bounds")
                .with("bound", shown)
                .hint("Give a `step` of whole days, seconds or whatever the bounds are written in.")
        };
        if let (Self::Times { form, .. }, Some(instant)) = (self, self.instant(n))
            && !is_exact(instant, *form, plan)
        {
            return Err(inexact());
        }
        self.cut(n).ok_or_else(inexact)
    }

    /// Returns an end as it is asked for and as it is sent, when that is not the end itself.
    fn reduced(
        &self,
        end: &Value,
        at_border: bool,
        plan: &IncrementalPlan,
    ) -> Result<Option<(Value, String)>> {
        let number = match self {
            Self::Times { form, granularity, .. } => {
                let reduced = granularity.and_then(|granularity| granularity.before(end));
                let Some(instant) = reduced else { return Ok(None) };
                // What is sent must not lie further back than the granularity says.
                if at_border && !is_first(instant, &plan.end.format, *form) {
                    return Err(refused(
                        plan,
                        "`cursor_granularity` is finer than the end is written in requests",
                    )
                    .hint("Give the granularity that the end is written in, or leave it out."));
                }
                let asked = form.write(instant);
                // Not by way of the value: a date would take away more than the granularity.
                let written = match plan.convert {
                    Some(_) => text(&asked, &plan.end.format, plan)?,
                    None => format::write(instant, &plan.end.format, *form)?,
                };
                return Ok(Some((asked, written)));
            }
            Self::Integers { granularity: 0, .. } => None,
            Self::Integers { granularity, .. } => {
                let end = end.as_i64().map(i128::from).or_else(|| end.as_u64().map(i128::from));
                end.and_then(|end| integer(end - granularity))
            }
            Self::Floats { granularity, .. } if *granularity == 0.0 => None,
            Self::Floats { granularity, .. } => {
                let reduced = end.as_f64().map(|end| end - granularity);
                reduced.and_then(serde_json::Number::from_f64).map(Value::Number)
            }
        };
        number.map(|asked| Ok((asked.clone(), text(&asked, &plan.end.format, plan)?))).transpose()
    }

    /// Returns how many windows there are up to an end: the first whose own end is not before it is the last.
    fn count(&self, end: Option<&Value>, reading: Reading) -> u64 {
        let Some(end) = end.and_then(|end| super::compare::Cursor::of_value(end, reading)) else { return 1 };
        let reaches = |n: u64| {
            let cut = self.cut(n).and_then(|cut| super::compare::Cursor::of_value(&cut, reading));
            cut.is_none_or(|cut| cut.compare(&end).is_none_or(std::cmp::Ordering::is_ge))
        };
        let mut beyond = 1_u64;
        while beyond < u64::MAX && !reaches(beyond) {
            beyond = beyond.saturating_mul(2);
        }
        let mut before = beyond / 2;
        while beyond - before > 1 {
            let middle = before + (beyond - before) / 2;
            if reaches(middle) { beyond = middle } else { before = middle }
        }
        beyond
    }
}

/// Returns the form of bounds. A first run often starts at a date where records have times: when the requests have forms of
/// their own, the date does not decide how fine a bound may be.
fn finer(form: TimeForm, plan: &IncrementalPlan) -> TimeForm {
    let as_record = |format: &CursorFormat| *format == CursorFormat::AsRecord;
    if form == TimeForm::Date && !as_record(&plan.start.format) && !as_record(&plan.end.format) {
        return TimeForm::DEFAULT;
    }
    form
}

fn integer(value: i128) -> Option<Value> {
    i64::try_from(value).map(Value::from).or_else(|_| u64::try_from(value).map(Value::from)).ok()
}

fn duration(nanoseconds: i128) -> Option<SignedDuration> {
    let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()?;
    Some(SignedDuration::new(seconds, nanoseconds.rem_euclid(1_000_000_000) as i32))
}

/// Returns the newest instant that is not after a start and that all bounds can be written as.
fn base(start: Timestamp, form: TimeForm, plan: &IncrementalPlan) -> Result<DateTime> {
    let at = TimeZone::UTC.to_datetime(start);
    let floor = |unit: Unit| match unit {
        Unit::Year => at.date().first_of_year().to_datetime(jiff::civil::Time::midnight()),
        Unit::Month => at.date().first_of_month().to_datetime(jiff::civil::Time::midnight()),
        Unit::Day => at.date().to_datetime(jiff::civil::Time::midnight()),
        unit => {
            let options = jiff::civil::DateTimeRound::new().smallest(unit).mode(jiff::RoundMode::Trunc);
            at.round(options).unwrap_or(at)
        }
    };
    let units = [
        Unit::Nanosecond,
        Unit::Microsecond,
        Unit::Millisecond,
        Unit::Second,
        Unit::Minute,
        Unit::Hour,
        Unit::Day,
        Unit::Month,
        Unit::Year,
    ];
    units
        .into_iter()
        .map(floor)
        .find(|at| TimeZone::UTC.to_timestamp(*at).is_ok_and(|at| is_exact(at, form, plan)))
        .ok_or_else(|| {
            refused(plan, "its bounds are written in a form that no moment can be told by")
                .hint("Give a `param_format` that names whole years, months, days or less.")
        })
}

/// Returns whether an instant is the first that is written as it is, in the records and in both bounds.
fn is_exact(instant: Timestamp, form: TimeForm, plan: &IncrementalPlan) -> bool {
    let formats = [&CursorFormat::AsRecord, &plan.start.format, &plan.end.format];
    formats.into_iter().all(|format| is_first(instant, format, form))
}

fn is_first(instant: Timestamp, format: &CursorFormat, form: TimeForm) -> bool {
    let Ok(before) = instant.checked_sub(SignedDuration::from_nanos(1)) else { return false };
    match (format::write(instant, format, form), format::write(before, format, form)) {
        (Ok(written), Ok(before)) => written != before,
        _ => false,
    }
}

fn refused(plan: &IncrementalPlan, why: &str) -> Error {
    let path = plan.cursor_path.as_str();
    Error::new(ErrorKind::Config, "incremental/step", format!("the step of `{path}` cannot be used: {why}"))
}

#[cfg(test)]
mod tests;
