//! Names and texts inside SQL.
//!
//! Invariant: no name reaches a statement but through [`Identifier`] or [`TableName`], no text but through [`Literal`].

use std::fmt;

/// A quoted identifier. Displaying it is the only way to write a name into SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identifier(String);

impl Identifier {
    /// Makes an identifier; any text is a valid one.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// A table inside the dataset, or a temporary one outside of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableName {
    dataset: Option<Identifier>,
    table: Identifier,
}

impl TableName {
    /// Names a table of a dataset.
    pub(crate) fn new(dataset: &str, table: &str) -> Self {
        Self { dataset: Some(Identifier::new(dataset)), table: Identifier::new(table) }
    }

    /// Names a temporary table.
    pub(crate) fn temporary(table: &str) -> Self {
        Self { dataset: None, table: Identifier::new(table) }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(dataset) = &self.dataset {
            write!(f, "{dataset}.")?;
        }
        write!(f, "{}", self.table)
    }
}

/// A text literal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Literal<'a>(pub(crate) &'a str);

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.replace('\'', "''"))
    }
}

/// Joins names with commas, each quoted and behind a prefix such as `s.`.
pub(crate) fn name_list<'a>(prefix: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> =
        names.into_iter().map(|name| format!("{prefix}{}", Identifier::new(name))).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(TableName::new("d\"s", "t").to_string(), "\"d\"\"s\".\"t\"");
        assert_eq!(TableName::temporary("select").to_string(), "\"select\"");
        assert_eq!(Literal("it's").to_string(), "'it''s'");
        assert_eq!(name_list("s.", ["a", "b"]), "s.\"a\", s.\"b\"");
    }
}
