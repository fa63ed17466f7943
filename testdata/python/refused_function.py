import dlt
from dlt.sources.rest_api import rest_api_source

def keep(row):
    return row["id"] > 1

source = rest_api_source({
    "client": {"base_url": "https://h"},
    "resources": [{"name": "a", "processing_steps": [{"filter": keep}]}],
})

#> config/python-unsupported 9:55 the function `keep` as a value cannot be evaluated
