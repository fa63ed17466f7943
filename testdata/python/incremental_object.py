import dlt
from dlt.sources.rest_api import rest_api_source

source = rest_api_source({
    "client": {"base_url": "https://h"},
    "resources": [{
        "name": "a",
        "endpoint": {"params": {"since": {"type": "incremental", "cursor_path": "updated", "initial_value": 1700000000}}},
    }],
})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> a https://h/a from 1700000000
