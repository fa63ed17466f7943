"""Resources of one's own beside endpoints. Real dlt and Spile load it twice from the same server; the datasets must be equal."""

import os
from datetime import datetime, timedelta

import dlt
from dlt.sources.rest_api import rest_api_source

CITIES = ["north", "south"]


@dlt.resource
def bare():
    yield [{"id": 1, "tags": ["a", "b"]}, {"id": 2, "tags": []}]
    yield {"id": 3, "tags": ["c"]}
    yield None
    yield []
    yield {"id": 4, "more": {"deep": 1.5}}


@dlt.resource(name="renamed", primary_key="id", write_disposition="merge", columns={"note": {"data_type": "text"}})
def with_hints(count, step=1, *, label="x"):
    for number in range(count):
        yield {"id": number * step, "label": label, "lines": [{"n": n} for n in range(number)]}


@dlt.resource(table_name="people", write_disposition="replace", max_table_nesting=0)
def other_table():
    yield {"id": 1, "nested": [{"x": 1}]}


@dlt.resource
def returned():
    return [{"id": 1}, {"id": 2}]


@dlt.resource()
def scalars():
    yield 5
    yield "text"
    yield [1, 2]


@dlt.resource
def of_dict():
    return {"first": 1, "second": 2}


def generator(start=1, stop=4):
    yield from ({"n": n} for n in range(start, stop))
    yield ({"n": -n} for n in range(2))


@dlt.resource
def many():
    for number in range(2500):
        yield {"id": number, "at": (datetime(2024, 1, 1) + timedelta(hours=number)).isoformat()}


@dlt.resource
def nothing():
    yield from []


@dlt.resource(selected=False)
def shops():
    for city in CITIES:
        yield [{"name": city, "size": len(city)}]


@dlt.resource(primary_key="code", write_disposition={"disposition": "merge", "strategy": "upsert"})
def loaded_parent():
    yield [{"code": "a"}, {"code": "b"}]


def endpoint(name, path, **keys):
    return {"name": name, "endpoint": {"path": path, "data_selector": "data", "paginator": "single_page"}, **keys}


config = {
    "client": {"base_url": os.environ["CALLABLES_URL"]},
    "resource_defaults": {"write_disposition": "replace", "primary_key": "id"},
    "resources": [
        endpoint("plain", "plain", primary_key="id"),
        bare,
        with_hints(4, label="y"),
        other_table(),
        returned(),
        scalars(),
        of_dict(),
        many(),
        nothing(),
        dlt.resource([{"id": 1}, [{"id": 2}, {"id": 3}], None, {"id": 4, "list": [1, 2]}], name="written"),
        dlt.resource(generator, name="called"),
        dlt.resource(lambda: [{"id": 1}], name="by_lambda", write_disposition="append"),
        shops(),
        loaded_parent(),
        endpoint("by_reference", "by_reference/{resources.shops.name}", include_from_parent=["size"]),
        endpoint("by_code", "by_code/{resources.loaded_parent.code}"),
    ],
}

source = rest_api_source(config)
