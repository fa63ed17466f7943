//! Links that are followed: what they may be, and what of them is remembered.

use spile_core::{Credential, CredentialPlace, Error, ErrorKind, Position, Result};
use url::{Origin, Url};

/// Keeps a followed link on https when the resource is on https. Servers behind a proxy often write `http` for their own
/// address; any other host is refused.
pub(crate) fn keep_tls(resource: &Url, target: &mut Url) -> Result<()> {
    if resource.scheme() != "https" || target.scheme() != "http" {
        return Ok(());
    }
    if target.host() == resource.host() && target.port().is_none() && target.set_scheme("https").is_ok() {
        return Ok(());
    }
    let message = "the next link leads from https to http, which is not followed";
    Err(Error::new(ErrorKind::Source, "source/insecure-link", message)
        .hint("Ask the API's operator for https links, or use a paginator that does not follow links."))
}

/// Takes the resource's own credentials out of a link that carries them: positions go to the ledger, which holds no
/// secrets. The transport adds them again, since only links to trusted origins are changed.
pub(crate) fn forget_credentials(position: &mut Position, own: &[Credential], trusted: &[Origin]) {
    let text = match position {
        Position::Url(text) => text,
        Position::Detected { position, .. } => return forget_credentials(position, own, trusted),
        Position::Start | Position::Page(_) | Position::Offset(_) | Position::Cursor { .. } => return,
    };
    let Ok(mut url) = Url::parse(text) else { return };
    let is_own = |name: &str, value: &str| {
        own.iter().any(|credential| {
            credential.place == CredentialPlace::Query
                && credential.name == name
                && credential.value.expose() == value
        })
    };
    let carries_own = url.query_pairs().any(|(name, value)| is_own(&name, &value));
    // All other links are kept letter by letter: writing a query anew may change what a server signed.
    if !carries_own || !trusted.contains(&url.origin()) {
        return;
    }
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, value)| !is_own(name, value))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !others.is_empty() {
        url.query_pairs_mut().extend_pairs(others);
    }
    *text = url.into();
}

#[cfg(test)]
mod tests {
    use super::*;
    use spile_core::Secret;

    #[test]
    fn links_stay_on_tls() {
        for (resource, target, expected) in [
            ("https://h/a", "http://h/b?c", Some("https://h/b?c")),
            ("https://h/a", "http://h:8080/b", None),
            ("https://h/a", "http://other/b", None),
            ("https://h/a", "https://other/b", Some("https://other/b")),
            ("http://h/a", "http://other/b", Some("http://other/b")),
        ] {
            let mut url = Url::parse(target).unwrap();
            let kept = keep_tls(&Url::parse(resource).unwrap(), &mut url);
            assert_eq!(kept.ok().map(|()| url.to_string()).as_deref(), expected, "{target}");
        }
    }

    #[test]
    fn positions_hold_no_secrets() {
        let own =
            [Credential { place: CredentialPlace::Query, name: "key".to_owned(), value: Secret::new("s 1") }];
        let trusted = [Url::parse("http://h/").unwrap().origin()];
        for (link, expected) in [
            ("http://h/a?x=a%20b&key=s+1&page=2", "http://h/a?x=a+b&page=2"),
            ("http://h/a?key=s%201", "http://h/a"),
            ("http://h/a?x=a%20b&key=other", "http://h/a?x=a%20b&key=other"),
            ("http://other/a?key=s+1", "http://other/a?key=s+1"),
        ] {
            let mut position = Position::Detected {
                paginator: "json_link:$.next".to_owned(),
                position: Box::new(Position::Url(link.to_owned())),
            };
            forget_credentials(&mut position, &own, &trusted);
            let Position::Detected { position, .. } = position else { panic!("{link}") };
            assert_eq!(*position, Position::Url(expected.to_owned()));
        }
    }
}
