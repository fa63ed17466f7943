import copy
import dlt
from dlt.sources.rest_api import rest_api_source

template = {"name": "a", "endpoint": {"path": "x", "params": {}}}
other = copy.deepcopy(template)
other["name"] = "b"
other["endpoint"]["params"]["n"] = 1
source = rest_api_source({"client": {"base_url": "https://h"}, "resources": [template, other]})

#> a https://h/x
#> b https://h/x n=1
