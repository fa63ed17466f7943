import dlt
from dlt.sources.rest_api import rest_api_source

def keep(row):
    with_list = open("list.txt")
    return row["id"] in with_list

source = rest_api_source({
    "client": {"base_url": "https://h"},
    "resources": [{"name": "a", "processing_steps": [{"filter": keep}]}],
})

#> config/function-unsupported 5:17 `open` cannot be used in a function that runs on data
