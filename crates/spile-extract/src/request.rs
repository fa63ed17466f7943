//! Makes the draft that paginators and auths edit: everything of a request that is the same on every page.
//!
//! Endpoint headers, and parameters whose value holds a known secret, are credentials here: only trusted origins see
//! them.

use spile_core::{
    BodyFormat, Credential, CredentialPlace, Error, ErrorKind, ParentRow, RequestDraft, ResourcePlan, Result,
    Secret,
};

use crate::binding;
use crate::incremental::Window;
use crate::known::Known;
use crate::transport::Scrubber;

/// Makes the draft of a resource; a child is bound to a row of its parent.
pub(crate) fn draft(
    resource: &ResourcePlan,
    window: Option<&Window>,
    scrubber: &Scrubber,
    row: Option<&ParentRow>,
) -> Result<RequestDraft> {
    let known = Known { plan: resource.incremental.as_ref(), window, row };
    if resource.family.parent.is_some() && row.is_none() {
        let message = format!("resource `{}` has a parent but was given no row of it", resource.name);
        return Err(Error::new(ErrorKind::Bug, "bug/no-parent", message));
    }
    let url = match &resource.target {
        Some(parts) => binding::target(parts, &resource.url, &known)?,
        None => resource.url.clone(),
    };
    let mut draft = RequestDraft {
        method: resource.method,
        url,
        params: Vec::new(),
        headers: vec![("accept".to_owned(), accept(resource).to_owned())],
        json: resource.json.as_ref().map(|template| known.body(template)),
        data: resource.data.as_ref().map(|template| known.data(template)),
        credentials: Vec::new(),
    };
    for (name, value) in &resource.params {
        let value = known.param(value);
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
    for name in &resource.without_headers {
        draft.credentials.push(credential(CredentialPlace::WithoutHeader, name, String::new()));
    }
    for (name, value) in &resource.headers {
        draft.credentials.push(credential(CredentialPlace::Header, name, known.param(value)));
    }
    for auth in &resource.auth {
        auth.apply(&mut draft)?;
    }
    Ok(draft)
}

fn accept(resource: &ResourcePlan) -> &'static str {
    match resource.decoder.format {
        None | Some(BodyFormat::Json) => "application/json, */*;q=0.5",
        Some(BodyFormat::JsonLines) => "application/x-ndjson, */*;q=0.5",
        Some(BodyFormat::Csv) => "text/csv, */*;q=0.5",
        Some(BodyFormat::Xml) => "application/xml, text/xml, */*;q=0.5",
    }
}

fn credential(place: CredentialPlace, name: &str, value: String) -> Credential {
    Credential { place, name: name.to_owned(), value: Secret::new(value) }
}
