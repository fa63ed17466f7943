import dlt
from dlt.sources.rest_api import rest_api_source

from dlt.common import pendulum

start = pendulum.today().subtract(months=1).to_date_string()
source = rest_api_source({
    "client": {"base_url": "https://h"},
    "resources": [{
        "name": "a",
        "endpoint": {
            "params": {"from": "{incremental.start_value}"},
            "incremental": {"cursor_path": "updated_at", "initial_value": pendulum.datetime(2024, 1, 1).isoformat()},
        },
    }, {"name": "b", "endpoint": {"params": {"since": start}}}],
})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> a https://h/a from=... from "2024-01-01T00:00:00+00:00"
#> b https://h/b since=2024-02-29
