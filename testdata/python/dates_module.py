import dlt
from dlt.sources.rest_api import rest_api_source

import datetime as dt

day = dt.date(2024, 2, 28) + dt.timedelta(days=2)
source = rest_api_source({
    "client": {"base_url": "https://h"},
    "resources": [{"name": "a", "endpoint": {"params": {"day": str(day), "stamp": int(dt.datetime(2024, 1, 1).timestamp())}}}],
})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> a https://h/a day=2024-03-01 stamp=1704067200
