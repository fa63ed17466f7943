//! TOML with tables. Order matters in a config, so a map whose plain keys follow its tables is written inline.

use spile_core::{Diagnostics, Key, Node, Value};

use super::not_carried_over;
use super::text::{self, quoted, with_placeholders};

pub(super) fn document(entries: &[(Key, Node)], diagnostics: &mut Diagnostics) -> String {
    // At the top the order of keys means nothing, and plain keys must come before the first table.
    let (tables, plain): (Vec<_>, Vec<_>) = entries.iter().cloned().partition(|(_, node)| is_table(node));
    let mut writer = Writer { text: String::new(), diagnostics };
    writer.table("", &plain);
    writer.table("", &tables);
    writer.text.trim_start().to_owned()
}

struct Writer<'d> {
    text: String,
    diagnostics: &'d mut Diagnostics,
}

impl Writer<'_> {
    fn table(&mut self, path: &str, entries: &[(Key, Node)]) {
        for (key, node) in entries {
            let full = if path.is_empty() { word(&key.name) } else { format!("{path}.{}", word(&key.name)) };
            match &node.value {
                Value::Map(inner) if is_table(node) => {
                    self.text.push_str(&format!("\n[{full}]\n"));
                    self.table(&full, inner);
                }
                Value::List(items) if is_table(node) => {
                    for item in items {
                        self.text.push_str(&format!("\n[[{full}]]\n"));
                        if let Value::Map(inner) = &item.value {
                            self.table(&full, inner);
                        }
                    }
                }
                _ if node.is_null() => self.null(&format!("the null of `{}`", key.name), node),
                _ => {
                    let value = self.inline(node);
                    self.text.push_str(&format!("{} = {value}\n", word(&key.name)));
                }
            }
        }
    }

    fn inline(&mut self, node: &Node) -> String {
        match &node.value {
            Value::Map(entries) if entries.is_empty() => "{}".to_owned(),
            Value::Map(entries) => {
                let mut written = Vec::new();
                for (key, value) in entries {
                    if value.is_null() {
                        self.null(&format!("the null of `{}`", key.name), value);
                    } else {
                        written.push(format!("{} = {}", word(&key.name), self.inline(value)));
                    }
                }
                format!("{{ {} }}", written.join(", "))
            }
            Value::List(items) => {
                let mut written = Vec::new();
                for item in items {
                    if item.is_null() {
                        self.null("a null in a list", item);
                    } else {
                        written.push(self.inline(item));
                    }
                }
                format!("[{}]", written.join(", "))
            }
            other => match text::parts(node) {
                Some(parts) => quoted(&with_placeholders(&parts)),
                None => text::scalar(other).unwrap_or_default(),
            },
        }
    }

    fn null(&mut self, what: &str, node: &Node) {
        self.diagnostics.push(not_carried_over(
            what,
            &node.span,
            "TOML has no null; use YAML, or check that it can go.",
        ));
    }
}

/// Returns whether a node is written under a header of its own.
fn is_table(node: &Node) -> bool {
    match &node.value {
        Value::Map(entries) => {
            let mut headers = false;
            !entries.is_empty()
                && entries.iter().all(|(_, inner)| {
                    headers |= is_table(inner);
                    !headers || is_table(inner)
                })
        }
        Value::List(items) => {
            !items.is_empty()
                && items.iter().all(|item| matches!(item.value, Value::Map(_)) && is_table(item))
        }
        _ => false,
    }
}

fn word(name: &str) -> String {
    let bare = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if bare && !name.is_empty() { name.to_owned() } else { quoted(name) }
}
