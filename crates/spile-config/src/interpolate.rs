//! Python's `str.format` texts, split into literal texts and fields.
//!
//! `{{` and `}}` stand for braces. What a field may name depends on the place and is decided by the caller. Not a
//! template engine: the Jinja of paginators lives in the paginators.

/// A piece of a format text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    /// Literal text with braces unescaped.
    Text(String),
    /// The inside of `{...}` as written.
    Field(&'t str),
}

/// Splits a text; the error says what is wrong in a few words.
pub(crate) fn split(text: &str) -> Result<Vec<Piece<'_>>, &'static str> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        let after = &rest[at + 1..];
        if after.starts_with(brace) {
            literal.push_str(brace);
            rest = &after[1..];
            continue;
        }
        if brace == "}" {
            return Err("a single `}`");
        }
        let Some(end) = after.find('}') else { return Err("a single `{`") };
        let field = &after[..end];
        if field.contains('{') {
            return Err("a `{` inside braces");
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Field(field));
        rest = &after[end + 1..];
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    Ok(pieces)
}

/// Returns whether the last segment of a raw path holds a placeholder, which makes dlt treat the endpoint as a single
/// entity. Trailing slashes are ignored and a query belongs to the segment.
pub(crate) fn is_single_entity(path: &str) -> bool {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let mut rest = last;
    while let Some(at) = rest.find('{') {
        rest = &rest[at + 1..];
        let length =
            rest.find(|found: char| !(found.is_ascii_alphanumeric() || matches!(found, '.' | '-' | '_')));
        if length.is_some_and(|length| length > 0 && rest[length..].starts_with('}')) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_texts() {
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(split("a{b}c"), Ok(vec![text("a"), Piece::Field("b"), text("c")]));
        assert_eq!(split("{{a}}"), Ok(vec![text("{a}")]));
        assert_eq!(split("{{{a}}}"), Ok(vec![text("{"), Piece::Field("a"), text("}")]));
        assert_eq!(split(""), Ok(vec![]));
        for broken in ["{", "}", "a{b", "a}b", "{a{b}}"] {
            assert!(split(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn single_entities() {
        for path in ["items/{id}", "items/{id}/", "{id}.json", "a/x?id={id}", "a/{{id}}", "a/{a.b-c_d}"] {
            assert!(is_single_entity(path), "{path}");
        }
        for path in ["items", "{id}/items", "/{account_id}/calls.json?", "a/{}", "a/{b c}", "a/{b"] {
            assert!(!is_single_entity(path), "{path}");
        }
    }
}
