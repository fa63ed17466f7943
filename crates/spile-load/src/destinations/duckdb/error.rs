//! What DuckDB's messages mean: who must act, and how.
//!
//! DuckDB gives no usable codes through ADBC, so the kind is read from the fixed beginning of the message. Invariant: a
//! message never carries a value of a record.

use spile_core::{Error, ErrorKind};

/// Characters of a message of DuckDB's that are shown.
const MESSAGE_CHARS_MAX: usize = 300;

/// The code of the error that says that the memory limit was too tight.
pub(super) const MEMORY_CODE: &str = "destination/memory";

/// Words of a message, and the error that they stand for.
struct Meaning {
    words: &'static str,
    kind: ErrorKind,
    code: &'static str,
    message: &'static str,
    hint: &'static str,
}

const MEANINGS: [Meaning; 9] = [
    Meaning { words: "Could not set lock", ..LOCKED },
    Meaning { words: "Conflicting lock", ..LOCKED },
    Meaning { words: "being used by another process", ..LOCKED },
    Meaning {
        words: "Out of Memory Error",
        kind: ErrorKind::Limit,
        code: MEMORY_CODE,
        message: "the load does not fit into duckdb's memory limit",
        hint: "Raise the memory limit of the destination.",
    },
    Meaning {
        words: "not a valid DuckDB database file",
        kind: ErrorKind::Config,
        code: "destination/not-a-database",
        message: "the file is not a duckdb database",
        hint: "Give the path of a DuckDB file, or of a file that does not exist yet.",
    },
    Meaning {
        words: "No space left on device",
        kind: ErrorKind::Unavailable,
        code: "destination/disk-full",
        message: "the disk of the duckdb file is full",
        hint: "Make room on the disk, then run again; nothing that was fetched is lost.",
    },
    Meaning {
        words: "NOT NULL constraint failed",
        kind: ErrorKind::Data,
        code: "destination/null",
        message: "a record has no value for a column that must have one",
        hint: "Check the primary key and the columns declared with nullable false.",
    },
    CONVERSION,
    Meaning { words: "Invalid Input Error", ..CONVERSION },
];

const LOCKED: Meaning = Meaning {
    words: "",
    kind: ErrorKind::Unavailable,
    code: "destination/locked",
    message: "the duckdb file is open in another process",
    hint: "Close the other program that has the file open, then run again; nothing that was fetched is lost.",
};

const CONVERSION: Meaning = Meaning {
    words: "Conversion Error",
    kind: ErrorKind::Data,
    code: "destination/conversion",
    message: "a value does not fit the type of its column",
    hint: "Compare the column's type at the destination with the records; a table that was made by hand can differ.",
};

/// Makes an error of a message; `attempt` says what was tried, for messages that have no meaning of their own.
pub(super) fn explain(message: &str, code: &'static str, attempt: &str) -> Error {
    let error = match MEANINGS.iter().find(|meaning| message.contains(meaning.words)) {
        Some(meaning) => Error::new(meaning.kind, meaning.code, meaning.message).hint(meaning.hint),
        None => Error::new(ErrorKind::Destination, code, attempt),
    };
    error.source_error(shown(message))
}

/// Returns the first line of a message, cut, with the quoted values of a conversion left out. What follows the first
/// line quotes the statement.
fn shown(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let line = if line.starts_with(CONVERSION.words) || line.starts_with("Invalid Input Error") {
        let outside = line.split('\'').step_by(2);
        outside.collect::<Vec<_>>().join("'...'")
    } else {
        line.to_owned()
    };
    line.chars().take(MESSAGE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn messages_are_understood() {
        for (message, code, source) in [
            (
                "IO Error: Could not set lock on file \"a\": Conflicting lock is held",
                "destination/locked",
                "IO Error: Could not set lock on file \"a\": Conflicting lock is held",
            ),
            (
                "Out of Memory Error: could not pin block",
                MEMORY_CODE,
                "Out of Memory Error: could not pin block",
            ),
            (
                "Conversion Error: Could not convert string 'hunter2' to INT64\nLINE 1: SELECT",
                "destination/conversion",
                "Conversion Error: Could not convert string '...' to INT64",
            ),
            ("Parser Error: no\nLINE 1", "destination/duckdb", "Parser Error: no"),
            ("", "destination/duckdb", ""),
        ] {
            let error = explain(message, "destination/duckdb", "duckdb refused a statement");
            assert_eq!(error.code(), code);
            assert_eq!(error.source().unwrap().to_string(), source);
        }
    }
}
