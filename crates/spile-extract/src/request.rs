//! Makes the draft that paginators and auths edit: everything of a request that is the same on every page.
//!
//! Endpoint headers, and parameters whose value holds a known secret, are credentials here: only trusted origins see
//! them.

use spile_core::{
    Credential, CredentialPlace, Error, ErrorKind, IncrementalPlan, ParamValue, ParentRow, RequestDraft,
    ResourcePlan, Result, Secret, TemplatePart,
};

use crate::binding;
use crate::incremental::Window;
use crate::paginators::query_text;
use crate::transport::Scrubber;

/// Which bounds of its window the requests of a resource carry. Only a row beyond such a bound means that the API ignores
/// the filter; without it, rows are filtered here and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AskedBounds {
    pub(crate) start: bool,
    pub(crate) end: bool,
}

/// Returns which bounds are asked for, as parameters or inside templates.
pub(crate) fn asked_bounds(resource: &ResourcePlan, plan: &IncrementalPlan) -> AskedBounds {
    let in_template = |wanted: fn(&TemplatePart) -> bool| {
        resource.params.iter().chain(&resource.headers).any(|(_, value)| match value {
            ParamValue::Template(parts) => parts.iter().any(wanted),
            ParamValue::Literal(_) => false,
        })
    };
    let is_start =
        |part: &TemplatePart| matches!(part, TemplatePart::IncrementalStart | TemplatePart::IncrementalLast);
    AskedBounds {
        start: plan.start.param.is_some() || in_template(is_start),
        end: plan.end.param.is_some() || in_template(|part| matches!(part, TemplatePart::IncrementalEnd)),
    }
}

/// Makes the draft of a resource; a child is bound to a row of its parent.
pub(crate) fn draft(
    resource: &ResourcePlan,
    window: Option<&Window>,
    scrubber: &Scrubber,
    row: Option<&ParentRow>,
) -> Result<RequestDraft> {
    let known = Known { plan: resource.incremental.as_ref(), window, row };
    let mut draft = RequestDraft {
        method: resource.method,
        url: resource.url.clone(),
        params: Vec::new(),
        headers: vec![("accept".to_owned(), "application/json, */*;q=0.5".to_owned())],
        json: resource.json.clone(),
        credentials: Vec::new(),
    };
    if let Some(plan) = &resource.family.parent {
        let Some(row) = row else {
            let message = format!("resource `{}` has a parent but was given no row of it", resource.name);
            return Err(Error::new(ErrorKind::Bug, "bug/no-parent", message));
        };
        draft.url = binding::target(plan, &resource.url, row)?;
        if let Some(template) = &plan.json {
            draft.json = Some(binding::body(template, row, &|parts| known.fill(parts)));
        }
    }
    let filled = |value: &ParamValue| match value {
        ParamValue::Literal(text) => text.clone(),
        ParamValue::Template(parts) => known.fill(parts),
    };
    for (name, value) in &resource.params {
        let value = filled(value);
        if scrubber.has_secret(&value) {
            draft.credentials.push(credential(CredentialPlace::Query, name, value));
        } else {
            draft.params.push((name.clone(), value));
        }
    }
    if let (Some(plan), Some(window)) = (&resource.incremental, window) {
        for (bound, text) in [(&plan.start, &window.start_text), (&plan.end, &window.end_text)] {
            if let (Some(param), Some(text)) = (&bound.param, text) {
                draft.set_param(param, text);
            }
        }
    }
    for (name, value) in &resource.headers {
        draft.credentials.push(credential(CredentialPlace::Header, name, filled(value)));
    }
    for auth in &resource.auth {
        auth.apply(&mut draft)?;
    }
    Ok(draft)
}

fn credential(place: CredentialPlace, name: &str, value: String) -> Credential {
    Credential { place, name: name.to_owned(), value: Secret::new(value) }
}

/// What templates can name.
struct Known<'a> {
    plan: Option<&'a IncrementalPlan>,
    window: Option<&'a Window>,
    row: Option<&'a ParentRow>,
}

impl Known<'_> {
    /// Fills a template. As in dlt, a bound that is not known is the text `None`.
    fn fill(&self, parts: &[TemplatePart]) -> String {
        let none = || "None".to_owned();
        let start = || self.window.and_then(|window| window.start_text.clone()).unwrap_or_else(none);
        let mut text = String::new();
        for part in parts {
            match part {
                TemplatePart::Text(part) => text.push_str(part),
                // Before the first page dlt's last value is the start value, lag included.
                TemplatePart::IncrementalStart | TemplatePart::IncrementalLast => text.push_str(&start()),
                TemplatePart::IncrementalEnd => {
                    text.push_str(
                        &self.window.and_then(|window| window.end_text.clone()).unwrap_or_else(none),
                    );
                }
                TemplatePart::IncrementalInitial => {
                    let initial = self.plan.and_then(|plan| plan.initial_value.as_ref());
                    let converted = self.window.and_then(|window| window.initial_text.clone());
                    text.push_str(&converted.unwrap_or_else(|| initial.map_or_else(none, query_text)));
                }
                TemplatePart::Parent(name) => {
                    text.push_str(&self.row.map_or_else(none, |row| binding::text_of(row, name)));
                }
            }
        }
        text
    }
}
