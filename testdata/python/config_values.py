import dlt
from dlt.sources.rest_api import rest_api_source

token = dlt.secrets.get("api_token")
source = rest_api_source({
    "client": {"base_url": dlt.config["api_host"], "headers": {"Authorization": f"Token {token}"}},
    "resources": ["a"],
})

#> a https://host/a
