//! `import_schema_path` and `export_schema_path`: of the pipeline, else a setting, looked up where dlt looks.
//!
//! dlt has settings for the form of the files too. Invariant: one that asks for another form than Spile's is refused where a
//! folder is named, and has no effect elsewhere, as in dlt.

use std::path::PathBuf;

use spile_core::{Diagnostic, SchemaFiles, Store, Value};

use crate::resolve::Resolver;

/// The words that dlt reads as true.
const DLT_TRUE: [&str; 5] = ["yes", "true", "t", "y", "1"];

impl Resolver<'_> {
    pub(super) fn schema_files(&mut self) -> SchemaFiles {
        let files = SchemaFiles {
            import: self.schema_folder("import_schema_path"),
            export: self.schema_folder("export_schema_path"),
        };
        if files.import.is_some() || files.export.is_some() {
            self.check_form("external_schema_format", "yaml", &["yaml"]);
            self.check_form("external_schema_format_remove_defaults", "true", &DLT_TRUE);
        }
        files
    }

    /// Refuses a setting of the files' form that is not the only one that Spile has. dlt does not look under the name of the
    /// pipeline here.
    fn check_form(&mut self, key: &'static str, only: &str, words: &[&str]) {
        let Some(found) = self.providers.find(&[vec!["schema", key], vec![key]], Store::Config) else {
            return;
        };
        let is_kept = match &found.value {
            Value::String(text) => words.contains(&text.to_lowercase().as_str()),
            Value::Bool(flag) => *flag && words.contains(&"true"),
            _ => false,
        };
        if is_kept {
            return;
        }
        let message = format!("{key} other than {only} is not supported, found in {}", found.place);
        let mut finding = Diagnostic::error("config/not-supported", message)
            .hint(format!("Remove the setting, or set it to {only}."));
        if let Some(span) = &found.span {
            finding = finding.at(span);
        }
        self.report(finding);
    }

    /// Returns a folder, relative ones from the working folder.
    fn schema_folder(&mut self, key: &'static str) -> Option<PathBuf> {
        let written = self.request.source.setting(key).filter(|node| !node.is_null());
        let folder = match written {
            Some(node) => self.string(node, key)?,
            None => self.schema_folder_setting(key)?,
        };
        Some(self.request.environment.working_directory.join(folder))
    }

    fn schema_folder_setting(&mut self, key: &'static str) -> Option<String> {
        let Self { names, providers, .. } = self;
        let paths = [
            vec!["pipelines", names.pipeline.as_str(), key],
            vec![names.pipeline.as_str(), key],
            vec![key],
            vec!["schema", key],
        ];
        match providers.search(&paths, Store::Config, key)? {
            Value::String(folder) if !folder.is_empty() => Some(folder),
            _ => {
                self.report(
                    Diagnostic::error("config/invalid-value", format!("{key} must be the path of a folder"))
                        .hint("Set it to a folder, or remove it."),
                );
                None
            }
        }
    }
}
