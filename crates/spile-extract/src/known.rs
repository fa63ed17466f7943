//! What templates can name: the bounds of the window and the values of the parent's row.
//!
//! Pure. Values are written as Python writes them, since that is what dlt sends.

use serde_json::Value;
use spile_core::{
    BodyTemplate, CursorFormat, DataTemplate, FormBody, IncrementalPlan, ParamValue, ParentRow, TemplatePart,
};

use crate::incremental::Window;
use crate::paginators::query_text;

/// The values of one run over pages.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) plan: Option<&'a IncrementalPlan>,
    pub(crate) window: Option<&'a Window>,
    pub(crate) row: Option<&'a ParentRow>,
}

impl Known<'_> {
    /// Fills a template. As in dlt, what is not known is the text `None`.
    pub(crate) fn fill(&self, parts: &[TemplatePart]) -> String {
        parts.iter().map(|part| self.text(part)).collect()
    }

    /// Returns the text of a parameter or header.
    pub(crate) fn param(&self, value: &ParamValue) -> String {
        match value {
            ParamValue::Literal(text) => text.clone(),
            ParamValue::Template(parts) => self.fill(parts),
        }
    }

    /// Returns the text of one part.
    pub(crate) fn text(&self, part: &TemplatePart) -> String {
        let bound = |text: fn(&Window) -> &Option<String>| {
            self.window.and_then(|window| text(window).clone()).unwrap_or_else(|| "None".to_owned())
        };
        match part {
            TemplatePart::Text(text) => text.clone(),
            // Before the first page dlt's last value is the start value, lag included.
            TemplatePart::IncrementalStart | TemplatePart::IncrementalLast => {
                bound(|window| &window.start_text)
            }
            TemplatePart::IncrementalEnd => bound(|window| &window.end_text),
            TemplatePart::IncrementalInitial => {
                let converted = self.window.and_then(|window| window.initial_text.clone());
                converted.unwrap_or_else(|| query_text(&self.value(part)))
            }
            TemplatePart::Parent(_) => query_text(&self.value(part)),
        }
    }

    /// Returns the value of one part with its type. A bound that is written in a format of its own is a text.
    pub(crate) fn value(&self, part: &TemplatePart) -> Value {
        let (value, format) = match part {
            TemplatePart::Text(text) => return Value::from(text.as_str()),
            TemplatePart::Parent(name) => {
                return self.row.and_then(|row| row.values.get(name).cloned()).unwrap_or_default();
            }
            TemplatePart::IncrementalStart | TemplatePart::IncrementalLast => (
                self.window.and_then(|window| window.start.clone()),
                self.plan.map(|plan| &plan.start.format),
            ),
            TemplatePart::IncrementalEnd => (
                self.window.and_then(|window| window.end_asked.clone().or_else(|| window.end.clone())),
                self.plan.map(|plan| &plan.end.format),
            ),
            TemplatePart::IncrementalInitial => (self.plan.and_then(|plan| plan.initial_value.clone()), None),
        };
        let Some(value) = value else { return Value::Null };
        if let Some(convert) = self.plan.and_then(|plan| plan.convert.as_ref()) {
            // The window was opened by the same conversion, so it works; its text stands in if it should not.
            return convert.convert(&value).unwrap_or_else(|_| Value::String(self.text(part)));
        }
        match format {
            Some(format) if *format != CursorFormat::AsRecord => Value::String(self.text(part)),
            _ => value,
        }
    }

    /// Fills a JSON body; a bare placeholder keeps the type of its value, as in dlt.
    pub(crate) fn body(&self, template: &BodyTemplate) -> Value {
        match template {
            BodyTemplate::Literal(value) => value.clone(),
            BodyTemplate::Value(part) => self.value(part),
            BodyTemplate::Text(parts) => Value::String(self.fill(parts)),
            BodyTemplate::List(items) => items.iter().map(|item| self.body(item)).collect(),
            BodyTemplate::Map(entries) => {
                Value::Object(entries.iter().map(|(name, value)| (name.clone(), self.body(value))).collect())
            }
        }
    }

    /// Fills a body that is not JSON.
    pub(crate) fn data(&self, template: &DataTemplate) -> FormBody {
        match template {
            DataTemplate::Form(fields) => FormBody::Fields(
                fields.iter().map(|(name, value)| (name.clone(), self.param(value))).collect(),
            ),
            DataTemplate::Text(text) => FormBody::Text(self.param(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bare_placeholders_keep_their_type() {
        let row = ParentRow {
            ordinal: 0,
            values: [("n", json!(7)), ("t", json!(true)), ("z", Value::Null), ("l", json!([1, 2]))]
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        };
        let window = Window {
            start: Some(json!(5)),
            end: None,
            end_asked: None,
            start_text: Some("5".to_owned()),
            end_text: None,
            initial_text: None,
            state: None,
        };
        let known = Known { plan: None, window: Some(&window), row: Some(&row) };
        let parent = |name: &str| TemplatePart::Parent(name.to_owned());
        for (part, value, text) in [
            (parent("n"), json!(7), "7"),
            (parent("t"), json!(true), "True"),
            (parent("z"), Value::Null, "None"),
            (parent("l"), json!([1, 2]), "[1, 2]"),
            (TemplatePart::IncrementalEnd, Value::Null, "None"),
            (TemplatePart::IncrementalInitial, Value::Null, "None"),
        ] {
            assert_eq!(known.body(&BodyTemplate::Value(part.clone())), value);
            let text = format!("<{text}>");
            let parts = vec![TemplatePart::Text("<".into()), part, TemplatePart::Text(">".into())];
            assert_eq!(known.body(&BodyTemplate::Text(parts)), json!(text));
        }
    }
}
