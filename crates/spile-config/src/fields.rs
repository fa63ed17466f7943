//! Known keys and the findings about unknown ones.
//!
//! dlt validates configs in a closed world; so do we, with the nearest known name in the hint. Invariant: a key is
//! understood, refused as not supported yet, or reported as unknown. None is ignored.

use spile_core::{Diagnostic, Diagnostics, Key, Node, Span, Value};

/// The keys of one kind of map.
pub(crate) struct KnownKeys {
    /// The map in the words of a user, such as `endpoint`.
    pub(crate) of: &'static str,
    /// What is understood.
    pub(crate) known: &'static [&'static str],
    /// What dlt has and Spile does not have yet, with what to do instead.
    pub(crate) later: &'static [(&'static str, &'static str)],
}

impl KnownKeys {
    /// Reports the keys of a map that are not understood. Anything but a map is left to the caller.
    pub(crate) fn check(&self, node: &Node, diagnostics: &mut Diagnostics) {
        let Value::Map(entries) = &node.value else { return };
        for (key, value) in entries {
            let name = key.name.as_str();
            if self.known.contains(&name) {
                continue;
            }
            match self.later.iter().find(|(later, _)| *later == name) {
                Some(_) if value.is_null() => {}
                Some((_, hint)) => diagnostics.push(
                    not_supported(&format!("`{name}` in {}", self.of), &key.span).hint((*hint).to_owned()),
                ),
                None => diagnostics.push(self.unknown(key)),
            }
        }
    }

    fn unknown(&self, key: &Key) -> Diagnostic {
        let all = self.known.iter().copied().chain(self.later.iter().map(|(name, _)| *name));
        let diagnostic =
            Diagnostic::error("config/unknown-field", format!("unknown key `{}` in {}", key.name, self.of))
                .at(&key.span);
        match nearest(&key.name, all) {
            Some(near) => diagnostic
                .label(format!("did you mean `{near}`?"))
                .hint(format!("Write `{near}`, or remove the key.")),
            None => diagnostic.hint(format!("Known keys are {}.", self.known.join(", "))),
        }
    }
}

/// Says that something of dlt's comes in a later version.
pub(crate) fn not_supported(what: &str, span: &Span) -> Diagnostic {
    Diagnostic::error("config/not-supported", format!("{what} is not supported yet")).at(span)
}

/// Says that a value has the wrong shape.
pub(crate) fn wrong_type(what: &str, expected: &str, found: &Node) -> Diagnostic {
    if matches!(found.value, Value::Function(_)) {
        return not_supported(&format!("a function as {what}"), &found.span)
            .hint(format!("Write {expected} here, or remove the key."));
    }
    Diagnostic::error("config/wrong-type", format!("{what} must be {expected}, found {}", found.kind()))
        .at(&found.span)
        .label(format!("expected {expected}"))
        .hint(format!("Write {expected} here, or remove the key."))
}

/// Says that a required key is missing.
pub(crate) fn missing(key: &str, of: &str, span: &Span) -> Diagnostic {
    Diagnostic::error("config/missing-field", format!("{of} needs the key `{key}`"))
        .at(span)
        .hint(format!("Add `{key}`."))
}

/// Returns what to do about a finding whose place has nothing better to say: no finding goes without.
pub(crate) fn general_hint(code: &str) -> &'static str {
    match code {
        "config/wrong-type" => "Write a value of the expected type, or remove the key.",
        "config/invalid-value" | "config/wrong-value" => "Write one of the values that the message names.",
        "config/missing-field" => "Add the key that the message names.",
        "config/toml-syntax" => "Check quotes, brackets and `key = value` here and on the line before.",
        "config/duplicate-key" => "Remove one of the two.",
        "config/invalid-path" => "Write for example items, data.rows or results[*].",
        "config/internal" => "This is a bug in Spile; please report it with the config.",
        _ => "Look the code up in docs/errors.md.",
    }
}

/// Finds the known name that a misspelt one most likely stands for.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = name.to_lowercase().replace('-', "_");
    known
        .map(|candidate| (strsim::damerau_levenshtein(&folded, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(folded.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
