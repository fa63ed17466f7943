//! Small stand-ins for the real registries: the same row names, and parsers that only record what they were given.

use std::sync::Arc;

use spile_core::{
    Auth, Credential, CredentialPlace, Def, Diagnostics, FieldDoc, Node, Paginator, Position, Registry,
    RequestDraft, ResponseView, Result, Secret, Step, StopReason, Value,
};

/// Records its node as text.
#[derive(Debug)]
struct Fake(&'static str, Secret);

impl Paginator for Fake {
    fn name(&self) -> &'static str {
        self.0
    }

    fn apply(&self, _position: &Position, draft: &mut RequestDraft) -> Result<()> {
        draft.headers.push((self.0.to_owned(), self.1.expose().to_owned()));
        Ok(())
    }

    fn next(&self, _position: &Position, _response: &ResponseView<'_>) -> Result<Step> {
        Ok(Step::Done(StopReason::SinglePage))
    }

    fn ends(&self) -> Vec<String> {
        vec!["told".to_owned()]
    }

    fn page_size(&self) -> Option<u64> {
        None
    }
}

impl Auth for Fake {
    fn apply(&self, draft: &mut RequestDraft) -> Result<()> {
        let (name, value) = (self.0.to_owned(), self.1.clone());
        draft.credentials.push(Credential { place: CredentialPlace::Header, name, value });
        Ok(())
    }
}

/// Writes a node down; a reference left in it is a failure of the crate under test.
fn write(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(boolean) => boolean.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::List(items) => items.iter().map(write).collect::<Vec<_>>().join(","),
        Value::Map(entries) => {
            let mut entries: Vec<String> =
                entries.iter().map(|(key, node)| format!("{}={}", key.name, write(node))).collect();
            entries.sort();
            entries.join(" ")
        }
        Value::Reference(_) | Value::Concat(_) => panic!("a reference reached a component"),
        Value::Function(_) => panic!("a function reached a component"),
    }
}

macro_rules! fake {
    ($kind:ty, $name:literal, $shorthand:literal, [$($required:literal),*]) => {
        Def {
            name: $name,
            aliases: &[],
            summary: "",
            fields: &[$(FieldDoc { name: $required, shape: "string", default: "", summary: "" }),*],
            shorthand: $shorthand,
            parse: |node: &Node, _: &mut Diagnostics| -> Option<Arc<$kind>> { Some(Arc::new(Fake($name, Secret::new(write(node))))) },
        }
    };
}

pub(crate) static PAGINATORS: Registry<dyn Paginator> = Registry {
    kind: "paginator",
    rows: &[
        fake!(dyn Paginator, "auto", true, []),
        fake!(dyn Paginator, "cursor", true, []),
        fake!(dyn Paginator, "header_link", true, []),
        fake!(dyn Paginator, "json_link", true, []),
        fake!(dyn Paginator, "offset", false, ["limit"]),
        fake!(dyn Paginator, "page_number", true, []),
        fake!(dyn Paginator, "single_page", true, []),
    ],
};

pub(crate) static AUTHS: Registry<dyn Auth> = Registry {
    kind: "auth",
    rows: &[
        fake!(dyn Auth, "api_key", true, ["api_key"]),
        fake!(dyn Auth, "bearer", true, ["token"]),
        fake!(dyn Auth, "http_basic", true, ["username", "password"]),
    ],
};
