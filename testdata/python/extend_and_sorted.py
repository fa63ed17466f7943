import dlt
from dlt.sources.rest_api import rest_api_source

resources = [{"name": "a"}]
more = {"z": "zed", "b": "bee"}
resources.extend({"name": name, "endpoint": {"path": more[name]}} for name in sorted(more))
source = rest_api_source({"client": {"base_url": "https://h"}, "resources": resources})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> a https://h/a
#> b https://h/bee
#> z https://h/zed
