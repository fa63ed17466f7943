import dlt
from dlt.sources.rest_api import rest_api_source

DEBUG = False
resources = ["a"]
if DEBUG and len(resources) > 0:
    resources.append("debug")
elif not DEBUG:
    resources.append("live")
if "a" in resources and resources[-1] is not None:
    resources.insert(0, "first")
source = rest_api_source({"client": {"base_url": "https://h"}, "resources": resources})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> first https://h/first
#> a https://h/a
#> live https://h/live
