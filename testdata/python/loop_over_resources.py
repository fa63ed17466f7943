import dlt
from dlt.sources.rest_api import rest_api_resources

@dlt.source
def shop():
    for resource in rest_api_resources({"client": {"base_url": "https://h"}, "resources": ["a"]}):
        yield resource

dlt.pipeline("p").run(shop())

#> a https://h/a
