//! Pages are counted.
//!
//! APIs: `?page=3`. Example: `{"type": "page_number", "base_page": 1, "total_path": "total_pages"}`. In dlt:
//! `PageNumberPaginator`; as there, the first page is 0 unless `base_page` says otherwise, and `maximum_page` is
//! exclusive. No known differences.

use std::sync::Arc;

use serde_json::Value;
use spile_core::{
    Ahead, Def, Diagnostic, Diagnostics, FieldDoc, Node, Paginator, Position, RequestDraft, ResponseView,
    Result, Step,
};

use super::range::{self, Range};
use super::{Place, foreign_position};
use crate::fields::Fields;

pub(super) const DEF: Def<dyn Paginator> = Def {
    name: "page_number",
    aliases: &[],
    summary: "Counts pages.",
    fields: &[
        FieldDoc {
            name: "base_page",
            shape: "integer",
            default: "0",
            summary: "The number of the first page.",
        },
        FieldDoc {
            name: "page",
            shape: "integer",
            default: "base_page",
            summary: "The first page to ask for.",
        },
        FieldDoc { name: "page_param", shape: "string", default: "page", summary: "The query parameter." },
        FieldDoc {
            name: "page_body_path",
            shape: "string",
            default: "null",
            summary: "The dotted path in the JSON body, instead of a query parameter.",
        },
        range::TOTAL_PATH,
        FieldDoc {
            name: "maximum_page",
            shape: "integer",
            default: "null",
            summary: "The page to stop before.",
        },
        range::STOP_AFTER_EMPTY_PAGE,
        range::HAS_MORE_PATH,
    ],
    shorthand: true,
    parse,
};

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Paginator>> {
    let mut fields = Fields::new("paginator `page_number`".to_owned(), node, DEF.fields, diagnostics);
    let base = fields.integer("base_page").given().unwrap_or(0);
    let first = fields.integer("page").given().unwrap_or(base);
    let paginator = PageNumber {
        base,
        first: Some(first),
        place: range::place(&mut fields, "page_param", "page_body_path", "page"),
        range: Range::read(&mut fields, "maximum_page"),
    };
    warn_of_maximum(&mut fields, base, first, paginator.range.maximum);
    fields.finish(Arc::new(paginator))
}

/// Warns where pages are counted from one and the maximum looks like the last page: it is the page to stop before.
fn warn_of_maximum(fields: &mut Fields<'_, '_>, base: i64, first: i64, maximum: Option<i64>) {
    let Some(maximum) = maximum.filter(|_| base > 0) else { return };
    let last = maximum.saturating_sub(1).max(first);
    let pages =
        if last == first { format!("page {first} is") } else { format!("pages {first} to {last} are") };
    let span = fields.span("maximum_page").clone();
    fields.warn(
        Diagnostic::warning("config/exclusive-maximum", format!("only {pages} read"))
            .at(&span)
            .label("the page to stop before")
            .hint(format!("Write {} if page {maximum} is to be read too.", maximum.saturating_add(1))),
    );
}

/// Counts pages.
#[derive(Debug)]
pub(super) struct PageNumber {
    /// The number of the first page there is.
    pub(super) base: i64,
    /// The first page asked for; `None`: the first request carries no page number.
    pub(super) first: Option<i64>,
    /// Where the number is written.
    pub(super) place: Place,
    /// What ends it.
    pub(super) range: Range,
}

impl Paginator for PageNumber {
    fn name(&self) -> &'static str {
        DEF.name
    }

    fn apply(&self, position: &Position, draft: &mut RequestDraft) -> Result<()> {
        let page = match position {
            Position::Start => self.first,
            Position::Page(page) => Some(*page),
            _ => return Err(foreign_position(DEF.name)),
        };
        if let Some(page) = page {
            self.place.write(&Value::from(page), draft);
        }
        Ok(())
    }

    fn next(&self, position: &Position, response: &ResponseView<'_>) -> Result<Step> {
        let page = match position {
            Position::Start => self.first.unwrap_or(self.base),
            Position::Page(page) => *page,
            _ => return Err(foreign_position(DEF.name)),
        };
        let next = page.saturating_add(1);
        Ok(match self.range.end(next, self.base, response)? {
            Some(reason) => Step::Done(reason),
            None => Step::Next(Position::Page(next)),
        })
    }

    fn ahead(&self, next: &Position, response: &ResponseView<'_>, count: usize) -> Ahead {
        let Position::Page(next) = next else { return Ahead::default() };
        let (pages, end_known) = self.range.ahead(*next, 1, self.base, response, count);
        Ahead { positions: pages.into_iter().map(Position::Page).collect(), end_known }
    }

    fn page_size(&self) -> Option<u64> {
        None
    }

    fn ends(&self) -> Vec<String> {
        self.range.ends("maximum_page")
    }
}
