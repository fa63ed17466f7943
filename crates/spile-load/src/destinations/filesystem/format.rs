//! The formats of files: batches in, the bytes of a file out.
//!
//! Pure. Invariant: the same batches give the same bytes, so a load that is tried again writes the same files.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, new_null_array};
use arrow_schema::{ArrowError, DataType as ArrowType, Field, Schema as ArrowSchema, SchemaRef, TimeUnit};
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression as Codec;
use parquet::file::properties::WriterProperties;
use spile_core::{ColumnSchema, DataType, Error, ErrorKind, Result, TableSchema};

use super::text;

/// dlt's scale of a decimal.
const DECIMAL: (u8, i8) = (38, 9);

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A JSON object a line.
    Jsonl,
    /// Columns.
    Parquet,
    /// A header, commas, quotes.
    Csv,
}

impl Format {
    /// Finds a format by dlt's name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Jsonl, Self::Parquet, Self::Csv].into_iter().find(|format| format.as_str() == name)
    }

    /// Returns dlt's name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }

    /// Returns whether gzip makes sense: Parquet compresses its columns itself.
    pub(super) fn is_text(self) -> bool {
        self != Self::Parquet
    }
}

/// A file in the making.
pub(super) enum FileWriter<'t> {
    Text { format: Format, columns: Vec<&'t ColumnSchema>, sink: Box<dyn Sink>, line: String },
    Parquet { schema: SchemaRef, writer: Box<ArrowWriter<Vec<u8>>> },
}

impl<'t> FileWriter<'t> {
    /// Starts a file with all columns of a table that have a type.
    pub(super) fn new(format: Format, compress: bool, table: &'t TableSchema) -> Result<Self> {
        let columns: Vec<&ColumnSchema> =
            table.columns.values().filter(|column| column.data_type.is_some()).collect();
        if format == Format::Parquet {
            let fields: Vec<Field> = columns
                .iter()
                .filter_map(|column| {
                    // A record may lack what its column was declared to have; the keys of dlt's are never missing.
                    let nullable = column.nullable || !column.name.starts_with("_dlt");
                    Some(Field::new(&column.name, arrow_type(column.data_type?), nullable))
                })
                .collect();
            let schema = Arc::new(ArrowSchema::new(fields));
            let properties = WriterProperties::builder().set_compression(Codec::SNAPPY).build();
            let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties))
                .map_err(not_written)?;
            return Ok(Self::Parquet { schema, writer: Box::new(writer) });
        }
        let mut sink: Box<dyn Sink> = if compress {
            Box::new(GzEncoder::new(Vec::new(), Compression::default()))
        } else {
            Box::new(Vec::new())
        };
        let mut line = String::new();
        if format == Format::Csv {
            text::push_header(&mut line, &columns);
            sink.write_all(line.as_bytes()).map_err(not_written)?;
        }
        Ok(Self::Text { format, columns, sink, line })
    }

    /// Adds the rows of a batch.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Self::Text { format, columns, sink, line } => {
                line.clear();
                match format {
                    Format::Csv => text::push_csv(line, columns, batch)?,
                    _lines => text::push_jsonl(line, columns, batch)?,
                }
                sink.write_all(line.as_bytes()).map_err(not_written)
            }
            Self::Parquet { schema, writer } => {
                let arrays = schema.fields().iter().map(|field| whole_column(field, batch));
                let arrays = arrays.collect::<Result<Vec<ArrayRef>>>()?;
                let batch = RecordBatch::try_new(Arc::clone(schema), arrays).map_err(unfit)?;
                writer.write(&batch).map_err(not_written)
            }
        }
    }

    /// Returns how many bytes the file has so far.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text { sink, .. } => sink.size(),
            Self::Parquet { writer, .. } => writer.bytes_written() + writer.in_progress_size(),
        }
    }

    /// Ends the file.
    pub(super) fn finish(self) -> Result<Vec<u8>> {
        match self {
            Self::Text { sink, .. } => sink.end().map_err(not_written),
            Self::Parquet { writer, .. } => writer.into_inner().map_err(not_written),
        }
    }
}

/// Where lines go.
pub(super) trait Sink: Write {
    /// Returns how many bytes came out so far.
    fn size(&self) -> usize;

    /// Returns all bytes.
    fn end(self: Box<Self>) -> io::Result<Vec<u8>>;
}

impl Sink for Vec<u8> {
    fn size(&self) -> usize {
        self.len()
    }

    fn end(self: Box<Self>) -> io::Result<Vec<u8>> {
        Ok(*self)
    }
}

impl Sink for GzEncoder<Vec<u8>> {
    fn size(&self) -> usize {
        self.get_ref().len()
    }

    fn end(self: Box<Self>) -> io::Result<Vec<u8>> {
        self.finish()
    }
}

/// Returns the type of a Parquet column, the same as dlt's.
fn arrow_type(data_type: DataType) -> ArrowType {
    match data_type {
        DataType::Text | DataType::Json => ArrowType::Utf8,
        DataType::Double => ArrowType::Float64,
        DataType::Bool => ArrowType::Boolean,
        DataType::Timestamp => ArrowType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::Bigint => ArrowType::Int64,
        DataType::Binary => ArrowType::Binary,
        DataType::Decimal => ArrowType::Decimal128(DECIMAL.0, DECIMAL.1),
        DataType::Date => ArrowType::Date32,
        DataType::Time => ArrowType::Time64(TimeUnit::Microsecond),
    }
}

/// Returns the column of a batch in the type of the file; NULLs where the batch has none.
fn whole_column(field: &Field, batch: &RecordBatch) -> Result<ArrayRef> {
    match batch.column_by_name(field.name()) {
        None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        Some(array) if array.data_type() == field.data_type() => Ok(Arc::clone(array)),
        Some(array) => arrow_cast::cast(array, field.data_type()).map_err(unfit),
    }
}

fn unfit(cause: ArrowError) -> Error {
    Error::new(ErrorKind::Data, "destination/conversion", "a record does not fit the columns of its table")
        .hint("Check the primary key and the columns declared with nullable false.")
        .source_error(cause)
}

fn not_written(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Bug, "destination/file", "a file for the destination could not be made")
        .source_error(cause)
}
