"""Runs real dlt once on a config, into a destination that Spile may have written before.

    python run.py CONFIG.json DESTINATION PIPELINE WORK_FOLDER [FILE_FORMAT]

The destination is the path of a DuckDB file, sqlite:///file.db, or file:///folder.
"""

import json
import os
import sys

config_path, place, name, work = sys.argv[1:5]
file_format = sys.argv[5] if len(sys.argv) > 5 else None
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
os.environ["DLT_DATA_DIR"] = work
with open(config_path) as file:
    config = json.load(file)
os.makedirs(work, exist_ok=True)
os.chdir(work)

import dlt  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402

if place.startswith("file:"):
    destination = dlt.destinations.filesystem(place)
elif place.startswith("sqlite:"):
    destination = dlt.destinations.sqlalchemy(place)
else:
    destination = dlt.destinations.duckdb(place)
pipeline = dlt.pipeline(name, destination=destination, dataset_name=f"{name}_dataset")
pipeline.run(rest_api_source(config), loader_file_format=file_format).raise_on_failed_jobs()
