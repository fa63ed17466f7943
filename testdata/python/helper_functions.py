import dlt
from dlt.sources.rest_api import rest_api_source

def endpoint(path, **params):
    return {"path": path, "params": params}

def resource(name, *, suffix="", key="id"):
    return {"name": name, "primary_key": key, "endpoint": endpoint(name + suffix, limit=10)}

source = rest_api_source({"client": {"base_url": "https://h"}, "resources": [resource("a"), resource("b", suffix=".json")]})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> a https://h/a limit=10
#> b https://h/b.json limit=10
