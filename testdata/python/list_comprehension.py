import dlt
from dlt.sources.rest_api import rest_api_source

TABLES = ("a", "b", "skip")
source = rest_api_source({
    "client": {"base_url": "https://h"},
    "resources": [{"name": table, "endpoint": table} for table in TABLES if table != "skip"],
})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> a https://h/a
#> b https://h/b
