"""Spile against dlt on the same server, the same config, the same records: CPU seconds, wall, peak memory, ratios.

    python bench/calls.py SPILE_BINARY [--records 1000000] [--dlt-records 100000] [--disposition append] [--runs 1]

Starts `spile demo --serve` (about 740 bytes of JSON a record, a nested object, a list with a list in it; 3 tables), runs
Spile on all records and dlt on --dlt-records of them (dlt's cost per record is flat; give both the same number to be
strict), checks both row counts, and prints one table. dlt runs with its best settings: parquet files, two workers, rotated
files, big buffers, no compression, orjson, no telemetry.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

CONFIG = {
    "client": {
        "auth": {"type": "api_key", "name": "access_key_id", "api_key": "demo-access-token", "location": "header"},
    },
    "resources": [
        {
            "name": "calls",
            "primary_key": "id",
            "endpoint": {
                "path": "calls/reporting/simple",
                "data_selector": "items",
                "params": {"limit": 102},
                "paginator": {"type": "page_number", "base_page": 1, "total_path": "pagination.pages"},
            },
        }
    ],
}

DLT_SCRIPT = """
import json, sys
import dlt
from dlt.sources.rest_api import rest_api_source
if __name__ == "__main__":
    config = json.load(open("bench.json"))
    pipeline = dlt.pipeline("bench", destination=dlt.destinations.duckdb("dlt.duckdb"), dataset_name="data")
    pipeline.run(rest_api_source(config), loader_file_format="parquet")
"""

DLT_TUNING = {
    "EXTRACT__WORKERS": "2",
    "NORMALIZE__WORKERS": "2",
    "LOAD__WORKERS": "2",
    "SOURCES__DATA_WRITER__FILE_MAX_ITEMS": "25000",
    "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "100000",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "20000",
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
}


def measure(command, folder, environment):
    started = time.monotonic()
    log = open(os.path.join(folder, "log"), "w")
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    if process.returncode:
        sys.exit(f"{command} ended with {process.returncode}:\n{open(log.name).read()}")
    return {"cpu": usage.ru_utime + usage.ru_stime, "wall": wall, "rss": usage.ru_maxrss / 1024}


class Server:
    def __init__(self, binary, records):
        self.process = subprocess.Popen(
            [binary, "demo", "--serve", "--records", str(records)], stderr=subprocess.PIPE, text=True
        )
        self.url = self.process.stderr.readline().split(" on ")[1].split()[0] + "/v2"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def rows(path, schema, table):
    import duckdb

    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(f"select count(*), count(distinct id) from {schema}.{table}").fetchone()


def bench(binary, which, records, disposition):
    folder = tempfile.mkdtemp(prefix="spile-bench-")
    try:
        with Server(binary, records) as server:
            config = json.loads(json.dumps(CONFIG))
            config["client"]["base_url"] = server.url
            config["resources"][0]["write_disposition"] = disposition
            with open(os.path.join(folder, "bench.json"), "w") as file:
                json.dump(config, file)
            environment = {**os.environ, **(DLT_TUNING if which == "dlt" else {})}
            if which == "dlt":
                environment["DLT_DATA_DIR"] = folder
                with open(os.path.join(folder, "bench_dlt.py"), "w") as file:
                    file.write(DLT_SCRIPT)
                result = measure([sys.executable, "bench_dlt.py"], folder, environment)
                found = rows(os.path.join(folder, "dlt.duckdb"), "data", "calls")
            else:
                result = measure([binary, "run", "bench.json", "--dataset", "data"], folder, environment)
                found = rows(os.path.join(folder, "bench.duckdb"), "data", "calls")
        assert found == (records, records), f"{which}: {found} of {records} rows"
        return result
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--dlt-records", type=int, default=100_000)
    parser.add_argument("--disposition", default="append", choices=["append", "merge", "replace"])
    parser.add_argument("--runs", type=int, default=1)
    arguments = parser.parse_args()
    binary = os.path.abspath(arguments.binary)

    results = {"spile": [], "dlt": []}
    for _ in range(arguments.runs):
        for which, records in [("spile", arguments.records), ("dlt", arguments.dlt_records)]:
            if records:
                results[which].append((records, bench(binary, which, records, arguments.disposition)))
    print(f"{'':8}{'records':>10}{'CPU s':>9}{'CPU s/M':>9}{'wall s':>9}{'peak MB':>9}")
    medians = {}
    for which, runs in results.items():
        for records, run in runs:
            per_million = run["cpu"] / records * 1e6
            print(f"{which:8}{records:>10,}{run['cpu']:>9.1f}{per_million:>9.1f}{run['wall']:>9.1f}{run['rss']:>9.0f}")
        if runs:
            ordered = sorted((run["cpu"] / records, run["wall"] / records) for records, run in runs)
            medians[which] = ordered[len(ordered) // 2]
    if len(medians) == 2:
        cpu, wall = (medians["dlt"][index] / medians["spile"][index] for index in (0, 1))
        print(f"\ndlt : spile, per record: {cpu:.1f} times the CPU, {wall:.1f} times the wall time")


if __name__ == "__main__":
    main()
