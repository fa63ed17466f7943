"""Requests that wait for a slow network: Spile against dlt on the same server and the same config.

    python bench/latency.py SPILE_BINARY [--dlt] [--pages 1000] [--parents 10000] [--concurrency 16]

Serves, on this machine, an API that takes --page-latency (50 ms) for each of --pages pages and --child-latency (20 ms) for
each child of --parents parents, and prints for both: wall seconds, the time that the requests alone take at that
concurrency, their ratio, requests, CPU seconds and peak memory. The children are fetched for half as many parents too, to see
whether memory grows. Row counts are checked. With --dlt the pages are loaded by dlt as well, which asks for one at a time.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import shutil
import sys
import tempfile

from calls import DLT_SCRIPT, DLT_TUNING, measure, rows

PAGE_ROWS = 10


def answer(target, pages, parents):
    path, _, query = target.partition("?")
    params = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair)
    if path == "/items":
        page = int(params["page"])
        here = [{"id": page * 1000 + row, "name": f"item {row} of page {page}"} for row in range(PAGE_ROWS)]
        return {"items": here if page <= pages else [], "pages": pages}
    if path == "/parents":
        offset, limit = int(params["offset"]), int(params["limit"])
        return {"items": [{"id": id} for id in range(offset, min(offset + limit, parents))], "total": parents}
    return {"id": int(path.rsplit("/", 1)[1]), "text": "x" * 100}


class Api(asyncio.Protocol):
    """The least that keeps a connection alive, so that the server takes little of the machine."""

    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""

    def data_received(self, data):
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
            target = head.split(b" ", 2)[1].decode()
            asyncio.get_running_loop().call_later(self.latency(target), self.reply, target)

    def latency(self, target):
        return OPTIONS.page_latency if target.startswith("/items") else OPTIONS.child_latency

    def reply(self, target):
        parents = int(PARENTS.value)
        body = json.dumps(answer(target, OPTIONS.pages, parents)).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)


def serve(options, parents, port):
    global OPTIONS, PARENTS  # one process, one API
    OPTIONS, PARENTS = options, parents

    async def run():
        server = await asyncio.get_running_loop().create_server(Api, "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def pages_config(url, concurrency):
    paginator = {"type": "page_number", "base_page": 1, "total_path": "pages"}
    endpoint = {"path": "items", "data_selector": "items", "paginator": paginator}
    client = {"base_url": url} if concurrency is None else {"base_url": url, "concurrency": concurrency}
    return {"client": client, "resources": [{"name": "items", "endpoint": endpoint}]}


def children_config(url, concurrency):
    paginator = {"type": "offset", "limit": 500}
    child = {"path": "children/{id}", "paginator": "single_page", "data_selector": "$"}
    child["params"] = {"id": {"type": "resolve", "resource": "parents", "field": "id"}}
    return {
        "client": {"base_url": url, "concurrency": concurrency},
        "resources": [
            {"name": "parents", "endpoint": {"path": "parents", "data_selector": "items", "paginator": paginator}},
            {"name": "children", "endpoint": child},
        ],
    }


def run(which, binary, config, table, count):
    folder = tempfile.mkdtemp(prefix="spile-bench-")
    try:
        with open(os.path.join(folder, "bench.json"), "w") as file:
            json.dump(config, file)
        if which == "dlt":
            environment = {**os.environ, **DLT_TUNING, "DLT_DATA_DIR": folder}
            with open(os.path.join(folder, "bench_dlt.py"), "w") as file:
                file.write(DLT_SCRIPT)
            result = measure([sys.executable, "bench_dlt.py"], folder, environment)
        else:
            result = measure([binary, "run", "bench.json", "--dataset", "data"], folder, os.environ)
        database = "dlt.duckdb" if which == "dlt" else "bench.duckdb"
        found = rows(os.path.join(folder, database), "data", table)
        assert found == (count, count), f"{which}: {found} of {count} rows"
        return result
    finally:
        shutil.rmtree(folder)


def line(what, result, requests, floor):
    print(
        f"{what:34}{requests:>9,}{result['wall']:>9.2f}{floor:>9.2f}{result['wall'] / floor:>8.2f}"
        f"{result['cpu']:>8.2f}{result['rss']:>9.0f}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--dlt", action="store_true")
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--parents", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--page-latency", type=float, default=0.05)
    parser.add_argument("--child-latency", type=float, default=0.02)
    options = parser.parse_args()
    binary, port = os.path.abspath(options.binary), multiprocessing.Queue()
    parents = multiprocessing.Value("l", options.parents)
    server = multiprocessing.Process(target=serve, args=(options, parents, port), daemon=True)
    server.start()
    url, at_once = f"http://127.0.0.1:{port.get()}", options.concurrency

    print(f"{'':34}{'requests':>9}{'wall s':>9}{'floor s':>9}{'ratio':>8}{'CPU s':>8}{'peak MB':>9}")
    serial = options.pages * options.page_latency
    count = options.pages * PAGE_ROWS
    result = run("spile", binary, pages_config(url, at_once), "items", count)
    line(f"spile, pages, {at_once} at once", result, options.pages, serial / at_once)
    if options.dlt:
        result = run("dlt", binary, pages_config(url, None), "items", count)
        line("dlt, pages", result, options.pages, serial)
    for number in (options.parents // 2, options.parents):
        parents.value = number
        requests = number + -(-number // 500)
        result = run("spile", binary, children_config(url, at_once), "children", number)
        line(f"spile, children, {at_once} at once", result, requests, requests * options.child_latency / at_once)
    server.terminate()


if __name__ == "__main__":
    main()
