//! The conventions `sql_cs_v1` and `sql_ci_v1`: letters and digits of ASCII, digits of other scripts, underscores.

use super::{collapse_underscores, is_decimal_digit};

/// `sql_cs_v1`.
pub(super) fn clean(name: &str) -> String {
    let mut reduced = String::with_capacity(name.len() + 1);
    if name.starts_with(is_decimal_digit) {
        reduced.push('_');
    }
    let mut in_run = false;
    for character in name.chars() {
        let is_kept = character.is_ascii_alphanumeric() || character == '_' || is_decimal_digit(character);
        if is_kept || !in_run {
            reduced.push(if is_kept { character } else { '_' });
        }
        in_run = !is_kept;
    }
    // Underscores in front and in between are contracted, those at the end go; a lone one stays.
    if reduced == "_" {
        return reduced;
    }
    collapse_underscores(reduced.trim_end_matches('_'))
}

/// `sql_ci_v1`.
pub(super) fn clean_lower(name: &str) -> String {
    clean(name).to_ascii_lowercase()
}
