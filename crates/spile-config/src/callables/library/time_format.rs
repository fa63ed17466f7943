//! How moments and differences are written and read.

use jiff::civil::{Date, Time};
use jiff::fmt::strtime::{self, BrokenDownTime};

use super::time::{Delta, Kind, Moment, Zone};
use crate::callables::fault::{Outcome, raise};

/// Writes an offset: `+02:00`.
pub(super) fn offset(seconds: i32, separator: &str) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.abs();
    let mut text = format!("{sign}{:02}{separator}{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 != 0 {
        text.push_str(&format!("{separator}{:02}", seconds % 60));
    }
    text
}

impl Moment {
    /// Writes it as `isoformat` does.
    pub(in crate::callables) fn iso(self, separator: &str, precision: &str) -> String {
        let date = self.at.date();
        let mut text = format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day());
        if self.kind == Kind::Date {
            return text;
        }
        let microseconds = self.at.subsec_nanosecond() / 1_000;
        let (hour, minute, second) = (self.at.hour(), self.at.minute(), self.at.second());
        text.push_str(separator);
        text.push_str(&match precision {
            "hours" => format!("{hour:02}"),
            "minutes" => format!("{hour:02}:{minute:02}"),
            "seconds" => format!("{hour:02}:{minute:02}:{second:02}"),
            "milliseconds" => format!("{hour:02}:{minute:02}:{second:02}.{:03}", microseconds / 1_000),
            "auto" if microseconds == 0 => format!("{hour:02}:{minute:02}:{second:02}"),
            _ => format!("{hour:02}:{minute:02}:{second:02}.{microseconds:06}"),
        });
        if let Kind::Zoned(zone) = self.kind {
            text.push_str(&offset(zone.seconds, ":"));
        }
        text
    }

    pub(in crate::callables) fn display(self) -> String {
        self.iso(" ", "auto")
    }

    pub(in crate::callables) fn repr(self) -> String {
        let date = self.at.date();
        if self.kind == Kind::Date {
            return format!("datetime.date({}, {}, {})", date.year(), date.month(), date.day());
        }
        let microseconds = self.at.subsec_nanosecond() / 1_000;
        let mut parts = vec![
            date.year().to_string(),
            date.month().to_string(),
            date.day().to_string(),
            self.at.hour().to_string(),
            self.at.minute().to_string(),
        ];
        if self.at.second() != 0 || microseconds != 0 {
            parts.push(self.at.second().to_string());
        }
        if microseconds != 0 {
            parts.push(microseconds.to_string());
        }
        match self.kind {
            Kind::Zoned(Zone { seconds: 0 }) => parts.push("tzinfo=datetime.timezone.utc".to_owned()),
            Kind::Zoned(zone) => {
                let delta = Delta { months: 0, microseconds: i64::from(zone.seconds) * 1_000_000 };
                parts.push(format!("tzinfo=datetime.timezone({})", delta.repr()));
            }
            Kind::Date | Kind::Naive => {}
        }
        format!("datetime.datetime({})", parts.join(", "))
    }

    /// Writes it by a pattern.
    pub(in crate::callables) fn strftime(self, pattern: &str) -> Outcome<String> {
        let microseconds = self.at.subsec_nanosecond() / 1_000;
        let mut text = String::new();
        let mut rest = pattern;
        let Ok(zoned) = self.at.to_zoned(jiff::tz::TimeZone::UTC) else {
            return raise("ValueError", "the time is out of range");
        };
        while let Some(place) = rest.find('%') {
            text.push_str(&rest[..place]);
            rest = &rest[place + 1..];
            let Some(directive) = rest.chars().next() else {
                text.push('%');
                break;
            };
            // `%-d` and the like are the C library's.
            let length = if directive == '-' {
                1 + rest[1..].chars().next().map_or(0, char::len_utf8)
            } else {
                directive.len_utf8()
            };
            let written = &rest[..length];
            rest = &rest[length..];
            match (written, self.kind) {
                ("%", _) => text.push('%'),
                ("f", _) => text.push_str(&format!("{microseconds:06}")),
                ("z", Kind::Zoned(zone)) => text.push_str(&offset(zone.seconds, "")),
                ("Z", Kind::Zoned(zone)) => text.push_str(&zone.name()),
                ("z" | "Z", _) => {}
                (
                    "Y" | "m" | "d" | "H" | "M" | "S" | "y" | "j" | "b" | "B" | "a" | "A" | "p" | "I" | "U"
                    | "W" | "w" | "u" | "V" | "G" | "e" | "F" | "T" | "D" | "R" | "-d" | "-m" | "-H" | "-I"
                    | "-M" | "-S" | "-j" | "s",
                    _,
                ) => match strtime::format(format!("%{written}"), &zoned) {
                    Ok(part) => text.push_str(&part),
                    Err(_) => return raise("ValueError", format!("Invalid format string: %{written}")),
                },
                _ => return raise("ValueError", format!("the directive %{written} cannot be written here")),
            }
        }
        text.push_str(rest);
        Ok(text)
    }
}

impl Delta {
    fn split(self) -> (i64, i64, i64) {
        let days = self.microseconds.div_euclid(86_400_000_000);
        let rest = self.microseconds.rem_euclid(86_400_000_000);
        (days, rest / 1_000_000, rest % 1_000_000)
    }

    pub(super) fn days(self) -> i64 {
        self.split().0
    }

    pub(super) fn seconds(self) -> i64 {
        self.split().1
    }

    pub(super) fn microseconds_part(self) -> i64 {
        self.split().2
    }

    pub(in crate::callables) fn display(self) -> String {
        let (days, seconds, microseconds) = self.split();
        let mut text = String::new();
        if days != 0 {
            text.push_str(&format!("{days} day{}, ", if days.abs() == 1 { "" } else { "s" }));
        }
        text.push_str(&format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60));
        if microseconds != 0 {
            text.push_str(&format!(".{microseconds:06}"));
        }
        text
    }

    pub(in crate::callables) fn repr(self) -> String {
        let (days, seconds, microseconds) = self.split();
        let parts: Vec<String> = [("days", days), ("seconds", seconds), ("microseconds", microseconds)]
            .into_iter()
            .filter(|(_, number)| *number != 0)
            .map(|(name, number)| format!("{name}={number}"))
            .collect();
        format!("datetime.timedelta({})", if parts.is_empty() { "0".to_owned() } else { parts.join(", ") })
    }
}

/// Reads an ISO 8601 date or time. `loose` lets fractions have any number of digits, as pendulum does.
pub(super) fn parse_iso(text: &str, loose: bool) -> Option<Moment> {
    let text = if loose { text.trim() } else { text };
    let mut rest = text;
    let year = digits(&mut rest, 4)?;
    let dashed = rest.starts_with('-');
    let date_part = |rest: &mut &str| {
        if dashed {
            *rest = rest.strip_prefix('-')?;
        }
        digits(rest, 2)
    };
    let month = date_part(&mut rest)?;
    let day = date_part(&mut rest)?;
    let date =
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    if rest.is_empty() {
        return Some(Moment { at: date.to_datetime(Time::midnight()), kind: Kind::Date });
    }
    let separator = rest.chars().next()?;
    rest = &rest[separator.len_utf8()..];
    let hour = digits(&mut rest, 2)?;
    let coloned = rest.starts_with(':');
    let time_part = |rest: &mut &str| -> Option<i64> {
        let plain: &str = if coloned { rest.strip_prefix(':')? } else { rest };
        if !plain.starts_with(|character: char| character.is_ascii_digit()) {
            return None;
        }
        *rest = plain;
        digits(rest, 2)
    };
    let minute = time_part(&mut rest);
    let second = if minute.is_some() { time_part(&mut rest) } else { None };
    let mut nanoseconds = 0;
    if second.is_some() && rest.starts_with(['.', ',']) {
        let count = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return None;
        }
        let fraction: String = rest[1..=count].chars().chain("000000".chars()).take(6).collect();
        nanoseconds = fraction.parse::<i32>().ok()? * 1_000;
        rest = &rest[count + 1..];
    }
    let kind = zone(&mut rest)?;
    if !rest.is_empty() {
        return None;
    }
    let small = |number: Option<i64>| i8::try_from(number.unwrap_or(0)).ok();
    let time = Time::new(small(Some(hour))?, small(minute)?, small(second)?, nanoseconds).ok()?;
    Some(Moment { at: date.to_datetime(time), kind })
}

fn digits(rest: &mut &str, count: usize) -> Option<i64> {
    let part = rest.get(..count)?;
    if !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    *rest = &rest[count..];
    part.parse().ok()
}

fn zone(rest: &mut &str) -> Option<Kind> {
    if rest.is_empty() {
        return Some(Kind::Naive);
    }
    if let Some(after) = rest.strip_prefix(['Z', 'z']) {
        *rest = after;
        return Some(Kind::Zoned(Zone::UTC));
    }
    let sign = match rest.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    *rest = &rest[1..];
    let hours = digits(rest, 2)?;
    *rest = rest.strip_prefix(':').unwrap_or(rest);
    let minutes = if rest.is_empty() { 0 } else { digits(rest, 2)? };
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    (seconds < 86_400).then_some(Kind::Zoned(Zone { seconds: sign * seconds }))
}

/// Reads a text by a pattern.
pub(super) fn strptime(text: &str, pattern: &str) -> Outcome<Moment> {
    let failed = || raise("ValueError", format!("time data '{text}' does not match format '{pattern}'"));
    let Ok(found) = BrokenDownTime::parse(pattern, text) else {
        return failed();
    };
    let date = match (found.year(), found.month(), found.day()) {
        (None, None, None) => Date::new(1900, 1, 1).ok(),
        (year, month, day) => found
            .to_date()
            .ok()
            .or_else(|| Date::new(year.unwrap_or(1900), month.unwrap_or(1), day.unwrap_or(1)).ok()),
    };
    let Some(date) = date else { return failed() };
    let time = found.to_time().unwrap_or_else(|_| Time::midnight());
    let kind = match found.offset() {
        Some(offset) => Kind::Zoned(Zone { seconds: offset.seconds() }),
        None => Kind::Naive,
    };
    Ok(Moment { at: date.to_datetime(time), kind })
}
