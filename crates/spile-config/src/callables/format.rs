//! How values are written: `str`, `repr`, f-strings, `%` and `str.format`.

use super::fault::{Outcome, raise};
use super::machine::{BYTES_MAX, Machine, out_of_memory};
use super::value::{Key, NESTING_MAX, Value};
use super::work;

/// Widest field, so that a width does not fill the memory.
const WIDTH_MAX: usize = 1 << 20;

/// Writes a value as `str` does.
pub(super) fn display(value: &Value) -> Outcome<String> {
    match value {
        Value::Text(text) => Ok(text.to_string()),
        Value::Exception(exception) => match (&exception.class, exception.arguments.as_slice()) {
            (_, []) => Ok(String::new()),
            // As in Python the key of a KeyError is shown as it would be written.
            (class, [key]) if class.name() == "KeyError" => repr(key),
            (_, [only]) => display(only),
            (_, several) => repr(&Value::tuple(several.to_vec())),
        },
        Value::Moment(moment) => Ok(moment.display()),
        Value::Delta(delta) => Ok(delta.display()),
        Value::Zone(zone) => Ok(zone.name()),
        other => repr(other),
    }
}

/// Writes a value as `repr` does.
pub(super) fn repr(value: &Value) -> Outcome<String> {
    let mut text = String::new();
    write(value, &mut text, NESTING_MAX)?;
    Ok(text)
}

fn write(value: &Value, text: &mut String, levels: usize) -> Outcome<()> {
    let Some(levels) = levels.checked_sub(1) else {
        return raise(
            "RecursionError",
            "maximum recursion depth exceeded while getting the repr of an object",
        );
    };
    if text.len() > BYTES_MAX || !work::spend() {
        return out_of_memory();
    }
    match value {
        Value::Unbound | Value::None => text.push_str("None"),
        Value::Bool(boolean) => text.push_str(if *boolean { "True" } else { "False" }),
        Value::Int(number) => text.push_str(&number.to_string()),
        Value::Float(number) => text.push_str(&float(*number)),
        Value::Text(inner) => quoted(inner, text),
        Value::Bytes(bytes) => {
            let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
            text.extend(['b', char::from(quote)]);
            for byte in bytes.iter() {
                match byte {
                    b'\\' => text.push_str("\\\\"),
                    byte if *byte == quote => text.extend(['\\', char::from(quote)]),
                    b'\n' => text.push_str("\\n"),
                    b'\r' => text.push_str("\\r"),
                    b'\t' => text.push_str("\\t"),
                    0x20..=0x7e => text.push(char::from(*byte)),
                    other => text.push_str(&format!("\\x{other:02x}")),
                }
            }
            text.push(char::from(quote));
        }
        Value::List(list) => sequence(&list.items.borrow(), ("[", "]"), text, levels)?,
        Value::Tuple(items) if items.len() == 1 => sequence(items, ("(", ",)"), text, levels)?,
        Value::Tuple(items) => sequence(items, ("(", ")"), text, levels)?,
        Value::Dict(dict) => {
            text.push('{');
            for (index, (key, value)) in dict.entries.borrow().iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                write(&key.value(), text, levels)?;
                text.push_str(": ");
                write(value, text, levels)?;
            }
            text.push('}');
        }
        Value::Set(set) if set.items.borrow().is_empty() => {
            text.push_str(value.type_name());
            text.push_str("()");
        }
        Value::Set(set) => {
            let items: Vec<Value> = set.items.borrow().iter().map(Key::value).collect();
            let brackets = if set.is_frozenset { ("frozenset({", "})") } else { ("{", "}") };
            sequence(&items, brackets, text, levels)?;
        }
        Value::Range(range) => {
            text.push_str(&format!("range({}, {}", range.start, range.stop));
            if range.step != 1 {
                text.push_str(&format!(", {}", range.step));
            }
            text.push(')');
        }
        Value::Exception(exception) => {
            text.push_str(exception.class.name());
            sequence(&exception.arguments, ("(", ")"), text, levels)?;
        }
        Value::Class(class) => {
            text.push_str(&format!("<class '{}'>", class.name()));
        }
        Value::Moment(moment) => text.push_str(&moment.repr()),
        Value::Delta(delta) => text.push_str(&delta.repr()),
        Value::Zone(zone) => text.push_str(&zone.name()),
        Value::Response(response) => {
            text.push_str(&format!("<Response [{}]>", response.status()));
        }
        // Python writes an address here, which is never data.
        other => {
            text.push_str(&format!("<{}>", other.type_name()));
        }
    }
    Ok(())
}

fn sequence(items: &[Value], brackets: (&str, &str), text: &mut String, levels: usize) -> Outcome<()> {
    text.push_str(brackets.0);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        write(item, text, levels)?;
    }
    text.push_str(brackets.1);
    Ok(())
}

fn quoted(inner: &str, text: &mut String) {
    let quote = if inner.contains('\'') && !inner.contains('"') { '"' } else { '\'' };
    text.push(quote);
    for character in inner.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            _ if character == quote => text.extend(['\\', quote]),
            _ if character.is_control() || character == '\u{ad}' => escaped(character, text),
            _ => text.push(character),
        }
    }
    text.push(quote);
}

fn escaped(character: char, text: &mut String) {
    let code = u32::from(character);
    text.push_str(&match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    });
}

/// Escapes all that is not ASCII.
pub(super) fn ascii(text: &str) -> String {
    let mut escaped_text = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            escaped_text.push(character);
        } else {
            escaped(character, &mut escaped_text);
        }
    }
    escaped_text
}

/// Writes a float as Python does: the shortest digits that give it back.
pub(super) fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = number.to_string();
        if plain.contains('.') { plain } else { format!("{plain}.0") }
    } else {
        format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
    }
}

/// A parsed format spec.
struct Spec {
    fill: char,
    align: Option<char>,
    sign: char,
    alternate: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

fn parse(spec: &str) -> Option<Spec> {
    let characters: Vec<char> = spec.chars().collect();
    let mut at = 0;
    let mut parsed = Spec {
        fill: ' ',
        align: None,
        sign: '-',
        alternate: false,
        width: 0,
        grouping: None,
        precision: None,
        kind: None,
    };
    let is_align = |character: Option<&char>| matches!(character, Some('<' | '>' | '^' | '='));
    if is_align(characters.get(1)) {
        parsed.fill = characters[0];
        parsed.align = Some(characters[1]);
        at = 2;
    } else if is_align(characters.first()) {
        parsed.align = Some(characters[0]);
        at = 1;
    }
    if let Some(sign @ ('+' | '-' | ' ')) = characters.get(at) {
        parsed.sign = *sign;
        at += 1;
    }
    if characters.get(at) == Some(&'#') {
        parsed.alternate = true;
        at += 1;
    }
    if characters.get(at) == Some(&'0') {
        if parsed.align.is_none() {
            parsed.fill = '0';
            parsed.align = Some('=');
        }
        at += 1;
    }
    let number = |at: &mut usize| {
        let start = *at;
        while characters.get(*at).is_some_and(char::is_ascii_digit) {
            *at += 1;
        }
        characters[start..*at].iter().collect::<String>().parse::<usize>().ok()
    };
    parsed.width = number(&mut at).unwrap_or(0);
    if let Some(grouping @ (',' | '_')) = characters.get(at) {
        parsed.grouping = Some(*grouping);
        at += 1;
    }
    if characters.get(at) == Some(&'.') {
        at += 1;
        parsed.precision = Some(number(&mut at)?);
    }
    if let Some(kind) = characters.get(at) {
        parsed.kind = Some(*kind);
        at += 1;
    }
    let fits = parsed.width <= WIDTH_MAX && parsed.precision.is_none_or(|precision| precision <= 1_000);
    (at == characters.len() && fits).then_some(parsed)
}

impl Machine<'_> {
    /// Writes a value by a format spec.
    pub(super) fn formatted(&mut self, value: &Value, spec: &str) -> Outcome<String> {
        if spec.is_empty() {
            let text = display(value)?;
            self.take(text.len())?;
            return Ok(text);
        }
        if let Value::Moment(moment) = value {
            return moment.strftime(spec);
        }
        let Some(parsed) = parse(spec) else {
            return raise("ValueError", format!("Invalid format specifier '{spec}'"));
        };
        self.take(parsed.width)?;
        let unknown = |kind: char| {
            raise(
                "ValueError",
                format!("Unknown format code '{kind}' for object of type '{}'", value.type_name()),
            )
        };
        let (negative, digits) = match (value, parsed.kind) {
            (Value::Text(text), None | Some('s')) => {
                let text: String = match parsed.precision {
                    Some(precision) => text.chars().take(precision).collect(),
                    None => text.to_string(),
                };
                return Ok(padded(&parsed, "", &text, '<'));
            }
            (Value::Int(_) | Value::Bool(_), None | Some('d' | 'n' | 'x' | 'X' | 'o' | 'b' | 'c')) => {
                let number = value.as_int().unwrap_or_default();
                let size = number.unsigned_abs();
                let text = match parsed.kind {
                    Some('x') => format!("{}{size:x}", if parsed.alternate { "0x" } else { "" }),
                    Some('X') => format!("{}{size:X}", if parsed.alternate { "0X" } else { "" }),
                    Some('o') => format!("{}{size:o}", if parsed.alternate { "0o" } else { "" }),
                    Some('b') => format!("{}{size:b}", if parsed.alternate { "0b" } else { "" }),
                    Some('c') => match u32::try_from(size).ok().and_then(char::from_u32) {
                        Some(character) => return Ok(padded(&parsed, "", &character.to_string(), '<')),
                        None => return raise("OverflowError", "%c arg not in range(0x110000)"),
                    },
                    _ if value.type_name() == "bool" && parsed.kind.is_none() => {
                        return Ok(padded(&parsed, "", &display(value)?, '<'));
                    }
                    _ => size.to_string(),
                };
                (number < 0, text)
            }
            (_, kind) => match (value.as_float(), kind) {
                (Some(number), None | Some('f' | 'F' | 'e' | 'E' | 'g' | 'G' | '%' | 'n')) => {
                    (number.is_sign_negative() && !number.is_nan(), real(number.abs(), &parsed))
                }
                (Some(_), Some(kind)) => return unknown(kind),
                (None, Some(kind)) if kind != 's' => return unknown(kind),
                _ => {
                    return raise(
                        "TypeError",
                        format!("unsupported format string passed to {}.__format__", value.type_name()),
                    );
                }
            },
        };
        let digits = match parsed.grouping {
            Some(separator) => grouped(&digits, separator),
            None => digits,
        };
        let sign = match (negative, parsed.sign) {
            (true, _) => "-",
            (false, '+') => "+",
            (false, ' ') => " ",
            _ => "",
        };
        Ok(padded(&parsed, sign, &digits, '>'))
    }

    /// Evaluates `text % values`.
    pub(super) fn percent(&mut self, text: &str, values: &Value) -> Outcome<Value> {
        let listed = match values {
            Value::Tuple(items) => items.to_vec(),
            other => vec![other.clone()],
        };
        let mut listed = listed.into_iter();
        let mut written = String::new();
        let mut rest = text;
        while let Some(start) = rest.find('%') {
            written.push_str(&rest[..start]);
            rest = &rest[start + 1..];
            let mut value = None;
            if let Some(named) = rest.strip_prefix('(') {
                let Some((name, after)) = named.split_once(')') else {
                    return raise("ValueError", "incomplete format key");
                };
                value = Some(self.item(values, &Value::text(name))?);
                rest = after;
            }
            let end = rest.find(|character: char| character.is_ascii_alphabetic() || character == '%');
            let Some(end) = end else { return raise("ValueError", "incomplete format") };
            let kind = rest[end..].chars().next().unwrap_or('%');
            let options = &rest[..end];
            rest = &rest[end + kind.len_utf8()..];
            if kind == '%' {
                written.push('%');
                continue;
            }
            let Some(value) = value.or_else(|| listed.next()) else {
                return raise("TypeError", "not enough arguments for format string");
            };
            written.push_str(&self.percent_field(&value, options, kind)?);
        }
        if listed.next().is_some() && !matches!(values, Value::Dict(_)) {
            return raise("TypeError", "not all arguments converted during string formatting");
        }
        written.push_str(rest);
        self.text(written)
    }

    fn percent_field(&mut self, value: &Value, options: &str, kind: char) -> Outcome<String> {
        let left = options.contains('-');
        let options = options.replace('-', "");
        let spec = |kind: &str| format!("{}{options}{kind}", if left { "<" } else { "" });
        match kind {
            's' | 'r' => {
                let text = if kind == 's' { display(value)? } else { repr(value)? };
                let align = if left { "<" } else { ">" };
                self.formatted(&Value::text(text), &format!("{align}{options}s"))
            }
            'd' | 'i' | 'u' => match value {
                Value::Float(number) => self.formatted(&Value::Int(*number as i128), &spec("d")),
                value if value.as_int().is_some() => {
                    self.formatted(&Value::Int(value.as_int().unwrap_or_default()), &spec("d"))
                }
                other => raise(
                    "TypeError",
                    format!("%{kind} format: a real number is required, not {}", other.type_name()),
                ),
            },
            'f' | 'F' | 'e' | 'E' | 'g' | 'G' | 'x' | 'X' | 'o' => {
                self.formatted(value, &spec(&kind.to_string()))
            }
            other => raise("ValueError", format!("unsupported format character '{other}'")),
        }
    }
}

fn real(number: f64, spec: &Spec) -> String {
    if !number.is_finite() {
        return float(number);
    }
    let precision = spec.precision.unwrap_or(6);
    match spec.kind {
        Some('f' | 'F') => format!("{number:.precision$}"),
        Some('%') => format!("{:.precision$}%", number * 100.0),
        Some('e') => exponential(number, precision),
        Some('E') => exponential(number, precision).to_uppercase(),
        Some('g' | 'G' | 'n') => general(number, precision.max(1)),
        _ => match spec.precision {
            Some(precision) => {
                let text = general(number, precision.max(1));
                if text.contains(['.', 'e']) { text } else { format!("{text}.0") }
            }
            None => float(number),
        },
    }
}

fn exponential(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

fn general(number: f64, precision: usize) -> String {
    let text = format!("{number:.*e}", precision - 1);
    let exponent: i32 = text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    let trimmed = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    if exponent < -4 || exponent >= precision as i32 {
        let text = exponential(number, precision - 1);
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "+00"));
        format!("{}e{exponent}", trimmed(digits))
    } else {
        let decimals = usize::try_from(precision as i32 - 1 - exponent).unwrap_or(0);
        trimmed(&format!("{number:.decimals$}"))
    }
}

fn grouped(digits: &str, separator: char) -> String {
    let whole = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
    let mut text = String::new();
    for (index, digit) in digits[..whole].chars().enumerate() {
        if index > 0 && (whole - index) % 3 == 0 {
            text.push(separator);
        }
        text.push(digit);
    }
    text + &digits[whole..]
}

fn padded(spec: &Spec, sign: &str, text: &str, default: char) -> String {
    let length = sign.len() + text.chars().count();
    let missing = spec.width.saturating_sub(length);
    let fill = |count: usize| spec.fill.to_string().repeat(count);
    match spec.align.unwrap_or(default) {
        '<' => format!("{sign}{text}{}", fill(missing)),
        '^' => format!("{}{sign}{text}{}", fill(missing / 2), fill(missing - missing / 2)),
        '=' => format!("{sign}{}{text}", fill(missing)),
        _ => format!("{}{sign}{text}", fill(missing)),
    }
}
