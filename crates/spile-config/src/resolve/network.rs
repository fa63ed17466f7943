//! `client.proxy` and `client.ca_bundle`. The file of a bundle is read here, so that a plan does not fail for want of it.
//!
//! As in dlt, `REQUESTS_CA_BUNDLE` and `CURL_CA_BUNDLE` name a bundle where the config does not.

use std::path::Path;

use spile_core::{Diagnostic, NetworkPlan, Node, ProxyPlan, Secret};
use url::Url;

use crate::resolve::Resolver;

/// Variables that name a bundle, as requests looks for them.
const BUNDLE_VARIABLES: [&str; 2] = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

impl Resolver<'_> {
    pub(super) fn network(&mut self, client: &Node) -> NetworkPlan {
        let proxy = client.get("proxy").filter(|node| !node.is_null());
        let bundle = client.get("ca_bundle").filter(|node| !node.is_null());
        NetworkPlan {
            proxy: proxy.and_then(|node| self.proxy(node)).unwrap_or_default(),
            authorities: match bundle {
                Some(node) => self.bundle(node),
                None => self.bundle_of_environment(client),
            },
        }
    }

    fn proxy(&mut self, node: &Node) -> Option<ProxyPlan> {
        let text = self.text(node, "proxy")?.value;
        if text.is_empty() {
            return Some(ProxyPlan::Direct);
        }
        let parsed = Url::parse(&text).ok().filter(Url::has_host);
        if parsed.is_none() {
            // It may hold a password all the same.
            self.providers.add_secret(&text);
        }
        if let Some(password) = parsed.as_ref().and_then(Url::password) {
            self.providers.add_secret(password);
            let plain = percent_encoding::percent_decode_str(password).decode_utf8_lossy().into_owned();
            self.providers.add_secret(&plain);
        }
        let problem = match parsed.as_ref().map(Url::scheme) {
            Some("http" | "https") => return Some(ProxyPlan::Url(Secret::new(text))),
            Some(scheme) => format!("a proxy of the kind `{scheme}` cannot be used"),
            None => "proxy is not a URL".to_owned(),
        };
        self.report(Diagnostic::error("config/invalid-url", problem).at(&node.span).hint(
            "Write http://proxy.example.com:3128, with user:password@ before the host if it asks for them; an empty text uses none.",
        ));
        None
    }

    fn bundle(&mut self, node: &Node) -> Option<Vec<u8>> {
        let path = self.string(node, "ca_bundle")?;
        match self.read_bundle(&path) {
            Ok(bundle) => Some(bundle),
            Err(problem) => {
                self.report(unreadable(format!("ca_bundle `{path}` {problem}")).at(&node.span));
                None
            }
        }
    }

    fn bundle_of_environment(&mut self, client: &Node) -> Option<Vec<u8>> {
        let variables = &self.request.environment.variables;
        let named = BUNDLE_VARIABLES.iter().find_map(|name| Some((*name, variables.get(*name)?)));
        let (name, path) = named.filter(|(_, path)| !path.is_empty())?;
        let (name, path) = (name, path.clone());
        // A folder of certificates is a thing of OpenSSL's; the system's store is used then.
        if self.request.environment.working_directory.join(Path::new(&path)).is_dir() {
            return None;
        }
        match self.read_bundle(&path) {
            Ok(bundle) => Some(bundle),
            Err(problem) => {
                self.report(unreadable(format!("{name} names `{path}`, which {problem}")).at(&client.span));
                None
            }
        }
    }

    fn read_bundle(&self, path: &str) -> Result<Vec<u8>, String> {
        let full = self.request.environment.working_directory.join(Path::new(path));
        let bytes = std::fs::read(full).map_err(|error| format!("cannot be read: {error}"))?;
        let text = String::from_utf8_lossy(&bytes);
        let begun = text.matches("-----BEGIN CERTIFICATE-----").count();
        if begun == 0 || begun != text.matches("-----END CERTIFICATE-----").count() {
            return Err("holds no certificates in PEM form".to_owned());
        }
        Ok(bytes)
    }
}

fn unreadable(message: String) -> Diagnostic {
    Diagnostic::error("config/invalid-ca-bundle", message)
        .hint("Give the path of a PEM file with the certificates of the authorities that you trust.")
}
