//! YAML of plain values, such as schemas: no placeholders, every text as it is.
//!
//! Texts are quoted as for configs, so that YAML 1.1, which dlt reads, and YAML 1.2 take them for texts.

use serde_json::Value;

use super::yaml::{indent, word};

/// Writes a map as a YAML document in block style; anything else as one line.
pub fn write_yaml(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

/// Writes a value whose first line starts where the caller left off.
fn block(value: &Value, depth: usize, text: &mut String) {
    let start = |index: usize, text: &mut String| {
        if index > 0 {
            indent(depth, text);
        }
    };
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            for (index, (key, value)) in entries.iter().enumerate() {
                start(index, text);
                text.push_str(&word(key));
                text.push(':');
                if is_nested(value) {
                    text.push('\n');
                    indent(depth + 1, text);
                } else {
                    text.push(' ');
                }
                block(value, depth + 1, text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                start(index, text);
                text.push_str("- ");
                block(item, depth + 1, text);
            }
        }
        Value::String(scalar) => {
            text.push_str(&word(scalar));
            text.push('\n');
        }
        // JSON's form of a scalar, `{}` and `[]` is YAML's too.
        other => {
            text.push_str(&other.to_string());
            text.push('\n');
        }
    }
}

fn is_nested(value: &Value) -> bool {
    match value {
        Value::Object(entries) => !entries.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::write_yaml;
    use crate::read_yaml;

    #[test]
    fn what_is_written_is_read_back() {
        let value = json!({
            "plain": "text", "yes": "no", "1": "2024-01-01", "empty": {}, "none": [], "null": null,
            "list": [1, -2.5, true, "${secrets.x}", "a: b", ["x", {"y": {"z": "line\nbreak ▶ \u{1F600}"}}]],
            "": "", "n": "0x1F", " spaced ": "~",
        });
        let text = write_yaml(&value);
        assert_eq!(read_yaml("s.yaml", &text).unwrap(), value, "{text}");
        assert!(text.starts_with("plain: text\n\"yes\": \"no\"\n\"1\": \"2024-01-01\"\n"), "{text}");
    }
}
