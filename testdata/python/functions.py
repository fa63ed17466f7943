import re
from dlt.sources.rest_api import rest_api_source

KINDS = {"a", "b"}
PATTERN = re.compile(r"[a-z]+")

class Skip(Exception):
    pass

def above(limit):
    def check(row):
        if row["kind"] not in KINDS:
            raise Skip
        return row["n"] > limit and PATTERN.match(row["name"])
    return check

source = rest_api_source({
    "client": {"base_url": "https://h"},
    "resources": [
        {"name": "a", "processing_steps": [{"filter": above(3)}, {"map": lambda row, n={1: 2}: {**row, "n": n[1]}}]},
        {"name": "b", "endpoint": {"incremental": {"cursor_path": "t", "start_param": "since", "convert": lambda value: value[:10]}}},
    ],
})

#> a https://h/a
#> b https://h/b
