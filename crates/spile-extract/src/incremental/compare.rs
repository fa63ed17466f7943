//! Comparable cursor values: what a record or a stored state holds, ready to be compared many times.
//!
//! Texts compare as instants when both are ISO 8601 and letter by letter otherwise; numbers compare as numbers. With
//! [`Reading::Times`] whatever looks like a time is one, Unix numbers included. Values of different kinds do not compare.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;
use spile_core::{Json, JsonKind};

use super::format;

/// How cursor values are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As dlt reads them: a number is a number.
    Values,
    /// As times wherever possible.
    Times,
}

/// A cursor value.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    scalar: Scalar<'a>,
    instant: Option<Timestamp>,
}

#[derive(Debug, Clone)]
enum Scalar<'a> {
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Cow<'a, str>),
}

impl<'a> Cursor<'a> {
    /// Reads the cursor of a record; `None` for lists and objects.
    pub(super) fn of_record(value: Json<'a>, reading: Reading) -> Option<Self> {
        let scalar = match value.kind() {
            JsonKind::Bool(value) => Scalar::Bool(value),
            JsonKind::Int(value) => Scalar::Int(i128::from(value)),
            JsonKind::BigInt(value) => Scalar::Int(value),
            JsonKind::Float(value) => Scalar::Float(value),
            JsonKind::String(value) => Scalar::Text(Cow::Borrowed(value)),
            JsonKind::Null | JsonKind::Array(_) | JsonKind::Object(_) => return None,
        };
        Some(Self::new(scalar, reading))
    }

    /// Reads a bound or stored value; `None` for null, lists and objects.
    pub(super) fn of_value(value: &Value, reading: Reading) -> Option<Cursor<'static>> {
        let scalar = match value {
            Value::Bool(value) => Scalar::Bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Scalar::Int(i128::from(value)),
                (None, Some(value)) => Scalar::Int(i128::from(value)),
                (None, None) => Scalar::Float(number.as_f64()?),
            },
            Value::String(text) => Scalar::Text(Cow::Owned(text.clone())),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        Some(Cursor::new(scalar, reading))
    }

    fn new(scalar: Scalar<'a>, reading: Reading) -> Self {
        let recognised = match (&scalar, reading) {
            (Scalar::Text(text), Reading::Values) => format::recognise_iso(text),
            (Scalar::Text(text), Reading::Times) => {
                format::recognise_iso(text).or_else(|| format::recognise_digits(text))
            }
            (Scalar::Int(number), Reading::Times) => format::recognise_number(*number as f64, false),
            (Scalar::Float(number), Reading::Times) => format::recognise_number(*number, false),
            (Scalar::Int(_) | Scalar::Float(_), Reading::Values) | (Scalar::Bool(_), _) => None,
        };
        Self { scalar, instant: recognised.map(|(instant, _)| instant) }
    }

    /// Returns whether a bound or stored value is a time.
    pub(super) fn is_time(value: &Value, reading: Reading) -> bool {
        Self::of_value(value, reading).is_some_and(|cursor| cursor.instant.is_some())
    }

    /// Returns the instant when the value is a time.
    pub(super) fn instant(&self) -> Option<Timestamp> {
        self.instant
    }

    /// Compares two values; `None` when they are of different kinds.
    pub(super) fn compare(&self, other: &Cursor<'_>) -> Option<Ordering> {
        if let (Some(own), Some(other)) = (self.instant, other.instant) {
            return Some(own.cmp(&other));
        }
        match (&self.scalar, &other.scalar) {
            (Scalar::Bool(own), Scalar::Bool(other)) => Some(own.cmp(other)),
            (Scalar::Int(own), Scalar::Int(other)) => Some(own.cmp(other)),
            (Scalar::Float(own), Scalar::Float(other)) => own.partial_cmp(other),
            (Scalar::Int(own), Scalar::Float(other)) => (*own as f64).partial_cmp(other),
            (Scalar::Float(own), Scalar::Int(other)) => own.partial_cmp(&(*other as f64)),
            (Scalar::Text(own), Scalar::Text(other)) => Some(own.cmp(other)),
            _ => None,
        }
    }

    /// Returns the kind in the words of a user.
    pub(super) fn kind(&self) -> &'static str {
        match self.scalar {
            Scalar::Bool(_) => "a boolean",
            Scalar::Int(_) | Scalar::Float(_) => "a number",
            Scalar::Text(_) => "a text",
        }
    }

    /// Detaches the value from its record.
    pub(super) fn into_owned(self) -> Cursor<'static> {
        let scalar = match self.scalar {
            Scalar::Bool(value) => Scalar::Bool(value),
            Scalar::Int(value) => Scalar::Int(value),
            Scalar::Float(value) => Scalar::Float(value),
            Scalar::Text(text) => Scalar::Text(Cow::Owned(text.into_owned())),
        };
        Cursor { scalar, instant: self.instant }
    }
}
