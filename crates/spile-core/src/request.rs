//! What a paginator or an auth may edit and see.

use serde_json::Value;
use url::Url;

use crate::auth::Credential;
use crate::json::Json;
use crate::plan::Method;

/// A body that is not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormBody {
    /// The fields of a form, in order.
    Fields(Vec<(String, String)>),
    /// A text, sent without a content type.
    Text(String),
}

/// A request before it is sent. Credentials are kept apart from the rest: the transport alone joins them, and only
/// when the target's origin is trusted.
#[derive(Debug, Clone)]
pub struct RequestDraft {
    /// GET or POST.
    pub method: Method,
    /// The target without [`Self::params`].
    pub url: Url,
    /// Query parameters that are appended to the URL's own, in this order.
    pub params: Vec<(String, String)>,
    /// Plain headers.
    pub headers: Vec<(String, String)>,
    /// JSON body.
    pub json: Option<Value>,
    /// A body that is not JSON; it goes before [`Self::json`].
    pub data: Option<FormBody>,
    /// Secrets and where they go.
    pub credentials: Vec<Credential>,
}

impl RequestDraft {
    /// Sets a query parameter: the first of that name is replaced, further ones are removed.
    pub fn set_param(&mut self, name: &str, value: impl Into<String>) {
        set(&mut self.params, name, value.into());
    }

    /// Sets a field of the form, if there is one to send.
    pub fn set_field(&mut self, name: &str, value: impl Into<String>) -> bool {
        match &mut self.data {
            Some(FormBody::Fields(fields)) => {
                set(fields, name, value.into());
                true
            }
            Some(FormBody::Text(_)) | None => false,
        }
    }

    /// Sets a value in the JSON body by a dotted path; missing objects are made.
    pub fn set_body(&mut self, path: &str, value: Value) {
        let mut place = self.json.get_or_insert_with(|| Value::Object(serde_json::Map::new()));
        for part in path.split('.') {
            if !place.is_object() {
                *place = Value::Object(serde_json::Map::new());
            }
            place = place
                .as_object_mut()
                .expect("made an object just above")
                .entry(part.to_owned())
                .or_insert(Value::Null);
        }
        *place = value;
    }

    /// Returns the full target with all query parameters, form-encoded as dlt's HTTP library does.
    pub fn target(&self) -> Url {
        let mut url = self.url.clone();
        if !self.params.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.params);
        }
        url
    }
}

fn set(pairs: &mut Vec<(String, String)>, name: &str, value: String) {
    match pairs.iter().position(|(existing, _)| existing == name) {
        Some(index) => {
            pairs[index].1 = value;
            let mut seen = false;
            pairs.retain(|(existing, _)| {
                let keep = existing != name || !seen;
                seen |= existing == name;
                keep
            });
        }
        None => pairs.push((name.to_owned(), value)),
    }
}

/// An answer, as a paginator sees it.
#[derive(Clone, Copy)]
pub struct ResponseView<'a> {
    /// The URL that was asked, with all parameters, without credentials.
    pub url: &'a Url,
    /// Header names (lower case) and values in the order received.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: Json<'a>,
    /// Records that the selector found on this page, before any filter.
    pub record_count: usize,
    /// The last of them.
    pub last_record: Option<Json<'a>>,
    /// Pages answered before this one in this run of the paginator.
    pub pages_before: u64,
    /// Records on those pages.
    pub records_before: u64,
}

impl<'a> ResponseView<'a> {
    /// Returns the first header of that name; the name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(existing, _)| existing == name).map(|(_, value)| value.as_str())
    }
}
