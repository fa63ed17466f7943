import dlt
from dlt.sources.rest_api import rest_api_source

config = {}
config["client"] = {"base_url": "https://h"}
config["client"]["headers"] = {"Accept": "application/json"}
config["resources"] = []
config["resources"] += [{"name": "a"}]
config["resources"].append("b")
config["resources"][0]["endpoint"] = {"path": "first"}
source = rest_api_source(config)

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> a https://h/first
#> b https://h/b
