//! ISO 8601 proper: calendar, week and ordinal dates, extended and basic forms, offsets.

use super::{DAY_SECONDS, MICROS, Moment, Scanner, calendar, time_micros};

/// Reads an ISO 8601 date, time, or both.
pub(super) fn parse(text: &[u8]) -> Option<Moment> {
    let mut scanner = Scanner::new(text);
    let has_designator = scanner.eat(b'T');
    if has_designator || (scanner.digits_ahead() == 2 && text.get(2) == Some(&b':')) {
        let (time, form) = time(&mut scanner)?;
        // Here pendulum takes `T10:11` and `10:11:12`, and refuses `T10:11:12`.
        let is_refused = has_designator && matches!(form, TimeForm::Extended);
        let is_whole = scanner.is_done() && !is_refused;
        return is_whole.then_some(Moment::Time(time.rem_euclid(DAY_SECONDS * MICROS)));
    }
    let (days, is_extended) = date(&mut scanner)?;
    if scanner.is_done() {
        return Some(Moment::Date(days));
    }
    if !scanner.eat(b'T') && !scanner.eat(b' ') {
        return None;
    }
    let (time, form) = time(&mut scanner)?;
    // pendulum refuses to mix the extended and the basic form, but lets `20240102T10:11` pass.
    let is_mixed = match form {
        TimeForm::Hour | TimeForm::HourMinute => false,
        TimeForm::Basic => is_extended,
        TimeForm::Extended => !is_extended,
    };
    if !scanner.is_done() || is_mixed {
        return None;
    }
    calendar::epoch_micros_in_range(i64::from(days) * DAY_SECONDS * MICROS + time).map(Moment::Timestamp)
}

/// Reads a date; also tells whether it has hyphens.
fn date(scanner: &mut Scanner<'_>) -> Option<(i32, bool)> {
    let year = scanner.number(4)?;
    let is_extended = scanner.eat(b'-');
    if scanner.eat(b'W') {
        return Some((week_date(scanner, year, is_extended)?, is_extended));
    }
    let digits = scanner.digits_ahead();
    let days = match (is_extended, digits) {
        (true, 2) => {
            let month = scanner.number(2)?;
            let day = if scanner.eat(b'-') { scanner.number(2)? } else { 1 };
            calendar::days_from_civil(year, month, day)?
        }
        (_, 3) => calendar::days_from_ordinal(year, scanner.number(3)?)?,
        (false, 4) => {
            let (month, day) = (scanner.number(2)?, scanner.number(2)?);
            calendar::days_from_civil(year, month, day)?
        }
        _ => return None,
    };
    Some((days, is_extended))
}

fn week_date(scanner: &mut Scanner<'_>, year: u32, is_extended: bool) -> Option<i32> {
    let week = scanner.number(2)?;
    if week > 53 || (week == 53 && !calendar::has_53_weeks(year)) {
        return None;
    }
    let has_day = if is_extended { scanner.eat(b'-') } else { scanner.digits_ahead() > 0 };
    let day = if has_day { scanner.number(1)? } else { 1 };
    if day > 7 {
        return None;
    }
    calendar::days_from_week(year, week, day)
}

/// How a time is written.
enum TimeForm {
    /// `10`.
    Hour,
    /// `10:11`.
    HourMinute,
    /// `10:11:12`.
    Extended,
    /// `1011`, `101112`.
    Basic,
}

/// Reads a time, with its offset taken off.
fn time(scanner: &mut Scanner<'_>) -> Option<(i64, TimeForm)> {
    let hour = scanner.number(2)?;
    let (mut minute, mut second, mut micros) = (0, 0, 0);
    let mut form = TimeForm::Hour;
    if scanner.eat(b':') {
        form = TimeForm::HourMinute;
        minute = scanner.number(2)?;
        if scanner.eat(b':') {
            form = TimeForm::Extended;
            (second, micros) = seconds(scanner)?;
        }
    } else if scanner.digits_ahead() > 0 {
        form = TimeForm::Basic;
        minute = scanner.number(2)?;
        if scanner.digits_ahead() > 0 {
            (second, micros) = seconds(scanner)?;
        }
    }
    let offset = offset_seconds(scanner)?;
    Some((time_micros(hour, minute, second, micros)? - offset * MICROS, form))
}

/// Reads seconds with a fraction; more digits than a microsecond needs are cut off.
fn seconds(scanner: &mut Scanner<'_>) -> Option<(u32, i64)> {
    let second = scanner.number(2)?;
    let has_fraction = scanner.eat(b'.') || scanner.eat(b',');
    Some((second, if has_fraction { scanner.fraction(usize::MAX)? } else { 0 }))
}

fn offset_seconds(scanner: &mut Scanner<'_>) -> Option<i64> {
    let sign = match scanner.peek() {
        None => return Some(0),
        Some(b'Z') => {
            scanner.at += 1;
            return Some(0);
        }
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) => return None,
    };
    scanner.at += 1;
    let hours = scanner.number(2)?;
    let minutes = if scanner.eat(b':') || scanner.digits_ahead() > 0 { scanner.number(2)? } else { 0 };
    // Python takes no offset of a day or more.
    let seconds = i64::from(hours * 60 + minutes) * 60;
    (seconds < DAY_SECONDS).then_some(sign * seconds)
}
