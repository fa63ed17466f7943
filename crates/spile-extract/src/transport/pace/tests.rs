//! The rules, one by one; how they do together is shown in `politeness`.

use super::*;

fn pace(concurrency: usize, rate_limit: Option<RateLimit>) -> Pace {
    let manners = Manners { concurrency, rate_limit, ..Manners::default() };
    Pace::new(&manners, Duration::from_secs(1))
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[test]
fn the_declared_rate_holds_in_every_span() {
    let start = Instant::now();
    let mut pace = pace(usize::MAX, Some(RateLimit { requests: 5, seconds: 1.0 }));
    let (mut now, mut sent) = (start, Vec::new());
    while sent.len() < 200 {
        match pace.admit(now) {
            Ok(_) => sent.push(now),
            Err(Wait::For(wait)) => now += wait,
            Err(Wait::ForAnswer) => panic!("nothing waits for an answer"),
        }
    }
    for window in sent.windows(6) {
        assert!(window[5] - window[0] >= Duration::from_secs(1), "six in less than a second");
    }
    // At least nine tenths of what is allowed are used.
    assert!((now - start).as_secs_f64() * 5.0 * 0.9 < 200.0);
}

#[test]
fn a_pause_holds_for_all_and_one_goes_first() {
    let now = Instant::now();
    let mut pace = pace(8, None);
    pace.hold(now, seconds(3.0));
    pace.hold(now, seconds(1.0));
    assert_eq!(pace.admit(now).unwrap_err(), Wait::For(seconds(3.0)));
    let later = now + seconds(3.0);
    let first = pace.admit(later).unwrap();
    assert_eq!(pace.admit(later).unwrap_err(), Wait::ForAnswer);
    // One that is never answered makes room for another.
    pace.gone(first);
    let second = pace.admit(later).unwrap();
    pace.answered(later, second, Heard::default());
    pace.gone(second);
    assert!(pace.admit(later).is_ok() && pace.admit(later).is_ok());
}

#[test]
fn what_is_left_is_not_overdrawn() {
    let now = Instant::now();
    let mut pace = pace(8, None);
    let tickets: Vec<_> = (0..3).map(|_| pace.admit(now).unwrap()).collect();
    let heard = |left| Heard { announced: Some((left, seconds(9.0))), ..Heard::default() };
    // Two more are under way, which may not be counted in the five yet.
    pace.answered(now, tickets[1], heard(5));
    pace.gone(tickets[1]);
    pace.answered(now, tickets[0], heard(6));
    pace.gone(tickets[0]);
    for _ in 0..3 {
        pace.admit(now).unwrap();
    }
    assert_eq!(pace.admit(now).unwrap_err(), Wait::For(seconds(9.0)));
    pace.admit(now + seconds(9.0)).unwrap();
    assert_eq!(pace.admit(now + seconds(9.0)).unwrap_err(), Wait::ForAnswer, "one goes first");
}

#[test]
fn a_host_that_refuses_whatever_the_rate_is_not_asked_ever_more_slowly() {
    let start = Instant::now();
    let (mut pace, mut now) = (pace(8, None), start);
    for number in 1..=900 {
        let ticket = loop {
            match pace.admit(now) {
                Ok(ticket) => break ticket,
                Err(Wait::For(wait)) => now += wait,
                Err(Wait::ForAnswer) => panic!("nothing is under way"),
            }
        };
        now += seconds(0.05);
        // Every third one, which asks for two seconds.
        let refused = number % 3 == 0;
        let heard = Heard { refused, retry_after: refused.then(|| seconds(2.0)), announced: None };
        pace.answered(now, ticket, heard);
        pace.gone(ticket);
    }
    let pauses = 300.0 * 2.0;
    assert!((now - start).as_secs_f64() < 3.0 * pauses, "{:?}", now - start);
}

#[test]
fn refusals_without_a_time_halve_what_is_under_way_and_it_grows_again() {
    let mut now = Instant::now();
    let mut pace = pace(8, None);
    let tickets: Vec<_> = (0..8).map(|_| pace.admit(now).unwrap()).collect();
    assert_eq!(pace.admit(now).unwrap_err(), Wait::ForAnswer);
    for ticket in tickets {
        pace.answered(now, ticket, Heard { refused: true, ..Heard::default() });
        pace.gone(ticket);
    }
    assert_eq!((pace.width, pace.measure.refusals), (4, 8));
    assert_eq!(pace.admit(now).unwrap_err(), Wait::For(seconds(1.0)));
    now += seconds(1.0);
    let again = pace.admit(now).unwrap();
    pace.answered(now, again, Heard { refused: true, ..Heard::default() });
    pace.gone(again);
    assert_eq!(pace.admit(now).unwrap_err(), Wait::For(seconds(2.0)), "twice as long");
    now += seconds(2.0);
    for _ in 0..40 {
        let ticket = pace.admit(now).unwrap();
        pace.answered(now, ticket, Heard::default());
        pace.gone(ticket);
    }
    assert_eq!(pace.width, 8);
    assert!(pace.learned.is_none(), "one refusal is no rate");
}
