"""Runs real dlt through the sequences of refreshes of a folder and prints what each leaves: tables, rows, state, versions.

    python refresh.py FOLDER

The folder holds `steps.json`: [{"config": "run.json", "refresh": "drop_data" or null, "resources": [...] or null}, ...].
Prints one document per step: {"tables": {name: {"columns", "rows"}}, "sources": ..., "schemas": ..., "versions": ...}. The
same look at Spile's database is `refresh.py --look DATABASE`.
"""

import json
import os
import sys

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

import duckdb  # noqa: E402


def look(path):
    connection = duckdb.connect(path, read_only=True)
    query = lambda sql: connection.execute(sql).fetchall()
    columns = {}
    for table, column, kind in query(
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'data' "
        "order by table_name, ordinal_position"
    ):
        columns.setdefault(table, []).append((column, kind))
    tables = {}
    for table, found in columns.items():
        if table.startswith("_dlt"):
            continue
        own = ", ".join(f'"{column}"' for column, _ in found if not column.startswith("_dlt"))
        rows = sorted(json.dumps(row, default=str) for row in query(f'select {own} from data."{table}"'))
        tables[table] = {"columns": found, "rows": rows}
    state = states(query)
    stored = query("select version, \"schema\" from data._dlt_version order by inserted_at, version")
    newest = json.loads(stored[-1][1])
    return {
        "tables": tables,
        "sources": without_empty(state.get("sources", {})),
        "schema_tables": sorted(name for name in newest["tables"] if not name.startswith("_dlt")),
        "propagated": sorted(
            newest.get("normalizers", {}).get("json", {}).get("config", {}).get("propagation", {}).get("tables", {})
        ),
        "schemas": len({version for version, _ in stored}),
        "loads": query("select count(*) from data._dlt_loads where status = 0")[0][0],
    }


def states(query):
    import base64
    import zlib

    rows = query(
        "select s.state from data._dlt_pipeline_state s join data._dlt_loads l on l.load_id = s._dlt_load_id "
        "where l.status = 0 order by l.load_id desc limit 1"
    )
    return json.loads(zlib.decompress(base64.b64decode(rows[0][0]))) if rows else {}


def without_empty(value):
    if isinstance(value, dict):
        kept = {key: without_empty(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner not in ({}, None)}
    return value


def run(folder):
    import dlt
    from dlt.sources.rest_api import rest_api_source

    os.environ["DLT_DATA_DIR"] = folder
    database = os.path.join(folder, "dlt.duckdb")
    for step in json.load(open(os.path.join(folder, "steps.json"))):
        source = rest_api_source(json.load(open(os.path.join(folder, step["config"]))))
        if step["resources"]:
            source = source.with_resources(*step["resources"])
        pipeline = dlt.pipeline("refreshed", destination=dlt.destinations.duckdb(database), dataset_name="data")
        pipeline.run(source, refresh=step["refresh"])
        yield look(database)


if sys.argv[1] == "--look":
    print(json.dumps(look(sys.argv[2])))
else:
    print(json.dumps(list(run(os.path.abspath(sys.argv[1])))))
