import dlt
from dlt.sources.rest_api import rest_api_source

resources = []
for name, (path, size) in zip(["a", "b"], [("x", 1), ("y", 2)]):
    resources += [{"name": name, "endpoint": {"path": path, "params": {"size": size * 10}}}]
first, second = resources
source = rest_api_source({"client": {"base_url": "https://h"}, "resources": [second, first]})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> b https://h/y size=20
#> a https://h/x size=10
