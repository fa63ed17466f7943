import dlt
from dlt.sources.rest_api import rest_api_source

source = rest_api_source({
    "client": {"base_url": "https://h"},
    "resources": [{"name": "a", "processing_steps": [{"filter": lambda row: row["id"] > 1}]}],
})

#> config/python-unsupported 6:65 a lambda cannot be evaluated
