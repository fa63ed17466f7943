//! dlt's `schema.naming`: the convention that names of tables and columns follow, and the dataset's name by it.
//!
//! It is a setting, not a key of the config, and is looked up where dlt looks. Invariant: a convention that cannot hold at
//! the destination is refused here, before anything is sent.

use spile_core::{Diagnostic, IdentifierRules, NAMING_CONVENTIONS, Naming, NamingConvention, Store, Value};

use crate::fields::nearest;
use crate::resolve::Resolver;

const ASKED: &str = "schema.naming";

impl Resolver<'_> {
    /// Returns the convention that is asked for; `None`: none is, or a finding says why there is none.
    pub(super) fn naming(&mut self) -> Option<&'static NamingConvention> {
        let Self { names, providers, .. } = self;
        let paths = [
            vec!["sources", names.source.as_str(), "schema", "naming"],
            vec!["sources", "schema", "naming"],
            vec!["schema", "naming"],
        ];
        let found = providers.search_for_pipeline(&names.pipeline, &paths, Store::Config, ASKED)?;
        let name = if let Value::String(name) = &found { name.as_str() } else { "" };
        let convention = NamingConvention::find(name);
        if convention.is_none() {
            self.report(unknown_convention(name));
        }
        convention
    }

    /// Refuses conventions that leave in names what the destination cannot have in them.
    pub(super) fn check_naming(&mut self, naming: Option<&'static NamingConvention>, destination: &str) {
        // Tables are folders there, and these conventions keep slashes and dots.
        if let Some(name) =
            naming.map(|naming| naming.name).filter(|name| ["direct", "duck_case"].contains(name))
            && destination == "filesystem"
        {
            self.report(
                Diagnostic::error(
                    "config/not-supported",
                    format!("{ASKED} as {name} is not supported on the destination filesystem"),
                )
                .hint("Take snake_case, sql_cs_v1 or sql_ci_v1, or load into a database."),
            );
        }
    }
}

/// Normalises the name of a dataset.
pub(super) fn dataset_name(name: &str, naming: Option<&'static NamingConvention>) -> String {
    let convention = naming.unwrap_or_else(NamingConvention::default_convention);
    let unbounded = IdentifierRules { length_max: usize::MAX, bytes_max: None, is_case_sensitive: true };
    Naming::new(convention, unbounded).identifier(name)
}

fn unknown_convention(name: &str) -> Diagnostic {
    let known = || NAMING_CONVENTIONS.iter().map(|convention| convention.name);
    let message = format!("{ASKED} is {name:?}, which is no naming convention that Spile has");
    let all = known().collect::<Vec<_>>().join(", ");
    Diagnostic::error("config/invalid-value", message).hint(match nearest(name, known()) {
        Some(near) => format!("Did you mean {near}? There are {all}."),
        None => format!("There are {all}."),
    })
}

#[cfg(test)]
mod tests {
    use super::{NamingConvention, dataset_name};

    /// Every expectation was produced by dlt 1.31.
    #[test]
    fn datasets_are_named_as_dlt_names_them() {
        for (name, expected) in [
            ("calls_dataset", "calls_dataset"),
            ("000_1999844190bc26c8_dataset", "_000_1999844190bc26c8_dataset"),
            ("MyPipeline_dataset", "my_pipeline_dataset"),
            ("HTTPServer-v2", "http_server_v2"),
            ("a--b__c", "a_b_c"),
            ("Data Set!", "data_setx"),
            ("fünf", "f_nf"),
            ("x@y|z+*", "xaylzxx"),
            ("ABCd", "ab_cd"),
            ("a_", "ax"),
            ("a__", "axx"),
            ("a!!", "ax"),
            ("AB1Cd", "ab1_cd"),
        ] {
            assert_eq!(dataset_name(name, None), expected, "{name}");
        }
        assert_eq!(dataset_name("My Data", NamingConvention::find("direct")), "My Data");
    }
}
