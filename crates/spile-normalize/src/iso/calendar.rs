//! The proleptic Gregorian calendar: dates, ordinal dates and week dates to days. No parsing here.

use super::{DAY_SECONDS, MICROS};

/// 0001-01-01 and 9999-12-31 as days since 1970.
const DAYS_MIN: i32 = -719_162;
const DAYS_MAX: i32 = 2_932_896;

/// Returns the days since 1970 of a date; `None` when there is no such date in years 1 to 9999.
pub(crate) fn days_from_civil(year: u32, month: u32, day: u32) -> Option<i32> {
    if !(1..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || day < 1
        || day > days_in_month(year, month)
    {
        return None;
    }
    // Years start in March, so that the leap day is the last day of a year.
    let year = if month <= 2 { year - 1 } else { year };
    let era_year = year % 400;
    let month_index = (month + 9) % 12;
    let day_of_year = (153 * month_index + 2) / 5 + day - 1;
    let day_of_era = era_year * 365 + era_year / 4 - era_year / 100 + day_of_year;
    Some((year / 400 * 146_097 + day_of_era) as i32 - 719_468)
}

pub(super) fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the days since 1970 of the `ordinal`-th day of a year.
pub(super) fn days_from_ordinal(year: u32, ordinal: u32) -> Option<i32> {
    let last = 365 + u32::from(is_leap(year));
    if ordinal < 1 || ordinal > last {
        return None;
    }
    Some(days_from_civil(year, 1, 1)? + ordinal as i32 - 1)
}

/// Returns the days since 1970 of a day of an ISO week. Day 0 is the Sunday before, as pendulum has it.
pub(super) fn days_from_week(year: u32, week: u32, day: u32) -> Option<i32> {
    let january_fourth = days_from_civil(year, 1, 4)?;
    // Day 0, 1970-01-01, was a Thursday.
    let weekday = (january_fourth + 3).rem_euclid(7);
    let days = january_fourth - weekday + (week as i32 - 1) * 7 + day as i32 - 1;
    (DAYS_MIN..=DAYS_MAX).contains(&days).then_some(days)
}

/// Returns whether an ISO year has 53 weeks.
pub(super) fn has_53_weeks(year: u32) -> bool {
    // A year has 53 weeks when it starts on a Thursday, or on a Wednesday and is a leap year.
    days_from_civil(year, 1, 1).is_some_and(|days| {
        let weekday = (days + 3).rem_euclid(7);
        weekday == 3 || (weekday == 2 && is_leap(year))
    })
}

/// Returns the moment when it is within years 1 to 9999.
pub(crate) fn epoch_micros_in_range(micros: i64) -> Option<i64> {
    let days = micros.div_euclid(DAY_SECONDS * MICROS);
    (i64::from(DAYS_MIN)..=i64::from(DAYS_MAX)).contains(&days).then_some(micros)
}
