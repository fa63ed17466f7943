import os
import dlt
from dlt.sources.rest_api import rest_api_source

HOST = os.environ["API_HOST"]
VERSION = os.getenv("API_VERSION", "v2")
LIMIT = int(os.environ.get("API_LIMIT", "50"))

source = rest_api_source({
    "client": {"base_url": f"{HOST}/{VERSION}/", "auth": {"token": os.environ["API_TOKEN"]}},
    "resources": [{"name": "a", "endpoint": {"params": {"limit": LIMIT}}}],
})

#> a https://host/v2/a limit=50
