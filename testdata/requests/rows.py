"""Extracts configs with real dlt and prints the ids that each resource gives.

Called by crates/spile-cli/tests/it/extract_differential.rs with a JSON list of configs and a folder to work in. Nothing is
loaded: what is compared are the requests, which the server records, and the rows.
"""

import json
import os
import sys

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

import dlt
from dlt.sources.rest_api import rest_api_source


def main(configs: str, folder: str) -> None:
    found = {}
    for number, config in enumerate(json.load(open(configs))):
        pipeline = dlt.pipeline(f"requests_{number}", pipelines_dir=folder, destination="duckdb")
        pipeline.extract(rest_api_source(config))
        storage = pipeline._get_normalize_storage().extracted_packages
        for load_id in storage.list_packages():
            for path in storage.list_new_jobs(load_id):
                table = os.path.basename(path).split(".")[0]
                if table.startswith("_dlt"):
                    continue
                import gzip

                with storage.storage.open_file(path, "rb") as file:
                    raw = file.read()
                text = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
                for line in text.decode().splitlines():
                    rows = json.loads(line)
                    for row in rows if isinstance(rows, list) else [rows]:
                        found.setdefault(table, []).append(row["id"])
    print(json.dumps(found))


main(*sys.argv[1:])
