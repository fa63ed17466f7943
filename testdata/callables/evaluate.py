"""Evaluates the expressions beside this file with CPython, and prints a JSON list of what each gives.

Called by crates/spile-cli/tests/it/callables.rs, which has the same script run by Spile.
"""

import json
import sys

namespace: dict = {}
script, row = sys.argv[1:]
exec(compile(open(script).read().split("# config")[0], script, "exec"), namespace)
print(namespace["evaluate"](json.loads(row))["results"])
