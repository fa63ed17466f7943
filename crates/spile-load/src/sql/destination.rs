//! The one SQL destination: a place that connections are opened to, a dialect, a dataset.
//!
//! A connection is opened per call and closed after it, so that nobody is locked out of the database while pages are
//! fetched.

use std::collections::BTreeMap;

use spile_core::{
    Capabilities, Destination, Error, ErrorKind, Receipt, Result, Schema, SealedPackage, Stored, StoredLoad,
    StoredTable, WriteDisposition,
};

use super::commit::{receipt_of, write_package};
use super::connection::{Access, SqlConnection, SqlPlace, TextRows};
use super::dialect::SqlDialect;
use super::identifier::TableName;
use super::migrate::Catalogue;
use super::system;
use crate::dlt::{LOADS_TABLE, STATE_TABLE, VERSION_TABLE, decode_document, decode_state, schema_from_json};
use crate::segments::check_addressed;

/// Implements [`Destination`] for every SQL database.
pub(crate) struct SqlDestination<P, D> {
    place: P,
    dialect: D,
    dataset: String,
    read_only: bool,
}

impl<P: SqlPlace, D: SqlDialect + Send> SqlDestination<P, D> {
    /// Makes a destination for one dataset.
    pub(crate) fn new(place: P, dialect: D, dataset: String, read_only: bool) -> Self {
        Self { place, dialect, dataset, read_only }
    }

    /// Opens a place that is there, or that is created for writing.
    fn connect(&self, access: Access) -> Result<P::Connection> {
        self.place.connect(access)?.ok_or_else(|| {
            Error::new(ErrorKind::Destination, "destination/missing", "the destination is gone")
                .with("location", self.place.location())
        })
    }

    /// Writes a package in one transaction.
    fn write(&self, package: &SealedPackage) -> Result<Receipt> {
        let connection = self.connect(Access::Write)?;
        #[cfg(debug_assertions)]
        let connection = super::hold::Held::new(connection);
        let mut connection = connection;
        connection.begin()?;
        let receipt = self
            .write_once(&mut connection, package)
            .and_then(|receipt| connection.commit().map(|()| receipt));
        receipt.map_err(|error| match connection.rollback() {
            Ok(()) => error,
            Err(rollback) => error.with("rollback", rollback),
        })
    }

    /// Writes a package inside the transaction unless it is there: an earlier commit was not told of, or another process
    /// was faster while this one waited.
    fn write_once<C: SqlConnection>(&self, connection: &mut C, package: &SealedPackage) -> Result<Receipt> {
        if let Some(lock) = self.dialect.lock_dataset(&self.dataset) {
            connection.query(&lock)?;
        }
        let catalogue = Catalogue::read(connection, &self.dialect, &self.dataset)?;
        if self.has(&catalogue, &[LOADS_TABLE]) {
            let find = system::find_load(&self.dataset, &package.manifest.load_id);
            if !connection.query(&find)?.is_empty() {
                return receipt_of(connection, &self.dataset, package);
            }
        }
        write_package(connection, &self.dialect, &self.dataset, package, catalogue)
    }

    /// Opens the place for reading and reads its catalogue; `None`: there is no place yet.
    fn reader(&self) -> Result<Option<(P::Connection, Catalogue)>> {
        let Some(mut connection) = self.place.connect(Access::Read)? else {
            return Ok(None);
        };
        let catalogue = Catalogue::read(&mut connection, &self.dialect, &self.dataset)?;
        Ok(Some((connection, catalogue)))
    }

    /// Returns whether the tables that a query needs are there.
    fn has(&self, catalogue: &Catalogue, tables: &[&str]) -> bool {
        tables.iter().all(|table| catalogue.has(&self.dialect, table))
    }
}

impl<P: SqlPlace, D: SqlDialect + Send> Destination for SqlDestination<P, D> {
    fn capabilities(&self) -> Capabilities {
        self.dialect.capabilities()
    }

    fn location(&self) -> String {
        self.place.location()
    }

    fn restore(&mut self, pipeline: &str, schema_name: &str) -> Result<Stored> {
        let mut stored = Stored::default();
        let Some((mut connection, catalogue)) = self.reader()? else {
            return Ok(stored);
        };
        if self.has(&catalogue, &[VERSION_TABLE]) {
            stored.schema = newest_schema(&mut connection, &self.dataset, schema_name)?;
        }
        if self.has(&catalogue, &[STATE_TABLE, LOADS_TABLE]) {
            let rows = connection.query(&system::newest_state(&self.dataset, pipeline))?;
            stored.state = first_text(rows).map(|text| decode_state(&text)).transpose()?;
        }
        Ok(stored)
    }

    fn committed(&mut self, load_id: &str) -> Result<bool> {
        match self.reader()? {
            Some((mut connection, catalogue)) if self.has(&catalogue, &[LOADS_TABLE]) => {
                Ok(!connection.query(&system::find_load(&self.dataset, load_id))?.is_empty())
            }
            _nothing_stored => Ok(false),
        }
    }

    fn commit(&mut self, package: &SealedPackage) -> Result<Receipt> {
        check_addressed(package, &self.dataset, self.read_only)?;
        if package.manifest.tables.iter().any(|load| load.write_disposition == WriteDisposition::Merge) {
            self.place.foresee_merge();
        }
        loop {
            match self.write(package) {
                Err(error) if self.place.relieve(&error) => {}
                outcome => return outcome.map_err(|error| error.with("load_id", &package.manifest.load_id)),
            }
        }
    }

    fn tables(&mut self) -> Result<Vec<StoredTable>> {
        let Some(mut connection) = self.place.connect(Access::Read)? else {
            return Ok(Vec::new());
        };
        let mut tables: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for row in connection.query(&self.dialect.columns(&self.dataset))? {
            if let [Some(table), Some(column), Some(data_type)] = row.as_slice() {
                tables.entry(table.clone()).or_default().push((column.clone(), data_type.clone()));
            }
        }
        let mut stored = Vec::new();
        for (name, columns) in tables {
            let count = format!("SELECT COUNT(*) FROM {}", TableName::new(&self.dataset, &name));
            let rows = first_number(&connection.query(&count)?)?;
            stored.push(StoredTable { name, rows, columns });
        }
        stored.sort_by_key(|table| table.name.starts_with("_dlt"));
        Ok(stored)
    }

    fn loads(&mut self) -> Result<Vec<StoredLoad>> {
        match self.reader()? {
            Some((mut connection, catalogue)) if self.has(&catalogue, &[LOADS_TABLE]) => {
                let rows = connection.query(&system::loads(&self.dialect, &self.dataset))?;
                rows.into_iter().map(stored_load).collect()
            }
            _nothing_stored => Ok(Vec::new()),
        }
    }
}

/// Returns the newest stored schema of a name.
pub(crate) fn newest_schema(
    connection: &mut impl SqlConnection,
    dataset: &str,
    schema_name: &str,
) -> Result<Option<Schema>> {
    let Some(text) = first_text(connection.query(&system::newest_schema(dataset, schema_name))?) else {
        return Ok(None);
    };
    let document = decode_document(&text, "destination/stored-schema")?;
    schema_from_json(&document).map(Some)
}

fn stored_load(row: Vec<Option<String>>) -> Result<StoredLoad> {
    let mut values = row.into_iter();
    let mut next = || values.next().flatten().unwrap_or_default();
    let (load_id, schema_name) = (next(), next());
    let status = next().parse().map_err(|_| unexpected("a load status is not a number"))?;
    let inserted_at = next()
        .parse()
        .ok()
        .and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok())
        .ok_or_else(|| unexpected("the time of a load is not a time"))?
        .to_string();
    Ok(StoredLoad { load_id, schema_name, status, inserted_at })
}

fn first_text(rows: TextRows) -> Option<String> {
    rows.into_iter().next()?.into_iter().next().flatten()
}

/// Returns the number that a counting query answers.
pub(crate) fn first_number(rows: &TextRows) -> Result<u64> {
    rows.first()
        .and_then(|row| row.first()?.as_ref()?.parse().ok())
        .ok_or_else(|| unexpected("a count is not a number"))
}

fn unexpected(message: &str) -> Error {
    Error::new(ErrorKind::Destination, "destination/unexpected-answer", message)
}
