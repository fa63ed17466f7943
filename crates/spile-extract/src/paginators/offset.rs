//! Records are counted.
//!
//! APIs: `?offset=200&limit=100`. Example: `{"type": "offset", "limit": 100, "total_path": null}`. In dlt:
//! `OffsetPaginator`; as there, the offset grows by `limit`, and `maximum_offset` is exclusive. No known differences: a
//! server that caps the page size below `limit` is caught by the caller, which holds records against totals and warns when
//! page 2 has records after a short page 1. A cap that shows in neither way is not seen.

use std::sync::Arc;

use serde_json::Value;
use spile_core::{
    Ahead, Def, Diagnostic, Diagnostics, FieldDoc, Node, Paginator, Position, RequestDraft, ResponseView,
    Result, Step,
};

use super::range::{self, Range};
use super::{Place, foreign_position};
use crate::fields::{Fields, Written};

/// Most APIs cap pages here or below. A capped page loses what lies between the cap and the next offset.
const PAGE_SIZE_USUAL_MAX: i64 = 1_000;

pub(super) const DEF: Def<dyn Paginator> = Def {
    name: "offset",
    aliases: &[],
    summary: "Counts records.",
    fields: &[
        FieldDoc { name: "limit", shape: "integer", default: "", summary: "Records per page, always sent." },
        FieldDoc { name: "offset", shape: "integer", default: "0", summary: "The first offset." },
        FieldDoc {
            name: "offset_param",
            shape: "string",
            default: "offset",
            summary: "The query parameter.",
        },
        FieldDoc {
            name: "offset_body_path",
            shape: "string",
            default: "null",
            summary: "The dotted path in the JSON body, instead of a query parameter.",
        },
        FieldDoc {
            name: "limit_param",
            shape: "string",
            default: "limit",
            summary: "The query parameter for the page size.",
        },
        FieldDoc {
            name: "limit_body_path",
            shape: "string",
            default: "null",
            summary: "The dotted path for the page size in the JSON body.",
        },
        range::TOTAL_PATH,
        FieldDoc {
            name: "maximum_offset",
            shape: "integer",
            default: "null",
            summary: "The offset to stop before.",
        },
        range::STOP_AFTER_EMPTY_PAGE,
        range::HAS_MORE_PATH,
    ],
    shorthand: false,
    parse,
};

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Paginator>> {
    let mut fields = Fields::new("paginator `offset`".to_owned(), node, DEF.fields, diagnostics);
    let limit = match fields.positive("limit") {
        Written::Given(limit) => limit,
        Written::Absent if fields.has("limit") => 1,
        Written::Absent | Written::Null => {
            let span = fields.span("limit").clone();
            fields.report(
                Diagnostic::error("config/missing-field", "paginator `offset` needs `limit`")
                    .at(&span)
                    .hint("Give the number of records per page, such as `\"limit\": 100`."),
            );
            1
        }
    };
    if limit > PAGE_SIZE_USUAL_MAX {
        let span = fields.span("limit").clone();
        fields.warn(
            Diagnostic::warning(
                "config/large-limit",
                format!("a page of {limit} records is more than most APIs give"),
            )
            .at(&span)
            .label("the offset grows by this, whatever comes")
            .hint("Check the API's largest page size: rows beyond it would be skipped."),
        );
    }
    let paginator = Offset {
        limit,
        first: fields.integer("offset").given().unwrap_or(0),
        place: range::place(&mut fields, "offset_param", "offset_body_path", "offset"),
        limit_place: range::place(&mut fields, "limit_param", "limit_body_path", "limit"),
        range: Range::read(&mut fields, "maximum_offset"),
    };
    fields.finish(Arc::new(paginator))
}

#[derive(Debug)]
struct Offset {
    limit: i64,
    first: i64,
    place: Place,
    limit_place: Place,
    range: Range,
}

impl Offset {
    fn offset(&self, position: &Position) -> Result<i64> {
        match position {
            Position::Start => Ok(self.first),
            Position::Offset(offset) => Ok(*offset),
            _ => Err(foreign_position(DEF.name)),
        }
    }
}

impl Paginator for Offset {
    fn name(&self) -> &'static str {
        DEF.name
    }

    fn apply(&self, position: &Position, draft: &mut RequestDraft) -> Result<()> {
        self.place.write(&Value::from(self.offset(position)?), draft);
        self.limit_place.write(&Value::from(self.limit), draft);
        Ok(())
    }

    fn next(&self, position: &Position, response: &ResponseView<'_>) -> Result<Step> {
        let next = self.offset(position)?.saturating_add(self.limit);
        Ok(match self.range.end(next, 0, response)? {
            Some(reason) => Step::Done(reason),
            None => Step::Next(Position::Offset(next)),
        })
    }

    fn ahead(&self, next: &Position, response: &ResponseView<'_>, count: usize) -> Ahead {
        let Position::Offset(next) = next else { return Ahead::default() };
        let (offsets, end_known) = self.range.ahead(*next, self.limit, 0, response, count);
        Ahead { positions: offsets.into_iter().map(Position::Offset).collect(), end_known }
    }

    fn page_size(&self) -> Option<u64> {
        u64::try_from(self.limit).ok()
    }

    fn ends(&self) -> Vec<String> {
        self.range.ends("maximum_offset")
    }
}
