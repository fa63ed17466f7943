//! `include_from_parent`: values of the parent's row in each row of the child.
//!
//! Rows live on the tape of a parsed body, which is never edited; so the rows are written out with their new columns and
//! parsed once more. Only resources that include something pay for it. As in dlt a column of that name is replaced.

use serde_json::Value;
use spile_core::{Document, Error, ErrorKind, Json, ParentPlan, ParentRow, Result};

/// Returns the columns that a child's rows get.
pub(crate) fn columns(plan: &ParentPlan, row: &ParentRow) -> Vec<(String, Value)> {
    plan.include
        .iter()
        .map(|(offer, column)| (column.clone(), row.values.get(offer).cloned().unwrap_or_default()))
        .collect()
}

/// Returns a document whose top list holds the records with the columns added.
pub(crate) fn write(records: &[Json<'_>], columns: &[(String, Value)]) -> Result<Document> {
    let added: Vec<String> =
        columns.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str()))).collect();
    let added = added.join(",");
    let mut text = String::from("[");
    for (index, record) in records.iter().enumerate() {
        if !record.is_object() {
            return Err(Error::new(
                ErrorKind::Data,
                "source/row-not-object",
                "a row is not an object, so nothing of its parent can be included",
            )
            .hint("Check `data_selector`, or remove `include_from_parent`."));
        }
        if index > 0 {
            text.push(',');
        }
        text.push('{');
        for (name, value) in record.members() {
            if !columns.iter().any(|(column, _)| column == name) {
                text.push_str(&Value::from(name).to_string());
                text.push(':');
                value.write(&mut text);
                text.push(',');
            }
        }
        text.push_str(&added);
        text.push('}');
    }
    text.push(']');
    Document::parse(text.into_bytes()).map_err(|error| {
        Error::new(ErrorKind::Bug, "bug/include", "rows with included values cannot be read back")
            .source_error(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use spile_core::JsonKind;

    #[test]
    fn columns_are_added_and_replaced() {
        let body =
            br#"[{"id":1,"_p_id":0,"n":123456789012345678901,"f":1.50,"t":"a\"b","l":[{"x":null}]},{}]"#;
        let document = Document::parse(body.to_vec()).unwrap();
        let records: Vec<_> = document.root().elements().collect();
        let columns = [("_p_id".to_owned(), Value::from(7)), ("_p_\"q".to_owned(), Value::from("é"))];
        let written = write(&records, &columns).unwrap();
        let rows: Vec<_> = written.root().elements().collect();
        assert_eq!(rows[0].get("n").unwrap().kind(), JsonKind::BigInt(123_456_789_012_345_678_901));
        assert_eq!(rows[0].get("_p_id").unwrap().as_i64(), Some(7));
        assert_eq!(rows[0].get("f").unwrap().kind(), JsonKind::Float(1.5));
        assert_eq!(rows[0].get("t").unwrap().as_str(), Some("a\"b"));
        assert_eq!(rows[1].to_value().to_string(), r#"{"_p_id":7,"_p_\"q":"é"}"#);
        let scalars = Document::parse(b"[1]".to_vec()).unwrap();
        let records: Vec<_> = scalars.root().elements().collect();
        assert_eq!(write(&records, &columns).unwrap_err().code(), "source/row-not-object");
    }
}
