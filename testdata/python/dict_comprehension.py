import dlt
from dlt.sources.rest_api import rest_api_source

paths = {"a": "x/a", "b": "x/b"}
endpoints = {name: {"path": path, "params": {"n": len(path)}} for name, path in paths.items()}
source = rest_api_source({
    "client": {"base_url": "https://h"},
    "resources": [{"name": name, "endpoint": endpoint} for name, endpoint in endpoints.items()],
})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> a https://h/x/a n=3
#> b https://h/x/b n=3
