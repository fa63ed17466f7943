import dlt
from dlt.sources.rest_api import rest_api_source

from datetime import datetime, timedelta, timezone

today = datetime.now(timezone.utc)
since = (today - timedelta(days=7)).strftime("%Y-%m-%d")
source = rest_api_source({
    "client": {"base_url": "https://h"},
    "resources": [{"name": "a", "endpoint": {"params": {"from": since, "to": today.isoformat(), "day": f"{today:%d.%m.}"}}}],
})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> a https://h/a from=2024-03-24 to=2024-03-31T12:30:15+00:00 day=31.03.
