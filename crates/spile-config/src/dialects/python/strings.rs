//! Texts that are put together: `+`, adjacent literals and f-strings.
//!
//! A text with a reference in it stays in parts until the reference is known.

use ruff_python_ast::{ConversionFlag, ExprFString, FStringPart, InterpolatedStringElement};
use ruff_text_size::Ranged;
use spile_core::{Node, Span, Value};

use super::interpret::Interpreter;
use super::object::Object;
use super::span;

impl<'p> Interpreter<'p, '_> {
    pub(super) fn f_string(&mut self, expression: &'p ExprFString) -> Option<Node> {
        let at = span(self.reading, expression.range());
        let mut parts = Vec::new();
        for part in &expression.value {
            match part {
                FStringPart::Literal(literal) => {
                    parts.push(Node::new(Value::String(literal.value.to_string()), at.clone()));
                }
                FStringPart::FString(string) => {
                    for element in &string.elements {
                        parts.push(self.element(element, &at)?);
                    }
                }
            }
        }
        Some(join(parts, at))
    }

    fn element(&mut self, element: &'p InterpolatedStringElement, at: &Span) -> Option<Node> {
        match element {
            InterpolatedStringElement::Literal(literal) => {
                Some(Node::new(Value::String(literal.value.to_string()), at.clone()))
            }
            InterpolatedStringElement::Interpolation(field) => {
                let plain = matches!(field.conversion, ConversionFlag::None | ConversionFlag::Str);
                if !plain || field.debug_text.is_some() {
                    return self.refuse_expression("a format in an f-string", field);
                }
                let object = self.evaluate(&field.expression)?;
                match &field.format_spec {
                    Some(spec) => {
                        self.formatted(&object, spec.elements.literals().map(|part| &*part.value), field)
                    }
                    None => self.written(&object, field),
                }
            }
        }
    }

    /// Formats by a spec: dates by their pattern, whole numbers by `d` and a width with zeros.
    fn formatted<'s>(
        &mut self,
        object: &Object<'p>,
        spec: impl Iterator<Item = &'s str>,
        at: &impl Ranged,
    ) -> Option<Node> {
        let place = span(self.reading, at.range());
        let spec: String = spec.collect();
        let text = match object {
            Object::Unknown => return None,
            Object::Moment(moment) => moment.format(&spec),
            Object::Node(Node { value: Value::Int(number), .. }) => {
                let width = spec.strip_suffix('d').unwrap_or(&spec);
                match (width, width.strip_prefix('0').and_then(|width| width.parse::<u8>().ok())) {
                    ("", _) => Some(number.to_string()),
                    (_, Some(width)) => Some(format!("{number:0width$}", width = usize::from(width))),
                    _ => None,
                }
            }
            _ => None,
        };
        match text {
            Some(text) => Some(Node::new(Value::String(text), place)),
            None => self.refuse_expression("this format in an f-string", at),
        }
    }
}

/// Joins parts: one text when nothing needs to be looked up, a concatenation otherwise.
pub(super) fn join(parts: Vec<Node>, at: Span) -> Node {
    let mut joined: Vec<Node> = Vec::new();
    for part in parts {
        let inner = match part.value {
            Value::Concat(inner) => inner,
            value => vec![Node::new(value, part.span)],
        };
        for node in inner {
            match (joined.last_mut().map(|last| &mut last.value), node.value) {
                (Some(Value::String(text)), Value::String(more)) => text.push_str(&more),
                (_, value) => joined.push(Node::new(value, node.span)),
            }
        }
    }
    match joined.as_mut_slice() {
        [] => Node::new(Value::String(String::new()), at),
        [Node { value: Value::String(text), .. }] => Node::new(Value::String(std::mem::take(text)), at),
        _ => Node::new(Value::Concat(joined), at),
    }
}
