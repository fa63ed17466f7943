"""Runs real dlt on the configs of a folder and compares its dataset with the one that Spile made of the same configs.

    python compare.py FOLDER...

Each folder holds `run-0.json`, `run-1.json`, ... or scripts with a `config` (configs whose resources are the cases, one table family a case) and
`oracle.duckdb`, made by Spile. Prints {"case": ["difference", ...], ...} over all folders; a case that is equal is not in
it. Many cases share a run because starting dlt costs more than any case; what makes dlt fail has a folder of its own.
"""

import base64
import glob
import hashlib
import json
import os
import re
import runpy
import sys

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

import dlt  # noqa: E402
import duckdb  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402

ENTITIES = ("tables", "columns", "data_type")
IDS = ("_dlt_id", "_dlt_parent_id", "_dlt_root_id", "_dlt_load_id")


def load_with_dlt(folder):
    """Returns why dlt failed, or None, and the names of the root tables by case."""
    os.environ["DLT_DATA_DIR"] = folder
    roots = {}
    path = os.path.join(folder, "dlt.duckdb")
    for config_path in sorted(glob.glob(os.path.join(folder, "run-*.*"))):
        config = read(config_path)
        pipeline = dlt.pipeline("oracle", destination=dlt.destinations.duckdb(path), dataset_name="data")
        source = rest_api_source(config)
        for resource in config["resources"]:
            table = source.schema.naming.normalize_table_identifier(resource.get("table_name", resource["name"]))
            roots[resource["endpoint"]["path"]] = table
        try:
            pipeline.run(source)
        except Exception as error:
            return describe(error), roots
    return None, roots


def read(path):
    """A config as JSON, or the `config` of a script."""
    if path.endswith(".py"):
        return runpy.run_path(path)["config"]
    return json.load(open(path))


def describe(error):
    """The first cause of a failure, and the jobs that it names: a job is named after its table."""
    jobs = sorted(set(re.findall(r"job_id=([^ ]+)", str(error))))
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return f"{type(error).__name__}: {str(error)[:300]} {' '.join('job_id=' + job for job in jobs)}"


def row_key(row):
    return json.dumps([[name, str(type(value)), str(value)] for name, value in row.items() if name not in IDS])


def id_problem(name, row):
    """A nested row's id is a hash of its place; any other is dlt's fourteen characters or the record's own."""
    if "_dlt_parent_id" not in row:
        return None
    text = f"{row['_dlt_parent_id']}_{name}_{row['_dlt_list_idx']}"
    expected = base64.b64encode(hashlib.shake_128(text.encode()).digest(10)).decode().rstrip("=")
    return None if row["_dlt_id"] == expected else f"{name}: {row['_dlt_id']} is not the id of {text}"


class Dataset:
    """Tables as columns and rows; random ids give way to what identifies a row: its parent's rank, its index, its values."""

    def __init__(self, path, check_ids):
        self.connection = duckdb.connect(path, read_only=True)
        self.tables, self.ranks, self.id_problems = {}, {}, {}
        rows = self.connection.execute(
            "select table_name, column_name, data_type, is_nullable from information_schema.columns "
            "where table_schema = 'data' order by table_name, ordinal_position"
        ).fetchall()
        columns = {}
        for table, *column in rows:
            if not table.startswith("_dlt"):
                columns.setdefault(table, []).append(tuple(column))
        self.loads = [load for (load,) in self.connection.execute("select load_id from data._dlt_loads order by 1").fetchall()]
        (stored,) = self.connection.execute('select "schema" from data._dlt_version order by version desc limit 1').fetchone()
        self.hints = {name: table for name, table in json.loads(stored)["tables"].items()}
        for name in sorted(columns, key=lambda name: (name.count("__"), name)):
            self.tables[name] = (columns[name], self.rows(name, columns[name], check_ids))

    def rows(self, name, columns, check_ids):
        header = [column[0] for column in columns]
        found = [dict(zip(header, row)) for row in self.connection.execute(f'select * from data."{name}"').fetchall()]
        identified = []
        for row in found:
            if check_ids and (problem := id_problem(name, row)):
                self.id_problems.setdefault(name, []).append(problem)
            parent = self.ranks.get(row.get("_dlt_parent_id"), "" if "_dlt_parent_id" not in row else "orphan")
            root = "" if "_dlt_root_id" not in row else str(row["_dlt_root_id"] in self.ranks)
            load = "" if "_dlt_load_id" not in row else self.loads.index(row["_dlt_load_id"])
            identified.append((f"{parent}|{root}|{load}|{row_key(row)}", row))
        identified.sort(key=lambda pair: pair[0])
        for rank, (_, row) in enumerate(identified):
            self.ranks[row.get("_dlt_id")] = f"{name}#{rank}"
        return [key for key, _ in identified]

    def family(self, root):
        return {name for name in self.tables if name == root or name.startswith(root + "__")}

    def stored(self, name):
        """The columns of the stored schema, in order, and what the table says of itself."""
        table = self.hints.get(name, {})
        # What dlt leaves out where it is the default, and writes in more than one form, is written out.
        columns = [sorted({"nullable": True, **column}.items()) for column in table.get("columns", {}).values()]
        contract = table.get("schema_contract", "evolve")
        if isinstance(contract, str):
            contract = dict.fromkeys(ENTITIES, contract)
        contract = {entity: contract.get(entity, "evolve") for entity in ENTITIES}
        rest = {"x-merge-strategy": "delete-insert", **table, "schema_contract": contract, "columns": None}
        return columns, rest


def compare(root, expected, found):
    problems = []
    for name in sorted(expected.family(root) | found.family(root)):
        if name not in found.tables:
            problems.append(f"table {name} is missing")
            continue
        if name not in expected.tables:
            problems.append(f"table {name} is too much")
            continue
        (columns, rows), (found_columns, found_rows) = expected.tables[name], found.tables[name]
        if columns != found_columns:
            problems.append(f"{name}: columns\n  dlt:   {columns}\n  spile: {found_columns}")
        elif rows != found_rows:
            only_dlt = [row for row in rows if row not in found_rows][:3]
            only_spile = [row for row in found_rows if row not in rows][:3]
            problems.append(f"{name}: {len(rows)} and {len(found_rows)} rows\n  dlt:   {only_dlt}\n  spile: {only_spile}")
        elif expected.stored(name) != found.stored(name):
            problems.append(f"{name}: stored schema\n  dlt:   {expected.stored(name)}\n  spile: {found.stored(name)}")
        problems.extend(found.id_problems.get(name, []))
    return problems


differences = {}
for folder in map(os.path.abspath, sys.argv[1:]):
    failure, roots = load_with_dlt(folder)
    if failure:
        differences.update((case, [f"dlt fails: {failure}"]) for case in roots)
        continue
    if not os.path.exists(os.path.join(folder, "oracle.duckdb")):
        differences.update((case, ["spile made no dataset"]) for case in roots)
        continue
    expected = Dataset(os.path.join(folder, "dlt.duckdb"), False)
    found = Dataset(os.path.join(folder, "oracle.duckdb"), True)
    for case, root in roots.items():
        if problems := compare(root, expected, found):
            differences[case] = problems
print(json.dumps(differences))
