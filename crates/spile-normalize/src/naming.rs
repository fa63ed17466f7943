//! dlt's `snake_case` naming convention: what a key of the data is called in the destination.
//!
//! It is not concerned with which table or column a name belongs to. Invariant: every function is pure, and a name that
//! it returns is never longer than the given maximum (counted in characters, as dlt does) and never empty.

use std::fmt::Write as _;

use crate::ids;

/// What an empty key becomes, and a key of which nothing is left (`__`; dlt fails there).
pub(crate) const EMPTY: &str = "_empty";

/// Joins the parts of a table or column path.
pub(crate) const SEPARATOR: &str = "__";

/// Characters of the tag that marks a shortened name.
const TAG_LENGTH: usize = 6;

/// Normalises a single identifier: `userID` becomes `user_id`.
///
/// Nothing but white space gives `_empty`.
pub fn normalize_identifier(name: &str, length_max: usize) -> String {
    let name = name.trim();
    if name.is_empty() {
        return EMPTY.to_owned();
    }
    shorten(to_snake_case(&reduce_alphabet(name)), name, length_max)
}

/// Normalises a path such as `a__b`: the parts are normalised on their own, empty ones are dropped.
///
/// A path of which nothing is left gives `_empty`.
pub fn normalize_path(path: &str, length_max: usize) -> String {
    let parts: Vec<String> = path
        .split(SEPARATOR)
        .filter(|part| !part.trim().is_empty())
        .map(|part| normalize_identifier(part, length_max))
        .collect();
    if parts.is_empty() { EMPTY.to_owned() } else { shorten(parts.join(SEPARATOR), path, length_max) }
}

/// Joins parts that are normalised already. The result may be too long: it is the path that deeper names build on.
pub(crate) fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}{SEPARATOR}{name}") }
}

/// Shortens a joined path to the name that the destination sees.
pub(crate) fn shorten_path(path: &str, length_max: usize) -> String {
    shorten(path.to_owned(), path, length_max)
}

/// Returns the name of the column that takes values of another type.
pub(crate) fn variant(column: &str, data_type: &str, length_max: usize) -> String {
    let mut path = column.to_owned();
    write!(path, "{SEPARATOR}v_{data_type}").expect("writing to a string cannot fail");
    shorten_path(&path, length_max)
}

/// Returns the name beside `name` for what another key of the same record put there.
pub(crate) fn apart(name: &str, key_path: &str) -> String {
    format!("{name}{SEPARATOR}k_{}", tag(key_path))
}

/// Translates the signs that have a letter, and every other run of signs to one underscore.
fn reduce_alphabet(name: &str) -> Vec<char> {
    let mut reduced = Vec::with_capacity(name.len());
    let mut in_run = false;
    for character in name.chars() {
        let letter = match character {
            '+' | '*' => 'x',
            '-' | '_' => '_',
            '@' => 'a',
            '|' => 'l',
            // Python's `\d`, which dlt uses, means every decimal digit of Unicode.
            _ if character.is_ascii_alphanumeric() || is_decimal_digit(character) => character,
            _ => {
                if !in_run {
                    reduced.push('_');
                }
                in_run = true;
                continue;
            }
        };
        in_run = false;
        reduced.push(letter);
    }
    reduced
}

/// Returns whether this is a decimal digit beyond ASCII (Unicode category Nd), the common blocks of it.
///
/// All blocks of Nd below U+11000 are runs of ten that start at one of these.
fn is_decimal_digit(character: char) -> bool {
    const ZEROS: [u32; 37] = [
        0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
        0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
        0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
        0x104A0,
    ];
    let code = character as u32;
    code >= 0x0660 && ZEROS.iter().any(|zero| (*zero..*zero + 10).contains(&code))
}

fn to_snake_case(reduced: &[char]) -> String {
    let broken = break_before_digit_or_letter(&break_before_words(reduced));
    let mut text = String::with_capacity(broken.len() + 1);
    if broken.first().is_some_and(|first| first.is_ascii_digit() || is_decimal_digit(*first)) {
        text.push('_');
    }
    text.extend(broken.iter().map(char::to_ascii_lowercase));
    let kept = text.trim_end_matches('_').len();
    let trailing = text.len() - kept;
    text.truncate(kept);
    text.extend(std::iter::repeat_n('x', trailing));
    let mut collapsed = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '_' || !collapsed.ends_with('_') {
            collapsed.push(character);
        }
    }
    collapsed
}

/// Inserts `_` before an upper-case letter that lower-case letters follow, unless `_` or the start is before it: the
/// regular expression `([^_])([A-Z][a-z]+)`, matches not overlapping.
fn break_before_words(text: &[char]) -> Vec<char> {
    let mut broken = Vec::with_capacity(text.len() + 4);
    let mut index = 0;
    while index < text.len() {
        let starts_word = text[index] != '_'
            && text.get(index + 1).is_some_and(char::is_ascii_uppercase)
            && text.get(index + 2).is_some_and(char::is_ascii_lowercase);
        broken.push(text[index]);
        index += 1;
        if starts_word {
            broken.extend(['_', text[index]]);
            index += 1;
            while let Some(letter) = text.get(index).filter(|letter| letter.is_ascii_lowercase()) {
                broken.push(*letter);
                index += 1;
            }
        }
    }
    broken
}

/// Inserts `_` between a lower-case letter or digit and an upper-case letter: `([a-z0-9])([A-Z])`.
fn break_before_digit_or_letter(text: &[char]) -> Vec<char> {
    let mut broken = Vec::with_capacity(text.len() + 4);
    for (index, character) in text.iter().enumerate() {
        let after = index > 0 && {
            let before = text[index - 1];
            before.is_ascii_lowercase() || before.is_ascii_digit()
        };
        if after && character.is_ascii_uppercase() {
            broken.push('_');
        }
        broken.push(*character);
    }
    broken
}

/// Cuts the middle out of a name that is too long and puts a hash of the original there.
/// Returns six letters and digits that stand for a text.
fn tag(text: &str) -> String {
    let letter = |character: char| match character {
        '/' => 'a',
        '+' => 'b',
        other => other.to_ascii_lowercase(),
    };
    ids::shake_base64::<4>(text.as_bytes()).chars().map(letter).collect()
}

fn shorten(name: String, original: &str, length_max: usize) -> String {
    let length = name.chars().count();
    if length <= length_max {
        return name;
    }
    let tag = tag(original);
    // A limit shorter than the tag has no room for anything else.
    let Some(remaining) = length_max.checked_sub(TAG_LENGTH) else {
        return tag.chars().take(length_max.max(1)).collect();
    };
    let head = remaining / 2 + remaining % 2;
    let tail = remaining / 2;
    name.chars().take(head).chain(tag.chars()).chain(name.chars().skip(length - tail)).collect()
}

#[cfg(test)]
mod tests;
