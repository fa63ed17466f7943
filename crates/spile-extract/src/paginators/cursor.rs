//! The response holds the token of the next page.
//!
//! APIs: `{"data": [...], "next_cursor": "abc"}`. Example: `{"type": "cursor", "cursor_path": "next_cursor"}`. In dlt:
//! `JSONResponseCursorPaginator`, whose keys mean what they mean there. Keys that dlt refuses add the form of low-code
//! connectors: `limit`, `cursor_value`, `stop_condition`, `next_url`; see the rules in COMPATIBILITY.md. Known
//! difference in dlt's own keys: none.

use std::sync::Arc;

use serde_json::Value;
use spile_core::{
    Ahead, Def, Diagnostic, Diagnostics, Error, ErrorKind, FieldDoc, JsonPath, Node, Paginator, Position,
    RequestDraft, ResponseView, Result, Step, StopReason,
};

use super::{Place, cursor_rules, follow, foreign_position, is_falsy, link_position, range};
use crate::fields::Fields;
use crate::template::Template;

/// The one condition that has a name.
const NO_MORE_PAGES: &str = "no_more_pages";

pub(super) const DEF: Def<dyn Paginator> = Def {
    name: "cursor",
    aliases: &[],
    summary: "Sends a token of the response with the next request.",
    fields: &[
        FieldDoc {
            name: "cursor_path",
            shape: "path",
            default: "cursors.next",
            summary: "Where the token is in the body.",
        },
        FieldDoc {
            name: "cursor_param",
            shape: "string",
            default: "cursor",
            summary: "The query parameter that takes the token; without a rule for the value, it counts pages.",
        },
        FieldDoc {
            name: "cursor_body_path",
            shape: "string",
            default: "null",
            summary: "The dotted path in the JSON body that takes the token, instead of a query parameter.",
        },
        FieldDoc {
            name: "stop_after_empty_page",
            shape: "boolean",
            default: "false",
            summary: "Whether a page without records is the last.",
        },
        range::HAS_MORE_PATH,
        FieldDoc {
            name: "limit",
            shape: "integer",
            default: "null",
            summary: "Records per page, sent with every counted request (beyond dlt).",
        },
        FieldDoc {
            name: "limit_param",
            shape: "string",
            default: "limit",
            summary: "The query parameter for `limit` (beyond dlt).",
        },
        FieldDoc {
            name: "cursor_value",
            shape: "template",
            default: "null",
            summary: "A Jinja expression for the token or next URL; empty ends paging (beyond dlt).",
        },
        FieldDoc {
            name: "next_url",
            shape: "boolean",
            default: "guessed from the value",
            summary: "Whether the value is a URL to follow (beyond dlt).",
        },
        FieldDoc {
            name: "stop_condition",
            shape: "template or `no_more_pages`",
            default: "null",
            summary: "When to stop: a Jinja expression or a named condition (beyond dlt).",
        },
        FieldDoc {
            name: "config",
            shape: "map",
            default: "the source's arguments",
            summary: "What templates name as `config` (beyond dlt).",
        },
    ],
    shorthand: true,
    parse,
};

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Paginator>> {
    let mut fields = Fields::new("paginator `cursor`".to_owned(), node, DEF.fields, diagnostics);
    let extended = ["limit", "limit_param", "cursor_value", "next_url", "stop_condition"]
        .iter()
        .any(|key| fields.has(key));
    let has_param = fields.has("cursor_param") || fields.has("cursor_body_path");
    let stop = read_stop(&mut fields);
    let value = template(&mut fields, "cursor_value");
    let path = fields.path("cursor_path").given();
    let source = match (value, path) {
        (Some(_), Some(_)) => {
            let span = fields.span("cursor_value").clone();
            fields.report(
                Diagnostic::error(
                    "config/conflicting-fields",
                    "both `cursor_path` and `cursor_value` are given",
                )
                .at(&span)
                .hint("Keep the one that leads to the next page."),
            );
            Source::Counter
        }
        (Some(template), None) => Source::Template(template),
        (None, Some(path)) => Source::Path(path),
        (None, None) if matches!(stop, Some(Stop::NoMorePages)) || (extended && has_param) => Source::Counter,
        (None, None) => Source::Path(JsonPath::fields(&["cursors", "next"])),
    };
    let meaning = match (written_flag(&mut fields, "next_url"), &source) {
        (Some(true), _) => Meaning::Url,
        (None, Source::Template(_)) if !has_param => Meaning::Guess,
        _ => Meaning::Token,
    };
    if fields.has("next_url") && !fields.has("cursor_value") && !fields.has("cursor_path") {
        needs(&mut fields, "next_url", "`cursor_value` or `cursor_path`");
    }
    let limit = fields.positive("limit").given();
    if fields.has("limit_param") && !fields.has("limit") {
        needs(&mut fields, "limit_param", "`limit`");
    }
    let limit_param = fields.string("limit_param").given().unwrap_or_else(|| "limit".to_owned());
    let default_param = if matches!(source, Source::Counter) { "page" } else { "cursor" };
    let paginator = Cursor {
        stop: stop.or_else(|| matches!(source, Source::Counter).then_some(Stop::NoMorePages)),
        source,
        meaning,
        place: range::place(&mut fields, "cursor_param", "cursor_body_path", default_param),
        limit: limit.map(|limit| (Place::Param(limit_param), limit)),
        stop_after_empty_page: fields.boolean("stop_after_empty_page", false),
        has_more_path: fields.path("has_more_path").given(),
    };
    fields.finish(Arc::new(paginator))
}

fn read_stop(fields: &mut Fields<'_, '_>) -> Option<Stop> {
    let text = fields.string("stop_condition").given()?;
    if text == NO_MORE_PAGES {
        return Some(Stop::NoMorePages);
    }
    if !is_template(&text) {
        let span = fields.span("stop_condition").clone();
        fields.report(
            Diagnostic::error("config/unknown-condition", format!("unknown stop condition `{text}`"))
                .at(&span)
                .hint(format!("Use `{NO_MORE_PAGES}`, or an expression in double braces.")),
        );
        return None;
    }
    template(fields, "stop_condition").map(Stop::Template)
}

fn template(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<Template> {
    let text = fields.string(key).given()?;
    if !is_template(&text) {
        let span = fields.span(key).clone();
        fields.report(
            Diagnostic::error("config/invalid-template", format!("`{key}` has no expression"))
                .at(&span)
                .hint("Put the expression in double braces, such as `{{ response.next }}`."),
        );
        return None;
    }
    match Template::parse(&text) {
        Ok(template) => Some(template.with_config(fields.map("config"))),
        Err(message) => {
            let span = fields.span(key).clone();
            fields.report(
                Diagnostic::error("config/invalid-template", format!("`{key}` does not compile: {message}"))
                    .at(&span)
                    .hint(
                        "Templates are Jinja over `response`, `headers`, `last_record`, `last_page_size` and `config`.",
                    ),
            );
            None
        }
    }
}

fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Reports a key that would do nothing without another.
fn needs(fields: &mut Fields<'_, '_>, key: &'static str, other: &str) {
    let span = fields.span(key).clone();
    fields.report(
        Diagnostic::error("config/missing-field", format!("`{key}` of paginator `cursor` needs {other}"))
            .at(&span),
    );
}

fn written_flag(fields: &mut Fields<'_, '_>, key: &str) -> Option<bool> {
    fields.has(key).then(|| fields.boolean(key, false))
}

/// Makes the paginator of `{"type": "cursor", "cursor_path": path, "cursor_param": param}`, for `auto`.
pub(super) fn plain(path: JsonPath, param: &str) -> impl Paginator + use<> {
    Cursor {
        source: Source::Path(path),
        meaning: Meaning::Token,
        place: Place::Param(param.to_owned()),
        limit: None,
        stop: None,
        stop_after_empty_page: false,
        has_more_path: None,
    }
}

/// Where the next value comes from.
#[derive(Debug)]
enum Source {
    Path(JsonPath),
    Template(Template),
    Counter,
}

/// What the next value is.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    Token,
    Url,
    /// A URL when it looks like one.
    Guess,
}

#[derive(Debug)]
enum Stop {
    Template(Template),
    NoMorePages,
}

#[derive(Debug)]
struct Cursor {
    source: Source,
    meaning: Meaning,
    place: Place,
    limit: Option<(Place, i64)>,
    stop: Option<Stop>,
    stop_after_empty_page: bool,
    has_more_path: Option<JsonPath>,
}

impl Cursor {
    fn stop(&self, response: &ResponseView<'_>) -> Result<Option<StopReason>> {
        let named = match &self.stop {
            Some(Stop::Template(template)) => template
                .truth(response)
                .map_err(|message| failed("stop_condition", template, &message))?
                .then_some(StopReason::StopCondition),
            Some(Stop::NoMorePages) => cursor_rules::no_more_pages(response),
            None => None,
        };
        if named.is_some() {
            return Ok(named);
        }
        // A counter has nothing else that would end it.
        if response.record_count == 0
            && (self.stop_after_empty_page || matches!(self.source, Source::Counter))
        {
            return Ok(Some(StopReason::EmptyPage));
        }
        match &self.has_more_path {
            Some(path) if !range::has_more(path, response.body)? => Ok(Some(StopReason::NoNext)),
            _ => Ok(None),
        }
    }

    fn value(&self, page: i64, response: &ResponseView<'_>) -> Result<Option<Value>> {
        match &self.source {
            Source::Path(path) => {
                let found = path.first(response.body).filter(|value| !is_falsy(value.json()));
                Ok(found.map(|value| value.json().to_value()))
            }
            Source::Template(template) => {
                template.value(response).map_err(|message| failed("cursor_value", template, &message))
            }
            Source::Counter => Ok(Some(cursor_rules::next_page(response, page))),
        }
    }
}

impl Paginator for Cursor {
    fn name(&self) -> &'static str {
        DEF.name
    }

    fn apply(&self, position: &Position, draft: &mut RequestDraft) -> Result<()> {
        match position {
            Position::Start => {}
            Position::Cursor { token, .. } => self.place.write(token, draft),
            Position::Url(url) => return follow(url, draft),
            _ => return Err(foreign_position(DEF.name)),
        }
        if let Some((place, limit)) = &self.limit {
            place.write(&Value::from(*limit), draft);
        }
        Ok(())
    }

    fn next(&self, position: &Position, response: &ResponseView<'_>) -> Result<Step> {
        if let Some(reason) = self.stop(response)? {
            return Ok(Step::Done(reason));
        }
        let page = match position {
            Position::Cursor { page, .. } => *page,
            _ => i64::try_from(response.pages_before).unwrap_or(i64::MAX).saturating_add(1),
        };
        let Some(value) = self.value(page, response)? else { return Ok(Step::Done(StopReason::NoNext)) };
        let link = match (self.meaning, value.as_str()) {
            (Meaning::Url, Some(link)) => Some(link),
            (Meaning::Guess, Some(link)) if looks_like_url(link) => Some(link),
            (Meaning::Url, None) => {
                return Err(Error::new(ErrorKind::Source, "source/bad-link", "the next URL is no text")
                    .hint("Remove `next_url` when the value is a token."));
            }
            (Meaning::Token | Meaning::Guess, _) => None,
        };
        Ok(Step::Next(match link {
            Some(link) => link_position(link, response.url)?,
            None => Position::Cursor { token: value, page: page.saturating_add(1) },
        }))
    }

    fn ahead(&self, next: &Position, response: &ResponseView<'_>, count: usize) -> Ahead {
        let (Source::Counter, Position::Cursor { token, page }) = (&self.source, next) else {
            return Ahead::default();
        };
        let Some(number) = token.as_i64() else { return Ahead::default() };
        let left = match self.stop {
            Some(Stop::NoMorePages) => cursor_rules::pages_left(response),
            _ => None,
        };
        let count = left.map_or(count, |left| usize::try_from(left).unwrap_or(count).min(count));
        let position = |step| Position::Cursor {
            token: Value::from(number.saturating_add(step)),
            page: page.saturating_add(step),
        };
        let positions = (0..).take(count).map(position).collect();
        Ahead { positions, end_known: left.is_some() }
    }

    fn page_size(&self) -> Option<u64> {
        self.limit.as_ref().and_then(|(_, limit)| u64::try_from(*limit).ok())
    }

    fn ends(&self) -> Vec<String> {
        let mut ends = Vec::new();
        match &self.stop {
            Some(Stop::Template(template)) => ends.push(format!("`{}` is true", template.as_str())),
            Some(Stop::NoMorePages) => ends.push("the answer says that there are no more pages".to_owned()),
            None => {}
        }
        if self.stop_after_empty_page || matches!(self.source, Source::Counter) {
            ends.push(range::EMPTY_PAGE.to_owned());
        }
        ends.extend(self.has_more_path.as_ref().map(range::says_no));
        match &self.source {
            Source::Path(path) => ends.push(format!("there is no token at `{}`", path.as_str())),
            Source::Template(template) => ends.push(format!("`{}` is empty", template.as_str())),
            Source::Counter => {}
        }
        ends
    }
}

fn looks_like_url(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('/') || text.starts_with("http://") || text.starts_with("https://")
}

fn failed(key: &str, template: &Template, message: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        "config/template-failed",
        format!("`{key}` cannot be evaluated on a response: {message}"),
    )
    .with("template", template.as_str())
    .hint("Check the expression against a response of the API.")
}
