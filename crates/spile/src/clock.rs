//! The engine's only look at the clock.

use jiff::Timestamp;

/// Returns the time now.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Makes dlt's load id: Unix seconds with six decimals. Ids sort as text as they do in time.
pub(crate) fn load_id(at: Timestamp) -> String {
    let micros = at.as_microsecond().max(0);
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// Reads a time that the ledger keeps, as microseconds since 1970.
pub(crate) fn microseconds(text: &str) -> i64 {
    text.parse::<Timestamp>().map_or(0, Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_ids_sort_as_text() {
        let early = load_id(Timestamp::from_microsecond(1_795_308_496_000_009).unwrap());
        let late = load_id(Timestamp::from_microsecond(1_795_308_496_100_000).unwrap());
        assert_eq!(early, "1795308496.000009");
        assert!(early < late);
    }
}
