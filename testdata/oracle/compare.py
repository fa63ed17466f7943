"""Runs real dlt on the responses of a case and compares its dataset with the one that Spile made.

    python compare.py CASE.json BASE_URL SPILE.duckdb WORK_FOLDER

A case is {"config": {...}, "runs": [[records], ...]}: the server gives the records of the newest run that was switched on
through BASE_URL/run/N. Prints one line per difference; exit status 1 when there is any.
"""

import base64
import copy
import hashlib
import json
import os
import sys
import urllib.request

case_path, base_url, spile_path, work = sys.argv[1:5]
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
os.environ["DLT_DATA_DIR"] = work
os.chdir(work)

import dlt  # noqa: E402
import duckdb  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402

case = json.load(open(case_path))
dlt_path = os.path.join(work, "dlt.duckdb")


def load_with_dlt():
    for index in range(len(case["runs"])):
        urllib.request.urlopen(f"{base_url}/run/{index}").read()
        config = copy.deepcopy(case["config"])
        config["client"]["base_url"] = base_url
        pipeline = dlt.pipeline("oracle", destination=dlt.destinations.duckdb(dlt_path), dataset_name="data")
        pipeline.run(rest_api_source(config))


IDS = ("_dlt_id", "_dlt_parent_id", "_dlt_root_id", "_dlt_load_id")


def row_key(row):
    return json.dumps([[name, str(type(value)), str(value)] for name, value in row.items() if name not in IDS])


def dataset(path, schema):
    """Tables as columns and rows; ids are replaced by what identifies a row: its parent's rank, its index, its values."""
    connection = duckdb.connect(path, read_only=True)
    names = [
        name
        for (name,) in connection.execute(
            "select table_name from information_schema.tables where table_schema = ? order by 1", [schema]
        ).fetchall()
        if not name.startswith("_dlt")
    ]
    tables, ranks, problems = {}, {}, []
    loads = [load for (load,) in connection.execute(f'select load_id from "{schema}"._dlt_loads order by 1').fetchall()]
    for name in sorted(names, key=lambda name: (name.count("__"), name)):
        columns = connection.execute(
            "select column_name, data_type, is_nullable from information_schema.columns "
            "where table_schema = ? and table_name = ? order by ordinal_position",
            [schema, name],
        ).fetchall()
        header = [column[0] for column in columns]
        rows = [dict(zip(header, row)) for row in connection.execute(f'select * from "{schema}"."{name}"').fetchall()]
        for row in rows:
            if "_dlt_parent_id" in row:
                text = f"{row['_dlt_parent_id']}_{name}_{row['_dlt_list_idx']}"
                expected = base64.b64encode(hashlib.shake_128(text.encode()).digest(10)).decode().rstrip("=")
                if row["_dlt_id"] != expected:
                    problems.append(f"{name}: {row['_dlt_id']} is not the id of {text}")
        identified = []
        for row in rows:
            parent = ranks.get(row.get("_dlt_parent_id"), "" if "_dlt_parent_id" not in row else "orphan")
            root = "" if "_dlt_root_id" not in row else str(row["_dlt_root_id"] in ranks)
            load = "" if "_dlt_load_id" not in row else loads.index(row["_dlt_load_id"])
            identified.append((f"{parent}|{root}|{load}|{row_key(row)}", row))
        identified.sort(key=lambda pair: pair[0])
        for rank, (_, row) in enumerate(identified):
            ranks[row["_dlt_id"]] = f"{name}#{rank}"
        tables[name] = (columns, [key for key, _ in identified])
    return tables, problems


load_with_dlt()
expected, _ = dataset(dlt_path, "data")
found, problems = dataset(spile_path, "data")
for name in sorted(expected.keys() | found.keys()):
    if name not in found:
        problems.append(f"table {name} is missing")
    elif name not in expected:
        problems.append(f"table {name} is too much")
    else:
        (columns, rows), (found_columns, found_rows) = expected[name], found[name]
        if columns != found_columns:
            problems.append(f"{name}: columns\n  dlt:   {columns}\n  spile: {found_columns}")
        elif rows != found_rows:
            only_dlt = [row for row in rows if row not in found_rows][:3]
            only_spile = [row for row in found_rows if row not in rows][:3]
            problems.append(f"{name}: {len(rows)} and {len(found_rows)} rows\n  dlt:   {only_dlt}\n  spile: {only_spile}")
print("\n".join(problems))
sys.exit(1 if problems else 0)
