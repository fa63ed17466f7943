//! The body holds a link to the next page.
//!
//! APIs: `{"results": [...], "next": "https://..."}`. Example: `{"type": "json_link", "next_url_path": "paging.next"}`.
//! In dlt: `JSONLinkPaginator`. Difference: an empty text or `false` ends paging, where dlt fails on the URL `''`.

use std::sync::Arc;

use spile_core::{
    Def, Diagnostics, Error, ErrorKind, FieldDoc, JsonPath, Node, Paginator, Position, RequestDraft,
    ResponseView, Result, Step, StopReason,
};

use super::{apply_link, is_falsy, link_position};
use crate::fields::Fields;

pub(super) const DEF: Def<dyn Paginator> = Def {
    name: "json_link",
    aliases: &["json_response"],
    summary: "Follows a link in the response body.",
    fields: &[FieldDoc {
        name: "next_url_path",
        shape: "path",
        default: "next",
        summary: "Where the link is in the body.",
    }],
    shorthand: true,
    parse,
};

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Paginator>> {
    let mut fields = Fields::new("paginator `json_link`".to_owned(), node, DEF.fields, diagnostics);
    let next_url_path = fields.path("next_url_path").given().unwrap_or_else(|| JsonPath::field("next"));
    fields.finish(Arc::new(JsonLink { next_url_path }))
}

/// Follows a link in the body.
#[derive(Debug)]
pub(super) struct JsonLink {
    /// Where the link is.
    pub(super) next_url_path: JsonPath,
}

impl Paginator for JsonLink {
    fn name(&self) -> &'static str {
        DEF.name
    }

    fn apply(&self, position: &Position, draft: &mut RequestDraft) -> Result<()> {
        apply_link(DEF.name, position, draft)
    }

    fn next(&self, _position: &Position, response: &ResponseView<'_>) -> Result<Step> {
        let Some(link) = self.next_url_path.first(response.body).filter(|link| !is_falsy(link.json())) else {
            return Ok(Step::Done(StopReason::NoNext));
        };
        match link.json().as_str() {
            Some(link) => Ok(Step::Next(link_position(link, response.url)?)),
            None => Err(Error::new(
                ErrorKind::Source,
                "source/bad-link",
                format!("the next link at `{}` is no text", self.next_url_path.as_str()),
            )
            .hint("Use the `cursor` paginator when the value is a token and not a URL.")),
        }
    }

    fn page_size(&self) -> Option<u64> {
        None
    }

    fn ends(&self) -> Vec<String> {
        vec![format!("there is no link at `{}`", self.next_url_path.as_str())]
    }
}
