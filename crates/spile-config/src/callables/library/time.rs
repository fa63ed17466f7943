//! `datetime` and `pendulum`: dates, times and their differences.
//!
//! The clock is the start of the run. Local time is UTC, since a config must mean the same everywhere; zones are fixed
//! offsets.

use std::cmp::Ordering;

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, Timestamp};
use ruff_python_ast::Operator;

use super::{Given, Native, time_format};
use crate::callables::fault::{Outcome, raise, unsupported};
use crate::callables::machine::Machine;
use crate::callables::value::Value;

pub(super) const FUNCTIONS: &[Native] = &[
    Native { path: "datetime.date", call: |_, given| parts(given, Kind::Date) },
    Native { path: "datetime.date.fromisoformat", call: |_, given| parsed(given, Some(Kind::Date)) },
    Native { path: "datetime.date.fromtimestamp", call: |_, given| from_timestamp(given, Kind::Date) },
    Native { path: "datetime.date.today", call: |machine, _| now(machine, Kind::Date) },
    Native { path: "datetime.datetime", call: |_, given| parts(given, Kind::Naive) },
    Native { path: "datetime.datetime.combine", call: |_, _| unsupported("`datetime.combine`") },
    Native { path: "datetime.datetime.fromisoformat", call: |_, given| parsed(given, None) },
    Native { path: "datetime.datetime.fromtimestamp", call: |_, given| from_timestamp(given, Kind::Naive) },
    Native { path: "datetime.datetime.now", call: now_in },
    Native { path: "datetime.datetime.strptime", call: strptime },
    Native { path: "datetime.datetime.today", call: |machine, _| now(machine, Kind::Naive) },
    Native {
        path: "datetime.datetime.utcfromtimestamp",
        call: |_, given| from_timestamp(given, Kind::Naive),
    },
    Native { path: "datetime.datetime.utcnow", call: |machine, _| now(machine, Kind::Naive) },
    Native { path: "datetime.timedelta", call: timedelta },
    Native { path: "datetime.timezone", call: timezone },
    // Stands for the constant.
    Native {
        path: "datetime.timezone.utc",
        call: |_, _| raise("TypeError", "'datetime.timezone' object is not callable"),
    },
    Native { path: "pendulum.datetime", call: |_, given| parts(given, Kind::Zoned(Zone::UTC)) },
    Native { path: "pendulum.duration", call: timedelta },
    Native {
        path: "pendulum.from_timestamp",
        call: |_, given| from_timestamp(given, Kind::Zoned(Zone::UTC)),
    },
    Native { path: "pendulum.instance", call: instance },
    Native { path: "pendulum.now", call: |machine, _| now(machine, Kind::Zoned(Zone::UTC)) },
    Native { path: "pendulum.parse", call: |_, given| parsed(given, Some(Kind::Zoned(Zone::UTC))) },
    Native {
        path: "pendulum.today",
        call: |machine, _| match now(machine, Kind::Zoned(Zone::UTC))? {
            Value::Moment(moment) => Ok(Value::Moment(moment.midnight())),
            other => Ok(other),
        },
    },
];

/// A fixed offset from UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::callables) struct Zone {
    pub(super) seconds: i32,
}

impl Zone {
    pub(in crate::callables) const UTC: Self = Self { seconds: 0 };

    /// Returns the name that `str` gives.
    pub(in crate::callables) fn name(self) -> String {
        if self.seconds == 0 {
            "UTC".to_owned()
        } else {
            format!("UTC{}", time_format::offset(self.seconds, ":"))
        }
    }

    /// Reads a zone argument: a zone, the text `UTC` or an offset.
    pub(super) fn of(value: &Value) -> Outcome<Option<Self>> {
        match value {
            Value::None => Ok(None),
            Value::Zone(zone) => Ok(Some(*zone)),
            Value::Text(name) if name.eq_ignore_ascii_case("utc") => Ok(Some(Self::UTC)),
            _ => unsupported("a time zone other than UTC and fixed offsets"),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Date,
    Naive,
    Zoned(Zone),
}

/// A date, or a date with a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Midnight for a date; local time of the zone.
    pub(super) at: DateTime,
    pub(super) kind: Kind,
}

/// A difference. Months are kept apart, since their length depends on the date.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Delta {
    pub(super) months: i64,
    pub(super) microseconds: i64,
}

impl Moment {
    /// Makes a moment of the config's evaluation: a date, or a time that is in UTC or has no zone.
    pub(crate) fn known(at: DateTime, is_date: bool, is_utc: bool) -> Self {
        let kind = match (is_date, is_utc) {
            (true, _) => Kind::Date,
            (false, true) => Kind::Zoned(Zone::UTC),
            (false, false) => Kind::Naive,
        };
        Self { at, kind }
    }

    pub(in crate::callables) fn type_name(self) -> &'static str {
        if self.kind == Kind::Date { "date" } else { "datetime" }
    }

    /// Microseconds since 1970 in UTC; a time without a zone is taken for UTC.
    pub(super) fn microseconds(self) -> Option<i64> {
        let offset = match self.kind {
            Kind::Zoned(zone) => zone.seconds,
            Kind::Date | Kind::Naive => 0,
        };
        let at = self.at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond();
        at.checked_sub(i64::from(offset) * 1_000_000)
    }

    pub(super) fn of_microseconds(microseconds: i64, kind: Kind) -> Option<Self> {
        let offset = match kind {
            Kind::Zoned(zone) => i64::from(zone.seconds) * 1_000_000,
            Kind::Date | Kind::Naive => 0,
        };
        let at = Timestamp::from_microsecond(microseconds.checked_add(offset)?).ok()?;
        let moment = Self { at: at.to_zoned(jiff::tz::TimeZone::UTC).datetime(), kind };
        Some(if kind == Kind::Date { moment.midnight() } else { moment })
    }

    pub(super) fn midnight(self) -> Self {
        Self { at: self.at.date().to_datetime(Time::midnight()), ..self }
    }

    pub(super) fn plus(self, delta: Delta, sign: i64) -> Outcome<Value> {
        let moved = || {
            let months = Span::new().try_months(delta.months.checked_mul(sign)?).ok()?;
            let rest = Span::new().try_microseconds(delta.microseconds.checked_mul(sign)?).ok()?;
            self.at.checked_add(months).ok()?.checked_add(rest).ok().filter(|at| at.year() >= 1)
        };
        match moved() {
            Some(at) if self.kind == Kind::Date => Ok(Value::Moment(Self { at, ..self }.midnight())),
            Some(at) => Ok(Value::Moment(Self { at, ..self })),
            None => raise("OverflowError", "date value out of range"),
        }
    }

    fn is_aware(self) -> bool {
        matches!(self.kind, Kind::Zoned(_))
    }

    pub(in crate::callables) fn is_equal(&self, other: &Self) -> bool {
        (self.kind == Kind::Date) == (other.kind == Kind::Date)
            && self.is_aware() == other.is_aware()
            && self.microseconds() == other.microseconds()
    }

    pub(in crate::callables) fn hash_value(&self) -> i64 {
        self.microseconds().unwrap_or_default()
    }

    /// Orders two moments; Python refuses to mix dates and times, or zones and none.
    pub(in crate::callables) fn order(self, other: &Self, sign: &str) -> Outcome<Ordering> {
        if (self.kind == Kind::Date) != (other.kind == Kind::Date) {
            return raise(
                "TypeError",
                format!(
                    "'{sign}' not supported between instances of '{}' and '{}'",
                    self.type_name(),
                    other.type_name()
                ),
            );
        }
        if self.is_aware() != other.is_aware() {
            return raise("TypeError", "can't compare offset-naive and offset-aware datetimes");
        }
        Ok(self.microseconds().cmp(&other.microseconds()))
    }
}

impl Delta {
    pub(crate) fn known(months: i64, microseconds: i64) -> Self {
        Self { months, microseconds }
    }

    pub(in crate::callables) fn is_zero(self) -> bool {
        self.months == 0 && self.microseconds == 0
    }

    pub(in crate::callables) fn negated(self) -> Self {
        Self { months: self.months.saturating_neg(), microseconds: self.microseconds.saturating_neg() }
    }

    pub(in crate::callables) fn absolute(self) -> Self {
        if self.microseconds < 0 { self.negated() } else { self }
    }
}

/// Computes with moments and differences; `None` when neither side is one.
pub(in crate::callables) fn operate(
    left: &Value,
    operator: Operator,
    right: &Value,
) -> Option<Outcome<Value>> {
    let delta = |microseconds: Option<i64>| match microseconds {
        Some(microseconds) => Ok(Value::Delta(Delta { months: 0, microseconds })),
        None => raise("OverflowError", "the time difference is too large"),
    };
    Some(match (left, operator, right) {
        (Value::Moment(moment), Operator::Add, Value::Delta(delta))
        | (Value::Delta(delta), Operator::Add, Value::Moment(moment)) => moment.plus(*delta, 1),
        (Value::Moment(moment), Operator::Sub, Value::Delta(delta)) => moment.plus(*delta, -1),
        (Value::Moment(left), Operator::Sub, Value::Moment(right)) => {
            if left.is_aware() != right.is_aware() {
                return Some(raise("TypeError", "can't subtract offset-naive and offset-aware datetimes"));
            }
            delta(
                left.microseconds()
                    .zip(right.microseconds())
                    .and_then(|(left, right)| left.checked_sub(right)),
            )
        }
        (Value::Delta(left), Operator::Add, Value::Delta(right)) => {
            delta(left.microseconds.checked_add(right.microseconds))
        }
        (Value::Delta(left), Operator::Sub, Value::Delta(right)) => {
            delta(left.microseconds.checked_sub(right.microseconds))
        }
        (Value::Delta(left), Operator::Div, Value::Delta(right)) if right.microseconds != 0 => {
            Ok(Value::Float(left.microseconds as f64 / right.microseconds as f64))
        }
        (Value::Delta(left), Operator::FloorDiv, Value::Delta(right)) if right.microseconds != 0 => {
            Ok(Value::Int(i128::from(left.microseconds).div_euclid(i128::from(right.microseconds))))
        }
        (Value::Delta(left), Operator::Mult, number) | (number, Operator::Mult, Value::Delta(left)) => {
            match (number.as_int(), number.as_float()) {
                (Some(number), _) => {
                    delta(i64::try_from(number).ok().and_then(|number| left.microseconds.checked_mul(number)))
                }
                (None, Some(number)) => {
                    delta(Some((left.microseconds as f64 * number).round_ties_even() as i64))
                }
                _ => return None,
            }
        }
        (Value::Delta(left), Operator::Div, number) => match number.as_float() {
            Some(number) if number != 0.0 => {
                delta(Some((left.microseconds as f64 / number).round_ties_even() as i64))
            }
            _ => return None,
        },
        _ => return None,
    })
}

fn now(machine: &mut Machine<'_>, kind: Kind) -> Outcome<Value> {
    match Moment::of_microseconds(machine.now_microseconds, kind) {
        Some(moment) => Ok(Value::Moment(moment)),
        None => raise("OverflowError", "date value out of range"),
    }
}

fn now_in(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [zone] = given.bind("now", ["tz"])?;
    match zone.map_or(Ok(None), |zone| Zone::of(&zone))? {
        Some(zone) => now(machine, Kind::Zoned(zone)),
        None => now(machine, Kind::Naive),
    }
}

const PARTS: [&str; 8] = ["year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo"];

/// Makes a moment of year, month, day and so on.
pub(super) fn parts(given: Given, kind: Kind) -> Outcome<Value> {
    let named = given
        .named
        .into_iter()
        .map(|(name, value)| if &*name == "tz" { ("tzinfo".into(), value) } else { (name, value) });
    let given = Given { positional: given.positional, named: named.collect() };
    let bound = given.bind("datetime", PARTS)?;
    assemble(bound, [None; 7], kind)
}

/// Puts given parts in place of `known` ones.
pub(super) fn assemble(given: [Option<Value>; 8], known: [Option<i64>; 7], kind: Kind) -> Outcome<Value> {
    let mut numbers = [0_i64; 7];
    for (index, number) in numbers.iter_mut().enumerate() {
        *number = match (&given[index], known[index]) {
            (Some(value), _) => match value.as_int() {
                Some(value) => value.clamp(-100_000, 10_000_000) as i64,
                None => {
                    return raise(
                        "TypeError",
                        format!("'{}' object cannot be interpreted as an integer", value.type_name()),
                    );
                }
            },
            (None, Some(known)) => known,
            (None, None) if index < 3 => {
                return raise("TypeError", format!("missing required argument '{}'", PARTS[index]));
            }
            (None, None) => 0,
        };
    }
    let kind = match &given[7] {
        Some(zone) => Zone::of(zone)?.map_or(Kind::Naive, Kind::Zoned),
        None => kind,
    };
    let [year, month, day, hour, minute, second, microsecond] = numbers;
    let small = |number: i64| i8::try_from(number).ok();
    let at = || {
        let date = Date::new(i16::try_from(year).ok().filter(|year| *year >= 1)?, small(month)?, small(day)?)
            .ok()?;
        let nanoseconds = i32::try_from(microsecond).ok()?.checked_mul(1_000)?;
        let time = Time::new(small(hour)?, small(minute)?, small(second)?, nanoseconds).ok()?;
        Some(date.to_datetime(time))
    };
    match at() {
        Some(at) => Ok(Value::Moment(Moment { at, kind })),
        None => raise("ValueError", "a part of the date or time is out of range"),
    }
}

/// Units of differences, with their microseconds.
const UNITS: [(&str, i64); 7] = [
    ("days", 86_400_000_000),
    ("seconds", 1_000_000),
    ("microseconds", 1),
    ("milliseconds", 1_000),
    ("minutes", 60_000_000),
    ("hours", 3_600_000_000),
    ("weeks", 604_800_000_000),
];

fn timedelta(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    delta_of(given).map(Value::Delta)
}

/// Reads a difference from keywords.
pub(super) fn delta_of(given: Given) -> Outcome<Delta> {
    let names = UNITS.iter().map(|(name, _)| Box::<str>::from(*name));
    let positional = names.zip(given.positional);
    let mut delta = Delta { months: 0, microseconds: 0 };
    for (name, value) in positional.chain(given.named) {
        let months = match &*name {
            "years" => 12,
            "months" => 1,
            _ => 0,
        };
        let unit = UNITS.iter().find(|(unit, _)| **unit == *name).map(|(_, unit)| *unit);
        let added = match (&value, value.as_int(), unit) {
            (_, Some(number), _) if months != 0 => i64::try_from(number)
                .ok()
                .and_then(|number| number.checked_mul(months))
                .and_then(|number| delta.months.checked_add(number))
                .map(|months| Delta { months, ..delta }),
            (Value::Float(number), _, Some(unit)) if number.is_finite() => Some(Delta {
                microseconds: delta
                    .microseconds
                    .saturating_add((number * unit as f64).round_ties_even() as i64),
                ..delta
            }),
            (_, Some(number), Some(unit)) => i64::try_from(number)
                .ok()
                .and_then(|number| number.checked_mul(unit))
                .and_then(|number| delta.microseconds.checked_add(number))
                .map(|microseconds| Delta { microseconds, ..delta }),
            _ => return raise("TypeError", format!("'{name}' is no part of a time difference")),
        };
        delta = match added {
            Some(delta) => delta,
            None => return raise("OverflowError", "the time difference is too large"),
        };
    }
    Ok(delta)
}

fn timezone(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    match given.positional.first() {
        Some(Value::Delta(delta)) => match i32::try_from(delta.microseconds / 1_000_000) {
            Ok(seconds) if seconds.abs() < 86_400 => Ok(Value::Zone(Zone { seconds })),
            _ => raise("ValueError", "offset must be strictly between -24 and 24 hours"),
        },
        _ => raise("TypeError", "timezone() argument 1 must be datetime.timedelta"),
    }
}

fn from_timestamp(given: Given, kind: Kind) -> Outcome<Value> {
    let [seconds, zone] = given.bind("fromtimestamp", ["timestamp", "tz"])?;
    let kind = match zone.map_or(Ok(None), |zone| Zone::of(&zone))? {
        Some(zone) => Kind::Zoned(zone),
        None => kind,
    };
    let microseconds = match seconds {
        Some(Value::Float(number)) if number.is_finite() => Some((number * 1e6).round_ties_even() as i64),
        Some(value) => match value.as_int() {
            Some(number) => i64::try_from(number).ok().and_then(|number| number.checked_mul(1_000_000)),
            None => {
                return raise(
                    "TypeError",
                    format!("'{}' object cannot be interpreted as a number", value.type_name()),
                );
            }
        },
        None => return raise("TypeError", "fromtimestamp() missing required argument 'timestamp'"),
    };
    match microseconds.and_then(|microseconds| Moment::of_microseconds(microseconds, kind)) {
        Some(moment) if moment.at.year() >= 1 => Ok(Value::Moment(moment)),
        _ => raise("ValueError", "year is out of range"),
    }
}

/// Reads an ISO text; `like` is what a text without a zone, or a date, becomes.
fn parsed(given: Given, like: Option<Kind>) -> Outcome<Value> {
    let value = given.positional.into_iter().next().unwrap_or(Value::None);
    let Value::Text(text) = &value else {
        return raise("TypeError", "the argument must be a text");
    };
    let found = time_format::parse_iso(text, like.is_some());
    let Some(moment) = found else {
        let class = if matches!(like, Some(Kind::Zoned(_))) { "ParserError" } else { "ValueError" };
        return raise(class, format!("Invalid isoformat string: '{text}'"));
    };
    let moment = match (like, moment.kind) {
        (Some(Kind::Date), Kind::Date) => moment,
        (Some(Kind::Date), _) => return raise("ValueError", format!("Invalid isoformat string: '{text}'")),
        (Some(zoned), Kind::Date | Kind::Naive) => Moment { kind: zoned, ..moment },
        (None, Kind::Date) => Moment { kind: Kind::Naive, ..moment },
        _ => moment,
    };
    Ok(Value::Moment(moment))
}

fn strptime(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    match given.bind("strptime", ["date_string", "format"])? {
        [Some(Value::Text(text)), Some(Value::Text(pattern))] => {
            time_format::strptime(&text, &pattern).map(Value::Moment)
        }
        _ => raise("TypeError", "strptime() takes two texts"),
    }
}

fn instance(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    match given.positional.into_iter().next() {
        Some(Value::Moment(moment)) if moment.kind == Kind::Naive => {
            Ok(Value::Moment(Moment { kind: Kind::Zoned(Zone::UTC), ..moment }))
        }
        Some(moment @ Value::Moment(_)) => Ok(moment),
        _ => raise("TypeError", "instance() takes a datetime"),
    }
}
