//! The demo's data: made from a number alone, so that every run serves the same records however many there are.

use std::fmt::Write;

/// The token that the first API asks for.
pub(super) const ACCESS_TOKEN: &str = "demo-access-token";
/// The key that the second API asks for.
pub(super) const API_KEY: &str = "Token token=demo-api-key";

/// When the newest call was made, Unix seconds (2026-11-01T00:00:00Z).
const NEWEST: i64 = 1_793_491_200;
/// Seconds between two calls.
const STEP: i64 = 30;

/// Returns when call `index` was made; 0 is the newest.
pub(super) fn call_time(index: u64) -> i64 {
    NEWEST - index as i64 * STEP
}

/// Returns the calls from `from` to `to` (Unix seconds, both inclusive) as a range of indices.
pub(super) fn calls_between(records: u64, from: Option<i64>, to: Option<i64>) -> std::ops::Range<u64> {
    let newest = to.map_or(0, |to| ((NEWEST - to).max(0) as u64).div_ceil(STEP as u64)).min(records);
    let oldest =
        from.map_or(records, |from| if from > NEWEST { 0 } else { ((NEWEST - from) / STEP) as u64 + 1 });
    newest..oldest.min(records).max(newest)
}

/// Spreads a number over 64 bits.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Writes Unix seconds as `2026-01-31T12:00:00Z`.
pub(super) fn write_time(out: &mut String, seconds: i64) {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Civil date from a day count, by eras of 400 years that begin in March.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    put(
        out,
        format_args!(
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
            rest / 3_600,
            rest / 60 % 60,
            rest % 60
        ),
    );
}

/// Writes call `index`, newest first.
pub(super) fn write_call(out: &mut String, index: u64) {
    let random = mix(index);
    let state = ["completed", "missed", "voicemail", "busy"][(random % 4) as usize];
    put(
        out,
        format_args!(
            r#"{{"id":"{random:016x}{index:08x}","sessionId":"{:016x}","conversationId":"{:016x}","parentId":null,"dateCreated":""#,
            mix(random),
            mix(random ^ 1)
        ),
    );
    write_time(out, call_time(index));
    out.push_str(r#"","lastUpdated":""#);
    write_time(out, call_time(index) + (random % 600) as i64);
    put(
        out,
        format_args!(
            r#"","type":"{}","state":"{state}","source":"queue","domain":"demo.example.com","from":"+49{:010}","to":"+44{:010}","anonymous":{},"duration":{},"waitTime":{},"talkTime":{:.2},"queueName":"Queue {}","agentName":"Agent {}","finishReason":"{}","#,
            if random & 16 == 0 { "inbound" } else { "outbound" },
            random % 10_000_000_000,
            mix(random) % 10_000_000_000,
            random & 32 == 0,
            if random & 64 == 0 { "null".to_owned() } else { (random >> 8 & 1023).to_string() },
            random >> 20 & 255,
            (random >> 30 & 65_535) as f64 / 100.0,
            random >> 40 & 15,
            random >> 44 & 63,
            if state == "completed" { "hangup" } else { "timeout" },
        ),
    );
    put(
        out,
        format_args!(
            r#""bridged":{{"id":"{:016x}","duration":{},"agent":{{"name":"Agent {}","number":"{}"}}}},"recordings":["#,
            mix(random ^ 2),
            random >> 12 & 511,
            random >> 44 & 63,
            random >> 50 & 4095
        ),
    );
    if random % 5 < 2 {
        put(
            out,
            format_args!(
                r#"{{"id":"{:016x}","duration":{},"size":{},"tags":["{state}","q{}"]}}"#,
                mix(random ^ 3),
                random >> 12 & 511,
                random >> 3 & 0xf_ffff,
                random >> 40 & 15
            ),
        );
    }
    out.push_str("]}");
}

/// Writes record `index` of a resource of the second API.
pub(super) fn write_account_record(out: &mut String, kind: &str, index: u64) {
    let random = mix(index ^ kind.len() as u64);
    put(out, format_args!(r#"{{"id":"{kind}{index}","created_at":""#));
    write_time(out, call_time(index));
    put(
        out,
        format_args!(
            r#"","customer_name":"Customer {}","call_type":"{}","answered":{},"duration":{},"value":{:.2},"tags":["t{}","t{}"]}}"#,
            random % 500,
            if random & 1 == 0 { "first_call" } else { "repeat" },
            random & 2 == 0,
            random >> 8 & 1023,
            (random >> 30 & 65_535) as f64 / 100.0,
            random % 7,
            random % 11,
        ),
    );
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes all that is written to it");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_windows() {
        let mut text = String::new();
        write_time(&mut text, NEWEST);
        assert_eq!(text, "2026-11-01T00:00:00Z");
        assert_eq!(calls_between(10, None, None), 0..10);
        assert_eq!(calls_between(10, Some(call_time(3)), None), 0..4);
        assert_eq!(calls_between(10, Some(call_time(3)), Some(call_time(2))), 2..4);
        assert_eq!(calls_between(10, Some(call_time(3)), Some(call_time(2) - 1)), 3..4);
        assert_eq!(calls_between(10, Some(NEWEST + 1), None), 0..0);
    }

    #[test]
    fn records_are_json() {
        for index in 0..50 {
            let mut text = String::new();
            write_call(&mut text, index);
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
            text.clear();
            write_account_record(&mut text, "calls", index);
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
        }
    }
}
