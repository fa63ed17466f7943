//! Values written as Python and orjson write them, and numbers read as Python reads them. No types, no columns.

use std::fmt::Write as _;

use spile_core::{Json, JsonKind};

/// Writes a number as Python's `repr`: `1.0`, `1e+30`, `1e-05`.
pub(crate) fn push_python_float(number: f64, out: &mut Vec<u8>) {
    push_float(number, -4, 2, out);
}

/// In which order the members of an object are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyOrder {
    /// As they stand.
    Document,
    /// By the bytes of their keys.
    Sorted,
}

/// Writes compact JSON as dlt's encoder does: no spaces, keys in document order, `1.0`, `1e+30`, `1e-6`.
///
/// The caller has bounded the depth.
pub(crate) fn push_json(value: Json<'_>, out: &mut Vec<u8>) {
    push_value(value, KeyOrder::Document, out);
}

fn push_value(value: Json<'_>, order: KeyOrder, out: &mut Vec<u8>) {
    match value.kind() {
        JsonKind::Null => out.extend_from_slice(b"null"),
        JsonKind::Bool(flag) => out.extend_from_slice(if flag { b"true" } else { b"false" }),
        JsonKind::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        JsonKind::BigInt(number) => out.extend_from_slice(number.to_string().as_bytes()),
        JsonKind::Float(number) => push_float(number, -5, 1, out),
        JsonKind::String(text) => push_json_text(text, out),
        JsonKind::Array(_) => {
            out.push(b'[');
            for (index, element) in value.elements().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_value(element, order, out);
            }
            out.push(b']');
        }
        JsonKind::Object(_) => {
            let mut members = last_wins(value);
            if order == KeyOrder::Sorted {
                members.sort_unstable_by_key(|(key, _)| *key);
            }
            push_members(members.into_iter(), order, out);
        }
    }
}

/// Writes an object of these members, in this order; `order` is for the objects in them.
pub(crate) fn push_members<'a>(
    members: impl Iterator<Item = (&'a str, Json<'a>)>,
    order: KeyOrder,
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    for (index, (key, member)) in members.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_json_text(key, out);
        out.push(b':');
        push_value(member, order, out);
    }
    out.push(b'}');
}

/// Returns whether a value is nested deeper than so many levels; a scalar has none.
pub(crate) fn is_deeper(value: Json<'_>, levels: usize) -> bool {
    match value.kind() {
        JsonKind::Array(_) => levels == 0 || value.elements().any(|element| is_deeper(element, levels - 1)),
        JsonKind::Object(_) => {
            levels == 0 || value.members().any(|(_, member)| is_deeper(member, levels - 1))
        }
        _ => false,
    }
}

/// Returns the members of an object; of a repeated key the first place and the last value, as a Python dict has it.
pub(crate) fn last_wins(object: Json<'_>) -> Vec<(&str, Json<'_>)> {
    let mut places = rustc_hash::FxHashMap::default();
    let mut members: Vec<(&str, Json<'_>)> = Vec::new();
    for (key, member) in object.members() {
        match places.entry(key) {
            std::collections::hash_map::Entry::Occupied(place) => {
                let place: &usize = place.get();
                members[*place].1 = member;
            }
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(members.len());
                members.push((key, member));
            }
        }
    }
    members
}

fn push_json_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0C => out.extend_from_slice(b"\\f"),
            0x00..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Writes the shortest digits that read back as the same double; positional from `10^exponent_min` up to `10^16`.
fn push_float(number: f64, exponent_min: i32, exponent_digits: usize, out: &mut Vec<u8>) {
    // Rust's shortest form is `d.ddde-7`.
    let scientific = format!("{number:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return out.extend_from_slice(scientific.as_bytes());
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let text = if (exponent_min..16).contains(&exponent) {
        // `{}` never uses an exponent.
        let mut text = format!("{number}");
        if !text.contains('.') {
            text.push_str(".0");
        }
        text
    } else {
        let mut text = mantissa.to_owned();
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(text, "e{sign}{:0exponent_digits$}", exponent.unsigned_abs())
            .expect("writing to a string cannot fail");
        text
    };
    out.extend_from_slice(text.as_bytes());
}

/// Takes out the underscores that Python allows, which is between two digits only.
pub(crate) fn without_underscores(text: &str) -> Option<std::borrow::Cow<'_, str>> {
    if !text.contains('_') {
        return Some(text.into());
    }
    let bytes = text.as_bytes();
    let is_digit = |index: Option<usize>| index.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let all_between = (0..bytes.len())
        .filter(|at| bytes[*at] == b'_')
        .all(|at| is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)));
    all_between.then(|| text.replace('_', "").into())
}

/// Reads a decimal number into an integer of that scale; `None` when digits would be lost.
pub(crate) fn parse_decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let text = text.replace('_', "");
    let (text, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text.as_str(), 0),
    };
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    let all: Vec<u8> = whole.bytes().chain(places.bytes()).collect();
    if all.is_empty() || !all.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // The number is `all * 10^power` in units of the scale.
    let mut power = exponent.checked_sub(i32::try_from(places.len()).ok()?)?.checked_add(i32::from(scale))?;
    let mut kept = all.as_slice();
    while power < 0 && kept.last() == Some(&b'0') {
        kept = &kept[..kept.len() - 1];
        power += 1;
    }
    let start = kept.iter().position(|digit| *digit != b'0').unwrap_or(kept.len());
    let kept = &kept[start..];
    if kept.is_empty() {
        return Some(0);
    }
    let length = i64::try_from(kept.len()).ok()? + i64::from(power);
    if power < 0 || length > i64::from(precision) {
        return None;
    }
    let mut number: i128 = 0;
    for digit in kept {
        number = number * 10 + i128::from(digit - b'0');
    }
    number *= 10_i128.pow(u32::try_from(power).ok()?);
    Some(if is_negative { -number } else { number })
}

/// Reads pairs of hexadecimal digits.
pub(crate) fn parse_hex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}
