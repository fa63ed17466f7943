import dlt
from dlt.sources.rest_api import rest_api_source

base = {"client": {"base_url": "https://h"}, "resources": ["a"]}
params = {"page_size": 5}
params.update({"sort": "id"}, order="asc")
base["resources"] = [{"name": "a", "endpoint": {"params": {**params, "sort": "name"}}}]
source = rest_api_source({**base})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> a https://h/a page_size=5 sort=name order=asc
