//! `endpoint.decoder`: what the bodies of the answers are.
//!
//! Not in dlt, which reads JSON only.

use spile_core::{BodyFormat, DecoderPlan, Diagnostic, Node, Value};

use crate::fields::{KnownKeys, wrong_type};
use crate::resolve::Resolver;
use crate::resolve::read::Reported;

pub(super) const DECODER: KnownKeys =
    KnownKeys { of: "a decoder", known: &["type", "delimiter", "columns", "member"], later: &[] };

const FORMATS: [(&str, Option<BodyFormat>); 5] = [
    ("auto", None),
    ("json", Some(BodyFormat::Json)),
    ("jsonl", Some(BodyFormat::JsonLines)),
    ("csv", Some(BodyFormat::Csv)),
    ("xml", Some(BodyFormat::Xml)),
];

impl Resolver<'_> {
    /// Resolves the decoder; without one the content type decides.
    pub(super) fn decoder(
        &mut self,
        node: Option<&Node>,
        has_selector: bool,
    ) -> Result<DecoderPlan, Reported> {
        let Some(node) = node else { return Ok(DecoderPlan::default()) };
        let Value::Map(_) = node.value else {
            let format = self.choice(node, "decoder", &FORMATS).ok_or(Reported)?;
            return self.checked(DecoderPlan { format, ..DecoderPlan::default() }, node, has_selector);
        };
        DECODER.check(node, self.diagnostics);
        let get = |key: &str| node.get(key).filter(|node| !node.is_null());
        let format = self.choice_or(get("type"), "the type of the decoder", &FORMATS, None)?;
        let delimiter = self.optional(get("delimiter"), super::Resolver::delimiter)?;
        let columns = self.optional(get("columns"), |this, node| this.strings(node, "columns"))?;
        let member = self.optional(get("member"), |this, node| this.string(node, "member"))?;
        let plan = DecoderPlan { format, delimiter, columns: columns.unwrap_or_default(), member };
        if (plan.delimiter.is_some() || !plan.columns.is_empty()) && plan.format != Some(BodyFormat::Csv) {
            self.report(
                Diagnostic::error("config/invalid-value", "`delimiter` and `columns` are for the type `csv`")
                    .at(&node.span)
                    .hint("Add `type: csv`, or remove them."),
            );
            return Err(Reported);
        }
        self.checked(plan, node, has_selector)
    }

    /// Of XML nobody can say which elements are the records: one that comes once looks like any other.
    fn checked(
        &mut self,
        plan: DecoderPlan,
        node: &Node,
        has_selector: bool,
    ) -> Result<DecoderPlan, Reported> {
        if plan.format == Some(BodyFormat::Xml) && !has_selector {
            self.report(
                Diagnostic::error("config/missing-field", "XML needs a `data_selector`")
                    .at(&node.span)
                    .hint("Name the elements that are records, from the top: `feed.entry`."),
            );
            return Err(Reported);
        }
        Ok(plan)
    }

    fn delimiter(&mut self, node: &Node) -> Option<u8> {
        let text = self.string(node, "delimiter")?;
        match text.as_bytes() {
            [byte] if *byte != b'"' && *byte != b'\n' => Some(*byte),
            _ => {
                self.report(wrong_type("delimiter", "one character such as ; or a tab", node));
                None
            }
        }
    }
}
