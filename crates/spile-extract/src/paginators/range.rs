//! The rules that `offset` and `page_number` share: when a counted range of pages ends.
//!
//! The order of the questions is dlt's: empty page, total, configured maximum, has-more flag.

use spile_core::{
    Diagnostic, Error, ErrorKind, FieldDoc, Json, JsonKind, JsonPath, ResponseView, Result, StopReason,
};

use super::Place;
use crate::fields::Fields;

/// What ends a range.
#[derive(Debug)]
pub(super) struct Range {
    /// Where the total is.
    pub(super) total_path: Option<JsonPath>,
    /// Whether a page without the total is an error, as in dlt. `auto` guesses the path, so it does not insist.
    pub(super) total_required: bool,
    /// Exclusive bound from the config.
    pub(super) maximum: Option<i64>,
    /// Whether a page without records ends it.
    pub(super) stop_after_empty_page: bool,
    /// Where the has-more flag is.
    pub(super) has_more_path: Option<JsonPath>,
}

pub(super) const TOTAL_PATH: FieldDoc = FieldDoc {
    name: "total_path",
    shape: "path or null",
    default: "total",
    summary: "Where the body says how much there is; null when it does not say.",
};

pub(super) const STOP_AFTER_EMPTY_PAGE: FieldDoc = FieldDoc {
    name: "stop_after_empty_page",
    shape: "boolean",
    default: "true",
    summary: "Whether a page without records is the last.",
};

pub(super) const HAS_MORE_PATH: FieldDoc = FieldDoc {
    name: "has_more_path",
    shape: "path",
    default: "null",
    summary: "Where the body says whether there is more.",
};

/// An end in words that follow "until".
pub(super) const EMPTY_PAGE: &str = "a page is empty";

/// Returns the end by a has-more flag in words that follow "until".
pub(super) fn says_no(has_more_path: &JsonPath) -> String {
    format!("`{}` of the body is false", has_more_path.as_str())
}

impl Range {
    /// Returns what ends the range in words that follow "until".
    pub(super) fn ends(&self, maximum_key: &str) -> Vec<String> {
        let mut ends = Vec::new();
        if self.stop_after_empty_page {
            ends.push(EMPTY_PAGE.to_owned());
        }
        ends.extend(
            self.total_path.as_ref().map(|path| format!("`{}` of the body is reached", path.as_str())),
        );
        ends.extend(self.maximum.map(|maximum| format!("{maximum_key} {maximum} is reached")));
        ends.extend(self.has_more_path.as_ref().map(says_no));
        ends
    }

    /// Reads the shared keys. `maximum_key` is what the paginator calls its bound.
    pub(super) fn read(fields: &mut Fields<'_, '_>, maximum_key: &'static str) -> Self {
        let range = Self {
            total_path: fields.path("total_path").or_default(|| JsonPath::field("total")),
            total_required: true,
            maximum: fields.integer(maximum_key).given(),
            stop_after_empty_page: fields.boolean("stop_after_empty_page", true),
            has_more_path: fields.path("has_more_path").given(),
        };
        let unbounded = range.total_path.is_none()
            && range.maximum.is_none()
            && range.has_more_path.is_none()
            && !range.stop_after_empty_page;
        if unbounded {
            let span = fields.span("stop_after_empty_page").clone();
            fields.report(
                Diagnostic::error("config/endless-paginator", "nothing would ever end the paging").at(&span).hint(
                    format!("Give `total_path`, `{maximum_key}` or `has_more_path`, or set `stop_after_empty_page`."),
                ),
            );
        }
        range
    }

    /// Returns why the range ends before `current`, the value that would be asked for next; `base` is the value of the
    /// first page there is.
    pub(super) fn end(
        &self,
        current: i64,
        base: i64,
        response: &ResponseView<'_>,
    ) -> Result<Option<StopReason>> {
        if self.stop_after_empty_page && response.record_count == 0 {
            return Ok(Some(StopReason::EmptyPage));
        }
        let mut stop = None;
        if let Some(total) = self.total(response)?
            && current >= total.saturating_add(base)
        {
            stop = Some(StopReason::TotalReached);
        }
        if stop.is_none() && self.maximum.is_some_and(|maximum| current >= maximum) {
            stop = Some(StopReason::ConfiguredMaximum);
        }
        if let Some(path) = &self.has_more_path
            && !has_more(path, response.body)?
        {
            stop = stop.or(Some(StopReason::NoNext));
        }
        Ok(stop)
    }

    /// Returns up to `count` values from `next` on that lie before the end, and whether the end is known; `base` is the
    /// value of the first page there is. A configured maximum is a bound, and the end only when nothing else ends paging.
    pub(super) fn ahead(
        &self,
        next: i64,
        step: i64,
        base: i64,
        response: &ResponseView<'_>,
        count: usize,
    ) -> (Vec<i64>, bool) {
        let total = self.total(response).ok().flatten().map(|total| total.saturating_add(base));
        let end = [total, self.maximum].into_iter().flatten().min().unwrap_or(i64::MAX);
        let values = std::iter::successors(Some(next), |value| value.checked_add(step.max(1)));
        let only_maximum =
            self.maximum.is_some() && !self.stop_after_empty_page && self.has_more_path.is_none();
        (values.take_while(|value| *value < end).take(count).collect(), total.is_some() || only_maximum)
    }

    fn total(&self, response: &ResponseView<'_>) -> Result<Option<i64>> {
        let Some(path) = &self.total_path else { return Ok(None) };
        let found = path.first(response.body).filter(|total| !total.json().is_null());
        let total = match found.as_ref().map(|total| total.json().kind()) {
            Some(JsonKind::Int(total)) => Some(total),
            Some(JsonKind::Float(total)) => Some(total as i64),
            Some(JsonKind::Bool(total)) => Some(i64::from(total)),
            Some(JsonKind::String(total)) => total.trim().parse().ok(),
            _ => None,
        };
        if total.is_some() || !self.total_required {
            return Ok(total);
        }
        let problem = if found.is_some() { "is not a whole number" } else { "is missing or null" };
        Err(Error::new(
            ErrorKind::Source,
            "source/no-total",
            format!("the total at `{}` {problem} in the response", path.as_str()),
        )
        .hint("Set `total_path` to where the API reports it, or to null when it does not; paging then ends at the first empty page."))
    }
}

/// Reads a has-more flag: a boolean, or a text that means one.
pub(super) fn has_more(path: &JsonPath, body: Json<'_>) -> Result<bool> {
    let flag = match path.first(body).as_ref().map(|flag| flag.json().kind()) {
        Some(JsonKind::Bool(flag)) => Some(flag),
        Some(JsonKind::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "yes" | "true" | "t" | "y" | "1" => Some(true),
            "no" | "false" | "f" | "n" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    };
    flag.ok_or_else(|| {
        Error::new(
            ErrorKind::Source,
            "source/no-has-more",
            format!("the has-more flag at `{}` is missing or not a boolean in the response", path.as_str()),
        )
        .hint("Check `has_more_path` against a response of the API.")
    })
}

/// Reads where a value goes: a query parameter or a place in the body, never both. An empty text counts as not given.
pub(super) fn place(fields: &mut Fields<'_, '_>, param_key: &str, body_key: &str, default: &str) -> Place {
    let param = fields.string(param_key).given().filter(|text| !text.is_empty());
    let body = fields.string(body_key).given().filter(|text| !text.is_empty());
    match (param, body) {
        (Some(_), Some(_)) => {
            let span = fields.span(body_key).clone();
            let message = format!("both `{param_key}` and `{body_key}` are given");
            fields.report(
                Diagnostic::error("config/conflicting-fields", message)
                    .at(&span)
                    .hint(format!("Keep `{param_key}` for the query or `{body_key}` for the JSON body.")),
            );
            Place::Param(default.to_owned())
        }
        (None, Some(path)) => Place::Body(path),
        (param, None) => Place::Param(param.unwrap_or_else(|| default.to_owned())),
    }
}
