import dlt
from dlt.sources.rest_api import rest_api_source

def my_source():
    return rest_api_source({"client": {"base_url": "https://h"}, "resources": ["a"]})

#> a https://h/a
