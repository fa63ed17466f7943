//! Functions cannot be carried over: no dialect of data has them, and a script is more than one function.

use spile_core::{Diagnostics, Node, Value};

use super::not_carried_over;
use crate::dialects::SourceConfig;

/// Returns the config without its functions, each of which is reported.
pub(super) fn left_out(source: &SourceConfig, diagnostics: &mut Diagnostics) -> SourceConfig {
    let mut config = source.config.clone();
    strip(&mut config, diagnostics);
    if source.page_limit.is_some() {
        diagnostics.push(not_carried_over(
            "`add_limit`",
            &source.config.span,
            "Say `--limit-pages N` on the command line.",
        ));
    }
    SourceConfig { config, settings: source.settings.clone(), functions: None, page_limit: None }
}

/// Takes functions out of a node. Returns whether it is to go too: a function, or what holds nothing else.
fn strip(node: &mut Node, diagnostics: &mut Diagnostics) -> bool {
    match &mut node.value {
        Value::Function(function) => {
            diagnostics.push(not_carried_over(
                &format!("the function `{}`", function.name),
                &node.span,
                "Keep the config as a `.py` file, or transform the rows after loading.",
            ));
            true
        }
        Value::List(items) => {
            let before = items.len();
            items.retain_mut(|item| !strip(item, diagnostics));
            items.is_empty() && before > 0
        }
        Value::Map(entries) => {
            let before = entries.len();
            let made = entries
                .iter()
                .any(|(key, value)| key.name == "rows" && matches!(value.value, Value::Function(_)));
            entries.retain_mut(|(_, value)| !strip(value, diagnostics));
            // What is left of an action without its function would be another action.
            made || (entries.is_empty() && before > 0)
                || (entries.len() < before
                    && entries.iter().all(|(key, _)| matches!(key.name.as_str(), "status_code" | "content")))
        }
        _ => false,
    }
}
