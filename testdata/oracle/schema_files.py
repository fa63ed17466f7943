"""Real dlt on schema files: what it writes, and what it makes of those that Spile wrote.

    python schema_files.py read FILE            reads a schema file, prints its name, hash and columns by table
    python schema_files.py load FOLDER CONFIG   loads a config with dlt; FOLDER/import and FOLDER/export are its schema folders
"""

import json
import os
import sys

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

import dlt  # noqa: E402
import yaml  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402


def described(schema):
    # A column that does not say so is nullable.
    columns = {
        name: {key: {"nullable": True, **column} for key, column in table["columns"].items()}
        for name, table in schema.tables.items()
    }
    tables = {name: found for name, found in columns.items() if not name.startswith("_dlt")}
    return {"name": schema.name, "hash": schema.version_hash, "naming": schema.naming.name(), "tables": tables}


command, path = sys.argv[1:3]
if command == "read":
    stored = yaml.safe_load(open(path))
    schema = dlt.Schema.from_dict(stored)
    assert schema.version_hash == stored["version_hash"], "dlt computes another hash"
    print(json.dumps(described(schema)))
else:
    folder = os.path.abspath(path)
    os.environ["DLT_DATA_DIR"] = folder
    pipeline = dlt.pipeline(
        "dlt",
        destination=dlt.destinations.duckdb(os.path.join(folder, "dlt.duckdb")),
        dataset_name="data",
        import_schema_path=os.path.join(folder, "import"),
        export_schema_path=os.path.join(folder, "export"),
    )
    pipeline.run(rest_api_source(json.load(open(sys.argv[3]))))
    print(json.dumps(described(pipeline.default_schema)))
