//! How times are written: recognised in records, written back in the same form, or in the form that a config names.
//!
//! Recognised are ISO 8601 with or without zone and fraction, Unix seconds and Unix milliseconds. The invariant: a text
//! that is recognised and written back at the same instant is the same text.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde_json::Value;
use spile_core::{CursorFormat, Error, ErrorKind, Result};

/// Numbers from here on are milliseconds: as seconds they would lie beyond the year 5000.
const MILLISECONDS_FROM: f64 = 1e11;

/// The form of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeForm {
    /// ISO 8601.
    Iso(IsoForm),
    /// A date alone.
    Date,
    /// Unix seconds, as a number or as digits in a text.
    Unix { text: bool },
    /// Unix milliseconds, likewise.
    UnixMs { text: bool },
}

/// The details of an ISO 8601 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IsoForm {
    separator: char,
    has_seconds: bool,
    fraction_digits: usize,
    zone: Zone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Absent,
    Utc(char),
    Offset { sign: char, seconds: i32, colon: bool, minutes: bool },
}

impl TimeForm {
    /// What is written when no record is known: `2026-01-31T12:00:00Z`.
    pub(super) const DEFAULT: Self =
        Self::Iso(IsoForm { separator: 'T', has_seconds: true, fraction_digits: 0, zone: Zone::Utc('Z') });

    /// `2026-01-31T12:00:00.000Z`.
    #[cfg(test)]
    pub(super) const DEFAULT_MILLISECONDS: Self =
        Self::Iso(IsoForm { separator: 'T', has_seconds: true, fraction_digits: 3, zone: Zone::Utc('Z') });

    /// Writes an instant in this form.
    pub(super) fn write(self, instant: Timestamp) -> Value {
        match self {
            Self::Unix { text: false } => Value::from(floor_seconds(instant)),
            Self::Unix { text: true } => Value::from(floor_seconds(instant).to_string()),
            Self::UnixMs { text: false } => Value::from(floor_milliseconds(instant)),
            Self::UnixMs { text: true } => Value::from(floor_milliseconds(instant).to_string()),
            Self::Date => Value::from(TimeZone::UTC.to_datetime(instant).date().to_string()),
            Self::Iso(form) => Value::from(form.write(instant)),
        }
    }
}

impl IsoForm {
    fn write(self, instant: Timestamp) -> String {
        let (zone, suffix) = match self.zone {
            Zone::Absent => (TimeZone::UTC, String::new()),
            Zone::Utc(letter) => (TimeZone::UTC, letter.to_string()),
            Zone::Offset { sign, seconds, colon, minutes } => {
                let (hour, minute) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
                let suffix = match (colon, minutes) {
                    (true, _) => format!("{sign}{hour:02}:{minute:02}"),
                    (false, true) => format!("{sign}{hour:02}{minute:02}"),
                    (false, false) => format!("{sign}{hour:02}"),
                };
                (Offset::from_seconds(seconds).map_or(TimeZone::UTC, TimeZone::fixed), suffix)
            }
        };
        let local = zone.to_datetime(instant);
        let mut text = format!("{}{}{:02}:{:02}", local.date(), self.separator, local.hour(), local.minute());
        if self.has_seconds {
            text.push(':');
            text.push_str(&two_digits(local.second()));
        }
        if self.fraction_digits > 0 {
            let nanoseconds = format!("{:09}", local.subsec_nanosecond());
            text.push('.');
            text.push_str(&nanoseconds[..self.fraction_digits]);
        }
        text + &suffix
    }
}

/// Recognises an ISO 8601 text; without a zone it is UTC.
pub(super) fn recognise_iso(text: &str) -> Option<(Timestamp, TimeForm)> {
    let mut scan = Scan { rest: text };
    let (year, month, day) = (scan.digits(4)?, scan.after('-')?.digits(2)?, scan.after('-')?.digits(2)?);
    if scan.rest.is_empty() {
        return Some((instant((year, month, day), (0, 0, 0, 0), 0)?, TimeForm::Date));
    }
    let separator = scan.any(&['T', 't', ' '])?;
    let (hour, minute) = (scan.digits(2)?, scan.after(':')?.digits(2)?);
    let has_seconds = scan.rest.starts_with(':');
    let second = if has_seconds { scan.after(':')?.digits(2)? } else { 0 };
    let (mut nanosecond, mut fraction_digits) = (0, 0);
    if has_seconds && scan.any(&['.']).is_some() {
        (nanosecond, fraction_digits) = scan.fraction()?;
    }
    let zone = scan.zone()?;
    let offset_seconds = match zone {
        Zone::Offset { seconds, .. } => seconds,
        Zone::Absent | Zone::Utc(_) => 0,
    };
    let instant = instant((year, month, day), (hour, minute, second, nanosecond), offset_seconds)?;
    Some((instant, TimeForm::Iso(IsoForm { separator, has_seconds, fraction_digits, zone })))
}

/// Recognises a time in any form, numbers included.
pub(super) fn recognise(value: &Value) -> Option<(Timestamp, TimeForm)> {
    match value {
        Value::String(text) => recognise_iso(text).or_else(|| recognise_digits(text)),
        Value::Number(number) => recognise_number(number.as_f64()?, false),
        _ => None,
    }
}

/// Recognises Unix time in a text of digits.
pub(super) fn recognise_digits(text: &str) -> Option<(Timestamp, TimeForm)> {
    let digits = (9..=14).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().and_then(|number| recognise_number(number, true))
}

/// Recognises Unix time in a number.
pub(super) fn recognise_number(number: f64, text: bool) -> Option<(Timestamp, TimeForm)> {
    if number.abs() >= MILLISECONDS_FROM {
        Some((Timestamp::from_microsecond((number * 1e3).round() as i64).ok()?, TimeForm::UnixMs { text }))
    } else {
        Some((Timestamp::from_microsecond((number * 1e6).round() as i64).ok()?, TimeForm::Unix { text }))
    }
}

/// Writes an instant into a request.
pub(super) fn write(instant: Timestamp, format: &CursorFormat, record: TimeForm) -> Result<String> {
    let written = match format {
        CursorFormat::AsRecord => record.write(instant),
        CursorFormat::Unix => TimeForm::Unix { text: true }.write(instant),
        CursorFormat::UnixMs => TimeForm::UnixMs { text: true }.write(instant),
        CursorFormat::Iso8601 => TimeForm::DEFAULT.write(instant),
        CursorFormat::Strftime(pattern) => {
            let local = instant.to_zoned(TimeZone::UTC);
            return jiff::fmt::strtime::format(python_pattern(pattern), &local).map_err(|error| {
                Error::new(
                    ErrorKind::Config,
                    "config/invalid-format",
                    format!("the time format `{pattern}` cannot be written"),
                )
                .source_error(error)
                .hint("Use a strftime pattern such as `%Y-%m-%d`, or `unix`, `unix_ms` or `iso8601`.")
            });
        }
    };
    Ok(crate::paginators::query_text(&written))
}

/// `%f` is six digits in Python, and as many as needed here.
fn python_pattern(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 1);
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        out.push(character);
        if character == '%'
            && let Some(directive) = characters.next()
        {
            if directive == 'f' {
                out.push('6');
            }
            out.push(directive);
        }
    }
    out
}

fn two_digits(number: i8) -> String {
    format!("{number:02}")
}

fn floor_seconds(instant: Timestamp) -> i64 {
    instant.as_nanosecond().div_euclid(1_000_000_000) as i64
}

fn floor_milliseconds(instant: Timestamp) -> i64 {
    instant.as_nanosecond().div_euclid(1_000_000) as i64
}

fn instant(date: (i32, i32, i32), time: (i32, i32, i32, i32), offset_seconds: i32) -> Option<Timestamp> {
    let small = |number: i32| i8::try_from(number).ok();
    let local = DateTime::new(
        i16::try_from(date.0).ok()?,
        small(date.1)?,
        small(date.2)?,
        small(time.0)?,
        small(time.1)?,
        small(time.2)?,
        time.3,
    )
    .ok()?;
    Offset::from_seconds(offset_seconds).ok()?.to_timestamp(local).ok()
}

/// Reads a text from the front.
struct Scan<'t> {
    rest: &'t str,
}

impl Scan<'_> {
    fn digits(&mut self, count: usize) -> Option<i32> {
        let digits = self.rest.get(..count)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.rest = &self.rest[count..];
        digits.parse().ok()
    }

    fn after(&mut self, expected: char) -> Option<&mut Self> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(self)
    }

    fn any(&mut self, expected: &[char]) -> Option<char> {
        let found = self.rest.chars().next().filter(|found| expected.contains(found))?;
        self.rest = &self.rest[found.len_utf8()..];
        Some(found)
    }

    /// Reads 1 to 9 digits as nanoseconds; further ones are below what is kept, so they are not recognised.
    fn fraction(&mut self) -> Option<(i32, usize)> {
        let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=9).contains(&count) {
            return None;
        }
        let digits = self.digits(count)?;
        Some((digits * 10_i32.pow(9 - count as u32), count))
    }

    fn zone(&mut self) -> Option<Zone> {
        if self.rest.is_empty() {
            return Some(Zone::Absent);
        }
        if let Some(letter) = self.any(&['Z', 'z']) {
            return self.rest.is_empty().then_some(Zone::Utc(letter));
        }
        let sign = self.any(&['+', '-'])?;
        let hours = self.digits(2)?;
        let colon = self.any(&[':']).is_some();
        let minutes = colon || !self.rest.is_empty();
        let minute = if minutes { self.digits(2)? } else { 0 };
        let distance = hours * 3600 + minute * 60;
        let seconds = if sign == '-' { -distance } else { distance };
        (self.rest.is_empty() && minute < 60).then_some(Zone::Offset { sign, seconds, colon, minutes })
    }
}
