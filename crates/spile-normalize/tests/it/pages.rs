//! Plans and pages made of JSON, for the tests and for the example that measures. They do no more than the engine does:
//! one parse, the records found in it, evidence that says nothing.

use spile_core::{
    Document, FamilyEvidence, IdentifierRules, Json, LoadPlan, MergePlan, NAMING_CONVENTIONS, Naming, Page,
    PageEvidence, PageId, Position, Totals, WriteDisposition,
};

/// dlt's default names, as DuckDB takes them.
pub(crate) fn naming() -> Naming {
    let rules = IdentifierRules { length_max: 65_536, bytes_max: None, is_case_sensitive: false };
    Naming::new(&NAMING_CONVENTIONS[0], rules)
}

/// A plan without hints.
pub(crate) fn load(table: &str) -> LoadPlan {
    LoadPlan {
        table: table.to_owned(),
        table_choice: None,
        write_disposition: WriteDisposition::Append,
        merge: MergePlan::default(),
        primary_key: Vec::new(),
        merge_key: Vec::new(),
        columns: Vec::new(),
        nested_hints: Vec::new(),
        max_table_nesting: None,
        schema_contract: None,
        table_hints: Vec::new(),
    }
}

/// A page of records: those under `key` of its body, or those of a body that is a list.
pub(crate) fn page(resource: &str, number: u128, body: Vec<u8>, key: Option<&str>) -> Page {
    let bytes = body.len() as u64;
    let document = Document::parse(body).expect("the bodies are valid JSON");
    let list = match key {
        Some(key) => document.root().get(key).expect("the bodies have this key"),
        None => document.root(),
    };
    let records: Vec<u32> = list.elements().map(Json::index).collect();
    let count = records.len() as u64;
    let evidence = PageEvidence {
        resource: resource.to_owned(),
        id: PageId(number.to_le_bytes()),
        position: Position::Start,
        next: None,
        stop: None,
        bytes,
        body_hash: String::new(),
        records: count,
        kept: count,
        outside_window: 0,
        duplicates: 0,
        totals: Totals::default(),
        selector_matched: true,
        retries: 0,
        one_by_one: None,
        may_skip_rows: false,
        cursor_state: None,
        cursor_key: None,
        window: None,
        family: FamilyEvidence::default(),
        warnings: Vec::new(),
    };
    Page { document, records, tables: Vec::new(), evidence }
}
