import dlt
from dlt.sources.rest_api import rest_api_source

BASE = "https://h/api/".rstrip("/")
names = "Users, Orders".lower().split(", ")
source = rest_api_source({
    "client": {"base_url": "{}/{version}".format(BASE, version="v1")},
    "resources": [{"name": name, "endpoint": {"params": {"fields": ",".join(["id", name])}}} for name in names],
})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> users https://h/api/v1/users fields=id,users
#> orders https://h/api/v1/orders fields=id,orders
