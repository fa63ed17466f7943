"""Evaluates paths as dlt does. Reads {"documents": {name: value}, "cases": [[name, path], ...]} and writes, for each case,
{"found": [...]}, {"refused": "..."} when the path does not compile, or {"failed": "..."} when it raises on the document."""

import json
import os
import sys
import warnings

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
warnings.simplefilter("ignore")

from dlt.common.jsonpath import compile_path, find_values  # noqa: E402


def evaluate(document, text):
    try:
        path = compile_path(text)
    except Exception as error:
        return {"refused": str(error)}
    try:
        return {"found": find_values(path, document)}
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}"}


given = json.load(sys.stdin)
json.dump([evaluate(given["documents"][name], path) for name, path in given["cases"]], sys.stdout)
