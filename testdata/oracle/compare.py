"""Runs real dlt on the configs of a folder and compares its dataset with the one that Spile made of the same configs.

    python compare.py FOLDER...

Each folder holds `run-0.json`, `run-1.json`, ... or scripts with a `config` (configs whose resources are the cases, one
table family a case) and `oracle.duckdb`, made by Spile. `target.json` may name databases instead of files, `{"postgres":
{"socket", "dlt", "spile"}}`, and variables for dlt, `{"environment": {...}}`. Prints
{"case": ["difference", ...], ...} over all folders; a case that is equal is not in
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
from datetime import datetime, timezone

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

import dlt  # noqa: E402
import duckdb  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402

KEYED = ("upsert", "insert-only")
ENTITIES = ("tables", "columns", "data_type")
IDS = ("_dlt_id", "_dlt_parent_id", "_dlt_root_id", "_dlt_load_id")


def target(folder):
    path = os.path.join(folder, "target.json")
    return json.load(open(path)) if os.path.exists(path) else {}


def postgres(folder):
    """The databases of a folder, when they are not files."""
    return target(folder).get("postgres")


def destination_of(folder):
    if server := postgres(folder):
        return dlt.destinations.postgres(f"postgresql://spile:none@localhost/{server['dlt']}?host={server['socket']}")
    return dlt.destinations.duckdb(os.path.join(folder, "dlt.duckdb"))


def connect(folder, maker):
    """Returns what runs a query and gives its rows."""
    if server := postgres(folder):
        import psycopg2

        cursor = psycopg2.connect(host=server["socket"], dbname=server[maker], user="spile").cursor()

        def query(sql):
            cursor.execute(sql)
            return cursor.fetchall()

        return query
    name = {"dlt": "dlt.duckdb", "spile": "oracle.duckdb"}[maker]
    connection = duckdb.connect(os.path.join(folder, name), read_only=True)
    return lambda sql: connection.execute(sql).fetchall()


def load_with_dlt(folder):
    """Returns why dlt failed, or None, and the names of the root tables by case."""
    os.environ["DLT_DATA_DIR"] = folder
    os.environ.update(target(folder).get("environment", {}))
    roots = {}
    destination = destination_of(folder)
    for config_path in sorted(glob.glob(os.path.join(folder, "run-*.*"))):
        config = read(config_path)
        pipeline = dlt.pipeline("oracle", destination=destination, dataset_name="data")
        source = rest_api_source(config)
        for resource in config["resources"]:
            if not isinstance(resource, dict):
                continue
            table = resource.get("table_name", resource["name"])
            if isinstance(table, str):
                roots[resource["endpoint"]["path"]] = source.schema.naming.normalize_table_identifier(table)
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


def row_key(row, left_out):
    return json.dumps([[name, str(type(value)), str(value)] for name, value in row.items() if name not in left_out])


def id_problem(name, row):
    """A nested row's id is a hash of its place; any other is dlt's fourteen characters or the record's own."""
    if "_dlt_parent_id" not in row:
        return None
    text = f"{row['_dlt_parent_id']}_{name}_{row['_dlt_list_idx']}"
    expected = base64.b64encode(hashlib.shake_128(text.encode()).digest(10)).decode().rstrip("=")
    return None if row["_dlt_id"] == expected else f"{name}: {row['_dlt_id']} is not the id of {text}"


class Dataset:
    """Tables as columns and rows; random ids give way to what identifies a row: its parent's rank, its index, its values."""

    def __init__(self, query, check_ids):
        self.query = query
        self.tables, self.ranks, self.id_problems = {}, {}, {}
        rows = query(
            "select table_name, column_name, data_type, is_nullable from information_schema.columns "
            "where table_schema = 'data' order by table_name, ordinal_position"
        )
        columns = {}
        for table, *column in rows:
            if not table.startswith("_dlt"):
                columns.setdefault(table, []).append(tuple(column))
        self.loads = [load for (load,) in query("select load_id from data._dlt_loads order by 1")]
        ((stored,),) = query('select "schema" from data._dlt_version order by version desc limit 1')
        schema = json.loads(stored)
        self.hints = schema["tables"]
        self.naming = schema["normalizers"]["names"]
        self.separator = "▶" if self.naming == "direct" else "__"
        for name in sorted(columns, key=lambda name: (name.count(self.separator), name)):
            self.tables[name] = (columns[name], self.rows(name, columns[name], check_ids))

    def rows(self, name, columns, check_ids):
        header = [column[0] for column in columns]
        found = [dict(zip(header, row)) for row in self.query(f'select * from data."{name}"')]
        identified = []
        hints = self.hints.get(name, {})
        # Tables that share no root can share row keys: those of one key are the same.
        ranks = self.ranks.setdefault(self.root_of(name), {})
        validity = [column for column in header if {"x-valid-from", "x-valid-to"} & set(hints.get("columns", {}).get(column, {}))]
        # A row key that follows from the record is compared like any value.
        left_out = [column for column in IDS if column != "_dlt_id" or not self.is_derived(hints)]
        for row in found:
            for column in validity:
                row[column] = self.moment(row[column])
            if check_ids and (problem := id_problem(name, row)):
                self.id_problems.setdefault(name, []).append(problem)
            parent = ranks.get(row.get("_dlt_parent_id"), "" if "_dlt_parent_id" not in row else "orphan")
            root = "" if "_dlt_root_id" not in row else str(row["_dlt_root_id"] in ranks)
            load = "" if "_dlt_load_id" not in row else self.loads.index(row["_dlt_load_id"])
            identified.append((f"{parent}|{root}|{load}|{row_key(row, left_out)}", row))
        identified.sort(key=lambda pair: pair[0])
        for rank, (_, row) in enumerate(identified):
            ranks[row.get("_dlt_id")] = f"{name}#{rank}"
        return [key for key, _ in identified]

    def root_of(self, name):
        parent = self.hints.get(name, {}).get("parent")
        return self.root_of(parent) if parent else name

    def is_derived(self, hints):
        strategy = hints.get("x-merge-strategy")
        version = "x-row-version" in hints.get("columns", {}).get("_dlt_id", {})
        return hints.get("write_disposition") == "merge" and (strategy in KEYED or version)

    def moment(self, value):
        """A time that is a load's is called by the number of the load."""
        if value is None:
            return None
        micros = round((value.astimezone(timezone.utc) - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds() * 1e6)
        for number, load in enumerate(self.loads):
            if abs(micros - float(load) * 1e6) <= 2:
                return f"load {number}"
        return value.astimezone(timezone.utc).isoformat()

    def family(self, root):
        return {name for name in self.tables if name == root or name.startswith(root + self.separator)}

    def declared(self, root):
        return {name for name in self.hints if name == root or name.startswith(root + self.separator)}

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
    # Tables that are declared and have had no rows are in the stored schema alone.
    for name in sorted((expected.declared(root) | found.declared(root)) - set(expected.tables) - set(found.tables)):
        if name not in expected.hints and not found.stored(name)[0]:
            # `empty-table`: it is known by its name and has no column, and dlt has not met it yet.
            continue
        if expected.stored(name) != found.stored(name):
            problems.append(f"{name}: stored schema\n  dlt:   {expected.stored(name)}\n  spile: {found.stored(name)}")
    return problems


differences = {}
for folder in map(os.path.abspath, sys.argv[1:]):
    failure, roots = load_with_dlt(folder)
    if failure:
        differences.update((case, [f"dlt fails: {failure}"]) for case in roots)
        continue
    if not postgres(folder) and not os.path.exists(os.path.join(folder, "oracle.duckdb")):
        differences.update((case, ["spile made no dataset"]) for case in roots)
        continue
    expected = Dataset(connect(folder, "dlt"), False)
    found = Dataset(connect(folder, "spile"), True)
    # Tables that rows choose, and those of resources that are no endpoints, are cases of their own.
    for name in {**expected.tables, **found.tables}:
        if name not in roots.values() and not {**expected.hints, **found.hints}.get(name, {}).get("parent"):
            roots[name] = name
    for case, root in roots.items():
        problems = compare(root, expected, found)
        if expected.naming != found.naming:
            problems.append(f"naming: dlt {expected.naming}, spile {found.naming}")
        if problems:
            differences[case] = problems
print(json.dumps(differences))
