#!/usr/bin/env python3
"""How much of what an API allows Spile uses, and how often it has to be refused, over real sockets.

Local APIs count requests in fixed windows, in sliding windows or with a token bucket, and say nothing, `Retry-After` or
`RateLimit-*` when they refuse. All are read at once, each by a `spile run` of its own, for about two minutes. Nothing is declared
in the configs: Spile has to find out. A line for each says which share of the budget was used and how many requests were
refused, after the first window; it passes with 90 % or more and less than 1 %.

    bench/politeness.py target/release/spile [SECONDS]

Needs Python 3.10 and nothing else.
"""

import asyncio
import json
import math
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

LATENCY = 0.02


class Fixed:
    """So many in each span; the first span began before the run did."""

    def __init__(self, requests, seconds):
        self.name = f"{requests} in each {seconds:g} s"
        self.requests, self.window, self.rate = requests, seconds, requests / seconds
        self.number, self.used = None, 0
        # Where the second window begins.
        self.first = 0.63 * seconds

    def ask(self, now):
        phase = now + 0.37 * self.window
        number, reset = int(phase / self.window), self.window - phase % self.window
        if number != self.number:
            self.number, self.used = number, 0
        if self.used >= self.requests:
            return None, reset
        self.used += 1
        return self.requests - self.used, reset


class Sliding:
    """So many in any span."""

    def __init__(self, requests, seconds):
        self.name = f"{requests} in any {seconds:g} s"
        self.requests, self.window, self.rate = requests, seconds, requests / seconds
        self.given = deque()
        self.first = seconds

    def ask(self, now):
        while self.given and self.given[0] + self.window <= now:
            self.given.popleft()
        oldest = self.given[0] + self.window - now if self.given else self.window
        if len(self.given) >= self.requests:
            return None, oldest
        self.given.append(now)
        return self.requests - len(self.given), oldest


class Bucket:
    """So many at once, and so many more per second."""

    def __init__(self, capacity, rate):
        self.name = f"{capacity} at once, {rate} more per second"
        self.capacity, self.rate, self.window = capacity, rate, max(1.0, capacity / rate)
        self.tokens, self.at = float(capacity), 0.0
        self.first = self.window

    def ask(self, now):
        self.tokens = min(self.capacity, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return None, (1 - self.tokens) / self.rate
        self.tokens -= 1
        return int(self.tokens), 1 / self.rate


class Api:
    """One API and what it was asked."""

    def __init__(self, budget, words, seconds):
        self.budget, self.words = budget, words
        self.pages = int(budget.rate * seconds)
        self.start, self.given, self.refused = None, [], []

    async def serve(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(LATENCY)
                writer.write(self.answer(head.split(b" ", 2)[1].decode()))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, target):
        now = time.monotonic()
        self.start = self.start or now
        left, reset = self.budget.ask(now - self.start)
        headers = []
        whole = max(1, math.ceil(reset))
        if left is None and self.words == "Retry-After":
            headers.append(f"retry-after: {whole}")
        if self.words == "RateLimit":
            headers += [f"ratelimit-remaining: {left or 0}", f"ratelimit-reset: {whole}"]
        if left is None:
            self.refused.append(now - self.start)
            status, body = "429 Too Many Requests", "{}"
        else:
            self.given.append(now - self.start)
            number = int(dict(pair.split("=") for pair in target.split("?")[1].split("&"))["page"])
            status, body = "200 OK", json.dumps({"items": [{"id": number}], "pages": self.pages})
        head = [f"HTTP/1.1 {status}", "content-type: application/json", f"content-length: {len(body)}", *headers]
        return ("\r\n".join(head) + "\r\n\r\n" + body).encode()

    def shares(self):
        first = self.budget.first
        end = self.given[-1]
        given = sum(at >= first for at in self.given)
        refused = sum(at >= first for at in self.refused)
        return given / ((end - first) * self.budget.rate), refused / (given + refused)


async def run(binary, api, folder):
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    paginator = {"type": "page_number", "base_page": 1, "total_path": "pages"}
    endpoint = {"path": "items", "data_selector": "items", "paginator": paginator}
    client = {"base_url": f"http://127.0.0.1:{port}", "retry": {"rate_limit_max_wait": 600}}
    folder.mkdir()
    config = {"client": client, "resources": [{"name": "items", "endpoint": endpoint}]}
    (folder / "api.json").write_text(json.dumps(config))
    process = await asyncio.create_subprocess_exec(
        binary, "run", "api.json", "--output", "json", cwd=folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    server.close()
    if process.returncode:
        sys.exit(f"{api.budget.name}, {api.words}: spile ended with {process.returncode}\n{output.decode()}")
    if len(set(api.given)) < api.pages:
        sys.exit(f"{api.budget.name}, {api.words}: {len(api.given)} of {api.pages} pages were asked for")


async def main(binary, seconds):
    apis = []
    for make in (lambda: Fixed(20, 1), lambda: Fixed(100, 10), lambda: Sliding(20, 1), lambda: Sliding(100, 10),
                 lambda: Bucket(20, 20), lambda: Bucket(50, 10)):
        for words in ("nothing", "Retry-After", "RateLimit"):
            budget = make()
            # Whole seconds cannot say how much of one second is left, and a bucket has no window that could be said.
            if words == "RateLimit" and (budget.window <= 1 or isinstance(budget, Bucket)):
                continue
            apis.append(Api(budget, words, seconds))
    with tempfile.TemporaryDirectory() as folder:
        await asyncio.gather(*(run(binary, api, Path(folder) / str(number)) for number, api in enumerate(apis)))
    passed = True
    for api in apis:
        used, refused = api.shares()
        good = used >= 0.9 and refused < 0.01
        passed = passed and good
        print(f"{'pass' if good else 'FAIL'}  {used:6.1%} used  {refused:6.2%} refused  {api.budget.name}, says {api.words}")
    return 0 if passed else 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(asyncio.run(main(str(Path(sys.argv[1]).resolve()), float(sys.argv[2]) if len(sys.argv) > 2 else 120.0)))
