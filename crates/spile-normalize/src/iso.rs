//! Times and dates in texts, read as dlt reads them.
//!
//! dlt accepts what pendulum accepts: ISO 8601 in its extended and basic forms, and a looser "common" form such as
//! `2024/01/02 10:00`. [`timestamp_fast`] is the one form that nearly every API writes and that the hot path must read
//! without a detour; [`parse`] reads all of them. No zone database: a text has an offset, or is in UTC. Invariant: every
//! result is within years 1 to 9999, so it fits every destination.

mod calendar;
mod common;
mod extended;

#[cfg(test)]
mod tests;

use calendar::days_from_civil;
pub(crate) use calendar::epoch_micros_in_range;

/// Microseconds of a second.
pub(crate) const MICROS: i64 = 1_000_000;

/// Seconds of a day.
pub(crate) const DAY_SECONDS: i64 = 86_400;

/// What a text turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Microseconds since 1970 in UTC.
    Timestamp(i64),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since midnight, in UTC when the text has an offset.
    Time(i64),
}

/// Reads any form that dlt reads.
pub(crate) fn parse(text: &str) -> Option<Moment> {
    if let Some(micros) = timestamp_fast(text.as_bytes()) {
        return Some(Moment::Timestamp(micros));
    }
    extended::parse(text.as_bytes()).or_else(|| common::parse(text.as_bytes()))
}

/// Returns whether dlt's detection takes the text for a timestamp, and which.
pub(crate) fn detect(text: &str) -> Option<i64> {
    match parse(text)? {
        Moment::Timestamp(micros) => Some(micros),
        Moment::Date(_) | Moment::Time(_) => None,
    }
}

/// Reads `2024-01-02T10:11:12`, with a fraction of up to nine digits and with `Z`, `+02:00` or nothing after it.
///
/// It answers `None` for every other form, right or wrong.
#[inline]
pub(crate) fn timestamp_fast(text: &[u8]) -> Option<i64> {
    let (head, mut rest) = text.split_at_checked(19)?;
    if head[4] != b'-'
        || head[7] != b'-'
        || !matches!(head[10], b'T' | b' ')
        || head[13] != b':'
        || head[16] != b':'
    {
        return None;
    }
    let year = two(head, 0)? * 100 + two(head, 2)?;
    let days = days_from_civil(year, two(head, 5)?, two(head, 8)?)?;
    let (hour, minute, second) = (two(head, 11)?, two(head, 14)?, two(head, 17)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut micros = 0;
    if let [b'.', digits @ ..] = rest {
        let length = digits.iter().take_while(|digit| digit.is_ascii_digit()).count();
        if length == 0 || length > 9 {
            return None;
        }
        micros = fraction(&digits[..length]);
        rest = &digits[length..];
    }
    let offset = match rest {
        [] | b"Z" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (two(rest, 1)?, two(rest, 4)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = i64::from(hours * 60 + minutes) * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    let seconds = i64::from(days) * DAY_SECONDS + i64::from((hour * 60 + minute) * 60 + second) - offset;
    epoch_micros_in_range(seconds * MICROS + micros)
}

/// Reads two digits.
#[inline]
fn two(text: &[u8], at: usize) -> Option<u32> {
    let (tens, ones) = (text.get(at)?.wrapping_sub(b'0'), text.get(at + 1)?.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

/// Returns the microseconds that the digits after the point mean; what is smaller is cut off.
fn fraction(digits: &[u8]) -> i64 {
    let mut micros = 0;
    for index in 0..6 {
        micros = micros * 10 + digits.get(index).map_or(0, |digit| i64::from(digit - b'0'));
    }
    micros
}

/// Walks a text; digits are ASCII digits.
struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn is_done(&self) -> bool {
        self.at >= self.text.len()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Returns how many digits are next.
    fn digits_ahead(&self) -> usize {
        self.text[self.at.min(self.text.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count()
    }

    /// Reads exactly that many digits.
    fn number(&mut self, digits: usize) -> Option<u32> {
        if self.digits_ahead() < digits {
            return None;
        }
        let mut number = 0;
        for _ in 0..digits {
            number = number * 10 + u32::from(self.text[self.at] - b'0');
            self.at += 1;
        }
        Some(number)
    }

    /// Reads all digits that follow as a fraction of a second, at least one and at most that many.
    fn fraction(&mut self, digits_max: usize) -> Option<i64> {
        let length = self.digits_ahead();
        if length == 0 || length > digits_max {
            return None;
        }
        let digits = &self.text[self.at..self.at + length];
        self.at += length;
        Some(fraction(digits))
    }
}

/// A time of the day, checked.
fn time_micros(hour: u32, minute: u32, second: u32, micros: i64) -> Option<i64> {
    (hour < 24 && minute < 60 && second < 60)
        .then(|| i64::from((hour * 60 + minute) * 60 + second) * MICROS + micros)
}
