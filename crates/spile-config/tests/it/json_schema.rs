//! `columns` as a JSON Schema: the hints that it stands for, and what is said of the rest.

use spile_core::{ColumnHint, Diagnostic, Severity};

use crate::project::{render, yaml};

const SCHEMA: &str = r##"
client: {base_url: https://h}
resources:
  - name: calls
    columns:
      type: object
      required: [id, nested, both, choice, amount]
      properties:
        id: {type: integer, description: The id}
        userName: {type: string}
        amount: {type: [number, "null"]}
        both: {type: [integer, number]}
        flag: {type: boolean}
        made: {type: string, format: date-time}
        day: {type: string, format: date}
        at: {type: string, format: time}
        blob: {type: string, format: byte}
        mail: {type: string, format: email}
        choice: {anyOf: [{type: string}, {type: "null"}]}
        nested:
          type: object
          required: [in, deep]
          properties:
            in: {$ref: "#/$defs/word"}
            deep: {type: [object, "null"], required: [x], properties: {x: {type: integer}}}
      $defs: {word: {type: string}}
"##;

fn hints(columns: &[ColumnHint]) -> Vec<(String, &'static str, Option<bool>)> {
    let hint =
        |column: &ColumnHint| (column.name.clone(), column.data_type.unwrap().as_str(), column.nullable);
    columns.iter().map(hint).collect()
}

#[test]
fn a_schema_stands_for_columns() {
    let plan = yaml(SCHEMA).plan("c.yaml");
    let columns = &plan.resources[0].load.columns;
    let expected = [
        ("id", "bigint", false),
        ("userName", "text", true),
        ("amount", "double", true),
        ("both", "double", false),
        ("flag", "bool", true),
        ("made", "timestamp", true),
        ("day", "date", true),
        ("at", "time", true),
        ("blob", "binary", true),
        ("mail", "text", true),
        ("choice", "text", true),
        ("nested__in", "text", false),
        ("nested__deep__x", "bigint", true),
    ];
    let expected: Vec<_> =
        expected.map(|(name, kind, nullable)| (name.to_owned(), kind, Some(nullable))).into();
    assert_eq!(hints(columns), expected);
    // The same as dlt's own form of these hints.
    let written = columns.iter().map(|column| {
        let description = column.hints.get("description").map(|text| format!(", description: {text}"));
        let (kind, nullable) = (column.data_type.unwrap().as_str(), column.nullable.unwrap());
        let more = description.unwrap_or_default();
        format!("      {}: {{data_type: {kind}, nullable: {nullable}{more}}}\n", column.name)
    });
    let (head, _) = SCHEMA.split_once("      type: object").unwrap();
    let by_hand = yaml(&format!("{head}{}", written.collect::<String>())).plan("c.yaml");
    assert_eq!(*columns, by_hand.resources[0].load.columns);
    let direct = yaml(SCHEMA).variable("SCHEMA__NAMING", "direct").plan("c.yaml");
    assert_eq!(direct.resources[0].load.columns[11].name, "nested▶in");
}

#[test]
fn what_is_no_hint_is_said() {
    for (property, said) in [
        ("{type: array, items: {type: string}}", "list `p`"),
        ("{type: object}", "object `p`"),
        ("{type: [string, integer]}", "several types"),
        ("{oneOf: [{type: string}, {type: integer}]}", "one of several schemas"),
        ("{description: what}", "no type"),
        ("{type: 'null'}", "only null"),
        ("{$ref: 'other.json#/x'}", "not in the JSON Schema"),
        ("{$ref: '#'}", "nested in itself"),
        ("{$ref: '#/properties/p'}", "nested too deep"),
        ("{type: integer, minimum: 0}", "`minimum`"),
    ] {
        let text = format!(
            "client: {{base_url: https://h}}\nresources:\n  - {{name: r, columns: {{type: object, properties: {{p: {property}}}}}}}\n"
        );
        let resolved = yaml(&text).load("c.yaml");
        let warnings: Vec<&Diagnostic> =
            resolved.diagnostics.iter().filter(|found| found.code == "config/no-effect").collect();
        assert!(resolved.plan.is_some(), "{property}: {}", render(&resolved.diagnostics));
        assert!(warnings.iter().any(|found| found.message.contains(said)), "{property}: {warnings:?}");
        assert!(warnings.iter().all(|found| found.severity == Severity::Warning && found.hint.is_some()));
    }
}

#[test]
fn a_schema_that_multiplies_without_end_is_bounded() {
    let doubled = |number: usize| {
        let next = format!("{{$ref: '#/$defs/d{}'}}", number + 1);
        format!("d{number}: {{type: object, properties: {{a: {next}, b: {next}}}}}")
    };
    let definitions: Vec<String> = (0..40).map(doubled).collect();
    let text = format!(
        "client: {{base_url: https://h}}\nresources:\n  - {{name: r, columns: {{type: object, properties: {{p: {{$ref: '#/$defs/d0'}}}}, $defs: {{{}}}}}}}\n",
        definitions.join(", ")
    );
    let resolved = yaml(&text).load("c.yaml");
    assert!(render(&resolved.diagnostics).contains("nested too deep"));
}

#[test]
fn a_malformed_schema_is_refused_and_columns_may_be_called_type() {
    let with = |columns: &str| {
        yaml(&format!("client: {{base_url: https://h}}\nresources:\n  - {{name: r, columns: {columns}}}\n"))
    };
    for broken in [
        "{type: object, properties: {p: 3}}",
        "{type: object, properties: {p: {type: [3]}}}",
        "{type: object, properties: {p: {type: integre}}}",
        "{type: object, required: {p: true}, properties: {p: {type: string}}}",
        "{type: object, properties: {p: {anyOf: {}}}}",
    ] {
        let found = with(broken).load("c.yaml");
        assert!(found.plan.is_none(), "{broken}");
        assert!(render(&found.diagnostics).contains("config/wrong-type"), "{broken}");
    }
    let plan = with("{type: {data_type: text}, properties: {data_type: json}}").plan("c.yaml");
    assert_eq!(plan.resources[0].load.columns.len(), 2);
}
