"""Compares two datasets of files, one written by dlt and one by Spile: names, columns and rows; ids and times apart.

    python compare.py FOLDER FOLDER

Prints what differs, a line each.
"""

import csv
import glob
import gzip
import io
import json
import os
import re
import sys

import pyarrow.parquet

IDS = ("_dlt_id", "_dlt_parent_id", "_dlt_load_id")


def rows(path):
    """The rows of a file as texts, sorted; NULL and an empty text are one in dlt's CSV."""
    if path.endswith(".parquet"):
        table = pyarrow.parquet.read_table(path)
        names = [f"{field.name} {field.type}" for field in table.schema]
        found = [{name: str(value) for name, value in row.items()} for row in table.to_pylist()]
        return names, found
    with open(path, "rb") as file:
        text = io.TextIOWrapper(gzip.open(file) if path.endswith(".gz") else file, newline="")
        if ".csv" in path:
            reader = csv.DictReader(text)
            return list(reader.fieldnames), list(reader)
        # json.loads keeps the order of keys, which follows the record at dlt and the table at Spile.
        found = [json.loads(line) for line in text]
        return sorted({name for row in found for name in row}), found


def dataset(folder):
    found = {}
    for path in glob.glob(f"{folder}/**", recursive=True):
        if not os.path.isfile(path):
            continue
        name = os.path.relpath(path, folder)
        # Load ids are times, file ids are random at dlt, hashes follow from the rest.
        shape = re.sub(r"\d{10}\.\d+", "LOAD", name)
        shape = re.sub(r"[0-9a-f]{64}", "HASH", shape)
        shape = re.sub(r"\.[0-9a-f]{10,16}\.", ".FILE.", shape)
        if "_dlt_" in shape or shape == "init":
            keys = sorted(json.load(open(path)))
            found[shape] = (keys, [])
            continue
        columns, content = rows(path)
        content = [{key: value for key, value in row.items() if key not in IDS} for row in content]
        before = found.setdefault(shape, (columns, []))
        found[shape] = (before[0], sorted(before[1] + [json.dumps(row, sort_keys=True) for row in content]))
    return found


left, right = (dataset(folder) for folder in sys.argv[1:3])
for shape in sorted(left.keys() | right.keys()):
    if shape not in left or shape not in right:
        print(f"{shape}: only {'right' if shape in right else 'left'}")
    elif left[shape][0] != right[shape][0]:
        print(f"{shape}: columns {left[shape][0]} and {right[shape][0]}")
    elif left[shape][1] != right[shape][1]:
        print(f"{shape}: rows {left[shape][1]} and {right[shape][1]}")
