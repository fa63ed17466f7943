"""Spile against dlt, loading into PostgreSQL: CPU seconds per million records, ratio. The records are those of calls.py.

    python bench/postgres.py SPILE_BINARY [--records 200000] [--dlt-records 20000]

Starts a server of its own (scripts/test-postgres), which both load into, one after the other. What counts is the CPU time
of the loading process and its children, not the server's: dlt sends INSERT statements, Spile a binary COPY, and both make
the server work. dlt runs with its best settings for PostgreSQL: insert_values, its preferred format there, two workers.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

from calls import CONFIG, DLT_TUNING, Server, measure

DLT_SCRIPT = """
import json, sys
import dlt
from dlt.sources.rest_api import rest_api_source
if __name__ == "__main__":
    config = json.load(open("bench.json"))
    pipeline = dlt.pipeline("bench", destination=dlt.destinations.postgres(sys.argv[1]), dataset_name="dlt_data")
    pipeline.run(rest_api_source(config))
"""


class Postgres:
    def __init__(self):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../scripts/test-postgres")
        self.process = subprocess.Popen([script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.socket = self.process.stdout.readline().strip()
        if not self.socket:
            sys.exit("there is no PostgreSQL server on this machine")

    def url(self, host):
        return f"postgresql://spile:none@{host}/postgres?host={self.socket}"

    def rows(self, dataset):
        import psycopg2

        with psycopg2.connect(self.url("localhost")) as connection, connection.cursor() as cursor:
            cursor.execute(f"select count(*), count(distinct id) from {dataset}.calls")
            return cursor.fetchone()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def bench(binary, which, records, postgres):
    folder = tempfile.mkdtemp(prefix="spile-bench-")
    try:
        with Server(binary, records) as server:
            config = json.loads(json.dumps(CONFIG))
            config["client"]["base_url"] = server.url
            with open(os.path.join(folder, "bench.json"), "w") as file:
                json.dump(config, file)
            environment = {**os.environ, **(DLT_TUNING if which == "dlt" else {}), "DLT_DATA_DIR": folder}
            if which == "dlt":
                with open(os.path.join(folder, "bench_dlt.py"), "w") as file:
                    file.write(DLT_SCRIPT)
                command = [sys.executable, "bench_dlt.py", postgres.url("localhost")]
            else:
                url = postgres.url("").replace("spile:none@", "spile@")
                command = [binary, "run", "bench.json", "--dataset", "spile_data", "--destination", url]
            result = measure(command, folder, environment)
        found = postgres.rows(f"{which}_data")
        assert found == (records, records), f"{which}: {found} of {records} rows"
        return result
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--dlt-records", type=int, default=20_000)
    arguments = parser.parse_args()
    binary = os.path.abspath(arguments.binary)
    per_million = {}
    print(f"{'':8}{'records':>10}{'CPU s':>9}{'CPU s/M':>9}{'wall s':>9}{'peak MB':>9}")
    with Postgres() as postgres:
        for which, records in [("spile", arguments.records), ("dlt", arguments.dlt_records)]:
            run = bench(binary, which, records, postgres)
            per_million[which] = run["cpu"] / records * 1e6
            print(
                f"{which:8}{records:>10,}{run['cpu']:>9.1f}{per_million[which]:>9.1f}{run['wall']:>9.1f}{run['rss']:>9.0f}"
            )
    print(f"\ndlt : spile, per record: {per_million['dlt'] / per_million['spile']:.1f} times the CPU")


if __name__ == "__main__":
    main()
