import dlt
from dlt.sources.rest_api import rest_api_source

pages = []
number = 1
while number <= 3:
    pages.append({"name": f"page_{number:02d}", "endpoint": {"path": "p", "params": {"page": number}}})
    number += 1
source = rest_api_source({"client": {"base_url": "https://h"}, "resources": pages})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> page_01 https://h/p page=1
#> page_02 https://h/p page=2
#> page_03 https://h/p page=3
