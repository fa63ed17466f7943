import dlt
from dlt.sources.rest_api import rest_api_source

resources = []
for name in ["users", "orders"]:
    resources.append({"name": name, "endpoint": {"path": f"v1/{name}"}})
source = rest_api_source({"client": {"base_url": "https://h"}, "resources": resources})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> users https://h/v1/users
#> orders https://h/v1/orders
