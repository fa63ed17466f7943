//! dlt's `snake_case`, its default.

use super::{collapse_underscores, is_decimal_digit};

/// `snake_case`.
pub(super) fn clean(name: &str) -> String {
    to_snake_case(&reduce_alphabet(name))
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

fn to_snake_case(reduced: &[char]) -> String {
    let broken = break_before_digit_or_letter(&break_before_words(reduced));
    let mut text = String::with_capacity(broken.len() + 1);
    if broken.first().is_some_and(|first| is_decimal_digit(*first)) {
        text.push('_');
    }
    text.extend(broken.iter().map(char::to_ascii_lowercase));
    let kept = text.trim_end_matches('_').len();
    let trailing = text.len() - kept;
    text.truncate(kept);
    text.extend(std::iter::repeat_n('x', trailing));
    collapse_underscores(&text)
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
