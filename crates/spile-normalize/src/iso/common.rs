//! pendulum's looser form: `2024/01/02 10:00`, digits of a time may be single, never an offset.

use super::{DAY_SECONDS, MICROS, Moment, Scanner, calendar, time_micros};

/// Reads the common form.
pub(super) fn parse(text: &[u8]) -> Option<Moment> {
    // The date is optional and greedy, so a text that starts with four digits and a colon is tried both ways.
    with_date(text).or_else(|| {
        let mut scanner = Scanner::new(text);
        let time = time(&mut scanner)?;
        scanner.is_done().then_some(Moment::Time(time))
    })
}

fn with_date(text: &[u8]) -> Option<Moment> {
    let mut scanner = Scanner::new(text);
    let year = scanner.number(4)?;
    let after_year = scanner.at;
    let (month, day) = month_day(&mut scanner).unwrap_or_else(|| {
        scanner.at = after_year;
        (1, 1)
    });
    if let Some(moment) = finish(&mut scanner, year, month, day) {
        return Some(moment);
    }
    // The expression backtracks: `2024 10:11` has no month although digits follow.
    scanner.at = after_year;
    finish(&mut scanner, year, 1, 1)
}

fn month_day(scanner: &mut Scanner<'_>) -> Option<(u32, u32)> {
    let _separator = scanner.eat(b'/') || scanner.eat(b':');
    let month = scanner.number(2)?;
    let _separator = scanner.eat(b'/') || scanner.eat(b':');
    Some((month, scanner.number(2)?))
}

fn finish(scanner: &mut Scanner<'_>, year: u32, month: u32, day: u32) -> Option<Moment> {
    if scanner.is_done() {
        return Some(Moment::Date(calendar::days_from_civil(year, month, day)?));
    }
    let time = time(scanner)?;
    if !scanner.is_done() {
        return None;
    }
    let days = calendar::days_from_civil(year, month, day)?;
    Some(Moment::Timestamp(i64::from(days) * DAY_SECONDS * MICROS + time))
}

fn time(scanner: &mut Scanner<'_>) -> Option<i64> {
    let _separator = scanner.eat(b' ');
    let hour = one_or_two(scanner)?;
    if !scanner.eat(b':') {
        return None;
    }
    let minute = one_or_two(scanner)?;
    let second = if scanner.eat(b':') { one_or_two(scanner)? } else { 0 };
    let micros = if matches!(scanner.peek(), Some(b'.' | b'|' | b',')) {
        scanner.at += 1;
        scanner.fraction(9)?
    } else {
        0
    };
    time_micros(hour, minute, second, micros)
}

fn one_or_two(scanner: &mut Scanner<'_>) -> Option<u32> {
    match scanner.digits_ahead() {
        0 => None,
        1 => scanner.number(1),
        _ => scanner.number(2),
    }
}
