//! What PostgreSQL's refusals mean: who must act, and how.
//!
//! The kind is read from the SQLSTATE. Invariant: neither a password nor a value of a record is shown; the detail of a
//! refusal quotes whole rows, so it is left out.

use spile_core::{Error, ErrorKind};

/// Characters of a message of the server's that are shown.
const MESSAGE_CHARS_MAX: usize = 300;

/// The beginning of a SQLSTATE, and the error that it stands for. The first that fits counts.
struct Meaning {
    state: &'static str,
    kind: ErrorKind,
    code: &'static str,
    message: &'static str,
    hint: &'static str,
}

const MEANINGS: [Meaning; 10] = [
    Meaning {
        state: "28",
        kind: ErrorKind::Config,
        code: "destination/login",
        message: "postgres refused the user or the password",
        hint: "Check the credentials of the destination.",
    },
    Meaning {
        state: "3D000",
        kind: ErrorKind::Config,
        code: "destination/missing",
        message: "the postgres database does not exist",
        hint: "Create the database, or name another one in the url.",
    },
    Meaning {
        state: "42501",
        kind: ErrorKind::Config,
        code: "destination/permission",
        message: "the postgres user may not do what the load needs",
        hint: "Grant the user CREATE on the database, and all rights on the dataset's schema and its tables.",
    },
    Meaning {
        state: "23502",
        kind: ErrorKind::Data,
        code: "destination/null",
        message: "a record has no value for a column that must have one",
        hint: "Check the primary key and the columns declared with nullable false.",
    },
    Meaning {
        state: "23505",
        kind: ErrorKind::Data,
        code: "destination/unique",
        message: "a record has a value that must be unique and is there already",
        hint: "Check the constraints that were added to the table by hand.",
    },
    Meaning {
        state: "22",
        kind: ErrorKind::Data,
        code: "destination/conversion",
        message: "a value does not fit the type of its column",
        hint: "Compare the column's type at the destination with the records; a table that was made by hand can differ.",
    },
    Meaning {
        state: "42804",
        kind: ErrorKind::Data,
        code: "destination/conversion",
        message: "a column has another type than its values",
        hint: "Compare the column's type at the destination with the records; a table that was made by hand can differ.",
    },
    Meaning {
        state: "53100",
        kind: ErrorKind::Unavailable,
        code: "destination/disk-full",
        message: "the disk of the postgres server is full",
        hint: "Make room on the disk, then run again; nothing that was fetched is lost.",
    },
    Meaning { state: "57P", ..UNREACHABLE },
    Meaning { state: "53300", ..UNREACHABLE },
];

const UNREACHABLE: Meaning = Meaning {
    state: "",
    kind: ErrorKind::Unavailable,
    code: "destination/unreachable",
    message: "the postgres server cannot be reached",
    hint: "Check that the server runs and takes connections, then run again; nothing that was fetched is lost.",
};

const UNENCRYPTED: Meaning = Meaning {
    state: "",
    kind: ErrorKind::Config,
    code: "destination/tls",
    message: "no encrypted connection to the postgres server could be made",
    hint: "Check sslmode and sslrootcert in the url; sslmode=disable is for networks that you trust.",
};

/// Makes an error of a refusal.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(super) fn explain(cause: postgres::Error) -> Error {
    let Some(refusal) = cause.as_db_error() else {
        // Without an answer of the server the connection is what failed. Such texts carry no data.
        if cause.to_string().contains("TLS") {
            return meant(&UNENCRYPTED).source_error(cause_text(&cause));
        }
        return meant(&UNREACHABLE).source_error(cause_text(&cause));
    };
    let state = refusal.code().code();
    let error = match MEANINGS.iter().find(|meaning| state.starts_with(meaning.state)) {
        Some(meaning) => meant(meaning),
        None => Error::new(ErrorKind::Destination, "destination/postgres", "postgres refused a statement"),
    };
    let error = match refusal.column() {
        Some(column) => error.with("column", column),
        None => error,
    };
    error.with("sqlstate", state).source_error(shown(state, refusal.message()))
}

fn meant(meaning: &Meaning) -> Error {
    Error::new(meaning.kind, meaning.code, meaning.message).hint(meaning.hint)
}

/// Returns the innermost cause: the outer ones only say that there is one.
fn cause_text(error: &postgres::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Returns a message, cut, and when it speaks of data without what it quotes.
fn shown(state: &str, message: &str) -> String {
    let message = if state.starts_with("22") {
        message.split('"').step_by(2).collect::<Vec<_>>().join("\"...\"")
    } else {
        message.to_owned()
    };
    message.chars().take(MESSAGE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_shown() {
        let message = "invalid input syntax for type bigint: \"hunter2\"";
        assert_eq!(shown("22P02", message), "invalid input syntax for type bigint: \"...\"");
        assert_eq!(shown("42P01", "relation \"a\" does not exist"), "relation \"a\" does not exist");
    }
}
