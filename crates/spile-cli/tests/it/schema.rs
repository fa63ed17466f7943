//! `spile schema config`: what `check` accepts validates, and a misspelt key does not.
//!
//! The validator below knows the words of JSON Schema that ours uses, and fails on any other.

use serde_json::{Map, Value};

use crate::dlt_configs;
use crate::harness::{Place, repository};

struct Validator {
    schema: Value,
}

fn validator() -> Validator {
    Validator { schema: Place::new().run(&["schema", "config"]).expect(0).json() }
}

impl Validator {
    /// Returns what is wrong with a value, as paths with a word of the schema each.
    fn errors(&self, value: &Value) -> Vec<String> {
        let mut errors = Vec::new();
        self.check(&self.schema, value, "", &mut errors);
        errors
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
        for (word, rule) in schema.as_object().unwrap() {
            let holds = match word.as_str() {
                "$ref" => {
                    let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                    let target = &self.schema["$defs"][name];
                    assert!(target.is_object(), "there is no definition `{name}`");
                    self.check(target, value, at, errors);
                    true
                }
                "anyOf" => rule.as_array().unwrap().iter().any(|choice| {
                    let mut inside = Vec::new();
                    self.check(choice, value, at, &mut inside);
                    inside.is_empty()
                }),
                "type" => is_of_type(value, rule.as_str().unwrap()),
                "enum" => rule.as_array().unwrap().contains(value),
                "const" => rule == value,
                // The one pattern there is.
                "pattern" => value.as_str().is_none_or(|text| text.starts_with("${") && text.ends_with('}')),
                "required" => value.as_object().is_none_or(|members| {
                    rule.as_array().unwrap().iter().all(|key| members.contains_key(key.as_str().unwrap()))
                }),
                "minProperties" => {
                    value.as_object().is_none_or(|members| members.len() as u64 >= rule.as_u64().unwrap())
                }
                "maxProperties" => {
                    value.as_object().is_none_or(|members| members.len() as u64 <= rule.as_u64().unwrap())
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(rule, item, &format!("{at}/{index}"), errors);
                    }
                    true
                }
                // The second three are read by `check_members`.
                "$schema"
                | "$defs"
                | "title"
                | "description"
                | "properties"
                | "additionalProperties"
                | "patternProperties" => true,
                other => panic!("`{other}` is no word that this validator knows"),
            };
            if !holds {
                errors.push(format!("{at}: {word}"));
            }
        }
        self.check_members(schema, value, at, errors);
    }

    fn check_members(&self, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
        for (key, member) in value.as_object().into_iter().flatten() {
            let at = format!("{at}/{key}");
            if let Some(known) = schema["properties"].get(key) {
                self.check(known, member, &at, errors);
            } else if schema.get("patternProperties").is_some() && key.starts_with("x-") {
                // Any value.
            } else {
                match &schema["additionalProperties"] {
                    Value::Bool(false) => errors.push(format!("{at}: unknown")),
                    Value::Object(_) => self.check(&schema["additionalProperties"], member, &at, errors),
                    _ => {}
                }
            }
        }
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("there is no type `{other}`"),
    }
}

/// Reads a config of any dialect as the JSON that `spile convert` makes of it.
fn as_json(place: &Place, name: &str) -> Option<Value> {
    let converted = place.run(&["convert", name, "--to", "json"]);
    (converted.status == 0).then(|| converted.json())
}

#[track_caller]
fn assert_valid(validator: &Validator, config: &Value, name: &str) {
    let errors = validator.errors(config);
    assert!(errors.is_empty(), "{name}: {config:#}\n{}", errors.join("\n"));
}

#[test]
fn the_good_configs_of_the_repository_validate() {
    let validator = validator();
    let place = Place::new();
    for name in ["accounts", "calls"] {
        for extension in ["json", "md", "py", "toml", "yaml"] {
            let file = format!("{name}.{extension}");
            place.copy(&format!("seeds/{file}"));
            assert_valid(&validator, &as_json(&place, &file).unwrap(), &file);
        }
    }
    let mut count = 0;
    for path in repository().join("testdata/python").read_dir().unwrap().flatten() {
        let name = path.file_name().into_string().unwrap();
        place.copy(&format!("python/{name}"));
        if let Some(config) = as_json(&place, &name) {
            assert_valid(&validator, &config, &name);
            count += 1;
        }
    }
    assert!(count >= 20, "{count} scripts");
}

#[test]
fn what_dlt_and_spile_accept_validates_and_misspelt_keys_do_not() {
    let validator = validator();
    let (mut accepted, mut misspelt) = (0, 0);
    for case in dlt_configs::accepted_by_both() {
        let place = Place::new();
        place.write("case.py", &case.script);
        let Some(config) = as_json(&place, "case.py") else { continue };
        assert_valid(&validator, &config, &case.name);
        accepted += 1;
        for broken in misspellings(&config) {
            assert!(!validator.errors(&broken).is_empty(), "{}: {broken:#}", case.name);
            misspelt += 1;
        }
    }
    println!("{accepted} configs validate, {misspelt} misspelt ones do not");
    assert!(accepted >= 90 && misspelt >= 500, "{accepted} {misspelt}");
}

/// Maps whose keys are the user's own.
const FREE: [&str; 9] = [
    "params",
    "headers",
    "json",
    "data",
    "login_json",
    "login_data",
    "columns",
    "arguments",
    "access_token_request_data",
];

/// The config with one key of the language misspelt, for every key that it has.
fn misspellings(config: &Value) -> Vec<Value> {
    match config {
        Value::Object(entries) => {
            let mut all = Vec::new();
            for (key, value) in entries {
                let renamed: Map<String, Value> = entries
                    .iter()
                    .map(|(name, value)| {
                        (if name == key { format!("{name}x") } else { name.clone() }, value.clone())
                    })
                    .collect();
                all.push(Value::Object(renamed));
                if FREE.contains(&key.as_str()) {
                    continue;
                }
                for inner in misspellings(value) {
                    let mut copy = entries.clone();
                    copy.insert(key.clone(), inner);
                    all.push(Value::Object(copy));
                }
            }
            all
        }
        Value::Array(items) => {
            let mut all = Vec::new();
            for (index, item) in items.iter().enumerate() {
                for inner in misspellings(item) {
                    let mut copy = items.clone();
                    copy[index] = inner;
                    all.push(Value::Array(copy));
                }
            }
            all
        }
        _ => Vec::new(),
    }
}
