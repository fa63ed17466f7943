//! The one renderer of errors.

use std::error::Error as _;

use spile::Error;

use super::{colour, print_talk};

/// Prints an error: what was attempted, where, why, what to do.
pub(crate) fn print(error: &Error) {
    print_talk(&text(error, colour()));
}

fn text(error: &Error, colour: bool) -> String {
    let (red, cyan, bold, reset) =
        if colour { ("\x1b[1;31m", "\x1b[36m", "\x1b[1m", "\x1b[0m") } else { ("", "", "", "") };
    let mut text = format!("{red}error[{}]{reset}: {bold}{}{reset}\n", error.code(), error.message());
    for (name, value) in error.context() {
        text.push_str(&format!("  {name}: {value}\n"));
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        // A database's error can hold a page of SQL; its first lines say what happened.
        let lines: Vec<String> = inner.to_string().lines().take(4).map(str::to_owned).collect();
        text.push_str(&format!("  cause: {}\n", lines.join("\n         ")));
        cause = inner.source();
    }
    if let Some(hint) = error.hint_text() {
        text.push_str(&format!("  {cyan}hint{reset}: {hint}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use spile::ErrorKind;

    #[test]
    fn all_parts_in_order() {
        let error = Error::new(ErrorKind::Source, "source/http-status", "GET http://h/x failed")
            .with("resource", "calls")
            .source_error(std::io::Error::other("reset"))
            .hint("Try later.");
        assert_eq!(
            text(&error, false),
            "error[source/http-status]: GET http://h/x failed\n  resource: calls\n  cause: reset\n  hint: Try later.\n"
        );
    }
}
