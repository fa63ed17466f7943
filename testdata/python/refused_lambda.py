import requests
from dlt.sources.rest_api import rest_api_source

source = rest_api_source({
    "client": {"base_url": "https://h"},
    "resources": [{"name": "a", "processing_steps": [{"map": lambda row: requests.get(row["url"]).json()}]}],
})

#> config/function-unsupported 6:74 `requests.get` cannot be used in a function that runs on data
