//! `import_schema_path` and `export_schema_path`: of the pipeline, else a setting, looked up where dlt looks.

use std::path::PathBuf;

use spile_core::{Diagnostic, SchemaFiles, Store, Value};

use crate::resolve::Resolver;

impl Resolver<'_> {
    pub(super) fn schema_files(&mut self) -> SchemaFiles {
        SchemaFiles {
            import: self.schema_folder("import_schema_path"),
            export: self.schema_folder("export_schema_path"),
        }
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
