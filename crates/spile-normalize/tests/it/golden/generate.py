"""Writes what dlt (1.31, DuckDB) makes of a case into the case: tables, columns, rows.

usage: python generate.py CASE.json ...

Root ids are random in dlt, so every id is replaced by a name that tells where the row came from.
"""
import copy, datetime, json, os, sys, tempfile
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
import dlt, duckdb

def cell(v, t):
    if v is None: return None
    if t == "timestamp": return v.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if t == "decimal": return format(v, "f")
    if t in ("date", "time"): return str(v)
    if t == "binary": return bytes(v).hex()
    return v

def run(case):
    tmp = tempfile.mkdtemp()
    db = os.path.join(tmp, "x.duckdb")
    for n, r in enumerate(case["runs"]):
        p = dlt.pipeline("case", pipelines_dir=tmp, destination=dlt.destinations.duckdb(db), dataset_name="d")
        hints = {k: r[k] for k in ("primary_key", "merge_key", "write_disposition", "columns", "max_table_nesting", "table_name") if k in r}
        if "cursor" in r:
            def gen(inc=dlt.sources.incremental(r["cursor"])):
                yield r["records"]
        else:
            def gen():
                yield r["records"]
        res = dlt.resource(gen, name=r["resource"], **hints)
        try:
            p.run(res, schema=None if n else dlt.Schema("rest_api"))
        except Exception as e:
            c = e
            while c.__cause__ or c.__context__: c = c.__cause__ or c.__context__
            return {"error": type(c).__name__ + ": " + str(c)[:300]}
    s = p.default_schema
    con = duckdb.connect(db)
    con.execute("set timezone='UTC'")
    tables = []
    for name, t in s.tables.items():
        if name.startswith("_dlt"): continue
        cols = [c for c in t["columns"].values()]
        ordered = [r[0] for r in con.execute(f"select column_name from information_schema.columns where table_schema='d' and table_name='{name}' order by ordinal_position").fetchall()]
        typed = {c["name"]: c for c in cols if "data_type" in c}
        rows = []
        if ordered:
            sel = ", ".join('"%s"' % c for c in ordered)
            for row in con.execute(f'select {sel} from d."{name}" order by rowid').fetchall():
                rows.append({c: cell(v, typed[c]["data_type"]) for c, v in zip(ordered, row)})
        tables.append({"name": name, "parent": t.get("parent"), "properties": {k: v for k, v in t.items() if k not in ("name", "columns", "parent")}, "columns": list(t["columns"].values()), "ddl": ordered, "rows": rows})
    # root ids are random: give every row a name that tells where it came from
    ids = {}
    loads = {}
    for t in tables:
        for i, r in enumerate(t["rows"]):
            if "_dlt_load_id" in r: r["_dlt_load_id"] = "load%d" % loads.setdefault(r["_dlt_load_id"], len(loads))
            if t["parent"] is None: ids[r["_dlt_id"]] = "%s[%d]" % (t["name"], i)
            else: ids[r["_dlt_id"]] = "%s/%s[%d]" % (ids.get(r["_dlt_parent_id"], r["_dlt_parent_id"]), t["name"], r["_dlt_list_idx"])
        for r in t["rows"]:
            for k in ("_dlt_id", "_dlt_parent_id", "_dlt_root_id"):
                if k in r: r[k] = ids.get(r[k], r[k])
    return {"tables": tables, "propagation": (s._normalizers_config["json"].get("config") or {}).get("propagation")}

if __name__ == "__main__":
    for path in sys.argv[1:]:
        case = json.load(open(path))
        case["expected"] = run(copy.deepcopy(case))
        json.dump(case, open(path, "w"), indent=1, ensure_ascii=False)
