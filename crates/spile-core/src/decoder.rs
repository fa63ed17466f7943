//! What the bodies of a resource's answers are.

/// A format of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFormat {
    /// One JSON document.
    Json,
    /// One JSON value a line.
    JsonLines,
    /// Rows of separated fields.
    Csv,
    /// Elements.
    Xml,
}

/// How bodies are decoded. The default goes by the content type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecoderPlan {
    /// The format; `None`: as the content type says.
    pub format: Option<BodyFormat>,
    /// What separates the fields of CSV.
    pub delimiter: Option<u8>,
    /// The names of CSV's columns, when its first row does not have them.
    pub columns: Vec<String>,
    /// Which file of an archive counts.
    pub member: Option<String>,
}
