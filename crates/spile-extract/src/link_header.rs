//! Reads `Link` headers (RFC 8288) into relations.
//!
//! Lenient where servers are sloppy: unquoted and upper-case parameters, several relations in one value, empty list
//! elements. A link without a target or a relation is left out; nothing is an error.

use indexmap::IndexMap;
use spile_core::ResponseView;

/// One link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// The target as written; it may be relative.
    pub(crate) url: String,
    /// The other parameters, names in lower case, in the order written.
    pub(crate) params: Vec<(String, String)>,
}

/// Reads the links of a response: relation in lower case → link. The first link of a relation wins.
pub(crate) fn of(response: &ResponseView<'_>) -> IndexMap<String, Link> {
    let headers = response.headers.iter().filter(|(name, _)| name == "link");
    parse(headers.map(|(_, value)| value.as_str()))
}

fn parse<'h>(values: impl Iterator<Item = &'h str>) -> IndexMap<String, Link> {
    let mut links = IndexMap::new();
    for value in values {
        let mut rest = value;
        while let Some(start) = rest.find('<') {
            rest = &rest[start + 1..];
            let Some(end) = rest.find('>') else { break };
            let url = rest[..end].trim().to_owned();
            let (params, after) = parameters(&rest[end + 1..]);
            rest = after;
            let relations: Vec<String> = params
                .iter()
                .find(|(name, _)| name == "rel")
                .map(|(_, relations)| relations.split_whitespace().map(str::to_ascii_lowercase).collect())
                .unwrap_or_default();
            for relation in relations {
                links.entry(relation).or_insert_with(|| Link { url: url.clone(), params: params.clone() });
            }
        }
    }
    links
}

/// Reads `; name=value` pairs up to the comma that ends the link, and returns what is left.
fn parameters(text: &str) -> (Vec<(String, String)>, &str) {
    let mut params = Vec::new();
    let mut rest = text.trim_start();
    while let Some(after) = rest.strip_prefix(';') {
        rest = after.trim_start();
        let name_end = rest.find(['=', ';', ',']).unwrap_or(rest.len());
        let name = rest[..name_end].trim().to_ascii_lowercase();
        rest = &rest[name_end..];
        let value = match rest.strip_prefix('=') {
            Some(after) => {
                let (value, after) = parameter_value(after.trim_start());
                rest = after.trim_start();
                value
            }
            None => String::new(),
        };
        if !name.is_empty() {
            params.push((name, value));
        }
    }
    (params, rest)
}

fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[index + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        for (header, expected) in [
            (r#"<http://h/a?page=2>; rel="next""#, "next=http://h/a?page=2"),
            (r#"<u1>; rel="next last", <u2>; rel="first""#, "next=u1 last=u1 first=u2"),
            ("<u1>; rel=next, <u2>; REL=Prev", "next=u1 prev=u2"),
            (r#"<u,1;x>; title="a, \"b\"; c"; rel="next""#, "next=u,1;x"),
            (r#"<u1>;rel=next;rel=last,,<u2>; rel="next""#, "next=u1"),
            ("<u1>; title=x", ""),
            ("<u1", ""),
            ("", ""),
            ("nonsense; rel=next", ""),
            (r#"<u1>; rel="next"#, "next=u1"),
            ("<u1>; rel = \"next\" ; foo", "next=u1"),
        ] {
            let links = parse(std::iter::once(header));
            let found: Vec<String> = links.iter().map(|(rel, link)| format!("{rel}={}", link.url)).collect();
            assert_eq!(found.join(" "), expected, "{header}");
        }
        let links = parse(["<a>; rel=next", r#"<b>; rel="prev"; title=T"#].into_iter());
        assert_eq!(
            links["prev"].params,
            [("rel", "prev"), ("title", "T")].map(|(a, b)| (a.into(), b.into()))
        );
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics(header in "(<|>|;|,|=|\"|\\\\|rel|next| |é|a){0,30}") {
            let _links = parse(std::iter::once(header.as_str()));
        }
    }
}
