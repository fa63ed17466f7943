//! The convention of a dataset: what its stored schema says, and whether a run may go on with another one.
//!
//! Not here: how names are made. Invariant: tables that have rows keep the names they have, as in dlt.

use serde_json::{Value, json};

use super::NamingConvention;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::Schema;

impl Schema {
    /// Returns the convention that the stored schema names; `None` where it names none, which is dlt's default.
    ///
    /// A convention that Spile does not have is an error: under any other, the same data would get other names.
    pub fn naming_convention(&self) -> Result<Option<&'static NamingConvention>> {
        let Some(names) = self.rest.get("normalizers").and_then(|normalizers| normalizers.get("names"))
        else {
            return Ok(None);
        };
        let name = names.as_str().unwrap_or_default();
        NamingConvention::find(name).map(Some).ok_or_else(|| {
            let message = "the dataset is named by a convention that is not supported";
            Error::new(ErrorKind::State, "state/naming", message)
                .with("schema", &self.name)
                .with("naming", name)
                .hint("Load into another dataset; `spile list namings` shows the conventions that there are.")
        })
    }

    /// Takes the convention that a run asks for, or that of the dataset where it asks for none, and notes it.
    ///
    /// dlt refuses another convention once a table has rows, and so is it here. Tables that are only declared are
    /// forgotten: the run declares them again, under their new names.
    pub fn adopt_naming(
        &mut self,
        asked: Option<&'static NamingConvention>,
    ) -> Result<&'static NamingConvention> {
        let stored = self.naming_convention()?.unwrap_or_else(NamingConvention::default_convention);
        let asked = asked.unwrap_or(stored);
        if asked == stored {
            return Ok(stored);
        }
        let mut data_tables = self.tables.values().filter(|table| !table.name.starts_with("_dlt"));
        if let Some(table) = data_tables.find(|table| table.has_seen_data()) {
            let message = "the tables of the dataset have rows, so their naming convention cannot change";
            return Err(Error::new(ErrorKind::State, "state/naming-frozen", message)
                .with("schema", &self.name)
                .with("table", &table.name)
                .with("stored", stored.name)
                .with("asked", asked.name)
                .hint(format!(
                    "Set schema.naming to {}, or load into another dataset with --dataset.",
                    stored.name
                )));
        }
        self.tables.retain(|name, _| name.starts_with("_dlt"));
        let normalizers = self.rest.entry("normalizers".to_owned()).or_insert_with(
            || json!({"names": null, "json": {"module": "dlt.common.normalizers.json.relational"}}),
        );
        if let Value::Object(normalizers) = normalizers {
            normalizers.insert("names".to_owned(), asked.name.into());
        }
        Ok(asked)
    }
}
