//! The conventions that leave names as they are but for a few characters: `direct` and `duck_case`.
//!
//! NUL is one of the few here and not in dlt: no database takes it in a name. The separator of `direct` cannot be in a
//! part of a path.

use super::collapse_underscores;

/// `direct`.
pub(super) fn clean(name: &str) -> String {
    name.replace(['\n', '\r', '\'', '"', '▶', '\0'], "_")
}

/// `duck_case`.
pub(super) fn clean_duck_case(name: &str) -> String {
    collapse_underscores(&name.replace(['\n', '\r', '"', '\0'], "_"))
}
