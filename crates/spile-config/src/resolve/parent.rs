//! Dependent resources: which parent an endpoint refers to, what it needs of the parent's rows, and how the resources of
//! a config hang together.
//!
//! References are collected while path, params, headers and body are read; the links are checked when all resources are
//! known. Invariant: after [`Resolver::link`] every parent exists, offers what its children need, and nothing goes round.

use spile_core::{Diagnostic, JsonPath, Node, Offer, ResourcePlan, Span, Value};

use crate::fields::{missing, nearest, not_supported, wrong_type};
use crate::resolve::{Resolver, start_of};

/// What the placeholders of one endpoint can name, and what it needs of its parent.
#[derive(Debug, Default)]
pub(super) struct References {
    /// Whether it has an `incremental`, whose bounds placeholders can name.
    pub(super) has_incremental: bool,
    /// The parent.
    pub(super) parent: Option<String>,
    /// Where it is named first.
    pub(super) span: Option<Span>,
    /// What is needed of its rows.
    pub(super) offers: Vec<Offer>,
    /// (offer, column) of `include_from_parent`.
    pub(super) include: Vec<(String, String)>,
}

/// A reference as `link` needs it.
pub(super) struct Link {
    pub(super) child: String,
    pub(super) parent: String,
    pub(super) span: Span,
    pub(super) offers: Vec<Offer>,
}

impl Resolver<'_> {
    /// Takes note of `{resources.parent.field}`; returns the name of the offer.
    pub(super) fn parent_field(&mut self, field: &str, place: &str, node: &Node) -> Option<String> {
        let span = super::path::inside(&node.span, &format!("{{{field}}}"));
        let mut parts = field.splitn(3, '.').skip(1);
        let (Some(parent), Some(name)) = (parts.next(), parts.next()) else {
            self.report(
                Diagnostic::error(
                    "config/invalid-expression",
                    format!("`{field}` in {place} names no field"),
                )
                .at(&span)
                .hint("Write {resources.<parent>.<field>}."),
            );
            return None;
        };
        let after_path = name.rsplit(']').next().unwrap_or(name);
        let name = if place == "path" { name.split(['!', ':']).next().unwrap_or(name) } else { name };
        if place != "path" && after_path.contains(['!', ':']) {
            self.report(
                not_supported("a format of a parent's value", &span)
                    .hint("Remove what follows `!` or `:` in the braces."),
            );
            return None;
        }
        self.refer(parent, name, &span, node)
    }

    /// Takes note of `{"type": "resolve", "resource": ..., "field": ...}`.
    pub(super) fn resolve_param(&mut self, node: &Node) -> Option<String> {
        let text = |this: &mut Self, key: &'static str| {
            if let Some(value) = node.get(key).filter(|node| !node.is_null()) {
                return this.string(value, key);
            }
            this.report(missing(key, "a resolve parameter", &start_of(node)));
            None
        };
        let parent = text(self, "resource");
        let field = text(self, "field");
        self.refer(&parent?, &field?, &node.span.clone(), node)
    }

    fn refer(&mut self, parent: &str, field: &str, span: &Span, node: &Node) -> Option<String> {
        let path = self.json_path(field, node, "the field of a parent")?;
        self.need(parent, Offer { name: field.to_owned(), path }, span)
    }

    fn need(&mut self, parent: &str, offer: Offer, span: &Span) -> Option<String> {
        let references = &mut self.references;
        if let Some(other) = references.parent.as_ref().filter(|other| *other != parent) {
            let message = format!("an endpoint refers to two parents, `{other}` and `{parent}`");
            self.report(
                Diagnostic::error("config/two-parents", message)
                    .at(span)
                    .hint("Carry the value through one parent, for example with `include_from_parent`."),
            );
            return None;
        }
        references.parent = Some(parent.to_owned());
        references.span.get_or_insert_with(|| span.clone());
        let name = offer.name.clone();
        if !references.offers.iter().any(|known| known.name == name) {
            references.offers.push(offer);
        }
        Some(name)
    }

    /// Resolves `include_from_parent`. Keys are literal, as in dlt; the columns are `_parent_key`.
    pub(super) fn include_from_parent(&mut self, name: &str, resource: &Node) {
        let Some(node) = resource.get("include_from_parent").filter(|node| !node.is_null()) else { return };
        let Value::List(items) = &node.value else {
            self.report(wrong_type("include_from_parent", "a list", node));
            return;
        };
        let Some(parent) = self.references.parent.clone() else {
            self.report(
                Diagnostic::error(
                    "config/no-parent",
                    format!("`{name}` includes values from a parent, but refers to none"),
                )
                .at(&start_of(node))
                .hint("Use a value of the parent in the path or the params: {resources.<parent>.<field>}."),
            );
            return;
        };
        for item in items {
            let Some(key) = self.string(item, "include_from_parent") else { continue };
            // A plain key and its path are one offer.
            let plain = key.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
            let offer = Offer {
                name: if plain { key.clone() } else { format!("key {key}") },
                path: JsonPath::fields(&[&key]),
            };
            if let Some(offer) = self.need(&parent, offer, &item.span) {
                self.references.include.push((offer, format!("_{parent}_{key}")));
            }
        }
    }

    /// Gives every parent what its children need. `known` are the names of all resources of the config.
    pub(super) fn link(&mut self, plans: &mut [ResourcePlan], links: &[Link], known: &[&str]) {
        for link in links {
            let Some(parent) = plans.iter_mut().find(|plan| plan.name == link.parent) else {
                if !known.contains(&link.parent.as_str()) {
                    let (child, parent) = (&link.child, &link.parent);
                    let diagnostic = Diagnostic::error(
                        "config/unknown-parent",
                        format!("`{child}` depends on `{parent}`, which the config does not have"),
                    )
                    .at(&link.span);
                    self.report(match nearest(parent, known.iter().copied()) {
                        Some(near) => diagnostic.hint(format!("Did you mean `{near}`?")),
                        None => diagnostic.hint(format!("There are {}.", known.join(", "))),
                    });
                }
                continue;
            };
            for offer in &link.offers {
                if !parent.family.offers.iter().any(|known| known.name == offer.name) {
                    parent.family.offers.push(offer.clone());
                }
            }
        }
        for link in links {
            if goes_round(link, links) {
                self.report(
                    Diagnostic::error("config/cycle", format!("`{}` depends on itself", link.child))
                        .at(&link.span)
                        .hint("Some resource must be readable without the others."),
                );
                return;
            }
        }
    }
}

fn goes_round(start: &Link, links: &[Link]) -> bool {
    let mut at = &start.parent;
    for _ in links {
        if *at == start.child {
            return true;
        }
        match links.iter().find(|link| link.child == *at) {
            Some(link) => at = &link.parent,
            None => return false,
        }
    }
    *at == start.child
}
