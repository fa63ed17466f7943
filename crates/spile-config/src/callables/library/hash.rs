//! `hashlib` and `base64`: ids and keys made of values.

use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use md5::Digest as _;

use super::{Given, Native};
use crate::callables::fault::{Outcome, raise};
use crate::callables::machine::Machine;
use crate::callables::value::Value;

pub(super) const FUNCTIONS: &[Native] = &[
    Native { path: "base64.b64decode", call: |_, given| decode(given, &STANDARD) },
    Native { path: "base64.b64encode", call: |_, given| encode(given, &STANDARD) },
    Native { path: "base64.urlsafe_b64decode", call: |_, given| decode(given, &URL_SAFE) },
    Native { path: "base64.urlsafe_b64encode", call: |_, given| encode(given, &URL_SAFE) },
    Native { path: "hashlib.md5", call: |_, given| digest(given, |bytes| md5::Md5::digest(bytes).to_vec()) },
    Native {
        path: "hashlib.sha256",
        call: |_, given| digest(given, |bytes| sha2::Sha256::digest(bytes).to_vec()),
    },
    Native {
        path: "hashlib.sha512",
        call: |_, given| digest(given, |bytes| sha2::Sha512::digest(bytes).to_vec()),
    },
];

fn bytes_of(value: Option<Value>) -> Outcome<std::rc::Rc<[u8]>> {
    match value {
        Some(Value::Bytes(bytes)) => Ok(bytes),
        Some(Value::Text(_)) => raise("TypeError", "Strings must be encoded before hashing"),
        None => Ok(Vec::new().into()),
        Some(other) => {
            raise("TypeError", format!("a bytes-like object is required, not '{}'", other.type_name()))
        }
    }
}

/// The object that `hashlib` gives: its one use is `.hexdigest()` or `.digest()`, so it is the digest itself.
fn digest(given: Given, make: fn(&[u8]) -> Vec<u8>) -> Outcome<Value> {
    let bytes = bytes_of(given.positional.into_iter().next())?;
    let digest = make(&bytes);
    let mut text = String::with_capacity(2 * digest.len());
    for byte in &digest {
        text.push_str(&format!("{byte:02x}"));
    }
    Ok(Value::Digest(std::rc::Rc::new((digest, text))))
}

fn encode(given: Given, engine: &impl base64::Engine) -> Outcome<Value> {
    let bytes = bytes_of(given.positional.into_iter().next())?;
    Ok(Value::Bytes(engine.encode(&bytes).into_bytes().into()))
}

fn decode(given: Given, engine: &impl base64::Engine) -> Outcome<Value> {
    let bytes = match given.positional.into_iter().next() {
        Some(Value::Text(text)) => text.as_bytes().to_vec(),
        other => bytes_of(other)?.to_vec(),
    };
    match engine.decode(bytes) {
        Ok(bytes) => Ok(Value::Bytes(bytes.into())),
        Err(_) => raise("ValueError", "Incorrect padding"),
    }
}

/// Calls a method of a digest.
pub(in crate::callables) fn digest_method(
    machine: &mut Machine<'_>,
    digest: &(Vec<u8>, String),
    method: &str,
) -> Outcome<Value> {
    match method {
        "hexdigest" => machine.text(digest.1.clone()),
        "digest" => Ok(Value::Bytes(digest.0.clone().into())),
        other => raise("AttributeError", format!("a hash has no method '{other}' here")),
    }
}
