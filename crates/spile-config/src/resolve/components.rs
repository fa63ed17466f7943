//! Paginators and auths: rows of a registry, found by `type` or by bare name.
//!
//! The rows read their own keys; this file finds the row, fills credentials that the config leaves open, and hands over
//! a node without references. Invariant: such a node may hold secrets and is never shown.

use std::sync::Arc;

use spile_core::{
    Auth, Credential, CredentialPlace, Def, Diagnostic, Key, Node, Paginator, Registry, RequestDraft, Result,
    Secret, Span, Store, Value,
};

use crate::fields::{missing, nearest, wrong_type};
use crate::providers::variable_name;
use crate::resolve::read::{holds_secret, toml_place};
use crate::resolve::{Resolver, start_of};

/// Keys of auths that are secrets for sure; their values are made known to the redactor even when written out.
const SECRET_FIELDS: [&str; 8] = [
    "api_key",
    "token",
    "password",
    "client_secret",
    "access_token",
    "refresh_token",
    "private_key",
    "private_key_passphrase",
];

/// The key of paginators with templates that holds what those name as `config`.
const CONFIG: &str = "config";

impl<'a> Resolver<'a> {
    /// Resolves the paginator of an endpoint by dlt's precedence: endpoint (or defaults), single entity, client, auto.
    pub(super) fn paginator(
        &mut self,
        endpoint: Option<&Node>,
        single_entity: bool,
    ) -> Option<Arc<dyn Paginator>> {
        let client = self.client_node("paginator");
        let registry = self.registries.paginators;
        let span = self.request.source.config.span.clone();
        let named = |name: &str| Node::new(Value::String(name.to_owned()), span.clone());
        let node = match endpoint.filter(|node| !node.is_null()) {
            // dlt reads `auto` as "none given", so the client's paginator comes next.
            Some(node) if is_auto(node) => client.cloned().unwrap_or_else(|| node.clone()),
            Some(node) => node.clone(),
            None if single_entity => named("single_page"),
            None => client.cloned().unwrap_or_else(|| named("auto")),
        };
        let (row, fields) = self.row(&node, registry, None)?;
        let mut resolved = self.resolved(&fields)?;
        if row.fields.iter().any(|field| field.name == CONFIG) {
            self.give_config(&mut resolved);
        }
        (row.parse)(&resolved, self.diagnostics)
    }

    /// Gives templates that name `config` the source's arguments, those of the command line first. Secrets are left out:
    /// what a template gives is a position, and those are in the ledger.
    fn give_config(&mut self, node: &mut Node) {
        let Value::Map(entries) = &mut node.value else { return };
        let names = |word: &str| {
            entries.iter().any(|(_, value)| value.as_str().is_some_and(|text| text.contains(word)))
        };
        if !names(CONFIG) || entries.iter().any(|(key, _)| key.name == CONFIG) {
            return;
        }
        let mut config = self.request.arguments.to_vec();
        self.arguments_used.extend(config.iter().map(|(key, _)| key.name.clone()).filter(|name| names(name)));
        let of_source = match self.request.source.setting("arguments").map(|arguments| &arguments.value) {
            Some(Value::Map(arguments)) => arguments.as_slice(),
            _ => &[],
        };
        for (key, value) in of_source {
            let is_given = config.iter().any(|(given, _)| given.name == key.name);
            if let Some(value) = (!is_given && !holds_secret(value)).then(|| self.resolved(value)).flatten() {
                config.push((key.clone(), value));
            }
        }
        let span = node.span.clone();
        let key = Key { name: CONFIG.to_owned(), span: span.clone() };
        entries.push((key, Node::new(Value::Map(config), span)));
    }

    /// Resolves the credentials of an endpoint: its own replace the client's, null switches them off, a list adds up.
    pub(super) fn auth(&mut self, endpoint: Option<&Node>) -> Vec<Arc<dyn Auth>> {
        let Some(node) = endpoint.or_else(|| self.client_node("auth")) else { return Vec::new() };
        let items = match &node.value {
            Value::Null => return Vec::new(),
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        items.iter().filter_map(|item| self.one_auth(item)).collect()
    }

    fn one_auth(&mut self, node: &Node) -> Option<Arc<dyn Auth>> {
        let (row, fields) = self.row(node, self.registries.auths, Some("bearer"))?;
        let mut resolved = self.resolved(&fields)?;
        let span = node.span.clone();
        if let Value::Map(entries) = &mut resolved.value {
            // dlt resolves a null field like one that is missing.
            entries.retain(|(_, value)| !value.is_null());
            for field in row.fields.iter().filter(|field| field.default.is_empty()) {
                if entries.iter().any(|(key, _)| key.name == field.name) {
                    continue;
                }
                let value = self.credential(field.name, &span)?;
                let key = Key { name: field.name.to_owned(), span: span.clone() };
                entries.push((key, Node::new(value, span.clone())));
            }
        }
        self.hide_secrets(&resolved);
        (row.parse)(&resolved, self.diagnostics)
    }

    /// Makes secrets that are written out known to the redactor, also those inside of what is sent for a token.
    fn hide_secrets(&mut self, node: &Node) {
        let Value::Map(entries) = &node.value else { return };
        for (key, value) in entries {
            match value.as_str() {
                Some(text) if SECRET_FIELDS.contains(&key.name.as_str()) => self.providers.add_secret(text),
                Some(text) if key.name.eq_ignore_ascii_case("authorization") => {
                    self.providers.add_secret(text);
                }
                _ => self.hide_secrets(value),
            }
        }
    }

    /// Looks an open field up as dlt does: `credentials.<field>` under the source's sections, then the native form.
    fn credential(&mut self, field: &str, span: &Span) -> Option<Value> {
        let found = self.looked_up(&["credentials", field], Store::Secrets, &format!("credentials.{field}"));
        let found = match found {
            // `CREDENTIALS=<token>`: the whole credential in its native form.
            None if matches!(field, "token" | "api_key") => self
                .looked_up(&["credentials"], Store::Secrets, "credentials")
                .filter(|value| matches!(value, Value::String(_))),
            found => found,
        };
        if found.is_none() {
            let (section, name) = (self.names.section.clone(), self.names.source.clone());
            let precise = ["sources", &section, &name, "credentials", field];
            let variable = variable_name(&["sources", &section, "credentials", field]);
            let message = format!("the credential `{field}` is neither written nor found");
            self.report(
                Diagnostic::error("config/missing-secret", message)
                    .at(span)
                    .label(format!("`{field}` is open here"))
                    .hint(format!(
                        "Set the environment variable {variable}, or add {} to .dlt/secrets.toml; \
                         the sections may be shortened from the right down to [credentials].",
                        toml_place(&precise)
                    )),
            );
        }
        found
    }

    /// Finds the row that a node names, and the node as a map with its `type`.
    fn row<S: ?Sized>(
        &mut self,
        node: &Node,
        registry: &'static Registry<S>,
        default: Option<&str>,
    ) -> Option<(&'static Def<S>, Node)> {
        let kind = registry.kind;
        let looked_up = match node.value {
            Value::Reference(_) | Value::Concat(_) => Some(self.resolved(node)?),
            _ => None,
        };
        let node = looked_up.as_ref().unwrap_or(node);
        let (name, named_at, bare) = match &node.value {
            Value::String(name) => (name.clone(), node, true),
            Value::Map(_) => match (node.get("type").filter(|name| !name.is_null()), default) {
                (Some(name), _) => (self.string(name, &format!("the type of the {kind}"))?, name, false),
                (None, Some(default)) => (default.to_owned(), node, false),
                (None, None) => {
                    let names = registry.names().join(", ");
                    let diagnostic = missing("type", &format!("a {kind}"), &start_of(node));
                    self.report(diagnostic.hint(format!("Add `type`, one of {names}.")));
                    return None;
                }
            },
            _ => {
                self.report(wrong_type(&format!("the {kind}"), "a name or a map", node));
                return None;
            }
        };
        let Some(row) = registry.find(&name) else {
            self.report(unknown_row(&name, named_at, registry));
            return None;
        };
        if bare && !row.shorthand {
            let required: Vec<&str> =
                row.fields.iter().filter(|field| field.default.is_empty()).map(|field| field.name).collect();
            self.report(
                Diagnostic::error(
                    "config/missing-field",
                    format!("the {kind} `{name}` needs {}", required.join(" and ")),
                )
                .at(&node.span)
                .hint(format!("Write it as a map with `type: {name}` and its keys.")),
            );
            return None;
        }
        let fields = if bare {
            let key = Key { name: "type".to_owned(), span: node.span.clone() };
            Node::new(Value::Map(vec![(key, node.clone())]), node.span.clone())
        } else {
            node.clone()
        };
        Some((row, fields))
    }

    pub(super) fn client_node(&self, key: &str) -> Option<&'a Node> {
        let config: &'a Node = &self.request.source.config;
        config.get("client").and_then(|client| client.get(key)).filter(|node| !node.is_null())
    }
}

fn is_auto(node: &Node) -> bool {
    node.as_str() == Some("auto") || node.get("type").and_then(Node::as_str) == Some("auto")
}

fn unknown_row<S: ?Sized>(name: &str, at: &Node, registry: &'static Registry<S>) -> Diagnostic {
    let names = registry.names();
    let code = if registry.kind == "auth" { "config/unknown-auth" } else { "config/unknown-paginator" };
    let diagnostic =
        Diagnostic::error(code, format!("there is no {} of the type `{name}`", registry.kind)).at(&at.span);
    let diagnostic = match nearest(name, names.iter().copied()) {
        Some(near) => diagnostic.label(format!("did you mean `{near}`?")),
        None => diagnostic,
    };
    diagnostic.hint(format!("Known types are {}.", names.join(", ")))
}

/// A secret that an endpoint's `params` or `headers` refer to. It travels as a credential, so that it goes to trusted
/// hosts only and is never shown.
#[derive(Debug)]
pub(super) struct SecretValue {
    credential: Credential,
}

impl SecretValue {
    pub(super) fn new(place: CredentialPlace, name: &str, value: String) -> Self {
        Self { credential: Credential { place, name: name.to_owned(), value: Secret::new(value) } }
    }
}

impl Auth for SecretValue {
    fn apply(&self, draft: &mut RequestDraft) -> Result<()> {
        draft.credentials.push(self.credential.clone());
        Ok(())
    }
}
