//! XML as nested objects: attributes are `@name`, text beside them is `#text`, elements that come again are lists.
//!
//! An element with nothing but text is that text, an empty one is null, and prefixes of names are kept. Entities other
//! than XML's own five are refused, so no document can grow by them.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use serde_json::{Map, Value};
use spile_core::Document;

use super::{Undecoded, line_of, too_large};

const FORMAT: &str = "XML";

/// An element whose end was not seen yet.
struct Open {
    name: String,
    members: Map<String, Value>,
    text: String,
}

/// Decodes a document: an object whose only member is the top element.
pub(super) fn decode(body: &[u8], nesting_max: usize, bytes_max: usize) -> Result<Document, Undecoded> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Undecoded::bad(FORMAT, "the text is not UTF-8", Some(line_of(body, error.valid_up_to())))
    })?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Open> = vec![Open { name: String::new(), members: Map::new(), text: String::new() }];
    loop {
        let event = reader.read_event();
        let line = || Some(line_of(body, usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)));
        let bad = |message: String| Undecoded::bad(FORMAT, message, line());
        let event = event.map_err(|error| bad(error.to_string()))?;
        let top = open.last_mut().expect("the document itself is never closed");
        match event {
            Event::Start(start) => {
                if open.len() > nesting_max {
                    return Err(bad(format!("elements are nested deeper than {nesting_max}")));
                }
                let element = element(&start).map_err(bad)?;
                open.push(element);
            }
            Event::Empty(start) => {
                let element = element(&start).map_err(bad)?;
                close(element, top);
            }
            Event::End(_) => {
                // The reader sees to it that every end has its start.
                let element = open.pop().expect("an element is open");
                let parent =
                    open.last_mut().ok_or_else(|| bad("an element ends that never began".to_owned()))?;
                close(element, parent);
            }
            Event::Text(text) => top.text.push_str(&text.xml10_content()),
            Event::CData(text) => top.text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => top.text.push_str(&entity(&reference).map_err(bad)?),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::DocType(_) => {}
            Event::Eof if !top.name.is_empty() => {
                let message = format!("the element `{}` does not end", top.name);
                return Err(Undecoded::cut(FORMAT, message, line()));
            }
            Event::Eof => break,
        }
    }
    let root = open.pop().expect("the document itself is never closed");
    if root.members.is_empty() {
        return Err(Undecoded::bad(FORMAT, "there is no element", None));
    }
    let json = Value::Object(root.members).to_string();
    if json.len() > bytes_max {
        return Err(too_large(bytes_max));
    }
    Document::parse(json.into_bytes()).map_err(Undecoded::NotJson)
}

fn element(start: &BytesStart<'_>) -> Result<Open, String> {
    let mut members = Map::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|error| error.to_string())?;
        members.insert(format!("@{}", attribute.key.as_ref()), Value::from(value.as_ref()));
    }
    Ok(Open { name: start.name().as_ref().to_owned(), members, text: String::new() })
}

/// Gives a finished element to the one around it.
fn close(mut element: Open, parent: &mut Open) {
    let text = element.text.trim();
    let value = match (element.members.is_empty(), text.is_empty()) {
        (true, true) => Value::Null,
        (true, false) => Value::from(text),
        (false, empty) => {
            if !empty {
                element.members.insert("#text".to_owned(), Value::from(text));
            }
            Value::Object(element.members)
        }
    };
    match parent.members.get_mut(&element.name) {
        Some(Value::Array(items)) => items.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
        None => {
            parent.members.insert(element.name, value);
        }
    }
}

fn entity(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(letter) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(letter.to_string());
    }
    let name = reference.xml10_content();
    resolve_predefined_entity(&name)
        .map(str::to_owned)
        .ok_or_else(|| format!("the entity `&{name};` is not known"))
}
