//! Functions of a script: the same values as in Python, the same datasets as with real dlt, and no way out of their
//! budget.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::harness::{Place, Recorded, Reply, Server, python, repository};

fn row() -> Value {
    json!({"id": 1, "name": "  Ada ", "none": null, "tags": ["x", "yy"], "nested": {"deep": {"x": 1}},
           "big": 12_345_678_901_234_567_890_u64, "price": 1.5, "flag": true})
}

/// Makes a script with a function that writes what every expression gives.
fn script(expressions: &[&str], url: &str) -> String {
    let mut text = String::from(
        "import base64, collections, copy, functools, hashlib, itertools, json, math, re\n\
         from datetime import date, datetime, timedelta, timezone\nimport pendulum\n\n\
         def evaluate(row):\n    results = []\n",
    );
    for expression in expressions {
        text.push_str(&format!(
            "    try:\n        results.append(repr(({expression})))\n    except Exception as error:\n        \
             results.append('raised ' + type(error).__name__)\n"
        ));
    }
    text + &format!(
        "    return {{\"results\": json.dumps(results)}}\n# config\n\
         from dlt.sources.rest_api import rest_api_source\n\
         source = rest_api_source({{\"client\": {{\"base_url\": \"{url}\"}}, \
         \"resources\": [{{\"name\": \"rows\", \"processing_steps\": [{{\"map\": evaluate}}]}}]}})\n"
    )
}

#[test]
fn expressions_give_what_cpython_gives() {
    let file = std::fs::read_to_string(repository().join("testdata/callables/expressions.txt")).unwrap();
    let expressions: Vec<&str> =
        file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let server = Server::start(|_| Reply::json(json!({"data": [row()]})));
    let place = Place::new();
    let path = place.write("language.py", &script(&expressions, &server.url("")));
    let output = Command::new(python())
        .arg(repository().join("testdata/callables/evaluate.py"))
        .args([path.to_str().unwrap(), &row().to_string()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
    place.run(&["run", "language.py"]).expect(0);
    let ours = place.row("language.duckdb", "select results from language_dataset.rows").remove(0);
    let ours: Vec<String> = serde_json::from_str(&ours).unwrap();
    assert_eq!((ours.len(), theirs.len()), (expressions.len(), expressions.len()));
    let different: Vec<String> = expressions
        .iter()
        .zip(ours.iter().zip(&theirs))
        .filter(|(_, (ours, theirs))| ours != theirs)
        .map(|(expression, (ours, theirs))| format!("{expression}\n  spile {ours}\n  python {theirs}"))
        .collect();
    assert!(different.is_empty(), "{} differ\n{}", different.len(), different.join("\n"));
}

/// Answers for `testdata/callables/steps.py`: the same rows for nearly every case, with what was asked for in them.
fn api(request: &Recorded) -> Reply {
    let names = ["Alpha", " beta ", "Gamma!", "Delta"];
    let prices = ["1,5", "x", "2.25", "3"];
    let kinds = ["a", "b", "c"];
    let rows: Vec<Value> = (1..=4)
        .map(|id| {
            json!({
                "id": id,
                "name": names[id - 1],
                "price": if id == 2 { Value::Null } else { json!(id as f64 / 2.0 + 0.25) },
                "price_text": prices[id - 1],
                "tags": (0..id % 3).map(|tag| format!("t{tag}")).collect::<Vec<_>>(),
                "nested": {"a": id, "b": {"c": format!("é{id}"), "d": [1, 2]}},
                "items": (0..id).map(|n| json!({"kind": kinds[n % 3], "n": n + 1})).collect::<Vec<_>>(),
                "updated": format!("2024-01-0{id}T00:00:00Z"),
                "asked": request.query.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&"),
                "secret": "s",
            })
        })
        .collect();
    let body = json!({"data": rows});
    match request.path.as_str() {
        "/hook_encoding" => Reply::json(json!({"data": [{"id": 1, "name": "café €"}]})),
        "/hook_ignore" => Reply::json(body).status(410),
        "/hook_accept" => Reply::json(body).status(404),
        _ => Reply::json(body),
    }
}

#[test]
fn dlt_makes_the_same_dataset_with_functions() {
    let (place, found) = differences("steps.py", 1, &[]);
    assert_eq!(found, json!({}), "{found:#}");
    let tables = place.row(
        "oracle.duckdb",
        "select count(distinct table_name) from information_schema.columns where table_schema = 'data' \
         and table_name not like '\\_dlt%' escape '\\' and table_name not like '%\\_\\_%' escape '\\'",
    );
    assert!(tables[0].parse::<u32>().unwrap() >= 36, "{tables:?} cases were loaded");
}

/// Loads a script of `testdata/callables` several times with both and returns where the datasets differ.
fn differences(script: &str, runs: usize, variables: &[(&str, &str)]) -> (Place, Value) {
    let server = Server::start(api);
    let mut place = Place::new().variable("CALLABLES_URL", &server.url(""));
    for (name, value) in variables {
        place = place.variable(name, value);
    }
    let script = std::fs::read_to_string(repository().join("testdata/callables").join(script)).unwrap();
    for run in 0..runs {
        let name = format!("run-{run}.py");
        place.write(&name, &script.replace("RUN = 0", &format!("RUN = {run}")));
        let outcome = place.run(&["run", &name, "--pipeline", "oracle", "--dataset", "data"]);
        assert!(matches!(outcome.status, 0 | 3), "{outcome:?}");
    }
    let output = Command::new(python())
        .arg(repository().join("testdata/oracle/compare.py"))
        .arg(place.path(""))
        .env("CALLABLES_URL", server.url(""))
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (place, serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn dlt_makes_the_same_dataset_with_resources_of_ones_own() {
    let (place, found) = differences("resources.py", 2, &[]);
    assert_eq!(found, json!({}), "{found:#}");
    let rows = place.row("oracle.duckdb", "select count(*) from data.many");
    assert_eq!(rows, ["5000"]);
}

#[test]
fn dlt_makes_the_same_dataset_with_a_table_per_row() {
    let (place, found) = differences("tables.py", 3, &[]);
    assert_eq!(found, json!({}), "{found:#}");
    let tables = place.row(
        "oracle.duckdb",
        "select count(distinct table_name) from information_schema.tables where table_schema = 'data' \
         and table_name not like '\\_dlt%' escape '\\' and table_name not like '%\\_\\_%' escape '\\'",
    );
    assert!(tables[0].parse::<u32>().unwrap() >= 25, "{tables:?} tables were loaded");
}

/// Runs a `map` function over one row and returns how it ended.
fn run(body: &str) -> crate::harness::Outcome {
    let server = Server::start(|_| Reply::json(json!({"data": [row()]})));
    let place = Place::new();
    place.write(
        "s.py",
        &format!(
            "import json, re, os\nfrom dlt.sources.rest_api import rest_api_source\nLIMITS = [1, 2]\nSEEN = {{}}\n\n\
             def change(row):\n{body}\n\nsource = rest_api_source({{\"client\": {{\"base_url\": \"{}\"}}, \
             \"resources\": [{{\"name\": \"rows\", \"processing_steps\": [{{\"map\": change}}]}}]}})\n",
            server.url("")
        ),
    );
    place.run(&["run", "s.py"])
}

#[test]
fn no_function_gets_out_of_its_budget_or_reaches_anything() {
    let mut problems = Vec::new();
    for (body, status, code, words) in [
        ("    while True:\n        pass", 1, "script/steps", "s.py:7:"),
        ("    return {\"n\": [0] * 10**9}", 1, "script/memory", "s.py:7:"),
        ("    return {\"n\": \"x\" * 10**12}", 1, "script/memory", "s.py:7:"),
        ("    return {\"n\": list(range(10**12))}", 1, "script/memory", "s.py:7:"),
        ("    text = \"x\"\n    while True:\n        text = text + text", 1, "script/memory", "s.py:9:"),
        ("    return change(row)", 1, "script/exception", "RecursionError"),
        (
            "    a = []\n    for n in range(300000):\n        a = [a]\n    return {\"a\": a}",
            1,
            "script/not-a-row",
            "nested",
        ),
        ("    a = {}\n    a[\"a\"] = a\n    return a", 1, "script/not-a-row", "nested"),
        (
            "    a = []\n    a.append(a)\n    return {\"a\": str(a), \"b\": a == [a]}",
            1,
            "script/exception",
            "RecursionError",
        ),
        ("    return {\"n\": 10 ** 1000}", 1, "script/number", "128 bits"),
        ("    return {\"n\": 1 << 10**9}", 1, "script/number", "128 bits"),
        ("    return {\"n\": \"%1000000000d\" % 1}", 1, "script/exception", "ValueError"),
        ("    return {\"n\": re.sub(\"(a*)*b\", \"\", \"a\" * 100000)}", 0, "", ""),
        (
            "    a, b = [], []\n    for n in range(100):\n        a, b = [a, a], [b, b]\n    return {\"n\": a == b}",
            1,
            "script/steps",
            "row: 1",
        ),
        (
            "    t = ()\n    for n in range(100):\n        t = (t, t)\n    return {\"n\": {t: 1}}",
            1,
            "script/",
            "change",
        ),
        (
            "    a = []\n    for n in range(100):\n        a = [a, a]\n    return {\"n\": str(a)}",
            1,
            "script/memory",
            "s.py:10:",
        ),
        (
            "    a = []\n    for n in range(50):\n        a = [a, a]\n    return {\"a\": a}",
            1,
            "script/memory",
            "row: 1",
        ),
        ("    return {\"n\": json.dumps([\"x\" * 10**7] * 10**6)}", 1, "script/memory", "s.py:7:"),
        ("    return {\"n\": \"a\".ljust(10**6, \"x\" * 10**8)}", 1, "script/exception", "TypeError"),
        (
            "    return {\"n\": [next(enumerate([1], 2**126)), round(2**126, -38), 2**126 in range(-9, 9)]}",
            1,
            "script/exception",
            "TypeError",
        ),
        ("    LIMITS.append(row)\n    return row", 1, "script/outlives-row", "copy"),
        ("    SEEN[row[\"id\"]] = 1\n    return row", 1, "script/outlives-row", "copy"),
        ("    return row[\"nope\"]", 1, "script/exception", "KeyError: 'nope'"),
        ("    raise ValueError(\"no good\")", 1, "script/exception", "ValueError: no good"),
        ("    return {\"s\": {1, 2}}", 1, "script/not-a-row", "list("),
        ("    return {\"f\": float(\"nan\")}", 1, "script/not-a-row", "None"),
        ("    return {1: 2}", 1, "script/not-a-row", "str("),
        ("    return open(\"/etc/passwd\").read()", 2, "config/function-unsupported", "`open`"),
        ("    return __import__(\"os\").system(\"id\")", 2, "config/function-unsupported", "`__import__`"),
        ("    return os.system(\"id\")", 2, "config/function-unsupported", "`os.system`"),
        ("    return eval(\"1\")", 2, "config/function-unsupported", "`eval`"),
        (
            "    import subprocess\n    return subprocess.run([])",
            2,
            "config/function-unsupported",
            "subprocess.run",
        ),
        ("    global LIMITS\n    LIMITS = []\n    return row", 2, "config/function-unsupported", "`LIMITS`"),
        ("    with row as x:\n        return x", 2, "config/function-unsupported", "`with`"),
        (
            "    return re.sub(r\"(?<=a)b\", \"\", row[\"name\"])",
            2,
            "config/function-unsupported",
            "look-around",
        ),
        ("    return (1).__class__.__bases__[0].__subclasses__()", 1, "script/unsupported", "`__class__`"),
        ("    return \"{0.__class__}\".format(1)", 1, "script/unsupported", "`__class__`"),
        ("    return getattr(change, \"__globals__\")", 1, "script/unsupported", "`__globals__`"),
    ] {
        let outcome = run(body);
        let said = [code, words].iter().all(|part| outcome.stderr.contains(part));
        if outcome.status != status || !said || outcome.stderr.contains("panicked") {
            problems.push(format!("{body}\nends with {}: {}", outcome.status, outcome.stderr));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

#[test]
fn a_changed_function_is_another_plan() {
    let place = Place::new();
    let fingerprint = |function: &str| {
        place.write(
            "s.py",
            &format!(
                "from dlt.sources.rest_api import rest_api_source\nLIMIT = 3\nsource = rest_api_source({{\"client\": \
                 {{\"base_url\": \"http://127.0.0.1:1\"}}, \"resources\": [{{\"name\": \"a\", \
                 \"processing_steps\": [{{\"filter\": {function}}}]}}]}})\n"
            ),
        );
        place.run(&["explain", "s.py", "--output", "json"]).expect(0).json()["fingerprint"].clone()
    };
    let first = fingerprint("lambda row: row[\"n\"] > 1");
    assert_eq!(first, fingerprint("lambda row:   row[\"n\"]  # the same\n    > 1"));
    assert_ne!(first, fingerprint("lambda row: row[\"n\"] > 2"));
    assert_ne!(fingerprint("lambda row: row[\"n\"] > LIMIT"), first);
}

#[test]
fn functions_are_not_carried_over_and_belong_to_python() {
    let place = Place::new();
    place.write(
        "s.py",
        "from dlt.sources.rest_api import rest_api_source\nsource = rest_api_source({\"client\": {\"base_url\": \"http://h\"}, \
         \"resources\": [{\"name\": \"a\", \"processing_steps\": [{\"filter\": lambda row: row}], \"endpoint\": \
         {\"path\": \"a\", \"response_actions\": [{\"status_code\": 200, \"action\": lambda answer: answer}]}}]})\n",
    );
    let outcome = place.run(&["convert", "s.py", "--to", "yaml"]).expect(0);
    assert_eq!(outcome.stderr.matches("config/not-carried-over").count(), 2, "{}", outcome.stderr);
    assert!(
        !outcome.stdout.contains("processing_steps") && !outcome.stdout.contains("status_code"),
        "{}",
        outcome.stdout
    );
    place.write(
        "s.yaml",
        "client: {base_url: http://h}\nresources: [{name: a, processing_steps: [{filter: \"lambda row: row\"}]}]\n",
    );
    let outcome = place.run(&["check", "s.yaml"]).expect(2);
    assert!(
        outcome.stderr.contains("filter must be a function") && outcome.stderr.contains(".py"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn made_rows_and_chosen_tables_survive_an_interruption() {
    let broken = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&broken);
    let server = Server::start(move |request| match request.path.rsplit_once('/') {
        Some(("/fails", _)) if seen.load(Ordering::SeqCst) => Reply::json("{}").status(400),
        Some((_, id)) => Reply::json(json!({"data": [{"id": id, "kind": "A"}, {"id": id, "kind": "b"}]})),
        None => Reply::json("{}").status(404),
    });
    let place = Place::new();
    // Each page leaves before what depends on it is asked for, so the first failure comes after a page of both.
    place.write(
        "s.py",
        &format!(
            "import dlt\nfrom dlt.sources.rest_api import rest_api_source\n\n@dlt.resource(table_name=lambda row: row['kind'])\n\
             def made():\n    for number in range(1, 4):\n        yield [{{'n': number, 'kind': 'odd' if number % 2 else 'even'}}]\n\n\
             def endpoint(name, path, **keys):\n    return {{'name': name, 'endpoint': {{'path': path, 'data_selector': 'data', \
             'paginator': 'single_page'}}, **keys}}\n\n\
             rest_api_source({{'client': {{'base_url': '{}', 'concurrency': 1}}, 'resources': [made, \
             endpoint('chosen', 'chosen/{{resources.made.n}}', table_name=lambda row: row['kind']), \
             endpoint('fails', 'fails/{{resources.chosen.id}}')]}})\n",
            server.url("")
        ),
    );
    place.run(&["run", "s.py"]).expect(1);
    server.take();
    broken.store(false, Ordering::SeqCst);
    let report = place.run(&["run", "s.py", "--output", "json"]).expect(0).json();
    let asked: Vec<String> = server.take().into_iter().map(|request| request.path).collect();
    assert!(!asked.contains(&"/chosen/1".to_owned()), "what was staged is not asked for again: {asked:?}");
    assert!(report["resources"][0]["pages_resumed"].as_u64().unwrap() >= 1, "{report:#}");
    assert_eq!(report["resources"][0]["verdict"]["status"], "proven_complete");
    let rows = place.row(
        "s.duckdb",
        "select (select count(*) from s_dataset.odd), (select sum(n)::bigint from s_dataset.even), \
         (select count(*) from s_dataset.a), (select count(*) from s_dataset.b), (select count(*) from s_dataset.fails)",
    );
    assert_eq!(rows, ["2", "2", "3", "3", "12"]);
}

#[test]
fn a_table_name_that_is_none_is_said_with_its_row() {
    let server = Server::start(|_| Reply::json(json!({"data": [{"id": 1, "kind": "a"}, {"id": 2}]})));
    let place = Place::new();
    place.write(
        "s.py",
        &format!(
            "from dlt.sources.rest_api import rest_api_source\nrest_api_source({{'client': {{'base_url': '{}'}}, 'resources': \
             [{{'name': 'r', 'table_name': lambda row: row.get('kind')}}]}})\n",
            server.url("")
        ),
    );
    let failed = place.run(&["run", "s.py"]).expect(1).stderr;
    for part in ["script/table-name", "NoneType", "row: 2", "resource: r", "page: 1"] {
        assert!(failed.contains(part), "{failed}");
    }
}
