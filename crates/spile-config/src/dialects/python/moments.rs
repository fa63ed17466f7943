//! Dates, times and their differences, as `datetime` and `pendulum` make them.
//!
//! The clock comes in through the environment. Local time is taken for UTC, since a config must mean the same everywhere.

use jiff::civil::DateTime;
use jiff::{Span as Step, Timestamp};
use ruff_python_ast::ExprCall;
use ruff_text_size::Ranged;
use spile_core::{Node, Value};

use super::interpret::Interpreter;
use super::object::Object;
use super::span;
use crate::callables::pendulum_pattern;

/// A date, or a date with a time.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Moment {
    /// Midnight for a date.
    at: DateTime,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Date,
    /// Without a zone.
    Naive,
    Utc,
}

/// A difference: months are kept apart, since their length depends on the date.
#[derive(Clone, Copy)]
pub(super) struct Duration {
    months: i64,
    microseconds: i64,
}

impl Duration {
    /// Returns it as functions see it.
    pub(super) fn for_functions(self) -> crate::callables::Delta {
        crate::callables::Delta::known(self.months, self.microseconds)
    }
}

/// Units that a duration is given in, with their microseconds.
const UNITS: [(&str, i64); 7] = [
    ("weeks", 604_800_000_000),
    ("days", 86_400_000_000),
    ("hours", 3_600_000_000),
    ("minutes", 60_000_000),
    ("seconds", 1_000_000),
    ("milliseconds", 1_000),
    ("microseconds", 1),
];

impl Moment {
    fn plus(self, duration: Duration, sign: i64) -> Option<Self> {
        let months = Step::new().try_months(duration.months.checked_mul(sign)?).ok()?;
        let rest = Step::new().try_microseconds(duration.microseconds.checked_mul(sign)?).ok()?;
        let mut at = self.at.checked_add(months).ok()?.checked_add(rest).ok()?;
        if self.kind == Kind::Date {
            at = at.date().to_datetime(jiff::civil::Time::midnight());
        }
        Some(Self { at, ..self })
    }

    /// Returns it as functions see it.
    pub(super) fn for_functions(self) -> crate::callables::Moment {
        crate::callables::Moment::known(self.at, self.kind == Kind::Date, self.kind == Kind::Utc)
    }

    /// Writes it as Python's `isoformat` does.
    pub(super) fn iso(self, separator: char) -> String {
        let mut text = self.at.strftime("%Y-%m-%d").to_string();
        if self.kind == Kind::Date {
            return text;
        }
        text.push(separator);
        text.push_str(&self.at.strftime("%H:%M:%S").to_string());
        let microseconds = self.at.subsec_nanosecond() / 1_000;
        if microseconds != 0 {
            text.push_str(&format!(".{microseconds:06}"));
        }
        if self.kind == Kind::Utc {
            text.push_str("+00:00");
        }
        text
    }

    /// Writes it by a pattern; `None` for a pattern that cannot be written.
    pub(super) fn format(self, pattern: &str) -> Option<String> {
        let zoned = self.at.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        // Python's %f has six digits always, and %z is empty for naive times.
        let pattern = pattern.replace("%f", &format!("{:06}", self.at.subsec_nanosecond() / 1_000));
        let pattern =
            if self.kind == Kind::Utc { pattern } else { pattern.replace("%z", "").replace("%Z", "") };
        jiff::fmt::strtime::format(&pattern, &zoned).ok()
    }

    fn timestamp(self) -> Option<f64> {
        let at = self.at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        Some(at.as_microsecond() as f64 / 1e6)
    }

    /// Orders two moments of one kind.
    pub(super) fn order(self, other: Self) -> Option<std::cmp::Ordering> {
        (self.kind == other.kind).then(|| self.at.cmp(&other.at))
    }

    fn midnight(self) -> Self {
        Self { at: self.at.date().to_datetime(jiff::civil::Time::midnight()), ..self }
    }
}

impl<'p> Interpreter<'p, '_> {
    /// Calls a function of `datetime` or `pendulum`. Any other call gives an opaque object.
    pub(super) fn moment_call(&mut self, path: &str, call: &'p ExprCall) -> Option<Object<'p>> {
        // dlt has a module of this name that holds the library.
        let path = path.strip_prefix("dlt.common.").unwrap_or(path).replace("pendulum.pendulum", "pendulum");
        let zoned = !call.arguments.is_empty();
        match path.as_str() {
            "datetime.datetime.now" => self.now(if zoned { Kind::Utc } else { Kind::Naive }, 0, call),
            "datetime.datetime.utcnow" | "datetime.datetime.today" => self.now(Kind::Naive, 0, call),
            "pendulum.now" => self.now(Kind::Utc, 0, call),
            "datetime.date.today" => self.now(Kind::Date, 0, call),
            "pendulum.today" => self.now(Kind::Utc, 0, call).map(midnight),
            "pendulum.yesterday" => self.now(Kind::Utc, -1, call).map(midnight),
            "pendulum.tomorrow" => self.now(Kind::Utc, 1, call).map(midnight),
            "datetime.datetime" => self.moment_of_parts(Kind::Naive, call),
            "pendulum.datetime" => self.moment_of_parts(Kind::Utc, call),
            "datetime.date" => self.moment_of_parts(Kind::Date, call),
            "datetime.timedelta" | "pendulum.duration" => self.duration(call).map(Object::Duration),
            _ => Some(Object::Opaque),
        }
    }

    fn now(&mut self, kind: Kind, days: i64, call: &ExprCall) -> Option<Object<'p>> {
        let at = Timestamp::from_microsecond(self.reading.environment.now_microseconds).ok();
        let at = at.map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).datetime());
        let moment = at.map(|at| Moment { at, kind });
        let moment = moment.map(|moment| if kind == Kind::Date { moment.midnight() } else { moment });
        let shift = Duration { months: 0, microseconds: days * UNITS[1].1 };
        match moment.and_then(|moment| moment.plus(shift, 1)) {
            Some(moment) => Some(Object::Moment(moment)),
            None => self.refuse_expression("the current time", call),
        }
    }

    /// Makes a moment from year, month, day and so on.
    fn moment_of_parts(&mut self, kind: Kind, call: &'p ExprCall) -> Option<Object<'p>> {
        const NAMES: [&str; 7] = ["year", "month", "day", "hour", "minute", "second", "microsecond"];
        let mut parts = [0, 0, 0, 0, 0, 0, 0];
        let mut kind = kind;
        if call.arguments.args.len() > NAMES.len() {
            return self.refuse_expression("a call with so many arguments", call);
        }
        for (part, argument) in parts.iter_mut().zip(&call.arguments.args) {
            *part = self.whole(argument)?;
        }
        for keyword in &call.arguments.keywords {
            let name = self.keyword_name(keyword)?;
            match NAMES.iter().position(|known| *known == name) {
                Some(index) => parts[index] = self.whole(&keyword.value)?,
                None if matches!(name.as_str(), "tzinfo" | "tz") => kind = self.zone(&keyword.value)?,
                None => return self.refuse_expression(&format!("the argument `{name}`"), keyword),
            }
        }
        let [year, month, day, hour, minute, second, microsecond] = parts;
        let small = |number: i64| i8::try_from(number).ok();
        let at = || {
            let nanoseconds = i32::try_from(microsecond.checked_mul(1_000)?).ok()?;
            let year = i16::try_from(year).ok()?;
            let (hour, minute, second) = (small(hour)?, small(minute)?, small(second)?);
            DateTime::new(year, small(month)?, small(day)?, hour, minute, second, nanoseconds).ok()
        };
        match at() {
            Some(at) => Some(Object::Moment(Moment { at, kind })),
            None => self.refuse_expression("a date that does not exist", call),
        }
    }

    /// Reads a time zone: UTC or none.
    fn zone(&mut self, expression: &'p ruff_python_ast::Expr) -> Option<Kind> {
        match self.evaluate(expression)? {
            Object::Path(path) if path.to_lowercase().ends_with("utc") => Some(Kind::Utc),
            Object::Node(node) if node.as_str().is_some_and(|name| name.eq_ignore_ascii_case("utc")) => {
                Some(Kind::Utc)
            }
            Object::Node(node) if node.is_null() => Some(Kind::Naive),
            _ => self.refuse_expression("a time zone other than UTC", expression),
        }
    }

    fn duration(&mut self, call: &'p ExprCall) -> Option<Duration> {
        let mut duration = Duration { months: 0, microseconds: 0 };
        let mut add = |this: &mut Self, name: &str, value: &'p ruff_python_ast::Expr| -> Option<()> {
            let number = this.whole(value)?;
            let months = match name {
                "years" => Some(12),
                "months" => Some(1),
                _ => None,
            };
            let unit = UNITS.iter().find(|(unit, _)| *unit == name).map(|(_, unit)| *unit);
            let sum = match (months, unit) {
                (Some(months), _) => {
                    number.checked_mul(months).and_then(|more| duration.months.checked_add(more)).map(|sum| {
                        duration.months = sum;
                    })
                }
                (None, Some(unit)) => number
                    .checked_mul(unit)
                    .and_then(|more| duration.microseconds.checked_add(more))
                    .map(|sum| {
                        duration.microseconds = sum;
                    }),
                (None, None) => None,
            };
            if sum.is_none() {
                this.refuse(&format!("the time difference `{name}`"), value);
            }
            sum
        };
        for (name, argument) in ["days", "seconds", "microseconds"].into_iter().zip(&call.arguments.args) {
            add(self, name, argument)?;
        }
        for keyword in &call.arguments.keywords {
            let name = self.keyword_name(keyword)?;
            add(self, &name, &keyword.value)?;
        }
        Some(duration)
    }

    fn whole(&mut self, expression: &'p ruff_python_ast::Expr) -> Option<i64> {
        match self.evaluate_node(expression)?.value {
            Value::Int(number) => Some(number),
            _ => self.refuse_expression("anything but a whole number in this place", expression),
        }
    }

    /// Calls a method of a moment.
    pub(super) fn moment_method(
        &mut self,
        moment: Moment,
        method: &str,
        call: &'p ExprCall,
    ) -> Option<Object<'p>> {
        let at = span(self.reading, call.range());
        let object = match method {
            "isoformat" if call.arguments.is_empty() => Some(Object::text(moment.iso('T'), at)),
            // Unlike isoformat this writes UTC as a letter.
            "to_iso8601_string" => {
                let text = moment.iso('T');
                let text = text.strip_suffix("+00:00").map_or(text.clone(), |bare| format!("{bare}Z"));
                Some(Object::text(text, at))
            }
            "format" => {
                let pattern = pendulum_pattern(&self.first_text(call)?);
                pattern.and_then(|pattern| moment.format(&pattern)).map(|text| Object::text(text, at))
            }
            "to_date_string" => moment.format("%Y-%m-%d").map(|text| Object::text(text, at)),
            "to_datetime_string" => moment.format("%Y-%m-%d %H:%M:%S").map(|text| Object::text(text, at)),
            "strftime" => {
                let pattern = self.first_text(call)?;
                moment.format(&pattern).map(|text| Object::text(text, at))
            }
            "timestamp" => {
                moment.timestamp().map(|seconds| Object::Node(Node::new(Value::Float(seconds), at)))
            }
            "date" => Some(Object::Moment(Moment { kind: Kind::Date, ..moment.midnight() })),
            "add" | "subtract" => {
                let duration = self.duration(call)?;
                moment.plus(duration, if method == "add" { 1 } else { -1 }).map(Object::Moment)
            }
            "start_of" if self.first_text(call)? == "day" => Some(Object::Moment(moment.midnight())),
            _ => None,
        };
        match object {
            Some(object) => Some(object),
            None => self.refuse_expression(&format!("the method `{method}` of a date"), call),
        }
    }
}

/// Adds or subtracts; `None` when Python would not, or when the result does not exist.
pub(super) fn combine<'p>(left: &Object<'p>, right: &Object<'p>, sign: i64) -> Option<Object<'p>> {
    match (left, right) {
        (Object::Moment(moment), Object::Duration(duration)) => {
            moment.plus(*duration, sign).map(Object::Moment)
        }
        (Object::Duration(duration), Object::Moment(moment)) if sign == 1 => {
            moment.plus(*duration, 1).map(Object::Moment)
        }
        (Object::Duration(left), Object::Duration(right)) => Some(Object::Duration(Duration {
            months: left.months.checked_add(right.months.checked_mul(sign)?)?,
            microseconds: left.microseconds.checked_add(right.microseconds.checked_mul(sign)?)?,
        })),
        _ => None,
    }
}

fn midnight(object: Object<'_>) -> Object<'_> {
    match object {
        Object::Moment(moment) => Object::Moment(moment.midnight()),
        other => other,
    }
}
