import dlt
from dlt.sources.rest_api import rest_api_source

def make(prefix):
    limit = 10 * 5

    def resource(name):
        return {"name": name, "endpoint": {"path": f"{prefix}/{name}", "params": {"limit": limit}}}

    return rest_api_source({"client": {"base_url": "https://h"}, "resources": [resource("a"), resource("b")]})

dlt.pipeline("p").run(make("v3"))

#> a https://h/v3/a limit=50
#> b https://h/v3/b limit=50
