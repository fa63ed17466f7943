//! The `Link` header names the next page.
//!
//! APIs: those that follow RFC 8288. Example: `"paginator": "header_link"`. In dlt: `HeaderLinkPaginator`. Differences:
//! relations are compared without case, and one link may have several (`rel="next last"`).

use std::sync::Arc;

use spile_core::{
    Ahead, Def, Diagnostics, FieldDoc, Node, Paginator, Position, RequestDraft, ResponseView, Result, Step,
    StopReason,
};

use super::{apply_link, link_position};
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
        apply_link(DEF.name, position, draft)
    }

    fn next(&self, _position: &Position, response: &ResponseView<'_>) -> Result<Step> {
        match link_header::of(response).get(&self.relation) {
            Some(link) => Ok(Step::Next(link_position(&link.url, response.url)?)),
            None => Ok(Step::Done(StopReason::NoNext)),
        }
    }

    fn ahead(&self, next: &Position, response: &ResponseView<'_>, count: usize) -> Ahead {
        let Position::Url(next) = next else { return Ahead::default() };
        let links = link_header::of(response);
        let last = links.get("last").and_then(|last| response.url.join(last.url.trim()).ok());
        match last.and_then(|last| counted_links(next, last.as_str(), count)) {
            Some(links) => {
                Ahead { positions: links.into_iter().map(Position::Url).collect(), end_known: true }
            }
            None => Ahead::default(),
        }
    }

    fn page_size(&self) -> Option<u64> {
        None
    }

    fn ends(&self) -> Vec<String> {
        vec![format!("the Link header has no `{}`", self.relation)]
    }
}

/// Returns up to `count` links from `next` to `last`, when the two differ in one whole number of the query and that alone
/// (`?page=2`, `?page=34`). Steps of more than one (offsets) are not told by two links, so they are not guessed.
fn counted_links(next: &str, last: &str, count: usize) -> Option<Vec<String>> {
    let (path, next) = next.split_once('?')?;
    let (last_path, last) = last.split_once('?')?;
    let (next, last): (Vec<&str>, Vec<&str>) = (next.split('&').collect(), last.split('&').collect());
    if path != last_path || next.len() != last.len() {
        return None;
    }
    let mut differing = (0..next.len()).filter(|index| next[*index] != last[*index]);
    let index = differing.next().or_else(|| next.iter().position(|pair| pair.starts_with("page=")))?;
    if differing.next().is_some() {
        return None;
    }
    let number =
        |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.parse::<u64>()));
    let ((name, Ok(from)), (last_name, Ok(to))) = (number(next[index])?, number(last[index])?) else {
        return None;
    };
    // An offset would be told by a name of its own; only pages are known to be one apart.
    if name != last_name || !name.to_ascii_lowercase().contains("page") {
        return None;
    }
    let link = |page: u64| {
        let pair = format!("{name}={page}");
        let mut pairs = next.clone();
        pairs[index] = &pair;
        format!("{path}?{}", pairs.join("&"))
    };
    Some((from..=to).take(count).map(link).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_counted_when_only_the_page_differs() {
        for (next, last, expected) in [
            ("http://h/a?page=2", "http://h/a?page=4", Some("page=2 page=3 page=4")),
            (
                "http://h/a?q=x%20y&page=2&n=5",
                "http://h/a?q=x%20y&page=3&n=5",
                Some("q=x%20y&page=2&n=5 q=x%20y&page=3&n=5"),
            ),
            ("http://h/a?page=2", "http://h/a?page=2", Some("page=2")),
            ("http://h/a?page=9", "http://h/a?page=4", Some("")),
            ("http://h/a?page=2", "http://h/a?page=900", Some("page=2 page=3 page=4 page=5")),
            ("http://h/a?offset=20", "http://h/a?offset=400", None),
            ("http://h/a?page=2&t=a", "http://h/a?page=4&t=b", None),
            ("http://h/a?page=b", "http://h/a?page=d", None),
            ("http://h/a?page=2", "http://h/b?page=4", None),
            ("http://h/a/2", "http://h/a/4", None),
            ("http://h/a?page=2&per_page=10", "http://h/a?page=4&per_page=20", None),
            ("http://h/a?cursor=1", "http://h/a?cursor=4", None),
        ] {
            let links = counted_links(next, last, 4);
            let queries = links.map(|links| {
                let queries: Vec<_> =
                    links.iter().map(|link| link.trim_start_matches("http://h/a?")).collect();
                queries.join(" ")
            });
            assert_eq!(queries.as_deref(), expected, "{next} {last}");
        }
    }
}
