//! A response header holds the token of the next page.
//!
//! Example: `{"type": "header_cursor", "cursor_key": "X-Next-Cursor", "cursor_param": "cursor"}`. In dlt:
//! `HeaderCursorPaginator`. Difference: an empty header ends paging, where dlt asks again with an empty cursor.

use std::sync::Arc;

use serde_json::Value;
use spile_core::{
    Def, Diagnostics, FieldDoc, Node, Paginator, Position, RequestDraft, ResponseView, Result, Step,
    StopReason,
};

use super::{Place, foreign_position};
use crate::fields::Fields;

pub(super) const DEF: Def<dyn Paginator> = Def {
    name: "header_cursor",
    aliases: &[],
    summary: "Sends the token of a response header with the next request.",
    fields: &[
        FieldDoc {
            name: "cursor_key",
            shape: "string",
            default: "next",
            summary: "The response header with the token.",
        },
        FieldDoc {
            name: "cursor_param",
            shape: "string",
            default: "cursor",
            summary: "The query parameter that takes the token.",
        },
    ],
    shorthand: true,
    parse,
};

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Paginator>> {
    let mut fields = Fields::new("paginator `header_cursor`".to_owned(), node, DEF.fields, diagnostics);
    let header = fields.string("cursor_key").given().unwrap_or_else(|| "next".to_owned());
    let param = fields.string("cursor_param").given().unwrap_or_else(|| "cursor".to_owned());
    fields.finish(Arc::new(HeaderCursor { header: header.to_ascii_lowercase(), place: Place::Param(param) }))
}

#[derive(Debug)]
struct HeaderCursor {
    header: String,
    place: Place,
}

impl Paginator for HeaderCursor {
    fn name(&self) -> &'static str {
        DEF.name
    }

    fn apply(&self, position: &Position, draft: &mut RequestDraft) -> Result<()> {
        match position {
            Position::Start => Ok(()),
            Position::Cursor { token, .. } => {
                self.place.write(token, draft);
                Ok(())
            }
            _ => Err(foreign_position(DEF.name)),
        }
    }

    fn next(&self, position: &Position, response: &ResponseView<'_>) -> Result<Step> {
        let page = match position {
            Position::Cursor { page, .. } => *page,
            _ => 1,
        };
        Ok(match response.header(&self.header) {
            None | Some("") => Step::Done(StopReason::NoNext),
            Some(token) => Step::Next(Position::Cursor { token: Value::from(token), page: page + 1 }),
        })
    }

    fn page_size(&self) -> Option<u64> {
        None
    }

    fn ends(&self) -> Vec<String> {
        vec![format!("there is no header `{}`", self.header)]
    }
}
