import dlt
from dlt.sources.rest_api import rest_api_source

settings = {"pipeline_name": "p", "destination": "duckdb", "dataset_name": "d"}
source = rest_api_source(config={"client": {"base_url": "https://h"}, "resources": ["a"]})
pipeline = dlt.pipeline(pipeline_name=settings["pipeline_name"], destination=settings["destination"])
info = pipeline.run(data=source)
print(info.asstr(verbosity=1))
row_counts = pipeline.last_trace.last_normalize_info

#> a https://h/a
