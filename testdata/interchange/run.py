"""Runs real dlt once on a config, into a DuckDB file that Spile may have written before.

    python run.py CONFIG.json DATABASE.duckdb PIPELINE WORK_FOLDER
"""

import json
import os
import sys

config_path, database, name, work = sys.argv[1:5]
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
os.environ["DLT_DATA_DIR"] = work
with open(config_path) as file:
    config = json.load(file)
os.makedirs(work, exist_ok=True)
os.chdir(work)

import dlt  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402

pipeline = dlt.pipeline(name, destination=dlt.destinations.duckdb(database), dataset_name=f"{name}_dataset")
pipeline.run(rest_api_source(config)).raise_on_failed_jobs()
