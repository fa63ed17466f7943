//! Finds out on the first page how an API pages.
//!
//! Example: `"paginator": "auto"`, which is also what no paginator at all means. In dlt: `PaginatorFactory`, whose order
//! of attempts is kept: `Link` header, link in the body, number of pages, token in the body, single page. Differences,
//! each a bug there: a counted API is taken to start at page 1 unless its first page says 0, so that page 1 does not
//! come twice and the last page comes at all; a key that merely starts with `next` (`next_review_date`) is not a token;
//! `@odata.nextLink` is a link; a missing total on a later page is no failure.

use std::sync::Arc;

use spile_core::{
    Ahead, Def, Diagnostics, Json, JsonKind, JsonPath, Node, Paginator, Position, RequestDraft, ResponseView,
    Result, Step,
};

use super::header_link::HeaderLink;
use super::json_link::JsonLink;
use super::page_number::PageNumber;
use super::range::Range;
use super::{Place, foreign_position, is_falsy};
use crate::fields::Fields;
use crate::link_header;

pub(super) const DEF: Def<dyn Paginator> = Def {
    name: "auto",
    aliases: &[],
    summary: "Finds out on the first page how the API pages.",
    fields: &[],
    shorthand: true,
    parse,
};

/// Keys that hold a token, compared without case and separators.
const TOKEN_KEYS: [&str; 8] = [
    "next",
    "nextcursor",
    "nexttoken",
    "nextpagetoken",
    "nextpage",
    "nextkey",
    "nextoffset",
    "nextpagecursor",
];

/// Keys that hold the number of pages, in lower case.
const PAGES_KEYS: [&str; 3] = ["total_pages", "pages", "totalpages"];

/// Keys beside it that hold the number of the page itself.
const PAGE_KEYS: [&str; 5] = ["page", "current_page", "currentpage", "current", "page_number"];

/// Objects inside objects deeper than this are not searched.
const SEARCH_DEPTH_MAX: usize = 16;

fn parse(node: &Node, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Paginator>> {
    let fields = Fields::new("paginator `auto`".to_owned(), node, DEF.fields, diagnostics);
    fields.finish(Arc::new(Auto))
}

/// A paginator as it is written in [`Position::Detected`].
#[derive(Debug)]
enum Found {
    HeaderLink,
    JsonLink(String),
    PageNumber { base: i64, total_path: String },
    Cursor { param: &'static str, path: String },
}

impl Found {
    fn to_text(&self) -> String {
        match self {
            Self::HeaderLink => "header_link".to_owned(),
            Self::JsonLink(path) => format!("json_link:{path}"),
            Self::PageNumber { base, total_path } => format!("page_number/{base}:{total_path}"),
            Self::Cursor { param, path } => format!("cursor/{param}:{path}"),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "header_link" {
            return Some(Self::HeaderLink);
        }
        let (kind, path) = text.split_once(':')?;
        let path = path.to_owned();
        match kind {
            "json_link" => Some(Self::JsonLink(path)),
            "page_number/0" => Some(Self::PageNumber { base: 0, total_path: path }),
            "page_number/1" => Some(Self::PageNumber { base: 1, total_path: path }),
            "cursor/cursor" => Some(Self::Cursor { param: "cursor", path }),
            "cursor/page" => Some(Self::Cursor { param: "page", path }),
            _ => None,
        }
    }

    fn build(&self) -> Result<Box<dyn Paginator>> {
        let path = |text: &str| JsonPath::parse(text).map_err(|_| foreign_position(DEF.name));
        Ok(match self {
            Self::HeaderLink => Box::new(HeaderLink { relation: "next".to_owned() }),
            Self::JsonLink(link) => Box::new(JsonLink { next_url_path: path(link)? }),
            Self::PageNumber { base, total_path } => Box::new(PageNumber {
                base: *base,
                first: None,
                place: Place::Param("page".to_owned()),
                range: Range {
                    total_path: Some(path(total_path)?),
                    total_required: false,
                    maximum: None,
                    stop_after_empty_page: true,
                    has_more_path: None,
                },
            }),
            Self::Cursor { param, path: token } => Box::new(super::cursor::plain(path(token)?, param)),
        })
    }
}

#[derive(Debug)]
struct Auto;

impl Paginator for Auto {
    fn name(&self) -> &'static str {
        DEF.name
    }

    fn apply(&self, position: &Position, draft: &mut RequestDraft) -> Result<()> {
        match position {
            Position::Start => Ok(()),
            Position::Detected { paginator, position } => {
                let found = Found::parse(paginator).ok_or_else(|| foreign_position(DEF.name))?;
                found.build()?.apply(position, draft)
            }
            _ => Err(foreign_position(DEF.name)),
        }
    }

    fn next(&self, position: &Position, response: &ResponseView<'_>) -> Result<Step> {
        let (found, inner) = match position {
            Position::Start => match detect(response) {
                Some(found) => (found, &Position::Start),
                None => return Ok(Step::Done(spile_core::StopReason::SinglePage)),
            },
            Position::Detected { paginator, position } => {
                (Found::parse(paginator).ok_or_else(|| foreign_position(DEF.name))?, &**position)
            }
            _ => return Err(foreign_position(DEF.name)),
        };
        Ok(match found.build()?.next(inner, response)? {
            Step::Next(position) => {
                Step::Next(Position::Detected { paginator: found.to_text(), position: Box::new(position) })
            }
            done @ Step::Done(_) => done,
        })
    }

    fn ahead(&self, next: &Position, response: &ResponseView<'_>, count: usize) -> Ahead {
        let Position::Detected { paginator, position } = next else { return Ahead::default() };
        let Some(Ok(found)) = Found::parse(paginator).map(|found| found.build()) else {
            return Ahead::default();
        };
        let Ahead { positions, end_known } = found.ahead(position, response, count);
        let detected =
            |position| Position::Detected { paginator: paginator.clone(), position: Box::new(position) };
        Ahead { positions: positions.into_iter().map(detected).collect(), end_known }
    }

    fn page_size(&self) -> Option<u64> {
        None
    }

    fn ends(&self) -> Vec<String> {
        vec!["the way that the first page shows ends".to_owned()]
    }
}

fn detect(response: &ResponseView<'_>) -> Option<Found> {
    if link_header::of(response).contains_key("next") {
        return Some(Found::HeaderLink);
    }
    let mut candidates = Candidates::default();
    candidates.search(response.body, &mut Vec::new());
    if let Some(path) = candidates.link {
        return Some(Found::JsonLink(path));
    }
    if let Some((total_path, base)) = candidates.pages {
        return Some(Found::PageNumber { base, total_path });
    }
    candidates.token.map(|(path, param)| Found::Cursor { param, path })
}

/// The first of each kind in document order, lists not entered.
#[derive(Default)]
struct Candidates {
    link: Option<String>,
    pages: Option<(String, i64)>,
    token: Option<(String, &'static str)>,
}

impl Candidates {
    fn search<'a>(&mut self, value: Json<'a>, keys: &mut Vec<&'a str>) {
        if keys.len() >= SEARCH_DEPTH_MAX {
            return;
        }
        for (name, member) in value.members() {
            keys.push(name);
            self.consider(value, name, member, keys);
            if member.is_object() {
                self.search(member, keys);
            }
            keys.pop();
        }
    }

    fn consider<'a>(&mut self, parent: Json<'a>, name: &str, member: Json<'a>, keys: &mut Vec<&'a str>) {
        let lower = name.to_ascii_lowercase();
        if self.pages.is_none() && PAGES_KEYS.contains(&lower.as_str()) && is_whole(member) {
            self.pages = path_text(keys).map(|path| (path, base_of(parent)));
        }
        let bare: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
        let is_odata_link = matches!(bare.as_str(), "odatanextlink");
        if !lower.starts_with("next") && !is_odata_link {
            return;
        }
        if member.is_object() {
            let inner = member.members().find(|(inner, _)| {
                let inner = inner.to_ascii_lowercase();
                inner.starts_with("href") || inner.starts_with("url")
            });
            if let Some((inner, link)) = inner {
                keys.push(inner);
                self.consider_link(link, keys);
                keys.pop();
            }
        } else if !self.consider_link(member, keys)
            && self.token.is_none()
            && TOKEN_KEYS.contains(&bare.as_str())
            && !is_falsy(member)
            && matches!(member.kind(), JsonKind::String(_) | JsonKind::Int(_))
        {
            let param = if bare == "nextpage" && member.as_i64().is_some() { "page" } else { "cursor" };
            self.token = path_text(keys).map(|path| (path, param));
        }
    }

    /// Takes the value when it is a link; returns whether it is one.
    fn consider_link(&mut self, value: Json<'_>, keys: &[&str]) -> bool {
        let is_link = value.as_str().is_some_and(|text| {
            text.starts_with('/') || text.starts_with("http://") || text.starts_with("https://")
        });
        if is_link && self.link.is_none() {
            self.link = path_text(keys);
        }
        is_link
    }
}

fn is_whole(value: Json<'_>) -> bool {
    value.as_i64().is_some() || value.as_str().is_some_and(|text| text.parse::<i64>().is_ok())
}

/// Returns the number of the first page: 0 when the response to the first request calls itself that, else 1.
fn base_of(place: Json<'_>) -> i64 {
    let own = place
        .members()
        .find(|(name, _)| PAGE_KEYS.contains(&name.to_ascii_lowercase().as_str()))
        .and_then(|(_, page)| page.as_i64());
    i64::from(own != Some(0))
}

/// Writes keys as a path that reads back to the same keys; `None` for a name with both kinds of quotes.
fn path_text(keys: &[&str]) -> Option<String> {
    let mut text = String::from("$");
    for key in keys {
        let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if plain {
            text.push('.');
            text.push_str(key);
        } else if !key.contains('\'') {
            text.extend(["['", key, "']"]);
        } else if !key.contains('"') {
            text.extend(["[\"", key, "\"]"]);
        } else {
            return None;
        }
    }
    Some(text)
}
