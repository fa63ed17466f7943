import dlt
from dlt.sources.rest_api import rest_api_source

DEFAULTS = {"primary_key": "id", "write_disposition": "merge"}
source = rest_api_source({
    "client": {"base_url": "https://h"},
    "resource_defaults": DEFAULTS | {"primary_key": "uid"},
    "resources": ["a"],
})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> a https://h/a
