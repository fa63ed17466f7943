import dlt
from dlt.sources.rest_api import rest_api_source

common = {"page_size": 100}
a = {"name": "a", "endpoint": {"params": common}}
b = {"name": "b", "endpoint": {"params": dict(common)}}
common["page_size"] = 7
source = rest_api_source({"client": {"base_url": "https://h"}, "resources": [a, b]})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> a https://h/a page_size=7
#> b https://h/b page_size=100
