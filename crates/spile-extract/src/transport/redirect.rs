//! Where a redirect leads and what may go there.
//!
//! Pure: the transport asks, and sends. The invariant: whether a target may see credentials is decided by
//! [`is_trusted`] alone, and TLS is never given up on the way.

use spile_core::{Error, ErrorKind, Method, Result};
use url::{Origin, Url};

/// The next request of a redirect.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hop {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) keeps_body: bool,
}

/// Returns whether a target may see credentials.
pub(super) fn is_trusted(trusted: &[Origin], url: &Url) -> bool {
    trusted.contains(&url.origin())
}

/// Returns the hop that an answer asks for, if it asks for one.
pub(super) fn next_hop(
    status: u16,
    method: Method,
    url: &Url,
    location: Option<&str>,
) -> Result<Option<Hop>> {
    let (method, keeps_body) = match (status, method) {
        (301 | 302, Method::Post) | (303, _) => (Method::Get, false),
        (301 | 302 | 307 | 308, _) => (method, true),
        _ => return Ok(None),
    };
    // As in dlt's HTTP library, a redirect that leads nowhere is an answer.
    let Some(location) = location else { return Ok(None) };
    let next = url.join(location.trim()).map_err(|error| {
        Error::new(
            ErrorKind::Source,
            "source/bad-redirect",
            "the server redirects to something that is no URL",
        )
        .source_error(error)
    })?;
    if !matches!(next.scheme(), "http" | "https") {
        let message = format!("the server redirects to a `{}` URL, which is not followed", next.scheme());
        return Err(Error::new(ErrorKind::Source, "source/bad-redirect", message));
    }
    if url.scheme() == "https" && next.scheme() == "http" {
        return Err(Error::new(
            ErrorKind::Source,
            "source/insecure-redirect",
            "the server redirects from https to http, which is not followed",
        )
        .hint("Use the final https address as `base_url`."));
    }
    Ok(Some(Hop { method, url: next, keeps_body }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops() {
        let url = Url::parse("http://h/a/b?x=1").unwrap();
        for (status, method, location, expected) in [
            (302, Method::Post, "c", Some((Method::Get, "http://h/a/c", false))),
            (301, Method::Post, "/c?y=2", Some((Method::Get, "http://h/c?y=2", false))),
            (303, Method::Get, "//other/c", Some((Method::Get, "http://other/c", false))),
            (307, Method::Post, "https://h/c", Some((Method::Post, "https://h/c", true))),
            (308, Method::Get, "?z", Some((Method::Get, "http://h/a/b?z", true))),
            (304, Method::Get, "c", None),
            (200, Method::Get, "c", None),
        ] {
            let hop = next_hop(status, method, &url, Some(location)).unwrap();
            let expected = expected.map(|(method, url, keeps_body)| Hop {
                method,
                url: Url::parse(url).unwrap(),
                keeps_body,
            });
            assert_eq!(hop, expected, "{status} {location}");
        }
        assert_eq!(next_hop(302, Method::Get, &url, None).unwrap(), None);
        let secure = Url::parse("https://h/").unwrap();
        for location in ["http://h/", "ftp://h/", "http://[", "file:///etc/passwd"] {
            assert!(next_hop(302, Method::Get, &secure, Some(location)).is_err(), "{location}");
        }
    }
}
