//! The answer that a response hook looks at and may change: what `requests.Response` is to dlt's documented hooks.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use spile_core::HookedAnswer;

use super::fault::{Outcome, raise, unsupported};
use super::library::{Given, json};
use super::machine::Machine;
use super::value::{Key, Value};

/// An answer.
pub(super) struct Response {
    status: Cell<u16>,
    url: String,
    headers: Vec<(String, String)>,
    body: RefCell<Rc<[u8]>>,
    encoding: RefCell<Option<String>>,
}

/// Characters of windows-1252 from 0x80 to 0x9f; what is not defined there is its own code.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Reads bytes in an encoding. `None`: the encoding is not known; an error: the place of the first bad byte.
pub(super) fn decode(bytes: &[u8], encoding: &str) -> Option<Result<String, usize>> {
    let name = encoding.to_lowercase().replace('_', "-");
    Some(match name.as_str() {
        "utf-8" | "utf8" => {
            std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| error.valid_up_to())
        }
        "utf-8-sig" => {
            let bare = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            std::str::from_utf8(bare).map(str::to_owned).map_err(|error| error.valid_up_to())
        }
        "ascii" | "us-ascii" => match bytes.iter().position(|byte| !byte.is_ascii()) {
            Some(place) => Err(place),
            None => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
        },
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => {
            Ok(bytes.iter().map(|byte| char::from(*byte)).collect())
        }
        "windows-1252" | "cp1252" => Ok(bytes
            .iter()
            .map(|byte| match byte {
                0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
                byte => char::from(*byte),
            })
            .collect()),
        _ => return None,
    })
}

impl Response {
    pub(super) fn new(answer: &HookedAnswer) -> Self {
        Self {
            status: Cell::new(answer.status),
            url: answer.url.to_string(),
            headers: answer.headers.clone(),
            body: RefCell::new(answer.body.clone().into()),
            encoding: RefCell::new(None),
        }
    }

    /// Writes what the hook changed back. A body in another encoding becomes UTF-8.
    pub(super) fn write_back(&self, answer: &mut HookedAnswer) -> Outcome<()> {
        answer.status = self.status.get();
        let body = self.body.borrow().to_vec();
        answer.body = match self.encoding.borrow().as_deref() {
            Some(encoding) => decoded(&body, encoding)?.into_bytes(),
            None => body,
        };
        Ok(())
    }

    pub(super) fn status(&self) -> u16 {
        self.status.get()
    }

    pub(super) fn is_ok(&self) -> bool {
        self.status.get() < 400
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the encoding that the text is read in.
    fn text_encoding(&self) -> String {
        if let Some(encoding) = &*self.encoding.borrow() {
            return encoding.clone();
        }
        let kind = self.header("content-type").unwrap_or_default().to_lowercase();
        let charset = kind.split(';').find_map(|part| part.trim().strip_prefix("charset="));
        match charset {
            Some(charset) => charset.trim_matches('"').to_owned(),
            None if kind.starts_with("text/") => "iso-8859-1".to_owned(),
            None => "utf-8".to_owned(),
        }
    }

    fn text(&self) -> Outcome<String> {
        decoded(&self.body.borrow(), &self.text_encoding())
    }

    pub(super) fn attribute(&self, machine: &mut Machine<'_>, name: &str) -> Outcome<Value> {
        match name {
            "status_code" => Ok(Value::Int(i128::from(self.status.get()))),
            "ok" => Ok(Value::Bool(self.is_ok())),
            "url" => Ok(Value::text(self.url.as_str())),
            "text" => {
                let text = self.text()?;
                machine.text(text)
            }
            "content" | "_content" => Ok(Value::Bytes(Rc::clone(&self.body.borrow()))),
            "encoding" => Ok(Value::text(self.text_encoding())),
            // Names in lower case; a look-up by another case is made below.
            "headers" => Ok(Value::dict(self.headers.iter().flat_map(|(name, value)| {
                spellings(name).map(|name| (Key::Text(name.into()), Value::text(value.as_str())))
            }))),
            other => unsupported(format!("`{other}` of a response")),
        }
    }

    pub(super) fn set_attribute(&self, name: &str, value: &Value) -> Outcome<()> {
        match (name, value) {
            ("encoding", Value::Text(encoding)) => *self.encoding.borrow_mut() = Some(encoding.to_string()),
            ("encoding", Value::None) => *self.encoding.borrow_mut() = None,
            ("_content", Value::Bytes(bytes)) => *self.body.borrow_mut() = Rc::clone(bytes),
            ("status_code", value) => match value.as_int().and_then(|status| u16::try_from(status).ok()) {
                Some(status) => self.status.set(status),
                None => return raise("TypeError", "status_code must be a whole number"),
            },
            (other, value) => {
                return unsupported(format!(
                    "an assignment of {} to `{other}` of a response",
                    value.type_name()
                ));
            }
        }
        Ok(())
    }

    pub(super) fn method(&self, machine: &mut Machine<'_>, name: &str, _given: Given) -> Outcome<Value> {
        match name {
            "json" => {
                // Without a declared encoding JSON is UTF-8.
                let bytes = match &*self.encoding.borrow() {
                    Some(encoding) => decoded(&self.body.borrow(), encoding)?.into_bytes(),
                    None => self.body.borrow().to_vec(),
                };
                json::parse(machine, bytes)
            }
            "raise_for_status" if self.is_ok() => Ok(Value::None),
            "raise_for_status" => {
                let kind = if self.status.get() < 500 { "Client" } else { "Server" };
                raise("HTTPError", format!("{} {kind} Error for url: {}", self.status.get(), self.url))
            }
            other => unsupported(format!("`{other}` of a response")),
        }
    }
}

/// The ways that scripts spell a header: as it came, in lower case, and with capitals.
fn spellings(name: &str) -> [String; 3] {
    let lower = name.to_lowercase();
    let capitals: Vec<String> = lower
        .split('-')
        .map(|word| {
            let mut characters = word.chars();
            characters.next().map_or_else(String::new, |first| {
                first.to_uppercase().collect::<String>() + characters.as_str()
            })
        })
        .collect();
    [capitals.join("-"), lower, name.to_owned()]
}

fn decoded(bytes: &[u8], encoding: &str) -> Outcome<String> {
    match decode(bytes, encoding) {
        Some(Ok(text)) => Ok(text),
        Some(Err(_)) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        None => unsupported(format!("the encoding `{encoding}`")),
    }
}
