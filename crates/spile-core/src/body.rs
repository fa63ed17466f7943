//! Request bodies with places for values that are known when the run or a parent's row comes.
//!
//! Not a template language: what a place can name is a [`TemplatePart`].

use serde_json::Value;

use crate::plan::{ParamValue, TemplatePart};

/// A JSON body.
#[derive(Debug, Clone, PartialEq)]
pub enum BodyTemplate {
    /// As it stands.
    Literal(Value),
    /// The value itself, with its type.
    Value(TemplatePart),
    /// A text.
    Text(Vec<TemplatePart>),
    /// A list.
    List(Vec<BodyTemplate>),
    /// An object.
    Map(Vec<(String, BodyTemplate)>),
}

impl BodyTemplate {
    /// Returns whether a place of the body names something that `wanted` says yes to.
    pub fn names(&self, wanted: &dyn Fn(&TemplatePart) -> bool) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Value(part) => wanted(part),
            Self::Text(parts) => parts.iter().any(wanted),
            Self::List(items) => items.iter().any(|item| item.names(wanted)),
            Self::Map(entries) => entries.iter().any(|(_, value)| value.names(wanted)),
        }
    }
}

/// A body that is not JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum DataTemplate {
    /// The fields of a form.
    Form(Vec<(String, ParamValue)>),
    /// A text that is sent as it is, without a content type.
    Text(ParamValue),
}

impl DataTemplate {
    /// Returns all values.
    pub fn values(&self) -> impl Iterator<Item = &ParamValue> {
        let (fields, text) = match self {
            Self::Form(fields) => (fields.as_slice(), None),
            Self::Text(text) => (&[][..], Some(text)),
        };
        fields.iter().map(|(_, value)| value).chain(text)
    }
}
