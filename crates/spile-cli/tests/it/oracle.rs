//! Real dlt on the same responses: the same tables, columns, types, stored hints and rows, case by case.
//!
//! A case is a resource and the records of one to three runs. Cases that both sides can load share a config and its runs;
//! one that makes dlt or Spile fail is alone. A difference that is meant names its row of `COMPATIBILITY.md`; when it is
//! gone, the test says so.

mod documents;
mod matrix;
mod namings;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::harness::{Place, Reply, Server, python, repository};
use crate::load_postgres::Postgres;

/// How a difference begins that is dlt's failure.
const DLT_FAILS: &str = "dlt fails";

/// A resource with the bodies that it is given, run by run.
#[derive(Clone)]
struct Case {
    name: String,
    /// Keys of the resource beside its name and endpoint, for each run.
    resources: Vec<Map<String, Value>>,
    /// JSON of the records, for each run.
    records: Vec<String>,
    /// The id of a row of `COMPATIBILITY.md`.
    accepted: Option<String>,
    is_alone: bool,
}

impl Case {
    /// Reads a case. A run is a list of records, a text that is one (for what a JSON library would change), or an object
    /// of `records` and `resource`: keys of the resource in this run.
    fn read(name: &str, value: &Value) -> Self {
        let keys = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let mut case = Self {
            name: name.to_owned(),
            resources: Vec::new(),
            records: Vec::new(),
            accepted: value["accepted"].as_str().map(str::to_owned),
            is_alone: value["alone"] == true,
        };
        for run in value["runs"].as_array().unwrap() {
            let (records, own) =
                if run.is_object() { (&run["records"], keys(&run["resource"])) } else { (run, Map::new()) };
            case.records.push(records.as_str().map_or_else(|| records.to_string(), str::to_owned));
            case.resources.push(keys(&value["resource"]).into_iter().chain(own).collect());
        }
        case
    }

    fn resource(&self, run: usize) -> Value {
        let mut resource = json!({
            "name": self.name,
            "endpoint": {"path": self.name, "data_selector": "data", "paginator": "single_page"},
        });
        for (key, value) in &self.resources[run] {
            match (key.as_str(), value) {
                ("endpoint", Value::Object(members)) => {
                    resource["endpoint"].as_object_mut().unwrap().extend(members.clone());
                }
                _ => resource[key] = value.clone(),
            }
        }
        resource
    }
}

/// Reads all files of `testdata/oracle/cases`.
fn cases() -> Vec<Case> {
    let mut cases = BTreeMap::new();
    for entry in repository().join("testdata/oracle/cases").read_dir().unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let file: Map<String, Value> = serde_json::from_str(&text).unwrap();
        for (name, case) in &file {
            let before = cases.insert(name.clone(), Case::read(name, case));
            assert!(before.is_none(), "two cases are called {name}");
        }
    }
    cases.into_values().collect()
}

/// Where both load into, and how.
#[derive(Default)]
struct Target {
    /// A database each, on one server; `None`: a DuckDB file each.
    postgres: Option<Postgres>,
    /// Environment variables of both.
    variables: Vec<(&'static str, &'static str)>,
}

impl Target {
    /// Makes a place with what it needs, and returns the arguments of Spile's runs.
    fn prepare(&self) -> (Place, Vec<String>) {
        let place = Place::new();
        let place = self.variables.iter().fold(place, |place, (name, value)| place.variable(name, value));
        let environment: Map<String, Value> =
            self.variables.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let (mut databases, mut args) = (Value::Null, Vec::new());
        if let Some(server) = &self.postgres {
            let [dlt, spile] = [server.create_database(), server.create_database()];
            args = vec!["--destination".to_owned(), server.url_of(&spile)];
            databases = json!({"socket": server.socket(), "dlt": dlt, "spile": spile});
        }
        place.write("target.json", &json!({"postgres": databases, "environment": environment}).to_string());
        (place, args)
    }
}

/// Loads the cases with both and returns what differs, by case. `spile_runs` is how many of a case's runs Spile makes: all,
/// but for the test of the comparison itself.
fn differences(
    cases: &[Case],
    target: &Target,
    spile_runs: impl Fn(usize) -> usize,
) -> BTreeMap<String, Vec<String>> {
    let (alone, together): (Vec<_>, Vec<_>) = cases.iter().cloned().partition(|case| case.is_alone);
    let mut groups: Vec<Vec<Case>> = alone.into_iter().map(|case| vec![case]).collect();
    groups.extend((!together.is_empty()).then_some(together));
    let mut differences: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let server = serve(cases);
    while !groups.is_empty() {
        let places: Vec<Place> = groups
            .iter()
            .map(|group| load_with_spile(group, &server, target, &spile_runs, &mut differences))
            .collect();
        let mut found = load_with_dlt_and_compare(&places);
        // What made dlt fail took its whole group along; the others go again without it.
        groups = groups.into_iter().filter_map(|group| without_culprit(group, &mut found)).collect();
        for (name, problems) in found {
            differences.entry(name).or_default().extend(problems);
        }
    }
    differences
}

/// Gives every case its records, under the number of the run.
fn serve(cases: &[Case]) -> Server {
    let records: BTreeMap<String, Vec<String>> =
        cases.iter().map(|case| (case.name.clone(), case.records.clone())).collect();
    Server::start(move |request| {
        let (run, name) = request.path.trim_start_matches('/').split_once('/').unwrap();
        Reply::json(format!("{{\"data\": {}}}", records[name][run.parse::<usize>().unwrap()]))
    })
}

fn load_with_spile(
    group: &[Case],
    server: &Server,
    target: &Target,
    spile_runs: impl Fn(usize) -> usize,
    differences: &mut BTreeMap<String, Vec<String>>,
) -> Place {
    let (place, destination) = target.prepare();
    let runs = group.iter().map(|case| case.records.len()).max().unwrap();
    for run in 0..runs {
        let live = group.iter().filter(|case| run < case.records.len());
        let resources: Vec<Value> = live.map(|case| case.resource(run)).collect();
        let config = json!({"client": {"base_url": server.url(&format!("/{run}/"))}, "resources": resources});
        let file = format!("run-{run}.json");
        place.write(&file, &config.to_string());
        if run >= spile_runs(runs) {
            continue;
        }
        let mut args = vec!["run", &file, "--pipeline", "oracle", "--dataset", "data"];
        args.extend(destination.iter().map(String::as_str));
        let outcome = place.run(&args);
        if outcome.status != 0 {
            let name = if group.len() == 1 { &group[0].name } else { "all" };
            let text =
                format!("spile ends run {run} with {}: {}{}", outcome.status, outcome.stdout, outcome.stderr);
            differences.entry(name.to_owned()).or_default().push(text);
        }
    }
    place
}

fn load_with_dlt_and_compare(places: &[Place]) -> BTreeMap<String, Vec<String>> {
    let output = Command::new(python())
        .arg(repository().join("testdata/oracle/compare.py"))
        .args(places.iter().map(|place| place.path("")))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the cases that are to be loaded again: those of a group in which one that dlt names made it fail.
fn without_culprit(group: Vec<Case>, found: &mut BTreeMap<String, Vec<String>>) -> Option<Vec<Case>> {
    let failure = found.get(&group[0].name)?[0].clone();
    if group.len() == 1 || !failure.starts_with(DLT_FAILS) {
        return None;
    }
    let names_it = |case: &Case| failure.contains(&format!("job_id={}.", case.name));
    let (culprits, rest): (Vec<_>, Vec<_>) = group.into_iter().partition(names_it);
    if culprits.is_empty() {
        return None;
    }
    for case in &rest {
        found.remove(&case.name);
    }
    Some(rest)
}

/// The ids in the first column of the tables of `COMPATIBILITY.md`.
fn compatibility_ids() -> BTreeSet<String> {
    let text = std::fs::read_to_string(repository().join("COMPATIBILITY.md")).unwrap();
    let first_cells = text.lines().filter_map(|line| line.strip_prefix("| `"));
    first_cells.filter_map(|rest| rest.split_once("` |")).map(|(id, _)| id.to_owned()).collect()
}

/// Fails unless every case is equal or differs as it is meant to.
#[track_caller]
#[expect(clippy::print_stdout, reason = "the counts are what a run shows")]
fn report(cases: &[Case], differences: &BTreeMap<String, Vec<String>>) {
    let ids = compatibility_ids();
    let mut problems: Vec<String> = Vec::new();
    let mut accepted = 0;
    for case in cases {
        match (differences.get(&case.name), &case.accepted) {
            (None, None) => {}
            (Some(_), Some(id)) if ids.contains(id) => accepted += 1,
            (Some(_), Some(id)) => {
                problems.push(format!("{}: COMPATIBILITY.md has no row `{id}`", case.name));
            }
            (None, Some(id)) => problems.push(format!("{}: the difference `{id}` is gone", case.name)),
            (Some(found), None) => problems.push(format!("{}:\n{}", case.name, found.join("\n"))),
        }
    }
    if let Some(all) = differences.get("all") {
        problems.push(all.join("\n"));
    }
    assert!(
        problems.is_empty(),
        "{}\n\n{} of {} cases differ",
        problems.join("\n\n"),
        problems.len(),
        cases.len()
    );
    println!("{} cases: {} equal, {accepted} accepted differences", cases.len(), cases.len() - accepted);
}

#[test]
fn dlt_makes_the_same_dataset() {
    let cases = cases();
    report(&cases, &differences(&cases, &Target::default(), |runs| runs));
    assert!(cases.len() >= 120, "{} cases", cases.len());
}

/// The last cell of a row of `docs/dataset.md` names the cases that hold the rule.
#[test]
fn the_documented_cases_are_there() {
    let text = std::fs::read_to_string(repository().join("docs/dataset.md")).unwrap();
    let stated = format!("the {} cases of `testdata/oracle/cases`", cases().len());
    assert!(text.contains(&stated), "docs/dataset.md does not state {stated}");
    let cases: BTreeMap<String, bool> =
        cases().into_iter().map(|case| (case.name, case.accepted.is_some())).collect();
    let mut named = BTreeSet::new();
    let mut wrong = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let last = line.trim_end_matches('|').rsplit('|').next().unwrap();
        let parts: Vec<&str> = last.split('`').collect();
        for pair in parts.chunks_exact(2) {
            let is_case =
                |letter: char| letter == '_' || letter.is_ascii_lowercase() || letter.is_ascii_digit();
            let (is_italic, word) = (pair[0].ends_with('*'), pair[1]);
            if !word.contains('_') || !word.chars().all(is_case) {
                continue;
            }
            match cases.get(word) {
                Some(is_accepted) if *is_accepted == is_italic => {
                    named.insert(word);
                }
                Some(_) => wrong.push(format!("{word}: italics are for accepted differences")),
                None => wrong.push(format!("{word}: there is no such case")),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(named.len() >= 120, "{} cases are named", named.len());
}

#[test]
fn a_difference_is_seen() {
    let cases: Vec<Case> = cases().into_iter().filter(|case| case.name == "merge_children").collect();
    let differences = differences(&cases, &Target::default(), |runs| runs - 1);
    assert!(differences["merge_children"][0].contains("rows"), "{differences:?}");
}

/// `SPILE_ORACLE_SEED` and `SPILE_ORACLE_DOCUMENTS` repeat a run or make a longer one.
#[test]
fn random_documents_make_the_same_dataset() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seed = number("SPILE_ORACLE_SEED").unwrap_or(20_261_122);
    let count = number("SPILE_ORACLE_DOCUMENTS").unwrap_or(200);
    let cases: Vec<Case> = (seed..seed + count).map(documents::case).collect();
    let (mut problems, mut refused_by_dlt) = (Vec::new(), 0_u64);
    for batch in cases.chunks(25) {
        for (name, found) in differences(batch, &Target::default(), |runs| runs) {
            // dlt crashes on some values that Spile loads (`variant-of-variant`): there is nothing to compare with.
            if found[0].starts_with(DLT_FAILS) {
                refused_by_dlt += 1;
                continue;
            }
            let case = batch.iter().find(|case| case.name == name);
            let records = case.map(|case| case.records.join("\n")).unwrap_or_default();
            problems.push(format!("{name} (the number is the seed):\n{}\n{records}", found.join("\n")));
        }
    }
    assert!(
        problems.is_empty(),
        "{} of {count} documents differ:\n{}",
        problems.len(),
        problems.join("\n\n")
    );
    // About one in eight; many more would mean that hardly anything is compared.
    assert!(refused_by_dlt * 5 < count, "dlt cannot load {refused_by_dlt} of {count} documents");
    println!("{count} documents from seed {seed}: equal, but {refused_by_dlt} that dlt cannot load");
}
