"""Functions in a config, as people write them. Real dlt and Spile load it from the same server; the datasets must be equal.

Each resource is a case and has a table of its own. See crates/spile-cli/tests/it/callables.rs for what the server answers.
"""

import copy
import hashlib
import json
import logging
import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, Optional

import pendulum
from dlt.sources.helpers.rest_client.exceptions import IgnoreResponseException
from dlt.sources.rest_api import rest_api_source

logger = logging.getLogger(__name__)

THRESHOLD = 2
SKIP = {"beta", "delta"}
KINDS: frozenset[str] = frozenset({"a", "b"})
SLUG = re.compile(r"[^a-z0-9]+")
WORDS = {1: "one", 2: "two"}
COLUMNS = ["id", "name", "price"]
LABELS = {"a": "Alpha", "b": "Beta"}


class SkipRow(Exception):
    """Says that a row is not wanted."""


def keep_columns(names: list[str]):
    def pick(row: dict) -> dict:
        return {name: row[name] for name in names if name in row}

    return pick


def over(limit):
    return lambda row: (row.get("price") or 0) > limit


def lower_name(row: dict[str, Any]) -> dict[str, Any]:
    """Docstring."""
    logger.info("row %s", row["id"])
    row["name"] = row["name"].strip().lower()
    return row


def explode_tags(row: dict) -> Iterator[dict]:
    rest = copy.deepcopy(row)
    rest.pop("tags", None)
    for position, tag in enumerate(row.get("tags") or []):
        yield {"position": position, "tag": tag, **rest}


def flatten(value: dict, prefix: str = "") -> dict:
    flat = {}
    for key, inner in value.items():
        if isinstance(inner, dict):
            flat.update(flatten(inner, f"{prefix}{key}_"))
        elif not isinstance(inner, list):
            flat[f"{prefix}{key}"] = inner
    return flat


def parse_price(row: dict) -> dict:
    try:
        row["amount"] = float(row["price_text"].replace(",", "."))
    except (ValueError, AttributeError) as error:
        row["amount"] = None
        row["problem"] = type(error).__name__
    finally:
        row["seen"] = True
    return row


def skipping(row: dict) -> dict:
    def check(name: str) -> str:
        if name in SKIP:
            raise SkipRow(f"{name} is skipped")
        return name

    try:
        return {"id": row["id"], "name": check(row["name"].strip().lower())}
    except SkipRow as reason:
        return {"id": row["id"], "reason": str(reason)}


def with_times(row: dict) -> dict:
    seen = datetime.fromisoformat(row["updated"].replace("Z", "+00:00"))
    return {
        "id": row["id"],
        "updated": seen,
        "day": seen.strftime("%Y/%m/%d"),
        "tomorrow": (seen + timedelta(days=1)).isoformat(),
        "epoch": int(seen.timestamp()),
        "from_epoch": pendulum.from_timestamp(row["id"] * 86400, tz="UTC").isoformat(),
        "old": seen < datetime(2024, 1, 3, tzinfo=timezone.utc),
    }


def key_of(row: dict) -> dict:
    name = SLUG.sub("-", row["name"].lower()).strip("-")
    digest = hashlib.md5(f"{row['id']}|{name}".encode("utf-8")).hexdigest()
    return {"id": row["id"], "slug": name, "key": digest, "raw": json.dumps(row["nested"], sort_keys=True)}


def grouped(row: dict) -> dict:
    counts: dict[str, int] = {}
    for item in row.get("items", []):
        counts[item["kind"]] = counts.get(item["kind"], 0) + item["n"]
    best: Optional[str] = max(counts, key=counts.get) if counts else None
    total = sum(item["n"] for item in row.get("items", []))
    return {
        "id": row["id"],
        "kinds": sorted(k for k in counts if k in KINDS),
        "best": LABELS.get(best, "none"),
        "share": round(counts[best] / total, 3) if best else None,
        "word": WORDS.get(row["id"]),
    }


def first_or_none(row: dict) -> dict:
    big = next((item for item in row["items"] if item["n"] > 2), None)
    row["first_big"] = big["kind"] if big else None
    row["any_big"] = any(item["n"] > 2 for item in row["items"])
    while len(row["tags"]) < 2:
        row["tags"].append("none")
    a, *rest = row["tags"]
    row["head"], row["tail"] = a, "+".join(rest)
    del row["nested"]
    return row


def windows(text):
    return pendulum.parse(text).int_timestamp


# Response hooks


def set_encoding(response, *args, **kwargs):
    response.encoding = "windows-1252"
    return response


def drop_secret(response, *args, **kwargs):
    payload = response.json()
    for record in payload["data"]:
        record.pop("secret", None)
    response._content = json.dumps(payload).encode("utf-8")
    return response


def add_source(response, *args, **kwargs):
    payload = response.json()
    for record in payload["data"]:
        record["path"] = response.url.split("/")[-1].split("?")[0]
        record["kind"] = response.headers["Content-Type"].split(";")[0]
    response._content = json.dumps(payload).encode("utf-8")


def ignore_gone(response, *args, **kwargs):
    if response.status_code == 410:
        raise IgnoreResponseException


def accept(response, *args, **kwargs):
    response.status_code = 200


def resource(name: str, *steps: dict, **endpoint: Any) -> dict:
    return {
        "name": name,
        "endpoint": {"path": name, "data_selector": "data", "paginator": "single_page", **endpoint},
        "processing_steps": list(steps),
    }


def incremental(**keys: Any) -> dict:
    return {"cursor_path": "updated", "initial_value": "2024-01-02T00:00:00Z", **keys}


late = [resource(f"late_{suffix}", {"map": lambda row, suffix=suffix: {**row, "suffix": suffix}}) for suffix in "xy"]

config = {
    "client": {"base_url": os.environ["CALLABLES_URL"]},
    "resources": [
        resource("filter_lambda", {"filter": lambda row: row["id"] > 1}),
        resource("filter_global", {"filter": lambda row: row["id"] >= THRESHOLD}),
        resource("filter_set", {"filter": lambda row: row["name"].strip().lower() not in SKIP}),
        resource("filter_closure", {"filter": over(1.5)}),
        resource("filter_truthy", {"filter": lambda row: row["tags"]}),
        resource("filter_nothing_left", {"filter": lambda row: False}),
        resource("map_function", {"map": lower_name}),
        resource("map_lambda", {"map": lambda row: {"id": row["id"], "double": row["price"] * 2 if row["price"] else None}}),
        resource("map_factory", {"map": keep_columns(COLUMNS)}),
        resource("map_flatten", {"map": flatten}),
        resource("map_try", {"map": parse_price}),
        resource("map_own_exception", {"map": skipping}),
        resource("map_times", {"map": with_times}),
        resource("map_hash", {"map": key_of}),
        resource("map_group", {"map": grouped}),
        resource("map_more", {"map": first_or_none}),
        resource("map_default", {"map": lambda row, meta=None: {"id": row["id"], "meta": meta is None}}),
        resource("yield_tags", {"yield_map": explode_tags}),
        resource("yield_lambda", {"yield_map": lambda row: [{"id": row["id"], "n": n} for n in range(row["id"])]}),
        resource("yield_expression", {"yield_map": lambda row: ({"id": row["id"], "tag": tag} for tag in row["tags"])}),
        resource("yield_lists", {"yield_map": lambda row: [[{"id": row["id"]}, {"id": -row["id"]}], {"id": 100 + row["id"]}]}),
        resource("yield_none", {"yield_map": lambda row: [{"id": row["id"]}, None]}),
        resource("one_step_of_three", {"yield_map": explode_tags, "map": lower_name, "filter": lambda row: row["id"] < 4}),
        resource("in_order", {"map": lower_name}, {"filter": lambda row: row["name"] < "c"}, {"yield_map": explode_tags}, {"map": lambda row: {**row, "tag": row["tag"].upper()}}),
        resource("map_drops_after_yield", {"yield_map": explode_tags}, {"map": lambda row: row if row["position"] == 0 else None}),
        resource("steps_then_window", {"map": lambda row: {**row, "updated": row["updated"][:10]}}, {"filter": lambda row: row["id"] != 3}, incremental={"cursor_path": "updated", "initial_value": "2024-01-02"}),
        resource("parents_filtered", {"filter": lambda row: row["id"] % 2 == 0}, {"map": lambda row: {**row, "code": f"c{row['id']}"}}),
        {
            "name": "children",
            "endpoint": {"path": "children/{resources.parents_filtered.code}", "data_selector": "data", "paginator": "single_page"},
            "include_from_parent": ["id"],
            "processing_steps": [{"map": lambda row: {"parent": row["_parents_filtered_id"], "id": row["id"]}}, {"filter": lambda row: row["id"] < 3}],
        },
        resource("convert_lambda", incremental=incremental(start_param="since", convert=lambda text: text[:10])),
        resource("convert_function", incremental=incremental(start_param="since", convert=windows)),
        resource("convert_bounds", incremental=incremental(start_param="since", end_param="until", end_value="2024-01-04T00:00:00Z", convert=lambda text: text.replace("-", ""))),
        resource("convert_placeholder", incremental=incremental(convert=windows), params={"since": "{incremental.start_value}", "first": "{incremental.initial_value}"}),
        resource("hook_encoding", response_actions=[set_encoding]),
        resource("hook_payload", response_actions=[{"status_code": 200, "action": drop_secret}]),
        resource("hook_list", response_actions=[{"action": [drop_secret, add_source]}]),
        resource("hook_ignore", response_actions=[ignore_gone]),
        resource("hook_accept", response_actions=[{"status_code": 404, "action": accept}]),
        resource("hook_word", response_actions=[{"status_code": 200, "action": "anything"}, {"content": "never there", "action": "ignore"}]),
        *late,
    ],
}

source = rest_api_source(config)
