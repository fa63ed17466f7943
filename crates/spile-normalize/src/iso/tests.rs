//! dlt's own answers, by running it.

use super::*;

fn seen(text: &str) -> String {
    match parse(text) {
        Some(Moment::Timestamp(micros)) => format!("S{micros}"),
        Some(Moment::Date(days)) => format!("D{days}"),
        Some(Moment::Time(micros)) => format!("T{micros}"),
        None => "-".to_owned(),
    }
}

#[test]
fn differential() {
    let Ok(path) = std::env::var("ISO_TSV") else { return };
    let mut wrong = 0;
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let (text, expected) = line.split_once('\t').unwrap();
        let text = text.replace("\\n", "\n");
        let ours = seen(&text);
        let expected = if expected == "overflow" { "-" } else { expected };
        if ours != expected {
            wrong += 1;
            println!("{text:?} dlt {expected} ours {ours}");
        }
    }
    println!("{wrong} wrong");
}
