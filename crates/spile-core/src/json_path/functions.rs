//! The functions of a path, in backquotes: what they are called with, and what they give.
//!
//! Patterns run on an engine without backtracking, so each ends in time; what such an engine cannot do is refused.

use std::rc::Rc;

use regex::Regex;

use super::values::Value;
use crate::json::JsonKind;

/// A function.
#[derive(Debug, Clone)]
pub(super) enum Function {
    /// How many characters, elements or members.
    Len,
    /// The names of the members.
    Keys,
    /// The last step of the path to the value.
    Path,
    /// `str()`.
    Text,
    /// `split(chars, segment, max)`: one piece of a text, or all.
    Split { by: String, segment: Option<i64>, splits_max: Option<usize> },
    /// `sub(/pattern/, replacement)`.
    Replace { pattern: Regex, replacement: String },
}

impl Function {
    /// Reads what stands between the backquotes.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "len" => Ok(Self::Len),
            "keys" => Ok(Self::Keys),
            "path" => Ok(Self::Path),
            _ if text.starts_with("str(") => {
                if text.starts_with("str()") {
                    Ok(Self::Text)
                } else {
                    Err("`str()` takes nothing".to_owned())
                }
            }
            _ if text.starts_with("split(") => split_call(text),
            _ if text.starts_with("sub(") => sub_call(text),
            _ => Err(format!(
                "there is no function `{text}`; there are len, keys, path, sorted, parent, this, str(), split(…) and sub(…)"
            )),
        }
    }

    /// Applies the function to a value; `None` when the value is not of its kind, or nothing is to be replaced.
    pub(super) fn apply<'a>(&self, value: &Value<'a>) -> Option<Vec<Value<'a>>> {
        let one = |value| Some(vec![value]);
        match self {
            Self::Len => one(Value::Int(value.length()? as i128)),
            Self::Keys => {
                let Value::Json(json) = value else { return None };
                let names = json.is_object().then(|| json.members())?;
                let mut keys: Vec<&str> = Vec::new();
                for (name, _) in names {
                    if !keys.contains(&name) {
                        keys.push(name);
                    }
                }
                Some(keys.into_iter().map(Value::text).collect())
            }
            // The evaluation knows the path; it does not ask here.
            Self::Path => None,
            Self::Text => one(Value::text(&written(value)?)),
            Self::Split { by, segment, splits_max } => {
                let text = value.as_text()?;
                let pieces: Vec<&str> = match splits_max {
                    Some(most) => text.splitn(most.saturating_add(1), by.as_str()).collect(),
                    None => text.split(by.as_str()).collect(),
                };
                match segment {
                    None => one(Value::List(Rc::new(pieces.into_iter().map(Value::text).collect()))),
                    Some(at) => {
                        let at = if *at < 0 { pieces.len() as i64 + at } else { *at };
                        one(Value::text(pieces.get(usize::try_from(at).ok()?)?))
                    }
                }
            }
            Self::Replace { pattern, replacement } => {
                let text = value.as_text()?;
                let replaced = pattern.replace_all(text, replacement.as_str());
                (replaced != text).then(|| vec![Value::text(&replaced)])
            }
        }
    }
}

/// Writes a scalar as Python's `str` does.
fn written(value: &Value<'_>) -> Option<String> {
    Some(match value {
        Value::Json(json) => match json.kind() {
            JsonKind::Null => "None".to_owned(),
            JsonKind::Bool(true) => "True".to_owned(),
            JsonKind::Bool(false) => "False".to_owned(),
            JsonKind::Int(number) => number.to_string(),
            JsonKind::BigInt(number) => number.to_string(),
            JsonKind::Float(number) => float(number),
            JsonKind::String(text) => text.to_owned(),
            JsonKind::Array(_) | JsonKind::Object(_) => return None,
        },
        Value::Int(number) => number.to_string(),
        Value::Float(number) => float(*number),
        Value::Text(text) => text.to_string(),
        Value::List(_) => return None,
    })
}

/// Python writes the sign and two digits of an exponent.
fn float(number: f64) -> String {
    let text = format!("{number:?}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{digits}e{sign}{exponent:0>2}")
}

/// Compiles a pattern of Python's.
pub(super) fn pattern(source: &str) -> Result<Regex, String> {
    // Python's \Z is what is \z here.
    Regex::new(&source.replace("\\Z", "\\z")).map_err(|error| {
        let text = error.to_string();
        let last = text.lines().rev().find_map(|line| line.strip_prefix("error: "));
        format!("the pattern cannot be used: {}", last.unwrap_or("it is too large"))
    })
}

fn split_call(text: &str) -> Result<Function, String> {
    let wrong = || "write split(characters, piece or *, most splits or -1)".to_owned();
    // Quotes around the characters count when they are closed.
    for characters in ["\"(.+)\"", "'(.+)'", "(.+)"] {
        let call = format!(r"^split\s*\(\s*{characters}\s*,\s*(-?[0-9]+|\*)\s*,\s*(-?[0-9]+)\s*\)");
        let Some(found) = Regex::new(&call).ok().and_then(|call| call.captures(text)) else { continue };
        let most: i64 = found[3].parse().map_err(|_| wrong())?;
        let segment = if &found[2] == "*" { None } else { Some(found[2].parse().map_err(|_| wrong())?) };
        return Ok(Function::Split {
            by: found[1].to_owned(),
            segment,
            splits_max: usize::try_from(most).ok(),
        });
    }
    Err(wrong())
}

fn sub_call(text: &str) -> Result<Function, String> {
    let wrong = || "write sub(/pattern/, replacement)".to_owned();
    let body = text.strip_prefix("sub(/").and_then(|rest| rest.rfind(')').map(|end| &rest[..end]));
    let body = body.ok_or_else(wrong)?;
    // The last `/,` that blanks follow ends the pattern.
    let mut ends = body.rmatch_indices("/,").map(|(at, _)| at);
    let at = ends.find(|at| body[at + 2..].starts_with(char::is_whitespace)).ok_or_else(wrong)?;
    let compiled = pattern(body[..at].trim())?;
    let replacement = replacement(body[at + 2..].trim(), &compiled)?;
    Ok(Function::Replace { pattern: compiled, replacement })
}

/// Writes a replacement of Python's (`\1`, `\g<name>`) as the engine reads it (`${1}`, `${name}`).
fn replacement(text: &str, pattern: &Regex) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        match first {
            '$' => out.push_str("$$"),
            '\\' => {
                let named = rest.strip_prefix("g<").and_then(|rest| rest.split_once('>'));
                let digits = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
                let (group, length) =
                    named.map_or((&rest[..digits], digits), |(name, _)| (name, name.len() + 3));
                let known = match group.parse::<usize>() {
                    Ok(number) => number < pattern.captures_len(),
                    Err(_) => pattern.capture_names().flatten().any(|name| name == group),
                };
                match (rest.chars().next(), known) {
                    (Some('\\'), false) => {
                        out.push('\\');
                        rest = &rest[1..];
                    }
                    (_, true) => {
                        out.push_str(&format!("${{{group}}}"));
                        rest = &rest[length..];
                    }
                    _ => return Err(format!("the replacement names no group of the pattern at `\\{rest}`")),
                }
            }
            other => out.push(other),
        }
    }
    Ok(out)
}
