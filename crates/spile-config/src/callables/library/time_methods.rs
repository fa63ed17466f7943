//! Methods and attributes of moments and differences.

use jiff::civil::Weekday;

use super::Given;
use super::time::{Delta, Kind, Moment, Zone, assemble, delta_of};
use crate::callables::fault::{Outcome, raise, unsupported};
use crate::callables::machine::Machine;
use crate::callables::value::Value;

/// Tokens of pendulum's `format`, longest first, with the directive that writes each.
const TOKENS: [(&str, &str); 10] = [
    ("YYYY", "%Y"),
    ("MM", "%m"),
    ("DD", "%d"),
    ("HH", "%H"),
    ("hh", "%I"),
    ("mm", "%M"),
    ("ss", "%S"),
    ("YY", "%y"),
    ("ZZ", "%z"),
    ("A", "%p"),
];

/// Returns the strftime pattern of a pendulum format; `None` for one with other tokens, of which pendulum has many.
pub(crate) fn pendulum_pattern(format: &str) -> Option<String> {
    let mut pattern = String::new();
    let mut rest = format;
    'tokens: while let Some(next) = rest.chars().next() {
        for (token, directive) in TOKENS {
            if let Some(after) = rest.strip_prefix(token) {
                pattern.push_str(directive);
                rest = after;
                continue 'tokens;
            }
        }
        if next.is_ascii_alphabetic() && next != 'T' {
            return None;
        }
        pattern.push_str(if next == '%' { "%%" } else { &rest[..next.len_utf8()] });
        rest = &rest[next.len_utf8()..];
    }
    Some(pattern)
}

impl Moment {
    /// Returns an attribute, if moments have it.
    pub(in crate::callables) fn attribute(self, name: &str) -> Option<Value> {
        let number = |number: i64| Some(Value::Int(i128::from(number)));
        match name {
            "year" => number(self.at.year().into()),
            "month" => number(self.at.month().into()),
            "day" => number(self.at.day().into()),
            _ if self.kind == Kind::Date => None,
            "hour" => number(self.at.hour().into()),
            "minute" => number(self.at.minute().into()),
            "second" => number(self.at.second().into()),
            "microsecond" => number((self.at.subsec_nanosecond() / 1_000).into()),
            "tzinfo" => Some(match self.kind {
                Kind::Zoned(zone) => Value::Zone(zone),
                Kind::Date | Kind::Naive => Value::None,
            }),
            "int_timestamp" => number(self.microseconds()?.div_euclid(1_000_000)),
            "float_timestamp" => Some(Value::Float(self.microseconds()? as f64 / 1e6)),
            _ => None,
        }
    }

    /// Calls a method.
    pub(in crate::callables) fn method(
        self,
        machine: &mut Machine<'_>,
        name: &str,
        given: Given,
    ) -> Outcome<Value> {
        let moment = |moment: Self| Ok(Value::Moment(moment));
        match name {
            "isoformat" => {
                let [separator, precision] = given.bind(name, ["sep", "timespec"])?;
                let separator = separator.as_ref().and_then(Value::as_text).unwrap_or("T").to_owned();
                let precision = precision.as_ref().and_then(Value::as_text).unwrap_or("auto").to_owned();
                machine.text(self.iso(&separator, &precision))
            }
            "to_iso8601_string" => {
                let text = self.iso("T", "auto");
                machine.text(match text.strip_suffix("+00:00") {
                    Some(bare) => format!("{bare}Z"),
                    None => text,
                })
            }
            "strftime" | "__format__" => {
                let pattern = given.one(name)?;
                let text = self.strftime(pattern.as_text().unwrap_or_default())?;
                machine.text(text)
            }
            "to_date_string" => machine.text(self.strftime("%Y-%m-%d")?),
            "to_datetime_string" => machine.text(self.strftime("%Y-%m-%d %H:%M:%S")?),
            "to_time_string" => machine.text(self.strftime("%H:%M:%S")?),
            "format" => self.format(machine, &given.one(name)?),
            "timestamp" if self.kind != Kind::Date => {
                Ok(Value::Float(self.microseconds().unwrap_or_default() as f64 / 1e6))
            }
            "date" if self.kind != Kind::Date => moment(Self { kind: Kind::Date, ..self.midnight() }),
            "weekday" => Ok(Value::Int(i128::from(self.at.weekday().to_monday_zero_offset()))),
            "isoweekday" => Ok(Value::Int(i128::from(self.at.weekday().to_monday_one_offset()))),
            "isocalendar" => {
                let week = self.at.iso_week_date();
                let day = i128::from(self.at.weekday().to_monday_one_offset());
                Ok(Value::tuple(vec![
                    Value::Int(i128::from(week.year())),
                    Value::Int(i128::from(week.week())),
                    Value::Int(day),
                ]))
            }
            "replace" | "set" => self.replace(given),
            "astimezone" | "in_timezone" | "in_tz" => self.in_zone(given, name),
            "utcoffset" => Ok(match self.kind {
                Kind::Zoned(zone) => Value::Delta(Delta::known(0, i64::from(zone.seconds) * 1_000_000)),
                Kind::Date | Kind::Naive => Value::None,
            }),
            "add" => self.plus(delta_of(given)?, 1),
            "subtract" => self.plus(delta_of(given)?, -1),
            "start_of" | "end_of" => self.edge(given, name),
            other => {
                raise("AttributeError", format!("'{}' object has no attribute '{other}'", self.type_name()))
            }
        }
    }

    fn format(self, machine: &mut Machine<'_>, pattern: &Value) -> Outcome<Value> {
        match pendulum_pattern(pattern.as_text().unwrap_or_default()) {
            Some(pattern) => machine.text(self.strftime(&pattern)?),
            None => unsupported("a token of this pendulum format"),
        }
    }

    fn replace(self, given: Given) -> Outcome<Value> {
        const NAMES: [&str; 8] =
            ["year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo"];
        let named = given
            .named
            .into_iter()
            .map(|(name, value)| if &*name == "tz" { ("tzinfo".into(), value) } else { (name, value) });
        let given = Given { positional: given.positional, named: named.collect() };
        let bound = given.bind("replace", NAMES)?;
        let known = [
            self.at.year().into(),
            self.at.month().into(),
            self.at.day().into(),
            self.at.hour().into(),
            self.at.minute().into(),
            self.at.second().into(),
            i64::from(self.at.subsec_nanosecond() / 1_000),
        ];
        assemble(bound, known.map(Some), self.kind)
    }

    fn in_zone(self, given: Given, name: &str) -> Outcome<Value> {
        let [zone] = given.bind(name, ["tz"])?;
        let zone = zone.map_or(Ok(None), |zone| Zone::of(&zone))?.unwrap_or(Zone::UTC);
        match self.microseconds().and_then(|at| Self::of_microseconds(at, Kind::Zoned(zone))) {
            Some(moment) => Ok(Value::Moment(moment)),
            None => raise("OverflowError", "date value out of range"),
        }
    }

    /// Moves to the start or the end of a unit.
    fn edge(self, given: Given, name: &str) -> Outcome<Value> {
        let unit = given.one(name)?;
        let date = self.at.date();
        let first = match unit.as_text() {
            Some("day") => Some((date, Delta::known(0, 86_400_000_000))),
            Some("week") => {
                let back = i64::from(date.weekday().since(Weekday::Monday));
                let monday = date.checked_sub(jiff::Span::new().days(back)).ok();
                monday.map(|monday| (monday, Delta::known(0, 7 * 86_400_000_000)))
            }
            Some("month") => Some((date.first_of_month(), Delta::known(1, 0))),
            Some("year") => Some((date.first_of_year(), Delta::known(12, 0))),
            _ => None,
        };
        let Some((first, length)) = first else { return unsupported("this unit of time") };
        let start = Self { at: first.to_datetime(jiff::civil::Time::midnight()), ..self };
        if name == "start_of" {
            return Ok(Value::Moment(start));
        }
        match start.plus(length, 1)? {
            Value::Moment(next) => next.plus(Delta::known(0, 1), -1),
            other => Ok(other),
        }
    }
}

impl Delta {
    /// Returns an attribute, if differences have it.
    pub(in crate::callables) fn attribute(self, name: &str) -> Option<Value> {
        match name {
            "days" => Some(Value::Int(i128::from(self.days()))),
            "seconds" => Some(Value::Int(i128::from(self.seconds()))),
            "microseconds" => Some(Value::Int(i128::from(self.microseconds_part()))),
            _ => None,
        }
    }

    /// Calls a method.
    pub(in crate::callables) fn method(self, name: &str) -> Outcome<Value> {
        match name {
            "total_seconds" => Ok(Value::Float(self.microseconds as f64 / 1e6)),
            other => {
                raise("AttributeError", format!("'datetime.timedelta' object has no attribute '{other}'"))
            }
        }
    }
}
