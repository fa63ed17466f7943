"""Spile against dlt on nested records: CPU seconds per million records, ratios. The rest of the settings is calls.py's.

    python bench/nested.py SPILE_BINARY [--records 200000] [--dlt-records 40000]

A record is about 1.2 KB: scalars, two nested objects, a list of orders with a list of items in each, a list of tags; it
becomes 9.5 rows in four tables. Pages of 100 records are rendered before the clock starts and served from memory by a
process of its own, so that the server's time counts for nobody.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

from calls import DLT_SCRIPT, DLT_TUNING, measure

PAGE = 100
BODIES = 50
TABLES = ("orders_api", "orders_api__orders", "orders_api__orders__items", "orders_api__tags")


def record(number):
    mix = number * 0x9E3779B97F4A7C15 % 2**64
    orders = [
        {
            "orderId": f"o-{mix % 10**9}-{order}",
            "placedAt": f"2026-03-{1 + mix % 28:02}T10:{order:02}:00.{mix % 1000:03}Z",
            "total": round((mix >> order) % 100000 / 100 + 0.01, 2),
            "currency": "EUR",
            "items": [
                {"sku": f"sku-{(mix >> item) % 9999}", "quantity": 1 + item, "price": (mix >> item) % 5000 / 100 + 0.5, "gift": item == 0}
                for item in range(2)
            ],
        }
        for order in range(2)
    ]
    return {
        "id": number,
        "customerName": f"Customer {mix % 10**6}",
        "email": f"customer{mix % 10**6}@example.com",
        "createdAt": "2026-03-01T08:00:00Z",
        "isActive": mix % 3 == 0,
        "balance": mix % 100000 / 100 + 0.5,
        "address": {"streetName": "Long Street 17", "city": "Berlin", "geo": {"lat": 52.5 + number % 9 / 10, "lon": 13.4}},
        "preferences": {"language": "de", "newsletter": True, "theme": "dark"},
        "notes": "Called about an invoice and asked for a copy of it by mail in the afternoon. " * 3,
        "orders": orders,
        "tags": ["new", "vip", "eu"][: 2 + number % 2],
    }


def page_body(page):
    return [record(page * PAGE + index) for index in range(PAGE)]


def serve(records, port):
    """Serves a few rendered bodies in turn; ids repeat, which appended rows may."""
    bodies = [json.dumps(page_body(page)).encode() for page in range(BODIES)]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            page = int(parse_qs(urlparse(self.path).query).get("page", ["0"])[0])
            body = b'{"pages":%d,"data":%s}' % (records // PAGE, bodies[page % BODIES])
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.put(server.server_port)
    server.serve_forever()


def bench(binary, which, records):
    import duckdb

    folder = tempfile.mkdtemp(prefix="spile-nested-")
    port = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(records, port), daemon=True)
    server.start()
    try:
        config = {
            "client": {"base_url": f"http://127.0.0.1:{port.get()}/"},
            "resources": [
                {
                    "name": "orders_api",
                    "endpoint": {
                        "path": "records",
                        "data_selector": "data",
                        "paginator": {"type": "page_number", "base_page": 0, "total_path": "pages"},
                    },
                }
            ],
        }
        with open(os.path.join(folder, "bench.json"), "w") as file:
            json.dump(config, file)
        if which == "dlt":
            with open(os.path.join(folder, "bench_dlt.py"), "w") as file:
                file.write(DLT_SCRIPT)
            environment = {**os.environ, **DLT_TUNING, "DLT_DATA_DIR": folder}
            result = measure([sys.executable, "bench_dlt.py"], folder, environment)
        else:
            result = measure([binary, "run", "bench.json", "--dataset", "data"], folder, os.environ)
        path = os.path.join(folder, "dlt.duckdb" if which == "dlt" else "bench.duckdb")
        with duckdb.connect(path, read_only=True) as connection:
            counts = [connection.execute(f"select count(*) from data.{table}").fetchone()[0] for table in TABLES]
        assert counts == [records, 2 * records, 4 * records, 5 * records // 2], f"{which}: {counts}"
        return result
    finally:
        server.kill()
        server.join()
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--dlt-records", type=int, default=40_000)
    arguments = parser.parse_args()
    size = len(json.dumps(page_body(0), separators=(",", ":"))) / PAGE
    print(f"{size:.0f} bytes a record, 9.5 rows\n{'':8}{'records':>10}{'CPU s':>9}{'CPU s/M':>9}{'wall s':>9}{'peak MB':>9}")
    per_million = {}
    for which, records in [("spile", arguments.records), ("dlt", arguments.dlt_records)]:
        run = bench(os.path.abspath(arguments.binary), which, records)
        per_million[which] = run["cpu"] / records * 1e6
        print(f"{which:8}{records:>10,}{run['cpu']:>9.1f}{per_million[which]:>9.1f}{run['wall']:>9.1f}{run['rss']:>9.0f}")
    print(f"\ndlt : spile, per record: {per_million['dlt'] / per_million['spile']:.1f} times the CPU")


if __name__ == "__main__":
    main()
