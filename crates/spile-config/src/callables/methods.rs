//! Methods of texts and bytes.

use std::rc::Rc;

use super::fault::{Outcome, raise, unsupported};
use super::library::Given;
use super::machine::Machine;
use super::value::{Key, Value};

/// The methods of texts.
pub(super) const TEXT: [&str; 40] = [
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "islower",
    "isnumeric",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "title",
    "upper",
];

fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

impl Machine<'_> {
    pub(super) fn text_method(&mut self, text: &Rc<str>, name: &str, given: Given) -> Outcome<Value> {
        match name {
            "format" => return self.format_text(text, given),
            "format_map" => {
                let Value::Dict(dict) = given.one(name)? else {
                    return raise("TypeError", "format_map() takes a dict");
                };
                let named = dict.entries.borrow();
                let named = named.iter().filter_map(|(key, value)| match key {
                    Key::Text(name) => Some(((**name).into(), value.clone())),
                    _ => None,
                });
                return self.format_text(text, Given { positional: Vec::new(), named: named.collect() });
            }
            "join" => return self.joined(text, &given.one(name)?),
            "split" | "rsplit" => return self.split(text, name, given),
            "encode" => {
                let [encoding, _errors] = given.bind(name, ["encoding", "errors"])?;
                self.take(text.len())?;
                return encoded(text, encoding.as_ref().and_then(Value::as_text).unwrap_or("utf-8"));
            }
            "startswith" | "endswith" => return affix(text, name, given),
            "translate" | "maketrans" => return unsupported(format!("`{name}` of a text")),
            _ => {}
        }
        let arguments = given.bind(name, ["", "", ""])?;
        let words = [0, 1, 2].map(|index| arguments[index].as_ref().and_then(Value::as_text));
        let numbers = [0, 1, 2].map(|index| arguments[index].as_ref().and_then(Value::as_int));
        let none = matches!(arguments[0], None | Some(Value::None));
        let made = match (name, words[0]) {
            ("upper", None) => text.to_uppercase(),
            ("lower", None) => text.to_lowercase(),
            ("casefold", None) => text.to_lowercase().replace('ß', "ss"),
            ("title", None) => titled(text),
            ("capitalize", None) => {
                let mut characters = text.chars();
                match characters.next() {
                    Some(first) => {
                        first.to_uppercase().collect::<String>() + &characters.as_str().to_lowercase()
                    }
                    None => String::new(),
                }
            }
            ("swapcase", None) => text
                .chars()
                .flat_map(|character| -> Vec<char> {
                    if character.is_uppercase() {
                        character.to_lowercase().collect()
                    } else {
                        character.to_uppercase().collect()
                    }
                })
                .collect(),
            ("strip", None) if none => text.trim_matches(is_space).to_owned(),
            ("lstrip", None) if none => text.trim_start_matches(is_space).to_owned(),
            ("rstrip", None) if none => text.trim_end_matches(is_space).to_owned(),
            ("strip", Some(set)) => text.trim_matches(|found| set.contains(found)).to_owned(),
            ("lstrip", Some(set)) => text.trim_start_matches(|found| set.contains(found)).to_owned(),
            ("rstrip", Some(set)) => text.trim_end_matches(|found| set.contains(found)).to_owned(),
            ("removeprefix", Some(part)) => text.strip_prefix(part).unwrap_or(text).to_owned(),
            ("removesuffix", Some(part)) => text.strip_suffix(part).unwrap_or(text).to_owned(),
            ("replace", Some(from)) => {
                let Some(to) = words[1] else {
                    return raise("TypeError", "replace expected at least 2 arguments");
                };
                let count = numbers[2].filter(|count| *count >= 0);
                let times = text.matches(from).count().min(count.map_or(usize::MAX, |count| count as usize));
                self.take(times.saturating_mul(to.len()))?;
                text.replacen(from, to, times)
            }
            ("zfill", None) => {
                let width = numbers[0].unwrap_or(0).clamp(0, 1 << 20) as usize;
                let (sign, digits) = match text.strip_prefix(['-', '+']) {
                    Some(digits) => (&text[..1], digits),
                    None => ("", &**text),
                };
                let missing = width.saturating_sub(text.chars().count());
                format!("{sign}{}{digits}", "0".repeat(missing))
            }
            ("ljust" | "rjust" | "center", None) => {
                let width = numbers[0].unwrap_or(0).clamp(0, 1 << 20) as usize;
                let missing = width.saturating_sub(text.chars().count());
                let fill = words[1].unwrap_or(" ");
                if fill.chars().count() != 1 {
                    return raise("TypeError", "The fill character must be exactly one character long");
                }
                // Python puts the odd one to the left when the width is odd too.
                let left = match name {
                    "ljust" => 0,
                    "rjust" => missing,
                    _ => missing / 2 + (missing & width & 1),
                };
                format!("{}{text}{}", fill.repeat(left), fill.repeat(missing - left))
            }
            ("partition" | "rpartition", Some(part)) if !part.is_empty() => {
                let found = if name == "partition" { text.split_once(part) } else { text.rsplit_once(part) };
                let parts = match (found, name) {
                    (Some((before, after)), _) => [before, part, after],
                    (None, "partition") => [&**text, "", ""],
                    (None, _) => ["", "", &**text],
                };
                return Ok(Value::tuple(parts.map(Value::text).to_vec()));
            }
            ("splitlines", None) => {
                let lines = text.split_inclusive('\n').map(|line| {
                    let line = line.strip_suffix('\n').unwrap_or(line);
                    Value::text(line.strip_suffix('\r').unwrap_or(line))
                });
                return self.list(lines.collect());
            }
            ("count", Some(part)) => {
                let count =
                    if part.is_empty() { text.chars().count() + 1 } else { text.matches(part).count() };
                return Ok(Value::Int(count as i128));
            }
            ("find" | "rfind" | "index" | "rindex", Some(part)) => return find(text, part, name, numbers[1]),
            ("expandtabs", _) => return unsupported("`expandtabs`"),
            _ => return test(text, name),
        };
        self.text(made)
    }

    fn joined(&mut self, separator: &str, iterable: &Value) -> Outcome<Value> {
        let mut text = String::new();
        for (index, item) in self.collect(iterable)?.iter().enumerate() {
            let Value::Text(part) = item else {
                return raise(
                    "TypeError",
                    format!("sequence item {index}: expected str instance, {} found", item.type_name()),
                );
            };
            if index > 0 {
                text.push_str(separator);
            }
            text.push_str(part);
            self.take(separator.len() + part.len())?;
        }
        Ok(Value::text(text))
    }

    fn split(&mut self, text: &str, name: &str, given: Given) -> Outcome<Value> {
        let [separator, limit] = given.bind(name, ["sep", "maxsplit"])?;
        let limit = limit.and_then(|limit| limit.as_int()).and_then(|limit| usize::try_from(limit).ok());
        let parts: Vec<Value> = match separator.filter(|separator| !matches!(separator, Value::None)) {
            Some(Value::Text(separator)) if !separator.is_empty() => {
                let parts = limit.unwrap_or(usize::MAX - 1) + 1;
                if name == "split" {
                    text.splitn(parts, &*separator).map(Value::text).collect()
                } else {
                    let mut found: Vec<Value> = text.rsplitn(parts, &*separator).map(Value::text).collect();
                    found.reverse();
                    found
                }
            }
            Some(Value::Text(_)) => return raise("ValueError", "empty separator"),
            Some(other) => {
                return raise("TypeError", format!("must be str or None, not {}", other.type_name()));
            }
            None => words(text, limit, name == "rsplit"),
        };
        self.take(text.len())?;
        self.list(parts)
    }

    pub(super) fn bytes_method(&mut self, bytes: &Rc<[u8]>, name: &str, given: Given) -> Outcome<Value> {
        match name {
            "decode" => {
                let [encoding, errors] = given.bind(name, ["encoding", "errors"])?;
                let encoding = encoding.as_ref().and_then(Value::as_text).unwrap_or("utf-8").to_owned();
                let lossy = errors.as_ref().and_then(Value::as_text) == Some("replace");
                match super::response::decode(bytes, &encoding) {
                    Some(Ok(text)) => self.text(text),
                    Some(Err(_)) if lossy => self.text(String::from_utf8_lossy(bytes).into_owned()),
                    Some(Err(at)) => raise(
                        "UnicodeDecodeError",
                        format!("'utf-8' codec can't decode byte in position {at}: invalid start byte"),
                    ),
                    None => unsupported(format!("the encoding `{encoding}`")),
                }
            }
            "hex" => {
                let text = bytes.iter().fold(String::new(), |mut text, byte| {
                    text.push_str(&format!("{byte:02x}"));
                    text
                });
                self.text(text)
            }
            other => raise("AttributeError", format!("'bytes' object has no attribute '{other}'")),
        }
    }

    /// Evaluates `text.format(...)`.
    fn format_text(&mut self, text: &str, given: Given) -> Outcome<Value> {
        let mut written = String::new();
        let mut next = 0;
        let mut rest = text;
        while let Some(place) = rest.find(['{', '}']) {
            written.push_str(&rest[..place]);
            let brace = &rest[place..=place];
            rest = &rest[place + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                written.push_str(brace);
                rest = after;
                continue;
            }
            let Some(end) = rest.find('}').filter(|_| brace == "{") else {
                return raise("ValueError", "Single '}' or '{' encountered in format string");
            };
            let field = &rest[..end];
            rest = &rest[end + 1..];
            if field.contains('{') {
                return unsupported("a field inside of a field of `format`");
            }
            let (field, spec) = field.split_once(':').unwrap_or((field, ""));
            let (field, conversion) = field.split_once('!').unwrap_or((field, ""));
            let end = field.find(['.', '[']).unwrap_or(field.len());
            let (name, path) = field.split_at(end);
            let mut value = match (name, name.parse::<usize>()) {
                ("", _) => {
                    next += 1;
                    given.positional.get(next - 1).cloned()
                }
                (_, Ok(index)) => given.positional.get(index).cloned(),
                (name, Err(_)) => {
                    given.named.iter().find(|(known, _)| **known == *name).map(|(_, value)| value.clone())
                }
            };
            if value.is_none() && name.parse::<usize>().is_err() && !name.is_empty() {
                return super::fault::raise_with(
                    super::classes::Class::Builtin("KeyError"),
                    vec![Value::text(name)],
                );
            }
            if let Some(found) = value.take() {
                value = Some(self.follow(found, path)?);
            }
            let Some(mut value) = value else {
                return raise("IndexError", "Replacement index out of range for positional args tuple");
            };
            if conversion == "r" {
                value = Value::text(super::format::repr(&value)?);
            }
            written.push_str(&self.formatted(&value, spec)?);
        }
        written.push_str(rest);
        self.text(written)
    }

    /// Follows `[0]` and `.name` behind the name of a field.
    fn follow(&mut self, mut value: Value, mut path: &str) -> Outcome<Value> {
        while !path.is_empty() {
            if let Some(rest) = path.strip_prefix('[') {
                let Some((index, after)) = rest.split_once(']') else {
                    return raise("ValueError", "Missing ']' in format string");
                };
                let index = index.parse::<i128>().map_or_else(|_| Value::text(index), Value::Int);
                value = self.item(&value, &index)?;
                path = after;
            } else {
                let rest = path.strip_prefix('.').unwrap_or(path);
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                value = self.attribute(&value, &rest[..end])?;
                path = &rest[end..];
            }
        }
        Ok(value)
    }
}

fn encoded(text: &str, encoding: &str) -> Outcome<Value> {
    let bytes = match encoding.to_lowercase().replace('_', "-").as_str() {
        "utf-8" | "utf8" => text.as_bytes().to_vec(),
        "ascii" | "us-ascii" if text.is_ascii() => text.as_bytes().to_vec(),
        "latin-1" | "iso-8859-1" | "latin1" if text.chars().all(|character| u32::from(character) < 256) => {
            text.chars().map(|character| u32::from(character) as u8).collect()
        }
        "ascii" | "us-ascii" | "latin-1" | "iso-8859-1" | "latin1" => {
            return raise("UnicodeEncodeError", format!("'{encoding}' codec can't encode a character"));
        }
        _ => return unsupported(format!("the encoding `{encoding}`")),
    };
    Ok(Value::Bytes(bytes.into()))
}

fn affix(text: &str, name: &str, given: Given) -> Outcome<Value> {
    let holds = |part: &str| if name == "startswith" { text.starts_with(part) } else { text.ends_with(part) };
    match given.one(name)? {
        Value::Text(part) => Ok(Value::Bool(holds(&part))),
        Value::Tuple(parts) => Ok(Value::Bool(parts.iter().any(|part| part.as_text().is_some_and(holds)))),
        other => raise(
            "TypeError",
            format!("{name} first arg must be str or a tuple of str, not {}", other.type_name()),
        ),
    }
}

/// Splits at white space. What is left behind the last split keeps its far end, as in Python.
fn words(text: &str, limit: Option<usize>, from_right: bool) -> Vec<Value> {
    let near = |text: &'_ str| -> String {
        if from_right { text.trim_end_matches(is_space) } else { text.trim_start_matches(is_space) }
            .to_owned()
    };
    let mut found = Vec::new();
    let mut rest = near(text);
    while !rest.is_empty() {
        let place = if from_right { rest.rfind(is_space) } else { rest.find(is_space) };
        let Some(place) = place.filter(|_| limit.is_none_or(|limit| found.len() < limit)) else {
            found.push(Value::text(rest));
            break;
        };
        if from_right {
            let after = place + rest[place..].chars().next().map_or(1, char::len_utf8);
            found.push(Value::text(&rest[after..]));
            rest = near(&rest[..place]);
        } else {
            found.push(Value::text(&rest[..place]));
            rest = near(&rest[place..]);
        }
    }
    if from_right {
        found.reverse();
    }
    found
}

fn titled(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut inside = false;
    for character in text.chars() {
        if inside {
            made.extend(character.to_lowercase());
        } else {
            made.extend(character.to_uppercase());
        }
        inside = character.is_alphabetic();
    }
    made
}

fn find(text: &str, part: &str, name: &str, from: Option<i128>) -> Outcome<Value> {
    let skipped = from.map_or(0, |from| from.clamp(0, text.len() as i128) as usize);
    let start = text.char_indices().nth(skipped).map_or(text.len(), |(place, _)| place);
    let place = match name {
        "find" | "index" => text[start..].find(part),
        _ => text[start..].rfind(part),
    };
    match place {
        Some(place) => Ok(Value::Int(text[..start + place].chars().count() as i128)),
        None if name.ends_with("find") => Ok(Value::Int(-1)),
        None => raise("ValueError", "substring not found"),
    }
}

/// Calls the `is...` methods.
fn test(text: &str, name: &str) -> Outcome<Value> {
    let all = |test: fn(char) -> bool| !text.is_empty() && text.chars().all(test);
    let cased = |wrong: fn(char) -> bool, right: fn(char) -> bool| {
        text.chars().any(right) && !text.chars().any(wrong)
    };
    let truth = match name {
        "isalpha" => all(char::is_alphabetic),
        "isalnum" => all(char::is_alphanumeric),
        "isdigit" | "isdecimal" => all(|character| character.is_numeric() && character.is_ascii_digit()),
        "isnumeric" => all(char::is_numeric),
        "isspace" => all(is_space),
        "isascii" => text.is_ascii(),
        "isupper" => cased(char::is_lowercase, char::is_uppercase),
        "islower" => cased(char::is_uppercase, char::is_lowercase),
        "istitle" => text.chars().any(char::is_alphabetic) && titled(text) == text,
        other => {
            return raise(
                "AttributeError",
                format!("'str' object has no method '{other}' for these arguments"),
            );
        }
    };
    Ok(Value::Bool(truth))
}
