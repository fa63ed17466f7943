"""A table per row. Real dlt and Spile load each run from the same server; the datasets must be equal after the last."""

import os

import dlt
from dlt.sources.rest_api import rest_api_source

RUN = 0


def named(*names):
    """Names tables by the id of a row, one further with each run."""
    return lambda row: names[(row["id"] + RUN) % len(names)]


def by_number(row):
    number = row["id"]
    if number == 2:
        return "Shared Table"
    return f"shared-table" if number % 2 else "alone"


@dlt.resource(table_name=lambda row: row["kind"], primary_key="id", write_disposition="merge")
def own():
    yield [{"id": RUN, "kind": "own_first"}, {"id": 7, "kind": "own_second", "run": RUN}]
    yield {"id": 8 + RUN, "kind": "own_first", "lines": [{"n": RUN}]}


def endpoint(name, **keys):
    return {"name": name, "endpoint": {"path": name, "data_selector": "data", "paginator": "single_page"}, **keys}


config = {
    "client": {"base_url": os.environ["CALLABLES_URL"]},
    "resource_defaults": {"table_name": named("default_a", "default_b")},
    "resources": [
        endpoint("by_default"),
        endpoint("appended", table_name=named("app_one", "App Two", "appThree"), max_table_nesting=1),
        endpoint("collides", table_name=by_number),
        endpoint("replaced", table_name=named("re_one", "re_two", "re_three") if RUN < 2 else lambda row: "re_one", write_disposition="replace"),
        endpoint("merged", table_name=named("me_one", "me_two"), primary_key="id", write_disposition="merge"),
        endpoint("upserted", table_name=named("up_one", "up_two"), primary_key="id", write_disposition={"disposition": "merge", "strategy": "upsert"}),
        endpoint("stepped", table_name=lambda row: "st_" + row["shape"], processing_steps=[{"map": lambda row: {"id": row["id"], "shape": "odd" if row["id"] % 2 else "even"}}, {"filter": lambda row: row["id"] != 3}]),
        endpoint("parents", table_name=named("par_one", "par_two")),
        {
            "name": "children",
            "endpoint": {"path": "children/{resources.parents.id}", "data_selector": "data", "paginator": "single_page"},
            "include_from_parent": ["name"],
            "table_name": lambda row: "child_" + str(row["_parents_name"]).strip(" !").lower(),
        },
        endpoint("cursor", table_name=named("cur_one", "cur_two")) | {"endpoint": {"path": "cursor", "data_selector": "data", "paginator": "single_page", "incremental": {"cursor_path": "updated", "initial_value": "2024-01-02T00:00:00Z", "start_param": "since"}}},
        own,
        endpoint("renamed", table_name="before" if RUN == 0 else "after", write_disposition="replace"),
        endpoint("columns", table_name=named("col_one", "col_two"), columns={"id": {"data_type": "text"}, "extra": {"data_type": "double"}}),
    ],
}

source = rest_api_source(config)
