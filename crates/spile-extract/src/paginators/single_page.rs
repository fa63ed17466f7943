//! One request, whatever the response says.
//!
//! APIs: anything that answers completely at once. Example: `"paginator": "single_page"`. In dlt: `SinglePagePaginator`.
//! No known differences.

use std::sync::Arc;

use spile_core::{
    Def, Diagnostics, Node, Paginator, Position, RequestDraft, ResponseView, Result, Step, StopReason,
};

use super::foreign_position;
use crate::fields::Fields;

pub(super) const DEF: Def<dyn Paginator> = Def {
    name: "single_page",
    aliases: &[],
    summary: "Asks for one page only.",
    fields: &[],
    shorthand: true,
    parse,
};

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Paginator>> {
    let fields = Fields::new("paginator `single_page`".to_owned(), node, DEF.fields, diagnostics);
    fields.finish(Arc::new(SinglePage))
}

#[derive(Debug)]
struct SinglePage;

impl Paginator for SinglePage {
    fn name(&self) -> &'static str {
        DEF.name
    }

    fn apply(&self, position: &Position, _draft: &mut RequestDraft) -> Result<()> {
        match position {
            Position::Start => Ok(()),
            _ => Err(foreign_position(DEF.name)),
        }
    }

    fn next(&self, _position: &Position, _response: &ResponseView<'_>) -> Result<Step> {
        Ok(Step::Done(StopReason::SinglePage))
    }

    fn page_size(&self) -> Option<u64> {
        None
    }

    fn ends(&self) -> Vec<String> {
        vec!["one page was read".to_owned()]
    }
}
