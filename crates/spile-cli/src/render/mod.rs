//! Text and JSON out. Standard output is data, standard error is talk; both are readable without colour.

pub(crate) mod diagnostics;
pub(crate) mod document;
pub(crate) mod error;
pub(crate) mod explain;
mod mask;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod report;

use std::io::{IsTerminal, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// Prints a JSON document on standard output.
pub(crate) fn print_json(document: &serde_json::Value) {
    print_text(&format!("{document:#}\n"));
}

/// Prints on standard output. A reader that has gone away (`| head`) is no error of ours.
pub(crate) fn print_text(text: &str) {
    let mut out = std::io::stdout().lock();
    let _closed_pipe = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Prints on standard error.
pub(crate) fn print_talk(text: &str) {
    let _closed_pipe = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Returns whether standard error may be coloured.
pub(crate) fn colour() -> bool {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !no_colour && std::io::stderr().is_terminal()
}

/// Lays rows out in columns; numbers are set right.
pub(crate) fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let mut numeric = vec![true; header.len()];
    for row in rows {
        for (numeric, cell) in numeric.iter_mut().zip(&row) {
            *numeric &= cell.chars().all(|character| character.is_ascii_digit() || character == ',');
        }
        table.add_row(row);
    }
    table.set_header(header.to_vec());
    for (column, numeric) in table.column_iter_mut().zip(numeric) {
        column.set_padding((0, 2));
        if numeric {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Writes a number with commas between thousands.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes a count with its noun.
pub(crate) fn count(number: u64, noun: &str) -> String {
    if number == 1 {
        return format!("1 {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) => format!("{} {stem}ies", thousands(number)),
        None => format!("{} {noun}s", thousands(number)),
    }
}

/// Writes a size in bytes.
pub(crate) fn bytes(number: u64) -> String {
    let mut size = number as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if size < 1000.0 {
            return if unit == "B" { format!("{number} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [count(1, "retry"), count(2, "retry"), count(0, "page")],
            ["1 retry", "2 retries", "0 pages"]
        );
        assert_eq!([bytes(12), bytes(1_500), bytes(7_400_000)], ["12 B", "1.5 kB", "7.4 MB"]);
    }
}
