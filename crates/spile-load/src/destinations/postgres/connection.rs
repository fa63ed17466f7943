//! Connections to a PostgreSQL server.
//!
//! Segments are copied into temporary tables of the transaction and go on from there with the SQL that all databases
//! share. The server casts between the staging types and those of a table that somebody else made.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use postgres::{Client, Config, NoTls, SimpleQueryMessage};
use spile_core::{Error, ErrorKind, Result, SegmentFile, TableSchema};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::copy::{self, Encoder};
use super::error::explain;
use crate::segments::{self, unreadable};
use crate::sql::connection::{Access, SqlConnection, SqlPlace, StagedRows, TextRows, staged_column};
use crate::sql::identifier::{Identifier, TableName, name_list};

/// The position of a staged row. No normalised name has a space.
const ROW: &str = "\"_spile row\"";
/// Bytes of one message of a COPY.
const MESSAGE_BYTES: usize = 64 << 10;

/// A database and how it is reached.
pub(super) struct PostgresPlace {
    config: Config,
    /// `None`: plain text.
    tls: Option<MakeRustlsConnect>,
    location: String,
}

impl PostgresPlace {
    /// Makes a place; nothing is opened yet. `location` is shown to people.
    pub(super) fn new(config: Config, tls: Option<MakeRustlsConnect>, location: String) -> Self {
        Self { config, tls, location }
    }
}

impl SqlPlace for PostgresPlace {
    type Connection = PostgresConnection;

    fn connect(&self, access: Access) -> Result<Option<PostgresConnection>> {
        let connected = match &self.tls {
            Some(tls) => self.config.connect(tls.clone()),
            None => self.config.connect(NoTls),
        };
        let mut client = connected.map_err(|cause| explain(cause).with("server", &self.location))?;
        let read_only = match access {
            Access::Read => "on",
            Access::Write => "off",
        };
        let settings = format!(
            "SET standard_conforming_strings = on; SET TimeZone = 'UTC'; \
             SET client_min_messages = error; SET default_transaction_read_only = {read_only}"
        );
        client.batch_execute(&settings).map_err(explain)?;
        Ok(Some(PostgresConnection { client, staged: 0 }))
    }

    fn relieve(&mut self, _error: &Error) -> bool {
        false
    }

    fn location(&self) -> String {
        self.location.clone()
    }
}

/// An open connection.
pub(super) struct PostgresConnection {
    client: Client,
    /// Staging tables made so far.
    staged: usize,
}

impl PostgresConnection {
    /// Copies one segment and returns the number of its last row and one.
    fn copy(
        &mut self,
        target: &TableName,
        table: &TableSchema,
        segment: ParquetRecordBatchReaderBuilder<File>,
        row: i64,
    ) -> Result<i64> {
        let names: Vec<String> = segment.schema().fields().iter().map(|field| field.name().clone()).collect();
        let columns = names.iter().map(|name| staged_column(table, name)).collect::<Result<Vec<_>>>()?;
        let list = name_list("", names.iter().map(String::as_str));
        let separator = if names.is_empty() { "" } else { ", " };
        let statement = format!("COPY {target} ({ROW}{separator}{list}) FROM STDIN (FORMAT binary)");
        let mut writer = self.client.copy_in(&statement).map_err(explain)?;
        let mut encoder = Encoder::new(columns, row);
        let mut bytes = Vec::from(copy::HEADER);
        for batch in segment.build().map_err(unreadable)? {
            encoder.encode(&batch.map_err(unreadable)?, &mut bytes)?;
            for message in bytes.chunks(MESSAGE_BYTES) {
                writer.write_all(message).map_err(interrupted)?;
            }
            bytes.clear();
        }
        bytes.extend(copy::TRAILER);
        writer.write_all(&bytes).map_err(interrupted)?;
        writer.finish().map_err(explain)?;
        Ok(encoder.next_row())
    }
}

impl SqlConnection for PostgresConnection {
    fn begin(&mut self) -> Result<()> {
        self.client.batch_execute("BEGIN").map_err(explain)
    }

    fn commit(&mut self) -> Result<()> {
        self.client.batch_execute("COMMIT").map_err(explain)
    }

    fn rollback(&mut self) -> Result<()> {
        self.client.batch_execute("ROLLBACK").map_err(explain)
    }

    fn execute(&mut self, statement: &str) -> Result<u64> {
        let answers = self.client.simple_query(statement).map_err(explain)?;
        let touched = answers.iter().rev().find_map(|answer| match answer {
            SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
            _rows_and_their_description => None,
        });
        Ok(touched.unwrap_or_default())
    }

    fn query(&mut self, statement: &str) -> Result<TextRows> {
        let answers = self.client.simple_query(statement).map_err(explain)?;
        let mut rows = TextRows::new();
        for answer in answers {
            if let SimpleQueryMessage::Row(row) = answer {
                rows.push((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect());
            }
        }
        Ok(rows)
    }

    fn stage(&mut self, folder: &Path, table: &TableSchema, segments: &[&SegmentFile]) -> Result<StagedRows> {
        let mut readers = Vec::new();
        let mut columns: Vec<(String, &'static str)> = Vec::new();
        for segment in segments {
            let reader = segments::open(folder, segment)?;
            for field in reader.schema().fields() {
                let column_type = copy::column_type(staged_column(table, field.name())?, field.data_type())?;
                if !columns.iter().any(|(name, _)| name == field.name()) {
                    columns.push((field.name().clone(), column_type));
                }
            }
            readers.push(reader);
        }
        let target = TableName::temporary(&format!("_spile_staged_{}", self.staged));
        self.staged += 1;
        let definitions: Vec<String> = columns
            .iter()
            .map(|(name, column_type)| format!(", {} {column_type}", Identifier::new(name.as_str())))
            .collect();
        self.execute(&format!(
            "CREATE TEMPORARY TABLE {target} ({ROW} bigint{}) ON COMMIT DROP",
            definitions.concat()
        ))?;
        let mut row = 0;
        for reader in readers {
            row = self.copy(&target, table, reader, row)?;
        }
        // Nobody else looks at a temporary table, so nobody else tells the planner how large it is.
        self.execute(&format!("ANALYZE {target}"))?;
        let columns = columns.into_iter().map(|(name, _)| name).collect();
        Ok(StagedRows::new(target.to_string(), columns, vec![ROW]))
    }
}

/// Explains why the server stopped a COPY.
fn interrupted(cause: std::io::Error) -> Error {
    match cause.downcast::<postgres::Error>() {
        Ok(refusal) => explain(refusal),
        Err(cause) => {
            Error::new(ErrorKind::Unavailable, "destination/unreachable", "the connection to postgres broke")
                .source_error(cause)
        }
    }
}
