//! The dataset's schema as a file, `<schema name>.schema.yaml`, in dlt's form: what `export_schema_path` and
//! `import_schema_path` name folders for.
//!
//! Not here: what the stored form is (`spile_load`). Invariants: a file is written whole or not at all; an import adds to
//! tables that have rows and changes neither their columns' types nor their names.

use std::fs;
use std::io::ErrorKind as IoKind;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use spile_core::{
    Error, ErrorKind, Naming, NamingConvention, Plan, Result, Schema, SchemaFiles, Stored, TableSchema,
};
use spile_load::{finalize_schema, schema_from_json, schema_to_json, schema_version_hash};
use spile_normalize::Normalizer;

use crate::durable;
use crate::environment::{RunOptions, open_destination};
use crate::run::Line;

/// Where dlt notes which version of the file a schema was imported from.
pub(crate) const IMPORTED: &str = "imported_version_hash";

/// What dlt notes of a table that it does not take from a file.
const MARKS: &str = "x-normalizer";

/// What an import gives.
pub(crate) struct Import {
    /// The schema to go on with.
    pub(crate) schema: Schema,
    /// Whether there was no file, so that the first run writes one.
    pub(crate) is_missing: bool,
    /// What of the file has no effect.
    pub(crate) warnings: Vec<String>,
}

impl Line<'_> {
    /// Returns the schema that the run starts from: the stored one, with what is imported.
    pub(crate) fn first_schema(&self, stored: &Stored) -> Result<Import> {
        let source = &self.plan.source;
        match &self.plan.schema_files.import {
            Some(folder) => import(folder, source, stored.schema.clone(), self.plan.naming),
            None => Ok(Import {
                schema: stored.schema.clone().unwrap_or_else(|| Schema::new(source)),
                is_missing: false,
                warnings: Vec::new(),
            }),
        }
    }

    /// Returns the schema with what the resources declare and no data.
    pub(crate) fn declared(&self, schema: &Schema, naming: Naming) -> Result<Schema> {
        let mut normalizer = Normalizer::new(schema.clone(), "", naming, &self.plan.limits);
        self.declare(&mut normalizer)?;
        Ok(normalizer.schema().clone())
    }
}

/// Writes the newest stored schema to the file that the plan names for it.
pub(crate) fn export_stored(plan: &Plan, options: &RunOptions) -> Result<()> {
    let SchemaFiles { import, export: Some(folder) } = &plan.schema_files else { return Ok(()) };
    let mut destination = open_destination(&plan.destination, &plan.dataset, options, true)?;
    match destination.restore(&plan.pipeline, &plan.source)?.schema {
        // Marks of this dataset have no business in a file that another one starts from.
        Some(schema) => export(folder, &schema, import.as_ref() != Some(folder)),
        None => Ok(()),
    }
}

/// Brings the file of a folder into the stored schema, when it is another one than was imported last.
fn import(
    folder: &Path,
    name: &str,
    stored: Option<Schema>,
    asked: Option<&'static NamingConvention>,
) -> Result<Import> {
    let path = file_in(folder, name);
    let mut import = Import {
        schema: stored.clone().unwrap_or_else(|| Schema::new(name)),
        is_missing: false,
        warnings: Vec::new(),
    };
    let Some(mut imported) = read(&path, name)? else {
        import.is_missing = true;
        return Ok(import);
    };
    let hash = Value::from(schema_version_hash(&imported));
    if stored.as_ref().is_some_and(|stored| stored.rest.get(IMPORTED) == Some(&hash)) {
        return Ok(import);
    }
    check_naming(&path, &imported, stored.as_ref(), asked)?;
    // Those of dlt are made by whoever loads; the file of a first run has them in part.
    imported.tables.retain(|table, _| !table.starts_with("_dlt"));
    import.schema = match stored {
        None => imported,
        Some(stored) => join(stored, imported, &mut import.warnings),
    };
    import.schema.rest.insert(IMPORTED.to_owned(), hash);
    Ok(import)
}

/// Makes the file of a first run: what was declared, before any data. Its hash is noted in the run's schema.
pub(crate) fn stub(declared: &Schema, schema: &mut Schema) -> Schema {
    let mut stub = without_marks(declared.clone());
    finalize_schema(&mut stub);
    schema.rest.insert(IMPORTED.to_owned(), schema_version_hash(&stub).into());
    stub
}

/// Writes a schema into a folder, unless the file has it already. `keeps_marks`: whether dlt's marks of tables with rows
/// are written.
pub(crate) fn export(folder: &Path, schema: &Schema, keeps_marks: bool) -> Result<()> {
    let path = file_in(folder, &schema.name);
    let schema = if keeps_marks { schema.clone() } else { without_marks(schema.clone()) };
    let text = spile_config::write_yaml(&document(&schema));
    if fs::read_to_string(&path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(|error| unwritable(&path, error))?;
    durable::write_file(&path, text.as_bytes()).map_err(|error| unwritable(&path, error))
}

/// Returns dlt's form for files: as it is stored, but tables and columns do not repeat their names.
pub(crate) fn document(schema: &Schema) -> Value {
    let mut document = schema_to_json(schema);
    if let Some(document) = document.as_object_mut() {
        document.shift_remove(IMPORTED);
    }
    let tables = document.get_mut("tables").and_then(Value::as_object_mut);
    for table in tables.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        table.shift_remove("name");
        let columns = table.get_mut("columns").and_then(Value::as_object_mut);
        for column in columns.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
            column.shift_remove("name");
        }
    }
    document
}

fn file_in(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.schema.yaml"))
}

fn read(path: &Path, name: &str) -> Result<Option<Schema>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == IoKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(path, "it cannot be read").source_error(error)),
    };
    let document = spile_config::read_yaml(&path.to_string_lossy(), &text).map_err(|findings| {
        let what = findings.first().map_or_else(String::new, |finding| finding.message.clone());
        let line =
            findings.first().and_then(|finding| finding.span.as_ref()).map(|span| span.line_column().0);
        unusable(path, &what).with("line", line.unwrap_or(1))
    })?;
    let schema = schema_from_json(&document).map_err(|error| {
        error
            .context()
            .iter()
            .fold(unusable(path, error.message()), |all, (name, value)| all.with(name, value))
    })?;
    if schema.name != name {
        return Err(unusable(path, "it holds a schema of another name").with("schema", &schema.name));
    }
    refuse_unheeded(path, &schema)?;
    Ok(Some(schema))
}

/// Refuses what dlt would heed in a schema and Spile does not: loading without it would give other data.
fn refuse_unheeded(path: &Path, schema: &Schema) -> Result<()> {
    let mut standard = Schema::new("standard");
    finalize_schema(&mut standard);
    let defaults = standard.rest["settings"].as_object().cloned().unwrap_or_default();
    let settings = schema.rest.get("settings").and_then(Value::as_object).cloned().unwrap_or_default();
    for (key, value) in &settings {
        if !value.is_null() && defaults.get(key) != Some(value) {
            return Err(unusable(path, &format!("`settings.{key}` is not supported there"))
                .hint("Remove it from the file; `columns` and `schema_contract` of a resource say the same for its table."));
        }
    }
    let json = schema.rest.get("normalizers").and_then(|normalizers| normalizers.pointer("/json/config"));
    let more =
        json.and_then(Value::as_object).into_iter().flat_map(Map::keys).find(|key| *key != "propagation");
    if let Some(key) = more {
        return Err(unusable(path, &format!("`normalizers.json.config.{key}` is not supported there")));
    }
    match schema.tables.values().find(|table| table.properties.contains_key("filters")) {
        Some(table) => {
            Err(unusable(path, "`filters` of a table are not supported").with("table", &table.name))
        }
        None => Ok(()),
    }
}

/// Refuses a file whose names follow another convention than the dataset's.
fn check_naming(
    path: &Path,
    imported: &Schema,
    stored: Option<&Schema>,
    asked: Option<&'static NamingConvention>,
) -> Result<()> {
    let default = NamingConvention::default_convention();
    let of_file = imported.naming_convention()?.unwrap_or(default);
    let wanted = match (asked, stored) {
        (Some(asked), _) => asked,
        (None, Some(stored)) => stored.naming_convention()?.unwrap_or(default),
        (None, None) => of_file,
    };
    if of_file == wanted {
        return Ok(());
    }
    Err(unusable(path, "its names follow another convention")
        .with("file_naming", of_file.name)
        .with("naming", wanted.name))
}

/// Joins the stored schema and a file that changed. dlt takes the file alone; here what the destination has stays.
fn join(stored: Schema, mut imported: Schema, warnings: &mut Vec<String>) -> Schema {
    let mut tables = indexmap::IndexMap::new();
    for (name, table) in stored.tables {
        match imported.tables.shift_remove(&name) {
            Some(other) => {
                tables.insert(name, join_tables(table, other, warnings));
            }
            None if table.has_seen_data() || name.starts_with("_dlt") => {
                tables.insert(name, table);
            }
            // Declared once, without rows, and not in the file any more.
            None => {}
        }
    }
    tables.extend(imported.tables);
    Schema {
        name: stored.name,
        version: stored.version,
        version_hash: stored.version_hash,
        previous_hashes: stored.previous_hashes,
        tables,
        // What is in both is the same, or else it was refused; only the stored one has what loads noted there.
        rest: imported.rest.into_iter().chain(stored.rest).collect(),
    }
}

fn join_tables(stored: TableSchema, mut imported: TableSchema, warnings: &mut Vec<String>) -> TableSchema {
    let mut joined = TableSchema::new(stored.name.clone());
    joined.parent = if stored.has_seen_data() { stored.parent } else { imported.parent };
    for (name, column) in stored.columns {
        let mut next = imported.columns.shift_remove(&name).unwrap_or_else(|| column.clone());
        if let (Some(before), after) = (column.data_type, next.data_type)
            && after != Some(before)
        {
            if let Some(after) = after {
                warnings.push(format!(
                    "column {name} of table {}: it is stored as {}, the imported type {} has no effect",
                    stored.name,
                    before.as_str(),
                    after.as_str()
                ));
            }
            next.data_type = Some(before);
        }
        joined.columns.insert(name, next);
    }
    joined.columns.extend(imported.columns);
    joined.properties = imported.properties;
    if let Some(marks) = stored.properties.get(MARKS) {
        let own = joined.properties.entry(MARKS.to_owned()).or_insert_with(|| json!({}));
        if let (Value::Object(own), Value::Object(marks)) = (own, marks) {
            own.extend(marks.clone());
        }
    }
    joined
}

fn without_marks(mut schema: Schema) -> Schema {
    for table in schema.tables.values_mut() {
        table.properties.shift_remove(MARKS);
    }
    let hash = schema_version_hash(&schema);
    schema.version_hash = hash;
    schema
}

fn unusable(path: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Config, "schema/import", format!("a schema cannot be imported: {why}"))
        .with("file", path.display())
        .hint("Correct the file, or remove it: the next run then writes one with what is declared.")
}

fn unwritable(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::State, "schema/export", "the schema could not be written to its file")
        .with("file", path.display())
        .hint("Check that the folder can be written, or change export_schema_path or import_schema_path.")
        .source_error(error)
}

#[cfg(test)]
mod tests;
