//! The `Link` header names the next page.
//!
//! APIs: those that follow RFC 8288. Example: `"paginator": "header_link"`. In dlt: `HeaderLinkPaginator`. Differences:
//! relations are compared without case, and one link may have several (`rel="next last"`).

use std::sync::Arc;

use spile_core::{
    Def, Diagnostics, FieldDoc, Node, Paginator, Position, RequestDraft, ResponseView, Result, Step,
    StopReason,
};

use super::{follow, foreign_position, link_position};
use crate::fields::Fields;
use crate::link_header;

pub(super) const DEF: Def<dyn Paginator> = Def {
    name: "header_link",
    aliases: &[],
    summary: "Follows the `Link` header.",
    fields: &[FieldDoc {
        name: "links_next_key",
        shape: "string",
        default: "next",
        summary: "The relation of the next page.",
    }],
    shorthand: true,
    parse,
};

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Paginator>> {
    let mut fields = Fields::new("paginator `header_link`".to_owned(), node, DEF.fields, diagnostics);
    let relation = fields.string("links_next_key").given().unwrap_or_else(|| "next".to_owned());
    fields.finish(Arc::new(HeaderLink { relation: relation.to_ascii_lowercase() }))
}

/// Follows the `Link` header.
#[derive(Debug)]
pub(super) struct HeaderLink {
    /// The relation, in lower case.
    pub(super) relation: String,
}

impl Paginator for HeaderLink {
    fn name(&self) -> &'static str {
        DEF.name
    }

    fn apply(&self, position: &Position, draft: &mut RequestDraft) -> Result<()> {
        match position {
            Position::Start => Ok(()),
            Position::Url(url) => follow(url, draft),
            _ => Err(foreign_position(DEF.name)),
        }
    }

    fn next(&self, _position: &Position, response: &ResponseView<'_>) -> Result<Step> {
        match link_header::of(response).get(&self.relation) {
            Some(link) => Ok(Step::Next(link_position(&link.url, response.url)?)),
            None => Ok(Step::Done(StopReason::NoNext)),
        }
    }

    fn page_size(&self) -> Option<u64> {
        None
    }
}
